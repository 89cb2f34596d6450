"""The last complete update, verified once more, with nobody asked.

Everything that holds for what comes from a repository holds for what comes from
the store: signatures from the anchor on, versions, hashes, expiry, the clock.
Nothing is fetched and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from attrs import frozen

from trustlib._types import SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.effects import Workflow
from trustlib.errors import MismatchError, TransportError
from trustlib.limits import Limits
from trustlib.sources import FromStore
from trustlib.trust import RootTrusted, Trusted
from trustlib.workflow.session import Session
from trustlib.workflow.start import last_update, replayed, stored_anchor

_STORE = "the store"
_ONLINE = "refresh where the repository can be reached, and ask again"


def remembered(
    anchor: Anchor,
    *,
    now: datetime,
    limits: Limits,
    format: Format,
    at_most: timedelta | None,
) -> Workflow[Trusted]:
    """Return what the last complete update of this store trusted, if that may still be believed.

    Args:
        anchor: what is trusted to begin with.
        now: the reference time, UTC.
        limits: as for :func:`~trustlib.workflow.refresh`.
        format: how the files are written and called.
        at_most: how long ago the last complete update may have begun; None:
            as long as nothing has expired.

    Raises:
        TransportError: the store holds no complete update, or one that is too
            old: the repository must be asked.
        TrustError: any other; what is stored is not to be trusted (any more).
    """
    session = Session(now=now, limits=limits, format=format)
    root = yield from stored_anchor(session, anchor)
    update = yield from kept(session, at_most)
    if root is None:
        raise incomplete()
    stage = RootTrusted.bootstrap(root, now=now, format=format, source=FromStore(update.heard))
    stage = yield from replayed(session, stage)
    with of_one_update():
        known = stage.accept_timestamp(update.timestamp).accept_snapshot(update.snapshot)
        return known.accept_targets(update.targets)


@frozen(kw_only=True)
class Kept:
    """The files of the last complete update, which nobody has verified again yet.

    Attributes:
        heard: when it began (UTC).
    """

    heard: datetime
    timestamp: bytes
    snapshot: bytes
    targets: bytes


def kept(session: Session, at_most: timedelta | None) -> Workflow[Kept]:
    """Return what the store holds of its last complete update, which began *at_most* ago.

    Raises:
        TransportError: it holds none, or one that began earlier.
        ClockError: the clock is behind that moment.
    """
    heard = yield from last_update(session)
    stored = session.format.stored
    timestamp = yield from session.store.load(stored(TIMESTAMP))
    snapshot = yield from session.store.load(stored(SNAPSHOT))
    targets = yield from session.store.load(stored(TARGETS))
    if heard is None or timestamp is None or snapshot is None or targets is None:
        raise incomplete()
    if at_most is not None and session.now - heard > at_most:
        raise TransportError(
            _STORE,
            f"its last complete update began {session.now - heard} ago, and at most {at_most} are"
            " allowed",
            advice=_ONLINE,
        )
    return Kept(heard=heard, timestamp=timestamp, snapshot=snapshot, targets=targets)


def incomplete() -> TransportError:
    """Return the error that there is no complete update to go by."""
    missing = "it holds no complete update, and the repository is not asked"
    return TransportError(_STORE, missing, advice=_ONLINE)


@contextmanager
def of_one_update() -> Iterator[None]:
    """Take files that do not fit together for what an update that was cut short leaves.

    They are of two states, each of them genuine: the repository must be asked.
    """
    try:
        yield
    except MismatchError as error:
        part = f"it holds a part of an update only ({error})"
        raise TransportError(_STORE, part, advice=_ONLINE) from error
