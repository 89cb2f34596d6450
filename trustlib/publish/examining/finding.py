"""What is found is data: facts first, and a sentence derived from them that ends in what to do.

How bad a finding is belongs to its kind. Whatever a client would refuse is one
kind of bad, and nothing else is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import ClassVar, Final

from trustlib._types import KeyId
from trustlib.errors import shortened
from trustlib.roles import Authority

_SHOWN: Final = 5
_DIGITS: Final = 16
"""Of a key's id: enough that nobody makes another key for them in an afternoon."""


class Severity(IntEnum):
    """How bad a finding is; the worst first."""

    REFUSED = 0
    """Clients refuse the repository, or a part of it."""

    MEND = 1
    """Clients accept it, and it will fail them or is weaker than it looks."""

    KNOW = 2
    """Nothing is wrong; somebody may want to know."""

    def __str__(self) -> str:
        return _WORDS[self]


_WORDS: Final = {Severity.REFUSED: "refused", Severity.MEND: "to mend", Severity.KNOW: "to know"}


class Finding(ABC):
    """Something about a repository; ``str()`` says what, and what to do.

    Attributes:
        severity: how bad it is.
    """

    __slots__ = ()

    severity: ClassVar[Severity]

    @abstractmethod
    def __str__(self) -> str:
        """Say what was found and what to do, in one sentence."""


def told(names: Collection[object]) -> str:
    """Return *names* as people list them: the first few, and how many more there are."""
    first = [shortened(name, str) for name, _ in zip(names, range(_SHOWN), strict=False)]
    rest = len(names) - len(first)
    return ", ".join([*first, *([f"{rest} more"] if rest else [])])


def ids(keyids: Iterable[KeyId]) -> str:
    """Return the beginnings of *keyids*, as people compare them."""
    return told(tuple(keyid[:_DIGITS] for keyid in keyids))


def signers(authority: Authority) -> str:
    """Return who must sign, and how many of them."""
    # By their hashes, whatever names metadata has for them: people compare these.
    usable = tuple(key.id for key in authority.keys.values() if key.material is not None)
    return f"{authority.threshold} of the keys {ids(usable)}"
