"""Until when each role holds, drawn against time: what ends first stands first.

A timestamp lives for a day and a root for a year, so the axis is compressed: an
hour, a day and a year are about as far apart as one can tell them by eye.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import log10
from typing import Final

from trustlib.inspect import phrases
from trustlib.inspect.canvas import WIDTH, letters, picture, standing_alone, text
from trustlib.inspect.facts import Collection, Part
from trustlib.inspect.labels import counted, label
from trustlib.inspect.lasting import Moment, Urgency
from trustlib.inspect.markup import Markup, tag
from trustlib.publish import SOON, ExpiryPolicy

_ROW: Final = 30
_TOP: Final = 44
_NAME: Final = 250
_NOW: Final = 340  # left of it is what has expired
_END: Final = 800  # the last expiry; what is to be said of it stands right of it
MOST: Final = 40
"""Roles that have a line of their own."""

_TICKS: Final = (
    (timedelta(hours=1), "1 hour"),
    (timedelta(days=1), "1 day"),
    (timedelta(days=7), "1 week"),
    (timedelta(days=30), "1 month"),
    (timedelta(days=91), "3 months"),
    (timedelta(days=365), "1 year"),
    (timedelta(days=3 * 365), "3 years"),
    (timedelta(days=10 * 365), "10 years"),
)


def timeline(collection: Collection, *, now: datetime, soon: ExpiryPolicy = SOON) -> str:
    """Return the expiry of every role of *collection* as an SVG file.

    Args:
        collection: what to show.
        now: where the time line begins (UTC).
        soon: what expires within these times is marked.

    Raises:
        ValueError: *now* has no time zone.
    """
    return standing_alone(expiries(collection, Moment(now, soon)))


def expiries(collection: Collection, at: Moment) -> Markup:
    """Return the time line for a page that has the style."""
    dated = sorted(
        (
            (part.expires, number, part)
            for number, part in enumerate(collection.drawn)
            if part.expires
        ),
        key=lambda one: one[:2],
    )
    parts = [part for _, _, part in dated]
    shown, rest = parts[:MOST], len(parts) - MOST
    height = _TOP + _ROW * len(shown) + (_ROW if rest > 0 else 0) + 12
    gone = sum(at.urgency(part.name, part.expires) is Urgency.EXPIRED for part in parts)
    description = f"{phrases.headline(collection, at)} {counted(gone, 'role')} expired."
    return picture(
        f"Until when the roles of {phrases.called(collection)} hold",
        description,
        height,
        _all(shown, rest, at, height),
    )


def _all(parts: list[Part], rest: int, at: Moment, height: float) -> Iterator[Markup]:
    longest = max((_left(part, at) for part in parts), default=timedelta(0))
    bottom = height - 12
    yield from _axis(max(longest, timedelta(hours=2)), bottom)
    for number, part in enumerate(parts):
        yield from _line(part, _TOP + number * _ROW + 20, at, max(longest, timedelta(hours=2)))
    if rest > 0:
        words = f"and {counted(rest, 'role')} more, none of which ends before these"
        yield text(16, _TOP + len(parts) * _ROW + 20, words, "small")


def _axis(longest: timedelta, bottom: float) -> Iterator[Markup]:
    yield text(_NOW, 18, "now", "head", anchor="middle")
    yield tag("line", x1=_NOW, y1=26, x2=_NOW, y2=bottom, class_="wire")
    last = float(_NOW)
    for span, words in _TICKS:
        x = _x(span, longest)
        if span <= longest and x - last > len(words) * 6 + 14:
            yield text(x, 18, words, "head", anchor="middle")
            yield tag("line", x1=x, y1=26, x2=x, y2=bottom, class_="rule")
            last = x


def _left(part: Part, at: Moment) -> timedelta:
    return timedelta(0) if part.expires is None else part.expires - at.now


def _x(span: timedelta, longest: timedelta) -> float:
    """Return where on the axis *span* from now is."""
    return _NOW + (_END - _NOW) * _pressed(span) / _pressed(longest)


def _pressed(span: timedelta) -> float:
    return log10(1 + max(span, timedelta(0)) / timedelta(hours=6))


def _line(part: Part, y: float, at: Moment, longest: timedelta) -> Iterator[Markup]:
    lasts, _, urgency = phrases.until(part, at)
    name = label(part.name, letters(_NAME - 16))
    yield text(_NAME, y, name, "name", anchor="end")
    if urgency is Urgency.EXPIRED:
        yield tag("rect", x=_NOW - 60, y=y - 9, width=60, height=10, rx=5, class_="expired-soft")
        yield tag("circle", cx=_NOW - 55, cy=y - 4, r=5, class_="expired")
        yield text(_NOW + 12, y, lasts, "pill", "expired")
        return
    x = _x(_left(part, at), longest)
    bar = f"{urgency.value}-soft"
    yield tag("rect", x=_NOW, y=y - 9, width=max(x - _NOW, 5), height=10, rx=5, class_=bar)
    yield tag("circle", cx=max(x - 5, _NOW), cy=y - 4, r=5, class_=urgency.value)
    marked = f"{lasts}, soon" if urgency is Urgency.SOON else lasts
    yield text(min(x + 10, WIDTH - 190), y, marked, "pill", urgency.value)
