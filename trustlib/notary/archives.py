"""All that a trust server had of one collection, on a disk, for when there is no server any more.

An archive is a client's store, and beside what a client keeps: every file that
was verified, by its hash, and a record of what they are and when that was. It
is a place to read the collection from, and what is read there is verified
again; the time to do that at is the one in the record, whatever the time is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Self

from attrs import frozen

from trustlib import _paths
from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, JsonLike
from trustlib._json import Cursor, read
from trustlib._types import ROOT, CollectionName, RoleName, StoredName, Version
from trustlib.anchors import Anchor, Pin
from trustlib.content import Naming, PerOrganisation
from trustlib.errors import StorageError, TransportError, WrongCollectionError
from trustlib.limits import Limits
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.reading import is_delegated
from trustlib.ports import Request, Storage
from trustlib.storage import MemoryStorage
from trustlib.transport._urls import plain_path
from trustlib.updater import Updater

RECORD: Final = StoredName("archive.json")
"""The file that says what is in an archive."""

_KIND: Final = "trustlib archive of a trust collection 1"
_SPELLED: Final = "%Y-%m-%dT%H:%M:%SZ"
_ADDRESS: Final = re.compile(
    r"(?:(?P<version>0*[1-9][0-9]{0,15})\.)?(?P<role>[-a-z0-9_/]+)(?:\.(?P<sha256>[0-9a-f]{64}))?\.json",
    re.ASCII,
)
_TOP: Final = frozenset({"root", "timestamp", "snapshot", "targets"})


@frozen(kw_only=True)
class Kept:
    """One file of an archive.

    Attributes:
        role: what it is of.
        version: as it says itself.
        sha256: its hash, and so its name.
        length: in bytes.
        verified: the reference time (UTC) at which it was first verified.
    """

    role: RoleName
    version: Version
    sha256: str
    length: int
    verified: datetime

    @property
    def file(self) -> StoredName:
        """Where in the archive it is."""
        return file_of(self.role, self.sha256)


@frozen(kw_only=True)
class Left:
    """What the server has and the archive has not.

    Attributes:
        role: what it would be of.
        version: which one; None where a file was asked for by its hash.
        why: what was wrong with it, in a sentence.
    """

    role: RoleName
    version: Version | None
    why: str


@frozen(kw_only=True)
class Record:
    """What is in an archive.

    Attributes:
        collection: whose files they are.
        verified: the time (UTC) at which all that is current was verified together.
        complete: whether all that could be reached had been looked for.
        current: what was current then: hashes by role.
        files: what is there, former versions included.
        left: what is not, although the server has it.
        absent: numbers of roles that the server has no file for.
    """

    collection: CollectionName
    verified: datetime
    complete: bool
    current: FrozenMap[RoleName, str]
    files: tuple[Kept, ...]
    left: tuple[Left, ...]
    absent: tuple[tuple[RoleName, Version], ...]

    def rendered(self) -> bytes:
        """Return the file that says this."""
        value: dict[str, JsonLike] = {
            "kind": _KIND,
            "collection": self.collection,
            "verified": _spelled(self.verified),
            "complete": self.complete,
            "current": dict(self.current.items()),
            "files": [
                {
                    "role": one.role,
                    "version": one.version,
                    "sha256": one.sha256,
                    "length": one.length,
                    "verified": _spelled(one.verified),
                }
                for one in self.files
            ],
            "left": [
                {"role": one.role, "version": one.version, "why": one.why} for one in self.left
            ],
            "absent": [{"role": role, "version": version} for role, version in self.absent],
        }
        return (compact(value) + "\n").encode()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the record that :meth:`rendered` wrote.

        Raises:
            MalformedError: *raw* is something else, or contradicts itself.
        """
        at = read(raw, RECORD)
        if at.at("kind").value != _KIND:
            raise at.at("kind").wrong(repr(_KIND))
        files = tuple(map(_kept, at.at("files").elements()))
        there = {(one.role, one.sha256) for one in files}
        current: dict[RoleName, str] = {}
        for name, sha256 in at.at("current").items():
            if (RoleName(name), sha256.value) not in there:
                raise sha256.wrong(f"the hash of a file of {name} that is in the archive")
            current[RoleName(name)] = sha256.text()
        return cls(
            collection=CollectionName(at.at("collection").text()),
            verified=at.at("verified").time(),
            complete=at.at("complete").flag(),
            current=FrozenMap(current),
            files=files,
            left=tuple(map(_left, at.at("left").elements())),
            absent=tuple(map(_absent, at.at("absent").elements())),
        )


def _spelled(moment: datetime) -> str:
    return moment.strftime(_SPELLED)


def _role(at: Cursor) -> RoleName:
    if at.text() not in _TOP and not is_delegated(at.text()):
        raise at.wrong("the name of a role")
    return RoleName(at.text())


