"""New values for scalars of a YAML file, and not a byte more.

A comment above the line keeps the tag. What was written is read again: every
other scalar, key, anchor and tag must be what it was, else the comments are
left out, and if that does not help nothing is returned.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from attrs import evolve, frozen

from trustlib.errors import MalformedError, TrustError
from trustlib.registry.building import yaml
from trustlib.registry.building.yaml import Scalar, Tree

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+=-]*(?:[:,][A-Za-z0-9_./@+=-]+)*")


@frozen
class Change:
    """A new value of a scalar.

    Attributes:
        scalar: which.
        text: what it is to say.
        comments: what to say above it.
    """

    scalar: Scalar
    text: str
    comments: tuple[str, ...]


def rewritten(file: str, text: str, tree: Tree, changes: Mapping[int, Change]) -> str:
    """Return *text* with the *changes*, by the ``id`` of their scalars.

    Raises:
        MalformedError: the file cannot be rewritten without changing more.
    """
    bare = {key: evolve(change, comments=()) for key, change in changes.items()}
    for attempt in (changes, bare):
        for style in (_in_its_style, _quoted):
            new = _spliced(text, attempt.values(), style)
            if _says_the_same(file, new, tree, changes):
                return new
    raise MalformedError(file, "line 1", "a file that can be rewritten", "something in its way")


def _says_the_same(file: str, new: str, tree: Tree, changes: Mapping[int, Change]) -> bool:
    try:
        again = yaml.parse(new, file)
    except TrustError:
        return False
    expected = [
        changes[id(scalar)].text if id(scalar) in changes else scalar.text
        for scalar in tree.scalars
    ]
    return again.shape == tree.shape and expected == [scalar.text for scalar in again.scalars]


def _spliced(text: str, changes: Iterable[Change], style: Callable[[str, Scalar, str], str]) -> str:
    edits = []
    for change in changes:
        scalar = change.scalar
        start = text.rfind("\n", 0, scalar.start) + 1
        line = text[start : text.find("\n", scalar.start) + 1 or len(text)]
        indent = line[: len(line) - len(line.lstrip(" "))]
        newline = "\r\n" if line.endswith("\r\n") else "\n"
        if start == 0 and text.startswith("\ufeff"):
            start = 1
        edits += [(start, start, f"{indent}# pinned: {what}{newline}") for what in change.comments]
        written = text[scalar.start : scalar.end]
        edits.append((scalar.start, scalar.end, style(written, scalar, change.text)))
    pieces, at = list[str](), 0
    for start, end, new in sorted(dict.fromkeys(edits), key=lambda edit: edit[:2]):
        pieces += (text[at:start], new)
        at = end
    return "".join([*pieces, text[at:]])


def _in_its_style(written: str, scalar: Scalar, new: str) -> str:
    """Return *new* as the scalar that was *written* so would say it."""
    if scalar.style == "'" and new.isprintable():
        return "'" + new.replace("'", "''") + "'"
    if scalar.style in ("|", ">") and "\n" in new.rstrip("\n"):
        return _block(written, new)
    if scalar.style != '"' and _PLAIN.fullmatch(new):
        # What stands behind a block is the end of its last line.
        return new + written[len(written.rstrip()) :]
    return _quoted(written, scalar, new)


def _quoted(written: str, scalar: Scalar, new: str) -> str:
    tail = written[len(written.rstrip()) :] if scalar.style in ("|", ">") else ""
    return json.dumps(new, ensure_ascii=False) + tail


def _block(written: str, new: str) -> str:
    head, _, body = written.partition("\n")
    first = next((line for line in body.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    newline = "\r\n" if head.endswith("\r") else "\n"
    lines = [f"{indent}{line}" if line else "" for line in new.rstrip("\n").split("\n")]
    return f"{head}\n{newline.join(lines)}{written[len(written.rstrip()) :]}"
