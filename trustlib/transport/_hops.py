"""Where to ask, and as whom: what a server may make us do, and with which credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib.errors import TransportError
from trustlib.transport._urls import origin, shown
from trustlib.transport.policies import Redirects, Tls

_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE: Final = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?|")
_LOCATION: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
_REDIRECTED: Final = "ask whoever runs that server to mend it"
_OURS: Final = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "if-match"),
        *("if-modified-since", "if-none-match", "if-range", "if-unmodified-since"),
        *("proxy-authorization", "range", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)


def checked_headers(headers: Mapping[str, str]) -> FrozenMap[str, str]:
    """Return *headers*.

    Raises:
        ValueError: one of them is ours to set, or could become more than one line.
    """
    for name, value in headers.items():
        if _TOKEN.fullmatch(name) is None or name.lower() in _OURS:
            raise ValueError(f"{name!r} is not a header that can be set")
        if _VALUE.fullmatch(value) is None:
            raise ValueError(f"the value of the header {name!r} has characters it cannot have")
    return FrozenMap(headers)


@frozen(kw_only=True)
class Hop:
    """Where to ask, and as whom."""

    url: str = field(repr=lambda url: repr(shown(url)))
    headers: FrozenMap[str, str] = field(repr=False)
    tls: Tls


def redirected(hop: Hop, location: str, base_url: str, policy: Redirects) -> Hop:
    """Return where to ask next; credentials go to the origin of *base_url* and nowhere else.

    Raises:
        TransportError: *policy* does not allow to go there, or it is no plain URL.
    """
    # The parser that decides must be the one that connects.
    from urllib3.util import parse_url

    where = shown(hop.url)
    here = parse_url(hop.url)
    try:
        there = parse_url(urljoin(hop.url, location) if _LOCATION.fullmatch(location) else "")
    except ValueError:  # which urllib3's parse errors are
        there = parse_url("")
    if there.scheme not in {"http", "https"} or not there.host or there.auth is not None:
        raise TransportError(
            where, "redirects to something that is not a plain URL", advice=_REDIRECTED
        )
    came = origin(str(here.scheme), str(here.host), here.port)
    goes = origin(there.scheme, there.host, there.port)
    home = parse_url(base_url)
    own = origin(str(home.scheme), str(home.host), home.port)
    if goes != own and not policy.allows(goes):
        allow = "allow that in the policy, if it is theirs"
        reason = f"redirects to {goes}, which the policy does not allow"
        raise TransportError(where, reason, advice=allow)
    if here.scheme == "https" and there.scheme == "http":
        reason = f"redirects from https to {goes}, which is never followed"
        raise TransportError(where, reason, advice=_REDIRECTED)
    url = there._replace(fragment=None).url
    if goes == came:
        return evolve(hop, url=url)
    # Credentials do not come back either: the other server chose this URL.
    return Hop(url=url, headers=FrozenMap(), tls=hop.tls.without_client())


def origin_of(url: str) -> str:
    """Return the origin of *url*, as the parser sees it that would connect there.

    Raises:
        ValueError: it is no plain http or https URL.
    """
    from urllib3.util import parse_url

    parts = parse_url(url if _LOCATION.fullmatch(url) else "")
    if parts.scheme not in {"http", "https"} or not parts.host or parts.auth is not None:
        raise ValueError(f"{shown(url)!r} is not a plain URL")
    return origin(parts.scheme, parts.host, parts.port)
