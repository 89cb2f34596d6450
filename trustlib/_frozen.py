"""Deep immutability for parsed JSON.

A frozen class that holds a ``dict`` is only frozen on the outside. Every
mapping inside a role is a :class:`FrozenMap`, so roles can be hashed,
compared, and shared between threads without a copy.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from itertools import islice
from typing import Final, Generic, TypeAlias, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_SHOWN: Final = 6  # items of a map that its repr spells out


class FrozenMap(Mapping[K, V], Generic[K, V]):
    """A hashable mapping that keeps the order its items came in."""

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        # Of another one all values at once: it may have to make them.
        self._items: dict[K, V] = dict(items.items() if isinstance(items, FrozenMap) else items)
        self._hash: int | None = None

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def items(self) -> ItemsView[K, V]:
        """Return all keys with their values."""
        return self._items.items()

    def values(self) -> ValuesView[V]:
        """Return all values."""
        return self._items.values()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenMap):
            return self._items == other._items
        return NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self.items()))
        return self._hash

    def __repr__(self) -> str:
        # A debugger shows a repository; a million tags are not for reading.
        shown = [f"{key!r}: {value!r}" for key, value in islice(self.items(), _SHOWN)]
        more = len(self) - len(shown)
        return f"FrozenMap({{{', '.join(shown)}{f', … {more} more' * bool(more)}}})"

    def __reduce__(self) -> tuple[type[FrozenMap[K, V]], tuple[dict[K, V]]]:
        # The cached hash of a string is only true in the process that made it.
        return FrozenMap, (dict(self.items()),)

    def differing(self, other: FrozenMap[K, V]) -> Iterator[tuple[K, V | None, V | None]]:
        """Return what *other* has otherwise: the key, the value here, and the value there.

        None stands for no value; a map that may hold None itself must not be
        asked. What is here comes in the order of this map, unless one of the
        two is an edit of the other, or both are of a third.
        """
        # All at once: a map that makes its values has to look for each that it is asked for.
        there = dict(other.items())
        for key, mine in self.items():
            theirs = there.pop(key, None)
            if theirs is None or mine != theirs:
                yield key, mine, theirs
        yield from ((key, None, theirs) for key, theirs in there.items())

    def including(self, other: Mapping[K, V]) -> FrozenMap[K, V]:
        """Return this map with *other*'s items added or put in place."""
        return FrozenMap({**self._items, **other})

    def excluding(self, *keys: K) -> FrozenMap[K, V]:
        """Return this map without *keys*; a key that is not there is fine."""
        return FrozenMap({k: v for k, v in self._items.items() if k not in keys})


Json: TypeAlias = "None | bool | int | str | tuple[Json, ...] | FrozenMap[str, Json]"
"""A JSON value that cannot change. TUF metadata has no fractions."""

JsonLike: TypeAlias = "None | bool | int | str | Sequence[JsonLike] | Mapping[str, JsonLike]"
"""What :func:`freeze` takes: the same, as ``json`` reads it or a person types it."""


def freeze(value: JsonLike) -> Json:
    """Return *value* with every list a tuple and every dict a FrozenMap.

    Raises:
        TypeError: *value* holds something that TUF metadata cannot say, a
            float for example.
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return FrozenMap({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    raise TypeError(f"TUF metadata cannot hold {value!r}")
