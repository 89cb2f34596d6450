"""A transport that blocks, for programs that must not.

One piece at a time is read in a worker thread. Whoever is cancelled does not
wait for that thread, and must not touch what it is using: the file or
connection is closed by whichever of the two lets go of it last.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from attrs import frozen

from trustlib.ports import Pipelining, Request, Transport
from trustlib.transport._held import Held, HeldPieces
from trustlib.transport._pieces import close

T = TypeVar("T")


class _Answer(HeldPieces):
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
        held = Held()

        def fetch() -> Iterator[bytes] | None:
            pieces = self.transport.fetch(request)
            held.hold(partial(close, pieces))
            return pieces

        pieces = await held.work(fetch)
        return None if pieces is None else HeldPieces(held, pieces)


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
        held = Held()
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
