"""A repository in memory that counts its flights, and can be out of reach."""

import asyncio

from core.worlds import NOW, World, grant, targets_role

from trustlib import AsyncUpdater, MemoryStorage, TransportError, Updater
from trustlib.anchors import Anchor


class InTurn:
    """Serves *files*; each request is a flight of its own. None: it cannot be reached."""

    def __init__(self, files):
        self.files, self.flights = files, []

    def answer(self, path):
        if self.files is None:
            raise TransportError(path, "no connection")
        found = self.files.get(path)
        if isinstance(found, Exception):
            raise found
        return None if found is None else iter([found])

    def fetch(self, request):
        self.flights.append((request.path,))
        return self.answer(request.path)

    @property
    def asked(self):
        """Every path that was asked for, in order."""
        return [path for flight in self.flights for path in flight]


class AtOnce(InTurn):
    """Serves any number of files in one flight."""

    def fetch_all(self, requests):
        self.flights.append(tuple(request.path for request in requests))
        for request in requests:
            yield self.answer(request.path)


class Waiting:
    """An :class:`AsyncUpdater` for a test that does one thing after the other."""

    def __init__(self, **arguments):
        self.updater = AsyncUpdater(**arguments)

    def __getattr__(self, name):
        return lambda *arguments: asyncio.run(getattr(self.updater, name)(*arguments))


class AsyncAtOnce(AtOnce):
    async def fetch(self, request):
        return awaited(super().fetch(request))

    async def fetch_all(self, requests):
        for pieces in super().fetch_all(requests):
            yield awaited(pieces)


def awaited(pieces):
    async def generator():
        for piece in pieces:
            yield piece

    return None if pieces is None else generator()


FACES = [(Updater, AtOnce), (Waiting, AsyncAtOnce)]


def world_of(*images, **more):
    """A repository that says what *images* are, and delegates acme/x:* to ``x``."""
    return World.create(**more).delegating(grant("x", "acme/x:*"), x=targets_role(*images)).next()


def client(world, transport, *, face=Updater, now=NOW, clock=None, storage=None, **more):
    return face(
        anchor=Anchor.root(next(iter(world.roots().values()))),
        transport=transport,
        storage=MemoryStorage() if storage is None else storage,
        clock=clock or (lambda: now),
        **more,
    )
