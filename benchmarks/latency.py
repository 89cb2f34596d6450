"""A server that is far away: every answer takes a while, and rounds are counted.

A request begins a round if an answer was sent since the last round began: then
somebody may have waited for that answer to make it. What is asked without
waiting shares a round. Connections are counted, and cost a round, too, but not
in these numbers.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue

from attrs import define, field

Asked = tuple[float, int, str] | None


@define
class Distant:
    """Answers GET requests for *files*, each *delay* seconds after it came.

    Attributes:
        rounds: how many followed one another, so far.
        connections: how many were opened.
        requests: how many were made.
    """

    files: Mapping[str, bytes]
    delay: float
    rounds: int = 0
    connections: int = 0
    requests: int = 0
    _answered: int = 0
    _listening: socket.socket = field(init=False, repr=False)

    @_listening.default
    def _opened(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", 0), backlog=64)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def close(self) -> None:
        self._listening.close()

    def forget(self) -> None:
        self.rounds = self.connections = self.requests = self._answered = 0

    def answer(self) -> None:
        """Answer whoever connects, until this is closed."""
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting: SimpleQueue[Asked] = SimpleQueue()
            for work in (self._hear, self._say):
                threading.Thread(target=work, args=(connection, waiting), daemon=True).start()

    def _hear(self, connection: socket.socket, waiting: SimpleQueue[Asked]) -> None:
        with connection.makefile("rb") as asked:
            while line := asked.readline():
                while asked.readline() not in (b"\r\n", b""):
                    pass
                turn = self._answered + 1
                self.requests += 1
                self.rounds = max(self.rounds, turn)
                path = line.split()[1].decode().lstrip("/")
                waiting.put((time.monotonic() + self.delay, turn, path))
        waiting.put(None)

    def _say(self, connection: socket.socket, waiting: SimpleQueue[Asked]) -> None:
        with connection:
            while (asked := waiting.get()) is not None:
                due, turn, path = asked
                time.sleep(max(0.0, due - time.monotonic()))
                self._answered = max(self._answered, turn)
                raw = self.files.get(path)
                status = b"404 Not Found" if raw is None else b"200 OK"
                body = raw or b""
                try:
                    connection.sendall(
                        b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)
                    )
                except OSError:
                    return


@contextmanager
def distant(files: Mapping[str, bytes], delay: float) -> Iterator[Distant]:
    """Serve *files* from far away as long as the context lasts."""
    server = Distant(files, delay)
    threading.Thread(target=server.answer, daemon=True).start()
    try:
        yield server
    finally:
        server.close()
