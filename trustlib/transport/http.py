"""Files over HTTP: one GET, one clear answer, and nothing that was not asked for.

What is believed of an answer is written in ``_answers``, how long anything may
take in ``_line``, which URL is asked for in ``_urls``, who is told our
credentials in ``_hops``. Here is how often anybody is asked.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from threading import Lock
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport._hops import Hop, checked_headers, redirected
from trustlib.transport._pieces import Peeked, close, unbroken
from trustlib.transport._urls import checked_base, checked_path, checked_proxy, shown
from trustlib.transport.policies import SAME_ORIGIN, Pool, Redirects, Retries, Timeouts, Tls

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

    from trustlib.transport._line import Flight

_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class _Connections:
    """The only thing that changes: connections that are open and may be used again.

    Attributes:
        pipelines: whether the server answers requests that were written ahead;
            None is not known.
    """

    def __init__(self) -> None:
        self.pipelines: bool | None = None
        self._lock = Lock()
        self._managers: dict[tuple[str, Tls], PoolManager] = {}

    def __reduce__(self) -> tuple[type[_Connections], tuple[()]]:
        # A connection belongs to one process.
        return _Connections, ()

    def manager(self, transport: HttpTransport, scheme: str, tls: Tls) -> PoolManager:
        from trustlib.transport._connections import opened

        with self._lock:
            if (scheme, tls) not in self._managers:
                self._managers[scheme, tls] = opened(
                    scheme,
                    tls=tls,
                    proxy=transport.proxy,
                    pool=transport.pool,
                    timeouts=transport.timeout,
                )
            return self._managers[scheme, tls]

    def answered_ahead(self) -> None:
        with self._lock:
            self.pipelines = True if self.pipelines is None else self.pipelines

    def stumbled(self) -> None:
        """Remember that an answer did not come because others were asked for as well.

        Connections break and servers restart, so one that did it before is
        given another chance; one that did not is never asked so again.
        """
        with self._lock:
            self.pipelines = None if self.pipelines else False

    def close(self) -> None:
        with self._lock:
            managers, self._managers = self._managers, {}
        for manager in managers.values():
            manager.clear()


@frozen(kw_only=True)
class _Again:
    """An answer that may be another one next time."""

    error: TransportError


@frozen(kw_only=True)
class _Busy(_Again):
    """Another one after the *pause* that the server asked for, in seconds."""

    pause: float | None


@frozen
class HttpTransport:
    """Reads a repository's files from a web server.

    A value: safe to share between threads, comparable, and without any
    knowledge of the environment (no proxy variables, no ``.netrc``). Its
    connections are kept open for the next file; :meth:`close` it, or use it in
    a ``with`` statement, to close those.

    Attributes:
        base_url: where the repository is; http or https, plain ASCII, no
            userinfo, query or fragment. Gets a slash at its end.
        headers: sent with every request to the origin of *base_url*, and to no
            other; the place for credentials.
        tls: whom to believe to be the server, and who to be.
        proxy: ``http://[user:password@]host:port`` (or https) of a proxy to
            go through; None goes to the server itself.
        pool: how many idle connections to keep.
        timeout: how long to wait for the server.
        retries: how often to ask again, after what.
        redirects: where the server may send us.

    Raises:
        ValueError: an argument is not what is described above.
    """

    base_url: str = field(converter=checked_base)
    headers: FrozenMap[str, str] = field(
        factory=FrozenMap[str, str],
        converter=checked_headers,
        kw_only=True,
        repr=lambda headers: f"<{', '.join(headers) or 'none'}>",
    )
    tls: Tls = field(factory=Tls, kw_only=True)
    proxy: str | None = field(
        default=None,
        converter=checked_proxy,
        kw_only=True,
        repr=lambda proxy: repr(proxy and shown(proxy)),
    )
    pool: Pool = field(factory=Pool, kw_only=True)
    timeout: Timeouts = field(factory=Timeouts, kw_only=True)
    retries: Retries = field(factory=Retries, kw_only=True)
    redirects: Redirects = field(default=SAME_ORIGIN, kw_only=True)
    _connections: _Connections = field(factory=_Connections, init=False, eq=False, repr=False)

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return the file in pieces of at most 256 KiB, or None if the server has none (404, 410).

        The first piece is read before this returns; after it, nothing is
        retried. ``next()`` returns, or raises, within *timeout.read* seconds
        (for a server that ignores an offset: plus a second for each 100 kB to skip).

        Closing the pieces, or dropping them, closes a connection that is not
        at the end of its answer. *request.held* is not looked at.

        Raises:
            TransportError: anything else; here or while iterating. Its text
                holds no userinfo, no query and no header.
        """
        return self._fetched(request, None)

    def fetch_all(self, requests: Sequence[Request]) -> Generator[Iterator[bytes] | None]:
        """Ask for all of *requests* at once, and yield the answers in their order.

        Requests are written together, over one connection, as far as that
        seems to be of use: not those with an offset, not through a proxy
        that reads them, and no more once the server turned out not to answer
        so. Such a server costs some seconds once, and never an error: what is
        not clearly a file, its absence or "busy" is asked for again alone.

        Closing the generator reads over the answers that nobody took, if they
        are short and there, so that the connection can be used again.

        Raises:
            TransportError: as :meth:`fetch`, when the answer it is about is
                taken; there are none after it.
        """
        from trustlib.transport._line import Flight

        flight = Flight()
        answer: Iterator[bytes] | None = None
        try:
            for place, request in enumerate(requests, 1):
                close(answer)
                flight.next(self._behind(requests[place:], flight))
                answer = self._fetched(request, None if request.offset else flight)
                if answer is not None and flight.together:
                    # Who closes a connection with requests unread resets it, and what of
                    # an answer was under way to us is lost.
                    again = partial(self._again, request)
                    answer = Peeked(unbroken(answer, again, self.timeout.read))
                yield answer
        finally:
            close(answer)
            self._skim(requests, flight)
            if flight.declined:
                self._connections.stumbled()

    def get_pool(self) -> PoolManager:
        """Return the urllib3 pool for the origin of *base_url*, for requests of another kind.

        Raises:
            TransportError: a file that *tls* names cannot be used.
        """
        scheme = self.base_url.partition(":")[0].lower()
        return self._connections.manager(self, scheme, self.tls)

    def close(self) -> None:
        """Close the connections that are idle. A later fetch opens new ones."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _url(self, request: Request) -> str:
        return self.base_url + checked_path(request.path, self.base_url)

    def _fetched(self, request: Request, flight: Flight | None) -> Iterator[bytes] | None:
        if request.offset < 0:
            raise ValueError(f"the offset must be 0 or more, got {request.offset}")
        url = self._url(request)
        attempt = 1
        while isinstance(answer := self._asked(url, request.offset, flight), _Again):
            if attempt >= self.retries.attempts:
                raise answer.error
            asked = answer.pause if isinstance(answer, _Busy) else None
            sleep(self.retries.pause(attempt, asked))
            attempt, flight = attempt + 1, None
        return answer

    # -- several at once ----------------------------------------------------------------

    def _behind(self, requests: Sequence[Request], flight: Flight) -> Sequence[str]:
        """Return the targets of those *requests* that may be written before they are made."""
        from urllib3.util import parse_url

        read_by_proxy = self.proxy is not None and self.base_url[:5].lower() == "http:"
        if flight.waiting or flight.lost or read_by_proxy or self._connections.pipelines is False:
            return ()
        targets = []
        for request in requests:
            if request.offset:
                break
            try:
                targets.append(parse_url(self._url(request)).request_uri)
            except TransportError:  # raised when its turn comes
                break
        return targets

    def _asked(
        self, url: str, offset: int, flight: Flight | None
    ) -> Iterator[bytes] | _Again | None:
        """Return the answer. What is not clear, and was asked for with others, is asked again."""
        if flight is None:
            return self._attempt(url, offset, None)
        try:
            answer = self._attempt(url, offset, flight)
        except TransportError as error:
            if not flight.together:
                raise
            answer = _Again(error=error)
        if flight.together and isinstance(answer, _Again) and not isinstance(answer, _Busy):
            flight.together, flight.lost = False, True
            answer = self._attempt(url, offset, None)
            if not isinstance(answer, _Again):
                self._connections.stumbled()
        elif flight.ahead:
            self._connections.answered_ahead()
        return answer

    def _again(self, request: Request) -> Iterator[bytes] | None:
        self._connections.stumbled()
        return self.fetch(request)

    def _skim(self, requests: Sequence[Request], flight: Flight) -> None:
        """Read over what nobody asked for any more, or leave the connection unusable."""
        from trustlib.transport._answers import drain
        from trustlib.transport._line import PATIENCE

        deadline = monotonic() + PATIENCE
        while flight.waiting and (left := deadline - monotonic()) > 0:
            url = self._url(requests[flight.turn])
            flight.next(())
            try:
                drain(self._response(self._hop(url), 0, flight), left)
            except TransportError:
                self._connections.stumbled()

    # -- one ----------------------------------------------------------------------------

    def _hop(self, url: str) -> Hop:
        return Hop(url=url, headers=self.headers, tls=self.tls)

    def _attempt(
        self, url: str, offset: int, flight: Flight | None
    ) -> Iterator[bytes] | _Again | None:
        from trustlib.transport import _answers
        from trustlib.transport._connections import passing

        hop = self._hop(url)
        try:
            response = self._response(hop, offset, flight)
            for _ in range(self.redirects.most):
                if response.status not in _answers.MOVED:
                    break
                _answers.drain(response, self.timeout.read)
                if flight is not None and flight.waiting:
                    flight.declined = True  # what was written behind this is in the way now
                hop = redirected(
                    hop, response.headers.get("Location", ""), self.base_url, self.redirects
                )
                response = self._response(hop, offset, None)
            where = shown(hop.url)
            if response.status in _answers.ABSENT:
                _answers.drain(response, self.timeout.read)
                return None
            if response.status in _answers.BUSY:
                _answers.drain(response, self.timeout.read)
                asked = _SECONDS.fullmatch(response.headers.get("Retry-After", "").strip())
                return _Busy(
                    error=TransportError(where, f"the server is busy (status {response.status})"),
                    pause=float(asked[0]) if asked else None,
                )
            return Peeked(_answers.body(response, where, offset, self.timeout))
        except TransportError as error:
            if passing(error.__cause__):
                return _Again(error=error)
            raise

    def _response(self, hop: Hop, offset: int, flight: Flight | None) -> BaseHTTPResponse:
        from urllib3 import HTTPHeaderDict

        from trustlib.transport._connections import FAILURES, explained

        headers = HTTPHeaderDict({"User-Agent": "trustlib", "Accept": "*/*"})
        for name, value in hop.headers.items():
            headers[name] = value
        headers["Accept-Encoding"] = "identity"
        if offset:
            headers["Range"] = f"bytes={offset}-"
        manager = self._connections.manager(self, hop.url.partition(":")[0].lower(), hop.tls)
        try:
            with nullcontext() if flight is None else flight.asking():
                return manager.urlopen(
                    "GET",
                    hop.url,
                    headers=headers,
                    redirect=False,
                    retries=False,
                    preload_content=False,
                    decode_content=False,
                )
        except FAILURES as error:
            raise TransportError(shown(hop.url), explained(error, self.timeout)) from error
