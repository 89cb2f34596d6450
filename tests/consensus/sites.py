"""Several small repositories, each with keys of its own, and updaters for them."""

import asyncio
import inspect

import attrs
from core.worlds import LATER, NOW, World, keys, keyset, signers

from trustlib import Anchor, MemoryStorage, TransportError, Updater
from trustlib._frozen import FrozenMap
from trustlib._types import TARGETS, TOP_LEVEL
from trustlib.consensus import MapEntry, TrustMap
from trustlib.roles import Targets

PATH = "acme/app:1.4"


def site(name, targets=None, *, roots=(), expires=LATER, **more):
    """The repository *name*, which lists *targets*; its root's key is its own, or *roots*."""
    owners = {role: (f"{name}-{role}",) for role in TOP_LEVEL}
    owners["root"] = tuple(roots) or owners["root"]
    world = World.create()
    root = attrs.evolve(
        world.root,
        keys=keys(*(one for names in owners.values() for one in names)),
        roles=FrozenMap({role: keyset(*names) for role, names in owners.items()}),
    )
    listed = Targets(version=1, expires=expires, targets=FrozenMap(targets or {}), **more)
    by = FrozenMap({role: signers(*names) for role, names in owners.items()})
    return world.but(root=root, targets=listed, by=by).sealed()


class Served:
    """A transport over a dictionary of files, which remembers what it was asked for."""

    def __init__(self, files):
        self.files, self.asked = files, []

    def fetch(self, request):
        self.asked.append(request.path)
        raw = self.files.get(request.path)
        return None if raw is None else iter([raw])


class Unplugged(Served):
    def fetch(self, request):
        raise TransportError(request.path, "no route to host")


class Hanging:
    """A server that accepts every connection and never says a word."""

    def __init__(self):
        self.cancelled = 0

    async def fetch(self, request):
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled += 1


def anchor_of(world):
    return Anchor.root(world.roots()["1.root.json"])


def updater(world, kind=Updater, *, transport=None, now=NOW, storage=None, **more):
    return kind(
        anchor=more.pop("anchor", None) or anchor_of(world),
        transport=transport or Served(world.files()),
        storage=storage or MemoryStorage(),
        clock=lambda: now,
        **more,
    )


def entry(*repositories, threshold, paths=("*/*",), terminating=False):
    return MapEntry(
        paths=paths, repositories=repositories, threshold=threshold, terminating=terminating
    )


def mapped(*entries):
    names = dict.fromkeys(name for one in entries for name in one.repositories)
    urls = {name: (f"https://{name}.example/",) for name in names}
    return TrustMap(repositories=urls, mapping=entries)


def ask(consensus, question, *arguments):
    """Ask either face; nothing else in a test knows which it is."""
    answer = getattr(consensus, question)(*arguments)
    return asyncio.run(answer) if inspect.iscoroutine(answer) else answer


def withheld(world):
    """The files without the targets role: somebody keeps it from us."""
    return {path: raw for path, raw in world.files().items() if TARGETS not in path}
