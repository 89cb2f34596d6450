"""Who may sign for what: changes to the keys of a role, and what is refused.

The keys of a top-level role are listed by root, those of a delegated role by
every role that delegates to it. A change that leaves a role which nobody can
sign for, or that lists one key twice, is refused here, before anyone signs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import attrs

from trustlib._frozen import FrozenMap
from trustlib._types import KeyId, RoleName
from trustlib.errors import SigningError, shortened
from trustlib.keys import Key
from trustlib.publish import names
from trustlib.roles import (
    Authority,
    Delegation,
    Delegations,
    KeySet,
    PathPatterns,
    Root,
    SuccinctRoles,
    Targets,
)

G = TypeVar("G", KeySet, Delegation, SuccinctRoles)


def satisfiable(role: RoleName, authority: Authority) -> Authority:
    """Return *authority* if enough different keys could sign under it.

    Raises:
        SigningError: its threshold can never be met, or it lists a key that
            cannot count, or one key twice.
    """
    owner: dict[bytes, KeyId] = {}
    for keyid, key in authority.keys.items():
        if key.material is None:
            raise SigningError(
                role,
                f"key {_short(keyid)} is of a kind that no signature counts for;"
                " make one that Algorithm names",
            )
        if key.material in owner:
            raise SigningError(
                role,
                f"keys {_short(owner[key.material])} and {_short(keyid)} are one key under two ids;"
                " it would count once",
            )
        owner[key.material] = keyid
    if not 1 <= authority.threshold <= len(owner):
        raise SigningError(
            role,
            f"{authority.threshold} of {len(owner)} keys would have to sign, and nobody could;"
            " add keys before you raise the threshold, and lower it before you remove keys",
        )
    return authority


def root_granting(root: Root, role: RoleName, authority: Authority) -> Root:
    """Return *root* with *authority* for the top-level *role*; unused keys leave it."""
    satisfiable(role, authority)
    before = root.roles.get(role, KeySet(keyids=(), threshold=1))
    roles = root.roles.including({role: _entry(before, authority)})
    used = {keyid for entry in roles.values() for keyid in entry.keyids}
    return attrs.evolve(root, roles=roles, keys=_used(role, root.keys, authority, used))


def targets_granting(targets: Targets, role: RoleName, authority: Authority) -> Targets:
    """Return *targets*, which delegates to *role* already, with *authority* for it."""
    satisfiable(role, authority)
    delegations = targets.delegations
    if delegations is None:
        raise KeyError(role)
    roles: tuple[Delegation, ...] | SuccinctRoles
    match delegations.roles:
        case SuccinctRoles() as bins:
            roles = _entry(bins, authority)
        case grants:
            roles = tuple(
                _entry(grant, authority) if grant.name == role else grant for grant in grants
            )
    return attrs.evolve(targets, delegations=_delegating(role, delegations, roles, authority))


def with_grant(targets: Targets, grant: Delegation, authority: Authority) -> Targets:
    """Return *targets* delegating to one more role, the least trusted of all.

    Raises:
        ValueError: it delegates to bins, or to a role of that name already, or
            one of the patterns could never match (§4.5).
    """
    satisfiable(grant.name, authority)
    if isinstance(grant.grant, PathPatterns):
        for pattern in grant.grant.patterns:
            names.path_pattern(pattern)
    delegations = targets.delegations or Delegations(keys=FrozenMap(), roles=())
    match delegations.roles:
        case SuccinctRoles():
            raise ValueError("a role that delegates to bins delegates to nobody else")
        case grants:
            if any(other.name == grant.name for other in grants):
                raise ValueError(f"there is a delegation to {grant.name!r} already")
            roles = (*grants, _entry(grant, authority))
    return attrs.evolve(targets, delegations=_delegating(grant.name, delegations, roles, authority))


def without_grant(targets: Targets, role: RoleName) -> Targets:
    """Return *targets* no longer delegating to *role*.

    Raises:
        ValueError: it does not delegate to it.
    """
    delegations = targets.delegations
    if delegations is None or isinstance(delegations.roles, SuccinctRoles):
        raise ValueError(f"there is no delegation to {role!r}")
    roles = tuple(grant for grant in delegations.roles if grant.name != role)
    if len(roles) == len(delegations.roles):
        raise ValueError(f"there is no delegation to {role!r}")
    nobody = Authority(FrozenMap(), 1)
    return attrs.evolve(targets, delegations=_delegating(role, delegations, roles, nobody))


def authority_with(
    role: RoleName, before: Authority, keys: Iterable[Key], threshold: int | None
) -> Authority:
    """Return *before* with *keys* added and, where it is given, another threshold.

    A key that is there already, under whatever id, stays under that id.

    Raises:
        SigningError: another key goes by the id of one of *keys*.
    """
    there = set(map(_identity, before.keys.values()))
    added = {key.id: key for key in keys if _identity(key) not in there}
    _none_replaced(role, before.keys, added)
    return Authority(
        before.keys.including(added), before.threshold if threshold is None else threshold
    )


def authority_without(
    role: RoleName, before: Authority, keys: Iterable[Key], threshold: int | None
) -> Authority:
    """Return *before* without *keys*, under whatever ids it lists them.

    Raises:
        SigningError: one of *keys* is not among them.
    """
    gone: set[KeyId] = set()
    for key in keys:
        ids = {k for k, listed in before.keys.items() if _identity(listed) == _identity(key)}
        if not ids:
            raise SigningError(
                role, f"key {key.id[:8]} is none of its keys; look at who signs for the role"
            )
        gone |= ids
    return Authority(
        before.keys.excluding(*gone), before.threshold if threshold is None else threshold
    )


def _identity(key: Key) -> bytes | Key:
    """Return what makes *key* the key it is; unusable ones have no material to compare."""
    return key if key.material is None else key.material


def _none_replaced(role: RoleName, there: Mapping[KeyId, Key], added: Mapping[KeyId, Key]) -> None:
    """Ids are opaque: in metadata of others, one may be taken by a key it is not the hash of."""
    for keyid, key in added.items():
        if keyid in there and _identity(there[keyid]) != _identity(key):
            raise SigningError(
                role, f"another key goes by the id {_short(keyid)} already; remove that one first"
            )


def _short(keyid: KeyId) -> str:
    return shortened(keyid[:8], str)


def _entry(before: G, authority: Authority) -> G:
    keyids = tuple(authority.keys)
    return attrs.evolve(before, keyids=keyids, threshold=authority.threshold)


def _delegating(
    role: RoleName,
    before: Delegations,
    roles: tuple[Delegation, ...] | SuccinctRoles,
    authority: Authority,
) -> Delegations:
    grants = (roles,) if isinstance(roles, SuccinctRoles) else roles
    used = {keyid for grant in grants for keyid in grant.keyids}
    return attrs.evolve(before, roles=roles, keys=_used(role, before.keys, authority, used))


def _used(
    role: RoleName, keys: FrozenMap[KeyId, Key], authority: Authority, used: set[KeyId]
) -> FrozenMap[KeyId, Key]:
    _none_replaced(role, keys, authority.keys)
    known = authority.keys.including(keys)  # as they are listed, with what others say of them
    return FrozenMap({keyid: key for keyid, key in known.items() if keyid in used})
