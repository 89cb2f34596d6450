"""Every entry of a large object is held against the rules, and none is made a value of.

What is found here is a map of entries in canonical form: sorted, each named
once, and each as the reader of such an entry takes it. Nothing is ever refused
here: what does not fit is for the reader, which knows more spellings and says
what is wrong with a bad one.
"""

from __future__ import annotations

from array import array
from itertools import islice
from operator import lt
from typing import Final

from trustlib._canonical import canonical
from trustlib._frozen import V
from trustlib._json import read
from trustlib.errors import MalformedError
from trustlib.wire.lazy import Entries
from trustlib.wire.listings import K, Listing

BLOCK: Final = 16_384
"""Bytes that are looked at at once; an entry that is longer is left to the reader."""

_DIGITS: Final = b"0123456789abcdef"
_ABOVE: Final = 4  # levels above what an entry holds: the file, signed, all entries, the entry

KNOWN: Final = 4096
"""Free texts that are remembered; publishers say the same of most of their targets."""


def entries_at(
    listing: Listing[K, V], source: bytes, begins: int, *, block: int = BLOCK
) -> Entries[K, V] | None:
    """Return the entries of the object whose first member stands at *begins* in *source*.

    None if it is no object of such entries in canonical form, or an empty one.
    """
    held = _Held(listing)
    starts, at = array("Q"), begins
    while source[at : at + 1] != b"}":
        looked_at = source[at : at + block]
        *parts, rest = listing.checked.split(looked_at)
        if not held.takes(parts):
            return None
        starts.append(at)
        at += len(looked_at) - len(rest)
    if source[at - 1 : at] != b"}":  # there is none at all, or a comma after the last
        return None
    return Entries(listing, source, starts=starts, end=at, count=held.count)


class _Held:
    """The entries so far: what the next ones are held against."""

    def __init__(self, listing: Listing[K, V]) -> None:
        groups = listing.checked.groupindex
        self._width = listing.checked.groups + 1
        self._name, self._custom = groups["name"], groups.get("custom")
        self._digests = (groups["sha256"], groups["sha512"])
        self._last = b""
        self._known: set[bytes | None] = {None}
        self.count = 0

    def takes(self, parts: list[bytes]) -> bool:
        """Return whether *parts*, entries as the pattern splits them, may follow."""
        if not parts or any(parts[:: self._width]):  # something stands between two
            return False
        names = parts[self._name :: self._width]
        if not self._last < names[0] or not all(map(lt, names, islice(names, 1, None))):
            return False
        if any(self._odd(parts[group :: self._width]) for group in self._digests):
            return False
        if self._custom is not None and not self._says(parts[self._custom :: self._width]):
            return False
        self._last = names[-1]
        self.count += len(names)
        return True

    def _odd(self, digests: list[bytes]) -> bool:
        return any(digests) and b"".join(filter(None, digests)).translate(None, _DIGITS) != b""

    def _says(self, customs: list[bytes]) -> bool:
        new = {text for text in customs if text not in self._known}
        if len(self._known) > KNOWN:
            self._known = {None}
        self._known |= new
        return not new or _canonical_objects(sorted(new))


def _canonical_objects(texts: list[bytes]) -> bool:
    """Return whether each of *texts* is an object as an entry may hold it, in canonical form."""
    whole = b"[" * _ABOVE + b",".join(texts) + b"]" * _ABOVE
    try:
        at = read(whole, "custom")
        for _ in range(_ABOVE - 1):
            (at,) = at.elements()
    except MalformedError:
        return False
    values = [element.value for element in at.elements()]
    return all(isinstance(value, dict) for value in values) and texts == list(
        map(canonical, values)
    )
