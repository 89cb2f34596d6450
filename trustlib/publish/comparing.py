"""One role before and after, compared in all that would be signed.

Where two files of a role differ in what they say, there is a change; the order
of members, of keys and of what a snapshot lists says nothing (§4.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, Json, freeze
from trustlib._types import SNAPSHOT, KeyId, RoleName, TargetPath
from trustlib.content import ImageReference, Naming
from trustlib.keys import Key
from trustlib.publish.change import (
    BinsChanged,
    Change,
    Edition,
    EditionChanged,
    GrantChanged,
    ListingChanged,
    MembersChanged,
    OrderChanged,
    SignersChanged,
    TargetChanged,
    listed_keys,
)
from trustlib.roles import (
    Authority,
    Delegation,
    Delegations,
    Extra,
    KeySet,
    MetaFile,
    Role,
    Root,
    Snapshot,
    SuccinctRoles,
    Target,
    Targets,
    Timestamp,
)
from trustlib.wire import key_value

Entry: TypeAlias = KeySet | Delegation | SuccinctRoles

_NOTHING: Final = Extra()
_NOBODY: Final = Delegations(keys=FrozenMap(), roles=())


def compared(
    name: RoleName, old: Role | None, new: Role | None, names: Naming | None
) -> Iterator[Change]:
    """Return what is different in the role *name*, which may be new or gone.

    Args:
        name: the role's name.
        old: what it said, or None where there was none.
        new: what it says.
        names: what images are called in the repository, to name them so.
    """
    if old is new:
        return
    yield from _editions(name, old, new)
    yield from _members(name, "", _head(old or new), _head(new or old))
    yield from _members(name, "", old.extra if old else _NOTHING, new.extra if new else _NOTHING)
    match old, new:
        case (Root() | None) as before, Root() as after:  # there always is a root
            yield from _roots(name, before, after)
        case (Targets() | None) as before, (Targets() | None) as after:
            yield from _targets(name, before, after, names)
            yield from _delegations(name, before, after)
        case _:
            yield from _listings(name, _listed(old), _listed(new))


def _editions(name: RoleName, old: Role | None, new: Role | None) -> Iterator[Change]:
    before, after = (
        None if role is None else Edition(role.version, role.expires) for role in (old, new)
    )
    if before != after and (after is None or after.version > 0):
        yield EditionChanged(role=name, old=before, new=after)


def _head(role: Role | None) -> Extra:
    """Return what a role says of itself, apart from version and expiry."""
    if role is None:
        return _NOTHING
    said: dict[str, Json] = {"written for version": role.spec_version}
    if role.collection is not None:
        said["collection"] = role.collection
    if isinstance(role, Root):
        said["consistent snapshots"] = role.consistent_snapshot
    if isinstance(role, Targets) and role.called is not None:
        said["name"] = role.called
    return FrozenMap(said)


def _members(name: RoleName, where: str, old: Extra, new: Extra) -> Iterator[Change]:
    if not _same(old, new):
        yield MembersChanged(role=name, where=where, old=old, new=new)


def _same(old: Extra | None, new: Extra | None) -> bool:
    """Return whether both say the same in JSON, where True is not 1."""
    return old is new or (old == new and compact(old) == compact(new))


def _listed(role: Role | None) -> Mapping[RoleName, MetaFile]:
    match role:
        case Snapshot(meta=meta):
            return meta
        case Timestamp(snapshot=file):
            return {SNAPSHOT: file}
        case _:
            return {}


def _listings(
    name: RoleName, old: Mapping[RoleName, MetaFile], new: Mapping[RoleName, MetaFile]
) -> Iterator[Change]:
    for of in {**old, **new}:
        before, after = old.get(of), new.get(of)
        if (
            before is None
            or after is None
            or before != after
            or not _same(before.extra, after.extra)
        ):
            yield ListingChanged(role=name, of=of, old=before, new=after)


# -- targets ----------------------------------------------------------------------------


def _targets(
    name: RoleName, old: Targets | None, new: Targets | None, names: Naming | None
) -> Iterator[Change]:
    before = FrozenMap[TargetPath, Target]() if old is None else old.targets
    after = FrozenMap[TargetPath, Target]() if new is None else new.targets
    for path in () if before is after else {**before, **after}:
        there, then = before.get(path), after.get(path)
        if not _same_target(there, then):
            reference = _reference(path, names)
            yield TargetChanged(role=name, path=path, reference=reference, old=there, new=then)


def _same_target(old: Target | None, new: Target | None) -> bool:
    if old is None or new is None or old is new:
        return old is new
    return old == new and _same(old.custom, new.custom) and _same(old.extra, new.extra)


def _reference(path: TargetPath, names: Naming | None) -> ImageReference | None:
    if names is None:
        return None
    try:
        return names.reference(path)
    except ValueError:
        return None


# -- who may sign -----------------------------------------------------------------------


def _roots(name: RoleName, old: Root | None, new: Root) -> Iterator[Change]:
    before = FrozenMap[RoleName, KeySet]() if old is None else old.roles
    for of in {**before, **new.roles}:
        there = old.authority(of) if old is not None and of in before else None
        then = new.authority(of) if of in new.roles else None
        yield from _signers(name, of, there, then)
        yield from _members(name, of, _extra(before.get(of)), _extra(new.roles.get(of)))
    keys = FrozenMap[KeyId, Key]() if old is None else old.keys
    yield from _unused(name, keys, dict(before), new.keys, dict(new.roles))


def _delegations(name: RoleName, old: Targets | None, new: Targets | None) -> Iterator[Change]:
    before = (old.delegations if old else None) or _NOBODY
    after = (new.delegations if new else None) or _NOBODY
    if before is after:
        return
    there, then = _grants(before), _grants(after)
    for of in {**there, **then}:
        yield from _grant(name, there.get(of), then.get(of), _of(old, of), _of(new, of))
    come = tuple(of for of in then if of not in there)
    if (*(of for of in there if of in then), *come) != tuple(then):
        yield OrderChanged(role=name, old=tuple(there), new=tuple(then))
    yield from _bins(name, old, new)
    yield from _members(name, "delegations", before.extra, after.extra)
    yield from _unused(name, before.keys, _entries(before), after.keys, _entries(after))


def _grants(delegations: Delegations) -> dict[RoleName, Delegation]:
    match delegations.roles:
        case SuccinctRoles():
            return {}
        case grants:
            return {grant.name: grant for grant in grants}


def _of(role: Targets | None, of: RoleName) -> Authority | None:
    try:
        return None if role is None else role.authority(of)
    except KeyError:
        return None


def _grant(
    name: RoleName,
    old: Delegation | None,
    new: Delegation | None,
    before: Authority | None,
    after: Authority | None,
) -> Iterator[Change]:
    if old is not None and new is not None:
        if _granted(old) != _granted(new) or not _same(old.extra, new.extra):
            yield GrantChanged(role=name, name=new.name, old=old, new=new)
        yield from _signers(name, new.name, before, after)
    elif (one := new or old) is not None:
        yield GrantChanged(role=name, name=one.name, old=old, new=new, keys=after)


def _granted(grant: Delegation) -> object:
    return grant.grant, grant.terminating


def _bins(name: RoleName, old: Targets | None, new: Targets | None) -> Iterator[Change]:
    before, after = _bins_of(old), _bins_of(new)
    if _shape(before) != _shape(after) or not _same(_extra(before), _extra(after)):
        yield BinsChanged(role=name, old=before, new=after)
    if (bins := after or before) is not None:
        first = tuple(None if b is None else next(b.names()) for b in (before, after))
        yield from _signers(
            name,
            RoleName(f"{bins.name_prefix}-*"),
            None if first[0] is None else _of(old, first[0]),
            None if first[1] is None else _of(new, first[1]),
        )


def _bins_of(role: Targets | None) -> SuccinctRoles | None:
    bins = role.delegations.roles if role is not None and role.delegations is not None else None
    return bins if isinstance(bins, SuccinctRoles) else None


def _shape(bins: SuccinctRoles | None) -> object:
    return None if bins is None else (bins.bit_length, bins.name_prefix)


def _signers(
    name: RoleName, of: RoleName, old: Authority | None, new: Authority | None
) -> Iterator[Change]:
    if _who(old) != _who(new):
        yield SignersChanged(role=name, of=of, old=old, new=new)


def _who(authority: Authority | None) -> object:
    return None if authority is None else (authority.threshold, set(listed_keys(authority)))


# -- keys and names without use ---------------------------------------------------------


def _extra(entry: Entry | None) -> Extra:
    return _NOTHING if entry is None else entry.extra


def _entries(delegations: Delegations) -> dict[RoleName, Entry]:
    match delegations.roles:
        case SuccinctRoles() as bins:
            return {RoleName(bins.name_prefix): bins}
        case grants:
            return {grant.name: grant for grant in grants}


def _unused(
    name: RoleName,
    old_keys: FrozenMap[KeyId, Key],
    old: Mapping[RoleName, Entry],
    new_keys: FrozenMap[KeyId, Key],
    new: Mapping[RoleName, Entry],
) -> Iterator[Change]:
    """Compare the keys that sign for nothing, and the names that stand for no key."""
    yield from _members(
        name, "keys that sign for nothing", _idle(old_keys, old), _idle(new_keys, new)
    )
    yield from _members(name, "names of no key", _dangling(old_keys, old), _dangling(new_keys, new))


def _idle(keys: FrozenMap[KeyId, Key], entries: Mapping[RoleName, Entry]) -> Extra:
    used = {keyid for entry in entries.values() for keyid in entry.keyids}
    idle = {str(keyid): key_value(key) for keyid, key in keys.items() if keyid not in used}
    return FrozenMap({keyid: freeze(value) for keyid, value in idle.items()})


def _dangling(keys: FrozenMap[KeyId, Key], entries: Mapping[RoleName, Entry]) -> Extra:
    named: dict[str, Json] = {
        str(of): tuple(sorted(str(keyid) for keyid in entry.keyids if keyid not in keys))
        for of, entry in entries.items()
    }
    return FrozenMap({of: names for of, names in named.items() if names})
