"""``${NAME:-default}`` as Compose replaces it, with what the environment says.

A variable that is unset is empty to Compose, and a warning. Where it decides
which image is meant it is a doubt here, and whoever pins refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from trustlib.errors import LimitError

DEEPEST: Final = 16
LONGEST: Final = 65_536

_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_ADVICE: Final = "no Compose file that people write comes near it"


class TemplateError(Exception):
    """A dollar sign that Compose would refuse."""


@frozen
class Interpolated:
    """Text without variables, and those that had no value."""

    text: str
    unset: tuple[str, ...] = ()


def interpolated(text: str, environment: Mapping[str, str], depth: int = 0) -> Interpolated:
    """Return *text* with its variables replaced.

    Raises:
        TemplateError: a dollar sign begins nothing, or a value is demanded.
        LimitError: it grows too long or is nested too deeply.
    """
    if depth > DEEPEST:
        raise LimitError("levels of ${…} in each other", DEEPEST, advice=_ADVICE)
    pieces, unset, at = list[str](), list[str](), 0
    while (dollar := text.find("$", at)) >= 0:
        pieces.append(text[at:dollar])
        found, at = _variable(text, dollar + 1, environment, depth)
        pieces.append(found.text)
        unset += found.unset
    pieces.append(text[at:])
    result = "".join(pieces)
    if len(result) > LONGEST:
        raise LimitError("characters of replaced variables", LONGEST, advice=_ADVICE)
    return Interpolated(result, tuple(unset))


def _variable(
    text: str, at: int, environment: Mapping[str, str], depth: int
) -> tuple[Interpolated, int]:
    if text.startswith("$", at):
        return Interpolated("$"), at + 1
    if not text.startswith("{", at):
        name = _NAME.match(text, at)
        if name is None:
            raise TemplateError(text[at - 1 : at + 20])
        return _value(name[0], environment), name.end()
    end = _closing(text, at + 1)
    name = _NAME.match(text, at + 1)
    if name is None or name.end() > end:
        raise TemplateError(text[at - 1 : end + 1])
    rest = text[name.end() : end]
    if not rest:
        return _value(name[0], environment), end + 1
    return _modified(name[0], rest, environment, depth), end + 1


def _closing(text: str, at: int) -> int:
    depth, start = 1, at
    while at < len(text):
        if text[at] == "}":
            depth -= 1
            if not depth:
                return at
        elif text.startswith("${", at):
            depth += 1
            at += 1
        at += 1
    raise TemplateError(text[start - 2 :])


def _value(name: str, environment: Mapping[str, str]) -> Interpolated:
    value = environment.get(name)
    return Interpolated("", (name,)) if value is None else Interpolated(value)


def _modified(name: str, rest: str, environment: Mapping[str, str], depth: int) -> Interpolated:
    empty_counts = not rest.startswith(":")
    modifier, word = rest.removeprefix(":")[:1], rest.removeprefix(":")[1:]
    value = environment.get(name)
    there = value is not None and (empty_counts or value != "")
    match modifier:
        case "-":
            return (
                Interpolated(value or "") if there else interpolated(word, environment, depth + 1)
            )
        case "+":
            return interpolated(word, environment, depth + 1) if there else Interpolated("")
        case "?" if there:
            return Interpolated(value or "")
        case "?":
            raise TemplateError(f"${{{name}}} is demanded: {word}")
    raise TemplateError(f"${{{name}{rest}}}")
