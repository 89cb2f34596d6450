"""What a workflow's fetches come to: bytes that were counted, in time, or an error.

What a hint announced is asked for at once, if the transport can, and read in
that order. It changes when a file is asked for and nothing else: each file is
held to the limits that it would have had by itself; what goes wrong with one
that nobody asked for is nobody's error, and then each is asked for in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import suppress
from typing import Final

from attrs import define, evolve, field

from trustlib._types import UrlPath
from trustlib.effects import Fetch
from trustlib.errors import TooLongError, TransportError, TrustError
from trustlib.limits import Limits
from trustlib.metering import Meter
from trustlib.ports import AsyncPipelining, AsyncTransport, Pipelining, Request, Transport

_UNASKED: Final = 2.0
"""Seconds that may go into reading a file that nobody asked for yet."""


@define
class _Announced:
    """The files that are still to come, and those that came before anybody needed them."""

    limits: Limits
    coming: deque[Fetch] = field(factory=deque[Fetch])
    here: dict[UrlPath, bytes | None] = field(factory=dict[UrlPath, "bytes | None"])

    def next_for(self, effect: Fetch) -> Fetch | None:
        """Return what to read next on the way to *effect*, which may be *effect* itself."""
        if not self.coming:
            return None
        fetch = self.coming.popleft()
        return effect if fetch.path == effect.path else fetch

    def taken(self, effect: Fetch) -> bytes | None:
        """Return the file that came before it was needed."""
        data = self.here.pop(effect.path)
        if data is not None and len(data) > effect.max_length:
            raise TooLongError(effect.path, effect.max_length)
        return data

    @property
    def hurried(self) -> Limits:
        """What may be spent on a file that nobody asked for yet."""
        return evolve(self.limits, deadline=min(self.limits.deadline, _UNASKED))


@define
class Fetching:
    """Carries out the fetches of one workflow."""

    transport: Transport
    limits: Limits
    _announced: _Announced = field(init=False)
    _answers: Generator[Iterator[bytes] | None] | None = field(init=False, default=None)

    @_announced.default
    def _nothing(self) -> _Announced:
        return _Announced(self.limits)

    def expect(self, fetches: tuple[Fetch, ...]) -> None:
        """Ask for all of *fetches* at once, if the transport can."""
        self.settle()
        if isinstance(self.transport, Pipelining):
            self._announced.coming.extend(fetches)
            self._answers = self.transport.fetch_all([*map(_request, fetches)])

    def fetched(self, effect: Fetch) -> bytes | None:
        """Return the file, or None if there is none.

        Raises:
            TooLongError: it has more bytes than it may have.
            TransportError: it could not be read, or not in time.
        """
        if effect.path in self._announced.here:
            return self._announced.taken(effect)
        while (fetch := self._announced.next_for(effect)) is not None:
            if fetch is effect:
                return self._next(effect, self.limits)
            self._passed(fetch)
        return _read(self.transport.fetch(_request(effect)), effect, self.limits)

    def settle(self) -> None:
        """Forget what was announced; what is coming is read, so that a connection can go on."""
        while self._announced.coming:
            self._passed(self._announced.coming.popleft())
        self.close()

    def close(self) -> None:
        """Forget what was announced, now."""
        self._announced.here.clear()
        self._abandon()

    def _passed(self, fetch: Fetch) -> None:
        with suppress(TrustError):  # nobody asked for it; whoever does will be told
            self._announced.here[fetch.path] = self._next(fetch, self._announced.hurried)

    def _next(self, fetch: Fetch, limits: Limits) -> bytes | None:
        try:
            for pieces in self._answers or ():
                return _read(pieces, fetch, limits)
            raise TransportError(fetch.path, "the transport gave no answer")
        except TrustError:
            self._abandon()
            raise

    def _abandon(self) -> None:
        self._announced.coming.clear()
        answers, self._answers = self._answers, None
        if answers is not None:
            answers.close()


@define
class AsyncFetching:
    """:class:`Fetching`, to await."""

    transport: AsyncTransport
    limits: Limits
    _announced: _Announced = field(init=False)
    _answers: AsyncGenerator[AsyncIterator[bytes] | None] | None = field(init=False, default=None)

    @_announced.default
    def _nothing(self) -> _Announced:
        return _Announced(self.limits)

    async def expect(self, fetches: tuple[Fetch, ...]) -> None:
        """See :meth:`Fetching.expect`."""
        await self.settle()
        if isinstance(self.transport, AsyncPipelining):
            self._announced.coming.extend(fetches)
            self._answers = self.transport.fetch_all([*map(_request, fetches)])

    async def fetched(self, effect: Fetch) -> bytes | None:
        """See :meth:`Fetching.fetched`."""
        if effect.path in self._announced.here:
            return self._announced.taken(effect)
        while (fetch := self._announced.next_for(effect)) is not None:
            if fetch is effect:
                return await self._next(effect, self.limits)
            await self._passed(fetch)
        return await _aread(await self.transport.fetch(_request(effect)), effect, self.limits)

    async def settle(self) -> None:
        """See :meth:`Fetching.settle`."""
        while self._announced.coming:
            await self._passed(self._announced.coming.popleft())
        await self.aclose()

    async def aclose(self) -> None:
        """See :meth:`Fetching.close`."""
        self._announced.here.clear()
        await self._abandon()

    async def _passed(self, fetch: Fetch) -> None:
        with suppress(TrustError):  # nobody asked for it; whoever does will be told
            self._announced.here[fetch.path] = await self._next(fetch, self._announced.hurried)

    async def _next(self, fetch: Fetch, limits: Limits) -> bytes | None:
        try:
            if self._answers is not None:
                async for pieces in self._answers:
                    return await _aread(pieces, fetch, limits)
            raise TransportError(fetch.path, "the transport gave no answer")
        except TrustError:
            await self._abandon()
            raise

    async def _abandon(self) -> None:
        self._announced.coming.clear()
        answers, self._answers = self._answers, None
        if answers is not None:
            await answers.aclose()


def _request(fetch: Fetch) -> Request:
    return Request(path=fetch.path, held=fetch.held)


def _read(pieces: Iterator[bytes] | None, fetch: Fetch, limits: Limits) -> bytes | None:
    if pieces is None:
        return None
    meter = Meter(fetch.path, fetch.max_length, limits)
    try:
        for piece in pieces:
            meter.take(piece)
    finally:
        close = getattr(pieces, "close", None)  # a list's iterator holds nothing to let go of
        if close is not None:
            close()
    return bytes(meter.data)


async def _aread(pieces: AsyncIterator[bytes] | None, fetch: Fetch, limits: Limits) -> bytes | None:
    if pieces is None:
        return None
    meter = Meter(fetch.path, fetch.max_length, limits)
    try:
        async for piece in pieces:
            meter.take(piece)
    finally:
        aclose = getattr(pieces, "aclose", None)
        if aclose is not None:
            await aclose()
    return bytes(meter.data)
