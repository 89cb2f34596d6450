"""Who trusts whom, drawn: a line for each role, below the one that gives it its power."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from trustlib.inspect import phrases
from trustlib.inspect.canvas import WIDTH, dots, letters, picture, pill, standing_alone, text
from trustlib.inspect.facts import Bins, Collection, More, Part, Seen
from trustlib.inspect.labels import clipped, counted, label
from trustlib.inspect.lasting import Moment
from trustlib.inspect.markup import Markup, tag
from trustlib.publish import SOON, ExpiryPolicy

_ROW: Final = 54
_TOP: Final = 40
_STEP: Final = 26  # to the right, for each level
_KEYS: Final = 470
_SAYS: Final = 640
_UNTIL: Final = 812


def drawing(collection: Collection, *, now: datetime, soon: ExpiryPolicy = SOON) -> str:
    """Return the trust tree of *collection* as an SVG file.

    Args:
        collection: what to show.
        now: the time to which "in 3 days" is relative (UTC).
        soon: what expires within these times is marked.

    Raises:
        ValueError: *now* has no time zone.
    """
    return standing_alone(trust_tree(collection, Moment(now, soon)))


def trust_tree(collection: Collection, at: Moment) -> Markup:
    """Return the tree for a page that has the style."""
    height = _TOP + _ROW * len(collection.parts) + 8
    description = (
        f"{phrases.headline(collection, at)} {counted(collection.roles, 'role')} in all,"
        f" {counted(len(collection.keys), 'key')} in the picture, each role below the one that"
        " says which keys may sign it."
    )
    return picture(
        f"Who trusts whom in {phrases.called(collection)}",
        description,
        height,
        _all(collection, at),
    )


def _all(collection: Collection, at: Moment) -> Iterator[Markup]:
    heads = ((16, "ROLE"), (_KEYS, "WHO MUST SIGN"), (_SAYS, "WHAT IT SAYS"), (_UNTIL, "UNTIL"))
    for x, words in heads:
        yield text(x, 20, words, "head")
    yield from _wires(collection)
    for number, part in enumerate(collection.parts):
        y = _TOP + number * _ROW
        if number:
            yield tag("line", x1=_KEYS, y1=y, x2=WIDTH, y2=y, class_="rule")
        yield from _part(part, y, at) if isinstance(part, Part) else _more(part, y)


def _wires(collection: Collection) -> Iterator[Markup]:
    """Return a line from each role down to those below it."""
    above: list[float] = []
    for number, part in enumerate(collection.parts):
        y = _TOP + number * _ROW + 22
        del above[part.depth :]
        above.append(y)
        if part.depth:
            x = _x(part.depth - 1)
            way = f"M{x} {above[part.depth - 1]:g}V{y - 8:g}q0 8 8 8H{_x(part.depth)}"
            yield tag("path", d=way, class_="wire")


def _x(depth: int) -> int:
    return 22 + min(depth, 10) * _STEP


def _part(part: Part, y: float, at: Moment) -> Iterator[Markup]:
    x = _x(part.depth)
    room = letters(_KEYS - x - 48)
    kind = "key" if isinstance(part.state, Seen | Bins) else "able"
    if isinstance(part.state, Bins):  # many behind one another
        yield tag("circle", cx=x + 4, cy=y + 18, r=6, class_="able")
    yield tag("circle", cx=x, cy=y + 22, r=6, class_=kind)
    yield text(x + 16, y + 21, label(part.name, room), "name")
    if told := phrases.speaks_for(part):
        yield text(x + 16, y + 39, clipped(told, room + 6), "small")
    done = len(part.state.signed_by or ()) if isinstance(part.state, Seen) else 0
    yield dots(_KEYS, y + 17, done, len(part.keys) - done)
    yield text(_KEYS, y + 39, _joined(phrases.signers(part), phrases.signed(part)), "small")
    yield text(_SAYS, y + 21, phrases.edition(part))
    if says := phrases.contents(part):
        yield text(_SAYS, y + 39, says, "small")
    lasts, date, urgency = phrases.until(part, at)
    if lasts:
        yield pill(_UNTIL, y + 21, lasts, urgency)
        yield text(_UNTIL + 10, y + 41, date, "small")


def _more(more: More, y: float) -> Iterator[Markup]:
    yield text(_x(more.depth) + 16, y + 26, phrases.left_out(more), "small")


def _joined(*told: str | None) -> str:
    return ", ".join(filter(None, told))
