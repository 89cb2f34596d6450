"""The search through a map, decided once for both ways to ask (TAP 4).

A repository counts if it answered. One that cannot be had, or is not to be
trusted, says neither yes nor no: it lowers no threshold, it stops nobody who
reach theirs without it, and it is not passed over for a later entry of the map
where it might have had its say. Otherwise whoever keeps a private repository
from us could have a public one answer in its place.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TypeAlias

from attrs import field, frozen

from trustlib.consensus.maps import MapEntry, TrustMap
from trustlib.errors import NotFoundError, TransportError, TrustError
from trustlib.roles import Authority
from trustlib.workflow.counting import Open, Settled, Statement, Verdict, judged
from trustlib.workflow.dissent import Answer, DisagreementError, UnheardError
from trustlib.workflow.search import UNLISTED


@frozen
class Heard:
    """What came of asking one repository.

    Attributes:
        answer: what it says, None if it does not list the target, or the error
            that came in place of an answer.
        root: whose signatures make its root; nobody's, where it said nothing.
    """

    answer: Answer
    root: Authority = field(factory=Authority.of)

    @classmethod
    def failing(cls, error: TrustError) -> Heard:
        """Return what *error* means: that the target is not listed, or that nothing was heard.

        Only a search that heard everybody tells that a target is not listed. A
        file that is withheld is a :class:`~trustlib.NotFoundError` as well, and
        tells nothing.
        """
        return cls(None if error.step == UNLISTED else error)


@frozen
class Outcome:
    """What the repositories agree on.

    Attributes:
        settled: what that is, and who says so.
        resting_on: every repository whose word has a part in it; those too that
            were asked first, said something else, and did not agree on that.
    """

    settled: Settled
    resting_on: tuple[str, ...]


Asking: TypeAlias = Generator[tuple[str, ...], "tuple[str, Heard] | None", Outcome]
"""Yields the repositories whose answers are awaited; is sent any one of them."""


def deciding(trust_map: TrustMap, path: str) -> Asking:
    """Return what the repositories agree on that the map has speak for *path*.

    Raises:
        NotFoundError: no entry of the map covers *path*, or none of those who
            were asked lists it.
        DisagreementError: too few say the same thing.
        UnheardError: it depends on those that could not be reached.
    """
    entries = trust_map.covering(path)
    if not entries:
        raise NotFoundError(path, "no entry of the map covers it; check the name, and the map")
    heard: dict[str, Heard] = {}
    passed: list[str] = []
    refusals: list[DisagreementError] = []
    for entry in entries:
        verdict = _judged(entry, heard)
        while not isinstance(verdict, Settled):
            missing = tuple(name for name in entry.repositories if name not in heard)
            if not missing:
                break
            if (came := (yield missing)) is not None:
                heard[came[0]] = came[1]
            verdict = _judged(entry, heard)
        if isinstance(verdict, Settled):
            spoke = [n for n in passed if isinstance(heard[n].answer, Statement)]
            return Outcome(verdict, tuple(dict.fromkeys((*verdict.by, *spoke))))
        if isinstance(verdict, Open):
            raise _undecided(path, entry, verdict, heard)
        refusals.append(_disagreement(path, entry, verdict.most, heard))
        passed.extend(entry.repositories)
    if all(one.answer is None for one in heard.values()):
        asked = ", ".join(heard)
        reason = f"none of the repositories {asked} vouches for it; check the name"
        raise NotFoundError(path, reason, step=UNLISTED)
    raise next((error for error in refusals if error.most), refusals[0])


def _judged(entry: MapEntry, heard: Mapping[str, Heard]) -> Verdict:
    said = {
        name: one.answer for name, one in heard.items() if not isinstance(one.answer, TrustError)
    }

    def alike(one: str, other: str) -> bool:
        return _same_hands(heard[one].root, heard[other].root)

    return judged(entry.repositories, entry.threshold, said, alike)


def _same_hands(one: Authority, other: Authority) -> bool:
    """Whether the keys that two roots have in common suffice to sign both.

    Then they are one repository under two names, or as good as one.
    """
    ours, theirs = (
        {key.material for key in root.keys.values() if key.material is not None}
        for root in (one, other)
    )
    return len(ours & theirs) >= max(one.threshold, other.threshold)


def _undecided(
    path: str, entry: MapEntry, verdict: Open, heard: Mapping[str, Heard]
) -> UnheardError | DisagreementError:
    """Return what is raised where those who did not answer might decide."""
    if all(isinstance(heard[name].answer, TransportError) for name in verdict.silent):
        return UnheardError(path, entry.threshold, verdict.most, _answers(entry, heard))
    return _disagreement(path, entry, verdict.most, heard)


def _disagreement(
    path: str, entry: MapEntry, most: int, heard: Mapping[str, Heard]
) -> DisagreementError:
    return DisagreementError(
        path,
        entry.threshold,
        most,
        _answers(entry, heard),
        "do not use it before those that fail, or say something else, are looked into",
    )


def _answers(entry: MapEntry, heard: Mapping[str, Heard]) -> dict[str, Answer]:
    return {name: heard[name].answer for name in entry.repositories}
