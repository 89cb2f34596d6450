"""One connection: every wait on its socket has an end, and every answer one request.

``http.client`` limits how long one ``recv`` may take, and a hostile server
answers with a byte just before that, for ever: in headers, in "100 Continue"
answers, in chunk extensions, in trailers. Here, a *step* (the head of an
answer, or one piece of its body) has a deadline and a number of bytes.

Several requests may be written before the first is answered (pipelining, RFC
9112, section 9.3.2). What keeps each answer with its own request:

- Answers are read where a request is made, one at a time, and only for a
  request that is, byte for byte, the oldest written one without an answer.
- Whoever asks for anything else finds such a connection "dropped".
- The queue of requests dies with the connection, and the connection with the
  first answer that is not read to an end which its head made clear.
- What was received before a request is made is no answer to it: a connection
  that holds anything by then is not used again.

An answer too many that arrives later than that is taken for the next one.
HTTP/1.1 has nothing to tell it by, with and without pipelining; a fresh
connection for every update would cost each of them a round trip or more, and
be no help within one. The connection ends before the next request that finds
the surplus there. A server can say whatever it likes under the name of any
file anyway, and this is a way to do that; it cannot speak for another server.
"""

from __future__ import annotations

import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from http import client
from math import inf
from socket import socket
from ssl import SSLWantReadError
from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from http.client import _DataType

    from _typeshed import WriteableBuffer

PIECE: Final = 262_144
"""How many bytes a piece may have. Fewer would cost large files, where each piece is a round of
calls, and more would be out of the processor's cache by the time they are hashed."""

STEP: Final = 131_072
"""How many bytes may be received before a head is complete, or the next piece is there."""

PATIENCE: Final = 3.0
"""Seconds to wait for the head of an answer behind another one. There are servers that forget
requests which arrive early; whoever is merely slow is asked again, and then waited for."""

_ROOM: Final = 16_384
"""How many bytes of requests to write before the first is answered: what fits into the buffers of
any server, for one that does not read while it writes would wait for us as we wait for it."""

_LENGTH: Final = re.compile(r"[0-9]{1,18}")


class RefusedError(client.HTTPException):
    """Something that ``http.client`` would have let pass; its text is ours."""


class Flight:
    """Requests of one caller, made one after the other, which may be written together.

    Attributes:
        turn: counts the requests.
        behind: the targets of those that will follow, as far as they may be
            written with this one.
        together: whether this request shared a connection with others that
            were not answered yet.
        ahead: whether it was written with an earlier one.
        lost: whether a request was written whose answer will not come any more.
        declined: whether that is what the server chose.
    """

    def __init__(self) -> None:
        self.turn = 0
        self.behind: Sequence[str] = ()
        self.together = self.ahead = self.lost = self.declined = False
        self.line: Line | None = None

    @property
    def waiting(self) -> bool:
        """Tell whether there are answers to come that were not asked for yet."""
        return self.line is not None and bool(self.line.unanswered)

    def next(self, behind: Sequence[str]) -> None:
        """Turn to the next request; those for *behind* will follow."""
        self.turn += 1
        self.behind = behind
        self.together = self.ahead = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Make the request whose turn it is, within this context."""
        token = _flight.set(self)
        try:
            yield
        finally:
            _flight.reset(token)


# urllib3 has no other way to tell a connection what follows, nor to say for
# which request it takes one from its pool.
_flight: ContextVar[Flight | None] = ContextVar("_flight", default=None)


class _Bounded(io.RawIOBase):
    """What a socket receives, within the limits of a step; between steps, what is there already.

    Attributes:
        ended: whether there was an end, or an error, between steps.
    """

    def __init__(self, sock: socket) -> None:
        self._sock, self._raw = sock, sock.makefile("rb", buffering=0)
        self.ended = False
        self.end_step()

    def begin_step(self, seconds: float) -> None:
        self._deadline = monotonic() + seconds
        self._left: int | None = STEP

    def end_step(self) -> None:
        self._left = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        if self._left is None:
            return self._received(buffer)
        seconds = self._deadline - monotonic()
        if seconds <= 0:
            raise TimeoutError("timed out")
        if self._left <= 0:
            raise RefusedError(f"more than {STEP} bytes of headers or chunk framing")
        self._sock.settimeout(seconds)
        count = self._raw.readinto(buffer) or 0
        self._left -= count
        return count

    def _received(self, buffer: WriteableBuffer) -> int | None:
        # Not select(), which does not see what TLS has decrypted and nobody has read yet.
        before = self._sock.gettimeout()
        self._sock.settimeout(0)
        try:
            count = self._sock.recv_into(buffer)
        except (BlockingIOError, SSLWantReadError):
            return None
        except OSError:
            count = 0
        finally:
            self._sock.settimeout(before)
        self.ended = count == 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class Line(io.BufferedReader):
    """What comes over one connection, read through one buffer, and what is still to come.

    One buffer, because what is read ahead of one answer is the beginning of the next.
    """

    def __init__(self, sock: socket) -> None:
        self._bounded = _Bounded(sock)
        super().__init__(self._bounded)
        self.kept = False
        self.last_line = b""
        self.patience = inf
        self.unanswered: deque[tuple[int, bytes]] = deque()
        self._flight: Flight | None = None

    def begin_step(self, seconds: float) -> None:
        """Allow the next step to take *seconds*."""
        self._bounded.begin_step(seconds)

    @property
    def idle(self) -> bool:
        """Tell whether all was answered, and nothing came that nobody asked for, nor an end."""
        self._bounded.end_step()
        return not self.unanswered and not self.peek() and not self._bounded.ended

    def carries(self, flight: Flight | None) -> bool:
        """Tell whether the next answer is the one to the request that *flight* is making."""
        return (
            flight is not None
            and flight is self._flight
            and bool(self.unanswered)
            and self.unanswered[0][0] == flight.turn
        )

    def unwritten(self, head: bytes, flight: Flight | None) -> bytes:
        """Return what must be written to make the request *head*: all, nothing, or more.

        Raises:
            ConnectionAbortedError: the next answer is one to something else.
        """
        self.patience = inf
        if self.unanswered:
            if self.unanswered.popleft()[1] != head:
                raise ConnectionAbortedError("answers to other requests come first")
            self.patience = PATIENCE
            if flight is not None:
                flight.together = flight.ahead = True
            return b""
        if flight is None:
            return head
        request, rest = head.split(b"\r\n", 1)
        method, _, version = request.split(b" ")
        written = [head]
        for turn, target in enumerate(flight.behind, flight.turn + 1):
            behind = b"%b %b %b\r\n%b" % (method, target.encode("ascii"), version, rest)
            if sum(map(len, written)) + len(behind) > _ROOM:
                break
            written.append(behind)
            self.unanswered.append((turn, behind))
        flight.together = bool(self.unanswered)
        flight.line, self._flight = self, flight
        return b"".join(written)

    def decline(self) -> None:
        """Leave what still comes to the answer that is being read: it is the last one."""
        self.kept = False
        if self.unanswered and self._flight is not None:
            self._flight.declined = True

    def end(self) -> None:
        """Close, unless an answer was left the rest; nothing that was asked will be answered."""
        if self.unanswered and self._flight is not None:
            self._flight.lost = True
        self.unanswered.clear()
        self._flight = None
        if self.kept:
            self.kept = False
            self.close()

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line; what came last is remembered."""
        self.last_line = super().readline(size)
        return self.last_line

    def flush(self) -> None:
        """Do nothing: http.client flushes what it closes, and we may have closed it before."""

    def close(self) -> None:
        """Let go of the socket, if this is the end of the connection and not of an answer only."""
        if not self.kept:
            super().close()


