"""One run of a program: it ends in time, and nothing that it started goes on after it.

A program is given nothing to read, and a group of its own, which is killed at the end
of the run: however that ends, and whoever else still holds on to its output.
"""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO

from attrs import define, field, frozen

_KEPT = 65_536  # bytes of what it says, the last ones
_OUTPUT_ENDS_WITHIN = 2  # seconds, where somebody left its group and holds on to it

_DEADLY = {signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGFPE, signal.SIGSEGV}
_DEADLY |= set() if sys.platform == "win32" else {signal.SIGBUS, signal.SIGSYS}
_KILLED = {number for each in _DEADLY for number in (-each, 128 + each)}  # 128: says a shell
_PANICS = re.compile(r"^goroutine \d+ \[|^thread '.*' (?:\(\d+\) )?panicked at ", re.MULTILINE)
"""What Go and Rust say when a program of theirs fails in a way that nobody provided for."""


@frozen
class Ended:
    """How a run ended.

    Attributes:
        code: the exit code, negative for a signal; None: it had not ended in time.
        said: the end of what it wrote to standard error.
    """

    code: int | None
    said: str

    @property
    def crashed(self) -> bool:
        """Whether it ended in a way that nobody had provided for."""
        return self.code in _KILLED or (self.code != 0 and bool(_PANICS.search(self.said)))

    @property
    def failed(self) -> str:
        """Exit code and last line; empty where it succeeded."""
        if self.code == 0:
            return ""
        return f"exit code {self.code}: {(self.said.splitlines() or [''])[-1][:200]}"


def run(words: Sequence[str], *, seconds: float) -> Ended:
    """Run a program that may take so many *seconds*, and return how it ended.

    Its time zone is UTC, and what is on this machine it asks for without a proxy.

    Raises:
        OSError: it cannot be started.
    """
    code: int | None = None
    # The main thread alone hears a signal. What another one starts meanwhile is known a
    # moment later; what it starts by itself would be forgotten, and go on.
    with ThreadPoolExecutor(1) as starter:
        starting = starter.submit(_start, words)
        try:
            process = starting.result()
            tail = _Tail(process.stderr)
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(seconds)
        finally:
            _end(starting.result())
    tail.thread.join(_OUTPUT_ENDS_WITHIN)
    if process.stderr:
        process.stderr.close()
    return Ended(code, tail.text)


def _start(words: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    # A proxy is not on this machine, and would look for the repository on its own.
    direct = ",".join(filter(None, (os.environ.get("no_proxy"), "127.0.0.1")))
    return {**os.environ, "TZ": "UTC", "no_proxy": direct, "NO_PROXY": direct}


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # there is nobody left
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@define(eq=False)
class _Tail:
    """The end of a stream, which is read as it comes: nobody waits for a full pipe."""

    stream: IO[bytes] | None
    thread: threading.Thread = field(init=False)
    _kept: bytes = b""

    def __attrs_post_init__(self) -> None:
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    @property
    def text(self) -> str:
        """What is kept."""
        return self._kept.decode(errors="replace").strip()

    def _read(self) -> None:
        with suppress(OSError, ValueError):  # closed while it is read
            while self.stream and (piece := os.read(self.stream.fileno(), 65_536)):
                self._kept = (self._kept + piece)[-_KEPT:]
