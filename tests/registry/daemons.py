"""A Docker daemon that says what Docker's never would: an HTTP server that answers its API.

Whoever talks to it is real: the docker client, and Docker's package for Python.
The real daemon is in ``engines.py``.
"""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

_VERSION = "1.44"


class Daemon:
    """Has the images that are pulled; pulls what *remote* says, by name and digest or tag."""

    def __init__(self, remote: dict[str, str]):
        self.remote = remote
        self.images: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.records: list[object] = []
        self.gives: str | None = None
        self._ids: dict[str, str] = {}
        daemon = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                daemon.answer(self)

            def do_POST(self):
                daemon.answer(self)

            def do_HEAD(self):
                daemon.answer(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"tcp://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join(10)

    @property
    def client_told(self) -> list[str]:
        """What was asked for, but for greetings."""
        return [one for one in self.asked if "/_ping" not in one and not one.endswith("/version")]

    def answer(self, http: BaseHTTPRequestHandler) -> None:
        http.rfile.read(int(http.headers.get("Content-Length") or 0))
        split = urlsplit(http.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        path = unquote(re.sub(r"^/v1\.\d+", "", split.path))
        self.asked.append(f"{http.command} {path}" + "".join(f" {n}={v}" for n, v in query.items()))
        status, body = self._said(path, query)
        http.send_response(status)
        http.send_header("Api-Version", _VERSION)
        http.send_header("Content-Type", "application/json")
        if isinstance(body, bytes):  # a stream
            http.send_header("Transfer-Encoding", "chunked")
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        else:
            data = json.dumps(body).encode()
            http.send_header("Content-Length", str(len(data)))
        http.end_headers()
        if http.command != "HEAD":
            http.wfile.write(data)

    def _said(self, path: str, query: dict[str, str]) -> tuple[int, object]:
        if path in {"/_ping", "/version"}:
            return 200, {"ApiVersion": _VERSION, "Version": "28.0.0", "MinAPIVersion": "1.24"}
        if path == "/images/create":
            name, tag = query["fromImage"], query.get("tag", "")
            mark = "@" if tag.startswith("sha256:") else ":"
            return self._pulled(name if "@" in name else f"{name}{mark}{tag}")
        found = re.fullmatch("/images/(.+)/(json|tag|push)", path)
        if found is None:
            return 404, {"message": "page not found"}
        name, act = self._familiar(found[1]), found[2]
        if act == "push":
            return 200, b"".join(json.dumps(record).encode() + b"\r\n" for record in self.records)
        if name not in self.images:
            return 404, {"message": f"No such image: {name}"}
        if act == "tag":
            self.images[self._familiar(f"{query['repo']}:{query['tag']}")] = self.images[name]
            return 201, b""
        identity = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        self._ids[identity] = name
        return 200, {"Id": identity, "RepoDigests": self.images[name]}

    def _familiar(self, name: str) -> str:
        name = self._ids.get(name, name)
        return name.removeprefix("docker.io/").removeprefix("library/")

    def _pulled(self, reference: str) -> tuple[int, object]:
        reference = self._familiar(reference)
        if reference not in self.remote:
            return 404, {"message": f"manifest for {reference} not found"}
        self.images[reference] = [self.gives or self.remote[reference]]
        return 200, b'{"status": "Status: Downloaded newer image"}\r\n'
