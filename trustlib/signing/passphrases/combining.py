"""Sources made of sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from trustlib.signing.passphrases.asking import (
    Forgetful,
    PassphraseSource,
    Purpose,
    Question,
    wipe,
)


@final
class FirstOf:
    """Several sources, one after the other: each is asked only if those before it did not know.

    ``FirstOf(FromEnvironment(names), Prompt())`` asks a human where the robot's
    variable is not set, or wrong.
    """

    __slots__ = ("_sources",)

    def __init__(self, *sources: PassphraseSource) -> None:
        self._sources = sources

    def __repr__(self) -> str:
        return f"FirstOf({', '.join(map(repr, self._sources))})"

    def passphrases(self, question: Question) -> Iterator[str | bytes]:
        """Offer what each of them offers."""
        for source in self._sources:
            yield from source.passphrases(question)

    def forget(self, question: Question) -> None:
        """Have those that remember forget *question*."""
        for source in self._sources:
            if isinstance(source, Forgetful):
                source.forget(question)


@final
class Remembered:
    """Another source's right answers, until they are forgotten or the process ends.

    What was wrong is forgotten at once. One key's answer is never offered for
    another, and none is for a new passphrase. Whoever can read this process's
    memory has them.
    """

    __slots__ = ("_known", "_source")

    def __init__(self, source: PassphraseSource) -> None:
        self._source = source
        self._known: dict[str, bytearray] = {}

    def __repr__(self) -> str:
        return f"Remembered({self._source!r})"

    def __reduce_ex__(self, protocol: object) -> str:
        raise TypeError("passphrases are not pickled or copied; share the object itself")

    def passphrases(self, question: Question) -> Iterator[str | bytes]:
        """Offer what is remembered, and then what the other source offers."""
        known = self._known.get(question.where)
        if known is not None and question.purpose is Purpose.UNLOCK:
            yield bytes(known)
            self.forget(question)
        for answer in self._source.passphrases(question):
            self.forget(question)
            self._known[question.where] = bytearray(
                answer.encode() if isinstance(answer, str) else answer
            )
            yield answer
            del answer  # a traceback from here on may be shown with its variables
            self.forget(question)

    def forget(self, question: Question) -> None:
        """Overwrite what is remembered for the key of *question*."""
        wipe(self._known.pop(question.where, bytearray()))

    def forget_all(self) -> None:
        """Overwrite everything that is remembered."""
        while self._known:
            wipe(self._known.popitem()[1])
