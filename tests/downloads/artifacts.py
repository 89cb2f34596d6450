"""Artifacts, servers that have them, and both ways to download."""

import asyncio
import hashlib
import random
from datetime import UTC, datetime
from pathlib import Path

from transport.reading import AT_ONCE, PATIENTLY
from transport.servers import Asked, HangUpError, Server, answer, files

from trustlib import FrozenMap, HttpTransport, Limits, Target, TransportError
from trustlib.downloads import adownloaded, adownloaded_all, downloaded, downloaded_all
from trustlib.sources import FromRepository
from trustlib.transport import Threaded
from trustlib.workflow import Found
from trustlib.workflow.explanation import Evidence

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PIECE = 65_536
DATA = random.Random(1).randbytes(3 * PIECE + 17)
OTHER = random.Random(2).randbytes(len(DATA))


def found(
    data=DATA,
    *,
    path="tools/app.tgz",
    by=("sha256", "sha512"),
    files=("tools/app.tgz",),
    length=None,
    **hashes,
) -> Found:
    """What metadata says of a file that holds *data*, or lies about it."""
    listed = {name: hashlib.new(name, data).hexdigest() for name in by} | hashes
    return Found(
        path=path,
        target=Target(length=len(data) if length is None else length, hashes=FrozenMap(listed)),
        via=("targets", "acme"),
        valid_until=NOW,
        collection=None,
        files=files,
        source=FromRepository(NOW),
        evidence=Evidence(trusted=None, visited=()),
    )


FOUND = found()


class Sync:
    """Downloads by blocking."""

    def one(self, wanted, place, *, transport, limits=None, **more):
        return downloaded(wanted, place, transport=transport, limits=limits or Limits(), **more)

    def all(self, wanted, *, transport, **more):
        return downloaded_all(wanted, transport=transport, limits=Limits(), **more)


class Async:
    """Downloads by awaiting."""

    def one(self, wanted, place, *, transport, limits=None, **more):
        work = adownloaded(
            wanted, place, transport=awaited(transport), limits=limits or Limits(), **more
        )
        return asyncio.run(work)

    def all(self, wanted, *, transport, **more):
        work = adownloaded_all(wanted, transport=awaited(transport), limits=Limits(), **more)
        return asyncio.run(work)


def awaited(transport):
    return transport if asyncio.iscoroutinefunction(transport.fetch) else Threaded(transport)


def http(server: Server, **settings) -> HttpTransport:
    return HttpTransport(server.url, **{"timeout": PATIENTLY, "retries": AT_ONCE} | settings)


def serving(data=DATA, path="/tools/app.tgz") -> Server:
    """An honest server."""
    return Server(files({path: data}))


def ranges(server: Server) -> list[str | None]:
    """Where each request asked the server to begin."""
    return [asked.headers.get("range") for asked in server.asked]


def start(asked: Asked) -> int:
    return int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


def partial(data: bytes, begin: int) -> bytes:
    """The honest answer of a server that can continue files."""
    if begin == 0:
        return answer(data)
    span = f"bytes {begin}-{len(data) - 1}/{len(data)}"
    return answer(data[begin:], status="206 Partial Content", Content_Range=span)


def cut(whole: bytes, body: int, size: int):
    """The head of an answer and the first *size* of its *body* bytes, and then nothing."""
    yield whole[: len(whole) - body + size]
    raise HangUpError


def breaking(*stops: int, data=DATA) -> Server:
    """A server whose first answers end before these bytes of the file; later ones are whole."""
    left = list(stops)

    def script(asked):
        begin = start(asked)
        whole = partial(data, begin)
        if left:
            yield from cut(whole, len(data) - begin, left.pop(0) - begin)
        yield whole

    return Server(script)


class Scripted:
    """Somebody's own transport: answers each request with the next of *answers*.

    An answer is None, an error, or pieces, the last of which may be an error.
    """

    def __init__(self, *answers):
        self.answers, self.asked, self.open, self.most = list(answers), [], 0, 0

    def fetch(self, request):
        self.asked.append((request.path, request.offset))
        self.most = max(self.most, self.open + 1)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else self._pieces(answer)

    def _pieces(self, answer):
        self.open += 1
        try:
            for piece in answer:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.open -= 1


class AsyncScripted(Scripted):
    """The same, to await."""

    async def fetch(self, request):
        pieces = super().fetch(request)
        return None if pieces is None else self._awaited(pieces)

    async def _awaited(self, pieces):
        try:
            for piece in pieces:
                await asyncio.sleep(0)
                yield piece
        finally:
            pieces.close()


BROKEN = TransportError("somewhere", "the line is dead")


def in_pieces(data: bytes, size=PIECE) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def drafts(directory: Path) -> list[Path]:
    return sorted(directory.glob(".trustlib-*"))


def draft_of(directory: Path, wanted: Found, data: bytes, slot: int = 0) -> Path:
    """Leave a draft as an earlier call would have."""
    from trustlib.downloads.expected import Expected

    path = directory / f".trustlib-{Expected.of(wanted).identity}-{slot}.part"
    path.write_bytes(data)
    path.chmod(0o600)
    return path
