"""What is asked for is exactly what was meant: no URL is repaired or resolved.

Paths come from names in metadata and may be hostile. A path that any server,
proxy or client library could read in a second way is refused here, so that
nothing further down ever has to normalise one.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from trustlib._types import UrlPath
from trustlib.errors import TransportError

_PORTS: Final = {"http": 80, "https": 443}
_HIGHEST_PORT: Final = 65_535

# RFC 3986: segments of pchar; an IP literal or a name for the host.
_CHARS: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*"
_PATH: Final = re.compile(_CHARS)
_ORIGIN: Final = r"(https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?"
_URL: Final = re.compile(rf"{_ORIGIN}(/{_CHARS})?", re.IGNORECASE)
_USERINFO: Final = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\\]*@")
_SECRETS: Final = re.compile(r"[?#].*", re.DOTALL)


def shown(url: str) -> str:
    """Return *url* as it may be printed: without userinfo, query and fragment."""
    return _SECRETS.sub("", _USERINFO.sub(r"\1", url))


def checked_base(url: str) -> str:
    """Return *url* with a slash at its end.

    Raises:
        ValueError: *url* is not a plain http or https URL (RFC 3986): it has
            userinfo, a query, a fragment, dot segments or characters that must
            be percent-encoded.
    """
    if shown(url) != url:
        # Whoever prints this error must not print a password.
        raise ValueError(
            f"{shown(url)!r} was given with userinfo, a query or a fragment;"
            " credentials belong into headers="
        )
    match = _URL.fullmatch(url)
    if match is None or int(match[3] or 0) > _HIGHEST_PORT:
        raise ValueError(f"{url!r} is not an http or https URL in plain ASCII")
    path = (match[4] or "").strip("/")
    if path and (fault := _fault(path)):
        raise ValueError(f"{url!r}: {fault}")
    return url if url.endswith("/") else f"{url}/"


def checked_origin(url: str) -> str:
    """Return ``scheme://host:port`` of *url*, which must be no more than that.

    Raises:
        ValueError: it is more than that, or something else.
    """
    base = checked_base(url)
    match = _URL.fullmatch(base)
    if match is None or match[4] != "/":
        raise ValueError(f"{url!r} is not an origin: scheme://host or scheme://host:port")
    return origin(match[1], match[2], int(match[3]) if match[3] else None)


def checked_proxy(url: str | None) -> str | None:
    """Return *url* unchanged; it may have userinfo, for proxies that want to know who asks.

    Raises:
        ValueError: it is not ``scheme://[user:password@]host[:port]`` of http or https.
    """
    if url is not None:
        try:
            checked_origin(_USERINFO.sub(r"\1", url))
        except ValueError:
            raise ValueError(
                f"{shown(url)!r} is not a proxy: http://host:port or https://host:port"
            ) from None
        if not (url.isascii() and url.isprintable()):
            raise ValueError("a proxy's user and password must be percent-encoded")
    return url


def origin(scheme: str, host: str, port: int | None) -> str:
    """Return the one way to write this origin (RFC 6454, section 4)."""
    return f"{scheme.lower()}://{host.lower()}:{port or _PORTS[scheme.lower()]}"


def checked_path(path: UrlPath, where: str) -> UrlPath:
    """Return *path* unchanged.

    Raises:
        TransportError: *path*, below *where*, could be read as something other
            than a file below *where*.
    """
    if fault := _fault(path):
        raise TransportError(where, f"refused to ask for the path {path!r}: {fault}")
    return path


def plain_path(path: UrlPath, where: str) -> tuple[str, ...]:
    """Return the segments of *path* with its percent-encoding undone.

    Raises:
        TransportError: as :func:`checked_path`, and if what is encoded is not
            UTF-8 or has an empty segment (``%2Fetc``).
    """
    try:
        plain = unquote(checked_path(path, where), errors="strict")
    except UnicodeDecodeError as error:
        raise TransportError(where, f"refused the path {path!r}: not UTF-8") from error
    segments = tuple(plain.split("/"))
    if "" in segments:
        raise TransportError(where, f"refused the path {path!r}: it has an empty segment")
    return segments


def _fault(path: str) -> str | None:
    """Return what is wrong with *path*, if anything is."""
    if _PATH.fullmatch(path) is None:
        return "it has characters that are not percent-encoded"
    if "" in path.split("/"):
        return "it has an empty segment"
    # Most servers decode a path before they look at its segments, so "..%2F"
    # climbs as "../" does. (In "3...%2Fx" the first segment is "3...": fine.)
    segments = re.split(r"[/\\]", unquote(path, errors="replace"))
    if "." in segments or ".." in segments:
        return "it has a dot segment"
    return None
