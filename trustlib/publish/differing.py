"""What is different between two states of a repository, or of one role.

Whoever gains or loses power by a change stands first, and a flood of one kind
of change cannot hide another kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, get_args

from trustlib._types import RoleName
from trustlib.content import Naming
from trustlib.publish.change import Change, ListingChanged
from trustlib.publish.comparing import compared
from trustlib.publish.edits import UNPUBLISHED
from trustlib.publish.partly import side_by_side
from trustlib.publish.repository import Repository
from trustlib.roles import Role

_KINDS: Final = get_args(Change)
_SHOWN: Final = 20


def changes(before: Repository, after: Repository) -> tuple[Change, ...]:
    """Return what is different in *after*, roles that are gone included.

    What snapshot and timestamp list follows from the rest, and is left out.

    Raises:
        UnreadError: a part of one was read, and the other is not an edit of that.
    """
    old, new = side_by_side(before.targets, after.targets)
    return changed({**_upper(before), **old}, {**_upper(after), **new}, after.names)


def changed(
    before: Mapping[RoleName, Role], after: Mapping[RoleName, Role], names: Naming
) -> tuple[Change, ...]:
    """Return what is different in the roles *after*, as :func:`changes` does."""
    old = {name: role for name, role in before.items() if role.version != UNPUBLISHED}
    found = (
        change
        for name in {**old, **after}
        for change in compared(name, old.get(name), after.get(name), names)
        if not isinstance(change, ListingChanged)
    )
    return _ordered(found)


def differences(name: RoleName, old: Role, new: Role) -> tuple[Change, ...]:
    """Return what is different between two files of the role *name*."""
    return _ordered(compared(name, old, new, None))


def told(found: Iterable[Change], most: int = _SHOWN) -> Iterator[str]:
    """Return a line for each change, and of each kind at most *most* and how many more."""
    for _, group in groupby(found, type):
        alike = list(group)
        yield from map(str, alike[:most])
        if len(alike) > most:
            yield f"… and {len(alike) - most} more like these"


def _ordered(found: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(found, key=lambda change: _KINDS.index(type(change))))


def _upper(repository: Repository) -> dict[RoleName, Role]:
    upper = (repository.root, repository.snapshot, repository.timestamp)
    return {role.NAME: role for role in upper if role is not None}
