"""Bringing the top-level roles up to date (§5.1–§5.6.6).

What an update accepts is stored at once, and nothing of what it refuses or what
would have come after (§5.3.8, §5.4.5, §5.5.7, §5.6.6). If another process wrote
to the store in between, the update starts again from its loads, so a version
never falls through a race.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from trustlib._paths import private
from trustlib._types import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    StoredName,
    Version,
)
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.effects import Fetch, Workflow
from trustlib.errors import (
    ClockError,
    ConflictError,
    LimitError,
    NoTrustDataError,
    TrustError,
)
from trustlib.limits import Limits
from trustlib.records import Floors, parse_clock, render_clock
from trustlib.trust import (
    RootTrusted,
    SnapshotTrusted,
    TimestampTrusted,
    Trusted,
)
from trustlib.workflow.session import RacedError, Store, at_most, required, targets_role

CLOCK_TOLERANCE: Final = timedelta(minutes=10)
"""How far back a clock may be set before :class:`~trustlib.ClockError`."""

CLOCK: Final = private("clock")
FLOORS: Final = private("floors")

_CLOCK_STEP = timedelta(minutes=1)  # a write for every refresh would wear out small disks
_RACES = 1_000  # every lost race is an update that somebody else completed


def refresh(anchor: Anchor, *, now: datetime, limits: Limits, format: Format) -> Workflow[Trusted]:
    """Bring every top-level role up to date (§5.1–§5.6.6).

    The walk always starts at *anchor*; roots that earlier updates stored are
    verified again on the way.

    Args:
        anchor: what is trusted to begin with.
        now: the fixed update start time (§5.1), UTC.
        limits: how much the repository may make us read.
        format: how its files are written and called.

    Raises:
        TrustError: any of them; the store then holds what was accepted before.
    """
    for _ in range(_RACES):
        update = _Update(now=now, limits=limits, format=format)
        try:
            return (yield from update.run(anchor))
        except RacedError:
            continue
    raise ConflictError("the client's store")


@define(kw_only=True)
class _Update:
    """One attempt at an update: what does not change from step to step."""

    now: datetime
    limits: Limits
    format: Format
    store: Store = field(factory=Store)

    def run(self, anchor: Anchor) -> Workflow[Trusted]:
        yield from self._check_clock()
        raw = yield from self._anchored(anchor)
        stage = RootTrusted.bootstrap(raw, now=self.now, format=self.format)
        stage = yield from self._replayed(stage)
        stage = yield from self._root_updated(stage)
        with_timestamp = yield from self._timestamp_updated(stage)
        with_snapshot = yield from self._snapshot_updated(with_timestamp)
        trusted = yield from self._targets_updated(with_snapshot)
        yield from self._remember_clock()
        return trusted

    # -- the clock ----------------------------------------------------------------------

    def _check_clock(self) -> Workflow[None]:
        floor = parse_clock((yield from self.store.load(CLOCK)))
        if floor is not None and self.now + CLOCK_TOLERANCE < floor:
            raise ClockError(self.now, floor, CLOCK_TOLERANCE, CLOCK)

    def _remember_clock(self) -> Workflow[None]:
        """Only after a complete update: the floor never lies beyond what was signed."""
        floor = parse_clock((yield from self.store.load(CLOCK)))
        if floor is None or self.now >= floor + _CLOCK_STEP:
            yield from self.store.offer(CLOCK, render_clock(self.now))  # theirs will do as well

    # -- root (§5.2, §5.3) --------------------------------------------------------------

    def _anchored(self, anchor: Anchor) -> Workflow[bytes]:
        if anchor.raw is not None:
            return anchor.raw
        name = private(f"anchor-{anchor.sha256}")
        stored = yield from self.store.load(name)
        if stored is not None:
            try:
                return anchor.check(stored)
            except TrustError:
                pass  # damaged: the repository's copy decides
        path = self.format.published(ROOT, anchor.version)
        raw = yield Fetch(path, self.limits.root)
        if raw is None:
            raise NoTrustDataError(path)
        anchor.check(raw)
        yield from self.store.save(name, raw)
        return raw

    def _replayed(self, stage: RootTrusted) -> Workflow[RootTrusted]:
        """Walk the roots that earlier updates stored, for as long as they verify.

        The stored timestamp and snapshot are recalled under the root that
        accepted them, so that the roots after it can make them fall (§5.3.11).
        """
        floors = Floors.parse((yield from self.store.load(FLOORS)))
        timestamp = yield from self.store.load(self.format.stored(TIMESTAMP))
        snapshot = yield from self.store.load(self.format.stored(SNAPSHOT))

        def due(raw: bytes | None, version: Version) -> bytes | None:
            by = None if raw is None else floors.accepted_by(raw)
            return raw if by is not None and by <= version else None

        while True:
            version = stage.root.role.version
            now_timestamp, now_snapshot = due(timestamp, version), due(snapshot, version)
            stage = stage.recall(timestamp=now_timestamp, snapshot=now_snapshot)
            timestamp = None if now_timestamp is not None else timestamp
            snapshot = None if now_snapshot is not None else snapshot
            raw = yield from self.store.load(self._numbered(Version(version + 1)))
            if raw is None:
                break
            try:
                stage = stage.accept_root(raw)
            except TrustError:
                break  # damaged, or of another anchor's chain: the repository's copy decides
        return stage.recall(timestamp=timestamp, snapshot=snapshot)

    def _root_updated(self, stage: RootTrusted) -> Workflow[RootTrusted]:
        rotations = 0
        while True:
            following = Version(stage.root.role.version + 1)
            raw = yield Fetch(self.format.published(ROOT, following), self.limits.root)  # §5.3.3
            if raw is None:
                break
            if rotations == self.limits.root_rotations:
                raise LimitError("root rotations", rotations, step="§5.3.3")
            stage = stage.accept_root(raw)
            yield from self.store.save(self._numbered(following), raw)  # §5.3.8
            yield from self.store.save(self.format.stored(ROOT), raw)
            rotations += 1
        yield from self.store.save(self.format.stored(ROOT), stage.root.raw)
        return stage

    def _numbered(self, version: Version) -> StoredName:
        return private(f"{version}.root.json")

    # -- timestamp, snapshot, targets (§5.4–§5.6) ---------------------------------------

    def _timestamp_updated(self, stage: RootTrusted) -> Workflow[TimestampTrusted]:
        name = self.format.stored(TIMESTAMP)
        held = yield from self.store.load(name)
        path = self.format.published(TIMESTAMP, None)
        raw = yield Fetch(path, self.limits.timestamp, held)  # §5.4.1
        if raw is None:
            raise NoTrustDataError(path)
        after = stage.accept_timestamp(raw)
        yield from self._accepted(name, after.timestamp.raw, stage)  # §5.4.5
        return after

    def _snapshot_updated(self, stage: TimestampTrusted) -> Workflow[SnapshotTrusted]:
        name = self.format.stored(SNAPSHOT)
        listed = stage.timestamp.role.snapshot
        held = yield from self.store.load(name)
        if held is not None:
            try:
                after = stage.accept_snapshot(held)
            except TrustError:
                pass  # out of date or damaged: the repository's copy decides
            else:
                yield from self._accepted(name, held, stage.root)
                return after
        consistent = stage.root.root.role.consistent_snapshot  # §5.3.12
        path = self.format.published(SNAPSHOT, listed.version if consistent else None)
        raw = yield from required(  # §5.5.1
            path, at_most(listed.length, self.limits.snapshot), "the timestamp names it"
        )
        after = stage.accept_snapshot(raw)
        yield from self._accepted(name, raw, stage.root)  # §5.5.7
        return after

    def _targets_updated(self, stage: SnapshotTrusted) -> Workflow[Trusted]:
        proof = yield from targets_role(stage, TARGETS, stage.root.root, self.store, self.limits)
        return Trusted(snapshot=stage, targets=proof)

    def _accepted(self, name: StoredName, raw: bytes, stage: RootTrusted) -> Workflow[None]:
        """Store *raw*, and before it that this root accepted it."""
        floors = Floors.parse((yield from self.store.load(FLOORS)))
        names = (self.format.stored(TIMESTAMP), self.format.stored(SNAPSHOT))
        stored = tuple(filter(None, map(self.store.loaded.get, names)))
        floors = floors.knowing(raw, stage.root.role.version, stored=stored)
        yield from self.store.save(FLOORS, floors.render())
        yield from self.store.save(name, raw)
