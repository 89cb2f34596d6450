"""Where every update begins: the clock, the anchor, and the roots seen before (§5.1, §5.2).

Whatever the store says is verified again from the anchor on; a store that says
nonsense is as good as an empty one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from trustlib._paths import private
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, StoredName, Version
from trustlib.anchors import Anchor
from trustlib.effects import Workflow
from trustlib.errors import ClockError, TrustError
from trustlib.records import Floors, parse_clock
from trustlib.trust import RootTrusted
from trustlib.workflow.session import Session

CLOCK_TOLERANCE: Final = timedelta(minutes=10)
"""How far back a clock may be set before :class:`~trustlib.ClockError`."""

CLOCK: Final = private("clock")
"""Where a store keeps when its last complete update began."""

FLOORS: Final = private("floors")
"""Where a store keeps which root accepted the versions that it remembers (§5.3.11)."""


def last_update(session: Session) -> Workflow[datetime | None]:
    """Return when the last complete update of this store began (UTC), if there was one.

    Raises:
        ClockError: the clock is further behind that moment than is tolerated.
    """
    floor = parse_clock((yield from session.store.load(CLOCK)))
    if floor is not None and session.now + CLOCK_TOLERANCE < floor:
        raise ClockError(session.now, floor, CLOCK_TOLERANCE, CLOCK)
    return floor


def stored_anchor(session: Session, anchor: Anchor) -> Workflow[bytes | None]:
    """Return the anchor's root (§5.2), or None where it was pinned and is not stored."""
    if anchor.raw is not None:
        return anchor.raw
    stored = yield from session.store.load(anchor_file(anchor))
    if stored is None:
        return None
    try:
        return anchor.check(stored)
    except TrustError:
        return None  # damaged: the repository's copy decides


def replayed(session: Session, stage: RootTrusted) -> Workflow[RootTrusted]:
    """Walk the roots that earlier updates stored, for as long as they verify.

    The stored timestamp and snapshot are recalled under the root that accepted
    them, so that the roots after it can make them fall (§5.3.11).
    """
    store, files = session.store, session.format
    # Looked at before the numbered ones: if another process goes on to a later
    # root after those were read, writing this file again is a race that is noticed.
    yield from store.load(files.stored(ROOT))
    floors = Floors.parse((yield from store.load(FLOORS)))
    timestamp = yield from store.load(files.stored(TIMESTAMP))
    snapshot = yield from store.load(files.stored(SNAPSHOT))

    def due(raw: bytes | None, version: Version) -> bytes | None:
        by = None if raw is None else floors.accepted_by(raw)
        return raw if by is not None and by <= version else None

    while True:
        version = stage.root.role.version
        now_timestamp, now_snapshot = due(timestamp, version), due(snapshot, version)
        stage = stage.recall(timestamp=now_timestamp, snapshot=now_snapshot)
        timestamp = None if now_timestamp is not None else timestamp
        snapshot = None if now_snapshot is not None else snapshot
        raw = yield from store.load(numbered(Version(version + 1)))
        if raw is None:
            break
        try:
            stage = stage.accept_root(raw)
        except TrustError:
            break  # damaged, or of another anchor's chain: the repository's copy decides
    return stage.recall(timestamp=timestamp, snapshot=snapshot)


def anchor_file(anchor: Anchor) -> StoredName:
    """Return the file of a local store that holds the root that was pinned."""
    return private(f"anchor-{anchor.sha256}")


def numbered(version: Version) -> StoredName:
    """Return the file of a local store that holds this *version* of root."""
    return private(f"{version}.{ROOT}.json")
