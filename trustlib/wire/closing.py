"""Entries that were written for people to read are closed up before they are looked at.

White space between the words of a file says nothing, and most publishers write
some. Entries whose words come in canonical order are written again without it:
the words themselves are kept as they are, and only what comes out is held against
the rules (:mod:`trustlib.wire.scanning`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trustlib._canonical import canonical
from trustlib._json import Read, read
from trustlib.errors import MalformedError
from trustlib.wire.listings import SPACES, Listing
from trustlib.wire.scanning import KNOWN


def closed_up(
    listing: Listing[Any, Any], source: bytes, begins: int, *, block: int
) -> tuple[bytes, int] | None:
    """Return the members of an object without white space, and where it ends in *source*.

    None if they are no entries, or their words come in another order.

    Args:
        listing: what the entries look like.
        source: a file.
        begins: the place after the object's opening brace.
        block: bytes that are looked at at once.
    """
    closing = _Closing(listing)
    pieces, at = list[bytes](), begins
    while closing.more:
        if (spaces := SPACES.match(source, at)) is not None:
            at = spaces.end()
        looked_at = source[at : at + block]
        *parts, rest = listing.spaced.split(looked_at)
        closed = closing.closed(parts)
        if closed is None:
            return None
        pieces.append(closed)
        at += len(looked_at) - len(rest)
    return b",".join(pieces), at


class _Closing:
    """What the free texts that were seen are without white space."""

    def __init__(self, listing: Listing[Any, Any]) -> None:
        self._groups = listing.spaced.groupindex
        self._width = listing.spaced.groups + 1
        self._known: dict[bytes | None, bytes] = {None: b""}
        self.more = True  # the last entry is the one that has a brace after it and no comma

    def closed(self, parts: list[bytes]) -> bytes | None:
        """Return the entries in *parts*, as the pattern splits them; None if they are none."""
        if not parts or any(parts[:: self._width]):  # something stands between two
            return None
        columns: dict[str, Sequence[bytes | None]]
        columns = {name: parts[group :: self._width] for name, group in self._groups.items()}
        unsaid = [None] * len(columns["name"])
        customs = columns.get("custom", unsaid)
        if not self._learns(customs):
            return None
        self.more = columns["comma"][-1] is not None
        rows = zip(
            columns["name"],
            customs,
            columns["sha256"],
            columns["sha512"],
            columns["length"],
            columns.get("version", unsaid),
            strict=True,
        )
        known = self._known
        return b",".join(
            b'"%b":{%b%b%b}'
            % (name, known[custom], _hashes(short, long), _numbers(length, version))
            for name, custom, short, long, length, version in rows
        )

    def _learns(self, customs: Sequence[bytes | None]) -> bool:
        """Return whether all *customs* are JSON in order, and remember their canonical form."""
        if len(self._known) > KNOWN:
            self._known = {None: b""}
        try:
            for text in customs:
                if text is not None and text not in self._known:
                    value = read(text, "custom").value
                    if not _in_order(value):
                        return False
                    self._known[text] = b'"custom":' + canonical(value) + b","
        except MalformedError:
            return False
        return True


def _in_order(value: Read) -> bool:
    """Return whether the members of every object in *value* are sorted.

    A map keeps the order its items came in, and would tell that they were moved.
    """
    match value:
        case dict():
            return list(value) == sorted(value) and all(map(_in_order, value.values()))
        case list():
            return all(map(_in_order, value))
        case _:
            return True


def _hashes(short: bytes | None, long: bytes | None) -> bytes:
    if long is None:
        return b"" if short is None else b'"hashes":{"sha256":"%b"},' % short
    if short is None:
        return b'"hashes":{"sha512":"%b"},' % long
    return b'"hashes":{"sha256":"%b","sha512":"%b"},' % (short, long)


def _numbers(length: bytes | None, version: bytes | None) -> bytes:
    if version is None:
        return b'"length":%b' % (length or b"")
    return (
        b'"version":%b' % version
        if length is None
        else b'"length":%b,"version":%b' % (length, version)
    )
