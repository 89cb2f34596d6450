"""What is removed could not be used by anybody.

A file of an earlier version is removed once it has expired: from then on every
client refuses it, whatever it read before. That moment is signed, in the file
itself, so it is the same on every storage and survives every copy. Roots stay,
because clients walk from the oldest to the newest (§6.2.1); so does what is
current, the version before it, and everything that is not known to be a role's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import frozen

from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.errors import MalformedError
from trustlib.limits import Limits
from trustlib.ports import AsyncRepositoryStorage, RepositoryStorage
from trustlib.publish.opening import Opened, Reading
from trustlib.publish.storing import Delete, Job, adone, done, revised
from trustlib.roles import Snapshot, Targets
from trustlib.wire import TUF_JSON


@frozen(kw_only=True)
class Prunable:
    """Files that are of no use any more.

    Attributes:
        paths: those, in the order in which they are removed.
    """

    paths: tuple[str, ...]

    def removed_from(self, storage: RepositoryStorage) -> tuple[str, ...]:
        """Remove the files from *storage*, and return their paths.

        Interrupted at any point, nothing is worse than before, and the rest can
        be removed another time. What others publish meanwhile is not touched:
        a number is never used twice.

        Raises:
            StorageError: the storage failed.
        """
        return done(self._removed(), storage)

    async def aremoved_from(self, storage: AsyncRepositoryStorage) -> tuple[str, ...]:
        """:meth:`removed_from`, to await."""
        return await adone(self._removed(), storage)

    def _removed(self) -> Job[tuple[str, ...]]:
        for path in self.paths:
            yield Delete(path)
        return self.paths


def prunable(
    storage: RepositoryStorage,
    *,
    anchor: Anchor,
    now: datetime,
    older_than: timedelta,
    limits: Limits | None = None,
    format: Format = TUF_JSON,
) -> Prunable:
    """Return the files of earlier versions that expired more than *older_than* before *now*.

    The repository is opened as a client would open it; what is not sound is not
    pruned. The newest of the earlier versions of each role stays in any case,
    as the witness of the numbers that were used.

    Args:
        storage: where the repository is published.
        anchor: what is trusted to begin with.
        now: the reference time (UTC).
        older_than: how long ago they must have expired: longer than clocks of
            clients are behind, and than an update takes.
        limits: how much may be read.
        format: how files are written.

    Raises:
        ValueError: *now* has no time zone, or *older_than* is below zero.
        TrustError: as :meth:`Repository.open`.
    """
    pruning = _pruning(anchor, now, older_than, limits, format)
    return done(pruning.found(), storage)


async def aprunable(
    storage: AsyncRepositoryStorage,
    *,
    anchor: Anchor,
    now: datetime,
    older_than: timedelta,
    limits: Limits | None = None,
    format: Format = TUF_JSON,
) -> Prunable:
    """:func:`prunable`, to await."""
    pruning = _pruning(anchor, now, older_than, limits, format)
    return await adone(pruning.found(), storage)


def prune(
    storage: RepositoryStorage,
    *,
    anchor: Anchor,
    now: datetime,
    older_than: timedelta,
    limits: Limits | None = None,
    format: Format = TUF_JSON,
) -> tuple[str, ...]:
    """Remove what is :func:`prunable`, and return the paths.

    Raises:
        ValueError: as :func:`prunable`.
        TrustError: as :func:`prunable`.
    """
    found = prunable(
        storage, anchor=anchor, now=now, older_than=older_than, limits=limits, format=format
    )
    return found.removed_from(storage)


async def aprune(
    storage: AsyncRepositoryStorage,
    *,
    anchor: Anchor,
    now: datetime,
    older_than: timedelta,
    limits: Limits | None = None,
    format: Format = TUF_JSON,
) -> tuple[str, ...]:
    """:func:`prune`, to await."""
    found = await aprunable(
        storage, anchor=anchor, now=now, older_than=older_than, limits=limits, format=format
    )
    return await found.aremoved_from(storage)


def _pruning(
    anchor: Anchor, now: datetime, older_than: timedelta, limits: Limits | None, format: Format
) -> _Pruning:
    if now.tzinfo is None:
        raise ValueError("now must say which time zone it is in")
    if older_than < timedelta(0):
        raise ValueError(f"older_than: expected a time of at least zero, got {older_than}")
    limits = limits or Limits()
    reading = Reading(anchor=anchor, limits=limits, format=format, memory=None, now=None)
    return _Pruning(reading=reading, before=now - older_than)


@frozen(kw_only=True)
class _Pruning:
    """What is looked for.

    Attributes:
        before: when a file must have expired (UTC).
    """

    reading: Reading
    before: datetime

    def found(self) -> Job[Prunable]:
        opened = yield from self.reading.opened()
        paths: list[str] = []
        for name, versions in _superseded(opened):
            for version in versions:
                expires = yield from self._expiry(name, version)
                if expires is None:
                    continue  # none of ours
                if expires > self.before:
                    break  # nor will those that were signed after it have expired
                paths.append(self._path(name, version))
        return Prunable(paths=tuple(paths))

    def _path(self, name: RoleName, version: Version) -> str:
        return plain(self.reading.format.published(name, version))

    def _expiry(self, name: RoleName, version: Version) -> Job[datetime | None]:
        """Return when that version expires; None if it is not what its name says."""
        found = yield from revised(self._path(name, version))
        if found is None:
            return None
        kind = Snapshot if name == SNAPSHOT else Targets
        try:
            role = self.reading.format.parse(kind, found.data, name=name).unverified
        except MalformedError:
            return None
        return role.expires if role.version == version else None


def _superseded(opened: Opened) -> Iterator[tuple[RoleName, list[Version]]]:
    """Return the numbers below each role's current one, without the last, the oldest first."""
    upper = opened.trusted.snapshot
    if not upper.root.root.role.consistent_snapshot:
        return  # numbers mean nothing there
    current = {
        name: entry.version
        for name, entry in upper.snapshot.role.meta.items()
        if entry.version is not None
    }
    current[SNAPSHOT] = upper.snapshot.role.version
    for name, version in current.items():
        if name not in (ROOT, TIMESTAMP):
            taken = opened.published.taken.get(name, frozenset())
            yield name, sorted(n for n in taken if n < version)[:-1]
