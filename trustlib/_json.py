"""Strict, bounded reading of JSON that somebody hostile may have written.

UTF-8 only, no duplicate members, no fractions, no numbers beyond 64 bits, no
half surrogates, no deep nesting. Whatever is wrong is a
:class:`~trustlib.errors.MalformedError` that says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

from trustlib._frozen import FrozenMap, Json, freeze
from trustlib._times import WHOLE_SECONDS, TimeSpelling
from trustlib.errors import MalformedError

MAX_DEPTH = 64
MAX_DIGITS = 19  # 2**63 has nineteen; int() takes quadratic time in them
VERSIONS = 2**53  # beyond it, readers that keep numbers in floats disagree

Read: TypeAlias = "None | bool | int | str | list[Read] | dict[str, Read]"
"""A JSON value as it was read; not frozen yet, and never handed out."""

_HEX = re.compile(r"[0-9a-f]*", re.ASCII)


def read(raw: bytes, document: str) -> Cursor:
    """Return a cursor on the JSON value that *raw* spells.

    Args:
        raw: the file; whoever fetched it has bounded its length.
        document: what errors call the file.

    Raises:
        MalformedError: *raw* is not JSON as TUF metadata may use it.
    """
    try:
        text = raw.decode("utf-8")  # json.loads would guess UTF-16 and UTF-32 as well
        value, members = _decoded(text)
        if "\\u" in text:  # the only way to write half a surrogate pair in UTF-8
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MalformedError(document, "$", "strict JSON", reason) from None
    if members is None:
        raise MalformedError(
            document, "$", f"at most {MAX_DEPTH} levels of nesting", "more"
        ) from None
    return Cursor(value, document)


class Cursor:
    """A JSON value that knows where it was found.

    Where is worked out only when somebody asks, which is when something is
    wrong: a targets role has a hundred thousand places.
    """

    __slots__ = ("_key", "_parent", "document", "value")

    def __init__(
        self, value: Read, document: str, parent: Cursor | None = None, key: str | int = ""
    ) -> None:
        self.value, self.document, self._parent, self._key = value, document, parent, key

    @property
    def path(self) -> str:
        """Where the value stands, like ``$.signed.roles[3].name``."""
        if self._parent is None:
            return "$"
        if isinstance(self._key, int):
            return f"{self._parent.path}[{self._key}]"
        plain = self._key.isascii() and self._key.isidentifier()
        step = f".{self._key}" if plain else f"[{json.dumps(self._key[:80])}]"
        return self._parent.path + step

    def wrong(self, expected: str) -> MalformedError:
        """Return the complaint that something else was expected here."""
        return MalformedError(self.document, self.path, expected, _summary(self.value))

    # -- going down ---------------------------------------------------------------------

    def object(self) -> dict[str, Read]:
        """Return the members of the object that this must be."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def at(self, key: str) -> Cursor:
        """Return the member *key*, which must be there."""
        members = self.object()
        if key not in members:
            raise self.wrong(f"a member {key!r}")
        return Cursor(members[key], self.document, self, key)

    def get(self, key: str) -> Cursor | None:
        """Return the member *key*, or None if it is absent."""
        members = self.object()
        return Cursor(members[key], self.document, self, key) if key in members else None

    def items(self) -> Iterator[tuple[str, Cursor]]:
        """Return the members of the object that this must be, with their names."""
        return ((k, Cursor(v, self.document, self, k)) for k, v in self.object().items())

    def elements(self) -> Iterator[Cursor]:
        """Return the elements of the list that this must be."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return (Cursor(v, self.document, self, i) for i, v in enumerate(self.value))

    # -- leaves -------------------------------------------------------------------------

    def text(self) -> str:
        """Return the string that this must be."""
        if not isinstance(self.value, str):
            raise self.wrong("a string")
        return self.value

    def flag(self) -> bool:
        """Return the boolean that this must be."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def integer(self, least: int) -> int:
        """Return the integer of at least *least* and below 2**53 that this must be."""
        value = self.value
        if type(value) is not int or not least <= value < VERSIONS:  # True is an int in Python
            raise self.wrong(f"an integer ≥ {least} and < 2**53")
        return value

    def hex(self, digits: int | None = None) -> str:
        """Return the lower-case hex string that this must be, *digits* long if given."""
        text = self.text()
        odd = len(text) % 2 if digits is None else len(text) != digits
        if odd or not _HEX.fullmatch(text):
            length = "" if digits is None else f"{digits} "
            raise self.wrong(f"{length}lower-case hex digits")
        return text

    def time(self, spelling: TimeSpelling = WHOLE_SECONDS) -> datetime:
        """Return the moment that this must spell, in UTC and whole seconds (§4.2.3)."""
        moment = spelling.read(self.text())
        if moment is None:
            raise self.wrong(f"a date like {spelling.like}")
        return moment

    def rest(self, *known: str) -> FrozenMap[str, Json]:
        """Return the members other than *known*, frozen."""
        unknown = {k: freeze(v) for k, v in self.object().items() if k not in known}
        return FrozenMap(unknown) if unknown else _NOTHING


_NOTHING: FrozenMap[str, Json] = FrozenMap()


def _summary(value: Read) -> object:
    """Return *value*, or what kind of thing it is where it may be long."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            return value


def _members(pairs: list[tuple[str, Read]]) -> dict[str, Read]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object names a member twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    if digits == "-0":
        raise ValueError("a number -0")
    return int(digits)


def _fraction(text: str) -> Read:
    raise ValueError(f"a fraction {text[:20]}, and TUF metadata has none")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_fraction,
)


_PLAIN = json.JSONDecoder(
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_fraction,
)


def _decoded(text: str) -> tuple[Read, int | None]:
    """Return what *text* spells, and how many members that has (:func:`_members_in`).

    To ask every object whether it names a member twice costs more than all the
    rest. It is enough that there are as many members as names: a name ends in a
    quotation mark with a colon after it. Where something else looks like that,
    and where anything is wrong, every object is asked.

    Raises:
        ValueError: it spells nothing that may be read.
        RecursionError: it is nested too deeply to be decoded.
    """
    try:
        value: Read = _PLAIN.decode(text)
    except (ValueError, RecursionError):
        pass
    else:
        members = _members_in(value)
        if members == text.count('":') and not any(f"{space}:" in text for space in " \t\n\r"):
            return value, members
    asked: Read = _STRICT.decode(text)
    return asked, _members_in(asked)


def _members_in(value: Read) -> int | None:
    """Return how many members all objects in *value* have; None if it is nested too deeply."""
    # A union is made anew wherever it is written, and a file may have a million values.
    containers = (dict, list)
    level, members = [value], 0
    for _ in range(MAX_DEPTH):
        inner: list[Read] = []
        for container in level:
            if isinstance(container, dict):
                members += len(container)
                inner += [item for item in container.values() if isinstance(item, containers)]
            elif isinstance(container, list):
                inner += [item for item in container if isinstance(item, containers)]
        if not inner:
            return members
        level = inner
    return None
