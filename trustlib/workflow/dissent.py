"""What is raised when too few say the same thing: everybody's word, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from trustlib._frozen import FrozenMap
from trustlib.errors import TransportError, TrustError, VerificationError, shortened
from trustlib.workflow.counting import Statement

Answer: TypeAlias = Statement | TrustError | None
"""What one of those who were asked said; None: it does not list the target."""


class DisagreementError(VerificationError):
    """Too few of those who must agree on a target say the same thing of it.

    Attributes:
        path: the target.
        threshold: how many must say the same thing.
        most: how many do, at most; who may be one and the same counts once.
        answers: what everybody who was asked said, or why it could not.
    """

    def __init__(
        self, path: str, threshold: int, most: int, answers: Mapping[str, Answer], advice: str
    ) -> None:
        self.path, self.threshold, self.most = path, threshold, most
        self.answers: FrozenMap[str, Answer] = FrozenMap(answers)
        super().__init__(
            f"{shortened(path, str)}: {most} of the {threshold} that must agree say the same"
            f" ({told(answers)}); {advice}"
        )


class UnheardError(TransportError):
    """Who could not be reached might change what is decided. Try again later.

    Attributes:
        path: the target.
        threshold: how many must say the same thing.
        most: how many of those who answered do, at most.
        answers: what everybody who was asked said, or why it could not.
    """

    def __init__(self, path: str, threshold: int, most: int, answers: Mapping[str, Answer]) -> None:
        self.path, self.threshold, self.most = path, threshold, most
        self.answers: FrozenMap[str, Answer] = FrozenMap(answers)
        super().__init__(
            shortened(path, str),
            f"{most} of the {threshold} that must agree say the same, and those that could not"
            f" be reached might say otherwise ({told(answers)})",
        )


def told(answers: Mapping[str, Answer]) -> str:
    """Return what everybody said, in one line."""
    return "; ".join(f"{name}: {_spelled(answer)}" for name, answer in answers.items())


def _spelled(answer: Answer) -> str:
    return "does not list it" if answer is None else shortened(str(answer), str)
