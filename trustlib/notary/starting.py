"""Where an update of a collection begins: at the anchor, and what was believed for it before.

A first root that was fetched is stored once a whole update was verified under
it, and never exchanged for another: not for one that a server says is newer,
and not because the stored one is damaged.
"""

from __future__ import annotations

import hashlib

from attrs import define, field

from trustlib._paths import private
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, CollectionName, StoredName, Version
from trustlib.anchors import Anchor, Pin
from trustlib.effects import Fetch, Tell, Workflow
from trustlib.errors import NoTrustDataError, StorageError, TrustError
from trustlib.events import AnchorChosen, AnchorFetched, Event, TrustedOnFirstUse
from trustlib.notary.pins import Rule, TrustOnFirstUse, TrustPinning
from trustlib.notary.roots import first_root, next_root
from trustlib.records import Floors
from trustlib.roles import Root
from trustlib.sources import Source
from trustlib.trust import RootTrusted, Verified
from trustlib.workflow.session import Session
from trustlib.workflow.start import FLOORS, anchor_file, stored_anchor
from trustlib.workflow.update import rotated


@define
class Start:
    """The root that an update begins with, and what is to be stored once it is complete.

    Attributes:
        stage: the newest root that is known, with the floors that it vouches for.
        new: files of a first update, which nothing is kept of before it succeeds.
        told: what will be told then.
    """

    stage: RootTrusted
    new: dict[StoredName, bytes] = field(factory=dict[StoredName, bytes])
    told: list[Event] = field(factory=list[Event])

    def keep_root(
        self, session: Session, before: RootTrusted, after: RootTrusted
    ) -> Workflow[None]:
        """Store that *after*'s root took over; not yet, where nothing is known of *before*'s."""
        name = following(before.root.role.version)
        if self.new:
            self.new[name] = after.root.raw
            self.told += [one.event for one in rotated(before, after) if isinstance(one, Tell)]
            return
        yield from session.store.save(name, after.root.raw)
        yield from session.store.save(session.format.stored(ROOT), after.root.raw)
        yield from rotated(before, after)

    def keep(self, session: Session) -> Workflow[None]:
        """Store what was new, after all of the update was verified."""
        for name, raw in self.new.items():
            yield from session.store.save(name, raw)
        for event in self.told:
            yield Tell(event)


def started(
    session: Session, anchor: Anchor | Pin, collection: CollectionName, source: Source
) -> Workflow[Start]:
    """Return the start of an update; the first root is fetched if nothing is known.

    Raises:
        TrustError: the first root is not to be had, or not to be believed.
        TypeError: this format does not know such an anchor.
    """
    start = yield from known(session, anchor, collection, source)
    if start is None:
        start = yield from _fetched(session, anchor, collection, source)
    start.stage = yield from replayed(session, start.stage, collection)
    return start


def known(
    session: Session, anchor: Anchor | Pin, collection: CollectionName, source: Source
) -> Workflow[Start | None]:
    """Return the start that needs nobody to be asked, or None if there is none.

    Raises:
        StorageError: what was trusted on first use is damaged.
        TrustError: *anchor* is a root, and is not to be believed; or a root
            that is stored would be replaced on first use.
        TypeError: this format does not know such an anchor.
    """
    if isinstance(anchor, Anchor):
        raw = yield from stored_anchor(session, anchor)
        return None if raw is None else Start(_first(session, raw, collection, source))
    rule = _rule(anchor, collection)
    name = _pin_file(anchor, collection)
    stored = yield from session.store.load(name)
    if stored is not None:
        try:
            return Start(_first(session, stored, collection, source))
        except TrustError as error:
            if isinstance(rule, TrustOnFirstUse):
                raise StorageError(
                    name,
                    f"the root that was trusted on first use is damaged ({error}); restore it,"
                    " or pin a certificate instead",
                ) from error
    # Whatever was believed before, under another anchor, is not "first use" any more.
    last = yield from session.store.load(session.format.stored(ROOT))
    if last is not None:
        try:
            stage = _first(session, last, collection, source, rule)
        except TrustError:
            if isinstance(rule, TrustOnFirstUse):
                raise
        else:
            return Start(stage, {name: last}, [_chosen(stage.root, f"it was known, and is {rule}")])
    return None


