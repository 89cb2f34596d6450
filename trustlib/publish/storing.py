"""What publishing asks of a storage, and how it is carried out.

A job is a generator, as a client's workflow is: it decides and touches nothing,
so opening and publishing are written once for storages that block and for those
that are awaited.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import TypeAlias, TypeVar, assert_never, cast

from attrs import field, frozen

from trustlib._paths import plain
from trustlib.drive import adriven, driven
from trustlib.effects import Ahead, Effect, Fetch, Load, Save, Tell, Workflow
from trustlib.errors import TooLongError, TrustError
from trustlib.ports import (
    AllAtOnce,
    AsyncAllAtOnce,
    AsyncRepositoryStorage,
    RepositoryStorage,
    Revised,
    Revision,
    Storage,
)

T = TypeVar("T")


@frozen
class Read:
    """Read a file. Answered with what is there, or None."""

    path: str


@frozen
class Put:
    """Write a file if it has the revision *replacing*. Answered with the new one, or None."""

    path: str
    data: bytes = field(repr=False)
    replacing: Revision | None


@frozen
class ListAll:
    """Name all files. Answered with their paths."""


@frozen
class Delete:
    """Remove a file, if it is there. Answered with None."""

    path: str


@frozen
class PutAll:
    """Write *files*, if *path* has the revision *replacing*. Answered with its new one, or None.

    Only to be asked of a storage that can do it in one step.
    """

    files: Mapping[str, bytes] = field(repr=False)
    dropping: tuple[str, ...]
    path: str
    replacing: Revision | None


Ask: TypeAlias = Read | Put | PutAll | ListAll | Delete
Answer: TypeAlias = "Revised | Revision | tuple[str, ...] | None"
Job: TypeAlias = Generator[Ask, Answer, T]


def done(job: Job[T], storage: RepositoryStorage) -> T:
    """Carry *job* out on *storage*, and return what it returns."""

    def answered(ask: Ask) -> Answer:
        match ask:
            case Read(path):
                return storage.read(path)
            case Put(path, data, replacing):
                return storage.write(path, data, replacing=replacing)
            case PutAll(files, dropping, path, replacing):
                if not isinstance(storage, AllAtOnce):
                    raise TypeError(f"{type(storage).__name__} cannot write all at once")
                return storage.write_all(files, dropping=dropping, path=path, replacing=replacing)
            case ListAll():
                return tuple(storage.list())
            case Delete(path):
                storage.delete(path)
            case _:
                assert_never(ask)
        return None

    return driven(job, answered)


async def adone(job: Job[T], storage: AsyncRepositoryStorage) -> T:
    """Carry *job* out on *storage*, and return what it returns."""

    async def answered(ask: Ask) -> Answer:
        match ask:
            case Read(path):
                return await storage.read(path)
            case Put(path, data, replacing):
                return await storage.write(path, data, replacing=replacing)
            case PutAll(files, dropping, path, replacing):
                if not isinstance(storage, AsyncAllAtOnce):
                    raise TypeError(f"{type(storage).__name__} cannot write all at once")
                return await storage.write_all(
                    files, dropping=dropping, path=path, replacing=replacing
                )
            case ListAll():
                return tuple(await storage.list())
            case Delete(path):
                await storage.delete(path)
            case _:
                assert_never(ask)
        return None

    return await adriven(job, answered)


def revised(path: str) -> Job[Revised | None]:
    """Return the file at *path*, or None."""
    return cast("Revised | None", (yield Read(path)))


def put(path: str, data: bytes, *, replacing: Revision | None) -> Job[Revision | None]:
    """Return the file's new revision, or None if it did not have the revision *replacing*."""
    return cast("Revision | None", (yield Put(path, data, replacing)))


def put_all(
    files: Mapping[str, bytes], *, dropping: tuple[str, ...], path: str, replacing: Revision | None
) -> Job[Revision | None]:
    """Return the new revision of *path*, or None if it did not have the revision *replacing*."""
    return cast("Revision | None", (yield PutAll(files, dropping, path, replacing)))


def listed() -> Job[tuple[str, ...]]:
    """Return the paths of all files."""
    return cast("tuple[str, ...]", (yield ListAll()))


class Files:
    """A storage's files as one client sees them: each is read once.

    Attributes:
        read: what was found, by path.
        standing_in: files that count as there where the storage has none.
        stood_in: the paths of those that did.
    """

    def __init__(self) -> None:
        self.read: dict[str, Revised | None] = {}
        self.standing_in: Mapping[str, Revised] = {}
        self.stood_in: set[str] = set()

    def at(self, path: str) -> Job[Revised | None]:
        """Return the file at *path*, or None."""
        if path not in self.read:
            found = yield from revised(path)
            if found is None and path in self.standing_in:
                found = self.standing_in[path]
                self.stood_in.add(path)
            self.read[path] = found
        return self.read[path]


def looked_at(workflow: Workflow[T], files: Files, memory: Storage) -> Job[T]:
    """Carry a client's *workflow* out on *files*, and return what it returns.

    *memory* is what the client remembers; it is local, and used at once.
    """
    step = partial(workflow.send, None)
    while True:
        try:
            effect = step()
        except StopIteration as finished:
            return cast("T", finished.value)  # the generator's own return type
        try:
            step = partial(workflow.send, (yield from _answered(effect, files, memory)))
        except TrustError as error:
            step = partial(workflow.throw, error)


def _answered(effect: Effect, files: Files, memory: Storage) -> Job[bytes | None]:
    match effect:
        case Fetch(path, max_length):
            found = yield from files.at(plain(path))
            if found is not None and len(found.data) > max_length:
                raise TooLongError(path, max_length)
            return None if found is None else found.data
        case Load(name):
            return memory.load(name)
        case Save(name, data, held):
            return data if memory.save(name, data, replacing=held) else None
        case Ahead() | Tell():
            return None
        case _:
            assert_never(effect)
