"""The ways to run a client: the workflows themselves, and both updaters.

Each is driven over two dictionaries, and can be stopped before any of its
writes, as by a power cut. (What is stopped before it reads leaves the same behind
as what was stopped after its last write.)
"""

import asyncio

from attrs import define, field
from core.worlds import CrashError, carried_out

from trustlib import AsyncUpdater, Freshness, Limits, Updater
from trustlib.wire import TUF_JSON
from trustlib.workflow import find, refresh

ALWAYS = Freshness(max_age=0 * Freshness().max_age)
"""Ask the repository each time."""


class Store(dict):
    """Files by name.

    Attributes:
        left: how many writes there are before the power goes out, or None.
    """

    left = None

    def __setitem__(self, name, data):
        if self.left is not None:
            if self.left == 0:
                raise CrashError
            self.left -= 1
        super().__setitem__(name, data)


@define
class Ports:
    """A store, and whoever answers for the repository at present."""

    store: Store = field(factory=Store)
    files: object = field(factory=dict)

    def fetch(self, request):
        raw = self.files.get(request.path)
        return None if raw is None else iter([raw[:100], raw[100:]])

    def load(self, name):
        return self.store.get(name)

    def save(self, name, data, *, replacing):
        if self.store.get(name) != replacing:
            return self.store.get(name) == data
        self.store[name] = data
        return True


@define
class AsyncPorts:
    """:class:`Ports`, to await."""

    ports: Ports

    async def fetch(self, request):
        pieces = self.ports.fetch(request)
        return None if pieces is None else _awaited(pieces)

    async def load(self, name):
        return self.ports.load(name)

    async def save(self, name, data, *, replacing):
        return self.ports.save(name, data, replacing=replacing)


async def _awaited(pieces):
    for piece in pieces:
        yield piece


@define
class Client:
    """One program that updates one store, whichever way it is asked to.

    Attributes:
        living: an updater that stays alive between runs, until it crashes.
    """

    anchor: object
    ports: Ports
    now: object = None
    living: Updater | None = None

    def run(self, way, path):
        """Refresh, and look for *path* unless that is None; return what came of each."""
        return getattr(self, f"_by_{way}")(path)

    def _updater(self, kind, ports):
        return kind(
            anchor=self.anchor,
            transport=ports,
            storage=ports,
            policy=ALWAYS,
            clock=lambda: self.now,
        )

    def _by_workflow(self, path):
        limits, ports = Limits(), self.ports
        workflow = refresh(self.anchor, now=self.now, limits=limits, format=TUF_JSON)
        trusted = carried_out(workflow, ports.files, ports.store)
        if path is None:
            return trusted
        workflow = find(trusted, path, limits=limits, known={})
        return carried_out(workflow, ports.files, ports.store)

    def _by_updater(self, path):
        updater = self._updater(Updater, self.ports)
        return updater.refresh() if path is None else updater.find(path)

    def _by_living(self, path):
        if self.living is None:
            self.living = self._updater(Updater, self.ports)
        return self.living.refresh() if path is None else self.living.find(path)

    def _by_awaiting(self, path):
        updater = self._updater(AsyncUpdater, AsyncPorts(self.ports))
        return asyncio.run(updater.refresh() if path is None else updater.find(path))
