"""Signing timestamp and snapshot again, so that they do not expire; and nothing but that.

Whoever signs whatever it is shown turns an old state that somebody put back
into one that is fresh for all clients. So a renewer is a client first: it
verifies what it finds and remembers it, refuses what is older, and does not
trust its own absence: what has expired looks the same as what was put back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypedDict

from attrs import field, frozen

from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.errors import ConflictError, LimitError, MismatchError, StorageError, TrustError
from trustlib.keys import Signer
from trustlib.limits import Limits
from trustlib.ports import AsyncRepositoryStorage, RepositoryStorage, Revised, Revision, Storage
from trustlib.publish.expiry import RENEWED, ExpiryPolicy
from trustlib.publish.notes import Notes
from trustlib.publish.opening import BEGINNING, expecting
from trustlib.publish.parsed import ParsedOnce
from trustlib.publish.resigning import Next, resigned, signable
from trustlib.publish.standing import Ending, LapsedError, Renewed, Unchanged
from trustlib.publish.storing import Delete, Files, Job, adone, done, looked_at, put, revised
from trustlib.roles import Snapshot, Timestamp
from trustlib.trust import SnapshotTrusted, Verified
from trustlib.trust.agreeing import not_expired
from trustlib.wire import TUF_JSON
from trustlib.workflow import latest

_TRIES: Final = 10
"""How often somebody else may be faster: each time, they left something that is fresh."""

_LEFT_BEHIND: Final = 100
"""How many numbers of snapshots may be taken by files that no timestamp ever named."""

_UNWRITTEN: Final = Revision("")
_RENEWABLE: Final = frozenset({TIMESTAMP, SNAPSHOT})


def _signers(given: Iterable[Signer]) -> tuple[Signer, ...]:
    # Not ``tuple`` itself: type checkers take its argument for the field's type.
    return tuple(given)


@frozen(kw_only=True)
class Renewer:
    """Signs timestamps and snapshots again before they expire (§4.6, §6.3.3).

    It verifies the chain of roots, the timestamp and the snapshot as a client
    does, and reads no targets: what a collection says is not its business.

    Attributes:
        signers: keys that roots list for timestamp, and for snapshot if they
            are to be renewed as well; and for nothing else. They are used where
            the renewer runs, from several threads if it does.
        expiry: for how long to sign.
        ahead: which share of that may be left when it is signed again.
        grace: how long ago a timestamp may have expired, in a collection that
            was seen before; what was published since then, and put back, is
            not noticed. One that was not seen before has none.
        notice: how long before a root expires to say so.
        limits: how much a collection may make us read, and its clients.

    Raises:
        ValueError: there are no signers, or *ahead* is no share, or *grace*
            or *notice* is negative.
    """

    signers: tuple[Signer, ...] = field(converter=_signers)
    expiry: ExpiryPolicy = RENEWED
    ahead: float = 0.5
    grace: timedelta = timedelta(days=3)
    notice: timedelta = timedelta(days=30)
    limits: Limits = field(factory=Limits)

    def __attrs_post_init__(self) -> None:
        if not self.signers:
            raise ValueError("nobody can sign: give the renewer a signer")
        if not 0 < self.ahead < 1:
            raise ValueError(f"ahead: expected a share between 0 and 1, got {self.ahead}")
        if min(self.grace, self.notice) < timedelta(0):
            raise ValueError("grace and notice: expected no negative time")

    def renewed(
        self, storage: RepositoryStorage, *, anchor: Anchor, memory: Storage, now: datetime
    ) -> Renewed | Unchanged:
        """Return how the collection in *storage* stands once it was renewed, if it had to be.

        Interrupted at any point, clients see what they saw before, and the next
        call finishes. Where a publisher or another renewer was faster, theirs
        stays, and is looked at again.

        Args:
            storage: where the collection is published.
            anchor: what is trusted to begin with.
            memory: where this renewer remembers what it saw of this collection;
                a client's storage, of its own or shared with the publisher's.
            now: the time (UTC).

        Raises:
            LapsedError: the timestamp has expired, and could be an old one.
            RollbackError: it is an old one.
            MismatchError: it is another one of the same version.
            SigningError: a signer could sign for root or targets, or too few
                could for the timestamp.
            ExpiredError: the root, or a snapshot that others sign, has expired.
            LimitError: more is to be read or written than is allowed.
            ConflictError: others were faster, again and again.
            TrustError: as :meth:`trustlib.Updater.refresh`.
            ValueError: *now* has no time zone.
        """
        return done(self._renewed(anchor, memory, now), storage)

    async def arenewed(
        self, storage: AsyncRepositoryStorage, *, anchor: Anchor, memory: Storage, now: datetime
    ) -> Renewed | Unchanged:
        """:meth:`renewed`, to await; *memory* and signers are used at once, and should be fast."""
        return await adone(self._renewed(anchor, memory, now), storage)

    def _renewed(self, anchor: Anchor, memory: Storage, now: datetime) -> Job[Renewed | Unchanged]:
        if now.tzinfo is None:
            raise ValueError("now must say which time zone it is in")
        for left in reversed(range(_TRIES)):
            attempt = _Attempt(renewer=self, anchor=anchor, notes=Notes(memory), now=now)
            try:
                return (yield from attempt.made())
            except ConflictError:
                if not left:
                    raise
        raise AssertionError  # the last one returned or raised


@frozen(kw_only=True)
class _Attempt:
    """One look at a collection, and what follows from it.

    Attributes:
        files: what was read, each file once.
        notes: what is remembered if all goes well.
    """

    renewer: Renewer
    anchor: Anchor
    notes: Notes
    now: datetime
    files: Files = field(factory=Files)
    format: Format = field(factory=lambda: ParsedOnce(TUF_JSON))

    def made(self) -> Job[Renewed | Unchanged]:
        try:
            found, coming = yield from self._found()
        except TrustError:
            path = _path(TIMESTAMP, None)
            if (yield from revised(path)) != self.files.read.get(path):
                raise ConflictError(path) from None  # what we saw was two states
            self.notes.keep_roots()
            raise
        able = signable(found.root.root.role, self.renewer.signers)
        self._refuse_replayed(found)
        not_expired(found.root.root, self.now, step="§5.3.10")
        if SNAPSHOT not in able:
            not_expired(found.snapshot, self.now, step="§5.5.6")
        following = yield from self._following(found, able)
        if not following:
            self.notes.keep()
            return Unchanged(**self._standing(found, able))
        new = resigned(found, following, self.renewer.signers)
        placed = {_path(name, following[name].version): raw for name, raw in new.items()}
        after = yield from self._accepted(placed)
        if coming is not None:
            placed = {_path(ROOT, found.root.root.role.version): found.root.root.raw, **placed}
        for path, raw in placed.items():  # the timestamp comes last (§6.3.3)
            yield from self._written(path, raw)
        if coming is not None:
            with suppress(StorageError):  # nobody needs it any more, and the rest is done
                yield Delete(coming)
        self.notes.note_time(self.now)
        self.notes.keep()
        return Renewed(**self._standing(after, able), written=tuple(placed))

    def _found(self) -> Job[tuple[SnapshotTrusted, str | None]]:
        """Return what is published, and where its root was found if not in its place.

        A root that waits for the timestamp that is there counts as published:
        whoever replaces the timestamp must see to it. It is looked for where
        something is due or is refused, and not in a collection that is well.

        If it waits no more, it may have come into its place after we looked
        there. So the next root is looked for again, now that the timestamp is
        known: a later one that takes keys away comes with another timestamp.
        """
        timestamp = _path(TIMESTAMP, None)
        try:
            found = yield from self._looked(self.files, as_of=BEGINNING)
            if min(self._dues(found, _RENEWABLE).values()) > self.now:
                return found, None
        except TrustError:
            coming = yield from expecting(self.files, timestamp, self.format)
        else:
            coming = yield from expecting(self.files, timestamp, self.format)
            following = _path(ROOT, Version(found.root.root.role.version + 1))
            if coming is None and (yield from revised(following)) is None:
                return found, None
        self.notes.forget()
        self.files.read = {path: file for path, file in self.files.read.items() if file is not None}
        found = yield from self._looked(self.files, as_of=BEGINNING)
        return found, coming if self.files.stood_in else None

    def _looked(self, files: Files, *, as_of: datetime) -> Job[SnapshotTrusted]:
        limits = self.renewer.limits
        client = latest(self.anchor, now=self.now, as_of=as_of, limits=limits, format=self.format)
        return (yield from looked_at(client, files, self.notes))

    def _accepted(self, placed: Mapping[str, bytes]) -> Job[SnapshotTrusted]:
        """Return what a client that has seen what we saw makes of the files to be *placed*."""
        shown = Files()
        shown.read.update(self.files.read)
        shown.read.update({path: Revised(raw, _UNWRITTEN) for path, raw in placed.items()})
        return (yield from self._looked(shown, as_of=self.now))

    def _refuse_replayed(self, found: SnapshotTrusted) -> None:
        """Make sure that what was *found* may be the latest, besides what a client looks at.

        Raises:
            MismatchError: another timestamp of the same version was there before.
            LapsedError: too much may have been published since it was signed.
        """
        proof = found.timestamp.timestamp
        there = self.files.read[_path(TIMESTAMP, None)]
        if there is None or there.data != proof.raw:
            got = None if there is None else _sha256(there.data)
            raise MismatchError(TIMESTAMP, "sha256", _sha256(proof.raw), got)
        known = found.root.prior.timestamp is not None
        grace = self.renewer.grace if known else timedelta(0)
        if self.now - proof.role.expires >= grace:  # their sum may be beyond the year 9999
            raise LapsedError(TIMESTAMP, proof.role.expires, self.now, grace if known else None)

    def _following(
        self, found: SnapshotTrusted, able: frozenset[RoleName]
    ) -> Job[dict[RoleName, Next]]:
        """Return the versions that are to be signed now: none, or the timestamp's at least."""
        due = {name for name, moment in self._dues(found, able).items() if moment <= self.now}
        following: dict[RoleName, Next] = {}
        until = self.renewer.expiry.until
        if SNAPSHOT in due:
            version = yield from self._free(found.snapshot.role.version)
            following[SNAPSHOT] = Next(version, until(SNAPSHOT, self.now))
        if due:
            version = Version(found.timestamp.timestamp.role.version + 1)
            following[TIMESTAMP] = Next(version, until(TIMESTAMP, self.now))
        return following

    def _free(self, last: Version) -> Job[Version]:
        """Return the next version of snapshot that no file has: not even one of nobody's (§4.4).

        Raises:
            LimitError: there is none near.
        """
        for version in range(last + 1, last + 1 + _LEFT_BEHIND):
            if (yield from revised(_path(SNAPSHOT, Version(version)))) is None:
                return Version(version)
        raise LimitError(
            "snapshots that no timestamp names",
            _LEFT_BEHIND,
            advice="see who wrote them, and remove those above the one that is published",
        )

    def _written(self, path: str, raw: bytes) -> Job[None]:
        """Put a new file into its place, or the timestamp into that of the one that was read.

        Raises:
            ConflictError: another one is there.
        """
        before = self.files.read.get(path) if path == _path(TIMESTAMP, None) else None
        replacing = None if before is None else before.revision
        if (yield from put(path, raw, replacing=replacing)) is None:
            there = yield from revised(path)
            if there is None or there.data != raw:
                raise ConflictError(path)

    def _dues(self, found: SnapshotTrusted, able: frozenset[RoleName]) -> dict[RoleName, datetime]:
        """Return when each role that this renewer signs is to be signed again (UTC)."""
        proofs = (found.timestamp.timestamp, found.snapshot)
        return {p.name: self._due(p) for p in proofs if p.name in able}

    def _due(self, proof: Verified[Timestamp] | Verified[Snapshot]) -> datetime:
        # It may have expired in the year 1, and no moment is before that.
        return proof.role.expires - min(self._ahead(proof.name), proof.role.expires - BEGINNING)

    def _ahead(self, name: RoleName) -> timedelta:
        return (self.renewer.expiry.until(name, self.now) - self.now) * self.renewer.ahead

    def _standing(self, found: SnapshotTrusted, able: frozenset[RoleName]) -> _Standing:
        root = found.root.root
        proofs = (root, found.timestamp.timestamp, found.snapshot)
        return _Standing(
            valid_until=min(proof.role.expires for proof in proofs),
            due=min(self._dues(found, able).values()),
            ending=tuple(
                Ending(
                    role=proof.name,
                    expires=proof.role.expires,
                    authority=root.role.authority(proof.name),
                )
                for proof in proofs
                if self._ends_soon(proof.name, proof.role.expires)  # others', or it were renewed
            ),
        )

    def _ends_soon(self, name: RoleName, expires: datetime) -> bool:
        return expires - self.now <= (self.renewer.notice if name == ROOT else self._ahead(name))


class _Standing(TypedDict):
    valid_until: datetime
    due: datetime
    ending: tuple[Ending, ...]


def _path(name: RoleName, version: Version | None) -> str:
    return plain(TUF_JSON.published(name, None if name == TIMESTAMP else version))  # §6.2.1


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
