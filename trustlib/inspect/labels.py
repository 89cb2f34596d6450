"""Names in a drawing: short, in ASCII, on one line, and two that differ never look alike.

Names are what somebody else wrote, so a drawing shows none as it came. In full,
and beside their spelling, they stand in the tables that go with each drawing.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from trustlib.publish import words

_ENOUGH: Final = 1_000  # characters from either end; to spell out a megabyte takes a while


def label(name: str, most: int) -> str:
    """Return *name* in at most *most* characters of ASCII, 24 at least.

    A name that is too long is shown from both ends, with the beginning of its hash.
    """
    return _fitted(name if words.text(_ends(name)) == name else words.json(_ends(name)), name, most)


def clipped(told: str, most: int) -> str:
    """Return what is words already, as :func:`label` returns a name."""
    spelled = told.isascii() and told.isprintable()
    return _fitted(told if spelled else words.json(_ends(told)), told, most)


def full(name: str) -> str:
    """Return *name* as :mod:`trustlib.publish.words` shows it to whoever decides by it."""
    ends = _ends(name)
    if ends is name:
        return words.text(name)
    return f"{words.text(ends)} ({len(name)} characters, sha256 {_hash(name)})"


def _ends(name: str) -> str:
    return name if len(name) <= 2 * _ENOUGH else f"{name[:_ENOUGH]}…{name[-_ENOUGH:]}"


def _hash(whole: str) -> str:
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _fitted(readable: str, whole: str, most: int) -> str:
    if len(readable) <= most and len(whole) <= most:
        return readable
    digest = _hash(whole)[:8]
    room = max(most, 24) - len(digest) - 4
    first = (room + 1) // 2
    return f"{readable[:first]}...{readable[len(readable) - room + first :]}#{digest}"


def date(time: datetime) -> str:
    """Return *time* (UTC) to the minute."""
    return words.moment(time.replace(second=0))


def number(count: int) -> str:
    """Return *count* with its thousands apart."""
    return f"{count:,}"


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return *count* of a thing, in words."""
    return f"{number(count)} {one if count == 1 else several or one + 's'}"