class _Response(client.HTTPResponse):
    def __init__(
        self,
        sock: socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        line: Line | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp.close()
        # Without a line, this is what a proxy says before it becomes a tunnel.
        self._line = Line(sock) if line is None else line
        self.fp = self._line
        # urllib3 has set the read timeout on the socket; none would be no time at all.
        self._seconds = float(sock.gettimeout() or 0)
        self._line.begin_step(min(self._seconds, self._line.patience))

    def begin(self) -> None:
        super().begin()
        if not self._line.last_line:
            # To http.client, a head ends where the connection does.
            raise client.IncompleteRead(b"")
        lengths = self.headers.get_all("Content-Length", [])
        if lengths and not (len(lengths) == 1 and _LENGTH.fullmatch(lengths[0].strip())):
            raise RefusedError("the answer has no clear length")
        codings = [value.strip().lower() for value in self.headers.get_all("Transfer-Encoding", [])]
        unclear = codings and (lengths or codings != ["chunked"])
        if unclear or self.headers.defects:
            # Somebody else may see another end of this answer (RFC 9112, section 6.3).
            self.will_close = True
        if self.will_close:
            self._line.decline()

    def read1(self, n: int = -1, /) -> bytes:
        self._line.begin_step(self._seconds)
        piece = super().read1(n)
        if self.chunked and (self.chunk_left or 0) < 0:
            # "-1" is a hexadecimal number to int(), and then there is no end.
            raise client.IncompleteRead(b"")
        return piece


class Connection(HTTPConnection):
    """urllib3's connection, with a :class:`Line`."""

    response_class = _Response
    _line: Line | None = None

    def connect(self) -> None:
        """Connect, and begin a line."""
        super().connect()
        self._line = Line(self.sock)
        self._line.kept = True
        # http.client only ever calls it.
        made = partial(_Response, line=self._line)
        self.response_class = cast("type[_Response]", made)

    @property
    def is_connected(self) -> bool:
        """Tell whether the connection is of use for the request that is about to be made."""
        line = self._line
        if line is None or line.carries(_flight.get()):
            return line is not None
        return line.idle

    def send(self, data: _DataType | str) -> None:
        """Write *data*, unless it was written already."""
        if self.sock is None:
            self.connect()
        # Without a line, this is what a proxy is told to become a tunnel.
        if self._line is not None and isinstance(data, bytes):
            data = self._line.unwritten(data, _flight.get())
        if data:
            super().send(data)

    def close(self) -> None:
        """Close the connection, and forget what was asked over it."""
        line, self._line = self._line, None
        self.response_class = _Response
        if line is not None:
            line.end()
        super().close()


class SecureConnection(Connection, HTTPSConnection):
    """The same, over TLS."""
