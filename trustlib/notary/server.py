"""A live trust server: the files of one collection, read and published over HTTP.

Reading needs no login where the server says so; where it wants to know who
asks, the conversation is that of a registry, with the registry's credentials:
whoever may pull the images may read what is said of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar, cast
from urllib.parse import quote, urlsplit

from attrs import field, frozen

from trustlib._types import CollectionName, RoleName
from trustlib.errors import TransportError
from trustlib.limits import Limits
from trustlib.notary import uploading
from trustlib.notary.format import ContentTrustFormat
from trustlib.notary.public_keys import PublicKey
from trustlib.ports import Request
from trustlib.registry._conversation import Session, Speaking, held, said, spoken
from trustlib.registry.credentials import Source, anonymous
from trustlib.transport._urls import checked_origin, checked_path
from trustlib.transport.exchange import Exchange, Heard, Question
from trustlib.transport.policies import SAME_ORIGIN, Pool, Retries, Timeouts, Tls

T = TypeVar("T")

DOCKER_HUB: Final = "https://notary.docker.io"
"""Where Docker Hub's collections were, until it closed its trust server."""

_KNOWN_REALMS: Final = {"https://notary.docker.io:443": "https://auth.docker.io:443"}
_STREAMED: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})
_ABSENT: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


def _collection(name: str) -> CollectionName:
    return ContentTrustFormat(name).name


def _origins(values: Iterable[str]) -> frozenset[str]:
    return frozenset(map(checked_origin, values))


