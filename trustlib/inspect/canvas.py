"""Drawings in SVG: one picture with a name and a description, of plain shapes and short texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from trustlib.inspect.lasting import Urgency
from trustlib.inspect.markup import Child, Markup, tag
from trustlib.inspect.style import DRAWINGS

WIDTH: Final = 1000
_MONO: Final = 7.9  # how wide a letter of a name is
_BOLD: Final = 7.7  # and one on a pill, at most


def picture(title: str, description: str, height: float, children: Iterable[Child]) -> Markup:
    """Return an ``svg`` of :data:`WIDTH` by *height*, for a page that has the style.

    Its ids are made of what is in it: the same picture has the same bytes, and two
    in one document do not get in each other's way.
    """
    drawn = tag("g", *children)
    whole = f"{title}\n{description}\n{drawn}"
    ident = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return tag(
        "svg",
        tag("title", title, id=f"t{ident}"),
        tag("desc", description, id=f"d{ident}"),
        drawn,
        xmlns="http://www.w3.org/2000/svg",
        class_="trust",
        viewBox=f"0 0 {WIDTH} {round(height)}",
        role="img",
        aria_labelledby=f"t{ident}",
        aria_describedby=f"d{ident}",
    )


def standing_alone(drawing: Markup) -> str:
    """Return *drawing* as a file of its own, with its style and its background."""
    head, rest = drawing.text.split("<g>", 1)
    back = tag("rect", width="100%", height="100%", class_="paper")
    style = tag("style", Markup(DRAWINGS))
    return f"{head}{style}{back}<g>{rest}\n"


def text(x: float, y: float, words: str, *classes: str, anchor: str | None = None) -> Markup:
    """Return *words* that begin, or end, at *x* on the line *y*."""
    return tag("text", words, x=x, y=y, class_=" ".join(classes) or None, text_anchor=anchor)


def letters(width: float) -> int:
    """Return how many letters of a name are as wide as *width*."""
    return int(width / _MONO)


def pill(x: float, y: float, words: str, urgency: Urgency) -> Markup:
    """Return *words* on the colour of their urgency, the line *y* being theirs."""
    width = len(words) * _BOLD + 20
    return tag(
        "g",
        tag(
            "rect",
            x=x,
            y=y - 15,
            width=width,
            height=21,
            rx=10.5,
            class_=f"{urgency.value}-soft",
        ),
        text(x + width / 2, y, words, "pill", urgency.value, anchor="middle"),
    )


def dots(x: float, y: float, filled: int, hollow: int, most: int = 8) -> Markup:
    """Return a dot for each key: filled for those that count, hollow for those that may."""
    shown = min(filled + hollow, most)
    rest = filled + hollow - shown
    circles = (
        tag("circle", cx=x + 5 + n * 15, cy=y, r=5, class_="key" if n < filled else "able")
        for n in range(shown)
    )
    more = text(x + shown * 15 + 4, y + 4, f"+{rest}", "small") if rest else None
    return tag("g", *circles, more)
