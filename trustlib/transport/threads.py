"""A transport that blocks, for programs that must not.

One piece at a time is read in a worker thread. Whoever is cancelled does not
wait for that thread, and must not touch what it is using: the file or
connection is closed by whichever of the two lets go of it last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from threading import Lock
from typing import Self, TypeVar

from attrs import frozen

from trustlib.ports import Request, Transport
from trustlib.transport._pieces import close

T = TypeVar("T")


class _Pieces(AsyncIterator[bytes]):
    """The pieces of one file, and whether anybody still wants them."""

    def __init__(self) -> None:
        self._busy = Lock()
        self._unwanted = False
        self._pieces: Iterator[bytes] | None = None

    async def open(self, transport: Transport, request: Request) -> bool:
        """Fetch, and tell whether there is a file."""

        def fetch() -> bool:
            self._pieces = transport.fetch(request)
            return self._pieces is not None

        return await self._in_thread(fetch)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._in_thread(self._next)
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Let go of the file or connection."""
        from asyncio import to_thread

        self._unwanted = True
        await to_thread(self._close_if_unwanted)

    def _next(self) -> bytes | None:
        # StopIteration cannot travel through a future.
        return None if self._unwanted or self._pieces is None else next(self._pieces, None)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        from asyncio import CancelledError, to_thread

        try:
            return await to_thread(self._work, work)
        except CancelledError:
            self._unwanted = True
            self._close_if_unwanted()
            raise

    def _work(self, work: Callable[[], T]) -> T:
        try:
            with self._busy:
                return work()
        finally:
            self._close_if_unwanted()

    def _close_if_unwanted(self) -> None:
        # Each side says first that it is done and looks then whether the other
        # one is: at least one of them sees both.
        if self._unwanted and self._busy.acquire(blocking=False):
            try:
                if self._pieces is not None:
                    close(self._pieces)
            finally:
                self._busy.release()


@frozen
class Threaded:
    """Any transport, to await."""

    transport: Transport

    async def fetch(self, request: Request) -> AsyncIterator[bytes] | None:
        """Return the file in pieces as the transport hands them on, or None if there is no file.

        The pieces have ``aclose()``. A cancelled call does not wait for the
        transport; what it was reading is closed as soon as it returns.

        Raises:
            TransportError: whatever the transport raises; here or while iterating.
        """
        pieces = _Pieces()
        return pieces if await pieces.open(self.transport, request) else None
