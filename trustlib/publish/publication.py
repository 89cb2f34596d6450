"""The files of a publication, checked and in an order that never shows half of it.

New files get new names, so a client sees none of them until the timestamp
names them. The timestamp is replaced last, and only if it still is the one that
the edit was made on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.anchors import Anchor
from trustlib.drive import run
from trustlib.errors import ConflictError
from trustlib.limits import Limits
from trustlib.ports import RepositoryStorage, Request, Revision
from trustlib.publish.opening import BEGINNING
from trustlib.publish.repository import Repository
from trustlib.storage import MemoryStorage
from trustlib.workflow import refresh, walk


@frozen
class Write:
    """One file to write: where, and what."""

    path: str
    data: bytes = field(repr=False)


@frozen(kw_only=True)
class Receipt:
    """What a publication did.

    Attributes:
        repository: the repository as it now is published; the next edit's start.
        written: the paths of its files, in the order they were written.
    """

    repository: Repository = field(repr=False)
    written: tuple[str, ...]


@frozen(kw_only=True)
class Publication:
    """Files that clients will accept, in the order in which they must be written.

    Attributes:
        writes: new files first, ``timestamp.json`` last.
        outcome: the repository as it will be.
        replaces: the revision of ``timestamp.json`` that this was made for.
    """

    writes: tuple[Write, ...]
    outcome: Repository = field(repr=False)
    replaces: Revision | None

    def apply(self, storage: RepositoryStorage) -> Receipt:
        """Write the files, and return what is published now.

        Until the last write, clients see the repository as it was. Interrupted
        at any point, the same publication can be applied again and finishes.
        Nothing is removed: clients walk from old roots to new ones (§6.2.1).

        Raises:
            ConflictError: somebody published in between; clients see theirs.
            StorageError: the storage failed.
        """
        timestamp, root = _path(self.outcome, TIMESTAMP), _path(self.outcome, ROOT)
        revision = self._unchanged(storage, timestamp)
        for write in self.writes:
            if write.path == root:  # clients see it at once, and it cannot be taken back
                self._unchanged(storage, timestamp)
            replacing = self.replaces if write.path == timestamp else None
            written = storage.write(write.path, write.data, replacing=replacing)
            if written is None:
                there = storage.read(write.path)
                if there is None or there.data != write.data:
                    raise ConflictError(write.path)
                written = there.revision
            if write.path == timestamp:
                revision = written
        return Receipt(
            repository=attrs.evolve(
                self.outcome, published=attrs.evolve(self.outcome.published, timestamp=revision)
            ),
            written=tuple(write.path for write in self.writes),
        )

    def _unchanged(self, storage: RepositoryStorage, path: str) -> Revision | None:
        """Return the revision of *path*, which is the one to replace or our own work.

        Raises:
            ConflictError: somebody published in between.
        """
        found = storage.read(path)
        revision = None if found is None else found.revision
        ours = found is not None and Write(path, found.data) in self.writes
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
    role there is.

    Raises:
        TrustError: what that client raised.
    """
    old = before.published.files
    new = old.including(files)
    there = _paths(before, old)
    coming = _paths(outcome, new)
    anchor = Anchor.root(old[ROOT] if ROOT in old else files[ROOT])
    memory = MemoryStorage()
    if old:
        seen = refresh(anchor, now=BEGINNING, limits=limits, format=before.format)
        run(seen, _Shown(there), memory, limits)
    client = refresh(anchor, now=now, limits=limits, format=outcome.format)
    trusted = run(client, _Shown(coming), memory, limits)
    run(walk(trusted, limits=limits), _Shown(coming), memory, limits)

    taken = before.published.taken
    numbered = {
        name: taken.get(name, frozenset()) | {_version(outcome, name)}
        for name in files
        if name != TIMESTAMP
    }
    published = attrs.evolve(
        before.published,
        files=FrozenMap({name: raw for name, raw in new.items() if _is_role(outcome, name)}),
        taken=taken.including(numbered),
    )
    return Publication(
        writes=tuple(Write(_path(outcome, name), files[name]) for name in sorted(files, key=_turn)),
        outcome=attrs.evolve(outcome, published=published),
        replaces=before.published.timestamp,
    )


def _turn(name: RoleName) -> int:
    """Order the files so that what is named is there before what names it.

    Root comes as late as can be: clients see it at once, and then go on to the
    timestamp that it must vouch for.
    """
    return {SNAPSHOT: 1, ROOT: 2, TIMESTAMP: 3}.get(name, 0)


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
    version = None if name == TIMESTAMP else _version(repository, name)  # §6.2.1
    return plain(repository.format.published(name, version))


def _paths(repository: Repository, files: Mapping[RoleName, bytes]) -> dict[str, bytes]:
    return {
        _path(repository, name): raw for name, raw in files.items() if _is_role(repository, name)
    }


@frozen
class _Shown:
    """Files as a client would fetch them."""

    files: Mapping[str, bytes]

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        data = self.files.get(plain(request.path))
        return None if data is None else iter((data,))
