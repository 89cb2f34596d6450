"""The first lines of a Dockerfile: parser directives, and the frontend that they start.

``# syntax=`` names an image that is run to read the rest. Which lines are
directives has changed between versions of BuildKit, and each reads them twice,
by two rules. So every ``syntax`` that any of them might honour is pinned, and
an ``escape`` that only some of them honour is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from attrs import frozen

from trustlib.content.dockerfile._flags import Word
from trustlib.content.dockerfile._reading import BOM, SPACES, UnreadableError

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_KNOWN = frozenset({"syntax", "escape", "check"})


class Physical(NamedTuple):
    """One line as it stands in the file.

    Attributes:
        number: counted from 1.
        start: its position in the text.
        text: the line with its end.
    """

    number: int
    start: int
    text: str


@frozen(kw_only=True)
class Head:
    """What the directives say.

    Attributes:
        escape: the escape character.
        syntax: the frontend's image and where it stands; None where none is named.
        line: where that is said, or 0.
        end: where the first line after the directives begins: the first place
            for a comment.
        newline: how its lines end.
    """

    escape: str
    syntax: Word | None
    line: int
    end: int
    newline: str


class _Directive(NamedTuple):
    line: Physical
    name: str
    value: Word


def physical_lines(text: str) -> tuple[Physical, ...]:
    """Return the lines of *text*; a byte order mark belongs to none of them."""
    start = len(BOM) if text.startswith(BOM) else 0
    lines: list[Physical] = []
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        lines.append(Physical(len(lines) + 1, start, text[start:end]))
        start = end
    return tuple(lines)


def head(lines: tuple[Physical, ...]) -> Head:
    """Return what the directives at the head of *lines* say.

    Raises:
        UnreadableError: one of them is given twice, or is wrong, or means
            something to some versions of BuildKit and nothing to others.
    """
    escapes = [d for d in _strict(lines) if d.name == "escape"]
    for directive in escapes:
        if directive.value.text not in ("\\", "`"):
            raise UnreadableError("the escape character \\ or `", directive.value.text)
    wide = list(_wide(lines))
    if [d for d in wide if d.name == "escape"] != escapes:
        raise UnreadableError(
            "an escape directive on the first lines",
            "one behind a comment, which some versions of BuildKit honour",
        )
    syntaxes = [d for d in wide if d.name == "syntax"]
    if len(syntaxes) > 1:
        raise UnreadableError("one syntax directive", len(syntaxes))
    last = wide[-1].line if wide else None
    return Head(
        escape=escapes[0].value.text if escapes else "\\",
        syntax=_reference(syntaxes[0].value) if syntaxes else None,
        line=syntaxes[0].line.number if syntaxes else 0,
        end=0 if last is None else last.start + len(last.text),
        newline="\r\n" if last is not None and last.text.endswith("\r\n") else "\n",
    )


def _strict(lines: tuple[Physical, ...]) -> Iterator[_Directive]:
    """Yield the directives that the parser of today honours."""
    seen = set()
    for line in lines:
        directive = _directive(line)
        if directive is None or directive.name not in _KNOWN:
            return
        if directive.name in seen:
            raise UnreadableError(f"one {directive.name} directive", "two")
        seen.add(directive.name)
        yield directive


def _wide(lines: tuple[Physical, ...]) -> Iterator[_Directive]:
    """Yield what any version might take for a directive: behind a ``#!`` or unknown ones, too."""
    for line in lines:
        if line.number == 1 and line.text.startswith("#!"):
            continue
        directive = _directive(line)
        if directive is None:
            return
        yield directive


def _directive(line: Physical) -> _Directive | None:
    text = line.text.lstrip(SPACES)
    if not text.startswith("#"):
        return None
    text = text[1:].lstrip(SPACES)
    match = _DIRECTIVE.fullmatch(text.rstrip("\r\n"))
    if match is None:
        return None
    at = line.start + len(line.text) - len(text) + match.start(2)
    return _Directive(line, match[1].lower(), Word(match[2], at))


def _reference(value: Word) -> Word:
    """Return the image in *value*; what follows a space is the frontend's business."""
    return Word(value.text.partition(" ")[0], value.start)
