"""A human at a terminal is asked, and nobody can read over their shoulder.

The terminal is opened by its name, so it does not matter where standard input
and output lead. It never echoes what is typed; where that cannot be had,
nothing is asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen, validators

from trustlib.errors import SigningError
from trustlib.signing.passphrases.asking import MAX_BYTES, Purpose, Question, wipe

_ROOM: Final = (
    MAX_BYTES + 2
)  # bytes: a passphrase, its line's end, and one to see that it is longer


@frozen(kw_only=True)
class Prompt:
    """Ask on the terminal; a new passphrase must be typed twice.

    Works on POSIX systems. Elsewhere it says that there is no terminal.

    Attributes:
        minimum: how many characters a new passphrase has at least.
        tries: how often a human may try, for one key.
        terminal: where the human is.
    """

    minimum: int = field(default=12, validator=validators.ge(1))
    tries: int = field(default=3, validator=validators.ge(1))
    terminal: Path = field(default=Path("/dev/tty"), converter=Path)

    def passphrases(self, question: Question) -> Iterator[bytes]:
        """Offer what is typed; nothing more after an empty line.

        Raises:
            SigningError: there is no terminal, or what is typed is longer than
                a passphrase may be. For a new passphrase: it was never typed
                twice alike, or was always too short.
        """
        if question.purpose is Purpose.CREATE:
            yield from self._created(question)
            return
        for attempt in range(1, self.tries + 1):
            again = f"That was wrong ({attempt} of {self.tries}). " if attempt > 1 else ""
            typed = self._typed(f"{again}Passphrase for {question}: ")
            if not typed:
                return
            yield typed
            del typed  # a traceback from here on may be shown with its variables

    def _created(self, question: Question) -> Iterator[bytes]:
        said = ""
        for _ in range(self.tries):
            first = bytearray(self._typed(f"{said}New passphrase for {question}: "))
            try:
                if not first:
                    return
                if _characters(first) < self.minimum:
                    said = f"That has fewer than {self.minimum} characters. "
                elif first == self._typed("The same once more: "):
                    yield bytes(first)
                    return
                else:
                    said = "The two were different. "
            finally:
                wipe(first)
        raise SigningError(
            str(question), f"no new passphrase after {self.tries} tries; nothing was changed"
        )

    def _typed(self, prompt: str) -> bytes:
        """Return the line that was typed, empty where there was none."""
        line = bytearray(_ROOM)
        with _silent(self.terminal) as terminal:
            try:
                os.write(terminal, prompt.encode())
                length = os.readv(terminal, [line])
            finally:
                os.write(terminal, b"\n")
        typed = bytes(line[:length])
        wipe(line)
        if not typed or (typed.endswith(b"\n") and len(typed) <= MAX_BYTES + 1):
            return typed.removesuffix(b"\n")
        del typed
        raise SigningError(
            str(self.terminal),
            f"what was typed is no line of at most {MAX_BYTES} bytes; try again",
        )


def _characters(typed: bytearray) -> int:
    return len(typed.decode(errors="replace"))


@contextmanager
def _silent(path: Path) -> Iterator[int]:
    """Open the terminal *path* and keep it from echoing; what was typed ahead is dropped."""
    try:
        import termios

        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except (ImportError, OSError):
        raise _nobody(path) from None
    with closing(os.fdopen(terminal, "rb", buffering=0)):
        try:
            before = termios.tcgetattr(terminal)
        except termios.error:
            raise _nobody(path) from None
        silent = [*before]
        silent[3] = before[3] & ~(termios.ECHO | termios.ECHONL) | termios.ICANON
        try:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
            yield terminal
        finally:
            # What was typed beyond the line must not reach whoever reads next.
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def _nobody(path: Path) -> SigningError:
    return SigningError(
        str(path),
        "there is no terminal to ask on; take the passphrase from another source,"
        " such as a descriptor or a command",
    )
