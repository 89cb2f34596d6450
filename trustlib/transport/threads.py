"""A transport that blocks, for programs that must not.

One piece at a time is read in a worker thread. Whoever is cancelled does not
wait for that thread, and must not touch what it is using: the file or
connection is closed by whichever of the two lets go of it last.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from threading import Lock
from typing import Protocol, Self, TypeVar

from attrs import frozen

from trustlib.ports import Pipelining, Request, Transport
from trustlib.transport._pieces import close

T = TypeVar("T")


class _Held:
    """What worker threads use, one at a time, and whether anybody still wants it."""

    def __init__(self) -> None:
        self._busy = Lock()
        self._let_go: Callable[[], None] | None = None
        self.unwanted = False

    def hold(self, let_go: Callable[[], None]) -> None:
        """Call *let_go* in the end; more than once is fine."""
        self._let_go = let_go

    async def work(self, work: Callable[[], T]) -> T:
        """Return what *work* returns in a worker thread."""
        from asyncio import CancelledError, to_thread

        try:
            return await to_thread(self._work, work)
        except CancelledError:
            self.unwanted = True
            self._close_if_unwanted()
            raise

    async def aclose(self) -> None:
        """Let go of the file or connection."""
        from asyncio import to_thread

        self.unwanted = True
        await to_thread(self._close_if_unwanted)

    def _work(self, work: Callable[[], T]) -> T:
        try:
            with self._busy:
                return work()
        finally:
            self._close_if_unwanted()

    def _close_if_unwanted(self) -> None:
        # Each side says first that it is done and looks then whether the other
        # one is: at least one of them sees both.
        if self.unwanted and self._busy.acquire(blocking=False):
            try:
                if self._let_go is not None:
                    self._let_go()
            finally:
                self._busy.release()


class _Pieces(AsyncIterator[bytes]):
    """The pieces of the one file that is *held*."""

    def __init__(self, held: _Held, pieces: Iterator[bytes]) -> None:
        self._held, self._pieces = held, pieces

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._held.work(self._next)
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Let go of the file or connection."""
        await self._held.aclose()

    def _next(self) -> bytes | None:
        # StopIteration cannot travel through a future.
        return None if self._held.unwanted else next(self._pieces, None)


class _Answer(_Pieces):
    """The pieces of one file of several, which share what is *held*."""

    async def aclose(self) -> None:
        """Let go of this file."""
        if not self._held.unwanted:  # else all of it is let go of
            await self._held.work(partial(close, self._pieces))


@frozen
class Threaded:
    """Any transport, to await, one file at a time; :func:`awaited` may know a quicker way."""

    transport: Transport

    async def fetch(self, request: Request) -> AsyncIterator[bytes] | None:
        """Return the file in pieces as the transport hands them on, or None if there is no file.

        The pieces have ``aclose()``. A cancelled call does not wait for the
        transport; what it was reading is closed as soon as it returns.

        Raises:
            TransportError: whatever the transport raises; here or while iterating.
        """
        held = _Held()

        def fetch() -> Iterator[bytes] | None:
            pieces = self.transport.fetch(request)
            held.hold(partial(close, pieces))
            return pieces

        pieces = await held.work(fetch)
        return None if pieces is None else _Pieces(held, pieces)


class _Pipelines(Transport, Pipelining, Protocol):
    pass


@frozen
class _ThreadedPipelining(Threaded):
    """A transport that pipelines, to await."""

    transport: _Pipelines

    async def fetch_all(
        self, requests: Sequence[Request]
    ) -> AsyncGenerator[AsyncIterator[bytes] | None]:
        """Yield the transport's answers, in order; see :meth:`trustlib.ports.Pipelining.fetch_all`.

        Cancelled calls, here or in an answer, end all of it, as :meth:`Threaded.fetch` does.

        Raises:
            TransportError: whatever the transport raises; here or while iterating.
        """
        answers = self.transport.fetch_all(requests)
        held = _Held()
        held.hold(answers.close)

        def following() -> tuple[Iterator[bytes] | None] | None:
            for answer in answers:
                return (answer,)
            return None

        try:
            while following_answer := await held.work(following):
                (answer,) = following_answer
                yield None if answer is None else _Answer(held, answer)
        finally:
            await held.aclose()


def awaited(transport: Transport) -> Threaded:
    """Return *transport*, to await; an :class:`~trustlib.ports.AsyncPipelining` if it pipelines."""
    if isinstance(transport, Pipelining):
        return _ThreadedPipelining(transport)
    return Threaded(transport)
