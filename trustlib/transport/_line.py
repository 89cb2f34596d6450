"""One connection: every wait on its socket has an end.

``http.client`` limits how long one ``recv`` may take, and a hostile server
answers with a byte just before that, for ever: in headers, in "100 Continue"
answers, in chunk extensions, in trailers. Here, a *step* (the head of an
answer, or one piece of its body) has a deadline and a number of bytes.
"""

from __future__ import annotations

import io
import re
from http import client
from socket import socket
from time import monotonic
from typing import TYPE_CHECKING, Final

from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE: Final = 65_536
"""How many bytes a piece may have."""

STEP: Final = 2 * PIECE
"""How many bytes may be received before a head is complete, or the next piece is there."""

_LENGTH: Final = re.compile(r"[0-9]{1,18}")


class RefusedError(client.HTTPException):
    """Something that ``http.client`` would have let pass; its text is ours."""


class _Bounded(io.RawIOBase):
    """What a socket receives, within the limits of a step."""

    def __init__(self, sock: socket, raw: io.RawIOBase) -> None:
        self._sock, self._raw = sock, raw
        # urllib3 has set the read timeout on the socket; none would be no time at all.
        self._seconds = float(sock.gettimeout() or 0)
        self.begin_step()

    def begin_step(self) -> None:
        self._deadline = monotonic() + self._seconds
        self._left = STEP

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        seconds = self._deadline - monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        if self._left <= 0:
            raise RefusedError(f"more than {STEP} bytes of headers or chunk framing")
        self._sock.settimeout(seconds)
        count = self._raw.readinto(buffer) or 0
        self._left -= count
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(client.HTTPResponse):
    def __init__(
        self, sock: socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._bounded = _Bounded(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._bounded)

    def begin(self) -> None:
        super().begin()
        lengths = self.headers.get_all("Content-Length", [])
        if lengths and not (len(lengths) == 1 and _LENGTH.fullmatch(lengths[0].strip())):
            raise RefusedError("the answer has no clear length")

    def read1(self, n: int = -1, /) -> bytes:
        self._bounded.begin_step()
        piece = super().read1(n)
        if self.chunked and (self.chunk_left or 0) < 0:
            # "-1" is a hexadecimal number to int(), and then there is no end.
            raise client.IncompleteRead(b"")
        return piece


class Connection(HTTPConnection):
    response_class = _Response


class SecureConnection(HTTPSConnection):
    response_class = _Response
