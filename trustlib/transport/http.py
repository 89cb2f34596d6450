"""Files over HTTP: one GET, one clear answer, and nothing that was not asked for.

What is believed of an answer is written in ``_answers``, how long anything may
take in ``_line``, which URL is asked for in ``_urls``, who is told our
credentials in ``_hops``. Here is how often anybody is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Lock
from time import sleep
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport._hops import Hop, checked_headers, redirected
from trustlib.transport._pieces import Peeked
from trustlib.transport._urls import checked_base, checked_path, checked_proxy, shown
from trustlib.transport.policies import SAME_ORIGIN, Pool, Redirects, Retries, Timeouts, Tls

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class _Connections:
    """The only thing that changes: connections that are open and may be used again."""

    def __init__(self) -> None:
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

    def close(self) -> None:
        with self._lock:
            managers, self._managers = self._managers, {}
        for manager in managers.values():
            manager.clear()


@frozen(kw_only=True)
class _Again:
    """An answer that may be another one next time."""

    error: TransportError
    pause: float | None = None


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
        """Return the file in pieces of at most 64 KiB, or None if the server has none (404, 410).

        The first piece is read before this returns; after it, nothing is
        retried. ``next()`` returns, or raises, within *timeout.read* seconds
        (for a server that ignores an offset: plus a second for each 100 kB to skip).

        Closing the pieces, or dropping them, closes a connection that is not
        at the end of its answer. *request.held* is not looked at.

        Raises:
            TransportError: anything else; here or while iterating. Its text
                holds no userinfo, no query and no header.
        """
        if request.offset < 0:
            raise ValueError(f"the offset must be 0 or more, got {request.offset}")
        url = self.base_url + checked_path(request.path, self.base_url)
        attempt = 1
        while isinstance(answer := self._attempt(url, request.offset), _Again):
            if attempt >= self.retries.attempts:
                raise answer.error
            sleep(self.retries.pause(attempt, answer.pause))
            attempt += 1
        return answer

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

    def _attempt(self, url: str, offset: int) -> Iterator[bytes] | _Again | None:
        from trustlib.transport import _answers
        from trustlib.transport._connections import passing

        hop = Hop(url=url, headers=self.headers, tls=self.tls)
        try:
            response = self._response(hop, offset)
            for _ in range(self.redirects.most):
                if response.status not in _answers.MOVED:
                    break
                _answers.drain(response, self.timeout)
                hop = redirected(
                    hop, response.headers.get("Location", ""), self.base_url, self.redirects
                )
                response = self._response(hop, offset)
            where = shown(hop.url)
            if response.status in _answers.ABSENT:
                _answers.drain(response, self.timeout)
                return None
            if response.status in _answers.BUSY:
                _answers.drain(response, self.timeout)
                asked = _SECONDS.fullmatch(response.headers.get("Retry-After", "").strip())
                return _Again(
                    error=TransportError(where, f"the server is busy (status {response.status})"),
                    pause=float(asked[0]) if asked else None,
                )
            return Peeked(_answers.body(response, where, offset, self.timeout))
        except TransportError as error:
            if passing(error.__cause__):
                return _Again(error=error)
            raise

    def _response(self, hop: Hop, offset: int) -> BaseHTTPResponse:
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
