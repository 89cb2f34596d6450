"""Reading a published repository back, with the eyes of a client.

A publisher trusts its storage no more than a client does. Only the time is not
looked at, unless somebody says which: a repository that has expired must be
mended, and so opened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, StoredName, Version
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.errors import ConflictError, MalformedError, TrustError
from trustlib.limits import Limits
from trustlib.ports import Revision, Storage
from trustlib.publish.parsed import ParsedOnce
from trustlib.publish.seen import NOTHING_SEEN, Seen, seen_by
from trustlib.publish.storing import Files, Job, listed, looked_at, revised
from trustlib.roles import Root, Targets
from trustlib.storage import MemoryStorage
from trustlib.trust import Trusted, Verified
from trustlib.workflow import CLOCK, refresh, walk

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""The reference time at which nothing has expired yet."""

_NUMBERED = re.compile(r"([1-9][0-9]{0,15})\.(.+)\.json", re.ASCII | re.DOTALL)
_WAITING = re.compile(r"coming/[0-9a-f]{64}\.root\.json", re.ASCII)
_MOVES: Final = 100
"""How often others may publish while we read, before that is an error."""


@frozen(kw_only=True)
class Published:
    """What a storage held when the repository was opened.

    Attributes:
        files: the current file of every role.
        timestamp: the revision of ``timestamp.json``; what a publication replaces.
        taken: the numbers that files of each role have, also where a publisher
            that was killed left them behind. Numbers are not used twice.
        coming: where the newest root was found, if whoever published it was
            stopped before it got its name; the next publication gives it that.
        waiting: where other roots lie that publishers who were stopped left;
            they are nobody's once the timestamp is another.
        seen: what a client made of *files*; it is known where that was done.
    """

    files: FrozenMap[RoleName, bytes] = field(factory=FrozenMap[RoleName, bytes], repr=False)
    timestamp: Revision | None = None
    taken: FrozenMap[RoleName, frozenset[Version]] = field(
        factory=FrozenMap[RoleName, frozenset[Version]], repr=False
    )
    coming: str | None = None
    waiting: tuple[str, ...] = ()
    seen: Seen = field(default=NOTHING_SEEN, eq=False, repr=False)


@frozen(kw_only=True)
class Opened:
    """A repository as it was found: every role verified, and where it lay."""

    trusted: Trusted
    targets: Mapping[RoleName, Verified[Targets]]
    published: Published


@frozen(kw_only=True)
class Reading:
    """How a repository is read back.

    Attributes:
        anchor: what is trusted to begin with.
        limits: how much may be read.
        format: how its files are written.
        memory: what a client on the publisher's machine remembers, if anything.
        now: when it must not have expired (UTC); None: whenever.
    """

    anchor: Anchor
    limits: Limits
    format: Format
    memory: Storage | None
    now: datetime | None

    def opened(self) -> Job[Opened]:
        """Return what the storage holds, delegated roles included.

        Raises:
            TrustError: as :meth:`trustlib.Updater.refresh`, of any role.
        """
        memory: Storage = MemoryStorage() if self.memory is None else self.memory
        if self.now is None:
            memory = Timeless(memory)
        path = plain(self.format.published(TIMESTAMP, None))
        for _ in range(_MOVES):
            files = Files()
            try:
                return (yield from self._found(files, memory))
            except TrustError:
                # Somebody may have published while we read: then what we saw never was.
                seen, there = files.read.get(path), (yield from revised(path))
                if there == seen:
                    raise
        raise ConflictError(path)

    def _found(self, files: Files, memory: Storage) -> Job[Opened]:
        path = plain(self.format.published(TIMESTAMP, None))
        coming = yield from expecting(files, path, self.format)
        now = BEGINNING if self.now is None else self.now
        once = ParsedOnce(self.format)
        client = refresh(self.anchor, now=now, limits=self.limits, format=once)
        trusted = yield from looked_at(client, files, memory)
        targets = yield from looked_at(walk(trusted, limits=self.limits), files, memory)
        upper, last = trusted.snapshot, files.read[path]
        paths = yield from listed()
        published = Published(
            files=FrozenMap(
                {
                    ROOT: upper.root.root.raw,
                    TIMESTAMP: upper.timestamp.timestamp.raw,
                    SNAPSHOT: upper.snapshot.raw,
                    **{name: proof.raw for name, proof in targets.items()},
                }
            ),
            timestamp=None if last is None else last.revision,
            taken=taken(paths),
            coming=coming if files.stood_in else None,
            waiting=tuple(sorted(path for path in paths if _WAITING.fullmatch(path))),
            seen=seen_by(trusted, FrozenMap(targets), once),
        )
        return Opened(trusted=trusted, targets=targets, published=published)


def expecting(files: Files, timestamp: str, format: Format) -> Job[str | None]:
    """Count a root that waits for this timestamp as one that is there already.

    Returns where it was found, or None.
    """
    first = yield from files.at(timestamp)
    if first is None:
        return None
    path = coming_root(first.data)
    if (waiting := (yield from files.at(path))) is None:
        return None
    try:
        version = format.parse(Root, waiting.data).unverified.version
    except MalformedError:
        return None  # none of ours
    files.standing_in = {plain(format.published(ROOT, version)): waiting}
    return path


def coming_root(timestamp: bytes) -> str:
    """Return where the root lies that becomes valid with the file *timestamp*.

    A root that takes keys away must not be seen before that timestamp, which is
    signed for it. So it waits here, under a name that only that timestamp has,
    and whoever finds both may put it into its place.
    """
    return f"coming/{hashlib.sha256(timestamp).hexdigest()}.root.json"


def taken(paths: Iterable[str]) -> FrozenMap[RoleName, frozenset[Version]]:
    """Return the numbers under which each role has a file among *paths*."""
    found: dict[RoleName, set[Version]] = {}
    for path in paths:
        if (named := numbered_name(path)) is not None:
            found.setdefault(named[0], set()).add(named[1])
    return FrozenMap({name: frozenset(versions) for name, versions in found.items()})


def numbered_name(path: str) -> tuple[RoleName, Version] | None:
    """Return whose file has the name *path*, and in which version; None: no role's."""
    match = _NUMBERED.fullmatch(path)
    return None if match is None else (RoleName(match[2]), Version(int(match[1])))


@frozen
class Timeless:
    """A client's memory of everything but of when that was."""

    memory: Storage

    def load(self, name: StoredName) -> bytes | None:
        """See :meth:`trustlib.ports.Storage.load`."""
        return None if name == CLOCK else self.memory.load(name)

    def save(self, name: StoredName, data: bytes, *, replacing: bytes | None) -> bool:
        """See :meth:`trustlib.ports.Storage.save`."""
        return name == CLOCK or self.memory.save(name, data, replacing=replacing)
