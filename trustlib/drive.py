"""The two loops that turn a workflow into work. They hold no TUF.

Whatever must not be forgotten about a fetch is done here and not in transports:
bytes are counted, the rate is watched, and time runs out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from typing import Protocol, TypeVar, assert_never, cast, runtime_checkable

from attrs import define, field

from trustlib.effects import Fetch, Load, Save, Workflow
from trustlib.errors import TooLongError, TransportError
from trustlib.limits import Limits
from trustlib.ports import AsyncStorage, AsyncTransport, Request, Storage, Transport

T = TypeVar("T")


def run(workflow: Workflow[T], transport: Transport, storage: Storage, limits: Limits) -> T:
    """Carry *workflow* out, and return what it returns."""
    answer: bytes | None = None
    with closing(workflow):
        while True:
            try:
                effect = workflow.send(answer)
            except StopIteration as finished:
                return cast("T", finished.value)  # the generator's own return type
            match effect:
                case Fetch():
                    answer = _fetched(effect, transport, limits)
                case Load(name):
                    answer = storage.load(name)
                case Save(name, data, held):
                    answer = data if storage.save(name, data, replacing=held) else None
                case _:
                    assert_never(effect)


async def arun(
    workflow: Workflow[T], transport: AsyncTransport, storage: AsyncStorage, limits: Limits
) -> T:
    """Carry *workflow* out, and return what it returns."""
    answer: bytes | None = None
    with closing(workflow):
        while True:
            try:
                effect = workflow.send(answer)
            except StopIteration as finished:
                return cast("T", finished.value)  # the generator's own return type
            match effect:
                case Fetch():
                    answer = await _afetched(effect, transport, limits)
                case Load(name):
                    answer = await storage.load(name)
                case Save(name, data, held):
                    answer = data if await storage.save(name, data, replacing=held) else None
                case _:
                    assert_never(effect)


@runtime_checkable
class _Closes(Protocol):
    """Pieces that hold something to let go of; a list's iterator does not."""

    def close(self) -> None: ...


@runtime_checkable
class _AsyncCloses(Protocol):
    """:class:`_Closes`, to await."""

    async def aclose(self) -> None: ...


@define
class _Meter:
    """What one file has cost so far."""

    effect: Fetch
    limits: Limits
    clock: Callable[[], float] = time.monotonic
    data: bytearray = field(factory=bytearray)
    began: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.began = self.clock()

    def take(self, piece: bytes) -> None:
        self.data += piece
        if len(self.data) > self.effect.max_length:
            raise TooLongError(self.effect.path, self.effect.max_length)
        took = self.clock() - self.began
        if took > self.limits.deadline:
            raise TransportError(
                self.effect.path, f"not complete after {self.limits.deadline:g} seconds"
            )
        if took > self.limits.patience and len(self.data) < took * self.limits.minimum_rate:
            raise TransportError(
                self.effect.path,
                f"{len(self.data)} bytes in {took:.0f} seconds, which is below"
                f" {self.limits.minimum_rate:g} a second",
            )


def _fetched(effect: Fetch, transport: Transport, limits: Limits) -> bytes | None:
    meter = _Meter(effect, limits)
    pieces = transport.fetch(Request(path=effect.path, held=effect.held))
    if pieces is None:
        return None
    try:
        for piece in pieces:
            meter.take(piece)
    finally:
        if isinstance(pieces, _Closes):
            pieces.close()
    return bytes(meter.data)


async def _afetched(effect: Fetch, transport: AsyncTransport, limits: Limits) -> bytes | None:
    meter = _Meter(effect, limits)
    pieces = await transport.fetch(Request(path=effect.path, held=effect.held))
    if pieces is None:
        return None
    try:
        async for piece in pieces:
            meter.take(piece)
    finally:
        if isinstance(pieces, _AsyncCloses):
            await pieces.aclose()
    return bytes(meter.data)
