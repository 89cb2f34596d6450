"""The one place where text becomes HTML or SVG: whatever is not markup of ours is escaped.

A child that is a ``str`` is text, always; only :func:`tag` and :func:`joined`
make :class:`Markup`. Beyond what HTML demands, every character is spelled out
that cannot be seen, or that turns the direction of the text around it: there are
characters that no document may contain, and others that make one line read as
another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from attrs import frozen

_SPECIAL: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
}
_VOID: Final = frozenset({"meta", "br"})
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff]")


@frozen
class Markup:
    """Something that is HTML or SVG already."""

    text: str

    def __str__(self) -> str:
        return self.text


Child: TypeAlias = "Markup | str | None"
Value: TypeAlias = "str | int | float | None"


def escaped(text: str) -> str:
    """Return *text* for use in an element or between the quotes of an attribute."""
    if text.isascii() and text.isalnum():
        return text
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character == " " or (character.isprintable() and not _RIGHT_TO_LEFT.match(character)):
        return character
    return f"\\u{ord(character):04x}"


def tag(name: str, /, *children: Child, **attributes: Value) -> Markup:
    """Return the element *name*; None stands for no child, and for no attribute.

    Attributes are written as Python can: ``class_`` and ``stroke_width``.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = joined(children).text
    return Markup(f"<{name}{given}/>" if name in _VOID else f"<{name}{given}>{inner}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Return *children* one after another."""
    return Markup("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    match child:
        case None:
            return ""
        case Markup(text):
            return text
        case _:
            return escaped(child)


def _value(value: str | float) -> str:
    return escaped(value) if isinstance(value, str) else f"{round(value, 1):g}"
