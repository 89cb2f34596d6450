"""A real Chromium without a window, which nothing leaves but through a proxy that writes it down."""

import contextlib
import http.server
import re
import shutil
import subprocess
from threading import Thread

import pytest

OPTIONS = (
    "--headless",
    "--no-sandbox",  # of its own; it reads pages that we made
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-features=NetworkTimeServiceQuerying,OptimizationHints,MediaRouter,Translate",
    "--no-first-run",
    "--hide-scrollbars",
    "--virtual-time-budget=20000",
)


def chromium():
    """The program, or the reason to skip: it is not among the servers that tests may demand."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("not installed: chromium")
    return found


_MAKER = re.compile(r"^\w+ (?:http://)?[\w.-]+\.(?:google|googleapis|gvt1)\.com(?::443|/)")


class _Recorder(http.server.BaseHTTPRequestHandler):
    def __getattr__(self, name):
        """Whatever is asked for, and how, is written down."""
        if name.startswith("do_"):
            return self._record
        raise AttributeError(name)

    def _record(self):
        self.server.seen.append(f"{self.command} {self.path}")
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing; tests read the answers."""


class Browser:
    """Opens files, and knows what they asked the network for."""

    def __init__(self, profile, proxy):
        self._program, self._profile, self._proxy = chromium(), profile, proxy

    @property
    def asked(self):
        """What pages asked for; the errands that the program runs for its maker are not theirs."""
        return [line for line in self._proxy.seen if not _MAKER.search(line)]

    def run(self, page, *options):
        assert not re.search(r"(?:google|googleapis|gvt1)\.com", page.read_text(encoding="utf-8"))
        done = subprocess.run(
            [
                self._program,
                *OPTIONS,
                f"--user-data-dir={self._profile}",
                f"--proxy-server=127.0.0.1:{self._proxy.server_address[1]}",
                "--proxy-bypass-list=<-loopback>",
                *options,
                page.absolute().as_uri(),
            ],
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=True,
        )
        return done.stdout

    def read(self, page, *options):
        """The document as it is after everything ran that would."""
        return self.run(page, "--dump-dom", *options)


@contextlib.contextmanager
def opened(profile):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Recorder) as proxy:
        proxy.seen = []
        thread = Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Browser(profile, proxy)
        finally:
            proxy.shutdown()
            thread.join()
