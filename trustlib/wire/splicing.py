"""A large role is written as it was read: its entries as they stand, with the changes in between.

The bytes are those that spelling all of :func:`~trustlib.wire.writing.signed_value`
gives: entries are sorted by their names, and each is spelled in one way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from trustlib._frozen import FrozenMap, JsonLike
from trustlib.roles import Role, Snapshot, Targets
from trustlib.wire.lazy import ELSEWHERE, Edited, Entries, LazyMap
from trustlib.wire.writing import signed_value

Spell: TypeAlias = Callable[[JsonLike], bytes]
"""A way to spell JSON with sorted members and without white space."""


def spelled(role: Role, spell: Spell) -> bytes:
    """Return *role* as its file has it under the signatures.

    Raises:
        ValueError: the role says what TUF has no words for.
    """
    match role:
        case Targets(targets=LazyMap() as entries):
            value = signed_value(attrs.evolve(role, targets=FrozenMap()))
        case Snapshot(meta=LazyMap() as entries):
            value = signed_value(attrs.evolve(role, meta=FrozenMap()))
        case _:
            return spell(signed_value(role))
    value[entries.listing.member] = ELSEWHERE
    before, *after = spell(value).split(spell(ELSEWHERE))
    if len(after) != 1:  # the role says these very words
        return spell(signed_value(role))
    return b"".join((before, b"{", members(entries, spell), b"}", *after))


def members(entries: LazyMap[Any, Any], spell: Spell) -> bytes:
    """Return the members of the object that *entries* are written as.

    Of what was read before nothing is spelled again.
    """
    match entries:
        case Entries():
            return entries.text
        case Edited(before=before, changes=changes):
            return _spliced(before, changes, spell)
        case _:
            raise TypeError(f"expected entries of a file, got {entries!r}")


def _spliced(entries: Entries[Any, Any], changes: FrozenMap[Any, Any], spell: Spell) -> bytes:
    listing, pieces, at = entries.listing, list[bytes](), entries.begin
    for key in sorted(changes, key=listing.called):  # a.json comes after a-b.json
        begins, ends = entries.place(key)
        value = changes[key]
        new = b"" if value is None else spell({listing.called(key): listing.written(value)})[1:-1]
        pieces += (_listed(entries.source[at:begins]), _listed(new))
        at = ends
    pieces.append(_listed(entries.source[at : entries.end]))
    return b"".join(pieces).removesuffix(b",")


def _listed(entries: bytes) -> bytes:
    """Return *entries* with a comma after the last one, if there is one."""
    return entries if not entries or entries.endswith(b",") else entries + b","
