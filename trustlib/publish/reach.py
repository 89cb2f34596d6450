"""How far delegations reach, from the top-level targets role down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from trustlib._frozen import FrozenMap
from trustlib._types import TARGETS, TOP_LEVEL, RoleName, TargetPath
from trustlib.roles import Authority, Root, SuccinctRoles, Targets
from trustlib.workflow import covering, delegated_by


def speaking_for(targets: FrozenMap[RoleName, Targets], path: TargetPath) -> set[RoleName]:
    """Return the roles that every delegation on some way down lets speak for *path*."""
    return _closure(targets, lambda role: covering(role, path))


def reachable(targets: FrozenMap[RoleName, Targets]) -> FrozenMap[RoleName, Targets]:
    """Return the roles to which some chain of delegations leads."""
    found = _closure(targets, delegated_by)
    return FrozenMap({name: role for name, role in targets.items() if name in found})


def answering_to(
    root: Root, targets: Mapping[RoleName, Targets]
) -> dict[RoleName, tuple[Authority, ...]]:
    """Return who must vouch for each role: root's word, or that of all who delegate to it."""
    found: dict[RoleName, tuple[Authority, ...]] = {
        name: (root.authority(name),) for name in TOP_LEVEL
    }
    for by in targets.values():
        if by.delegations is None:
            continue
        match by.delegations.roles:
            case SuccinctRoles() as bins:
                shared = by.authority(next(bins.names()))  # there may be thousands
                granted = dict.fromkeys(bins.names(), shared)
            case grants:
                granted = {grant.name: by.authority(grant.name) for grant in grants}
        for name, authority in granted.items():
            found[name] = (*found.get(name, ()), authority)
    return found


def _closure(
    targets: FrozenMap[RoleName, Targets], step: Callable[[Targets], Iterable[RoleName]]
) -> set[RoleName]:
    found = {TARGETS}
    to_visit = [TARGETS]
    while to_visit:
        for name in step(targets[to_visit.pop()]):
            if name not in found:
                found.add(name)
                to_visit.append(name)
    return found
