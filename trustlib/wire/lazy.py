"""Maps whose values are made when they are asked for.

A role may list a million targets, of which one is wanted. :class:`Entries` are
the bytes that arrived, every one held against the rules before
(:mod:`trustlib.wire.scanning`); :class:`Edited` is such a map with a few entries
changed. Both equal the map that would have held all the values.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from itertools import chain, pairwise
from typing import Any, Final, Generic

from trustlib._frozen import FrozenMap, V
from trustlib.wire.listings import K, Listing

_REMEMBERED: Final = 1024  # values, by how they are spelled: many entries say the same
_NO_MORE: Final = (b"\x7f", b"")  # after every name
_STEP: Final = 1 << 20  # bytes that are compared at once
_NEAR: Final = 256  # bytes; so few entries are walked along sooner than halved


ELSEWHERE: Final = "these entries are elsewhere"
"""What stands in the place of an object of many entries, where those are not looked at."""


class LazyMap(FrozenMap[K, V], Generic[K, V]):
    """A FrozenMap that makes its values; subclasses say how, in order (:meth:`pairs`).

    Attributes:
        listing: what the entries look like.
    """

    __slots__ = ()

    listing: Listing[K, V]

    @abstractmethod
    def pairs(self) -> Iterator[tuple[K, V]]:
        """Return all keys with their values, made on the way."""

    def items(self) -> ItemsView[K, V]:
        """Return all keys with their values, made on the way."""
        return _Items(self)

    def values(self) -> ValuesView[V]:
        """Return all values, made on the way."""
        return _Values(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenMap):
            return NotImplemented
        return len(self) == len(other) and next(self.differing(other), None) is None

    __hash__ = FrozenMap.__hash__


class _Items(ItemsView[K, V]):
    __slots__ = ()

    _mapping: LazyMap[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._mapping.pairs()


class _Values(ValuesView[V]):
    __slots__ = ()

    _mapping: LazyMap[Any, V]

    def __iter__(self) -> Iterator[V]:
        return (value for _, value in self._mapping.pairs())


class Entries(LazyMap[K, V]):
    """Entries in canonical form, as they stand in a file.

    Args:
        listing: what they look like.
        source: the file.
        starts: where an entry begins, every few kilobytes, the first of all
            among them.
        end: where the last one ends.
        count: how many there are.
    """

    __slots__ = ("_count", "_starts", "end", "listing", "source")

    def __init__(
        self, listing: Listing[K, V], source: bytes, *, starts: array[int], end: int, count: int
    ) -> None:
        self.listing = listing
        self.source, self._starts, self.end, self._count = source, starts, end, count
        self._hash = None

    def __getitem__(self, key: K) -> V:
        if (text := self._text(key)) is None:
            raise KeyError(key)
        return self.listing.valued([text])[0]

    def __contains__(self, key: object) -> bool:
        return self._text(key) is not None

    def __iter__(self) -> Iterator[K]:
        return (self.listing.keyed(name) for block in self._blocks() for name, _ in block)

    def __len__(self) -> int:
        return self._count

    def pairs(self) -> Iterator[tuple[K, V]]:
        """Return all keys with their values, made on the way."""
        values = _Made(self.listing)
        for block in self._blocks():
            values.learn(text for _, text in block)
            for name, text in block:
                yield self.listing.keyed(name), values[text]

    def differing(self, other: FrozenMap[K, V]) -> Iterator[tuple[K, V | None, V | None]]:
        """Return what *other* has otherwise; only of that a value is made."""
        if isinstance(other, Edited) and other.before is self:
            return ((key, mine, theirs) for key, theirs, mine in other.differing(self))
        if isinstance(other, Entries) and other.listing is self.listing:
            return iter(()) if self._same(other) else self._merged(other)
        return super().differing(other)

    def including(self, other: Mapping[K, V]) -> FrozenMap[K, V]:
        """Return this map with *other*'s items added or put in place."""
        return Edited(self, {}).including(other)

    def excluding(self, *keys: K) -> FrozenMap[K, V]:
        """Return this map without *keys*; a key that is not there is fine."""
        return Edited(self, {}).excluding(*keys)

    @property
    def begin(self) -> int:
        """Where the first one begins."""
        return self._starts[0]

    @property
    def text(self) -> bytes:
        """The entries as they stand there, without the braces around them."""
        return self.source[self.begin : self.end]

    def place(self, key: K) -> tuple[int, int]:
        """Return where the entry for *key* begins and where the next one does.

        The same place twice if there is none: that is where it would be.
        """
        name = self._named(key)
        at, found = self._first(name)
        return at, at if found is None or found["name"] != name else found.end()

    def _blocks(self) -> Iterator[list[tuple[bytes, bytes]]]:
        for begins, ends in pairwise(chain(self._starts, (self.end,))):
            # One byte more: whether a comma or a brace follows decides what is an entry.
            yield self.listing.walked.findall(self.source, begins, ends + 1)

    def _text(self, key: object) -> bytes | None:
        if not isinstance(key, str):
            return None
        name = self._named(key)
        _, found = self._first(name)
        return found["value"] if found is not None and found["name"] == name else None

    def _named(self, key: str) -> bytes:
        return self.listing.called(key).encode(errors="surrogatepass")

    def _first(self, name: bytes) -> tuple[int, re.Match[bytes] | None]:
        """Return where the first entry stands that is not before *name*, and that entry."""
        block = bisect_right(self._starts, name, key=self._name_at)
        at = self._starts[max(block - 1, 0)]
        if self.listing.suffix:
            end = self._starts[block] if block < len(self._starts) else self.end
            at = self._nearer(name, at, end)
        found = self.listing.walked.match(self.source, at)
        while found is not None and found["name"] < name:
            at = found.end()
            found = self.listing.walked.match(self.source, at)
        return at, found

    def _nearer(self, name: bytes, at: int, end: int) -> int:
        """Return where an entry stands that is not after *name*, and not far before it.

        *at* is such a place. Whatever ends a name ends nothing else in such entries,
        so that one which is found from the middle of another is an entry.
        """
        while end - at > _NEAR:
            middle = (at + end) // 2
            found = self.listing.walked.search(self.source, middle, end)
            if found is None or found["name"] > name:
                end = middle
            else:
                at = found.start()
        return at

    def _name_at(self, start: int) -> bytes:
        return self.source[start + 1 : self.source.index(b'"', start + 1)]

    def _same(self, other: Entries[K, V]) -> bool:
        """Return whether both stand there in the same words."""
        length = self.end - self.begin
        return other.end - other.begin == length and all(
            self.source[self.begin + at : self.begin + min(at + _STEP, length)]
            == other.source[other.begin + at : other.begin + min(at + _STEP, length)]
            for at in range(0, length, _STEP)
        )

    def _merged(self, other: Entries[K, V]) -> Iterator[tuple[K, V | None, V | None]]:
        """Return what differs, from two walks along sorted names."""
        key, made = self.listing.keyed, _Made(self.listing)
        pairs = _Unlike(made)
        theirs = chain.from_iterable(other._blocks())
        there, said = next(theirs, _NO_MORE)
        for name, text in chain.from_iterable(self._blocks()):
            while there < name:
                yield key(there), None, made[said]
                there, said = next(theirs, _NO_MORE)
            if name < there:
                yield key(name), made[text], None
                continue
            if text != said and (pair := pairs[text, said]) is not None:
                yield key(name), pair[0], pair[1]
            there, said = next(theirs, _NO_MORE)
        while there < _NO_MORE[0]:
            yield key(there), None, made[said]
            there, said = next(theirs, _NO_MORE)


