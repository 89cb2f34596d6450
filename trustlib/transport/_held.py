"""What worker threads read from, one at a time, and whether anybody still wants it.

Whoever is cancelled does not wait for that thread, and must not touch what it
is using: the file or connection is closed by whichever of the two lets go of it
last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from threading import Lock
from typing import Self, TypeVar

T = TypeVar("T")


class Held:
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


class HeldPieces(AsyncIterator[bytes]):
    """The pieces of the one file that is *held*."""

    def __init__(self, held: Held, pieces: Iterator[bytes]) -> None:
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
