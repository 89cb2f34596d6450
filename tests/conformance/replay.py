"""Every scenario of the TUF conformance suite again, with hints: the end must be the same.

A plugin for the suite's own pytest (``make conformance``), not a test of ours. The suite asserts
the order of requests, so our client asks there for one file after the other. Each time it ran,
this runs it again on a copy of what it started from, against the same state of the repository,
and lets it ask for several files at once. Exit code, store (``.trustlib`` too) and artifacts must
be what they were the first time. The suite does not see the second time: its statistics of
requests are put back.

The suite's servers speak HTTP/1.0, which ends each connection after one answer, so nobody could
ask for two things at once: for the second time, they speak HTTP/1.1.
"""

import os
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

ENDED = Counter()
"""How many runs there were, and how many requests were read behind another one."""

CLOCK = ".trustlib/clock"
"""What two runs may differ in: when they ran. That it is there must be the same."""

COPIED = ("--metadata-dir", "--target-dir")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef):
    made = yield
    if fixturedef.argname in {"client", "static_client"}:
        made._run = Replaying(made)
    return made


def pytest_sessionfinish(session):
    if ENDED["runs"] and not ENDED["ahead"]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED  # then nothing was tried


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(
        f"replayed with hints: {ENDED['runs']} runs of the client, {ENDED['ahead']} requests"
        " written ahead"
    )


class Replaying:
    """Runs the client as the suite does, and then again in another way."""

    def __init__(self, runner):
        self.run, self.server = runner._run, runner._server

    def __call__(self, command):
        with tempfile.TemporaryDirectory() as scratch:
            again, places = copied(command, Path(scratch))
            code = self.run(command)
            with unseen(self.server), hinting(), kept_open(self.server):
                same_code = self.run(again)
            ENDED["runs"] += 1
            assert code == same_code, f"with hints, the exit code is {same_code} and not {code}"
            for place, copy in places:
                assert files(place) == files(copy), "with hints, the client ends with other files"
        return code


def copied(command, scratch):
    """Return *command* on copies of its directories, and the pairs of them."""
    again, places = list(command), []
    for option in COPIED:
        if option in command:
            at = command.index(option) + 1
            place, copy = Path(command[at]), scratch / option
            shutil.copytree(place, copy)
            places.append((place, copy))
            again[at] = str(copy)
    return again, places


def files(place):
    """Return what is in the directory *place*, by relative path."""
    found = {path.relative_to(place).as_posix(): path for path in place.rglob("*")}
    return {
        name: b"some time" if name == CLOCK else path.read_bytes()
        for name, path in found.items()
        if path.is_file()
    }


@contextmanager
def hinting():
    os.environ["TRUSTLIB_HINTS"] = "1"
    try:
        yield
    finally:
        del os.environ["TRUSTLIB_HINTS"]


@contextmanager
def unseen(server):
    """Put back what the suite counts."""
    counted = [
        (requests, list(requests))
        for repository in getattr(server, "repos", {}).values()
        for requests in (repository.metadata_statistics, repository.artifact_statistics)
    ]
    try:
        yield
    finally:
        for requests, before in counted:
            requests[:] = before


@contextmanager
def kept_open(server):
    """Let the suite's *server* keep connections open, after an absence as well."""
    handler = server.RequestHandlerClass

    class KeptOpen(handler):
        protocol_version = "HTTP/1.1"

        def send_error(self, code, *_):
            self.send_response(code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            # One read of the buffered reader brings all that is there.
            ENDED["ahead"] += bool(pending(self.rfile))
            super().do_GET()

    server.RequestHandlerClass = KeptOpen
    try:
        yield
    finally:
        server.RequestHandlerClass = handler


def pending(reader):
    """Return what a buffered *reader* has read already, without waiting for more."""
    raw_timeout = reader.raw._sock.gettimeout()
    reader.raw._sock.settimeout(0)
    try:
        return reader.peek(1)
    finally:
        reader.raw._sock.settimeout(raw_timeout)
