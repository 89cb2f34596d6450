"""Repositories that are published already, each test's own."""

import contextlib
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from core.worlds import NOW
from publish.desks import accepted_by_theirs, created, opened, publish, tagged

from trustlib import MemoryStorage, TrustError


@pytest.fixture
def storage():
    """An empty storage; what is left in it, if ours accepts it, python-tuf's client must accept."""
    storage = MemoryStorage()
    yield storage
    if storage.read("1.root.json") is not None:
        with contextlib.suppress(TrustError):
            opened(storage)
            accepted_by_theirs(storage)


@cache
def _first_published():
    storage, before = MemoryStorage(), created()
    return publish(storage, before, tagged(before), now=NOW).repository, storage.files


@pytest.fixture
def published(storage):
    """The repository in *storage*: acme/app:1.4, everything at version 1."""
    repository, files = _first_published()
    for path, data in files.items():
        storage.write(path, data, replacing=None)
    return repository


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing; tests read the answers."""


@pytest.fixture
def web():
    """Serve a directory on the loopback network; returns its URL."""
    with contextlib.ExitStack() as stack:

        def serve(directory):
            handler = partial(_Quiet, directory=str(directory))
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            # Threads that serve a connection end with it; tests close theirs first.
            thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}/"

        yield serve
