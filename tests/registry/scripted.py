"""A registry that says what a test wants, and remembers what it was asked."""

import json
import socket
from collections.abc import Callable

from attrs import evolve
from transport.servers import Asked, Script, Server, answer

Heard = Asked
"""One request, with its body."""


class Scripted(Server):
    """Answers a request with what *routes* have for its ``"METHOD /path"``; else with 404.

    A route is the bytes of an answer, or a function that is given what was
    asked and returns those; of a list, each is used once.
    """

    def __init__(self, routes: dict, **settings):
        super().__init__(self._answered, **settings)
        self.routes = dict(routes)
        self.heard: list[Heard] = []

    @property
    def domain(self) -> str:
        return self.origin.partition("//")[2]

    @property
    def lines(self) -> list[str]:
        return [heard.line for heard in self.heard]

    def talk(self, connection: socket.socket, asked: Asked) -> None:
        self.heard.append(asked)
        super().talk(connection, asked)

    def _answered(self, asked: Asked) -> Script:
        heard = self.heard[-1]
        made = self.routes.get(heard.line, self.routes.get(f"{heard.method} *", NOT_FOUND))
        if isinstance(made, list):
            made = made.pop(0)
        made = made(heard) if callable(made) else made
        yield from (made,) if isinstance(made, bytes) else made


NOT_FOUND = answer(b"", status="404 Not Found")


def served(raw: bytes, media_type: str, **headers: str) -> bytes:
    """Return the answer of an honest registry that has the manifest *raw*."""
    return answer(raw, Content_Type=media_type, **headers)


def challenge(*values: str) -> bytes:
    """Return the answer that wants to know who asks."""
    lines = ["HTTP/1.1 401 Unauthorized", "Content-Length: 0"]
    lines += [f"WWW-Authenticate: {value}" for value in values]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def bearer(realm: str, **parameters: str) -> bytes:
    more = "".join(f',{name}="{value}"' for name, value in parameters.items())
    return challenge(f'Bearer realm="{realm}"{more}')


def granted(token: str = "t0ken") -> bytes:
    return answer(json.dumps({"token": token}).encode())


def only_for(authorization: str, then: bytes, otherwise: bytes) -> Callable[[Heard], bytes]:
    """Return the route that answers *then* to who has that *authorization*."""
    return lambda heard: then if heard.authorization == authorization else otherwise


__all__ = ["Asked", "answer", "evolve"]
