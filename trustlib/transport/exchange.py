"""One HTTP request and its answer, for whoever speaks a protocol over HTTP.

Nothing is decided here: who is told credentials, where to go on a redirect and
whether to ask again are the business of whoever asks. What holds for every
answer is here: nothing is unpacked, nothing is followed, each wait has an end,
and no more is read than the question allows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib.errors import TooLongError, TransportError
from trustlib.limits import Limits
from trustlib.metering import Meter
from trustlib.transport._held import Held, HeldPieces
from trustlib.transport._hops import Hop
from trustlib.transport._pieces import Peeked, close
from trustlib.transport._urls import checked_proxy, shown
from trustlib.transport.policies import Pool, Timeouts, Tls

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

_SAID: Final = 16_384  # bytes of what a server says where it does not do what was asked


@frozen(kw_only=True)
class Body:
    """What a request carries.

    Attributes:
        length: in bytes; None: nobody knows before the end.
        pieces: returns the bytes from the beginning, whenever it is called. One
            whose *length* is None may be called once only.
    """

    length: int | None
    pieces: Callable[[], Iterable[bytes]] = field(repr=False)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return the body that is *data*."""
        return cls(length=len(data), pieces=lambda: (data,))


@frozen(kw_only=True)
class Question:
    """A request, and how much of an answer is wanted.

    Attributes:
        method: ``GET``, ``HEAD``, ``POST``, ``PUT``, ``PATCH``, ``DELETE``.
        hop: where to ask, and as whom.
        headers: what everybody may know, by name.
        body: what the request carries.
        most: how many bytes the answer may have, where it is not streamed.
        streamed: the statuses whose body is wanted as it comes in.
        offset: where in a file a streamed answer must begin.
    """

    method: str = "GET"
    hop: Hop
    headers: FrozenMap[str, str] = field(factory=FrozenMap[str, str])
    body: Body | None = None
    most: int = _SAID
    streamed: frozenset[int] = frozenset()
    offset: int = 0

    @property
    def where(self) -> str:
        """The URL as it may be printed."""
        return shown(self.hop.url)


@frozen(kw_only=True)
class Heard:
    """An answer.

    Attributes:
        status: of HTTP.
        headers: the values of each header, by its name in lower case.
        body: the whole of it, where it was not to be streamed. Of what is no
            success, as much as was allowed: it is for people.
        pieces: the body as it comes in, where it was.
    """

    status: int
    headers: FrozenMap[str, tuple[str, ...]] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    pieces: Iterator[bytes] | AsyncIterator[bytes] | None = field(
        default=None, eq=False, repr=False
    )

    def header(self, name: str) -> str:
        """Return the header *name* (in lower case), or ``""``; of several the first."""
        return next(iter(self.headers.get(name, ())), "").strip()


