"""The last complete update, verified once more, with nobody asked.

Everything that holds for what comes from a repository holds for what comes from
the store: signatures from the anchor on, versions, hashes, expiry, the clock.
Nothing is fetched and nothing is stored.
"""

from __future__ import annotations

from datetime import datetime, timedelta

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
    heard = yield from last_update(session)
    root = yield from stored_anchor(session, anchor)
    timestamp = yield from session.store.load(format.stored(TIMESTAMP))
    snapshot = yield from session.store.load(format.stored(SNAPSHOT))
    targets = yield from session.store.load(format.stored(TARGETS))
    if heard is None or root is None or timestamp is None or snapshot is None or targets is None:
        raise TransportError(_STORE, "it holds no complete update, and the repository is not asked")
    if at_most is not None and now - heard > at_most:
        raise TransportError(
            _STORE,
            f"its last complete update began {now - heard} ago, and at most {at_most} are allowed",
        )
    stage = RootTrusted.bootstrap(root, now=now, format=format, source=FromStore(heard))
    stage = yield from replayed(session, stage)
    try:
        return stage.accept_timestamp(timestamp).accept_snapshot(snapshot).accept_targets(targets)
    except MismatchError as error:
        # An update that was cut short leaves files of two states, each of them genuine.
        raise TransportError(_STORE, f"it holds a part of an update only ({error})") from error
