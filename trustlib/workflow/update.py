"""Bringing the top-level roles up to date (§5.1–§5.6.6).

What an update accepts is stored at once, and nothing of what it refuses or what
would have come after (§5.3.8, §5.4.5, §5.5.7, §5.6.6). If another process wrote
to the store in between, the update starts again from its loads, so a version
never falls through a race.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TargetPath, Version
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.effects import Fetch, Tell, Workflow
from trustlib.errors import ConflictError, LimitError, NoTrustDataError, TrustError
from trustlib.events import AnchorFetched, FloorsDropped, Refreshed, RootRotated
from trustlib.limits import Limits
from trustlib.records import Floors, render_clock
from trustlib.roles import Snapshot, Timestamp
from trustlib.trust import RootTrusted, SnapshotTrusted, TimestampTrusted, Trusted, Verified
from trustlib.workflow import hints
from trustlib.workflow.oddities import remarked
from trustlib.workflow.session import RacedError, Session, at_most, required, targets_role
from trustlib.workflow.start import (
    CLOCK,
    FLOORS,
    anchor_file,
    last_update,
    numbered,
    replayed,
    stored_anchor,
)

_CLOCK_STEP = timedelta(minutes=1)  # a write for every refresh would wear out small disks
_RACES = 1_000  # every lost race is an update that somebody else completed


def refresh(
    anchor: Anchor,
    *,
    now: datetime,
    limits: Limits,
    format: Format,
    wanted: Sequence[TargetPath] = (),
) -> Workflow[Trusted]:
    """Bring every top-level role up to date (§5.1–§5.6.6).

    The walk always starts at *anchor*; roots that earlier updates stored are
    verified again on the way.

    Args:
        anchor: what is trusted to begin with.
        now: the fixed update start time (§5.1), UTC.
        limits: how much the repository may make us read.
        format: how its files are written and called.
        wanted: what will be searched for right afterwards; whatever that will
            need is hinted at.

    Raises:
        TrustError: any of them; the store then holds what was accepted before,
            and the next update begins there (§5).
    """
    for _ in range(_RACES):
        session = Session(now=now, limits=limits, format=format)
        try:
            return (yield from _updated(session, anchor, wanted))
        except RacedError:
            continue
    raise ConflictError("the client's store")


def latest(
    anchor: Anchor, *, now: datetime, as_of: datetime, limits: Limits, format: Format
) -> Workflow[SnapshotTrusted]:
    """Bring root, timestamp and snapshot up to date, and look at no target (§5.2–§5.5.7).

    For who is to renew them; a client needs :func:`refresh`. The clock is held
    to the last complete update, and this is none: its time is not recorded.

    Args:
        anchor: what is trusted to begin with.
        now: the fixed time this begins (UTC).
        as_of: when the roles must not have expired (UTC).
        limits: how much the repository may make us read.
        format: how its files are written and called.

    Raises:
        ConflictError: another process wrote to the store in between.
        TrustError: any other; the store then holds what was accepted before.
    """
    session = Session(now=now, limits=limits, format=format)
    yield from last_update(session)
    try:
        return (yield from _upper_updated(session, anchor, as_of))
    except RacedError:
        raise ConflictError("the client's store") from None


def _updated(session: Session, anchor: Anchor, wanted: Sequence[TargetPath]) -> Workflow[Trusted]:
    floor = yield from last_update(session)
    with_snapshot = yield from _upper_updated(session, anchor, session.now)
    yield from hints.targets(session, with_snapshot, wanted)
    proof = yield from targets_role(with_snapshot, TARGETS, with_snapshot.root.root, session)
    trusted = Trusted(snapshot=with_snapshot, targets=proof)
    # Only after a complete update: the floor never lies beyond what was signed.
    yield from completed(session, floor)
    yield Tell(refreshed(trusted))
    return trusted


def completed(session: Session, floor: datetime | None) -> Workflow[None]:
    """Remember when this update began, if the last one began some time before: at *floor*."""
    if floor is None or session.now >= floor + _CLOCK_STEP:
        yield from session.store.offer(CLOCK, render_clock(session.now))  # theirs will do as well


def _upper_updated(session: Session, anchor: Anchor, as_of: datetime) -> Workflow[SnapshotTrusted]:
    raw = yield from _anchored(session, anchor)
    stage = RootTrusted.bootstrap(raw, now=as_of, format=session.format)
    stage = yield from replayed(session, stage)
    stage = yield from _root_updated(session, stage)
    with_timestamp = yield from _timestamp_updated(session, stage)
    return (yield from _snapshot_updated(session, with_timestamp))


def refreshed(trusted: Trusted) -> Refreshed:
    """Return what to tell of a complete update."""
    root, timestamp, snapshot, targets = (proof.role.version for proof in trusted.roles)
    return Refreshed(
        root=root,
        timestamp=timestamp,
        snapshot=snapshot,
        targets=targets,
        now=trusted.now,
        valid_until=trusted.valid_until,
    )


# -- root (§5.2, §5.3) ------------------------------------------------------------------


def _anchored(session: Session, anchor: Anchor) -> Workflow[bytes]:
    stored = yield from stored_anchor(session, anchor)
    if stored is not None:
        return stored
    path = session.format.published(ROOT, anchor.version)
    raw = yield Fetch(path, session.limits.root)
    if raw is None:
        raise NoTrustDataError(path)
    anchor.check(raw)
    yield from session.store.save(anchor_file(anchor), raw)
    yield Tell(AnchorFetched(sha256=anchor.sha256, version=anchor.version))
    return raw


def _root_updated(session: Session, stage: RootTrusted) -> Workflow[RootTrusted]:
    """Go from root to root until there is no later one (§5.3.1, §5.3.2, §5.3.9)."""
    store, files, limits = session.store, session.format, session.limits
    yield from hints.first(session, stage)
    rotations = 0
    while True:
        following = Version(stage.root.role.version + 1)
        raw = yield Fetch(files.published(ROOT, following), limits.root)  # §5.3.3
        if raw is None:
            break
        if rotations == limits.root_rotations:
            raise LimitError("root rotations", rotations, step="§5.3.3")
        before, stage = stage, stage.accept_root(raw)
        yield from store.save(numbered(following), raw)  # §5.3.8
        yield from store.save(files.stored(ROOT), raw)
        yield from rotated(before, stage)
        rotations += 1
        yield from hints.roots(session, stage, rotations)
    yield from store.save(files.stored(ROOT), stage.root.raw)
    return stage


def rotated(before: RootTrusted, after: RootTrusted) -> Workflow[None]:
    """Tell that *after*'s root took over from *before*'s, and which versions bind no longer."""
    old, new = before.root.role.version, after.root
    yield Tell(RootRotated(old=old, new=new.role.version, signed_by=new.signed_by))
    yield from remarked(new)
    timestamp, snapshot = before.prior.timestamp, before.prior.snapshot
    if after.prior != before.prior:
        yield Tell(
            FloorsDropped(
                root=new.role.version,
                timestamp=None if timestamp is None else timestamp.role.version,
                snapshot=None if snapshot is None else snapshot.role.version,
            )
        )


# -- timestamp, snapshot (§5.4, §5.5) ---------------------------------------------------


def _timestamp_updated(session: Session, stage: RootTrusted) -> Workflow[TimestampTrusted]:
    name = session.format.stored(TIMESTAMP)
    held = yield from session.store.load(name)
    path = session.format.published(TIMESTAMP, None)
    raw = yield Fetch(path, session.limits.timestamp, held)  # §5.4.1
    if raw is None:
        raise NoTrustDataError(path)
    after = stage.accept_timestamp(raw)
    yield from accepted(session, after.timestamp, stage)  # §5.4.5
    return after


def _snapshot_updated(session: Session, stage: TimestampTrusted) -> Workflow[SnapshotTrusted]:
    name = session.format.stored(SNAPSHOT)
    listed = stage.timestamp.role.snapshot
    held = yield from session.store.load(name)
    if held is not None:
        try:
            after = stage.accept_snapshot(held)
        except TrustError:
            pass  # out of date or damaged: the repository's copy decides
        else:
            yield from accepted(session, after.snapshot, stage.root)
            return after
    consistent = stage.root.root.role.consistent_snapshot  # §5.3.12
    path = session.format.listed(SNAPSHOT, listed, consistent=consistent)
    fetch = Fetch(path, at_most(listed.length, session.limits.snapshot))
    raw = yield from required(fetch, "the timestamp names it")  # §5.5.1
    after = stage.accept_snapshot(raw)
    yield from accepted(session, after.snapshot, stage.root)  # §5.5.7
    return after


def accepted(
    session: Session, proof: Verified[Timestamp] | Verified[Snapshot], stage: RootTrusted
) -> Workflow[None]:
    """Store the file, and before it that this root accepted it."""
    store, files = session.store, session.format
    floors = Floors.parse((yield from store.load(FLOORS)))
    names = (files.stored(TIMESTAMP), files.stored(SNAPSHOT))
    stored = tuple(filter(None, map(store.loaded.get, names)))
    floors = floors.knowing(proof.raw, stage.root.role.version, stored=stored)
    yield from store.save(FLOORS, floors.render())
    yield from session.keep(proof)
