"""Both kinds of registry, called alike: so that one suite is enough for both."""

import asyncio

from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry


class Sync:
    """A registry that waits; blobs are lists of pieces."""

    kind = Registry

    def __init__(self, domain: str, **settings):
        self.spoken_to = self.kind(domain, **settings)

    def __getattr__(self, name):
        return getattr(self.spoken_to, name)

    def blob(self, *arguments):
        return list(self.spoken_to.blob(*arguments))


class Async(Sync):
    """One that is awaited, each call in an event loop of its own."""

    kind = AsyncRegistry

    def __getattr__(self, name):
        method = getattr(self.spoken_to, name)
        return lambda *arguments, **named: asyncio.run(method(*arguments, **named))

    def blob(self, *arguments):
        async def pieces():
            return [piece async for piece in self.spoken_to.blob(*arguments)]

        return asyncio.run(pieces())
