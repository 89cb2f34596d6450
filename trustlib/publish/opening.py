"""Reading a published repository back, with the eyes of a client.

A publisher trusts its storage no more than a client does. Only the time is not
looked at, unless somebody says which: a repository that has expired must be
mended, and so opened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, KeyId, RoleName, StoredName, Version
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.errors import ConflictError, MalformedError, TrustError
from trustlib.limits import Limits
from trustlib.ports import Revision, Storage
from trustlib.publish.parsed import ParsedOnce
from trustlib.publish.partly import Asked, PartlyRead
from trustlib.publish.seen import Seen, chosen, seen_by
from trustlib.publish.storing import Files, Job, listed, looked_at, revised
from trustlib.roles import Root, Targets
from trustlib.storage import MemoryStorage
from trustlib.trust import Trusted, Verified
from trustlib.workflow import CLOCK, delegated_by, refresh, walk

T = TypeVar("T")

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""The reference time at which nothing has expired yet."""

_NUMBERED = re.compile(r"([1-9][0-9]{0,15})\.(.+)\.json", re.ASCII | re.DOTALL)
_WAITING = re.compile(r"coming/[0-9a-f]{64}\.root\.json", re.ASCII)
_ROUNDS: Final = 16
"""How often an edit may look for more before all roles are read."""

_LEFT_BEHIND: Final = 100
"""How many numbers of one role may be taken by files that no snapshot lists."""

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
    seen: Seen = field(factory=Seen, eq=False, repr=False)


@frozen(kw_only=True)
class Opened:
    """A repository as it was found: what was read of it verified, and where it lay."""

    trusted: Trusted
    targets: FrozenMap[RoleName, Targets]
    published: Published


