"""Whom to talk to, and how: a registry as a value, before anything is said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Generic, Literal, TypeVar

from attrs import field, frozen, validators

from trustlib.content._grammar import DOCKER_HUB, require_domain
from trustlib.errors import NotFoundError, TooLongError
from trustlib.limits import Limits
from trustlib.registry._collections import Place
from trustlib.registry._conversation import Session
from trustlib.registry._operations import RegistryLimits, Repository
from trustlib.registry.credentials import Source, anonymous
from trustlib.registry.manifests import Descriptor
from trustlib.transport import TO_ANY_SECURE_ORIGIN
from trustlib.transport._urls import checked_base, checked_origin
from trustlib.transport.exchange import Exchange
from trustlib.transport.policies import Pool, Redirects, Retries, Timeouts, Tls

_ELSEWHERE: Final = {DOCKER_HUB: "registry-1.docker.io"}
OCTETS: Final = "application/octet-stream"

WITH_TLS: Final = "https"
"""For every registry that is reached over a network."""

WITHOUT_TLS: Final = "http"
"""For a registry that everybody between here and there may speak for."""


def _domain(_: object, __: object, value: str) -> None:
    require_domain(value)


def _origins(values: Iterable[str]) -> frozenset[str]:
    return frozenset(map(checked_origin, values))


F = TypeVar("F")


@frozen
class Speaker:
    """Whom to talk to, and how: what :class:`Registry` and :class:`AsyncRegistry` share.

    Attributes:
        domain: as image references have it; ``docker.io`` for Docker Hub.
        credentials: who to be; asked when the registry wants to know.
        tls: whom to believe to be the registry, and who to be.
        proxy: as for :class:`~trustlib.transport.HttpTransport`.
        pool: how many idle connections to keep.
        timeout: how long to wait for the registry.
        retries: how often to ask again.
        realms: origins of its token servers, if they are not its own
            (those of Docker Hub and GitLab are known).
        downloads: where it may send us for blobs, which are held to their digest.
        limits: how much it may make us read.
        pace: how slowly anything may come.
        scheme: how it is reached: with TLS, but for a registry that the caller
            knows to be one :data:`WITHOUT_TLS`, on this very machine say.

    Raises:
        ValueError: *domain* is not the domain of an image reference, or one of
            *realms* no origin.
    """

    domain: str = field(validator=_domain)
    credentials: Source = field(default=anonymous, kw_only=True)
    tls: Tls = field(factory=Tls, kw_only=True)
    proxy: str | None = field(default=None, kw_only=True, repr=False)
    pool: Pool = field(factory=Pool, kw_only=True)
    timeout: Timeouts = field(factory=Timeouts, kw_only=True)
    retries: Retries = field(factory=Retries, kw_only=True)
    realms: frozenset[str] = field(default=frozenset(), converter=_origins, kw_only=True)
    downloads: Redirects = field(default=TO_ANY_SECURE_ORIGIN, kw_only=True)
    limits: RegistryLimits = field(factory=RegistryLimits, kw_only=True)
    pace: Limits = field(factory=Limits, kw_only=True)
    scheme: Literal["https", "http"] = field(
        default=WITH_TLS, validator=validators.in_((WITH_TLS, WITHOUT_TLS)), kw_only=True
    )
    _exchange: Exchange = field(init=False, eq=False, repr=False)
    _session: Session = field(init=False, eq=False, repr=False)

    @_exchange.default
    def _connected(self) -> Exchange:
        return Exchange(timeout=self.timeout, pool=self.pool, proxy=self.proxy, limits=self.pace)

    @_session.default
    def _begun(self) -> Session:
        host = _ELSEWHERE.get(self.domain, self.domain)
        return Session(
            domain=self.domain,
            base_url=checked_base(f"{self.scheme}://{host}/v2/"),
            tls=self.tls,
            realms=self.realms,
            retries=self.retries,
            downloads=self.downloads,
        )

    def _at(self, repository: str) -> Repository:
        return Repository(session=self._session, path=repository, limits=self.limits)

    def repository(self, path: str) -> Repository:
        """Return a repository of the registry, for conversations about it.

        Raises:
            ValueError: *path* is no such name.
        """
        return self._at(path)

    def collection(self, repository: str, tag: str) -> Place:
        """Return where a collection is, for conversations about it.

        Raises:
            ValueError: *repository* or *tag* are no such names.
        """
        return Place(repository=self._at(repository), tag=tag)

    def close(self) -> None:
        """Close the connections that are idle. A later question opens new ones."""
        self._exchange.close()


@frozen
class Fetching(Generic[F]):
    """A function that reads blobs, as a transport of downloads."""

    fetch: F


def absent(repository: str, descriptor: Descriptor) -> NotFoundError:
    return NotFoundError(
        f"{repository}@{descriptor.digest}",
        "the registry does not have it; ask for it to be pushed again",
    )


def bearable(descriptor: Descriptor, limits: RegistryLimits) -> None:
    """Find that a blob may be read into memory: how long it is, a stranger may have said.

    Raises:
        TooLongError: it may not.
    """
    if descriptor.size > limits.blob:
        raise TooLongError(str(descriptor.digest), limits.blob)
