"""A program that prints a passphrase: what it is called with is a list, never a shell's line.

It gets a time and a size, and nothing that it printed is ever shown.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import IO, Final

from attrs import Attribute, field, frozen, validators

from trustlib.errors import SigningError, shortened
from trustlib.signing.passphrases.asking import MAX_BYTES, Question, one_line, wipe

_MOST: Final = MAX_BYTES + 3  # bytes: one more than a passphrase and any line's end


def _arguments(given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise TypeError("a command is a list of arguments: no shell takes a line apart")
    return tuple(given)


def _not_empty(_: object, attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    if not value:
        raise ValueError(f"{attribute.name}: expected a program and its arguments")


@frozen
class FromCommand:
    """A program that knows passphrases, such as a password manager or a vault's client.

    It inherits the environment and the terminal, is told which key it is about
    in ``TRUSTLIB_KEY``, ``TRUSTLIB_ROLE``, ``TRUSTLIB_WHY`` and
    ``TRUSTLIB_PURPOSE``, and prints the passphrase as one line. Never put a
    secret among its arguments: every user of the machine can read those.

    Attributes:
        arguments: the program and what it is called with.
        seconds: how long it may take, a human's typing included.
        tries: how often it is asked about one key, the answers before having
            been wrong. More than one makes sense where it asks a human.
    """

    arguments: Sequence[str] = field(
        converter=_arguments, validator=_not_empty, repr=lambda given: f"({given[0]!r}, …)"
    )
    seconds: float = field(default=60.0, kw_only=True, validator=validators.gt(0))
    tries: int = field(default=1, kw_only=True, validator=validators.ge(1))

    def passphrases(self, question: Question) -> Iterator[bytes]:
        """Offer what the program prints.

        Raises:
            SigningError: it cannot be run, fails, takes too long, or prints
                anything but one line.
        """
        for _ in range(self.tries):
            yield one_line(self._printed(question), self._what)

    @property
    def _what(self) -> str:
        return f"the command {self.arguments[0]}"

    def _printed(self, question: Question) -> bytearray:
        try:
            process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env={**os.environ, **_told(question)},
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
        else:
            with process:
                return self._read(process)
        raise SigningError(self._what, f"cannot be run: {reason}")

    def _read(self, process: subprocess.Popen[bytes]) -> bytearray:
        end = time.monotonic() + self.seconds
        data = bytearray()
        problem = "was interrupted: sign again"
        try:
            problem = self._collect(process.stdout, data, end)
            if problem == "":
                problem = self._ended(process, end)
        finally:
            if problem:
                process.kill()
                wipe(data)
        if problem:
            raise SigningError(self._what, problem)
        return data

    def _collect(self, pipe: IO[bytes] | None, data: bytearray, end: float) -> str:
        """Read *pipe* to its end; returns what went wrong, or nothing."""
        if pipe is None:
            return "has no output"
        with selectors.DefaultSelector() as ready:
            ready.register(pipe, selectors.EVENT_READ)
            while len(data) < _MOST:
                if not ready.select(max(0.0, end - time.monotonic())):
                    return self._late
                more = os.read(pipe.fileno(), _MOST - len(data))
                if not more:
                    return ""
                data += more
        return f"printed more than the {MAX_BYTES} bytes a passphrase may have"

    def _ended(self, process: subprocess.Popen[bytes], end: float) -> str:
        try:
            status = process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            return self._late
        return f"failed with status {status}" if status else ""

    @property
    def _late(self) -> str:
        return f"took longer than {self.seconds:g} seconds, and was stopped"


def _told(question: Question) -> dict[str, str]:
    return {
        "TRUSTLIB_KEY": shortened(question.where, str),
        "TRUSTLIB_ROLE": shortened(question.role or "", str),
        "TRUSTLIB_WHY": shortened(question.why or "", str),
        "TRUSTLIB_PURPOSE": question.purpose.value,
    }
