"""Why an answer is believed, drawn: from root down to what was asked for.

It shows what an :class:`~trustlib.Explanation` says, which is told from the
proofs themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap
from typing import Final

from trustlib.errors import shortened
from trustlib.inspect.canvas import WIDTH, dots, letters, picture, pill, standing_alone, text
from trustlib.inspect.labels import clipped, date, label
from trustlib.inspect.lasting import Moment
from trustlib.inspect.markup import Markup, tag
from trustlib.publish import SOON, ExpiryPolicy
from trustlib.workflow import Explanation, Vouched

_ROW: Final = 74
_TOP: Final = 8
_LEFT: Final = 8
_UNTIL: Final = 790
_KEYS: Final = 430
_STEP: Final = 28  # to the right, for each level
_DEEPEST: Final = 8
_SMALL: Final = 6.8  # how wide a small letter is, about
_WHOLE: Final = 120  # letters of a line of the answer
_NAMED: Final = 1  # keys whose ids are shown
MOST: Final = 40
"""Roles that are drawn; no answer that clients give by default rests on more than twice as many."""


def chain(explanation: Explanation, *, now: datetime, soon: ExpiryPolicy = SOON) -> str:
    """Return *explanation* as an SVG file.

    Args:
        explanation: of ``resolve(…).explain()`` or ``find(…).explain()``.
        now: the time to which "in 3 days" is relative (UTC).
        soon: what expires within these times is marked.

    Raises:
        ValueError: *now* has no time zone.
    """
    return standing_alone(links(explanation, Moment(now, soon)))


def links(explanation: Explanation, at: Moment) -> Markup:
    """Return the drawing for a page that has the style."""
    shown = explanation.roles[:MOST]
    rest = len(explanation.roles) - len(shown)
    height = _TOP + _ROW * len(shown) + (30 if rest else 0) + 42 + 19 * len(_lines(explanation))
    description = (
        "Each role stands below the one that says which keys may sign it; filled dots are keys"
        " whose signatures were counted. The answer stands last."
    )
    return picture(
        f"Why this is believed: {shortened(explanation.answer, str)}",
        description,
        height,
        _all(explanation, shown, rest, at),
    )


def _all(
    explanation: Explanation, shown: tuple[Vouched, ...], rest: int, at: Moment
) -> Iterator[Markup]:
    places = _places(shown)
    for number, role in enumerate(shown):
        depth, by = places[number]
        if by is not None:
            yield _wire(by, number, places[by][0])
        yield from _role(role, _LEFT + depth * _STEP, _TOP + number * _ROW, at)
    y = _TOP + len(shown) * _ROW
    if rest:
        yield text(_LEFT, y + 18, f"and {rest} roles more", "small")
        y += 30
    lines = _lines(explanation)
    height = 30 + 19 * len(lines)
    yield tag("rect", x=8, y=y + 4, width=WIDTH - 16, height=height, rx=8, class_="good-soft")
    for number, line in enumerate(lines):
        yield text(24, y + 28 + 19 * number, line, "code" if number else "name")


def _lines(explanation: Explanation) -> list[str]:
    """Return the answer, what was asked for on a line of its own."""
    said, _, whole = explanation.answer.partition(" is ")
    rest = wrap(clipped(f"is {whole}", 3 * _WHOLE), _WHOLE) if whole else []
    return [clipped(said, _WHOLE), *rest]


def _places(shown: tuple[Vouched, ...]) -> list[tuple[int, int | None]]:
    """Return how far in each role stands, and which one above it names its keys."""
    places: list[tuple[int, int | None]] = []
    latest: dict[str, int] = {}
    for number, role in enumerate(shown):
        by = latest.get(role.named_by)
        depth = 0 if by is None else min(places[by][0] + 1, _DEEPEST)
        places.append((depth, by))
        latest[role.role] = number
    return places


def _wire(by: int, to: int, depth: int) -> Markup:
    x = _LEFT + depth * _STEP + 12
    top, y = _TOP + by * _ROW + _ROW - 10, _TOP + to * _ROW + 32
    return tag("path", d=f"M{x} {top}V{y - 8}q0 8 8 8H{x + _STEP}", class_="wire")


def _role(role: Vouched, x: float, y: float, at: Moment) -> Iterator[Markup]:
    yield tag("rect", x=x, y=y, width=WIDTH - x - 8, height=_ROW - 10, rx=8, class_="card")
    room = letters(_KEYS - x - 24)
    yield text(x + 16, y + 24, label(role.role, room), "name")
    yield text(x + 16, y + 48, _checked(role, int((_UNTIL - x - 16) / _SMALL)), "small")
    count = len(role.signed_by)
    yield dots(_KEYS, y + 20, count, 0)
    keys = ", ".join(clipped(str(one), 24) for one in role.signed_by[:_NAMED])
    yield text(_KEYS + 15 * min(count, 8) + 24, y + 24, f"{keys}{_others(count)}", "code")
    until = at.lasting(role.expires)
    yield pill(_UNTIL, y + 24, until, at.urgency(role.role, role.expires))
    yield text(_UNTIL + 10, y + 48, date(role.expires), "small")


def _checked(role: Vouched, most: int) -> str:
    told = f"version {role.version}, {role.threshold} needed; checked: {', '.join(role.checked)}"
    return told if len(told) <= most else f"{told[: most - 3]}..."


def _others(count: int) -> str:
    return f" and {count - _NAMED} more" if count > _NAMED else ""