def following(version: Version) -> StoredName:
    """Return the file of a local store that holds the root which took over from *version*."""
    return private(f"after-{version}.{ROOT}.json")


def _fetched(
    session: Session, anchor: Anchor | Pin, collection: CollectionName, source: Source
) -> Workflow[Start]:
    files, limit = session.format, session.limits.root
    if isinstance(anchor, Anchor):
        path = files.published(ROOT, anchor.version)
        raw = yield Fetch(path, limit)
        if raw is None:
            raise NoTrustDataError(path)
        stage = _first(session, anchor.check(raw), collection, source)
        event: Event = AnchorFetched(sha256=anchor.sha256, version=stage.root.role.version)
        return Start(stage, {anchor_file(anchor): raw}, [event])
    rule = _rule(anchor, collection)
    path = files.published(ROOT, None)
    raw = yield Fetch(path, limit)
    if raw is None:
        raise NoTrustDataError(path)
    stage = _first(session, raw, collection, source, rule)
    event = (
        TrustedOnFirstUse(
            sha256=hashlib.sha256(raw).hexdigest(),
            version=stage.root.role.version,
            collection=collection,
        )
        if isinstance(rule, TrustOnFirstUse)
        else _chosen(stage.root, f"it is signed by {rule}")
    )
    return Start(stage, {_pin_file(anchor, collection): raw}, [event])


def replayed(
    session: Session, stage: RootTrusted, collection: CollectionName
) -> Workflow[RootTrusted]:
    """Walk the roots that earlier updates stored, for as long as they verify.

    The stored timestamp and snapshot are recalled under the root that accepted
    them, so that the roots after it can make them fall (§5.3.11).
    """
    store, files = session.store, session.format
    # Looked at first: see trustlib.workflow.start.replayed.
    last = yield from store.load(files.stored(ROOT))
    floors = Floors.parse((yield from store.load(FLOORS)))
    timestamp = yield from store.load(files.stored(TIMESTAMP))
    snapshot = yield from store.load(files.stored(SNAPSHOT))
    kept = {TIMESTAMP: timestamp, SNAPSHOT: snapshot}

    def recalled(stage: RootTrusted) -> RootTrusted:
        by = {name: floors.accepted_by(raw) for name, raw in kept.items() if raw is not None}
        due = {
            name: kept.pop(name)
            for name, version in by.items()
            if version is not None and version <= stage.root.role.version
        }
        return stage.recall(timestamp=due.get(TIMESTAMP), snapshot=due.get(SNAPSHOT))

    stage = recalled(stage)
    while (raw := (yield from store.load(following(stage.root.role.version)))) is not None:
        after = _next(stage, raw, collection)
        if after is stage:
            break  # damaged, or of another anchor's chain: the server's copy decides
        stage = recalled(after)
    if last is not None:
        stage = recalled(_next(stage, last, collection))
    return stage.recall(timestamp=kept.get(TIMESTAMP), snapshot=kept.get(SNAPSHOT))


def _next(stage: RootTrusted, raw: bytes, collection: CollectionName) -> RootTrusted:
    """Return *stage* with the later root in *raw*, or *stage* itself if there is none."""
    try:
        after = next_root(stage, raw, collection)
    except TrustError:
        return stage
    return after if after.root.role.version > stage.root.role.version else stage


def _first(
    session: Session,
    raw: bytes,
    collection: CollectionName,
    source: Source,
    rule: Rule | None = None,
) -> RootTrusted:
    return first_root(
        raw,
        format=session.format,
        collection=collection,
        now=session.now,
        source=source,
        rule=rule,
    )


def _rule(anchor: Pin, collection: CollectionName) -> Rule:
    match anchor:
        case TrustOnFirstUse():
            return anchor
        case TrustPinning():
            return anchor.rule_for(collection)
        case _:
            raise TypeError(f"expected an Anchor or a pin of this format, got {anchor!r}")


def _pin_file(anchor: Pin, collection: CollectionName) -> StoredName:
    name = hashlib.sha256(f"{anchor.identity} {collection}".encode()).hexdigest()
    return private(f"anchor-{name}")


def _chosen(root: Verified[Root], because: str) -> AnchorChosen:
    digest = hashlib.sha256(root.raw).hexdigest()
    return AnchorChosen(sha256=digest, version=root.role.version, because=because)
