"""Which roles would miss a key.

A key is known by its material: a role that lists it under another id needs it
all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from attrs import frozen

from trustlib._types import RoleName
from trustlib.errors import shortened
from trustlib.keys import Key
from trustlib.roles import Authority, Root, SuccinctRoles, Targets


@frozen
class Need:
    """A role that a key may sign for.

    Attributes:
        role: its name.
        collection: the repository's name, or None where it has none.
        keys: how many keys the role has.
        threshold: how many of them must sign.
    """

    role: RoleName
    collection: str | None
    keys: int
    threshold: int

    def __str__(self) -> str:
        """Return the need in words."""
        where = "" if self.collection is None else f" of {shortened(self.collection, str)}"
        spare = self.keys - self.threshold
        return (
            f"{shortened(self.role, str)}{where} lists it"
            f" ({self.threshold} of {self.keys} keys must sign, so {max(spare, 0)} may be lost)"
        )


def needed_for(key: Key, roles: Iterable[Root | Targets]) -> tuple[Need, ...]:
    """Return what *key* is needed for, according to *roles*."""
    return tuple(
        Need(name, role.collection, len(authority.keys), authority.threshold)
        for role in roles
        for name, authority in _authorities(role)
        if any(listed.material == key.material for listed in authority.keys.values())
    )


def _authorities(role: Root | Targets) -> Iterator[tuple[RoleName, Authority]]:
    names = role.roles if isinstance(role, Root) else _delegated(role)
    return ((name, role.authority(name)) for name in names)


def _delegated(role: Targets) -> Iterator[RoleName]:
    if role.delegations is None:
        return
    match role.delegations.roles:
        case SuccinctRoles() as bins:
            yield from islice(bins.names(), 1)  # all bins have the same keys
        case grants:
            yield from (grant.name for grant in grants)
