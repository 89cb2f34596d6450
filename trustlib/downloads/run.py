"""The two loops that turn a download into work. They decide nothing.

Whatever happens, the pieces are closed and the download is ended: what it has
so far stays on the disk for the next one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from functools import partial
from pathlib import Path
from typing import TypeVar, assert_never

from attrs import define

from trustlib.downloads.steps import Answer, Ask, More, Step, Steps, Told
from trustlib.downloads.telling import Progress
from trustlib.errors import TransportError
from trustlib.ports import AsyncTransport, Request, Transport
from trustlib.transport._pieces import close

T = TypeVar("T")


def run(steps: Steps[Path], transport: Transport, progress: Progress) -> Path:
    """Carry a download out, and return where the file is."""
    answer: Answer = None
    with closing(_Source(transport)) as source, closing(steps):
        while True:
            match _next(steps, answer):
                case Told(so_far, total):
                    progress(so_far, total)
                case Ask(request):
                    answer = source.ask(request)
                case More():
                    answer = source.more()
                case Path() as place:
                    return place
                case step:
                    assert_never(step)


async def arun(steps: Steps[Path], transport: AsyncTransport, progress: Progress) -> Path:
    """Carry a download out, and return where the file is; the disk is left to a thread."""
    answer: Answer = None
    async with aclosing(_AsyncSource(transport)) as source:
        with closing(steps):
            while True:
                match await _uninterrupted(partial(_next, steps, answer)):
                    case Told(so_far, total):
                        progress(so_far, total)
                    case Ask(request):
                        answer = await source.ask(request)
                    case More():
                        answer = await source.more()
                    case Path() as place:
                        return place
                    case step:
                        assert_never(step)


def _next(steps: Steps[Path], answer: Answer) -> Step | Path:
    try:
        return steps.send(answer)
    except StopIteration as finished:  # which cannot travel through a future
        place: Path = finished.value
        return place


async def _uninterrupted(work: Callable[[], T]) -> T:
    """Do *work* in a thread. Whoever is cancelled waits: it is using a file of ours."""
    from asyncio import CancelledError, ensure_future, shield, to_thread, wait

    working = ensure_future(to_thread(work))
    try:
        return await shield(working)
    except CancelledError:
        while not working.done():
            try:
                await wait([working])
            except CancelledError:
                continue
        raise


@define
class _Source:
    """The answer that is being read."""

    transport: Transport
    pieces: Iterator[bytes] | None = None

    def ask(self, request: Request) -> Answer:
        self.close()
        try:
            pieces = self.transport.fetch(request)
        except TransportError as error:
            return error
        self.pieces = None if pieces is None else iter(pieces)
        return None if pieces is None else b""

    def more(self) -> Answer:
        try:
            return None if self.pieces is None else next(self.pieces, None)
        except TransportError as error:
            return error

    def close(self) -> None:
        if self.pieces is not None:
            close(self.pieces)


@define
class _AsyncSource:
    """:class:`_Source`, to await."""

    transport: AsyncTransport
    pieces: AsyncIterator[bytes] | None = None

    async def ask(self, request: Request) -> Answer:
        await self.aclose()
        try:
            pieces = await self.transport.fetch(request)
        except TransportError as error:
            return error
        self.pieces = None if pieces is None else aiter(pieces)
        return None if pieces is None else b""

    async def more(self) -> Answer:
        try:
            return None if self.pieces is None else await anext(self.pieces, None)
        except TransportError as error:
            return error

    async def aclose(self) -> None:
        closer = getattr(self.pieces, "aclose", None)
        if callable(closer):
            await closer()
