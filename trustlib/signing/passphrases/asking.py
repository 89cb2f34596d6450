"""A source is asked about one key and offers what it knows, one passphrase after the other.

Whoever asks takes the next one only if the last one was wrong, so a source
learns all there is to know from being asked on: a human is told to try again, a
memory forgets. What ends without having offered anything knows nothing, which
is no error.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final, Protocol, Self, runtime_checkable

from attrs import field, frozen

from trustlib.errors import SigningError, shortened

MAX_BYTES: Final = 1024
"""Of a passphrase. A longer one is a mistake: the wrong file, or a program's whole output."""


class Purpose(Enum):
    """What a passphrase is wanted for."""

    UNLOCK = "unlock"
    CREATE = "create"


class Located(Protocol):
    """Whatever is in a file."""

    @property
    def path(self) -> Path:
        """Which file."""
        ...


@frozen(kw_only=True)
class Question:
    """Which passphrase is wanted, in the words that a human would use.

    Attributes:
        name: what the key is called, ``"alice.key"``: a file's name, or a token's label.
        where: what tells it from all others, such as the file's path.
        purpose: to open a key that exists, or to protect a new one.
        role: the role that the key signs for, where the caller said so.
        why: what is about to be done, ``"to sign version 3 of root"``, where the
            caller said so.
    """

    name: str
    where: str
    purpose: Purpose = Purpose.UNLOCK
    role: str | None = None
    why: str | None = field(default=None)

    @classmethod
    def about(
        cls,
        file: Located,
        *,
        purpose: Purpose = Purpose.UNLOCK,
        role: str | None = None,
        why: str | None = None,
    ) -> Self:
        """Return the question for the passphrase of *file*."""
        return cls(name=file.path.name, where=str(file.path), purpose=purpose, role=role, why=why)

    def __str__(self) -> str:
        """Name the key, its role and the reason, in one line that a terminal can show."""
        role = "" if self.role is None else f" ({shortened(self.role, str)})"
        why = "" if self.why is None else f", {shortened(self.why, str)}"
        return f"{shortened(self.where, str)}{role}{why}"


class PassphraseSource(Protocol):
    """Whatever knows passphrases: a human, an environment, a secret store."""

    def passphrases(self, question: Question, /) -> Iterator[str | bytes]:
        """Offer passphrases, the likeliest first; none of them empty.

        The next one is asked for only if the last one was wrong.

        Raises:
            SigningError: the source is there, and cannot be asked.
        """
        ...


@runtime_checkable
class Forgetful(Protocol):
    """A source that remembers, and can be told not to."""

    def forget(self, question: Question, /) -> None:
        """Know nothing about *question* any more."""
        ...


def one_line(data: bytearray, what: str) -> bytes:
    """Return the passphrase that is all of *data*, without the line's end, and wipe *data*.

    Args:
        data: up to ``MAX_BYTES`` and a line's end; more may be cut off.
        what: where it came from, for the error.

    Raises:
        SigningError: it is empty, too long, or more than one line. Taking the
            first line would make a different passphrase of a damaged file.
    """
    line = bytes(data).removesuffix(b"\n").removesuffix(b"\r")
    wipe(data)
    if not line:
        problem = "is empty; expected a passphrase"
    elif len(line) > MAX_BYTES:
        problem = f"is longer than the {MAX_BYTES} bytes a passphrase may have"
    elif b"\n" in line or b"\r" in line:
        problem = "has more than one line; expected a passphrase and nothing else"
    else:
        return line
    del line  # a traceback may be shown with the values of its variables
    raise SigningError(what, problem)


def wipe(data: bytearray) -> None:
    """Overwrite *data*. Copies that Python made elsewhere are out of reach."""
    data[:] = bytes(len(data))
    data.clear()
