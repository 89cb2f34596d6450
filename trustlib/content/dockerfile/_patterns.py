"""The patterns of ``${x#pattern}``: ``?`` is one character, ``*`` any number of them.

They are matched by following all possibilities at once, so a hostile pattern
costs its length times the length of the value, and both are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from trustlib.content.dockerfile._reading import WIDER, UnreadableError
from trustlib.errors import LimitError

_LONGEST: Final = 1_024  # of a pattern, and of a value that one is applied to


class Token(NamedTuple):
    """One part of a pattern; ``text`` is a character, or empty for the wildcards."""

    kind: Literal["text", "one", "any"]
    text: str = ""


def tokens(pattern: str) -> tuple[Token, ...]:
    """Return the parts of *pattern*.

    Raises:
        UnreadableError: a backslash before something that needs none.
        LimitError: it is too long.
    """
    _bounded(pattern)
    return tuple(_tokens(iter(pattern.removeprefix("\ufeff"))))


def _tokens(rest: Iterator[str]) -> Iterator[Token]:
    for char in rest:
        if char == "*":
            yield Token("any")
        elif char == "?":
            yield Token("one")
        elif char == "\\":
            escaped = next(rest, "")
            if escaped not in ("}", "/", "*", "?", "\\"):
                raise UnreadableError("an escape of *, ?, \\, } or /", f"\\{escaped}")
            # The slash or brace is read as itself, and so is a star after either.
            yield Token("text", escaped)
        else:
            yield Token("text", char)


def ends(pattern: tuple[Token, ...], value: str, start: int) -> list[int]:
    """Return where a match of *pattern* from *start* on may end, in ascending order."""
    alive = _free(pattern, {0})
    found = [start] if len(pattern) in alive else []
    for at in range(start, len(value)):
        char = value[at]
        stepped = set()
        for state in alive:
            if state == len(pattern):
                continue
            kind, text = pattern[state]
            if kind == "any" and char != "\n":
                stepped.add(state)
            elif (kind == "one" and char != "\n") or (kind == "text" and char == text):
                stepped.add(state + 1)
        alive = _free(pattern, stepped)
        if not alive:
            break
        if len(pattern) in alive:
            found.append(at + 1)
    return found


def _free(pattern: tuple[Token, ...], states: set[int]) -> set[int]:
    reached = set()
    for state in states:
        at = state
        while at not in reached:
            reached.add(at)
            if at < len(pattern) and pattern[at].kind == "any":
                at += 1
    return reached


def without_prefix(pattern: tuple[Token, ...], value: str, which: Literal[0, -1]) -> str:
    """Return *value* without the shortest (0) or longest (-1) beginning that matches."""
    _bounded(value)
    found = ends(pattern, value, 0)
    return value[found[which] :] if found else value


def without_suffix(pattern: tuple[Token, ...], value: str, which: Literal[0, -1]) -> str:
    """Return *value* without the shortest (0) or longest (-1) end that matches."""
    return without_prefix(pattern[::-1], value[::-1], which)[::-1]


def replaced_once(pattern: tuple[Token, ...], value: str, by: str) -> str:
    """Return *value* with the first, longest match replaced."""
    _bounded(value)
    for start in range(len(value) + 1):
        if found := ends(pattern, value, start):
            return value[:start] + by + value[found[-1] :]
    return value


def replaced_everywhere(pattern: tuple[Token, ...], value: str, by: str) -> str:
    """Return *value* with every longest match replaced, from the left.

    Raises:
        UnreadableError: the replacement has a ``$``, which BuildKit's regular
            expressions would read as a group; or the pattern may match nothing.
    """
    _bounded(value)
    if "$" in by:
        raise UnreadableError("a replacement without $", by)
    if all(token.kind == "any" for token in pattern):
        raise UnreadableError(
            "a pattern that does not match nothing", "".join("*" for _ in pattern)
        )
    result, start = [], 0
    while start < len(value):
        if found := ends(pattern, value, start):
            result.append(by)
            start = found[-1]
        else:
            result.append(value[start])
            start += 1
    return "".join(result)


def _bounded(text: str) -> None:
    if len(text) > _LONGEST:
        raise LimitError("characters in a substitution", _LONGEST, advice=WIDER)