@frozen
class NotaryServer:
    """The collection *name* on a trust server. A :class:`~trustlib.ports.Transport`.

    What is published to it, :class:`.NotaryPlan` says.

    A value: safe to share between threads. Its connections are kept open;
    :meth:`close` it, or use it in a ``with`` statement, to close those.

    Attributes:
        url: scheme, host and port of the server.
        name: the collection, ``docker.io/acme/app``.
        credentials: who to be, where the server wants to know; asked for the
            domain of the registry that *name* begins with.
        tls: whom to believe to be the server, and who to be; see :func:`docker_tls`.
        realms: origins of its token servers, where they are not its own (that
            of Docker Hub is known).
        timeout: how long to wait for the server.
        retries: how often to ask again.
        pool: how many idle connections to keep.
        proxy: as for :class:`~trustlib.transport.HttpTransport`.

    Raises:
        ValueError: *url* is more than scheme, host and port, or *name* is no
            name of a collection.
    """

    url: str = field(converter=checked_origin)
    name: CollectionName = field(converter=_collection)
    credentials: Source = field(default=anonymous, kw_only=True)
    tls: Tls = field(factory=Tls, kw_only=True)
    realms: frozenset[str] = field(default=frozenset(), converter=_origins, kw_only=True)
    timeout: Timeouts = field(factory=Timeouts, kw_only=True)
    retries: Retries = field(factory=Retries, kw_only=True)
    pool: Pool = field(factory=Pool, kw_only=True)
    proxy: str | None = field(default=None, kw_only=True, repr=False)
    _exchange: Exchange = field(init=False, eq=False, repr=False)
    _session: Session = field(init=False, eq=False, repr=False)

    @_exchange.default
    def _connected(self) -> Exchange:
        return Exchange(timeout=self.timeout, pool=self.pool, proxy=self.proxy, limits=Limits())

    @_session.default
    def _begun(self) -> Session:
        known = _KNOWN_REALMS.get(self.url)
        return Session(
            domain=self.name.partition("/")[0],
            base_url=f"{self.url}/v2/",
            tls=self.tls,
            realms=self.realms if known is None else self.realms | {known},
            retries=self.retries,
            downloads=SAME_ORIGIN,
        )

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return the file in pieces, or None if the server has none (404, 410).

        Raises:
            DeniedError: the server does not let us.
            TransportError: anything else; here or while iterating.
        """
        answer = self._held(self._fetched(request))
        return None if answer is None else cast("Iterator[bytes]", answer.pieces)

    def key(self, role: str) -> PublicKey:
        """Return the key with which the server signs *role*, made now if there is none.

        Args:
            role: ``timestamp``, or ``snapshot`` where the server is to make those.

        Raises:
            NotFoundError: it signs no such role.
            MalformedError: what it says is no key that can be used.
            DeniedError: the server does not let us.
            TransportError: it cannot be asked.
        """
        return self._held(uploading.key_of(*self._told(), RoleName(role)))

    def new_key(self, role: str) -> PublicKey:
        """Return another key with which the server will sign *role*, once a root lists it.

        Raises:
            TrustError: as :meth:`key`.
        """
        return self._held(uploading.new_key_of(*self._told(), RoleName(role)))

    def post(self, files: Mapping[RoleName, bytes]) -> None:
        """Publish *files*, by the roles that they are of; the server takes all or none.

        That is what :meth:`.NotaryPublication.apply` does, after looking at them
        as a client would.

        Raises:
            ConflictError: the server has one of them in that version already.
            RefusedUpdateError: it does not take them, and says why.
            DeniedError: the server does not let us.
            TransportError: it cannot be asked, or fails.
        """
        self._held(uploading.posted(*self._told(), files))

    def delete(self) -> None:
        """Remove everything that the server has of the collection; nothing is fine.

        Clients that were there remember it, and refuse another collection of
        that name which begins anew.

        Raises:
            DeniedError: the server does not let us.
            TransportError: it cannot be asked, or fails.
        """
        self._held(uploading.deleted(*self._told()))

    def close(self) -> None:
        """Close the connections that are idle. A later fetch opens new ones."""
        self._exchange.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _held(self, speaking: Speaking[T]) -> T:
        return held(speaking, self._exchange.heard, self.credentials, time.sleep)

    def _told(self) -> tuple[Session, str, str]:
        return self._session, self._place, f"repository:{self.name}"

    @property
    def _place(self) -> str:
        return f"{quote(self.name, safe='/:')}/_trust/tuf/"

    def _fetched(self, request: Request) -> Speaking[Heard | None]:
        path = checked_path(request.path, self.url)
        question = Question(
            hop=self._session.hop(f"{self._place}{path}"),
            streamed=_STREAMED,
            offset=request.offset,
        )
        answer = yield from spoken(self._session, question, f"repository:{self.name}:pull")
        if answer.pieces is not None:
            return answer
        if answer.status in _ABSENT:
            return None
        raise TransportError(
            question.where, f"the server answered with HTTP status {answer.status}{said(answer)}"
        )


def docker_tls(directory: str | PathLike[str], url: str) -> Tls:
    """Return how Docker would connect to the trust server *url*.

    Args:
        directory: where Docker keeps its settings, ``~/.docker`` for most
            people; below it, ``tls/<host:port>/`` holds ``ca.crt``,
            ``client.cert`` and ``client.key``, or some of them.
        url: scheme, host and port of the server.

    Raises:
        ValueError: there is a key without its certificate; or *url* has a
            path or no host.
    """
    checked_origin(url)
    folder = Path(directory).expanduser() / "tls" / urlsplit(url).netloc
    found = {name: folder / name for name in ("ca.crt", "client.cert", "client.key")}
    present = {name: path if path.is_file() else None for name, path in found.items()}
    return Tls(
        ca_file=present["ca.crt"],
        client_cert=present["client.cert"],
        client_key=present["client.key"],
    )


def docker_server(name: str, environment: Mapping[str, str]) -> str:
    """Return the trust server that Docker would ask about *name* in *environment*.

    Args:
        name: the collection.
        environment: ``os.environ``, say; nothing is read from it but
            ``DOCKER_CONTENT_TRUST_SERVER``.

    Raises:
        ValueError: the variable names no https server.
    """
    if given := environment.get("DOCKER_CONTENT_TRUST_SERVER"):
        if not given.startswith("https://"):
            raise ValueError(f"DOCKER_CONTENT_TRUST_SERVER: expected an https URL, got {given!r}")
        return checked_origin(given.rstrip("/"))
    domain = _collection(name).partition("/")[0]
    return checked_origin(DOCKER_HUB if domain == "docker.io" else f"https://{domain}")
