"""How far delegations reach, from the top-level targets role down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Self

from attrs import frozen

from trustlib._frozen import FrozenMap
from trustlib._types import TARGETS, TOP_LEVEL, RoleName, TargetPath
from trustlib.roles import Authority, Root, SuccinctRoles, Targets
from trustlib.workflow import covering, delegated_by


def may_speak(targets: FrozenMap[RoleName, Targets], name: RoleName, path: TargetPath) -> bool:
    """Return whether *name* is one of those :func:`speaking_for` *path*; looks no further."""
    return name in _found(targets, lambda role: covering(role, path))


def speaking_for(targets: FrozenMap[RoleName, Targets], path: TargetPath) -> set[RoleName]:
    """Return the roles that every delegation on some way down lets speak for *path*."""
    return _closure(targets, lambda role: covering(role, path))


def reachable(targets: FrozenMap[RoleName, Targets]) -> FrozenMap[RoleName, Targets]:
    """Return the roles to which some chain of delegations leads."""
    found = _closure(targets, delegated_by)
    return FrozenMap({name: role for name, role in targets.items() if name in found})


@frozen(eq=False)
class Answering:
    """Whom roles answer to, looked up one by one: there may be more of them than are asked for."""

    root: Root
    by_name: Mapping[RoleName, list[tuple[int, Targets]]]
    by_prefix: Mapping[str, list[tuple[int, Targets]]]

    @classmethod
    def to(cls, root: Root, targets: Mapping[RoleName, Targets]) -> Self:
        """Return whom roles answer to where *root* and *targets* delegate."""
        by_name: dict[RoleName, list[tuple[int, Targets]]] = {}
        by_prefix: dict[str, list[tuple[int, Targets]]] = {}
        for place, by in enumerate(targets.values()):
            if by.delegations is None:
                continue
            match by.delegations.roles:
                case SuccinctRoles() as bins:
                    by_prefix.setdefault(bins.name_prefix, []).append((place, by))
                case grants:
                    for name in {grant.name for grant in grants}:
                        by_name.setdefault(name, []).append((place, by))
        return cls(root, by_name, by_prefix)

    def asked(self, name: RoleName) -> tuple[Authority, ...]:
        """Return who must vouch for *name*: root's word, then that of all who delegate to it."""
        prefix = name.rpartition("-")[0]
        found = sorted(
            (*self.by_name.get(name, ()), *self.by_prefix.get(prefix, ())), key=lambda at: at[0]
        )
        below = (authority_in(by, name) for _, by in found)
        above = (self.root.authority(name),) if name in TOP_LEVEL else ()
        return (*above, *(authority for authority in below if authority is not None))


def authority_in(by: Targets | None, name: RoleName) -> Authority | None:
    """Return whom *by* lets sign for *name*, if it delegates to it."""
    try:
        return None if by is None else by.authority(name)
    except KeyError:
        return None


def regranted(old: Targets | None, new: Targets) -> tuple[RoleName, ...]:
    """Return those for whom *new* lets others sign than *old*; not those it does not name."""
    before = None if old is None else old.delegations
    if new.delegations is None or new.delegations is before or new.delegations == before:
        return ()
    return tuple(name for name, authority in new.granted() if authority != authority_in(old, name))


def among(role: Targets, names: AbstractSet[RoleName]) -> Iterable[RoleName]:
    """Return those of *names* to whom *role* delegates, without a look at all of its bins."""
    bins = None if role.delegations is None else role.delegations.roles
    if isinstance(bins, SuccinctRoles) and len(names) < 2**bins.bit_length:
        return sorted(name for name in names if name in bins)
    return (name for name in delegated_by(role) if name in names)


def _closure(
    targets: FrozenMap[RoleName, Targets], step: Callable[[Targets], Iterable[RoleName]]
) -> set[RoleName]:
    return set(_found(targets, step))


def _found(
    targets: FrozenMap[RoleName, Targets], step: Callable[[Targets], Iterable[RoleName]]
) -> Iterator[RoleName]:
    """Yield every role to which some chain of steps leads, each as soon as it is known of."""
    found = {TARGETS}
    to_visit = [TARGETS]
    yield TARGETS
    while to_visit:
        for name in step(targets[to_visit.pop()]):
            if name not in found:
                found.add(name)
                to_visit.append(name)
                yield name
