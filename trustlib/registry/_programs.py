"""Somebody else's program: called with a list, given a time, and heard only so far."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from threading import Thread
from typing import IO, Final

from attrs import define, field, frozen

from trustlib.errors import LimitError, StorageError, TransportError, shortened
from trustlib.registry.manifests import MOST

_PIECE: Final = 65_536
_TAIL: Final = 4_096  # bytes of its complaints: the last ones say why it gave up
_SLOW: Final = "give it more seconds, or find out what it waits for"
_SOON: Final = 5.0  # seconds in which whoever was stopped has let go of its output


def last_words(text: str) -> str:
    """Return the end of a complaint as one line: what it says last is why."""
    said = " ".join(text.split())[-300:]
    # Some of it a registry may have said: it must not write over what stands above.
    return "".join(char if char.isprintable() else "?" for char in said)


@frozen
class Program:
    """A program, with the options that every call of it has.

    It inherits the environment, and so whatever it is configured with.

    Attributes:
        arguments: what to run, and what it is always called with.
        seconds: how long a call may take.
    """

    arguments: tuple[str, ...]
    seconds: float

    def printed(self, *more: str) -> bytes:
        """Return what it prints when it is called with *more*, at most :data:`MOST` bytes.

        Raises:
            LimitError: it prints more.
            StorageError: it cannot be run.
            TransportError: it fails, or takes too long.
        """
        called = shortened(" ".join((*self.arguments, *more)), str)
        try:
            process = subprocess.Popen(
                (*self.arguments, *more),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        except OSError as error:
            reason = f"cannot be run ({error.strerror}); install it, or name another program"
            raise StorageError(self.arguments[0], reason) from error
        output = _Ear(process.stdout, process.kill)
        complaints = _Ear(process.stderr, lambda: None)
        try:
            status = process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            raise TransportError(
                called, f"took longer than {self.seconds:g} seconds", advice=_SLOW
            ) from None
        finally:
            process.kill()  # one that has ended is left alone
            process.wait()
            ended = output.ended() & complaints.ended()
        if len(output.heard) > MOST:
            raise LimitError(f"bytes printed by {called}", MOST, advice="find out why it does that")
        if not ended:
            raise TransportError(
                called, "has left a process behind that keeps its output open", advice="end it"
            )
        if status:
            said = last_words(complaints.heard[-_TAIL:].decode(errors="replace"))
            raise TransportError(called, f"failed with status {status}: …{said}")
        return bytes(output.heard)


@define
class _Ear:
    """Hears a pipe to its end, so that nobody waits to be heard; the rest of too much is lost."""

    pipe: IO[bytes] | None
    enough: Callable[[], None]
    heard: bytearray = field(factory=bytearray, init=False)
    _thread: Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._thread = Thread(target=self._hear, daemon=True)
        self._thread.start()

    def ended(self) -> bool:
        """Return whether the end was heard."""
        self._thread.join(_SOON)
        return not self._thread.is_alive()

    def _hear(self) -> None:
        if self.pipe is None:
            return
        with self.pipe as pipe:
            while piece := os.read(pipe.fileno(), _PIECE):
                self.heard += piece
                if len(self.heard) > MOST:
                    self.enough()
                    del self.heard[: -MOST - 1]
