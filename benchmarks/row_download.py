"""Row 13: one large artifact, and many small ones, over loopback and verified.

The limit receives and hashes, and writes nothing.
"""

import hashlib
import http.client
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve
from clients import LIMITS, folder, peer
from measure import (
    LIMIT,
    OURS,
    PEER,
    WALL,
    AtMost,
    Faster,
    Result,
    counted,
    interleaved,
    peak,
)
from repositories import Repository, published, targets
from scale import Scale
from serving import served

from trustlib import (
    Anchor,
    Found,
    FrozenMap,
    HttpTransport,
    MemoryStorage,
    Target,
    Targets,
    Updater,
)
from trustlib._types import TargetPath

_PIECE = 1 << 20


def downloading(scale: Scale) -> Iterator[Result]:
    size, many = scale.size(1 << 30, 32 << 20), scale.size(200, 50)
    contents = {"large.bin": size} | {f"small-{n}.bin": 10_000 for n in range(many)}
    site = folder()
    listed = {TargetPath(name): _written(site, name, length) for name, length in contents.items()}
    role: Targets = evolve(targets([]), targets=FrozenMap(listed))
    repository = published(role)
    for path, raw in repository.files.items():
        (site / path).write_bytes(raw)
    small = [name for name in contents if name.startswith("small")]
    with served(site) as url:
        yield from _downloaded(url, repository, [TargetPath("large.bin")], listed, scale)
        yield _memory(url, repository)
        yield from _downloaded(url, repository, [TargetPath(n) for n in small], listed, scale)


def _written(site: Path, name: str, length: int) -> Target:
    """Write an artifact under the name that a consistent snapshot gives it."""
    draft, digest = site / name, hashlib.sha256()
    with draft.open("wb") as file:
        for at in range(0, length, _PIECE):
            piece = hashlib.shake_128(f"{name}{at}".encode()).digest(min(_PIECE, length - at))
            digest.update(piece)
            file.write(piece)
    (site / "targets").mkdir(exist_ok=True)
    draft.rename(site / "targets" / f"{digest.hexdigest()}.{name}")
    return Target(length=length, hashes=FrozenMap({"sha256": digest.hexdigest()}))


def _downloaded(
    url: str,
    repository: Repository,
    paths: list[TargetPath],
    listed: dict[TargetPath, Target],
    scale: Scale,
) -> Iterator[Result]:
    numbers = count()
    ours = Updater(
        anchor=Anchor.root(repository.root),
        transport=HttpTransport(url),
        storage=MemoryStorage(),
        limits=LIMITS,
    )
    found = [ours.find(path) for path in paths]
    theirs = peer(repository, url=url)
    infos = [theirs.get_targetinfo(path) for path in paths]
    place = folder()

    def new() -> Path:
        return place / str(next(numbers))

    def download() -> None:
        ours.download_all([(each, new()) for each in found])

    def download_peer() -> None:
        for info in infos:
            theirs.download_target(info, str(new()))

    def empty() -> None:
        for file in place.iterdir():
            file.unlink()

    total = sum(listed[path].length for path in paths)
    one = len(paths) == 1
    yield interleaved(
        f"download {total >> 20} MiB" if one else f"download {len(paths)} files of 10 kB",
        {
            OURS: download,
            PEER: download_peer,
            LIMIT: lambda: _received(url, found),
        },
        rounds=scale.size(5, 1) if one else scale.rounds,
        clock=WALL,
        goals=(Faster(1.8 if one else 1.6),),
        limit="receive, hash",
        before=empty,
    )
    empty()


def _received(url: str, found: list[Found]) -> None:
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    for each in found:
        connection.request("GET", f"/targets/{each.files[0]}")
        answer, digest = connection.getresponse(), hashlib.sha256()
        while piece := answer.read(_PIECE):
            digest.update(piece)
        assert digest.hexdigest() == each.target.hashes["sha256"]
    connection.close()


def _memory(url: str, repository: Repository) -> Result:
    root = folder() / "root.json"
    root.write_bytes(repository.root)
    grown = {
        OURS: peak(_OURS_READY, _OURS, url, root, folder()),
        PEER: peak(_PEER_READY, _PEER, url, root, folder()),
    }
    return counted(
        "peak memory of that download",
        "B",
        {side: (bytes_,) for side, bytes_ in grown.items()},
        goals=(AtMost(4 << 20, "4 MiB"),),
    )


_OURS_READY = """
import sys
from pathlib import Path
from trustlib import Anchor, HttpTransport, Limits, MemoryStorage, Updater
url, root, place = sys.argv[1:]
updater = Updater(
    anchor=Anchor.root(Path(root).read_bytes()),
    transport=HttpTransport(url), storage=MemoryStorage(),
)
updater.download(updater.find("small-0.bin"), Path(place, "small"))
found = updater.find("large.bin")
"""
_OURS = 'updater.download(found, Path(place, "large"))'

_PEER_READY = """
import sys
from pathlib import Path
from tuf.ngclient import Updater
url, root, place = sys.argv[1:]
updater = Updater(place, url, place, url + "targets/", bootstrap=Path(root).read_bytes())
updater.download_target(updater.get_targetinfo("small-0.bin"), place + "/small")
info = updater.get_targetinfo("large.bin")
"""
_PEER = 'updater.download_target(info, place + "/large")'
