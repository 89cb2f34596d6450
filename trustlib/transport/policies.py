"""How to connect, as values: nothing here is a switch, and nothing weakens TLS.

Every knob of :class:`~trustlib.transport.http.HttpTransport` is a small frozen
value with sane defaults, so that a configuration can be compared and printed.
There is no value for "do not verify the server": there is only another
authority to trust.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Final

from attrs import Attribute, field, frozen

from trustlib.transport._urls import checked_origin


def _positive(_: object, attribute: Attribute[float], value: float) -> None:
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{attribute.name} must be a finite number above 0, got {value!r}")


def _not_negative(_: object, attribute: Attribute[float], value: float) -> None:
    if not (isfinite(value) and value >= 0):
        raise ValueError(f"{attribute.name} must be a finite number from 0 up, got {value!r}")


def _whole(lowest: int) -> Callable[[object, Attribute[int], int], None]:
    def check(_: object, attribute: Attribute[int], value: int) -> None:
        if value < lowest:
            raise ValueError(
                f"{attribute.name} must be a whole number from {lowest} up, got {value!r}"
            )

    return check


def _path(value: str | PathLike[str] | None) -> Path | None:
    return None if value is None else Path(value)


@frozen(kw_only=True)
class Timeouts:
    """How long to wait, in seconds.

    Attributes:
        connect: for one address of the server to accept a connection, TLS included.
        read: for a complete answer head, and then for each next piece. A server
            that drips bytes does not get more time than a silent one.
    """

    connect: float = field(default=10.0, validator=_positive)
    read: float = field(default=20.0, validator=_positive)


@frozen(kw_only=True)
class Retries:
    """How often and after which pauses to ask again.

    Only what can pass by itself is asked again: no connection, a connection
    that broke before the first byte of the file, and the answers 429, 502, 503
    and 504.

    Attributes:
        attempts: how often to ask at most, the first time included.
        backoff: seconds before the second attempt; doubled for each further one.
        longest: seconds that a pause may last, whatever the server's
            Retry-After (in seconds; dates are ignored) asks for.
    """

    attempts: int = field(default=3, validator=_whole(1))
    backoff: float = field(default=0.5, validator=_not_negative)
    longest: float = field(default=10.0, validator=_not_negative)

    def pause(self, attempt: int, asked: float | None) -> float:
        """Return the seconds to wait after *attempt* (from 1), of which the server *asked* some."""
        own = self.backoff * 2.0 ** min(attempt - 1, 30)
        return min(self.longest, own if asked is None else max(own, asked))


NO_RETRIES: Final = Retries(attempts=1)
"""Everything is asked for once."""


@frozen
class Pool:
    """How many idle connections to keep.

    Attributes:
        connections: for each server.
    """

    connections: int = field(default=8, validator=_whole(1))


@frozen(kw_only=True)
class Tls:
    """Whom to believe to be the server, and who to be.

    The server is always verified. Without *ca_file* the authorities are those
    of the operating system, from where OpenSSL was built to find them:
    environment variables that name others are not read.

    Attributes:
        ca_file: PEM file of the only authorities to trust.
        client_cert: PEM file of the certificate chain to present, to the
            transport's own origin only.
        client_key: PEM file of its private key, without a passphrase; None if
            the key is in *client_cert*.
    """

    ca_file: Path | None = field(default=None, converter=_path)
    client_cert: Path | None = field(default=None, converter=_path)
    client_key: Path | None = field(default=None, converter=_path)

    def __attrs_post_init__(self) -> None:
        if self.client_key is not None and self.client_cert is None:
            raise ValueError("a client_key proves nothing without its client_cert")

    def without_client(self) -> Tls:
        """Return these settings for a server that must not learn who we are."""
        return Tls(ca_file=self.ca_file)


def _origins(values: frozenset[str]) -> frozenset[str]:
    return frozenset(map(checked_origin, values))


@frozen(kw_only=True)
class Redirects:
    """Where a server may send us.

    Its own origin (scheme, host and port) is always allowed; from https to
    http is never. Another origin is sent neither the transport's headers nor
    its client certificate, and neither is any server that it redirects to.

    Attributes:
        origins: further origins, ``"https://cdn.example"``.
        most: how many redirects to follow for one file.
    """

    origins: frozenset[str] = field(default=frozenset(), converter=_origins)
    most: int = field(default=5, validator=_whole(0))

    def allows(self, origin: str) -> bool:
        """Return whether the server may send us to *origin*, which is not its own."""
        return origin in self.origins


@frozen(kw_only=True)
class _AnySecure(Redirects):
    def allows(self, origin: str) -> bool:
        return origin.startswith("https://") or super().allows(origin)


SAME_ORIGIN: Final = Redirects()
"""Redirects are followed within the origin of the base URL."""

NO_REDIRECTS: Final = Redirects(most=0)
"""A redirect is an error."""


TO_ANY_SECURE_ORIGIN: Final[Redirects] = _AnySecure()
"""Redirects are followed to any https server: only for what is held to a digest afterwards."""


def redirects_to(*origins: str) -> Redirects:
    """Return the policy that also allows redirects to *origins*.

    Raises:
        ValueError: one of them is not ``scheme://host`` or ``scheme://host:port``
            of http or https.
    """
    return Redirects(origins=frozenset(origins))