def _kept(at: Cursor) -> Kept:
    return Kept(
        role=_role(at.at("role")),
        version=Version(at.at("version").integer(1)),
        sha256=at.at("sha256").hex(64),
        length=at.at("length").integer(0),
        verified=at.at("verified").time(),
    )


def _left(at: Cursor) -> Left:
    version = at.at("version")
    return Left(
        role=_role(at.at("role")),
        version=None if version.value is None else Version(version.integer(1)),
        why=at.at("why").text(),
    )


def _absent(at: Cursor) -> tuple[RoleName, Version]:
    return _role(at.at("role")), Version(at.at("version").integer(1))


def file_of(role: RoleName, sha256: str) -> StoredName:
    """Return where in an archive the file of *role* with that hash is."""
    return StoredName(f"files/{_paths.stored(RoleName(f'{role}.{sha256}'))}")


@frozen
class Archive:
    """A complete archive, to read a collection from. A :class:`~trustlib.ports.Transport`.

    Attributes:
        storage: where it is: a :class:`~trustlib.FileStorage`, say.
        record: what is in it.
        sha256: what the file of the record hashes to. Write it down in another
            place: it stands for all that is in the archive.
    """

    storage: Storage
    record: Record
    sha256: str

    @classmethod
    def open(cls, storage: Storage, *, sha256: str | None = None) -> Self:
        """Return the archive in *storage*.

        Args:
            storage: where :func:`~trustlib.notary.archive` wrote to.
            sha256: what was written down of it; None: nothing was. Without it,
                who can write to *storage* can have it say that an earlier
                state was verified at another time: every file is verified
                anew, but the time is what the record says.

        Raises:
            StorageError: there is no archive, or no complete one, or it is not
                the one with that hash.
            MalformedError: its record is damaged.
        """
        raw = storage.load(RECORD)
        if raw is None:
            raise StorageError(RECORD, "there is no archive here; archive the collection first")
        got = hashlib.sha256(raw).hexdigest()
        if sha256 not in (None, got):
            raise StorageError(
                RECORD, f"expected the hash {sha256}, got {got}: it is another archive, or changed"
            )
        record = Record.parse(raw)
        if not record.complete:
            raise StorageError(RECORD, "the archive is not complete; go on archiving first")
        return cls(storage, record, got)

    @property
    def format(self) -> ContentTrust:
        """How the collection's files are written and called."""
        return ContentTrust(self.record.collection)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The roots, in order: what a bridge to another collection begins at.

        Raises:
            StorageError: a file is missing.
        """
        listed = [one for one in self.record.files if one.role == ROOT]
        return tuple(map(self._loaded, sorted(listed, key=lambda one: one.version)))

    def clock(self) -> datetime:
        """Return the time at which all of this was verified, always the same."""
        return self.record.verified

    def updater(self, anchor: Anchor | Pin, *, limits: Limits | None = None) -> Updater:
        """Return who answers from this archive, for ever, as of the time of its record.

        It has a store of its own, in memory: what it sees is no floor for
        anybody else, and no other client's clock is set back.

        Args:
            anchor: what is trusted of the collection.
            limits: how much may be read.
        """
        return Updater(
            anchor=anchor,
            transport=self,
            storage=MemoryStorage(),
            names=_names(self.format),
            limits=limits or Limits(),
            format=self.format,
            clock=self.clock,
        )

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return what the server would have answered then, in one piece.

        By hash, by number, or by name alone, which is the current one.

        Raises:
            TransportError: the file is missing in the archive.
            StorageError: the storage failed.
        """
        kept = self._meant(request)
        return None if kept is None else iter((self._loaded(kept)[request.offset :],))

    def _meant(self, request: Request) -> Kept | None:
        asked = _ADDRESS.fullmatch("/".join(plain_path(request.path, RECORD)))
        if asked is None:
            return None
        role, version = RoleName(asked["role"]), asked["version"]
        sha256 = asked["sha256"]
        if sha256 is None and version is None:
            sha256 = self.record.current.get(role)
        return next(
            (
                one
                for one in reversed(self.record.files)
                if one.role == role
                and (one.sha256 == sha256 if version is None else one.version == int(version))
            ),
            None,
        )

    def _loaded(self, kept: Kept) -> bytes:
        raw = self.storage.load(kept.file)
        if raw is None:
            missing = "the archive lists it and does not have it"
            raise TransportError(kept.file, missing, advice="restore it from a copy of the archive")
        return raw


def _names(app: ContentTrust) -> Naming:
    """Return the names of images; where a collection is not about images, nobody asks for any."""
    try:
        return app.names
    except ValueError:
        return PerOrganisation()


def of(collection: CollectionName, raw: bytes) -> Record:
    """Return the record in *raw*, which must be about *collection*.

    Raises:
        MalformedError: it is no record.
        WrongCollectionError: it is about another one.
    """
    record = Record.parse(raw)
    if record.collection != collection:
        raise WrongCollectionError(ROOT, collection, record.collection)
    return record
