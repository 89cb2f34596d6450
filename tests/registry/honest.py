"""A registry that does what the OCI distribution specification says, and no more.

It is a value to talk to: :meth:`Honest.answer` is one request and its answer,
carried out alone. :class:`Served` puts HTTP around it; :func:`talking_to` leaves
that out, for tests in which two publishers are led step by step.
"""

import hashlib
import json
import re
import secrets
import sys
from collections import defaultdict
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

from trustlib._frozen import FrozenMap
from trustlib.registry._conversation import held
from trustlib.registry._settings import WITHOUT_TLS
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.registry.credentials import anonymous
from trustlib.transport import Retries
from trustlib.transport.exchange import Heard

REPOSITORY = "acme/trust"
AT_ONCE = Retries(attempts=5, backoff=0.01)


def sha256(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@define(eq=False)
class Honest:
    """A registry.

    Attributes:
        etags: whether it knows which state of a tag it has shown.
        deletes: whether it deletes.
        tokens: the URL of its token server, which is at ``/token``; None: who asks is let in.
        blobs, manifests, tags: what it has, by repository.
        asked: what it was asked, as ``(method, target)``.
        moves: what each tag was set to, in order: ``(repository, tag, digest)``.
    """

    etags: bool = True
    deletes: bool = True
    tokens: str | None = None
    blobs: dict = field(factory=lambda: defaultdict(dict))
    manifests: dict = field(factory=lambda: defaultdict(dict))
    tags: dict = field(factory=lambda: defaultdict(dict))
    asked: list = field(factory=list)
    moves: list = field(factory=list)
    _uploads: dict = field(factory=dict)
    _granted: set = field(factory=set)
    _lock: Lock = field(factory=Lock)

    def copied(self):
        """Return another registry that has the same."""
        blobs, manifests, tags = (
            defaultdict(dict, {name: dict(had) for name, had in things.items()})
            for things in (self.blobs, self.manifests, self.tags)
        )
        return Honest(self.etags, self.deletes, None, blobs, manifests, tags)

    def answer(self, method, target, headers, body=b""):
        """Return the status, headers and body of the answer; headers have names in lower case."""
        with self._lock:
            self.asked.append((method, target))
            url = urlsplit(target)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            if url.path == "/token":
                return self._token()
            bearer = headers.get("authorization", "").removeprefix("Bearer ")
            if self.tokens is not None and bearer not in self._granted:
                wanted = f'Bearer realm="{self.tokens}",service="honest"'
                return 401, {"WWW-Authenticate": wanted}, b""
            for pattern, answered in self._ROUTES:
                if match := re.fullmatch(pattern, url.path):
                    return answered(self, method, *match.groups(), query, headers, body)
            return _error(404, "NOT_FOUND")

    def _token(self):
        token = secrets.token_hex(8)
        self._granted.add(token)
        return 200, {}, json.dumps({"token": token}).encode()

    def _manifest(self, method, name, reference, query, headers, body):
        manifests, tags = self.manifests[name], self.tags[name]
        digest = reference if ":" in reference else tags.get(reference)
        if method == "PUT":
            return self._pushed(name, reference, headers["content-type"], body)
        if method == "DELETE" and not self.deletes:
            return _error(405, "UNSUPPORTED")
        if digest not in manifests:
            return _error(404, "MANIFEST_UNKNOWN")
        if method == "DELETE":
            del manifests[digest]
            for tag in [tag for tag, named in tags.items() if named == digest]:
                del tags[tag]
            return 202, {}, b""
        media_type, raw = manifests[digest]
        said = {"Content-Type": media_type, "Docker-Content-Digest": digest}
        if self.etags:
            said["ETag"] = f'"{digest}"'
            if headers.get("if-none-match") == f'"{digest}"':
                return 304, said, b""
        return 200, said, raw

    def _pushed(self, name, reference, media_type, raw):
        if len(raw) > 4_194_304:
            return _error(413, "SIZE_INVALID")
        document, digest = json.loads(raw), sha256(raw)
        if ":" in reference and reference != digest:
            return _error(400, "DIGEST_INVALID")
        if document.get("mediaType") not in (None, media_type):
            return _error(400, "MANIFEST_INVALID")
        config = [document["config"]] if "config" in document else []
        for needed in (*config, *document.get("layers", ())):
            if needed["digest"] not in self.blobs[name]:
                return _error(400, "MANIFEST_BLOB_UNKNOWN")
        self.manifests[name][digest] = (media_type, raw)
        if ":" not in reference:
            self.tags[name][reference] = digest
            self.moves.append((name, reference, digest))
        return 201, {"Docker-Content-Digest": digest}, b""

    def _blob(self, method, name, digest, query, headers, body):
        data = self.blobs[name].get(digest)
        return _error(404, "BLOB_UNKNOWN") if data is None else (200, {}, data)

    def _begun(self, method, name, query, headers, body):
        upload = secrets.token_hex(8)
        self._uploads[upload] = b""
        return 202, {"Location": f"/v2/{name}/blobs/uploads/{upload}"}, b""

    def _upload(self, method, name, upload, query, headers, body):
        self._uploads[upload] += body
        if method == "PATCH":
            return 202, {"Location": f"/v2/{name}/blobs/uploads/{upload}"}, b""
        data = self._uploads.pop(upload)
        if query["digest"] != sha256(data):
            return _error(400, "DIGEST_INVALID")
        self.blobs[name][query["digest"]] = data
        return 201, {"Docker-Content-Digest": query["digest"]}, b""

    def _listed(self, method, name, query, headers, body):
        tags = sorted(self.tags[name])
        if "last" in query:
            tags = [tag for tag in tags if tag > query["last"]]
        page = tags[: int(query.get("n", "100"))]
        more = {}
        if len(page) < len(tags):
            more["Link"] = f'</v2/{name}/tags/list?n={query["n"]}&last={page[-1]}>; rel="next"'
        return 200, more, json.dumps({"name": name, "tags": page}).encode()

    _ROUTES = (
        (r"/v2/(.+)/manifests/([^/]+)", _manifest),
        (r"/v2/(.+)/blobs/uploads/", _begun),
        (r"/v2/(.+)/blobs/uploads/([^/]+)", _upload),
        (r"/v2/(.+)/blobs/([^/]+)", _blob),
        (r"/v2/(.+)/tags/list", _listed),
    )


def _error(status, code):
    return status, {}, json.dumps({"errors": [{"code": code}]}).encode()


# -- over HTTP --------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one write: in two, the second waits for the first to be noted

    def __init__(self, registry, *arguments):
        self.registry = registry
        super().__init__(*arguments)

    def _answered(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, said, data = self.registry.answer(self.command, self.path, headers, body)
        self.send_response(status)
        for name, value in said.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(data)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self._answered
        raise AttributeError(name)

    def log_message(self, *_):
        """Say nothing; tests read what the registry was asked."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *about):
        if not isinstance(sys.exception(), ConnectionError):  # a client may have had enough
            super().handle_error(*about)


@contextmanager
def served(registry):
    """Serve *registry* on the loopback network; the value is its domain."""
    with _Server(("127.0.0.1", 0), partial(_Handler, registry)) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        domain = f"127.0.0.1:{server.server_address[1]}"
        if registry.tokens is not None:
            registry.tokens = f"http://{domain}/token"
        try:
            yield domain
        finally:
            server.shutdown()
            thread.join()


def client(domain, **settings):
    """Return a client of the registry at *domain*; to be closed before that is."""
    return closing(Registry(domain, **{"scheme": WITHOUT_TLS, "retries": AT_ONCE} | settings))


def aclient(domain, **settings):
    return closing(AsyncRegistry(domain, **{"scheme": WITHOUT_TLS, "retries": AT_ONCE} | settings))


# -- without HTTP -----------------------------------------------------------------------


def heard(registry, question):
    """Return what *registry* answers to one question of a conversation."""
    url = urlsplit(question.hop.url)
    headers = {**question.headers, **question.hop.headers}
    body = b"" if question.body is None else b"".join(question.body.pieces())
    status, said, data = registry.answer(
        question.method,
        f"{url.path}?{url.query}" if url.query else url.path,
        {name.lower(): value for name, value in headers.items()},
        body,
    )
    answered = FrozenMap({name.lower(): (value,) for name, value in said.items()})
    if question.method == "HEAD" or status == 304:
        data = b""
    if status in question.streamed:
        return Heard(status=status, headers=answered, pieces=iter((data,)))
    return Heard(status=status, headers=answered, body=data)


def talking_to(registry, domain="registry.example", **settings):
    """Return a client that asks *registry* itself, and never waits."""

    class Direct(Registry):
        def held(self, speaking):
            return held(speaking, partial(heard, registry), anonymous, lambda _: None)

    return Direct(domain, **settings)
