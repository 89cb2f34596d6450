"""Bringing a collection up to date, in the order that its servers expect.

The timestamp is asked for first, then what it names. A root is looked for when
something calls for it: it expired, what it should vouch for does not verify, or
the snapshot lists another one. That happens once in an update; then all is
asked for again, and what does not verify then is refused.

Nothing is stored before all of it was found good, but for a root that took over
from one that we had: it was vouched for by that.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import define

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, CollectionName, Version
from trustlib.anchors import Anchor, Pin
from trustlib.documents import Format
from trustlib.effects import Fetch, Tell, Workflow
from trustlib.errors import (
    ConflictError,
    LimitError,
    MalformedError,
    NoTrustDataError,
    ThresholdError,
    TrustError,
    VerificationError,
)
from trustlib.limits import Limits
from trustlib.notary.roots import next_root, require_current
from trustlib.notary.searching import require_nobody_vanished
from trustlib.notary.starting import Start, known, replayed, started
from trustlib.roles import Root, Targets
from trustlib.sources import FromRepository, FromStore
from trustlib.trust import RootTrusted, SnapshotTrusted, TimestampTrusted, Trusted, Verified
from trustlib.trust.agreeing import matching, not_expired
from trustlib.workflow.oddities import remarked
from trustlib.workflow.remembered import incomplete, kept, of_one_update
from trustlib.workflow.session import (
    RacedError,
    Session,
    at_most,
    required,
    told_of,
)
from trustlib.workflow.start import last_update
from trustlib.workflow.update import accepted, completed, refreshed

_STORE = "the store"
_RACES = 1_000  # every lost race is an update that somebody else completed


def updated(
    anchor: Anchor | Pin,
    *,
    collection: CollectionName,
    now: datetime,
    limits: Limits,
    format: Format,
) -> Workflow[Trusted]:
    """Bring every top-level role of *collection* up to date.

    Args:
        anchor: what is trusted to begin with.
        collection: whose files these are.
        now: the reference time (UTC).
        limits: how much the server may make us read.
        format: how its files are written and called.

    Raises:
        TrustError: any of them; nothing but a root that took over is stored.
        TypeError: this format does not know such an anchor.
    """
    for _ in range(_RACES):
        session = Session(now=now, limits=limits, format=format)
        try:
            return (yield from _Update(session, collection).carried_out(anchor))
        except RacedError:
            continue
    raise ConflictError("the client's store")


def remembered(
    anchor: Anchor | Pin,
    *,
    collection: CollectionName,
    now: datetime,
    limits: Limits,
    format: Format,
    at_most: timedelta | None,
) -> Workflow[Trusted]:
    """Return what the last complete update of this store trusted, if that may still be believed.

    Args:
        anchor: what is trusted to begin with.
        collection: whose files these are.
        now: the reference time (UTC).
        limits: as for :func:`updated`.
        format: how the files are written and called.
        at_most: how long ago the last complete update may have begun; None:
            as long as nothing has expired.

    Raises:
        TransportError: the store holds no complete update, or one that is too
            old: the server must be asked.
        TrustError: any other; what is stored is not to be trusted (any more).
        TypeError: this format does not know such an anchor.
    """
    session = Session(now=now, limits=limits, format=format)
    update = yield from kept(session, at_most)
    start = yield from known(session, anchor, collection, FromStore(update.heard))
    if start is None:
        raise incomplete()
    stage = yield from replayed(session, start.stage, collection)
    require_current(stage, collection)
    with of_one_update():
        with_snapshot = stage.accept_timestamp(update.timestamp).accept_snapshot(update.snapshot)
        matching(ROOT, stage.root.raw, with_snapshot.listed(ROOT), step="§5.5.2")
        return with_snapshot.accept_targets(update.targets)


@define
class _Update:
    """One attempt at an update.

    Attributes:
        session: what it goes by.
        collection: whose files these are.
        _snapshot: the snapshot that was verified last.
    """

    session: Session
    collection: CollectionName
    _snapshot: SnapshotTrusted | None = None

    def carried_out(self, anchor: Anchor | Pin) -> Workflow[Trusted]:
        floor = yield from last_update(self.session)
        heard = FromRepository(self.session.now)
        start = yield from started(self.session, anchor, self.collection, heard)
        try:
            trusted = yield from self._verified(start.stage)
        except (MalformedError, VerificationError) as error:
            stage = yield from self._rotated(start, error)
            trusted = yield from self._verified(stage)
        return (yield from self._kept(trusted, start, floor))

    # -- timestamp, snapshot, targets ---------------------------------------------------

    def _verified(self, stage: RootTrusted) -> Workflow[Trusted]:
        """Return what the server says under this root, and store nothing of it."""
        self._snapshot = None
        not_expired(stage.root, stage.now, step="§5.3.10")
        require_current(stage, self.collection)
        with_timestamp = yield from self._timestamp(stage)
        with_snapshot = yield from self._snapshot_of(with_timestamp)
        self._snapshot = with_snapshot
        matching(ROOT, stage.root.raw, with_snapshot.listed(ROOT), step="§5.5.2")
        targets = yield from self._targets(with_snapshot)
        yield from require_nobody_vanished(with_snapshot, targets, self.session)
        return Trusted(snapshot=with_snapshot, targets=targets)

    def _timestamp(self, stage: RootTrusted) -> Workflow[TimestampTrusted]:
        session = self.session
        held = yield from session.store.load(session.format.stored(TIMESTAMP))
        path = session.format.published(TIMESTAMP, None)
        raw = yield Fetch(path, session.limits.timestamp, held)
        if raw is None:
            raise NoTrustDataError(path)
        return stage.accept_timestamp(raw)

    def _snapshot_of(self, stage: TimestampTrusted) -> Workflow[SnapshotTrusted]:
        session, listed = self.session, stage.timestamp.role.snapshot
        held = yield from session.store.load(session.format.stored(SNAPSHOT))
        if held is not None:
            try:
                return stage.accept_snapshot(held)
            except TrustError:
                pass  # out of date or damaged: the server's copy decides
        path = session.format.listed(SNAPSHOT, listed, consistent=False)
        fetch = Fetch(path, at_most(listed.length, session.limits.snapshot))
        return stage.accept_snapshot((yield from required(fetch, "the timestamp names it")))

    def _targets(self, stage: SnapshotTrusted) -> Workflow[Verified[Targets]]:
        session, root = self.session, stage.root.root
        held = yield from session.store.load(session.format.stored(TARGETS))
        if held is not None:
            try:
                return stage.accept_delegated(held, TARGETS, root)
            except TrustError:
                pass  # out of date or damaged: the server's copy decides
        listed = stage.listed(TARGETS)
        path = session.format.listed(TARGETS, listed, consistent=False)
        fetch = Fetch(path, at_most(listed.length, session.limits.targets))
        raw = yield from required(fetch, "the snapshot lists it")
        return stage.accept_delegated(raw, TARGETS, root, before=held)

    # -- root ---------------------------------------------------------------------------

    def _rotated(self, start: Start, because: TrustError) -> Workflow[RootTrusted]:
        """Return the stage of the newest root, if there is a newer one; else raise *because*."""
        stage, raw = start.stage, (yield from self._newest_root())
        if raw is None:
            raise because
        try:
            after = next_root(stage, raw, self.collection)
        except ThresholdError:
            after = yield from self._by_way_of_others(stage, raw, start)
        else:
            if after.root.role.version == stage.root.role.version:
                raise because from None
            yield from start.keep_root(self.session, stage, after)
        return after

    def _newest_root(self) -> Workflow[bytes | None]:
        files, limits = self.session.format, self.session.limits
        if self._snapshot is not None:
            listed = self._snapshot.listed(ROOT)
            path = files.listed(ROOT, listed, consistent=False)
            raw = yield Fetch(path, at_most(listed.length, limits.root))
            if raw is not None:
                matching(ROOT, raw, listed, step="§5.5.2")
                return raw
        return (yield Fetch(files.published(ROOT, None), limits.root))

    def _by_way_of_others(
        self, stage: RootTrusted, newest: bytes, start: Start
    ) -> Workflow[RootTrusted]:
        """Go to the root *newest* by every root in between, each vouched for by the one before."""
        files, limits = self.session.format, self.session.limits
        old = stage.root.role.version
        last = files.parse(Root, newest).unverified.version
        if last - old > limits.root_rotations:
            raise LimitError("root rotations", limits.root_rotations, step="§5.3.3")
        for version in range(old + 1, last):
            fetch = Fetch(files.published(ROOT, Version(version)), limits.root)
            raw = yield from required(fetch, f"it leads from root {old} to root {last}")
            before, stage = stage, next_root(stage, raw, self.collection)
            yield from start.keep_root(self.session, before, stage)
        before, stage = stage, next_root(stage, newest, self.collection)
        yield from start.keep_root(self.session, before, stage)
        return stage

    # -- the store ----------------------------------------------------------------------

    def _kept(self, trusted: Trusted, start: Start, floor: datetime | None) -> Workflow[Trusted]:
        """Store what an update verified, roots first, and what names a file before that file."""
        session, upper = self.session, trusted.snapshot
        yield from start.keep(session)
        yield from session.store.save(session.format.stored(ROOT), upper.root.root.raw)
        yield from accepted(session, upper.timestamp.timestamp, upper.root)
        yield from accepted(session, upper.snapshot, upper.root)
        name = session.format.stored(TARGETS)
        held = yield from session.store.load(name)
        yield from session.store.save(name, trusted.targets.raw)
        if held != trusted.targets.raw:
            yield Tell(told_of(trusted.targets))
            yield from remarked(trusted.targets)
        yield from completed(session, floor)
        yield Tell(refreshed(trusted))
        return trusted
