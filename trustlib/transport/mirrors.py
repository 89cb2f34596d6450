"""Several places to read one repository from.

A mirror that fails is passed over. One that says "there is no such file" is
believed: asking on until somebody has one would let the most outdated mirror
answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from typing import Self, cast

from attrs import frozen

from trustlib.errors import TransportError
from trustlib.ports import Pipelining, Request, Transport
from trustlib.transport._pieces import Peeked


@frozen(init=False)
class Mirrors:
    """Reads each file from the first of *transports* that does not fail.

    It is :class:`~trustlib.ports.Pipelining` if the first one is.
    """

    transports: tuple[Transport, ...]

    def __new__(cls, *transports: Transport) -> Self:
        """Make what can ask for several files at once only where somebody can."""
        if cls is Mirrors and transports and isinstance(transports[0], Pipelining):
            return object.__new__(cast("type[Self]", _PipeliningMirrors))  # a Mirrors, too
        return object.__new__(cls)

    def __init__(self, *transports: Transport) -> None:
        if not transports:
            raise ValueError("mirrors of nothing: give at least one transport")
        self.__attrs_init__(transports)

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return the file in pieces, or None if the first mirror that answers has no such file.

        The first piece is read before this returns. After it, a failure is
        raised: the next mirror may have another file under that name.

        Raises:
            TransportError: every mirror failed (the reason names them all), or
                the one that answered failed while iterating.
        """
        failures: list[TransportError] = []
        for transport in self.transports:
            try:
                pieces = transport.fetch(request)
                return None if pieces is None else Peeked(pieces)
            except TransportError as error:
                failures.append(error)
        told = "; ".join(f"{error.where}: {error.reason}" for error in failures)
        raise TransportError(request.path, f"no mirror could be read ({told})") from failures[-1]


@frozen(init=False)
class _PipeliningMirrors(Mirrors):
    def fetch_all(self, requests: Sequence[Request]) -> Generator[Iterator[bytes] | None]:
        """Ask the first mirror for all of *requests* at once; once it fails, each in turn.

        Raises:
            TransportError: as :meth:`Mirrors.fetch`, when the answer it is about is taken.
        """
        left = deque(requests)
        first = self.transports[0]
        if isinstance(first, Pipelining):
            with suppress(TransportError), closing(first.fetch_all(requests)) as answers:
                for pieces in answers:
                    answer = None if pieces is None else Peeked(pieces)
                    left.popleft()
                    yield answer
        for request in left:
            yield self.fetch(request)
