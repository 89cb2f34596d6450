"""How connections are opened, and what it means when they fail.

Importing this (it holds urllib3) takes most of the time that a program spends
on importing trustlib, so it is imported when the first file is fetched.
"""

from __future__ import annotations

import ssl
import sys
from functools import partial
from http import client
from pathlib import Path
from typing import Final

import urllib3
from urllib3 import exceptions
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import make_headers, parse_url

from trustlib.errors import TransportError, shortened
from trustlib.transport._line import Connection, RefusedError, SecureConnection
from trustlib.transport.policies import Pool, Timeouts, Tls

FAILURES: Final = (exceptions.HTTPError, client.HTTPException, OSError)
"""Everything that a connection may raise."""


class _ConnectionPool(HTTPConnectionPool):
    ConnectionCls = Connection


class _SecureConnectionPool(HTTPSConnectionPool):
    ConnectionCls = SecureConnection


def opened(
    scheme: str, *, tls: Tls, proxy: str | None, pool: Pool, timeouts: Timeouts
) -> urllib3.PoolManager:
    """Return a connection pool for URLs of *scheme*.

    Raises:
        TransportError: a file that *tls* names cannot be used.
    """
    timeout = urllib3.Timeout(connect=timeouts.connect, read=timeouts.read)
    trusted = context(tls) if scheme == "https" else None
    size = pool.connections
    if proxy is None:
        manager = urllib3.PoolManager(
            maxsize=size, timeout=timeout, retries=False, ssl_context=trusted
        )
    else:
        manager = urllib3.ProxyManager(
            parse_url(proxy)._replace(auth=None).url,
            proxy_headers=_proxy_headers(proxy),
            # A proxy is not the server that we identify ourselves to.
            proxy_ssl_context=(
                context(tls.without_client()) if proxy.lower().startswith("https:") else None
            ),
            maxsize=size,
            timeout=timeout,
            retries=False,
            ssl_context=trusted,
        )
    manager.pool_classes_by_scheme = {"http": _ConnectionPool, "https": _SecureConnectionPool}
    return manager


def _proxy_headers(proxy: str) -> dict[str, str]:
    credentials = parse_url(proxy).auth_decoded_joined
    return make_headers(proxy_basic_auth=credentials) if credentials else {}


def context(tls: Tls) -> ssl.SSLContext:
    """Return *tls* as Python's ssl module wants it; certificates and host names are verified.

    Raises:
        TransportError: a file cannot be read, or is not PEM.
    """
    # Not create_default_context(), which obeys SSLKEYLOGFILE.
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.ca_file is not None:
        _used(tls.ca_file, partial(made.load_verify_locations, tls.ca_file))
    else:
        # Windows keeps its authorities in the registry, which only this finds.
        system = made.load_default_certs if sys.platform == "win32" else partial(_load_system, made)
        system()
    if tls.client_cert is not None:
        # Without a password, OpenSSL would stop and ask the terminal for one.
        chain = partial(made.load_cert_chain, tls.client_cert, tls.client_key, password="")
        _used(tls.client_key or tls.client_cert, chain)
    return made


def _load_system(made: ssl.SSLContext) -> None:
    # load_default_certs() obeys SSL_CERT_FILE and SSL_CERT_DIR.
    paths = ssl.get_default_verify_paths()
    for file in filter(Path.is_file, [Path(paths.openssl_cafile)]):
        made.load_verify_locations(cafile=file)
    for directory in filter(Path.is_dir, [Path(paths.openssl_capath)]):
        made.load_verify_locations(capath=directory)


def _used(file: Path, load: partial[None]) -> None:
    try:
        load()
    except OSError as error:  # which an SSLError is
        raise TransportError(
            str(file), f"cannot be used for TLS ({error})", advice="name another file"
        ) from error


def passing(error: BaseException | None) -> bool:
    """Tell whether *error*, met before the first byte of a file, may pass by itself."""
    if isinstance(error, exceptions.ProxyError):
        error = error.original_error
    if isinstance(error, exceptions.ProtocolError):
        error = error.args[-1]
    kinds = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, ConnectionError)
    return isinstance(error, kinds)


_WORDS: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((exceptions.NameResolutionError,), "the host name is not known here"),
    ((exceptions.NewConnectionError,), "no connection ({said})"),
    ((exceptions.ConnectTimeoutError,), "no connection within {timeouts.connect:g} seconds"),
    (
        (exceptions.ReadTimeoutError, TimeoutError),
        "no complete answer, or no further byte, within {timeouts.read:g} seconds",
    ),
    ((exceptions.SSLError,), "TLS failed ({said})"),
    ((exceptions.LocationValueError,), "not a URL that can be asked for"),
    ((client.IncompleteRead,), "the answer was cut off, or its framing is broken"),
)


def explained(error: Exception, timeouts: Timeouts) -> str:
    """Return what *error* means, in words that hold no URL and no secret."""
    if isinstance(error, exceptions.ProxyError):
        return f"the proxy: {explained(error.original_error, timeouts)}"
    if isinstance(error, exceptions.ProtocolError) and isinstance(error.args[-1], Exception):
        return explained(error.args[-1], timeouts)
    if isinstance(error, RefusedError):
        return str(error)
    said = _said(error.__cause__ or error)
    for kinds, words in _WORDS:
        if isinstance(error, kinds):
            return words.format(said=said, timeouts=timeouts)
    return f"the connection broke ({said})"


def _said(error: BaseException) -> str:
    return shortened(f"{type(error).__name__}: {error}", str)