@frozen(kw_only=True)
class _Looked:
    """What was read for any edit: the top-level roles.

    Attributes:
        coming: where the newest root was found, if not in its place.
    """

    files: Files
    memory: Storage
    once: ParsedOnce
    trusted: Trusted
    coming: str | None


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
        return (yield from self._settled(self._whole))

    def read_for(self, edit: Callable[[Opened], T]) -> Job[T]:
        """Return what *edit* makes of as much of the repository as it looks at.

        It is called with the top-level roles, and again with those that it
        looked for and did not find, until it finds them all. Those that it
        does not look at are as the snapshot lists them. Numbers of files are
        looked for one by one.

        Raises:
            TrustError: as :meth:`opened`, of a role that was read; or what *edit* raises.
        """
        return (yield from self._settled(partial(self._as_needed, edit)))

    def _settled(self, found: Callable[[_Looked], Job[T]]) -> Job[T]:
        memory: Storage = MemoryStorage() if self.memory is None else self.memory
        if self.now is None:
            memory = Timeless(memory)
        path = plain(self.format.published(TIMESTAMP, None))
        for _ in range(_MOVES):
            files = Files()
            try:
                return (yield from found((yield from self._looked(files, memory))))
            except TrustError:
                # Somebody may have published while we read: then what we saw never was.
                seen, there = files.read.get(path), (yield from revised(path))
                if there == seen:
                    raise
        raise ConflictError(path)

    def _looked(self, files: Files, memory: Storage) -> Job[_Looked]:
        path = plain(self.format.published(TIMESTAMP, None))
        coming = yield from expecting(files, path, self.format)
        now = BEGINNING if self.now is None else self.now
        once = ParsedOnce(self.format)
        client = refresh(self.anchor, now=now, limits=self.limits, format=once)
        trusted = yield from looked_at(client, files, memory)
        coming = coming if files.stood_in else None
        return _Looked(files=files, memory=memory, once=once, trusted=trusted, coming=coming)

    def _whole(self, looked: _Looked) -> Job[Opened]:
        visits = walk(looked.trusted, limits=self.limits)
        proofs = yield from looked_at(visits, looked.files, looked.memory)
        paths = yield from listed()
        published = _published(looked, proofs, taken(paths))
        waiting = tuple(sorted(path for path in paths if _WAITING.fullmatch(path)))
        return Opened(
            trusted=looked.trusted,
            targets=FrozenMap({name: proof.role for name, proof in proofs.items()}),
            published=attrs.evolve(published, waiting=waiting),
        )

    def _as_needed(self, edit: Callable[[Opened], T], looked: _Looked) -> Job[T]:
        upper, wanted = looked.trusted.snapshot, set[RoleName]()
        for _ in range(_ROUNDS if upper.root.root.role.consistent_snapshot else 0):
            visits = chosen(looked.trusted, wanted, limits=self.limits)
            proofs = yield from looked_at(visits, looked.files, looked.memory)
            numbers = yield from self._numbers(looked, proofs)
            if wanted - proofs.keys() or _is_all(proofs) or numbers is None:
                break
            asked, meta = Asked(), upper.snapshot.role.meta
            roles = FrozenMap({name: proof.role for name, proof in proofs.items()})
            opened = Opened(
                trusted=looked.trusted,
                targets=PartlyRead(roles, listed=meta, asked=asked),
                published=_published(looked, proofs, numbers, *proofs.values()),
            )
            try:
                made = edit(opened)
            except Exception:  # of an error that it met, an edit may make another one
                if not asked:
                    raise
            else:
                if not asked:  # whatever the edit made of the error
                    return made
            if asked.everything:
                break
            wanted |= asked.names
        return edit((yield from self._whole(looked)))

    def _numbers(
        self, looked: _Looked, names: Iterable[RoleName]
    ) -> Job[FrozenMap[RoleName, frozenset[Version]] | None]:
        """Return the numbers after the listed one that files of *names* have already.

        None, if there are many: somebody has to look at all files.
        """
        meta = looked.trusted.snapshot.snapshot.role.meta
        last = {SNAPSHOT: looked.trusted.snapshot.snapshot.role.version}
        found: dict[RoleName, frozenset[Version]] = {}
        for name in (SNAPSHOT, *names):
            version = last.get(name) or meta[name].version or Version(0)
            following = range(version + 1, version + 1 + _LEFT_BEHIND)
            for number in map(Version, following):
                path = plain(self.format.published(name, number))
                if (yield from looked.files.at(path)) is None:
                    found[name] = frozenset(map(Version, range(version, number)))
                    break
            else:
                return None
        return FrozenMap(found)


def _published(
    looked: _Looked,
    proofs: Mapping[RoleName, Verified[Targets]],
    numbers: FrozenMap[RoleName, frozenset[Version]],
    *held: Verified[Targets],
) -> Published:
    upper = looked.trusted.snapshot
    last = looked.files.read[plain(upper.root.format.published(TIMESTAMP, None))]
    return Published(
        files=FrozenMap(
            {
                ROOT: upper.root.root.raw,
                TIMESTAMP: upper.timestamp.timestamp.raw,
                SNAPSHOT: upper.snapshot.raw,
                **{name: proof.raw for name, proof in proofs.items()},
            }
        ),
        timestamp=None if last is None else last.revision,
        taken=numbers,
        coming=looked.coming,
        seen=seen_by(looked.trusted, FrozenMap(proofs), looked.once, *held),
    )


def _is_all(proofs: Mapping[RoleName, Verified[Targets]]) -> bool:
    """Return whether they delegate to nobody else."""
    return all(name in proofs for proof in proofs.values() for name in delegated_by(proof.role))


def signed_as_before(opened: Published, name: RoleName, signatures: Container[KeyId]) -> bool:
    """Return whether whoever accepted the published file of *name* accepts one with *signatures*.

    Somebody who was not read may delegate to it as well, and nobody here knows
    whom they let sign. But they accepted that file: if every signature in it
    was verified and counted, and its maker signed again, they accept this one.
    """
    before, proof = opened.seen.documents[name], opened.seen.proofs[name]
    return all(
        made.keyid in proof.signed_by and made.keyid in signatures for made in before.signatures
    )


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
