"""Repositories on the loopback network, for clients that bring their own HTTP."""

import contextlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from tuf.ngclient import Updater as TheirUpdater


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing; tests read the answers."""


@pytest.fixture
def judge(tmp_path):
    """A new python-tuf client of the site in a directory, by its first root."""
    with contextlib.ExitStack() as stack:

        def client(site, *, known="nobody"):
            server = stack.enter_context(
                ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
            )
            thread = Thread(target=partial(server.serve_forever, poll_interval=0.01))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            url = f"http://127.0.0.1:{server.server_address[1]}/"
            for folder in ("metadata of " + known, "downloads of " + known):
                (tmp_path / folder).mkdir(exist_ok=True)
            return TheirUpdater(
                str(tmp_path / ("metadata of " + known)),
                url,
                str(tmp_path / ("downloads of " + known)),
                url + "targets/",
                bootstrap=(site / "1.root.json").read_bytes(),
            )

        yield client
