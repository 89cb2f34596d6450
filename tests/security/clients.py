"""The clients that are attacked: one library with several faces, which must not differ.

A transport is a dictionary of files. It answers one request after the other,
or several at once; the client's store is in memory.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any

from attrs import define, field, frozen

from trustlib import Anchor, AsyncUpdater, Freshness, MemoryStorage, Updater
from trustlib.testing.attacks.scenes import LIMITS, File, Question, Scene


class InTurn:
    """Answers one request after the other."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}

    def fetch(self, request: Any) -> Iterator[bytes] | None:
        file = self.files.get(request.path)
        if file is None:
            return None
        return iter((file,)) if isinstance(file, bytes) else file.pieces()


class AtOnce(InTurn):
    """Answers several requests in one go as well."""

    def fetch_all(self, requests: Any) -> Generator[Iterator[bytes] | None]:
        for request in requests:
            yield self.fetch(request)


class InTurnAwaited:
    """:class:`InTurn`, to await."""

    def __init__(self) -> None:
        self.server = InTurn()

    @property
    def files(self) -> dict[str, File]:
        return self.server.files

    @files.setter
    def files(self, files: dict[str, File]) -> None:
        self.server.files = files

    async def fetch(self, request: Any) -> AsyncIterator[bytes] | None:
        pieces = self.server.fetch(request)
        return None if pieces is None else _awaited(pieces)


class AtOnceAwaited(InTurnAwaited):
    """:class:`AtOnce`, to await."""

    async def fetch_all(self, requests: Any) -> AsyncGenerator[AsyncIterator[bytes] | None]:
        for request in requests:
            yield await self.fetch(request)


async def _awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


class AwaitedStorage:
    """A store in memory, to await."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.storage = storage

    async def load(self, name: str) -> bytes | None:
        return self.storage.load(name)

    async def save(self, name: str, data: bytes, *, replacing: bytes | None) -> bool:
        return self.storage.save(name, data, replacing=replacing)


@frozen
class Face:
    """One way to use the library."""

    name: str
    updater: Callable[..., Any]
    transport: Callable[[], Any]
    storage: Callable[[MemoryStorage], Any]


FACES = (
    Face("sync, in turn", Updater, InTurn, lambda storage: storage),
    Face("sync, at once", Updater, AtOnce, lambda storage: storage),
    Face("async, in turn", AsyncUpdater, InTurnAwaited, AwaitedStorage),
    Face("async, at once", AsyncUpdater, AtOnceAwaited, AwaitedStorage),
)


@define
class Client:
    """A client of the repository in *scene*, through one of the faces.

    Attributes:
        storage: its memory; it outlives the updater.
        run: carries out what an awaited updater answers with.
    """

    scene: Scene
    face: Face
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    storage: MemoryStorage
    now: Any = None
    transport: Any = field(init=False)
    updater: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.transport = self.face.transport()
        self.started()

    def started(self) -> None:
        """The program is started (again); what it holds in memory is gone."""
        self.updater = self.face.updater(
            anchor=Anchor.root(self.scene.files_before["1.root.json"]),
            transport=self.transport,
            storage=self.face.storage(self.storage),
            limits=LIMITS,
            policy=Freshness(max_age=Freshness().max_age * 0),
            clock=lambda: self.now,
        )

    def asks(self, question: Question, files: dict[str, File], now: Any) -> Any:
        """What the client answers while it is shown *files*."""
        self.transport.files, self.now = files, now
        answer = getattr(self.updater, question.method)(*question.arguments)
        return self.run(answer) if asyncio.iscoroutine(answer) else answer
