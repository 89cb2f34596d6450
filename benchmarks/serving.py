"""A file server in a process of its own, so that its work is not counted as the client's.

It answers one GET after another on a connection and sends files from the kernel;
that is all, so what is measured is the client.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from measure import ENVIRONMENT

_PIECE = 1 << 20


@contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve the files of *directory* as long as the context lasts; its URL is the value."""
    command = [sys.executable, __file__, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/"
        finally:
            server.terminate()


def _serve(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_answer, args=(connection, directory), daemon=True).start()


def _answer(connection: socket.socket, directory: Path) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as asked:
        while line := asked.readline():
            while asked.readline() not in (b"\r\n", b""):
                pass
            path = directory / unquote(line.split()[1].decode().lstrip("/"))
            try:
                _send(connection, path)
            except FileNotFoundError:
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                return


def _send(connection: socket.socket, path: Path) -> None:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        sent = 0
        while sent < size:
            sent += os.sendfile(connection.fileno(), file.fileno(), sent, _PIECE)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
