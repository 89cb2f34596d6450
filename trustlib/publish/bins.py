"""Bins: one role's targets spread over many small ones, by the hash of their paths (TAP 15).

Which bin a target is in follows from its path, so nobody chooses it, and nobody
has to look it up. Other numbers of bins are other names: what moves, moves with
one snapshot, and no client sees half of it.
"""

from __future__ import annotations

from typing import Final

import attrs

from trustlib._frozen import FrozenMap
from trustlib._types import RoleName, TargetPath
from trustlib.publish import names
from trustlib.publish.grants import satisfiable
from trustlib.publish.reach import reachable
from trustlib.roles import Authority, Delegations, SuccinctRoles, Target, Targets

_MOST: Final = 16
"""Bits: 65,536 bins, each of which is listed in every snapshot."""

Roles = FrozenMap[RoleName, Targets]


def responsible(roles: Roles, role: RoleName, path: TargetPath) -> RoleName:
    """Return *role*, or which of its bins lists *path* in its place."""
    bins = _bins(roles[role])
    return role if bins is None else bins.bin_for(path)


def in_bins(
    roles: Roles, by: RoleName, keys: Authority, *, bits: int, prefix: str, empty: Targets
) -> Roles:
    """Return *roles* with everything that *by* or its bins list spread over 2**bits bins.

    Raises:
        ValueError: *by* delegates to others, or a name is taken or no name, or
            *bits* is out of range.
        SigningError: nobody could sign for the bins.
    """
    if not 1 <= bits <= _MOST:
        raise ValueError(f"bits: expected from 1 to {_MOST}, got {bits}")
    satisfiable(names.role_name(f"{prefix}-{2**bits - 1:x}"), keys)
    before = roles[by]
    if before.delegations is not None and _bins(before) is None and before.delegations.roles:
        raise ValueError(
            f"{by} delegates to other roles, and a role that does cannot have bins;"
            " delegate to one role more, and give bins to that"
        )
    bins = SuccinctRoles(
        keyids=tuple(keys.keys), threshold=keys.threshold, bit_length=bits, name_prefix=prefix
    )
    old = _bins(before)
    moved = dict(_gathered(roles, by))
    kept = roles if old is None else roles.excluding(*old.names())
    if there := next((name for name in bins.names() if name in kept), None):
        raise ValueError(f"there is a role {there!r} already; choose another prefix")
    spread: dict[RoleName, dict[TargetPath, Target]] = {name: {} for name in bins.names()}
    for path, target in moved.items():
        spread[bins.bin_for(path)][path] = target
    extra = before.delegations.extra if before.delegations is not None else FrozenMap()
    delegations = Delegations(keys=keys.keys, roles=bins, extra=extra)
    edited = {
        name: attrs.evolve(roles.get(name, empty), targets=FrozenMap(listed))
        for name, listed in spread.items()
    }
    edited[by] = attrs.evolve(before, targets=FrozenMap(), delegations=delegations)
    return reachable(kept.including(edited))


def without_bins(roles: Roles, by: RoleName) -> Roles:
    """Return *roles* with everything in the bins of *by* listed by itself again.

    Raises:
        ValueError: it has none.
    """
    if _bins(roles[by]) is None:
        raise ValueError(f"{by} has no bins")
    listed = FrozenMap(_gathered(roles, by))
    return reachable(
        roles.including({by: attrs.evolve(roles[by], targets=listed, delegations=None)})
    )


def _bins(role: Targets) -> SuccinctRoles | None:
    if role.delegations is not None and isinstance(role.delegations.roles, SuccinctRoles):
        return role.delegations.roles
    return None


def _gathered(roles: Roles, by: RoleName) -> dict[TargetPath, Target]:
    """Return what *by* and its bins list; where both do, clients ask *by* first."""
    bins = _bins(roles[by])
    gathered: dict[TargetPath, Target] = {}
    for name in () if bins is None else bins.names():
        gathered.update(roles[name].targets)
    gathered.update(roles[by].targets)
    return gathered
