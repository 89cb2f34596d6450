"""The workloads, each beside python-tuf and the bare limit where there is one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from measure import Row, interleaved
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import Updater as PeerUpdater
from tuf.ngclient import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

import trustlib
from trustlib import (
    BY_HAND,
    TUF_JSON,
    Anchor,
    Authority,
    FrozenMap,
    MemoryStorage,
    Repository,
    SigningPlan,
    Target,
    TargetPath,
    Updater,
)
from trustlib.signing import MemorySigner
from trustlib.verify import verify

NOW = datetime.now(UTC)


def imported(rounds: int) -> Row:
    """Row 1: what a program pays at its start."""

    def importing(what: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", what], check=True)

    sides = {
        "trustlib": importing("from trustlib import Updater"),
        "python-tuf": importing("from tuf.ngclient import Updater"),
        "bare python": importing("pass"),
    }
    return interleaved(1, "process start and import", sides, rounds=rounds)


def large(count: int, rounds: int) -> Row:
    """Row 3: load and verify a targets role, and look one target up."""
    signer = MemorySigner.generate()
    keys = Authority.of(signer.key)
    targets = FrozenMap(
        {
            TargetPath(f"acme/app-{n}:1.0"): Target(
                length=n + 1, hashes=FrozenMap({"sha256": f"{n:064x}"})
            )
            for n in range(count)
        }
    )
    role = trustlib.Targets(version=trustlib.Version(1), expires=NOW, targets=targets)
    signature = signer.sign(TUF_JSON.payload(role))
    raw = TUF_JSON.render(role, (signature,))
    path = TargetPath(f"acme/app-{count // 2}:1.0")
    public = str(signer.key.keyval["public"])
    payload = TUF_JSON.payload(role)

    def ours() -> object:
        return verify(TUF_JSON.parse(trustlib.Targets, raw), keys).role.targets[path]

    peer_key = {
        "keytype": "ed25519",
        "scheme": "ed25519",
        "keyval": {"public": public},
    }

    def theirs() -> object:
        from securesystemslib.signer import SSlibKey

        key = SSlibKey.from_dict(signer.key.id, dict(peer_key))
        metadata: Metadata[Targets] = Metadata.from_bytes(raw)
        key.verify_signature(metadata.signatures[key.keyid], metadata.signed_bytes)
        return metadata.signed.targets[path]

    def limit() -> object:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature.value, payload)
        return json.loads(raw)

    sides = {"trustlib": ours, "python-tuf": theirs, "json.loads and ed25519": limit}
    return interleaved(3, f"load, verify, look up: {count:,} targets", sides, rounds=rounds)


def published() -> tuple[dict[str, bytes], str]:
    """Return a small repository's files, and a tag in it."""
    signer = MemorySigner.generate()
    keys = Authority.of(signer.key)
    before = Repository.create(
        "docker.io/acme", root=keys, targets=keys, snapshot=keys, timestamp=keys
    )
    after = before.with_tag("acme/app:1.4", digest="sha256:" + 64 * "a", size=1573)
    storage = MemoryStorage()
    plan = SigningPlan.between(before, after, now=NOW, expiry=BY_HAND).signed_by(signer)
    plan.publication().apply(storage)
    return dict(storage.files), "acme/app:1.4"


class _Files:
    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def fetch(self, request: trustlib.Request) -> Iterator[bytes] | None:
        data = self._files.get(request.path)
        return None if data is None else iter((data,))


class _PeerFiles(FetcherInterface):
    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        from tuf.api.exceptions import DownloadHTTPError

        name = url.rpartition("/")[2]
        if name not in self._files:
            raise DownloadHTTPError("absent", 404)
        return iter((self._files[name],))


@contextmanager
def small() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Row 9: a client that starts with nothing, ours and theirs, both on disk-free storage."""
    files, _ = published()
    with tempfile.TemporaryDirectory() as directory:
        count = iter(range(1_000_000))

        def ours() -> object:
            return Updater(
                anchor=Anchor.root(files["1.root.json"]),
                transport=_Files(files),
                storage=MemoryStorage(),
            ).refresh()

        def theirs() -> object:
            folder = Path(directory) / str(next(count))
            folder.mkdir()
            peer = PeerUpdater(
                str(folder),
                "http://127.0.0.1/",
                fetcher=_PeerFiles(files),
                config=UpdaterConfig(),
                bootstrap=files["1.root.json"],
            )
            return peer.refresh()

        yield ours, theirs


def cold(rounds: int) -> Row:
    """Row 9: the first refresh of a small repository (the peer has no storage but a disk)."""
    with small() as (ours, theirs):
        sides = {"trustlib": ours, "python-tuf": theirs}
        return interleaved(9, "first refresh, small, no network", sides, rounds=rounds)


def again(rounds: int) -> Row:
    """Row 14: what an answer costs that is remembered; the clock is looked at all the same."""
    files, tag = published()
    updater = Updater(
        anchor=Anchor.root(files["1.root.json"]), transport=_Files(files), storage=MemoryStorage()
    )
    lookup = {tag: updater.resolve(tag)}

    def ours() -> None:
        for _ in range(1_000):
            updater.resolve(tag)

    def limit() -> None:
        for _ in range(1_000):
            lookup[tag]

    sides = {"trustlib": ours, "dict lookup": limit}
    return interleaved(14, "resolve again, a thousand times", sides, rounds=rounds)
