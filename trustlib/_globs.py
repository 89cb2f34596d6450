"""Matching target paths against the patterns of a delegation (§4.5).

``*`` matches any characters and ``?`` one, both stop at a slash, and nothing
else is special: no classes, no escapes, no case folding, on no platform.
"""

from __future__ import annotations

import re
from typing import Final

_WILDCARD: Final = re.compile(r"[*?]")


def matches(pattern: str, path: str) -> bool:
    """Return whether *pattern* matches the whole of *path* (§4.5).

    Segments are compared one by one. Time is linear in the pattern and at most
    quadratic in the longest segment of the path, which is the caller's own.
    """
    if pattern.count("/") != path.count("/"):
        return False
    return all(map(_segment_matches, pattern.split("/"), path.split("/")))


def literal_ends(pattern: str) -> tuple[str, str]:
    """Return what every path begins with that *pattern* matches, and what it ends with."""
    literal = _WILDCARD.split(pattern)
    return literal[0], literal[-1]


def _segment_matches(pattern: str, text: str) -> bool:
    """Greedy matching that only ever goes back to the last star."""
    if pattern in ("*", text):
        return True
    at = p = 0
    star, resume = -1, 0
    while at < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, resume = p, at
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[at]):
            at += 1
            p += 1
        elif star >= 0:
            resume += 1
            at, p = resume, star + 1
        else:
            return False
    return not pattern[p:].strip("*")
