"""Who may have to do with a path, without asking everybody.

A grant covers paths that begin with something, that end with something, or whose
hash begins with something. Whoever keeps an index of these beginnings looks a
path up once for each length that occurs, and not once for each grant. What the
index finds is no answer but who is to be asked: the grant itself decides, and a
grant that is not found would have said no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import Final, Protocol, Self, TypeAlias

from attrs import define, field, frozen

from trustlib._types import TargetPath

_FEW: Final = 2  # grants that are asked as fast as they are looked up


def forwards(path: TargetPath) -> str:
    """Return *path*."""
    return path


def backwards(path: TargetPath) -> str:
    """Return *path* from its end to its beginning."""
    return path[::-1]


@lru_cache(maxsize=4)  # a thousand grants ask for the hash of one path, one after the other
def hash_of(path: TargetPath) -> str:
    """Return the SHA-256 of *path*, in lower-case hex (§4.5)."""
    return hashlib.sha256(path.encode()).hexdigest()


Reading: TypeAlias = Callable[[TargetPath], str]
"""How a path is read: one of the functions above."""


class Grant(Protocol):
    """Which paths somebody may speak for; equal grants cover the same paths."""

    def covers(self, path: TargetPath) -> bool:
        """Return whether *path* is one of them."""
        ...

    def beginnings(self) -> Iterable[tuple[Reading, Collection[str]]]:
        """Return what covered paths begin with: any of them, in one of these readings."""
        ...


@define
class _Beginnings:
    """Numbers, by what a text begins with that has to do with them.

    Attributes:
        numbers: by beginning; several may share one.
        lengths: of all beginnings, the shortest first.
    """

    numbers: dict[str, list[int]] = field(factory=dict[str, list[int]])
    lengths: tuple[int, ...] = ()

    def add(self, beginnings: Collection[str], number: int) -> None:
        """Note that all *beginnings* have to do with *number*."""
        for beginning in beginnings:
            self.numbers.setdefault(beginning, []).append(number)

    def complete(self) -> None:
        """Note which lengths there are, once all were added."""
        self.lengths = tuple(sorted(set(map(len, self.numbers))))

    def of(self, text: str) -> list[int]:
        """Return every number that has to do with *text*, some perhaps twice."""
        found: list[int] = []
        for length in self.lengths:
            if length > len(text):
                break
            found += self.numbers.get(text[:length], ())
        return found


@frozen
class _Index:
    """Which of many grants may cover a path.

    Attributes:
        grants: each that there is, and all places where it stands.
        readings: what the paths that they cover begin with.
    """

    grants: tuple[tuple[Grant, list[int]], ...]
    readings: tuple[tuple[Reading, _Beginnings], ...]

    @classmethod
    def of(cls, grants: Iterable[Grant]) -> Self:
        """Return the index of *grants*."""
        places: dict[Grant, list[int]] = {}
        for place, grant in enumerate(grants):
            places.setdefault(grant, []).append(place)
        readings: dict[Reading, _Beginnings] = {}
        for number, grant in enumerate(places):
            for reading, beginnings in grant.beginnings():
                readings.setdefault(reading, _Beginnings()).add(beginnings, number)
        for each in readings.values():
            each.complete()
        return cls(tuple(places.items()), tuple(readings.items()))

    def covering(self, path: TargetPath) -> list[int]:
        """Return the places of all that cover *path*, in order."""
        asked: set[int] = set()
        for reading, beginnings in self.readings:
            asked.update(beginnings.of(reading(path)))
        found: list[int] = []
        for number in asked:
            grant, places = self.grants[number]
            if grant.covers(path):
                found += places
        found.sort()
        return found


@define
class Lookup:
    """Says which of *grants* cover a path; grows an index when it is asked for the second time.

    Many roles are asked once, and to make an index costs more than to ask all.
    Threads may share it: at worst two of them make the same index.
    """

    grants: tuple[Grant, ...]
    _asked: bool = False
    _index: _Index | None = None

    def covering(self, path: TargetPath) -> list[int]:
        """Return the places of all that cover *path*, in order."""
        if self._index is None:
            if not self._asked or len(self.grants) <= _FEW:
                self._asked = True
                return [place for place, grant in enumerate(self.grants) if grant.covers(path)]
            self._index = _Index.of(self.grants)
        return self._index.covering(path)
