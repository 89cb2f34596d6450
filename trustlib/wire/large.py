"""Large files are read around their entries, which stay the bytes that arrived.

The file is read with a string in the place of its large object. If the reader
finds that string as the object's value, and could have found it nowhere else,
then the file is what was read with the object in that place. And if what was read
has a canonical form, then the file's is that with the object in that place, which
is canonical itself. So nothing is signed, accepted or refused by another rule than
elsewhere; where any of this does not hold, the file is read as a whole.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from trustlib._canonical import canonical
from trustlib._json import read
from trustlib._times import TimeSpelling
from trustlib._types import SNAPSHOT, TARGETS, Covered, RoleName
from trustlib.documents import Document
from trustlib.errors import MalformedError
from trustlib.roles import R
from trustlib.wire.closing import closed_up
from trustlib.wire.lazy import ELSEWHERE, Entries
from trustlib.wire.listings import META_LISTED, TARGETS_LISTED, Listing
from trustlib.wire.reading import role_in, signatures_in
from trustlib.wire.scanning import BLOCK, entries_at

_LISTED: Final[dict[RoleName, Listing[Any, Any]]] = {
    TARGETS: TARGETS_LISTED,
    SNAPSHOT: META_LISTED,
}
_HOLE: Final = canonical(ELSEWHERE)


def read_around(
    kind: type[R], raw: bytes, *, name: RoleName, times: TimeSpelling, block: int = BLOCK
) -> Document[R] | None:
    """Return what *raw* is as a file of *kind*, or None if that needs a reader of all of it.

    Args:
        kind: the role's type.
        raw: the file.
        name: the role's name.
        times: how it may spell when it expires.
        block: bytes that are looked at at once.
    """
    listing = _LISTED.get(kind.NAME)
    opening = None if listing is None else listing.opening.search(raw)
    if listing is None or opening is None:
        return None
    opens = opening.end()
    entries, closes = entries_at(listing, raw, opens + 1, block=block), None
    if entries is None and (closed := closed_up(listing, raw, opens + 1, block=block)) is not None:
        members, closes = closed
        entries = entries_at(listing, members + b"}", 0, block=block)
    if entries is None:
        return None
    stands = slice(opens, (entries.end if closes is None else closes) + 1)
    try:
        return _document(kind, raw, entries, stands, name=name, times=times)
    except MalformedError:
        return None  # the reader of all of it says what is wrong


def _document(
    kind: type[R],
    raw: bytes,
    entries: Entries[Any, Any],
    stands: slice,
    *,
    name: RoleName,
    times: TimeSpelling,
) -> Document[R] | None:
    member = entries.listing.member
    around = raw[: stands.start] + _HOLE + raw[stands.stop :]
    if around.count(_HOLE) > 1 or rb"\u" in around:  # which could spell it as well
        return None
    envelope = read(around, f"{name}.json")
    signed = envelope.at("signed")
    if signed.at(member).value != ELSEWHERE:
        return None  # what was found is another member of the same name
    before, _, after = canonical(signed.value).partition(_HOLE)
    signed.object()[member] = {}
    listed: dict[str, Any] = {member: entries}
    role = attrs.evolve(role_in(kind, signed, times), **listed)
    covered = _covered(raw, before, entries, after, stands)
    return Document(name, raw, covered, signatures_in(envelope), role)


def _covered(
    raw: bytes, before: bytes, entries: Entries[Any, Any], after: bytes, stands: slice
) -> Covered:
    """Return the canonical form that is *before* and *after* the entries, a view if it can be."""
    begins, ends = stands.start - len(before), stands.stop + len(after)
    if entries.source is raw and begins >= 0:
        there = raw[begins : stands.start], raw[stands.stop : ends]
        if there == (before, after):
            return memoryview(raw)[begins:ends]
    return b"".join((before, b"{", entries.text, b"}", after))
