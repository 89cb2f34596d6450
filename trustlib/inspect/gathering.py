"""From what was opened or verified to the facts about it.

Nothing is verified here and nothing is read: a :class:`~trustlib.Repository` was
verified when it was opened, and proofs are proofs. What they do not say is left
open in the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias, assert_never

from attrs import define, field, frozen

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, KeyId, RoleName
from trustlib.content import TagBinding
from trustlib.inspect.facts import (
    Above,
    Bins,
    Collection,
    Holder,
    More,
    Part,
    Scale,
    Seen,
    State,
    Unread,
    Unsigned,
)
from trustlib.inspect.labels import full
from trustlib.keys import Key
from trustlib.publish import Repository, words
from trustlib.roles import (
    Authority,
    Delegation,
    HashPrefixes,
    PathPatterns,
    PathPrefixes,
    Role,
    Root,
    SuccinctRoles,
    Targets,
)
from trustlib.trust import Trusted
from trustlib.workflow import Evidence, Found

Source: TypeAlias = Repository | Trusted | Found | TagBinding
"""Whatever knows the roles of a collection."""

_PATHS: Final = 12  # patterns of one delegation that are kept for the picture


def collection_of(known: Source, *, scale: Scale | None = None) -> Collection:
    """Return the facts about a collection, for every picture of it.

    Args:
        known: a repository, opened or edited: all of its roles. Or what a client
            walked: ``Updater.refresh()`` knows the top-level roles, ``find`` and
            ``resolve`` those that were looked at for their answer as well.
        scale: how much is drawn before it is counted instead.

    Raises:
        ValueError: *known* is an answer without proofs: a digest, about which
            nobody was asked, or one that came from another process.
    """
    return _Gathering(roles=_roles(known), scale=scale or Scale()).gathered()


@frozen(kw_only=True)
class _Roles:
    """All roles that are known, and who signed them where that is known."""

    top: tuple[Role | None, Role | None]  # timestamp, snapshot
    root: Root
    targets: Mapping[RoleName, Targets]
    signed_by: Mapping[RoleName, frozenset[KeyId]]


def _roles(known: Source) -> _Roles:
    match known:
        case Repository():
            return _Roles(
                top=(known.timestamp, known.snapshot),
                root=known.root,
                targets=known.targets,
                signed_by={},
            )
        case Trusted():
            return _walked(Evidence(known, ()))
        case Found():
            return _walked(known.evidence)
        case TagBinding():
            return _walked(known.evidence)


def _walked(evidence: Evidence | None) -> _Roles:
    if evidence is None or evidence.trusted is None:
        raise ValueError(
            "an answer without proofs: ask an Updater in this process for a tag, and draw what"
            " it answers"
        )
    root, timestamp, snapshot, targets = evidence.trusted.roles
    if not isinstance(root.role, Root) or not isinstance(targets.role, Targets):
        raise TypeError("the roles of a Trusted are in the order in which they are verified")
    visited = {proof.name: proof for proof, _ in evidence.visited}
    signed = (root, timestamp, snapshot, targets, *visited.values())
    return _Roles(
        top=(timestamp.role, snapshot.role),
        root=root.role,
        targets={TARGETS: targets.role, **{name: proof.role for name, proof in visited.items()}},
        signed_by={proof.name: proof.signed_by for proof in signed},
    )


@define(kw_only=True)
class _Gathering:
    """One walk through the delegations: without recursion, since they may be deep."""

    roles: _Roles
    scale: Scale
    _keys: dict[bytes | Key, Holder] = field(factory=dict[bytes | Key, Holder], init=False)
    _drawn: set[RoleName] = field(factory=set[RoleName], init=False)

    def gathered(self) -> Collection:
        parts = tuple(self._parts())
        root, targets = self.roles.root, self.roles.targets
        every: dict[RoleName, Role] = {
            name: role
            for name, role in zip((ROOT, TIMESTAMP, SNAPSHOT), (root, *self.roles.top), strict=True)
            if role is not None
        }
        every.update(targets)
        ends = {name: role.expires for name, role in every.items() if role.version > 0}
        return Collection(
            name=root.collection,
            parts=parts,
            keys=tuple(self._keys.values()),
            roles=len(every),
            targets=sum(len(role.targets) for role in targets.values()),
            valid_until=min(ends.values(), default=None),
            undrawn=min(
                (end for name, end in ends.items() if name not in self._drawn), default=None
            ),
        )

    def _parts(self) -> Iterator[Part | More]:
        root = self.roles.root
        yield self._part(ROOT, None, 0, root.authority(ROOT), self._seen(ROOT, root))
        for name, role in zip((TIMESTAMP, SNAPSHOT), self.roles.top, strict=True):
            yield self._part(name, ROOT, 1, root.authority(name), self._seen(name, role))
        top = self.roles.targets.get(TARGETS)
        yield self._part(TARGETS, ROOT, 1, root.authority(TARGETS), self._seen(TARGETS, top))
        waiting = [self._below(TARGETS, 2)]
        count = 4
        while waiting:
            part = next(waiting[-1], None)
            if part is None:
                waiting.pop()
                continue
            yield part
            count += 1
            if isinstance(part, Part) and isinstance(part.state, Seen | Unsigned):
                room = count < self.scale.parts and part.depth <= self.scale.depth
                waiting.append(self._below(part.name, part.depth + 1, self.scale.children * room))

    def _below(self, by: RoleName, depth: int, most: int | None = None) -> Iterator[Part | More]:
        role = self.roles.targets.get(by)
        if role is None or role.delegations is None:
            return
        most = self.scale.children if most is None else most
        match role.delegations.roles:
            case SuccinctRoles() as bins:
                yield self._bins(by, depth, role, bins)
            case grants:
                for grant in grants[:most]:
                    yield self._granted(by, depth, role, grant)
                if len(grants) > most:
                    yield More(by=by, depth=depth, count=len(grants) - most)

    def _granted(self, by: RoleName, depth: int, role: Targets, grant: Delegation) -> Part:
        above = grant.name in self._drawn
        state = Above() if above else self._seen(grant.name, self.roles.targets.get(grant.name))
        return self._part(
            grant.name,
            by,
            depth,
            role.authority(grant.name),
            state,
            paths=_paths(grant),
            final=grant.terminating,
        )

    def _bins(self, by: RoleName, depth: int, role: Targets, bins: SuccinctRoles) -> Part:
        read = [self.roles.targets[name] for name in self.roles.targets if name in bins]
        self._drawn.update(name for name in self.roles.targets if name in bins)
        signed = [one for one in read if one.version > 0]
        versions = [one.version for one in signed]
        return self._part(
            RoleName(f"{bins.name_prefix}-*"),
            by,
            depth,
            role.authority(next(bins.names())),
            Bins(
                count=2**bins.bit_length,
                read=len(read),
                versions=(min(versions), max(versions)) if versions else None,
                expires=min((one.expires for one in signed), default=None),
                targets=sum(len(one.targets) for one in read),
            ),
        )

    def _seen(self, name: RoleName, role: Role | None) -> State:
        if role is None:
            return Unread() if name not in (TIMESTAMP, SNAPSHOT, TARGETS) else Unsigned()
        self._drawn.add(name)
        targets = len(role.targets) if isinstance(role, Targets) else 0
        if role.version < 1:
            return Unsigned(targets=targets)
        return Seen(version=role.version, expires=role.expires, targets=targets)

    def _part(
        self,
        name: RoleName,
        by: RoleName | None,
        depth: int,
        authority: Authority,
        state: State,
        *,
        paths: tuple[str, ...] = (),
        final: bool = False,
    ) -> Part:
        holders = self._holders(authority.keys.values())
        if isinstance(state, Seen) and (counted := self.roles.signed_by.get(name)) is not None:
            by_them = (key for keyid, key in authority.keys.items() if keyid in counted)
            signed = tuple(holder.fingerprint for holder in self._holders(by_them))
            state = Seen(
                version=state.version,
                expires=state.expires,
                targets=state.targets,
                signed_by=signed,
            )
        return Part(
            name=name,
            by=by,
            depth=depth,
            threshold=authority.threshold,
            keys=tuple(holder.fingerprint for holder in holders),
            able=sum(holder.counts for holder in holders),
            paths=paths,
            final=final,
            state=state,
        )

    def _holders(self, keys: Iterable[Key]) -> tuple[Holder, ...]:
        """Return one for each key, however often and under whatever ids it is listed."""
        found: dict[Holder, None] = {}
        for key in keys:
            identity = key if key.material is None else key.material
            holder = self._keys.setdefault(
                identity,
                Holder(
                    fingerprint=words.fingerprint(key),
                    kind=key.scheme,
                    counts=key.material is not None,
                ),
            )
            found[holder] = None
        return tuple(found)


def _paths(grant: Delegation) -> tuple[str, ...]:
    """Return what *grant* is for, in words, one for each pattern or prefix."""
    match grant.grant:
        case PathPatterns(listed):
            before = ""
        case PathPrefixes(listed):
            before = "paths that begin with "
        case HashPrefixes(listed):
            before = "paths whose hash begins with "
        case _:
            assert_never(grant.grant)
    rest = len(listed) - _PATHS
    told = tuple(f"{before}{full(one)}" for one in listed[:_PATHS])
    return (*told, f"and {rest} more") if rest > 0 else told or ("nothing",)
