"""What will probably be fetched next, for drivers that can ask for it all at once.

A hint is a guess about our own next steps and changes nothing else: what is
verified, and in which order, is decided where it always was. Nothing is hinted
at before the anchor verified, and each file keeps the limit that it would have
had. Files are announced in the order in which one after the other would ask for
them, so a server that answers in turn says the same things in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, TargetPath, Version
from trustlib.effects import Ahead, Fetch, Workflow
from trustlib.trust import RootTrusted, SnapshotTrusted
from trustlib.workflow.session import Session, fetch_of

_ROOTS: Final = 16
"""How many roots are announced at most: a chain of a hundred takes ten round trips."""

_GUESS: Final = 131_072
"""Bytes of a snapshot that is guessed at: what is not needed may cost no more than a round trip."""

_ROLES: Final = 16
"""How many targets roles are announced at most."""

_LOOKED_AT: Final = 64
"""How many changed roles are looked for in the store."""


def first(session: Session, stage: RootTrusted) -> Workflow[None]:
    """Announce what an update asks for first: a next root, the timestamp, maybe a next snapshot.

    Where nothing is new, one round trip tells.
    """
    announced = [*_roots(session, stage, 1), (yield from _timestamp(session))]
    prior = stage.prior.snapshot
    # The last one plus one: where every version is published, that is the likely next.
    if prior is not None and len(prior.raw) <= _GUESS and stage.root.role.consistent_snapshot:
        path = session.format.published(SNAPSHOT, Version(prior.role.version + 1))
        announced.append(Fetch(path, min(_GUESS, session.limits.snapshot)))
    yield Ahead(tuple(announced))


def roots(session: Session, stage: RootTrusted, rotations: int) -> Workflow[None]:
    """Announce the roots after the first *rotations* new ones, twice as many each time.

    The timestamp is announced again, so that the one that is used was asked for
    after the root that turned out to be the last.
    """
    announced = 1
    window = 1
    while announced < rotations:
        window = min(2 * window, _ROOTS)
        announced += window
    if announced == rotations:
        window = min(2 * window, _ROOTS, session.limits.root_rotations + 1 - rotations)
        yield Ahead((*_roots(session, stage, window), (yield from _timestamp(session))))


def targets(
    session: Session, stage: SnapshotTrusted, wanted: Sequence[TargetPath]
) -> Workflow[None]:
    """Announce the targets roles that changed and that the search for *wanted* may need.

    Whom targets delegates to is not known yet. A role that was needed before is
    in the store, and will probably be needed again.
    """
    if not wanted:
        return
    announced = [fetch_of(stage, name, session) for name in (yield from _stale(session, stage))]
    if len(announced) > 1:
        yield Ahead(tuple(announced))


def _stale(session: Session, stage: SnapshotTrusted) -> Workflow[list[RoleName]]:
    """Return the roles that are stored and that the snapshot lists at another version."""
    prior = stage.root.prior.snapshot
    if prior is None or prior.raw == stage.snapshot.raw:
        return []
    before, now = prior.role.meta, stage.snapshot.role.meta
    changed = [
        name
        for name in now
        if name in before and before[name].version != now[name].version and name != ROOT
    ]
    changed.sort(key=lambda name: name != TARGETS)  # which is asked for first
    found: list[RoleName] = []
    for name in changed[:_LOOKED_AT]:
        held = yield from session.store.load(session.format.stored(name))
        if held is not None:
            found.append(name)
    return found[:_ROLES]


def _roots(session: Session, stage: RootTrusted, count: int) -> Iterator[Fetch]:
    version = stage.root.role.version
    for following in range(version + 1, version + 1 + count):
        yield Fetch(session.format.published(ROOT, Version(following)), session.limits.root)


def _timestamp(session: Session) -> Workflow[Fetch]:
    held = yield from session.store.load(session.format.stored(TIMESTAMP))
    return Fetch(session.format.published(TIMESTAMP, None), session.limits.timestamp, held)
