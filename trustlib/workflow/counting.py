"""Whether enough of those who were asked say the same thing.

One pure function decides, for the roles of a repository (TAP 3) and for several
repositories (TAP 4). Who did not answer, for whatever reason, counts neither
for nor against anything: the rest decide, if nothing that the silent could say
would change what is decided. If it could, nothing is decided, since otherwise
whoever can keep somebody from answering could choose between two answers. As
soon as a threshold is more than half, nobody who is silent can hold it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Self, TypeAlias

import attrs
from attrs import frozen

from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, Json
from trustlib.roles import MEDIA_TYPE, Target
from trustlib.trust.agreeing import HASHES

MAX_WITNESSES: Final = 16
"""How many may be asked to agree on one thing; it bounds the work of counting."""

Alike: TypeAlias = Callable[[str, str], bool]
"""Whether two of those who were asked may be one and the same who speaks twice."""


@frozen(kw_only=True)
class Statement:
    """What somebody says a target is: that much must be the same to agree.

    Attributes:
        length: in bytes.
        hashes: by the algorithms that count; lower-case hex.
        media_type: the media type, as JSON spells it, where one is bound.
    """

    length: int
    hashes: FrozenMap[str, str]
    media_type: str | None = None

    @classmethod
    def of(cls, target: Target) -> Self:
        """Return what *target* says. Hashes that do not count are left out."""
        custom = target.custom or FrozenMap[str, Json]()
        return cls(
            length=target.length,
            hashes=FrozenMap({a: target.hashes[a] for a in HASHES if a in target.hashes}),
            media_type=compact(custom[MEDIA_TYPE]) if MEDIA_TYPE in custom else None,
        )

    def backs(self, other: Statement, algorithm: str) -> bool:
        """Return whether this says the same as *other*, both by *algorithm*, and no more.

        All who back one statement by one algorithm name the same bytes by it
        and contradict each other nowhere. So nobody can stand between two who
        have no algorithm in common and make them agree.
        """
        return (
            algorithm in self.hashes
            and self.hashes.items() <= other.hashes.items()
            and (self.length, self.media_type) == (other.length, other.media_type)
        )

    def fits(self, other: Statement) -> bool:
        """Return whether both may be said of the same bytes, by a hash that both name."""
        common = self.hashes.keys() & other.hashes.keys()
        return (
            bool(common)
            and all(self.hashes[a] == other.hashes[a] for a in common)
            and (self.length, self.media_type) == (other.length, other.media_type)
        )

    def __str__(self) -> str:
        named = [f"{algorithm}:{digest[:12]}…" for algorithm, digest in self.hashes.items()]
        kind = [] if self.media_type is None else [self.media_type]
        return ", ".join(
            [*(named or [f"no hash by {' or '.join(HASHES)}"]), f"{self.length} bytes", *kind]
        )


@frozen
class Settled:
    """Enough say the same thing, and nobody who is silent could change that.

    Attributes:
        statement: what they say; of the hashes, those that enough of them name.
        by: who says so, in the order in which they are asked.
    """

    statement: Statement
    by: tuple[str, ...]


@frozen
class Apart:
    """Whatever the silent might say, too few say the same thing.

    Attributes:
        most: how many said the same thing at most.
    """

    most: int


@frozen
class Open:
    """It depends on what *silent* say.

    Attributes:
        most: how many said the same thing at most.
        silent: who did not answer, in the order in which they are asked.
    """

    most: int
    silent: tuple[str, ...]


Verdict: TypeAlias = Settled | Apart | Open


def judged(
    order: Sequence[str],
    threshold: int,
    said: Mapping[str, Statement | None],
    alike: Alike,
) -> Verdict:
    """Return whether *threshold* of those in *order* say the same thing.

    Where two things are said by enough, which is possible if the threshold is
    half of them or less, that counts which the first in *order* says (TAP 3).
    Whoever speaks after it was settled changes at most by which hashes it is named.

    Args:
        order: who is asked, most important first; at most :data:`MAX_WITNESSES`.
        threshold: how many must say the same thing, at least 1.
        said: what was said; None by who does not know the target. Who is
            missing did not answer, or not yet.
        alike: whether two names may be one witness, which counts once.
    """
    if threshold < 1 or len(order) > MAX_WITNESSES:
        raise ValueError("a threshold below 1, or too many to be asked")
    silent = tuple(name for name in order if name not in said)
    words = _words(order, said, alike)
    most = max((word.count for word in words), default=0)
    winners = [word for word in words if word.count >= threshold]
    if not winners:
        return Open(most, silent) if most + len(silent) >= threshold else Apart(most)
    winner = min(winners, key=lambda word: word.place(order))

    def could_win(count: int, by: tuple[str, ...]) -> bool:
        """Whether this would be said by enough, and first, if all who are silent said it."""
        first = min(map(order.index, (*by, *silent)))
        return count + len(silent) >= threshold and first < winner.place(order)

    others = [(w.count, w.by) for w in words if not w.statement.fits(winner.statement)]
    if silent and any(could_win(*other) for other in [(0, ()), *others]):
        return Open(most, silent)
    return Settled(_agreed(winner, said, threshold, alike), winner.by)


def shared(customs: Iterable[Mapping[str, Json]]) -> FrozenMap[str, Json]:
    """Return the members that all *customs* have alike; ``1`` and ``true`` are not."""
    first, *rest = customs
    return FrozenMap(
        {
            name: value
            for name, value in first.items()
            if all(name in other and compact(other[name]) == compact(value) for other in rest)
        }
    )


@frozen(kw_only=True)
class _Word:
    """Something that was said by way of one algorithm, and who says it."""

    statement: Statement
    algorithm: str
    by: tuple[str, ...]
    count: int

    def place(self, order: Sequence[str]) -> int:
        return order.index(self.by[0])


def _words(
    order: Sequence[str], said: Mapping[str, Statement | None], alike: Alike
) -> tuple[_Word, ...]:
    spoken = {name: s for name in order if (s := said.get(name)) is not None}
    words = []
    for statement in dict.fromkeys(spoken.values()):
        for algorithm in statement.hashes:
            by = tuple(n for n, other in spoken.items() if other.backs(statement, algorithm))
            count = _distinct(by, alike)
            words.append(_Word(statement=statement, algorithm=algorithm, by=by, count=count))
    return tuple(words)


def _agreed(
    word: _Word, said: Mapping[str, Statement | None], threshold: int, alike: Alike
) -> Statement:
    """Return what *word* says, without hashes that too few of those who say it name."""
    listing = {
        algorithm: tuple(n for n in word.by if (s := said[n]) is not None and algorithm in s.hashes)
        for algorithm in word.statement.hashes
    }
    enough = {a for a, names in listing.items() if _distinct(names, alike) >= threshold}
    hashes = FrozenMap({a: h for a, h in word.statement.hashes.items() if a in enough})
    return attrs.evolve(word.statement, hashes=hashes)


def _distinct(names: tuple[str, ...], alike: Alike) -> int:
    """Return how many of *names* can be found no two of which are alike."""
    if not names:
        return 0
    first, rest = names[0], names[1:]
    others = tuple(name for name in rest if not alike(first, name))
    with_first = 1 + _distinct(others, alike)
    return with_first if others == rest else max(with_first, _distinct(rest, alike))
