"""The same clients on both sides: files in memory, a store that remembers, large limits.

python-tuf keeps its store in a folder, so that folder is in memory, too, where
the system has such a place.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

from attrs import field, frozen
from repositories import Repository
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface
from tuf.ngclient import Updater as PeerUpdater
from tuf.ngclient.config import UpdaterConfig

from trustlib import Anchor, FrozenMap, Limits, MemoryStorage, Request, Storage, Transport, Updater

LARGE = 2**31
LIMITS = Limits(snapshot=LARGE, targets=LARGE, root_rotations=1_000, delegations=10_000)
URL = "https://trust.example/"

_SHM = Path("/dev/shm")
MEMORY = Path(mkdtemp(prefix="trustlib-bench-", dir=_SHM if _SHM.is_dir() else None))
_folders = count()


def folder() -> Path:
    """Return a new empty folder in memory; run.py removes them all."""
    made = MEMORY / str(next(_folders))
    made.mkdir()
    return made


@frozen
class InMemory:
    """A transport that is not there."""

    files: FrozenMap[str, bytes]

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        raw = self.files.get(request.path)
        return None if raw is None else iter((raw,))


@frozen
class Counting:
    """The same, which counts what it was asked for and what it gave."""

    files: FrozenMap[str, bytes]
    given: list[int] = field(factory=list[int])

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        raw = self.files.get(request.path)
        self.given.append(0 if raw is None else len(raw))
        return None if raw is None else iter((raw,))


class PeerInMemory(FetcherInterface):
    def __init__(self, files: FrozenMap[str, bytes]) -> None:
        self.files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        raw = self.files.get(urlsplit(url).path[1:])
        if raw is None:
            raise DownloadHTTPError("there is no such file", 404)
        return iter((raw,))


def ours(
    repository: Repository, storage: Storage | None = None, transport: Transport | None = None
) -> Updater:
    return Updater(
        anchor=Anchor.root(repository.root),
        transport=transport or InMemory(repository.files),
        storage=MemoryStorage() if storage is None else storage,
        limits=LIMITS,
    )


def peer(
    repository: Repository,
    store: Path | None = None,
    *,
    url: str = URL,
) -> PeerUpdater:
    """Return python-tuf's client, which begins with what is in *store*, or else with a root.

    Args:
        repository: what it asks.
        store: where it remembers.
        url: where it asks, if that is not in memory.
    """
    known = store or folder()
    return PeerUpdater(
        metadata_dir=str(known),
        metadata_base_url=url,
        target_base_url=f"{url}targets/",
        fetcher=PeerInMemory(repository.files) if url == URL else None,
        config=UpdaterConfig(
            snapshot_max_length=LARGE,
            targets_max_length=LARGE,
            max_root_rotations=1_000,
            max_delegations=10_000,
        ),
        bootstrap=None if any(known.iterdir()) else repository.root,
    )