class _Managers:
    """Connections that are open and may be used again: the only thing here that changes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._managers: dict[tuple[str, Tls], PoolManager] = {}

    def __reduce__(self) -> tuple[type[_Managers], tuple[()]]:
        # A connection belongs to one process.
        return _Managers, ()

    def to(self, exchange: Exchange, scheme: str, tls: Tls) -> PoolManager:
        from trustlib.transport._connections import opened

        with self._lock:
            if (scheme, tls) not in self._managers:
                self._managers[scheme, tls] = opened(
                    scheme,
                    tls=tls,
                    proxy=exchange.proxy,
                    pool=exchange.pool,
                    timeouts=exchange.timeout,
                )
            return self._managers[scheme, tls]

    def close(self) -> None:
        with self._lock:
            managers, self._managers = self._managers, {}
        for manager in managers.values():
            manager.clear()


@frozen(kw_only=True)
class Exchange:
    """Asks over connections that are kept open; a value, safe to share between threads.

    Attributes:
        timeout: how long to wait for the server.
        pool: how many idle connections to keep.
        proxy: as for :class:`~trustlib.transport.HttpTransport`.
        limits: how slowly an answer may come.
    """

    timeout: Timeouts = field(factory=Timeouts)
    pool: Pool = field(factory=Pool)
    proxy: str | None = field(
        default=None, converter=checked_proxy, repr=lambda proxy: repr(proxy and shown(proxy))
    )
    limits: Limits = field(factory=Limits)
    _managers: _Managers = field(factory=_Managers, init=False, eq=False, repr=False)

    def heard(self, question: Question) -> Heard:
        """Return the answer to *question*, whatever its status is.

        Raises:
            TooLongError: a success has more bytes than the question allows.
            TransportError: there was no whole answer; its cause says whether
                that may pass.
        """
        answer, pieces = self.asked(question)
        return evolve(answer, pieces=pieces)

    def asked(self, question: Question) -> tuple[Heard, Iterator[bytes] | None]:
        """Return the answer to *question*, and apart from it what of it is still to come.

        Raises:
            TrustError: as :meth:`heard`.
        """
        from trustlib.transport import _answers

        response = self._response(question)
        status = response.status
        headers = FrozenMap(
            {
                name.lower(): tuple(response.headers.getlist(name))
                for name in dict.fromkeys(response.headers)
            }
        )
        if status in question.streamed:
            pieces = _answers.body(response, question.where, question.offset, self.timeout)
            return Heard(status=status, headers=headers), Peeked(pieces)
        if question.method == "HEAD" or status in _BODILESS:
            _answers.drain(response, self.timeout.read)
            return Heard(status=status, headers=headers), None
        return Heard(status=status, headers=headers, body=self._read(response, question)), None

    def close(self) -> None:
        """Close the connections that are idle. A later question opens new ones."""
        self._managers.close()

    def _read(self, response: BaseHTTPResponse, question: Question) -> bytes:
        from trustlib.transport import _answers

        success = response.status == HTTPStatus.OK
        most = question.most if success else _SAID
        meter = Meter(question.where, most, self.limits)
        try:
            for piece in _answers.whole(response, question.where, self.timeout):
                meter.take(piece)
        except TooLongError:
            _answers.let_go(response)
            if success:
                raise
        except TransportError:
            if success:
                raise
        return bytes(meter.data[:most])

    def _response(self, question: Question) -> BaseHTTPResponse:
        from urllib3 import HTTPHeaderDict

        from trustlib.transport._connections import FAILURES, explained

        headers = HTTPHeaderDict({"User-Agent": "trustlib", "Accept": "*/*"})
        for name, value in {**question.headers, **question.hop.headers}.items():
            headers[name] = value
        headers["Accept-Encoding"] = "identity"
        if question.offset:
            headers["Range"] = f"bytes={question.offset}-"
        body = question.body
        if body is not None and body.length is not None:
            headers["Content-Length"] = str(body.length)
        scheme = question.hop.url.partition(":")[0].lower()
        try:
            return self._managers.to(self, scheme, question.hop.tls).urlopen(
                question.method,
                question.hop.url,
                body=None if body is None else _exactly(body, question.where),
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except FAILURES as error:
            raise TransportError(question.where, explained(error, self.timeout)) from error


def _exactly(body: Body, where: str) -> Iterator[bytes]:
    """Yield what *body* carries, and never more: it would be taken for the next request."""
    left = body.length
    for piece in body.pieces():
        if left is not None:
            left -= len(piece)
            if left < 0:
                break
        yield piece
    if left:
        raise TransportError(
            where, f"what was to be sent changed meanwhile, and no longer has {body.length} bytes"
        )


@frozen
class ThreadedExchange:
    """:class:`Exchange`, to await: each step of it is made in a worker thread."""

    exchange: Exchange

    async def heard(self, question: Question) -> Heard:
        """See :meth:`Exchange.heard`. The pieces are to be awaited, and have ``aclose()``."""
        held = Held()

        def asked() -> tuple[Heard, Iterator[bytes] | None]:
            answer, pieces = self.exchange.asked(question)
            held.hold(partial(close, pieces))
            return answer, pieces

        answer, pieces = await held.work(asked)
        return answer if pieces is None else evolve(answer, pieces=HeldPieces(held, pieces))
