"""Fetching all that a trust server has of a collection, while there is one.

What is current is brought up to date first, as any client does it, with what
the archive knows from before as a floor. Former versions are asked for by the
numbers that servers keep, and by the hashes that former timestamps and snapshots
list. Every one is held against the keys of a root of its time, and a former root
against the one that came after it; expiry does not matter, for it is past. What does
not verify is named in the record and is not kept.

Whatever is in the archive is not asked for again: an archive that was
interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import attrs
from attrs import define, field

from trustlib._types import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    RoleName,
    Version,
)
from trustlib.anchors import Anchor, Pin
from trustlib.drive import run
from trustlib.effects import Load, Workflow
from trustlib.errors import (
    MismatchError,
    TooLongError,
    TrustError,
)
from trustlib.limits import Limits
from trustlib.notary.archives import RECORD, Archive, Left, Record, of
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.roots import first_root, next_root
from trustlib.notary.searching import heard
from trustlib.notary.shelving import Progress, Shelf, nobody, require_answer, sha256_of
from trustlib.ports import Storage, Transport
from trustlib.publish import BEGINNING
from trustlib.roles import Authority, Role, Snapshot, SuccinctRoles, Targets
from trustlib.sources import FromStore
from trustlib.trust import RootTrusted, SnapshotTrusted, Trusted, Verified, verify
from trustlib.trust.agreeing import Prior, matching

MOST: Final = 20_000
"""How many former files are asked for in one go, unless something else is said."""

_GAP: Final = 64  # numbers in a row without a file: there is nothing before them
_EVERY: Final = 16  # states, after which the record is written


def archive(
    collection: str,
    *,
    anchor: Anchor | Pin,
    transport: Transport,
    storage: Storage,
    now: datetime,
    limits: Limits | None = None,
    most: int = MOST,
    progress: Callable[[Progress], None] = nobody,
) -> Archive:
    """Put all that *transport* has of *collection* into *storage*, verified.

    Killed or refused at any moment, the same call goes on; done again later,
    it adds what was published since.

    Args:
        collection: its name.
        anchor: what is trusted of it. Trust on first use is what Docker's
            programs do, and is to be said by name here, too.
        transport: the server; its retries and waiting are its own.
        storage: a place for this one collection, and nothing else.
        now: the reference time (UTC).
        limits: how much may be read, and how fast it must come.
        most: how many former files are asked for in one go.
        progress: is told after each answer.

    Raises:
        TransportError: the server failed. Call again.
        LimitError: there are more former files than *most*. Call again.
        StorageError: the storage failed.
        MalformedError: the storage holds a damaged record.
        WrongCollectionError: the storage is an archive of another collection.
        TrustError: what is current is not to be trusted; nothing was kept.
    """
    limits = limits or Limits()
    run(
        archived(
            ContentTrust(collection),
            anchor,
            now=now,
            limits=limits,
            most=most,
            progress=progress,
        ),
        transport,
        storage,
        limits,
    )
    return Archive.open(storage)


def archived(
    app: ContentTrust,
    anchor: Anchor | Pin,
    *,
    now: datetime,
    limits: Limits,
    most: int,
    progress: Callable[[Progress], None],
) -> Workflow[Record]:
    """Archive the collection of *app*; see :func:`archive`."""
    held = yield Load(RECORD)
    before = None if held is None else of(app.name, held)
    trusted = yield from app.refresh(anchor, now=now, limits=limits)
    everyone = yield from heard(trusted, limits=limits, known={})
    proofs = (*trusted.roles, *everyone.roles[1:])
    work = _Former(app, now.replace(microsecond=0), limits, most, progress)
    if before is not None:
        work.replacing = before.complete
        work.files.update({(one.role, one.sha256): one for one in before.files})
        work.absent |= set(() if before.complete else before.absent)
    work.current = {proof.name: sha256_of(proof.raw) for proof in proofs}
    for proof in proofs:
        yield from work.keep(proof)
    work.left += [Left(role=name, version=None, why=str(why)) for name, why in everyone.refused]
    yield from work.noted()
    yield from work.former(trusted)
    return (yield from work.written(complete=True))


@define
class _Former(Shelf):
    """Looks for former versions.

    Attributes:
        stages: the roots that are vouched for, the newest first.
        authorities: who may, or might, sign for each targets role.
    """

    stages: list[RootTrusted] = field(factory=list[RootTrusted])
    authorities: dict[RoleName, list[Authority]] = field(factory=dict[RoleName, list[Authority]])

    # -- former versions ----------------------------------------------------------------

    def former(self, trusted: Trusted) -> Workflow[None]:
        """Find every former file that some root vouches for."""
        upper = trusted.snapshot
        self.stages = [attrs.evolve(upper.root, now=BEGINNING, prior=Prior())]
        yield from self.former_roots()
        for stage in self.stages:
            self.known(TARGETS, stage.root.role.authority(TARGETS))
        yield from self.below(upper, trusted.targets)
        for count, number in enumerate(self.before(upper.timestamp.timestamp.role.version)):
            raw = yield from self.tried(TIMESTAMP, number, self.limits.timestamp)
            if raw is not None:
                yield from self.state(raw, number)
            if count % _EVERY == 0:
                yield from self.noted()
            if self.nothing_before(TIMESTAMP, number):
                break
        for name in (SNAPSHOT, *self.authorities):
            yield from self.unlisted(name)

    @staticmethod
    def before(version: Version) -> Iterator[Version]:
        """Return the numbers before *version*, the nearest first."""
        return map(Version, range(version - 1, 0, -1))

    def nothing_before(self, role: RoleName, number: Version) -> bool:
        """Return whether so many numbers were absent in a row that there is no more to come."""
        return all((role, Version(number + more)) in self.absent for more in range(_GAP))

    def tried(self, role: RoleName, number: Version, limit: int) -> Workflow[bytes | None]:
        """Return a former file by its number, or None: it is absent, or too long."""
        try:
            return (yield from self.numbered(role, number, limit))
        except TooLongError as error:
            self.refuse(role, number, error)
            return None

    def former_roots(self) -> Workflow[None]:
        for number in self.before(self.stages[0].root.role.version):
            raw = yield from self.tried(ROOT, number, self.limits.root)
            if raw is not None:
                try:
                    stage = former_root(raw, number, self.stages[-1], self.app)
                except TrustError as error:
                    self.refuse(ROOT, number, error)
                else:
                    self.stages.append(stage)
                    yield from self.keep(stage.root)
            if self.nothing_before(ROOT, number):
                return

    def state(self, raw: bytes, number: Version) -> Workflow[None]:
        """Keep a former timestamp, and all that was current with it."""
        why: TrustError | None = None
        for stage in self.stages:
            try:
                timestamp = stage.accept_timestamp(raw)
                _numbered(timestamp.timestamp, number)
            except TrustError as error:
                why = why or error
                continue
            yield from self.keep(timestamp.timestamp)
            try:
                found = yield from self.listed(
                    SNAPSHOT, timestamp.timestamp.role.snapshot, self.limits.snapshot
                )
                upper = timestamp.accept_snapshot(found)
                matching(ROOT, stage.root.raw, upper.listed(ROOT), step="§5.5.2")
            except TrustError as error:
                why = error
                require_answer(error)
                continue
            yield from self.keep(upper.snapshot)
            yield from self.targets_of(upper)
            return
        if why is not None:
            self.refuse(TIMESTAMP, number, why)

    def targets_of(self, upper: SnapshotTrusted) -> Workflow[None]:
        try:
            raw = yield from self.listed(TARGETS, upper.listed(TARGETS), self.limits.targets)
            targets = upper.accept_delegated(raw, TARGETS, upper.root.root)
        except TrustError as error:
            self.refuse(TARGETS, None, error)
            return
        yield from self.keep(targets)
        yield from self.below(upper, targets)

    def below(self, upper: SnapshotTrusted, targets: Verified[Targets]) -> Workflow[None]:
        """Keep every role that *targets* delegates to, and those below them."""
        roles, place = [targets], 0
        while place < len(roles):
            delegator, place = roles[place], place + 1
            for name, authority in _granted(delegator.role):
                self.known(name, authority)
                if name not in upper.snapshot.role.meta or len(roles) > self.limits.delegations:
                    continue
                try:
                    raw = yield from self.listed(name, upper.listed(name), self.limits.targets)
                    role = upper.accept_delegated(raw, name, delegator)
                except TrustError as error:
                    self.refuse(name, None, error)
                else:
                    roles.append(role)
                    yield from self.keep(role)

    def known(self, name: RoleName, authority: Authority) -> None:
        """Note who may sign for *name*."""
        asked = self.authorities.setdefault(name, [])
        if authority not in asked:
            asked.append(authority)

    def unlisted(self, name: RoleName) -> Workflow[None]:
        """Look for versions of *name* that no state listed, by their numbers."""
        there = {one.version for one in self.files.values() if one.role == name}
        for number in self.before(max(there, default=Version(0))):
            if number not in there:
                limit = self.limits.snapshot if name == SNAPSHOT else self.limits.targets
                raw = yield from self.tried(name, number, limit)
                if raw is not None:
                    yield from self.vouched(name, number, raw)
            if self.nothing_before(name, number):
                return

    def vouched(self, name: RoleName, number: Version, raw: bytes) -> Workflow[None]:
        """Keep a former file that some of those who could sign it did sign."""
        kind = Snapshot if name == SNAPSHOT else Targets
        asked = (
            [stage.root.role.authority(SNAPSHOT) for stage in self.stages]
            if name == SNAPSHOT
            else self.authorities[name]
        )
        why: TrustError | None = None
        for authority in asked:
            try:
                proof = verify(self.app.parse(kind, raw, name=name), authority)
                _numbered(proof, number)
            except TrustError as error:
                why = why or error
            else:
                yield from self.keep(proof)
                return
        if why is not None:
            self.refuse(name, number, why)


def former_root(raw: bytes, number: Version, later: RootTrusted, app: ContentTrust) -> RootTrusted:
    """Return the root in *raw* as one that came before *later*, on whose word it is.

    That it signed *later* is not enough: anybody can add a signature to a file.
    *later* must list its keys, as publishers of this format go on to.

    Raises:
        TrustError: it is not one that *later* vouches for.
    """
    stage = first_root(
        raw, format=app, collection=app.name, now=BEGINNING, source=FromStore(later.now)
    )
    _numbered(stage.root, number)
    next_root(stage, later.root.raw, app.name)
    listed = {key.material for key in later.root.role.keys.values()}
    for keyid, key in stage.root.role.authority(ROOT).keys.items():
        if key.material not in listed:
            raise MismatchError(ROOT, "a key that the root after it lists", "one of those", keyid)
    return stage


def _numbered(proof: Verified[Role], number: Version) -> None:
    if proof.role.version != number:
        raise MismatchError(proof.name, "version", number, proof.role.version)


def _granted(role: Targets) -> Iterator[tuple[RoleName, Authority]]:
    if role.delegations is not None and not isinstance(role.delegations.roles, SuccinctRoles):
        yield from role.granted()
