"""One attempt at an update: what does not change from step to step.

Every file of the local store is read once and written only if it still is what
was read.
"""

from __future__ import annotations

from datetime import datetime

from attrs import define, field, frozen

from trustlib._types import SNAPSHOT, RoleName, StoredName
from trustlib.documents import Format
from trustlib.effects import Fetch, Load, Save, Tell, Workflow
from trustlib.errors import NotFoundError, TrustError
from trustlib.events import RoleAccepted
from trustlib.limits import Limits
from trustlib.roles import R, Root, Snapshot, Targets, Timestamp
from trustlib.trust import SnapshotTrusted, Verified
from trustlib.workflow.oddities import remarked


class RacedError(Exception):
    """Another process changed a file of the store after we read it."""


@define
class Store:
    """The local store as this attempt has read it."""

    loaded: dict[StoredName, bytes | None] = field(factory=dict[StoredName, "bytes | None"])

    def load(self, name: StoredName) -> Workflow[bytes | None]:
        """Return the file as it was when this attempt first looked at it."""
        if name not in self.loaded:
            self.loaded[name] = yield Load(name)
        return self.loaded[name]

    def save(self, name: StoredName, data: bytes) -> Workflow[None]:
        """Write the file, or raise :class:`RacedError` if it changed since it was read."""
        if not (yield from self.offer(name, data)):
            raise RacedError(name)

    def offer(self, name: StoredName, data: bytes) -> Workflow[bool]:
        """Write the file unless it changed since it was read, and return whether it did not."""
        held = yield from self.load(name)
        if held != data and (yield Save(name, data, held)) is None:
            return False
        self.loaded[name] = data
        return True


@frozen(kw_only=True)
class Session:
    """What one attempt goes by.

    Attributes:
        now: the fixed update start time (§5.1), UTC.
        limits: how much the repository may make us read.
        format: how its files are written and called.
    """

    now: datetime
    limits: Limits
    format: Format
    store: Store = field(factory=Store)

    def keep(self, proof: Verified[Timestamp] | Verified[Snapshot]) -> Workflow[None]:
        """Store the file of *proof*, or raise :class:`RacedError`; tell if it is new."""
        name = self.format.stored(proof.name)
        held = yield from self.store.load(name)
        yield from self.store.save(name, proof.raw)
        if held != proof.raw:
            yield Tell(told_of(proof))
            yield from remarked(proof)


def targets_role(
    stage: SnapshotTrusted,
    name: RoleName,
    delegator: Verified[Root] | Verified[Targets],
    session: Session,
) -> Workflow[Verified[Targets]]:
    """Bring one targets role up to date, from the store if that will do (§5.6.1–§5.6.6)."""
    held = yield from session.store.load(session.format.stored(name))
    if held is not None:
        try:
            return stage.accept_delegated(held, name, delegator)
        except TrustError:
            pass  # out of date, damaged, or another delegator's: the repository's copy decides
    raw = yield from required(fetch_of(stage, name, session), "the snapshot lists it")
    # Another process may be ahead of us: what its snapshot lists stays, and is no floor for us. It
    # writes the snapshot first, so if the role that we read above is newer than ours, its snapshot
    # is there.
    newest = yield Load(session.format.stored(SNAPSHOT))
    ahead = newest not in (None, stage.snapshot.raw)
    proof = stage.accept_delegated(raw, name, delegator, before=None if ahead else held)
    # §5.6.6
    if not ahead and (yield from session.store.offer(session.format.stored(name), raw)):
        yield Tell(told_of(proof))
        yield from remarked(proof)
    return proof


def fetch_of(stage: SnapshotTrusted, name: RoleName, session: Session) -> Fetch:
    """Return what gets the targets role *name* in the version that the snapshot lists (§5.6.1).

    Raises:
        MismatchError: the snapshot does not list it.
    """
    listed = stage.listed(name)
    consistent = stage.root.root.role.consistent_snapshot  # §5.3.12
    path = session.format.listed(name, listed, consistent=consistent)
    return Fetch(path, at_most(listed.length, session.limits.targets))


def told_of(proof: Verified[R]) -> RoleAccepted:
    """Return what to tell of a role whose new version was stored."""
    return RoleAccepted(
        role=proof.name,
        version=proof.role.version,
        expires=proof.role.expires,
        signed_by=proof.signed_by,
    )


def at_most(listed: int | None, limit: int) -> int:
    """A length that a role claims may lower our own limit, never raise it."""
    return limit if listed is None else min(listed, limit)


def required(fetch: Fetch, why: str) -> Workflow[bytes]:
    """Fetch a file that must be there, because *why*."""
    raw = yield fetch
    if raw is None:
        raise NotFoundError(
            fetch.path, f"{why}, and the repository does not have it; it may be withheld"
        )
    return raw