class Edited(LazyMap[K, V]):
    """Entries of a file, a few of which were changed since.

    Args:
        before: the entries.
        changes: what was put in place or added; None where an entry was taken out.
    """

    __slots__ = ("_added", "_gone", "before", "changes", "listing")

    def __init__(self, before: Entries[K, V], changes: Mapping[K, V | None]) -> None:
        self.listing, self.before, self.changes = before.listing, before, FrozenMap(changes)
        self._hash = None
        self._gone = frozenset(key for key, value in changes.items() if value is None)
        self._added = tuple(k for k in changes if k not in self._gone and k not in before)

    def __getitem__(self, key: K) -> V:
        if key not in self.changes:
            return self.before[key]
        if (value := self.changes[key]) is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return key not in self._gone and (key in self.changes or key in self.before)

    def __iter__(self) -> Iterator[K]:
        return chain((key for key in self.before if key not in self._gone), self._added)

    def __len__(self) -> int:
        return len(self.before) - len(self._gone) + len(self._added)

    def pairs(self) -> Iterator[tuple[K, V]]:
        """Return all keys with their values, made on the way; what was added comes last."""
        for key, value in self.before.pairs():
            if key not in self._gone:
                changed = self.changes.get(key)
                yield key, value if changed is None else changed
        for key in self._added:
            yield key, self[key]

    def differing(self, other: FrozenMap[K, V]) -> Iterator[tuple[K, V | None, V | None]]:
        """Return what *other* has otherwise; only of that a value is made."""
        if other is self.before or (isinstance(other, Edited) and other.before is self.before):
            theirs = other.changes if isinstance(other, Edited) else {}
            asked = ((key, self.get(key), other.get(key)) for key in {**self.changes, **theirs})
            return (found for found in asked if found[1] != found[2])
        return super().differing(other)

    def including(self, other: Mapping[K, V]) -> FrozenMap[K, V]:
        """Return this map with *other*'s items added or put in place."""
        return Edited(self.before, {**self.changes, **other})

    def excluding(self, *keys: K) -> FrozenMap[K, V]:
        """Return this map without *keys*; a key that is not there is fine."""
        kept = {key: value for key, value in self.changes.items() if key not in keys}
        return Edited(self.before, {**kept, **{key: None for key in keys if key in self.before}})


class _Made(dict[bytes, V]):
    """Values by how they are spelled, made once while many entries say the same."""

    def __init__(self, listing: Listing[Any, V]) -> None:
        self._listing = listing

    def learn(self, texts: Iterable[bytes]) -> None:
        """Make the values of *texts* at once, which takes half the time."""
        if len(self) > _REMEMBERED:
            self.clear()
        new = [text for text in dict.fromkeys(texts) if text not in self]
        self.update(zip(new, self._listing.valued(new), strict=True))

    def __missing__(self, text: bytes) -> V:
        self.learn([text])
        return self[text]


class _Unlike(dict[tuple[bytes, bytes], tuple[V, V] | None]):
    """Two values by how they are spelled, or None where they are equal all the same.

    1 and true are equal, to Python.
    """

    def __init__(self, made: _Made[V]) -> None:
        self._made = made

    def __missing__(self, texts: tuple[bytes, bytes]) -> tuple[V, V] | None:
        if len(self) > _REMEMBERED:
            self.clear()
        mine, theirs = self._made[texts[0]], self._made[texts[1]]
        self[texts] = None if mine == theirs else (mine, theirs)
        return self[texts]
