"""The roots: whether every client there ever was finds its way to the newest one (§5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from attrs import frozen

from trustlib._types import ROOT, Version
from trustlib.documents import Format
from trustlib.errors import TrustError
from trustlib.limits import Limits
from trustlib.publish.examining.finding import Finding, Severity, told
from trustlib.publish.examining.survey import Survey
from trustlib.publish.opening import BEGINNING, taken
from trustlib.trust import RootTrusted


@frozen(kw_only=True)
class MissingRoots(Finding):
    """Roots that were published once are not there.

    Attributes:
        gaps: the first and the last of each row of missing ones.
    """

    severity: ClassVar[Severity] = Severity.MEND

    gaps: tuple[tuple[Version, Version], ...]

    def __str__(self) -> str:
        gaps = tuple(f"{a}" if a == b else f"{a} to {b}" for a, b in self.gaps)
        return (
            f"root {told(gaps)} is missing: clients that start before it stay there;"
            " bring the files back from a copy, they never change"
        )


@frozen(kw_only=True)
class BrokenChain(Finding):
    """An older root does not lead to the one after it.

    Attributes:
        before: the older one.
        error: why a client that starts there refuses the next.
    """

    severity: ClassVar[Severity] = Severity.MEND

    before: Version
    error: TrustError

    def __str__(self) -> str:
        return (
            f"clients that start at root {self.before} go no further: {self.error};"
            " bring the file back from a copy, or ship a newer root with your programs"
        )


@frozen(kw_only=True)
class Forked(Finding):
    """There is another root under the anchor's number.

    Attributes:
        version: that number.
    """

    severity: ClassVar[Severity] = Severity.MEND

    version: Version

    def __str__(self) -> str:
        return (
            f"root {self.version} is another file here than the anchor: somebody replaced it, or"
            " its keys signed two; find out which one was published, and who made the other"
        )


@frozen(kw_only=True)
class LongWay(Finding):
    """More roots follow the oldest one than a client walks in one update.

    Attributes:
        first: the oldest root's version.
        last: the newest root's.
        limit: how many a client walks.
    """

    severity: ClassVar[Severity] = Severity.MEND

    first: Version
    last: Version
    limit: int

    def __str__(self) -> str:
        return (
            f"{self.last - self.first} roots follow root {self.first}, and clients walk"
            f" {self.limit} at once: those that start there fail once, and go on the next"
            " time; ship a newer root with your programs"
        )


def chain(survey: Survey, limits: Limits, format: Format) -> Iterator[Finding]:
    """Return what keeps clients from coming to the newest root."""
    if survey.root is None or survey.first is None:
        return
    newest, first = survey.root.version, survey.first
    there = sorted(n for n in taken(survey.paths).get(ROOT, frozenset()) if n <= newest)
    if gaps := tuple(_gaps(there, newest)):
        yield MissingRoots(gaps=gaps)
    if survey.twin:
        yield Forked(version=first)
    yield from _older(survey, format)
    oldest = min(there, default=first)
    if newest - oldest > limits.root_rotations >= newest - first:
        yield LongWay(first=oldest, last=newest, limit=limits.root_rotations)


def _gaps(there: list[Version], newest: Version) -> Iterator[tuple[Version, Version]]:
    before = 0
    for version in (*there, newest + 1):
        if version > before + 1:
            yield Version(before + 1), Version(version - 1)
        before = version


def _older(survey: Survey, format: Format) -> Iterator[Finding]:
    files = {**survey.older, survey.roots[0].unverified.version: survey.roots[0].raw}
    for version in survey.older:
        following = files.get(Version(version + 1))
        if following is None:
            continue  # a gap, which is told already
        try:
            stage = RootTrusted.bootstrap(files[version], now=BEGINNING, format=format)
            stage.accept_root(following)
        except TrustError as error:
            yield BrokenChain(before=version, error=error)
