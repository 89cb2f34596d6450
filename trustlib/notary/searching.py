"""Who has the first say about a tag, and what a collection says of all of them.

``targets/releases`` is asked before ``targets``, and nobody else: that is what
a pull goes by. Everybody else's word is a signature to look at. Where the role
that would be asked first may not be believed, the search ends: whoever spoilt
it would choose what it falls back to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
from attrs import frozen

from trustlib._paths import published_target
from trustlib._types import SNAPSHOT, TARGETS, RoleName, TargetPath
from trustlib.documents import Format
from trustlib.effects import Load, Workflow
from trustlib.errors import LimitError, MismatchError, NotFoundError, RollbackError, TrustError
from trustlib.limits import Limits
from trustlib.roles import Authority, SuccinctRoles, Target, Targets
from trustlib.trust import SnapshotTrusted, Trusted, Verified, verify
from trustlib.trust.agreeing import not_expired
from trustlib.workflow import Agreed, Evidence, Found, Known, RolesAgree
from trustlib.workflow.agreement import agreed
from trustlib.workflow.search import Search
from trustlib.workflow.session import Session, targets_role

RELEASES: Final = RoleName("targets/releases")
"""The delegated role whose word on a tag comes first."""


def found(trusted: Trusted, path: TargetPath, *, limits: Limits, known: Known) -> Workflow[Found]:
    """Return what ``targets/releases`` says of the tag *path*, or else ``targets``.

    Args:
        trusted: the top-level roles, as of the time of the search.
        path: the tag.
        limits: how much the server may make us read.
        known: as for :func:`trustlib.workflow.find`.

    Raises:
        NotFoundError: neither lists it.
        RollbackError: ``targets/releases`` was there before, and is kept from us.
        TrustError: it cannot be had, or is not to be trusted.
    """
    top = trusted.targets
    visited: list[tuple[Verified[Targets], Verified[Targets] | None]] = []
    via: tuple[RoleName, ...] = (TARGETS,)
    target: Target | None = None
    if covers(top.role, RELEASES, path):
        session = Session(now=trusted.now, limits=limits, format=trusted.snapshot.root.format)
        releases = yield from delegated(trusted, RELEASES, top, known=known, session=session)
        if releases is not None:
            visited.append((releases, top))
            target = releases.role.targets.get(path)
            via = (TARGETS, RELEASES) if target is not None else via
    visited.append((top, None))
    if target is None:
        target = top.role.targets.get(path)
    if target is None:
        raise NotFoundError(path, "no role vouches for it; check the name", step="§5.7.2")
    return Found(
        path=path,
        target=target,
        via=via,
        valid_until=min(trusted.valid_until, *(proof.role.expires for proof, _ in visited)),
        collection=trusted.snapshot.root.root.role.collection,
        files=(published_target(path, None),),
        source=trusted.source,
        evidence=Evidence(trusted, tuple(visited)),
    )


def found_agreed(
    trusted: Trusted, path: TargetPath, agreement: RolesAgree, *, limits: Limits, known: Known
) -> Workflow[Agreed]:
    """Return what :func:`found` does, if enough of the roles of *agreement* say the same of it.

    What only signers say is no tag, however many they are. Roles that nobody
    signed yet, or can sign any more, say nothing.

    Raises:
        DisagreementError: they do not, or say another thing together.
        TrustError: as :func:`found`; or a role on the way is not to be trusted.
    """
    plain = yield from found(trusted, path, limits=limits, known=known)
    search = Search(trusted=trusted, path=path, limits=limits, known=known, ask=delegated)
    alike = yield from agreed(search, agreement, plain)
    return attrs.evolve(alike, valid_until=min(alike.valid_until, plain.valid_until))


def paths(trusted: Trusted, *, limits: Limits, known: Known) -> Workflow[frozenset[TargetPath]]:
    """Return what :func:`found` may find: the tags of the two roles that have a say.

    Raises:
        TrustError: as :func:`found`, of ``targets/releases``.
    """
    top = trusted.targets
    own = frozenset(top.role.targets)
    if RELEASES not in _below(top.role):
        return own
    session = Session(now=trusted.now, limits=limits, format=trusted.snapshot.root.format)
    releases = yield from delegated(trusted, RELEASES, top, known=known, session=session)
    return own if releases is None else own | releases.role.targets.keys()


def covers(role: Targets, name: RoleName, path: TargetPath) -> bool:
    """Return whether *role* lets *name* speak for *path*."""
    grant = None if role.delegations is None else role.delegations.by_name.get(name)
    return grant is not None and grant.covers(path)


def delegated(
    trusted: Trusted,
    name: RoleName,
    delegator: Verified[Targets],
    *,
    known: Known,
    session: Session,
) -> Workflow[Verified[Targets] | None]:
    """Return the role *name* on *delegator*'s word, or None if there is no such role (yet).

    There is none where nobody could sign it, as after the last signer was
    removed, and where the snapshot never listed one.

    Raises:
        RollbackError: there was one before, and the snapshot no longer lists it.
        TrustError: it cannot be had, or is not to be trusted.
    """
    authority = delegator.role.authority(name)
    if not _attainable(authority):
        return None
    if name not in trusted.snapshot.snapshot.role.meta:
        yield from _require_never_seen(trusted, name, authority, session)
        return None
    edge = (delegator, name)
    if edge in known:
        not_expired(known[edge], trusted.now, step="§5.6.5")
    else:
        known[edge] = yield from targets_role(trusted.snapshot, name, delegator, session)
    return known[edge]


def _attainable(authority: Authority) -> bool:
    usable = {key.material for key in authority.keys.values() if key.material is not None}
    return len(usable) >= authority.threshold


def _require_never_seen(
    trusted: Trusted, name: RoleName, authority: Authority, session: Session
) -> Workflow[None]:
    files = session.format
    held = yield from session.store.load(files.stored(name))
    newest = yield Load(files.stored(SNAPSHOT))
    if newest != trusted.snapshot.snapshot.raw:
        return  # another process is ahead of us, and knows of a role that we do not
    if (before := _before(held, name, authority, files)) is not None:
        raise RollbackError(name, before.role.version, None)


def require_nobody_vanished(
    stage: SnapshotTrusted, targets: Verified[Targets], session: Session
) -> Workflow[None]:
    """Make sure that the snapshot lists every role still that it did, if *targets* needs it.

    Whoever has the keys of timestamp and snapshot, which servers hold, cannot
    sign for a role that is delegated to; but could hide it, so that an older
    word of ``targets`` on a tag would count again.

    Raises:
        RollbackError: a role vanished that was read before.
        MismatchError: a role vanished that was listed before.
    """
    prior, now = stage.root.prior.snapshot, stage.snapshot.role.meta
    for name in _below(targets.role):
        authority = targets.role.authority(name)
        if prior is None or name in now or name not in prior.role.meta:
            continue
        if not _attainable(authority):
            continue
        held = yield from session.store.load(session.format.stored(name))
        if (before := _before(held, name, authority, session.format)) is not None:
            raise RollbackError(name, before.role.version, None)
        raise MismatchError(SNAPSHOT, "an entry, as there was before, for", name, "none")


def _before(
    held: bytes | None, name: RoleName, authority: Authority, files: Format
) -> Verified[Targets] | None:
    """Return the role that is stored, as far as it is still vouched for."""
    if held is None:
        return None
    try:
        return verify(files.parse(Targets, held, name=name), authority)
    except TrustError:
        return None


# -- all of them ------------------------------------------------------------------------


@frozen(kw_only=True)
class Listed:
    """What one role says of one tag."""

    tag: TargetPath
    target: Target
    role: RoleName


@frozen(kw_only=True)
class Heard:
    """Every role of a collection, top down, and those that may not be believed.

    Attributes:
        roles: the roles, those that are delegated to by one after the other.
        refused: why another cannot be had or is not to be trusted.
    """

    roles: tuple[Verified[Targets], ...]
    refused: tuple[tuple[RoleName, TrustError], ...]


def heard(trusted: Trusted, *, limits: Limits, known: Known) -> Workflow[Heard]:
    """Return every role that there is.

    What ``targets/releases`` says decides about tags, so it must be had. Of all
    others it is noted if they cannot be.

    Raises:
        LimitError: there are more than may be visited.
        TrustError: ``targets/releases`` cannot be had, or is not to be trusted.
    """
    session = Session(now=trusted.now, limits=limits, format=trusted.snapshot.root.format)
    roles, refused = [trusted.targets], list[tuple[RoleName, TrustError]]()
    place = 0
    while place < len(roles):  # each role is below one other only: its name says which
        delegator, place = roles[place], place + 1
        for name in _below(delegator.role):
            if len(roles) + len(refused) > limits.delegations:
                raise LimitError("delegated roles in one collection", limits.delegations)
            try:
                role = yield from delegated(trusted, name, delegator, known=known, session=session)
            except TrustError as error:
                if name == RELEASES:
                    raise
                refused.append((name, error))
            else:
                roles += [] if role is None else [role]
    return Heard(roles=tuple(roles), refused=tuple(refused))


def listing(all_roles: Heard, *first: str) -> tuple[Listed, ...]:
    """Return every tag once, as the first role says that lists it and may.

    Args:
        all_roles: what :func:`heard` returned.
        *first: the roles that have a say, in order. Nothing: all of them, from
            the top down.
    """
    by_name = {proof.name: proof for proof in all_roles.roles}
    order: Sequence[str] = first or tuple(by_name)
    tags: dict[TargetPath, Listed] = {}
    for name in order:
        if (proof := by_name.get(RoleName(name))) is not None:
            for one in said_by(proof, by_name):
                tags.setdefault(one.tag, one)
    return tuple(tags[tag] for tag in sorted(tags))


def said_by(
    proof: Verified[Targets], by_name: dict[RoleName, Verified[Targets]]
) -> tuple[Listed, ...]:
    """Return what one role says of the tags that it was granted, and that those above it were."""
    return tuple(
        Listed(tag=tag, target=target, role=proof.name)
        for tag, target in proof.role.targets.items()
        if _granted(proof.name, tag, by_name)
    )


def _granted(name: RoleName, tag: TargetPath, by_name: dict[RoleName, Verified[Targets]]) -> bool:
    while name != TARGETS:
        above = RoleName(name.rpartition("/")[0])
        if not covers(by_name[above].role, name, tag):
            return False
        name = above
    return True


def _below(role: Targets) -> tuple[RoleName, ...]:
    if role.delegations is None or isinstance(role.delegations.roles, SuccinctRoles):
        return ()
    return tuple(grant.name for grant in role.delegations.roles)
