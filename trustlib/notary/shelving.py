"""What an archive has on its shelf, and what is asked for to fill it.

What is there already is not asked for again; and what was asked for is bounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from attrs import define, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import CollectionName, RoleName, StoredName, Version
from trustlib.effects import Fetch, Load, Save, Workflow
from trustlib.errors import (
    ConflictError,
    LimitError,
    NotFoundError,
    StorageError,
    TooLongError,
    TransportError,
    TrustError,
)
from trustlib.limits import Limits
from trustlib.notary.archives import RECORD, Kept, Left, Record
from trustlib.notary.content_trust import ContentTrust
from trustlib.roles import MetaFile, Role
from trustlib.trust import Verified


@frozen(kw_only=True)
class Progress:
    """How far the archiving of one collection is.

    Attributes:
        collection: which.
        path: what was asked for last.
        kept: how many files are in the archive.
        asked: how many were asked for.
    """

    collection: CollectionName
    path: str
    kept: int
    asked: int


def nobody(progress: Progress) -> None:
    """Tell nobody about *progress*."""


@define
class Shelf:
    """What one run has found so far.

    Attributes:
        app: the collection.
        now: the reference time (UTC).
        limits: how much may be read.
        most: how many former files may be asked for.
        progress: who is told.
        current: what is current, by role.
        files: what is in the archive.
        left: what is not, although the server has it.
        absent: numbers that the server has no file for.
        asked: how many former files were asked for.
        replacing: whether the archive was complete before.
    """

    app: ContentTrust
    now: datetime
    limits: Limits
    most: int
    progress: Callable[[Progress], None]
    current: dict[RoleName, str] = field(factory=dict[RoleName, str])
    files: dict[tuple[RoleName, str], Kept] = field(factory=dict[tuple[RoleName, str], Kept])
    left: list[Left] = field(factory=list[Left])
    absent: set[tuple[RoleName, Version]] = field(factory=set[tuple[RoleName, Version]])
    asked: int = 0
    replacing: bool = False
    _last: dict[RoleName, tuple[str, bytes]] = field(factory=dict[RoleName, tuple[str, bytes]])

    # -- what is kept -------------------------------------------------------------------

    def keep(self, proof: Verified[Role]) -> Workflow[None]:
        """Have the file of *proof* in the archive."""
        sha256 = sha256_of(proof.raw)
        one = Kept(
            role=proof.name,
            version=proof.role.version,
            sha256=sha256,
            length=len(proof.raw),
            verified=self.now,
        )
        yield from saved(one.file, proof.raw)
        self.files.setdefault((proof.name, sha256), one)

    def noted(self) -> Workflow[None]:
        """Write down what there is so far, unless that would replace what is complete."""
        if not self.replacing:
            yield from self.written(complete=False)

    def written(self, *, complete: bool) -> Workflow[Record]:
        """Write down what there is."""
        record = Record(
            collection=self.app.name,
            verified=self.now,
            complete=complete,
            current=FrozenMap(self.current),
            files=tuple(sorted(self.files.values(), key=_order)),
            left=tuple(dict.fromkeys(self.left)),
            absent=tuple(sorted(self.absent)),
        )
        yield from saved(RECORD, record.rendered())
        return record

    # -- what is asked for --------------------------------------------------------------

    def numbered(self, role: RoleName, version: Version, limit: int) -> Workflow[bytes | None]:
        """Return the file with that number, or None: neither archive nor server has it."""
        kept = [one for one in self.files.values() if (one.role, one.version) == (role, version)]
        for one in kept:
            raw = yield from self.stored(one)
            if raw is not None:
                return raw
        if (role, version) in self.absent:
            return None
        raw = yield from self.fetched(Fetch(self.app.published(role, version), limit))
        if raw is None:
            self.absent.add((role, version))
        return raw

    def listed(self, role: RoleName, file: MetaFile, limit: int) -> Workflow[bytes]:
        """Return the file that is listed as *file*, from the archive or the server.

        Raises:
            NotFoundError: neither has it.
        """
        sha256 = file.hashes["sha256"]
        last, raw = self._last.get(role, ("", b""))
        if last == sha256:
            return raw
        one = self.files.get((role, sha256))
        found = None if one is None else (yield from self.stored(one))
        if found is None:
            most = limit if file.length is None else min(limit, file.length)
            path = self.app.listed(role, file, consistent=False)
            found = yield from self.fetched(Fetch(path, most))
        if found is None:
            raise NotFoundError(
                role,
                f"the server no longer has the file with the hash {sha256};"
                " archive the collection again, or restore an older archive",
            )
        self._last[role] = sha256, found
        return found

    def stored(self, one: Kept) -> Workflow[bytes | None]:
        """Return a file of the archive, or None if it is missing or damaged."""
        raw = yield Load(one.file)
        return raw if raw is not None and sha256_of(raw) == one.sha256 else None

    def fetched(self, fetch: Fetch) -> Workflow[bytes | None]:
        """Return what the server has there, or None.

        Raises:
            LimitError: enough was asked for.
        """
        if self.asked == self.most:
            yield from self.noted()
            raise LimitError(
                f"former files of {self.app.name} in one go",
                self.most,
                advice="what was verified is kept: archive it again, and it goes on from there",
            )
        self.asked += 1
        raw = yield fetch
        self.progress(
            Progress(
                collection=self.app.name,
                path=fetch.path,
                kept=len(self.files),
                asked=self.asked,
            )
        )
        return raw

    def refuse(self, role: RoleName, version: Version | None, error: TrustError) -> None:
        """Note that a former file is not to be believed; it is not what anybody goes by.

        Raises:
            TrustError: *error* itself, where it says nothing of the file.
        """
        require_answer(error)
        self.left.append(Left(role=role, version=version, why=str(error)))


def require_answer(error: TrustError) -> None:
    """Raise *error* again if it is about who was asked, and not about the answer."""
    ours = isinstance(error, LimitError) and not isinstance(error, TooLongError)
    if ours or isinstance(error, TransportError | StorageError):
        raise error


def saved(name: StoredName, data: bytes) -> Workflow[None]:
    """Have *data* as the file *name* of the archive.

    Raises:
        ConflictError: somebody else writes there at the same time.
    """
    held = yield Load(name)
    if held != data and (yield Save(name, data, held)) is None:
        raise ConflictError(name)


def _order(one: Kept) -> tuple[RoleName, Version, datetime, str]:
    return one.role, one.version, one.verified, one.sha256


def sha256_of(raw: bytes) -> str:
    """Return the hash by which a file is known."""
    return hashlib.sha256(raw).hexdigest()
