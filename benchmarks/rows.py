"""What is measured: each row does the same work on every side, over the same bytes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from urllib.parse import urlsplit

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from measure import LIMIT, OURS, PEER, Result, interleaved
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import Metadata
from tuf.api.metadata import Targets as PeerTargets
from tuf.ngclient import FetcherInterface
from tuf.ngclient import Updater as PeerUpdater

from trustlib import (
    BY_HAND,
    TARGETS,
    TUF_JSON,
    Anchor,
    Authority,
    FrozenMap,
    MemoryStorage,
    Repository,
    Request,
    SigningPlan,
    Target,
    Targets,
    Updater,
)
from trustlib.signing import MemorySigner
from trustlib.verify import verify

NOW = datetime.now(UTC)
SIGNER = MemorySigner.generate()
PUBLIC = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(SIGNER.key.keyval["public"])))
IMAGE = "acme/app:1.4"


@frozen(kw_only=True)
class Scale:
    """How much is measured."""

    sizes: tuple[int, ...]
    rounds: int
    starts: int


FULL = Scale(sizes=(10_000, 100_000), rounds=21, starts=21)
QUICK = Scale(sizes=(10_000,), rounds=5, starts=5)


# -- 1 ----------------------------------------------------------------------------------


def importing(scale: Scale) -> Iterator[Result]:
    """A process that imports the client; the limit imports nothing, so look at differences."""

    def start(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    sides = {
        OURS: start("from trustlib import Updater"),
        PEER: start("from tuf.ngclient import Updater"),
        LIMIT: start(""),
    }
    yield interleaved("process that imports the client", sides, rounds=scale.starts)


# -- 3 ----------------------------------------------------------------------------------


def loading(scale: Scale) -> Iterator[Result]:
    """One large targets file; the limit is ``json.loads`` and the signature."""
    root = Metadata.from_bytes(repository()["1.root.json"])
    authority = Authority.of(SIGNER.key)
    for size in scale.sizes:
        raw = targets_file(size)
        wanted = f"acme/app-{size // 2}:1.4"

        def ours(raw: bytes = raw, wanted: str = wanted) -> object:
            return verify(TUF_JSON.parse(Targets, raw), authority).role.targets[wanted]

        def peer(raw: bytes = raw, wanted: str = wanted) -> object:
            metadata = Metadata[PeerTargets].from_bytes(raw)
            root.signed.verify_delegate(TARGETS, metadata.signed_bytes, metadata.signatures)
            return metadata.signed.targets[wanted]

        def limit(raw: bytes = raw, wanted: str = wanted) -> object:
            value = json.loads(raw)
            PUBLIC.verify(bytes.fromhex(value["signatures"][0]["sig"]), signed_bytes(raw))
            return value["signed"]["targets"][wanted]

        sides = {OURS: ours, PEER: peer, LIMIT: limit}
        rounds = scale.rounds if size <= QUICK.sizes[0] else max(3, scale.rounds // 3)
        yield interleaved(f"load, verify, look up one of {size:,}", sides, rounds=rounds)


def targets_file(size: int) -> bytes:
    """A targets role of *size* targets in canonical form, signed."""
    one = Target.of(b"", custom=FrozenMap({"media-type": "application/json"}))
    targets = FrozenMap({f"acme/app-{i}:1.4": one for i in range(size)})
    role = Targets(version=1, expires=BY_HAND.until(TARGETS, NOW), targets=targets)
    return TUF_JSON.render(role, (SIGNER.sign(TUF_JSON.payload(role)),))


def signed_bytes(raw: bytes) -> bytes:
    """What a canonical file's signature covers: its last member, as it stands there."""
    return raw[raw.index(b'"signed":') + len(b'"signed":') : -1]


# -- 9 ----------------------------------------------------------------------------------


def refreshing(scale: Scale) -> Iterator[Result]:
    """A repository of five files; the limit is its signatures alone (each root has one)."""
    files, root = repository(), repository()["1.root.json"]
    repeat = 10
    with TemporaryDirectory() as folder:
        cold = {
            OURS: lambda: our_updater(MemoryStorage()).refresh(),
            PEER: lambda: peer_updater(Path(mkdtemp(dir=folder)), bootstrap=root).refresh(),
            LIMIT: lambda: check_signatures(files.values()),
        }
        yield interleaved("first refresh", cold, rounds=scale.rounds, repeat=repeat)
        storage, known = MemoryStorage(), Path(folder, "known")
        our_updater(storage).refresh()
        peer_updater(known, bootstrap=root).refresh()
        unchanged = {
            OURS: lambda: our_updater(storage).refresh(),
            PEER: lambda: peer_updater(known, bootstrap=None).refresh(),
            LIMIT: lambda: check_signatures(files.values()),
        }
        workload = "refresh, nothing new"
        yield interleaved(workload, unchanged, rounds=scale.rounds, repeat=repeat)


# -- 14 ---------------------------------------------------------------------------------


def resolving(scale: Scale) -> Iterator[Result]:
    """The same question again; the limit is a dictionary."""
    with TemporaryDirectory() as folder:
        ours = our_updater(MemoryStorage())
        peer = peer_updater(Path(folder), bootstrap=repository()["1.root.json"])
        known = {IMAGE: ours.resolve(IMAGE)}
        peer.refresh()
        sides = {
            OURS: lambda: ours.resolve(IMAGE),
            PEER: lambda: peer.get_targetinfo(IMAGE),
            LIMIT: lambda: known[IMAGE],
        }
        yield interleaved("resolve again", sides, rounds=scale.rounds, repeat=10_000)


# -- the repository, and its clients ----------------------------------------------------


@cache
def repository() -> FrozenMap[str, bytes]:
    """A small repository with one tag, one key, and consistent snapshots."""
    storage, by = MemoryStorage(), Authority.of(SIGNER.key)
    before = Repository.create("docker.io/acme", root=by, targets=by, snapshot=by, timestamp=by)
    after = before.with_tag(IMAGE, digest=f"sha256:{'a' * 64}", size=1573)
    plan = SigningPlan.between(before, after, now=NOW, expiry=BY_HAND).signed_by(SIGNER)
    plan.publication().apply(storage)
    return storage.files


def our_updater(storage: MemoryStorage) -> Updater:
    anchor = Anchor.root(repository()["1.root.json"])
    return Updater(anchor=anchor, transport=InMemory(repository()), storage=storage)


def peer_updater(folder: Path, *, bootstrap: bytes | None) -> PeerUpdater:
    folder.mkdir(exist_ok=True)
    return PeerUpdater(
        metadata_dir=str(folder),
        metadata_base_url="https://trust.example/",
        target_base_url="https://trust.example/targets/",
        fetcher=PeerInMemory(),
        bootstrap=bootstrap,
    )


@frozen
class InMemory:
    """A transport that is not there."""

    files: FrozenMap[str, bytes]

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        raw = self.files.get(request.path)
        return None if raw is None else iter((raw,))


class PeerInMemory(FetcherInterface):
    """The same for python-tuf, which keeps its own memory on a disk."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        raw = repository().get(urlsplit(url).path[1:])
        if raw is None:
            raise DownloadHTTPError("there is no such file", 404)
        return iter((raw,))


def check_signatures(files: Iterable[bytes]) -> None:
    for raw in files:
        signature = json.loads(raw)["signatures"][0]["sig"]
        PUBLIC.verify(bytes.fromhex(signature), signed_bytes(raw))


ROWS: Mapping[int, Callable[[Scale], Iterator[Result]]] = {
    1: importing,
    3: loading,
    9: refreshing,
    14: resolving,
}
