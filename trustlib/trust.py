"""The TUF client workflow as a chain of immutable stages (TUF 1.0.34 §5).

Each stage offers the steps that are legal from it and no others, so the order
that the specification demands is the only order that type-checks (one idea, and
what its steps check is read beside them: hence more than 400 lines)::

    RootTrusted ── accept_root ──▶ RootTrusted
                ── accept_timestamp ──▶ TimestampTrusted
                                        ── accept_snapshot ──▶ SnapshotTrusted
                                                               ── accept_targets ──▶ Trusted

Nothing here reads a clock, a file, or a socket. A step either returns the next
stage or raises a :class:`~trustlib.TrustError`, and the stage it was asked of
is as good as before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Self

import attrs
from attrs import field, frozen

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, Version
from trustlib.documents import Format
from trustlib.errors import (
    ExpiredError,
    MismatchError,
    RollbackError,
    TrustError,
    WrongCollectionError,
)
from trustlib.roles import MetaFile, R, Role, Root, Snapshot, Targets, Timestamp
from trustlib.sources import FromRepository, Source
from trustlib.verify import Verified, verify

__all__ = [
    "HASHES",
    "Prior",
    "RootTrusted",
    "SnapshotTrusted",
    "TimestampTrusted",
    "Trusted",
    "Verified",
    "belonging",
    "matching",
    "not_expired",
    "recovered",
    "succeeding",
    "verify",
]

HASHES: Final = ("sha256", "sha512")
"""The hash algorithms that count; every one that is listed is checked."""


@frozen(kw_only=True)
class Prior:
    """What earlier updates trusted: a floor for versions (§4.3) and nothing more."""

    timestamp: Verified[Timestamp] | None = None
    snapshot: Verified[Snapshot] | None = None

    @property
    def listed(self) -> Version | None:
        """The version of the snapshot that was trusted, or None.

        Not what the timestamp lists, if that snapshot was never seen: a version
        that a stolen snapshot key inflated would stay a floor for ever, although
        the key is gone and the timestamp's keys are the same (§5.3.11).
        """
        return None if self.snapshot is None else self.snapshot.role.version


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
            timestamp=self._vouched(Timestamp, timestamp) or self.prior.timestamp,
            snapshot=self._vouched(Snapshot, snapshot) or self.prior.snapshot,
        )
        return attrs.evolve(self, prior=prior)

    def _vouched(self, kind: type[R], raw: bytes | None) -> Verified[R] | None:
        if raw is None:
            return None
        try:
            role = verify(self.format.parse(kind, raw), self.root.role.authority(kind.NAME))
            belonging(role, self.root.role)
        except TrustError:
            return None
        return role

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
        new = verify(self.format.parse(Timestamp, raw), authority, step="§5.4.2")
        belonging(new, self.root.role)
        if (old := self.prior.timestamp) is not None:
            if new.role.version < old.role.version:  # §5.4.3.1
                raise RollbackError(TIMESTAMP, old.role.version, new.role.version, step="§5.4.3.1")
            if new.role.version == old.role.version:
                # "This is normal and it shouldn't raise any error": the trusted
                # one stays, if the keys of today vouch for it still; they just
                # did if it is the very file that was offered.
                same = old.raw == raw
                new = new if same else self._vouched(Timestamp, old.raw) or new
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
        new = verify(stage.format.parse(Snapshot, raw), authority, step="§5.5.3")
        belonging(new, stage.root.role)
        before = stage.prior.snapshot
        _of_version(new, listed, before, step="§5.5.4")
        if before is not None:
            _nothing_rolled_back(before.role.meta, new.role.meta)
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
        document = self.root.format.parse(Targets, raw, name=name)
        new = verify(document, delegator.role.authority(name), step="§5.6.3")
        belonging(new, self.root.root.role)
        if new.role.called not in (None, name):  # the specification leaves names unsigned
            raise MismatchError(name, "the role called", name, new.role.called)
        floor = self._vouched(before, name, delegator) if listed.version is None else None
        _of_version(new, listed, floor, step="§5.6.4")
        not_expired(new, self.root.now, step="§5.6.5")
        return new

    def _vouched(
        self, raw: bytes | None, name: RoleName, delegator: Verified[Root] | Verified[Targets]
    ) -> Verified[Targets] | None:
        if raw is None:
            return None
        try:
            return verify(
                self.root.format.parse(Targets, raw, name=name), delegator.role.authority(name)
            )
        except TrustError:
            return None

    def listed(self, name: RoleName) -> MetaFile:
        """Return what the snapshot says of the targets role *name*.

        Raises:
            MismatchError: nothing.
        """
        if name not in self.snapshot.role.meta:
            raise MismatchError(SNAPSHOT, "an entry for", name, "none", step="§5.6.1")
        return self.snapshot.role.meta[name]


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


def not_expired(proof: Verified[R], now: datetime, *, step: str | None = None) -> None:
    """Make sure that *proof* still holds at *now*; at the second it expires, it does not (§4.3).

    Raises:
        ExpiredError: it does not.
    """
    if proof.role.expires <= now:
        raise ExpiredError(proof.name, proof.role.expires, now, step=step)


def belonging(proof: Verified[R], root: Root) -> None:
    """Make sure that *proof* is of *root*'s collection: one key may sign for many.

    Raises:
        WrongCollectionError: it is of another, or of none.
    """
    if root.collection is not None and proof.role.collection != root.collection:
        raise WrongCollectionError(proof.name, root.collection, proof.role.collection)


def recovered(prior: Prior, old: Root, new: Root) -> Prior:
    """Return *prior* without the versions that keys removed since *old* may have inflated.

    §5.3.11: one key of timestamp or snapshot that is gone, and both floors fall.
    """
    for name in (TIMESTAMP, SNAPSHOT):
        before, after = old.authority(name), new.authority(name)
        kept = {key.material for key in after.keys.values()}
        usable = {key.material for key in before.keys.values() if key.material is not None}
        if not usable <= kept:
            return Prior()
    return prior


def matching(name: RoleName, raw: bytes, listed: MetaFile, *, step: str) -> None:
    """Make sure that *raw* has the length and the hashes that are *listed*.

    Raises:
        MismatchError: one of them is another, or no hash is listed that counts.
    """
    if listed.length is not None and len(raw) != listed.length:
        raise MismatchError(name, "length", listed.length, len(raw), step=step)
    if listed.hashes and not any(algorithm in listed.hashes for algorithm in HASHES):
        known, got = " or ".join(HASHES), ", ".join(listed.hashes)
        raise MismatchError(name, "a hash by", known, got, step=step)
    for algorithm in HASHES:
        if algorithm in listed.hashes:
            got = hashlib.new(algorithm, raw).hexdigest()
            if got != listed.hashes[algorithm]:
                raise MismatchError(name, algorithm, listed.hashes[algorithm], got, step=step)


def _of_version(
    new: Verified[R], listed: MetaFile, before: Verified[R] | None, *, step: str
) -> None:
    """Make sure that *new* has the version that is listed, or comes after *before* if none is."""
    if listed.version is not None:
        if new.role.version != listed.version:
            raise MismatchError(new.name, "version", listed.version, new.role.version, step=step)
    elif before is not None:
        succeeding(new, before)


def succeeding(new: Verified[R], before: Verified[R]) -> None:
    """Make sure that *new* is of a later version than *before*, or says the same.

    Raises:
        RollbackError: it is of an earlier one.
        MismatchError: it is of the same version, and says something else.
    """
    if new.role.version < before.role.version:
        raise RollbackError(new.name, before.role.version, new.role.version)
    if new.role.version == before.role.version and new.role != before.role:
        version = new.role.version
        raise MismatchError(
            new.name,
            f"version {version} as it was seen before, sha256",
            hashlib.sha256(before.raw).hexdigest(),
            hashlib.sha256(new.raw).hexdigest(),
        )


def _nothing_rolled_back(
    old: Mapping[RoleName, MetaFile], new: Mapping[RoleName, MetaFile]
) -> None:
    for name, was in old.items():
        if name in (ROOT, TIMESTAMP, SNAPSHOT):
            continue  # some snapshots list root.json too; §5.5.5 is about targets roles
        if was.version is None:
            continue  # what became of it, the role itself must say
        if name not in new:
            raise RollbackError(name, was.version, None, step="§5.5.5")
        offered = new[name].version
        if offered is None or offered < was.version:
            raise RollbackError(name, was.version, offered, step="§5.5.5")
