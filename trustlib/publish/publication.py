"""The files of a publication, checked and in an order that never shows half of it.

New files get new names, so a client sees none of them until the timestamp
names them. The timestamp is replaced last, and only if it still is the one that
the edit was made on: of several publishers one wins. What clients see besides,
without the timestamp, is a new root; see :mod:`trustlib.publish.handover`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.anchors import Anchor
from trustlib.drive import run
from trustlib.errors import ConflictError, RollbackError, StorageError, TrustError
from trustlib.limits import Limits
from trustlib.ports import (
    AllAtOnce,
    AsyncAllAtOnce,
    AsyncRepositoryStorage,
    RepositoryStorage,
    Request,
    Revision,
    Storage,
    Transport,
)
from trustlib.publish.handover import narrowed
from trustlib.publish.opening import BEGINNING, Timeless, coming_root, numbered_name, taken
from trustlib.publish.parsed import ParsedOnce
from trustlib.publish.partly import at_hand
from trustlib.publish.repository import Repository
from trustlib.publish.seen import revisited, seen_by
from trustlib.publish.storing import Delete, Job, adone, done, put, put_all, revised
from trustlib.storage import MemoryStorage
from trustlib.workflow import latest, refresh


@frozen
class Write:
    """One file to write: where, and what.

    Attributes:
        shown: whether clients see it without being told of it by another file.
    """

    path: str
    data: bytes = field(repr=False)
    shown: bool = False


@frozen(kw_only=True)
class Receipt:
    """What a publication did.

    Attributes:
        repository: the repository as it now is published; the next edit's start.
            Where a :class:`~trustlib.publish.Publisher` read a part of it, the
            rest raises :class:`~trustlib.publish.UnreadError`.
        written: the paths of its files, in the order they were written.
    """

    repository: Repository = field(repr=False)
    written: tuple[str, ...]


@frozen(kw_only=True)
class Publication:
    """Files that clients will accept, in the order in which they must be written.

    Attributes:
        writes: new files first, ``timestamp.json`` last, but for a root that
            must not be seen before it.
        outcome: the repository as it will be.
        replaces: the revision of ``timestamp.json`` that this was made for.
        seamless: whether clients accept what they see between any two writes.
            If not, they refuse the timestamp until its root is there: the keys
            that the root removes did not sign it, or its version is lower.
        passing: files that nobody needs once the rest is written.
        superseded: files that clients ask for now, and not once the rest is written.
    """

    writes: tuple[Write, ...]
    outcome: Repository = field(repr=False)
    replaces: Revision | None
    seamless: bool = True
    passing: tuple[str, ...] = ()
    superseded: tuple[str, ...] = field(default=(), repr=False)

    def apply(self, storage: RepositoryStorage) -> Receipt:
        """Write the files, and return what is published now.

        Until ``timestamp.json`` is written, clients see the repository as it
        was. Interrupted at any point, the same publication can be applied again
        and finishes; or open the repository again, and publish your edit of
        that. No role's file is removed: clients walk from old roots to new ones
        (§6.2.1).

        Raises:
            ConflictError: somebody published in between; clients see theirs.
            StorageError: the storage failed.
        """
        at_once = isinstance(storage, AllAtOnce)
        return done(self._applied_at_once() if at_once else self._applied(), storage)

    async def aapply(self, storage: AsyncRepositoryStorage) -> Receipt:
        """:meth:`apply`, to await."""
        at_once = isinstance(storage, AsyncAllAtOnce)
        return await adone(self._applied_at_once() if at_once else self._applied(), storage)

    def _applied(self) -> Job[Receipt]:
        timestamp = _path(self.outcome, TIMESTAMP)
        revision = yield from self._unchanged(timestamp)
        for write in self.writes:
            if write.shown and write.path != timestamp:  # it cannot be taken back
                there = yield from revised(write.path)
                if there is not None and there.data == write.data:
                    continue  # somebody who found it waiting put it there for us
                yield from self._unchanged(timestamp)
            replacing = self.replaces if write.path == timestamp else None
            written = yield from put(write.path, write.data, replacing=replacing)
            if written is None:
                there = yield from revised(write.path)
                if there is None or there.data != write.data:
                    raise ConflictError(write.path)
                written = there.revision
            if write.path == timestamp:
                revision = written
        for path in self.passing:
            with suppress(StorageError):  # it is published; whoever comes next tries this again
                yield Delete(path)
        return self._receipt(revision, tuple(write.path for write in self.writes))

    def _applied_at_once(self) -> Job[Receipt]:
        timestamp = _path(self.outcome, TIMESTAMP)
        files = {write.path: write.data for write in self.writes if write.path not in self.passing}
        dropping = (*self.superseded, *self.passing)
        revision = yield from put_all(
            files, dropping=dropping, path=timestamp, replacing=self.replaces
        )
        if revision is None:
            for path, data in files.items():  # unless it was us, and nobody could tell us so
                there = yield from revised(path)
                if there is None or there.data != data:
                    raise ConflictError(path)
                revision = there.revision if path == timestamp else revision
        return self._receipt(revision, tuple(files), without=dropping)

    def _receipt(
        self, revision: Revision | None, written: tuple[str, ...], without: tuple[str, ...] = ()
    ) -> Receipt:
        published, gone = self.outcome.published, taken(without)
        left = {
            name: versions - gone.get(name, frozenset())
            for name, versions in published.taken.items()
        }
        numbers = FrozenMap({name: versions for name, versions in left.items() if versions})
        published = attrs.evolve(published, timestamp=revision, taken=numbers)
        return Receipt(repository=attrs.evolve(self.outcome, published=published), written=written)

    def _unchanged(self, path: str) -> Job[Revision | None]:
        """Return the revision of *path*, which is the one to replace or our own work.

        Raises:
            ConflictError: somebody published in between.
        """
        found = yield from revised(path)
        revision = None if found is None else found.revision
        ours = found is not None and (path, found.data) in {(w.path, w.data) for w in self.writes}
        if revision != self.replaces and not ours:
            raise ConflictError(path)
        return revision


def checked(
    before: Repository,
    outcome: Repository,
    files: Mapping[RoleName, bytes],
    *,
    now: datetime,
    limits: Limits,
) -> Publication:
    """Return the publication of *files*, once a client has accepted them.

    The client has seen *before* and comes back at *now*; then it visits every
    role whose file is another, or for which others may sign. All other roles it
    accepted when *before* was opened or published, on the same word; of those it
    looks at the time (see :mod:`trustlib.publish.seen`).

    Raises:
        TrustError: what that client raised.
    """
    old = before.published.files
    new = old.including(files)
    # The client comes back to files that it has seen, and reads them once.
    earlier = ParsedOnce.knowing(before.format, before.published.seen.documents.values())
    later = earlier if outcome.format == before.format else ParsedOnce(outcome.format)
    shown, coming = AsPublished(before, old), AsPublished(outcome, new)
    narrows = ROOT in files and TIMESTAMP in files and bool(narrowed(before.root, outcome.root))
    anchor = Anchor.root(old[ROOT] if ROOT in old else files[ROOT])
    memory = MemoryStorage()
    if old:
        back = latest(anchor, now=BEGINNING, as_of=BEGINNING, limits=limits, format=earlier)
        run(back, shown, memory, limits)
    seamless = not narrows or _accepted(
        before, AsPublished(outcome, new.excluding(ROOT)), MemoryStorage(memory.files), now, limits
    )
    client = refresh(anchor, now=now, limits=limits, format=later)
    trusted = run(client, coming, memory, limits)
    gone = {*old} - {ROOT, SNAPSHOT, TIMESTAMP} - {*at_hand(outcome.targets)}
    left = new.excluding(*gone) if gone else new
    changes = revisited(trusted, before.published.seen, left, limits=limits)
    proofs = run(changes, coming, memory, limits)
    in_part = at_hand(outcome.targets) is not outcome.targets

    writes, passing = _ordered(before, outcome, files, narrows=narrows)
    numbers = {
        name: versions | before.published.taken.get(name, frozenset())
        for name, versions in taken(write.path for write in writes).items()
    }
    published = attrs.evolve(
        before.published,
        files=left,
        taken=before.published.taken.including(numbers),
        coming=None,
        waiting=tuple(path for path in before.published.waiting if path not in passing),
        seen=seen_by(trusted, proofs, later, *(proofs.values() if in_part else ())),
    )
    return Publication(
        writes=writes,
        outcome=attrs.evolve(outcome, published=published),
        replaces=before.published.timestamp,
        seamless=seamless,
        passing=passing,
        superseded=_superseded(before, outcome, {*files, *gone}),
    )


def _superseded(
    before: Repository, outcome: Repository, others: AbstractSet[RoleName]
) -> tuple[str, ...]:
    """Return the paths of files that only clients of *before* ask for; *others* are different."""
    there = before.published.files.keys() - {ROOT}
    if before.root.consistent_snapshot == outcome.root.consistent_snapshot:
        there &= others
    then = {_path(outcome, name) for name in there if _is_role(outcome, name)}
    return tuple(sorted({_path(before, name) for name in there} - then))


def _ordered(
    before: Repository, outcome: Repository, files: Mapping[RoleName, bytes], *, narrows: bool
) -> tuple[tuple[Write, ...], tuple[str, ...]]:
    """Return what is to be written, in that order, and what nobody needs afterwards."""
    writes = [
        *_left_over(before),
        *_copies(before, outcome, files),
        *(_write(outcome, name, files[name]) for name in sorted(files, key=_turn)),
    ]
    # With another timestamp, no root that waited for an earlier one can come any more.
    passing = before.published.waiting if TIMESTAMP in files else ()
    if before.published.coming is not None:
        passing = (*passing, before.published.coming)
    if narrows:
        root, timestamp = writes[-2:]
        waits = Write(coming_root(timestamp.data), root.data)
        writes = [*writes[:-2], waits, timestamp, root]
        passing = (*passing, waits.path)
    return tuple(writes), passing


def remember(repository: Repository, *, anchor: Anchor, memory: Storage, limits: Limits) -> None:
    """Let the client with this *memory* see *repository*, which was published just now.

    Else its storage could be put back to what it was before, and would be
    believed: nobody here has seen anything newer.

    Raises:
        TrustError: as :meth:`trustlib.Updater.refresh`.
    """
    shown = AsPublished(repository, repository.published.files)
    client = refresh(anchor, now=BEGINNING, limits=limits, format=repository.format)
    with suppress(RollbackError):  # somebody who shares it has seen something newer already
        run(client, shown, Timeless(memory), limits)


def _accepted(
    before: Repository,
    shown: Transport,
    memory: MemoryStorage,
    now: datetime,
    limits: Limits,
) -> bool:
    """Return whether clients of the old root accept what is *shown*, if they go on at all."""
    anchor = Anchor.root(before.published.files[ROOT])
    client = refresh(anchor, now=now, limits=limits, format=before.format)
    try:
        run(client, shown, memory, limits)
    except TrustError:
        return False
    return True


def _left_over(before: Repository) -> Iterator[Write]:
    """Put a root into its place that the publisher before us left on the way."""
    if before.published.coming is not None:
        yield _write(before, ROOT, before.published.files[ROOT])


def _copies(
    before: Repository, outcome: Repository, files: Mapping[RoleName, bytes]
) -> Iterator[Write]:
    """Give every file a numbered name, where it had none: new clients look there.

    Those that are signed anew, too, because the root may be there before the
    timestamp is; but for those whose name somebody else's file has.
    """
    if before.root.consistent_snapshot or not outcome.root.consistent_snapshot:
        return
    numbered = attrs.evolve(before, root=outcome.root)
    for name, raw in before.published.files.items():
        taken = before.published.taken.get(name, frozenset())
        if name not in (ROOT, TIMESTAMP) and not (
            name in files and _version(before, name) in taken
        ):
            yield Write(_path(numbered, name), raw)


def _turn(name: RoleName) -> int:
    """Order the files so that what is named is there before what names it.

    Root comes as late as can be: clients see it at once, and then go on to the
    timestamp that it must vouch for.
    """
    return {SNAPSHOT: 1, ROOT: 2, TIMESTAMP: 3}.get(name, 0)


def _write(repository: Repository, name: RoleName, raw: bytes) -> Write:
    return Write(_path(repository, name), raw, shown=name in (ROOT, TIMESTAMP))


def _version(repository: Repository, name: RoleName) -> Version:
    match name:
        case "root":
            return repository.root.version
        case "snapshot" if repository.snapshot is not None:
            return repository.snapshot.version
        case "timestamp" if repository.timestamp is not None:
            return repository.timestamp.version
        case _:
            return repository.targets[name].version


def _is_role(repository: Repository, name: RoleName) -> bool:
    return name in (ROOT, SNAPSHOT, TIMESTAMP) or name in repository.targets


def _path(repository: Repository, name: RoleName) -> str:
    numbered = name == ROOT or (name != TIMESTAMP and repository.root.consistent_snapshot)
    version = _version(repository, name) if numbered else None  # §6.2.1
    return plain(repository.format.published(name, version))


@frozen
class AsPublished:
    """A repository's files as clients would fetch them, each at the path where they look for it."""

    repository: Repository
    files: Mapping[RoleName, bytes]

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """See :meth:`trustlib.ports.Transport.fetch`."""
        path = plain(request.path)
        numbered, bare = numbered_name(path), RoleName(path.removesuffix(".json"))
        for name in (bare, *(() if numbered is None else numbered[:1])):
            there = name in self.files and _is_role(self.repository, name)
            if there and _path(self.repository, name) == path:
                return iter((self.files[name],))
        return None
