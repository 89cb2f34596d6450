"""Reading a published repository back, with the eyes of a client.

A publisher trusts its storage no more than a client does. Only the time is not
looked at: a repository that has expired must be mended, and so opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from attrs import define, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.drive import run
from trustlib.limits import Limits
from trustlib.ports import RepositoryStorage, Request, Revised, Revision
from trustlib.roles import Targets
from trustlib.storage import MemoryStorage
from trustlib.trust import Trusted, Verified
from trustlib.workflow import refresh, walk

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
"""The reference time at which nothing has expired yet."""

_NUMBERED = re.compile(r"([1-9][0-9]{0,15})\.(.+)\.json", re.ASCII | re.DOTALL)


@frozen(kw_only=True)
class Published:
    """What a storage held when the repository was opened.

    Attributes:
        files: the current file of every role.
        timestamp: the revision of ``timestamp.json``; what a publication replaces.
        taken: the numbers that files of each role have, also where a publisher
            that was killed left them behind. Numbers are not used twice.
    """

    files: FrozenMap[RoleName, bytes] = field(factory=FrozenMap[RoleName, bytes], repr=False)
    timestamp: Revision | None = None
    taken: FrozenMap[RoleName, frozenset[Version]] = field(
        factory=FrozenMap[RoleName, frozenset[Version]], repr=False
    )


@frozen(kw_only=True)
class Opened:
    """A repository as it was found: every role verified, and where it lay."""

    trusted: Trusted
    targets: Mapping[RoleName, Verified[Targets]]
    published: Published


def read_back(
    storage: RepositoryStorage, *, anchor: Anchor, limits: Limits, format: Format
) -> Opened:
    """Return what *storage* holds, delegated roles included.

    Raises:
        TrustError: as :meth:`trustlib.Updater.refresh`, of any role.
    """
    files, memory = _Files(storage), MemoryStorage()
    trusted = run(
        refresh(anchor, now=BEGINNING, limits=limits, format=format), files, memory, limits
    )
    targets = run(walk(trusted, limits=limits), files, memory, limits)
    upper = trusted.snapshot
    published = Published(
        files=FrozenMap(
            {
                ROOT: upper.root.root.raw,
                TIMESTAMP: upper.timestamp.timestamp.raw,
                SNAPSHOT: upper.snapshot.raw,
                **{name: proof.raw for name, proof in targets.items()},
            }
        ),
        timestamp=files.revision(plain(format.published(TIMESTAMP, None))),
        taken=taken(storage.list()),
    )
    return Opened(trusted=trusted, targets=targets, published=published)


def taken(paths: Iterable[str]) -> FrozenMap[RoleName, frozenset[Version]]:
    """Return the numbers under which each role has a file among *paths*."""
    found: dict[RoleName, set[Version]] = {}
    for path in paths:
        if (match := _NUMBERED.fullmatch(path)) is not None:
            found.setdefault(RoleName(match[2]), set()).add(Version(int(match[1])))
    return FrozenMap({name: frozenset(versions) for name, versions in found.items()})


@define
class _Files:
    """A storage's files, read as a client's transport reads them; each once."""

    storage: RepositoryStorage
    read: dict[str, Revised | None] = field(factory=dict[str, "Revised | None"])

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        path = plain(request.path)
        if path not in self.read:
            self.read[path] = self.storage.read(path)
        file = self.read[path]
        return None if file is None else iter((file.data,))

    def revision(self, path: str) -> Revision | None:
        file = self.read.get(path)
        return None if file is None else file.revision
