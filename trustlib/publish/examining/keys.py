"""Who may sign, as it is written down: keys that do not count, and roles that nobody can sign."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, TypeAlias

from attrs import frozen

from trustlib._canonical import canonical
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, KeyId, RoleName
from trustlib.errors import shortened
from trustlib.keys import Key
from trustlib.publish.examining.finding import Finding, Severity, ids, told
from trustlib.publish.examining.survey import Survey
from trustlib.roles import Authority, Delegation, Delegations, KeySet, Root, SuccinctRoles
from trustlib.wire import key_value

_ONLINE: Final = (TIMESTAMP, SNAPSHOT)

Grants: TypeAlias = Mapping[RoleName, KeySet | Delegation | SuccinctRoles]
"""Who may sign for what, by the names of roles; bins together, by the name of the first."""


@frozen(kw_only=True)
class Unsatisfiable(Finding):
    """Nobody can sign for a role: its threshold is higher than its keys that count.

    Attributes:
        by: who says so.
        usable: how many different keys count.
    """

    severity: ClassVar[Severity] = Severity.MEND

    role: RoleName
    by: RoleName
    threshold: int
    usable: int

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)}: {self.threshold} keys must sign, and"
            f" {shortened(self.by, str)} names {self.usable} that count; give it more keys,"
            " or a lower threshold"
        )


@frozen(kw_only=True)
class OneKeyTwice(Finding):
    """One key is listed under several ids, and counts once.

    Attributes:
        by: who lists it.
    """

    severity: ClassVar[Severity] = Severity.MEND

    by: RoleName
    keyids: tuple[KeyId, ...]

    def __str__(self) -> str:
        return (
            f"{shortened(self.by, str)} lists one key under the ids {ids(self.keyids)}: it counts"
            " once, and a program that counts ids takes it for several; remove all but one"
        )


@frozen(kw_only=True)
class UnusableKey(Finding):
    """A listed key never counts: of an unknown kind, or damaged.

    Attributes:
        by: who lists it.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    by: RoleName
    keyid: KeyId
    keytype: str
    scheme: str

    def __str__(self) -> str:
        kind = f"{shortened(self.keytype, str)}, {shortened(self.scheme, str)}"
        return (
            f"{shortened(self.by, str)} lists a key {ids((self.keyid,))} ({kind}) for which no"
            " signature of ours counts; replace it by one of another kind"
        )


@frozen(kw_only=True)
class UnusedKey(Finding):
    """A listed key is in no role.

    Attributes:
        by: who lists it.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    by: RoleName
    keyid: KeyId

    def __str__(self) -> str:
        return (
            f"{shortened(self.by, str)} lists a key {ids((self.keyid,))} that is in no role;"
            " it goes with the next change of that role's keys"
        )


@frozen(kw_only=True)
class UnlistedKey(Finding):
    """A role has a key id that stands for no key.

    Attributes:
        by: who says who may sign for the role.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    role: RoleName
    by: RoleName
    keyid: KeyId

    def __str__(self) -> str:
        return (
            f"{shortened(self.by, str)} names a key {ids((self.keyid,))} for"
            f" {shortened(self.role, str)} and does not list it; list it, or take the id out"
        )


@frozen(kw_only=True)
class MisnamedKey(Finding):
    """A key goes by an id that is not its hash (§4.2.1).

    Attributes:
        by: who lists it.
        hash: what its id would be.
    """

    severity: ClassVar[Severity] = Severity.KNOW

    by: RoleName
    keyid: KeyId
    hash: KeyId

    def __str__(self) -> str:
        return (
            f"{shortened(self.by, str)} lists the key {ids((self.hash,))} under the id"
            f" {ids((self.keyid,))}: clients take ids for names, and people may compare them;"
            " list it under its own when you replace it"
        )


@frozen(kw_only=True)
class OnlineKey(Finding):
    """A key that is used all day may sign for more than snapshot and timestamp.

    Attributes:
        roles: for which, besides.
    """

    severity: ClassVar[Severity] = Severity.MEND

    keyid: KeyId
    roles: tuple[RoleName, ...]

    def __str__(self) -> str:
        return (
            f"the key {ids((self.keyid,))} of timestamp or snapshot may sign for {told(self.roles)}"
            " as well: who steals it from the machine that renews them gets more than they need;"
            " give those roles another key"
        )


