"""How a challenge is met: who is told what, and what for.

A challenge is what a stranger asks for. It can make us show a password to the
registry that we were going to talk to, or to the token server that belongs to
it, and to nobody else (CVE-2020-15157); and it cannot widen what the token is
for, because what we are about to do is known here, and said here only.
"""

from __future__ import annotations

import re
from threading import Lock
from typing import Final
from urllib.parse import quote, unquote_plus, urlencode

from attrs import evolve, frozen

from trustlib._frozen import FrozenMap
from trustlib._json import read
from trustlib.errors import DeniedError, MalformedError, TransportError, shortened
from trustlib.registry._challenges import Challenge
from trustlib.registry.credentials import (
    AccessToken,
    Credentials,
    IdentityToken,
    Password,
    described,
    is_token,
)
from trustlib.transport._hops import Hop, origin_of
from trustlib.transport._urls import checked_base, shown
from trustlib.transport.exchange import Body, Question
from trustlib.transport.policies import Tls

MOST: Final = 262_144  # bytes in the answer of a token server

_KNOWN: Final = {
    "https://registry-1.docker.io:443": "https://auth.docker.io:443",
    "https://registry.gitlab.com:443": "https://gitlab.com:443",
}
"""Registries whose token server has another origin, for all the world to know."""

_OURS: Final = frozenset(
    {
        *("account", "client_id", "grant_type", "offline_token", "password", "refresh_token"),
        *("access_type", "scope", "service", "username"),
    }
)
"""What a token server is asked with. The URL that it is asked at has none of these."""


class Memory:
    """What was granted, for as long as the registry takes it: the only thing here that changes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._granted: dict[str, str] = {}

    def __reduce__(self) -> tuple[type[Memory], tuple[()]]:
        return Memory, ()  # what was granted to this process is not written down

    def granted(self, scope: str) -> str | None:
        """Return the value of ``Authorization`` that was last taken for *scope*, or None."""
        with self._lock:
            return self._granted.get(scope)

    def remember(self, scope: str, authorization: str) -> None:
        """Use *authorization* for *scope* from now on."""
        with self._lock:
            if len(self._granted) >= _REMEMBERED:
                self._granted.clear()
            self._granted[scope] = authorization


_REMEMBERED: Final = 10_000


@frozen(kw_only=True)
class Authority:
    """Who may be told who we are: the registry, and its token server.

    Attributes:
        base_url: the registry's.
        tls: as for the registry; a token server elsewhere is shown no client certificate.
        realms: further origins of token servers.
    """

    base_url: str
    tls: Tls
    realms: frozenset[str]

    def direct(self, credentials: Credentials | None, where: str) -> str:
        """Return the value of ``Authorization`` that tells the registry itself who we are.

        Raises:
            DeniedError: there is nobody to be.
        """
        match credentials:
            case Password():
                return credentials.basic
            case AccessToken(token):
                return f"Bearer {token}"
            case _:
                raise DeniedError(
                    where, f"wants a name and password, and knows {described(credentials)}"
                )

    def token_request(
        self,
        challenge: Challenge,
        scopes: tuple[str, ...],
        credentials: Credentials | None,
        where: str,
    ) -> Question:
        """Return the request for a token that is good for *scopes*, and for nothing else.

        Raises:
            DeniedError: the challenge names a server that does not belong to this registry.
            TransportError: it names none.
        """
        hop = self._hop(challenge.parameters.get("realm", ""), where)
        fields = [("service", service)] if (service := challenge.parameters.get("service")) else []
        if isinstance(credentials, IdentityToken):
            # RFC 6749, section 6, as token servers of registries have it.
            return _asked_to_exchange(credentials, hop, [*fields, ("scope", " ".join(scopes))])
        fields += [("scope", scope) for scope in scopes]
        if isinstance(credentials, Password):
            fields.append(("account", credentials.username))
            hop = evolve(hop, headers=FrozenMap({"Authorization": credentials.basic}))
        joint = "&" if "?" in hop.url else "?"
        url = f"{hop.url}{joint}{urlencode(fields, quote_via=quote, safe=':/,')}"
        return Question(hop=evolve(hop, url=url), most=MOST)

    def _hop(self, realm: str, where: str) -> Hop:
        try:
            place = _plain_origin(realm)
        except ValueError:
            raise TransportError(
                where, f"names no token server that can be asked: {shortened(shown(realm), str)}"
            ) from None
        own = origin_of(self.base_url)
        if place == own:
            return Hop(url=realm, headers=FrozenMap(), tls=self.tls)
        if place != _KNOWN.get(own) and place not in self.realms:
            raise DeniedError(
                where,
                f"wants us to say who we are to {place}, which is not known to belong to it"
                " (a caller who knows better names it in realms=)",
            )
        if own.startswith("https:") and not place.startswith("https:"):
            raise DeniedError(where, f"wants us to say who we are to {place}, without TLS")
        return Hop(url=realm, headers=FrozenMap(), tls=self.tls.without_client())


def _plain_origin(realm: str) -> str:
    """Return the origin of *realm*, to which fields can be added that nothing there contradicts.

    Raises:
        ValueError: it is no plain URL, or has a fragment or fields of ours.
    """
    base, _, query = realm.partition("?")
    names = {unquote_plus(part.partition("=")[0]).lower() for part in re.split("[&;]", query)}
    if "#" in query or names & _OURS:
        raise ValueError(realm)
    checked_base(base)
    return origin_of(realm)


def _asked_to_exchange(token: IdentityToken, hop: Hop, fields: list[tuple[str, str]]) -> Question:
    grant = [("grant_type", "refresh_token"), ("refresh_token", token.token)]
    form = urlencode([*fields, *grant, ("client_id", "trustlib")], quote_via=quote)
    return Question(
        method="POST",
        hop=hop,
        headers=FrozenMap({"Content-Type": "application/x-www-form-urlencoded"}),
        body=Body.of(form.encode()),
        most=MOST,
    )


def bearer(raw: bytes, where: str) -> str:
    """Return the value of ``Authorization`` out of a token server's answer.

    Raises:
        MalformedError: it is no such answer.
    """
    document = f"the answer of {where}"
    value = read(raw, document).value
    members = value if isinstance(value, dict) else {}
    # Some servers say it twice, and some leave one of the two empty.
    token = members.get("token") or members.get("access_token")
    if not isinstance(token, str) or not is_token(token):
        # What there is instead may be a secret all the same, and is not printed.
        raise MalformedError(document, "$.token", "a token", "something else")
    return f"Bearer {token}"
