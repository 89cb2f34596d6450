"""A program that keeps credentials, as Docker calls them: one question, one bounded answer.

It gets a time and a size. It inherits the environment and the terminal, for some
ask a human; and nothing that it printed is ever shown.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from threading import Thread
from time import monotonic

from attrs import define, field

from trustlib.errors import StorageError


@define
class _Printed:
    """What *process* prints, up to one byte more than it may."""

    process: subprocess.Popen[bytes]
    question: bytes = field(repr=False)
    most: int
    data: bytearray = field(factory=bytearray, repr=False)

    def read(self) -> None:
        asking, answering = self.process.stdin, self.process.stdout
        if asking is None or answering is None:
            return
        # Whoever prints on is told so by the broken pipe.
        with answering:
            with suppress(OSError), asking:  # it may have ended without a look at the question
                asking.write(self.question)
            while len(self.data) <= self.most and (
                piece := answering.read(self.most + 1 - len(self.data))
            ):
                self.data += piece


def printed(program: str, question: bytes, *, seconds: float, most: int) -> tuple[int, bytes]:
    """Return the exit status of ``program get``, and what it printed.

    Args:
        program: a name to look up where the system looks for programs.
        question: what it reads.
        seconds: how long it may take.
        most: how many bytes it may print.

    Raises:
        StorageError: it cannot be run, takes too long, or prints more.
    """
    end = monotonic() + seconds
    try:
        process = subprocess.Popen(
            [program, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise StorageError(
            program, f"cannot be run ({reason}); install it, or log in without it"
        ) from None
    answer = _Printed(process, question, most)
    # Not read here: what it has started may hold the other end of the pipe when it has ended.
    reading = Thread(target=answer.read, daemon=True)
    reading.start()
    try:
        reading.join(seconds)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.0 if len(answer.data) > most else max(0.0, end - monotonic()))
        late = reading.is_alive() or process.returncode is None
    finally:
        process.kill()
        process.wait()
    if len(answer.data) > most:
        raise StorageError(
            program, f"printed more than {most} bytes; it is no helper for credentials"
        )
    if late:
        raise StorageError(
            program, f"took longer than {seconds:g} seconds, and was stopped; run it by hand"
        )
    return process.returncode, bytes(answer.data)