@frozen(kw_only=True)
class NoSpareKey(Finding):
    """Every single key of root is needed: with one that is lost, root can never change again.

    Attributes:
        threshold: how many must sign; there are no more.
    """

    severity: ClassVar[Severity] = Severity.MEND

    threshold: int

    def __str__(self) -> str:
        return (
            f"root: all {self.threshold} of its keys must sign, and once one is lost nobody can"
            " change root any more; add keys"
        )


@frozen(kw_only=True)
class OneKeyEnough(Finding):
    """One stolen key is enough to become the publisher."""

    severity: ClassVar[Severity] = Severity.KNOW

    def __str__(self) -> str:
        return "root: one key suffices, and so does one that is stolen; ask for two of three"


def keys(survey: Survey) -> Iterator[Finding]:
    """Return what is odd about those who may sign."""
    if survey.root is None:
        return
    yield from _of(ROOT, survey.root.keys, survey.root.roles)
    for name, lying in survey.targets.items():
        if lying.good is not None and lying.good.unverified.delegations is not None:
            delegations = lying.good.unverified.delegations
            yield from _of(name, delegations.keys, _grants(delegations))
    yield from _online(survey.root, survey)
    yield from _few(survey.root.authority(ROOT))


def _grants(delegations: Delegations) -> Grants:
    match delegations.roles:
        case SuccinctRoles() as bins:
            return {next(bins.names()): bins}
        case grants:
            return {grant.name: grant for grant in grants}


def _of(by: RoleName, keys: Mapping[KeyId, Key], grants: Grants) -> Iterator[Finding]:
    used = {keyid for grant in grants.values() for keyid in grant.keyids}
    for keyid, key in keys.items():
        if keyid not in used:
            yield UnusedKey(by=by, keyid=keyid)
        if key.material is None:
            yield UnusableKey(by=by, keyid=keyid, keytype=key.keytype, scheme=key.scheme)
        elif keyid not in _names(key):
            yield MisnamedKey(by=by, keyid=keyid, hash=key.id)
    for keyids in _several(keys):
        yield OneKeyTwice(by=by, keyids=keyids)
    yield from _signable(by, keys, grants)


def _names(key: Key) -> tuple[str, ...]:
    """Return the hashes that may be *key*'s id: some count members that TUF does not define."""
    return key.id, hashlib.sha256(canonical(key_value(key))).hexdigest()


def _several(keys: Mapping[KeyId, Key]) -> Iterator[tuple[KeyId, ...]]:
    """Return the ids of each key that has more than one."""
    named: dict[bytes, list[KeyId]] = {}
    for keyid, key in keys.items():
        if key.material is not None:
            named.setdefault(key.material, []).append(keyid)
    return (tuple(keyids) for keyids in named.values() if len(keyids) > 1)


def _signable(by: RoleName, keys: Mapping[KeyId, Key], grants: Grants) -> Iterator[Finding]:
    for role, grant in grants.items():
        for keyid in grant.keyids:
            if keyid not in keys:
                yield UnlistedKey(role=role, by=by, keyid=keyid)
        usable = len(_material(keys[keyid] for keyid in grant.keyids if keyid in keys))
        if usable < grant.threshold:
            yield Unsatisfiable(role=role, by=by, threshold=grant.threshold, usable=usable)


def _online(root: Root, survey: Survey) -> Iterator[Finding]:
    online = {
        key.material: keyid
        for role in _ONLINE
        for keyid, key in root.authority(role).keys.items()
        if key.material is not None
    }
    more: dict[bytes, dict[RoleName, None]] = {}
    above = (survey.newest, *survey.targets.values())
    for lying in above:
        for authority in () if lying is None else lying.authorities:
            for material in _material(authority.keys.values()):
                if lying is not None and material in online:
                    more.setdefault(material, {})[lying.name] = None
    for material, roles in more.items():
        yield OnlineKey(keyid=online[material], roles=tuple(roles))


def _few(authority: Authority) -> Iterator[Finding]:
    usable = len(_material(authority.keys.values()))
    if usable == authority.threshold:
        yield NoSpareKey(threshold=usable)
    if authority.threshold == 1:
        yield OneKeyEnough()


def _material(keys: Iterable[Key]) -> set[bytes]:
    return {key.material for key in keys if key.material is not None}
