"""The two loops that turn a workflow into work. They hold no TUF.

Whatever must not be forgotten about a fetch is done here and not in transports:
bytes are counted, the rate is watched, and time runs out. An error with which
an effect ends is thrown into the workflow, which decides what it means.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing, closing
from functools import partial
from typing import TypeVar, assert_never, cast

from trustlib.effects import Ahead, Effect, Fetch, Load, Save, Tell, Workflow
from trustlib.errors import TrustError
from trustlib.events import Event
from trustlib.fetching import AsyncFetching, Fetching
from trustlib.limits import Limits
from trustlib.ports import AsyncStorage, AsyncTransport, Storage, Transport

T = TypeVar("T")


def ignored(event: Event) -> None:
    """Tell nobody about *event*."""


def run(
    workflow: Workflow[T],
    transport: Transport,
    storage: Storage,
    limits: Limits,
    tell: Callable[[Event], None] = ignored,
) -> T:
    """Carry *workflow* out, and return what it returns."""
    fetching = Fetching(transport, limits)

    def answered(effect: Effect) -> bytes | None:
        match effect:
            case Fetch():
                return fetching.fetched(effect)
            case Ahead(fetches):
                fetching.expect(fetches)
            case Load(name):
                return storage.load(name)
            case Save(name, data, held):
                return data if storage.save(name, data, replacing=held) else None
            case Tell(event):
                tell(event)
            case _:
                assert_never(effect)
        return None

    step = partial(workflow.send, None)
    with closing(fetching), closing(workflow):
        while True:
            try:
                effect = step()
            except StopIteration as finished:
                fetching.settle()
                return cast("T", finished.value)  # the generator's own return type
            try:
                step = partial(workflow.send, answered(effect))
            except TrustError as error:
                step = partial(workflow.throw, error)


async def arun(
    workflow: Workflow[T],
    transport: AsyncTransport,
    storage: AsyncStorage,
    limits: Limits,
    tell: Callable[[Event], None] = ignored,
) -> T:
    """Carry *workflow* out, and return what it returns."""
    fetching = AsyncFetching(transport, limits)

    async def answered(effect: Effect) -> bytes | None:
        match effect:
            case Fetch():
                return await fetching.fetched(effect)
            case Ahead(fetches):
                await fetching.expect(fetches)
            case Load(name):
                return await storage.load(name)
            case Save(name, data, held):
                return data if await storage.save(name, data, replacing=held) else None
            case Tell(event):
                tell(event)
            case _:
                assert_never(effect)
        return None

    step = partial(workflow.send, None)
    async with aclosing(fetching):
        with closing(workflow):
            while True:
                try:
                    effect = step()
                except StopIteration as finished:
                    await fetching.settle()
                    return cast("T", finished.value)  # the generator's own return type
                try:
                    step = partial(workflow.send, await answered(effect))
                except TrustError as error:
                    step = partial(workflow.throw, error)
