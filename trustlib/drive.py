"""The two loops that turn what decides into work. They hold no TUF.

What decides is a generator: it yields what it asks for, is sent the answers, and
is thrown the error with which an asking ended, of which it decides what it means.
Whatever must not be forgotten about a fetch is done here and not in transports:
bytes are counted, the rate is watched, and time runs out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import aclosing, closing
from functools import partial
from typing import TypeVar, assert_never, cast

from trustlib.effects import Ahead, Effect, Fetch, Load, Save, Tell, Workflow
from trustlib.errors import TrustError
from trustlib.events import Event
from trustlib.fetching import AsyncFetching, Fetching
from trustlib.limits import Limits
from trustlib.ports import AsyncStorage, AsyncTransport, Storage, Transport

A = TypeVar("A")
E = TypeVar("E")
T = TypeVar("T")


def driven(asking: Generator[E, A, T], answered: Callable[[E], A]) -> T:
    """Return what *asking* returns, once everything that it asks for was *answered*."""
    step: Callable[[], E] = partial(next, asking)
    while True:
        try:
            asked = step()
        except StopIteration as finished:
            return cast("T", finished.value)  # the generator's own return type
        try:
            step = partial(asking.send, answered(asked))
        except TrustError as error:
            step = partial(asking.throw, error)


async def adriven(asking: Generator[E, A, T], answered: Callable[[E], Awaitable[A]]) -> T:
    """:func:`driven`, where answers are awaited."""
    step: Callable[[], E] = partial(next, asking)
    while True:
        try:
            asked = step()
        except StopIteration as finished:
            return cast("T", finished.value)  # the generator's own return type
        try:
            step = partial(asking.send, await answered(asked))
        except TrustError as error:
            step = partial(asking.throw, error)


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

    with closing(fetching), closing(workflow):
        result = driven(workflow, answered)
        fetching.settle()
        return result


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

    async with aclosing(fetching):
        with closing(workflow):
            result = await adriven(workflow, answered)
            await fetching.settle()
            return result
