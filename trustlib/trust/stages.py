"""The stages of trust: each offers the steps that are legal from it (TUF 1.0.34 §5).

Nothing here reads a clock, a file, or a socket. A step either returns the next
stage or raises; it never returns what it did not verify.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

import attrs
from attrs import field, frozen

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, Version
from trustlib.documents import Format
from trustlib.errors import (
    MismatchError,
    RollbackError,
    TrustError,
)
from trustlib.roles import Authority, MetaFile, R, Role, Root, Snapshot, Targets, Timestamp
from trustlib.sources import FromRepository, Source
from trustlib.trust.agreeing import (
    Prior,
    belonging,
    matching,
    not_expired,
    nothing_rolled_back,
    of_version,
    recovered,
)
from trustlib.verify import Verified, verify


@frozen(kw_only=True)
class RootTrusted:
    """A root is trusted, and nothing else yet (§5.2, §5.3).

    Attributes:
        now: the fixed update start time (§5.1), UTC.
        source: where the files are from.
    """

    root: Verified[Root]
    now: datetime
    format: Format
    source: Source
    prior: Prior = field(factory=Prior)

    @classmethod
    def bootstrap(
        cls, raw: bytes, *, now: datetime, format: Format, source: Source | None = None
    ) -> Self:
        """Trust *raw* because it came out of band (§5.2); it may have expired.

        Args:
            raw: a root file.
            now: the fixed update start time (§5.1), UTC.
            format: how files are written.
            source: where the next ones will be from; if nothing is said, from
                the repository, now.

        Raises:
            MalformedError: *raw* is no root file.
            ThresholdError: it is not even signed by its own keys.
        """
        document = format.parse(Root, raw)
        root = verify(document, document.unverified.authority(ROOT), step="§5.2")
        return cls(root=root, now=now, format=format, source=source or FromRepository(now))

    def accept_root(self, raw: bytes) -> Self:
        """Trust the next root, vouched for by this one and by itself (§5.3.4–§5.3.7).

        Raises:
            MalformedError: *raw* is no root file.
            ThresholdError: too few keys of this root, or of the new one, signed.
            MismatchError: it is not the very next version.
            WrongCollectionError: it belongs to another collection.
        """
        old = self.root.role
        document = self.format.parse(Root, raw)
        new = verify(  # §5.3.4
            document, old.authority(ROOT), document.unverified.authority(ROOT), step="§5.3.4"
        )
        belonging(new, old)
        following = Version(old.version + 1)
        if new.role.version != following:  # §5.3.5
            raise MismatchError(ROOT, "version", following, new.role.version, step="§5.3.5")
        # §5.3.6: the expiry of an intermediate root does not matter.
        return attrs.evolve(self, root=new, prior=recovered(self.prior, old, new.role))

    def recall(self, *, timestamp: bytes | None = None, snapshot: bytes | None = None) -> Self:
        """Remember an earlier update, as far as this root vouches for it.

        The bytes come from our own store and may have expired since: they are a
        floor for versions (§5.4.3, §5.5.5) and nothing more. What this root
        does not vouch for is no floor.
        """
        prior = attrs.evolve(
            self.prior,
            timestamp=_vouched(self, Timestamp, timestamp, self.root) or self.prior.timestamp,
            snapshot=_vouched(self, Snapshot, snapshot, self.root) or self.prior.snapshot,
        )
        return attrs.evolve(self, prior=prior)

    def accept_timestamp(self, raw: bytes) -> TimestampTrusted:
        """Trust a timestamp (§5.3.10, §5.4).

        Raises:
            ExpiredError: this root, or the timestamp, has expired.
            MalformedError: *raw* is no timestamp file.
            ThresholdError: too few of the root's timestamp keys signed.
            WrongCollectionError: it belongs to another collection.
            RollbackError: it, or the snapshot it names, is older than what an
                earlier update trusted.
        """
        not_expired(self.root, self.now, step="§5.3.10")
        authority = self.root.role.authority(TIMESTAMP)
        old = self.prior.timestamp
        new = _verified(self, Timestamp, raw, authority, step="§5.4.2", known=old)
        belonging(new, self.root.role)
        if old is not None:
            if new.role.version < old.role.version:  # §5.4.3.1
                raise RollbackError(TIMESTAMP, old.role.version, new.role.version, step="§5.4.3.1")
            if new.role.version == old.role.version:
                # "This is normal and it shouldn't raise any error": the trusted
                # one stays, if the keys of today vouch for it still; they just
                # did if it is the very file that was offered.
                same = old.raw == raw
                new = new if same else _vouched(self, Timestamp, old.raw, self.root, old) or new
        floor, offered = self.prior.listed, new.role.snapshot.version
        if floor is not None and offered is not None and offered < floor:  # §5.4.3.2
            raise RollbackError(SNAPSHOT, floor, offered, step="§5.4.3.2")
        not_expired(new, self.now, step="§5.4.4")
        return TimestampTrusted(root=self, timestamp=new)


@frozen(kw_only=True)
class TimestampTrusted:
    """Root and timestamp are trusted."""

    root: RootTrusted
    timestamp: Verified[Timestamp]

    def accept_snapshot(self, raw: bytes) -> SnapshotTrusted:
        """Trust the snapshot that the timestamp names (§5.5).

        Raises:
            MismatchError: length, hash or version differ from what it names.
            MalformedError: *raw* is no snapshot file.
            ThresholdError: too few of the root's snapshot keys signed.
            WrongCollectionError: it belongs to another collection.
            RollbackError: it lists a role at an older version than an earlier
                update trusted, or no longer lists it.
            ExpiredError: it has expired.
        """
        stage = self.root
        listed = self.timestamp.role.snapshot
        matching(SNAPSHOT, raw, listed, step="§5.5.2")
        authority = stage.root.role.authority(SNAPSHOT)
        before = stage.prior.snapshot
        new = _verified(stage, Snapshot, raw, authority, step="§5.5.3", known=before)
        belonging(new, stage.root.role)
        of_version(new, listed, before, step="§5.5.4")
        if before is not None:
            nothing_rolled_back(before.role.meta, new.role.meta)
        not_expired(new, stage.now, step="§5.5.6")
        return SnapshotTrusted(timestamp=self, snapshot=new)


@frozen(kw_only=True)
class SnapshotTrusted:
    """Root, timestamp and snapshot are trusted: every version is known."""

    timestamp: TimestampTrusted
    snapshot: Verified[Snapshot]

    @property
    def root(self) -> RootTrusted:
        """The stage that holds the root and the reference time."""
        return self.timestamp.root

    def accept_targets(self, raw: bytes) -> Trusted:
        """Trust the top-level targets role (§5.6.2–§5.6.5).

        Raises:
            TrustError: as :meth:`accept_delegated`.
        """
        return Trusted(snapshot=self, targets=self.accept_delegated(raw, TARGETS, self.root.root))

    def accept_delegated(
        self,
        raw: bytes,
        name: RoleName,
        delegator: Verified[Root] | Verified[Targets],
        *,
        before: bytes | None = None,
    ) -> Verified[Targets]:
        """Trust the targets role *name*, top-level or delegated, on *delegator*'s word.

        What is returned holds for this delegator only: another one may name
        other keys for the same role (§5.6.2–§5.6.5).

        Args:
            raw: the file.
            name: the role.
            delegator: who says which keys may sign it.
            before: the file as an earlier update trusted it. As far as
                *delegator* vouches for it, it is a floor for the version where
                the snapshot says none; elsewhere it is not looked at.

        Raises:
            RollbackError: it is older than *before*.
            MismatchError: the snapshot does not list it, or lists another
                length, hash or version.
            MalformedError: *raw* is no targets file.
            ThresholdError: too few of the keys that *delegator* names signed.
            WrongCollectionError: it belongs to another collection.
            ExpiredError: it has expired.
        """
        listed = self.listed(name)
        matching(name, raw, listed, step="§5.6.2")
        authority = delegator.role.authority(name)
        new = _verified(self.root, Targets, raw, authority, name=name, step="§5.6.3")
        belonging(new, self.root.root.role)
        if new.role.called not in (None, name):  # the specification leaves names unsigned
            raise MismatchError(name, "the role called", name, new.role.called)
        floor = None
        if listed.version is None:
            floor = _vouched(self.root, Targets, before, delegator, name=name)
        of_version(new, listed, floor, step="§5.6.4")
        not_expired(new, self.root.now, step="§5.6.5")
        return new

    def listed(self, name: RoleName) -> MetaFile:
        """Return what the snapshot says of the targets role *name*.

        Raises:
            MismatchError: nothing.
        """
        listed = self.snapshot.role.meta.get(name)
        if listed is None:
            raise MismatchError(SNAPSHOT, "an entry for", name, "none", step="§5.6.1")
        return listed


@frozen(kw_only=True, repr=False)
class Trusted:
    """Every top-level role, verified against one another at one moment."""

    snapshot: SnapshotTrusted
    targets: Verified[Targets]

    def __repr__(self) -> str:
        versions = ", ".join(f"{proof.name} {proof.role.version}" for proof in self.roles)
        return f"<Trusted {versions}, valid until {self.valid_until.isoformat(' ', 'minutes')}>"

    @property
    def roles(self) -> tuple[Verified[Role], ...]:
        """Root, timestamp, snapshot and targets."""
        upper = self.snapshot
        return upper.root.root, upper.timestamp.timestamp, upper.snapshot, self.targets

    @property
    def now(self) -> datetime:
        """The reference time everything was verified at (UTC)."""
        return self.snapshot.root.now

    @property
    def source(self) -> Source:
        """Whether the repository answered or the store, and when the repository was heard."""
        return self.snapshot.root.source

    @property
    def valid_until(self) -> datetime:
        """The earliest expiry of the four (UTC)."""
        return min(proof.role.expires for proof in self.roles)

    def as_of(self, now: datetime) -> Self:
        """Return the same roles at a later reference time.

        Raises:
            ExpiredError: one of them has expired by then.
        """
        for proof in self.roles:
            not_expired(proof, now)
        root = attrs.evolve(self.snapshot.root, now=now)
        timestamp = attrs.evolve(self.snapshot.timestamp, root=root)
        return attrs.evolve(self, snapshot=attrs.evolve(self.snapshot, timestamp=timestamp))


def _verified(
    stage: RootTrusted,
    kind: type[R],
    raw: bytes,
    authority: Authority,
    *,
    name: RoleName | None = None,
    step: str | None = None,
    known: Verified[R] | None = None,
) -> Verified[R]:
    """Return the role in *raw*, once *authority* vouches for it.

    What is stored is read as a floor first, and then as the file that may be the
    right one still. If *known* is the proof that would come out, it is returned.
    """
    name = name or kind.NAME
    if known is not None and known.repeats(kind, name, raw, authority):
        return known
    return verify(stage.format.parse(kind, raw, name=name), authority, step=step)


def _vouched(
    stage: RootTrusted,
    kind: type[R],
    raw: bytes | None,
    by: Verified[Root] | Verified[Targets],
    known: Verified[R] | None = None,
    *,
    name: RoleName | None = None,
) -> Verified[R] | None:
    """Return the role in *raw*, expired or not, if *by* vouches for it today; else None."""
    if raw is None:
        return None
    try:
        authority = by.role.authority(name or kind.NAME)
        role = _verified(stage, kind, raw, authority, name=name, known=known)
        belonging(role, stage.root.role)
    except TrustError:
        return None
    return role
