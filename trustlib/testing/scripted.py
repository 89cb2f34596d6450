"""A server that says exactly what it is told to, byte by byte, on the loopback network.

It is no web server: it reads a request, and sends what a script yields for it.
So it can say what no web server would.
"""

import contextlib
import selectors
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Self

from attrs import field, frozen

_CONNECTIONS_END_WITHIN = 10  # seconds
_HANDSHAKE = b"\x16"  # the first byte of every TLS connection


@frozen
class Asked:
    """One request, as it arrived.

    Attributes:
        target: path and query, as they were written.
        headers: by their names in lower case.
    """

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def line(self) -> str:
        """Method and target: ``GET /v2/``."""
        return f"{self.method} {self.target}"

    @property
    def authorization(self) -> str | None:
        """What the client says who it is; None: nothing."""
        return self.headers.get("authorization")


class HangUpError(Exception):
    """Raised by a script: hang up, politely."""


class ResetError(Exception):
    """Raised by a script: hang up with a TCP reset."""


@frozen
class Pause:
    """In a script: say nothing for so many *seconds*, or until the client hangs up."""

    seconds: float


Part = bytes | Pause
"""What a script yields: something to send, or a while in which nothing is sent."""

Script = Iterable[Part]
"""What is sent, part by part; raises :class:`HangUpError` or :class:`ResetError` to hang up,
else the connection stays."""


def answer(body: bytes, *, status: str = "200 OK", **headers: str) -> bytes:
    """Return a complete, honest answer; an underscore in the name of a header is a hyphen."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


NOT_FOUND = answer(b"", status="404 Not Found")


def says(*parts: bytes, then: type[Exception] | None = HangUpError) -> Callable[[Asked], Script]:
    """Return the script that sends *parts* to everybody, and hangs up."""

    def script(_: Asked) -> Iterator[Part]:
        yield from parts
        if then:
            raise then

    return script


class Server:
    """Answers each request with what *script* yields for it, while it is entered.

    Attributes:
        asked: the requests, in the order in which they arrived.
        connections: how often somebody connected.
        certificates: what clients showed, where *tls* asks for it.
        deaf: whether it hangs up on everybody.
        threads: one that listens, and one for each connection.
        origin: scheme, host and port.
        url: the same with a slash.
    """

    def __init__(
        self, script: Callable[[Asked], Script], *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.deaf = False
        self.certificates: list[object] = []
        self._script, self._tls = script, tls
        self._open: list[socket.socket] = []
        self.threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.address[1]}"
        self.url = f"{self.origin}/"

    @property
    def targets(self) -> list[str]:
        """The targets of the requests."""
        return [asked.target for asked in self.asked]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()
        for thread in list(self.threads):
            thread.join(_CONNECTIONS_END_WITHIN)

    def cut_off(self) -> None:
        """Hang up on everybody, and on whoever asks again until it is no longer *deaf*."""
        self.deaf = True
        self._hang_up()

    def _hang_up(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls:
                secured = self._tls.wrap_socket(connection, server_side=True)
                self.certificates.append(secured.getpeercert())
                connection = secured
            self._open.append(connection)
            while not self.deaf and (asked := _read_request(connection)):
                self.asked.append(asked)
                self.talk(connection, asked)
        except ResetError:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (HangUpError, OSError, ValueError):
            pass  # somebody hung up, or does not speak HTTP
        finally:
            connection.close()

    def talk(self, connection: socket.socket, asked: Asked) -> None:
        """Send what the script says."""
        for part in self._script(asked):
            if isinstance(part, Pause):
                _wait(connection, part.seconds)
            else:
                connection.sendall(part)


def _wait(connection: socket.socket, seconds: float) -> None:
    """Return after *seconds*: a client has nothing to say in the middle of an answer."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        if selector.select(seconds):
            raise HangUpError


def _read_request(connection: socket.socket) -> Asked | None:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte or (not head and byte == _HANDSHAKE):
            return None  # Docker tries TLS first: it hears at once that it is not spoken here
        head += byte
    line, *rest = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = line.split(" ")
    pairs = (header.partition(":") for header in rest)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Asked(method, target, headers, _read_body(connection, headers))


def _read_body(connection: socket.socket, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return _exactly(connection, int(headers.get("content-length", "0")))
    data = b""
    while size := int(_line(connection), 16):
        data += _exactly(connection, size)
        _line(connection)
    _line(connection)
    return data


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        line += connection.recv(1) or b"\r\n"
    return line.strip()


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return data
