"""A collection as a tree of text, for terminals and logs: ASCII but for the branches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from trustlib.inspect import phrases
from trustlib.inspect.facts import Collection, Part
from trustlib.inspect.labels import label
from trustlib.inspect.lasting import Moment
from trustlib.publish import SOON, ExpiryPolicy

_NAME = 60  # characters


def tree(collection: Collection, *, now: datetime, soon: ExpiryPolicy = SOON) -> str:
    """Return *collection* as a text of one line for each role, without a line end.

    Args:
        collection: what to show.
        now: the time to which "in 3 days" is relative (UTC).
        soon: what expires within these times is marked.

    Raises:
        ValueError: *now* has no time zone.
    """
    return "\n".join(_lines(collection, Moment(now, soon)))


def _lines(collection: Collection, at: Moment) -> Iterator[str]:
    yield phrases.called(collection)
    yield phrases.headline(collection, at)
    parts = collection.parts
    last = _last(tuple(part.depth for part in parts))
    open_: list[bool] = []  # whether more comes at each depth
    for part, ends in zip(parts, last, strict=True):
        del open_[part.depth :]
        branch = "".join("│  " if more else "   " for more in open_[1:])
        fork = "" if part.depth == 0 else "└─ " if ends else "├─ "
        open_.append(not ends)
        told = _told(part, at) if isinstance(part, Part) else phrases.left_out(part)
        yield f"{branch}{fork}{told}"
    if (rest := phrases.undrawn(collection, at)) is not None:
        yield rest


def _last(depths: tuple[int, ...]) -> list[bool]:
    """Return for each whether it is the last one below what it is below."""
    last: list[bool] = []
    later: set[int] = set()
    for depth in reversed(depths):
        last.append(depth not in later)
        later = {other for other in later if other < depth} | {depth}
    return last[::-1]


def _told(part: Part, at: Moment) -> str:
    lasts, date, urgency = phrases.until(part, at)
    mark = {"expired": " !!", "soon": " !"}.get(urgency.value, "")
    facts = (
        phrases.edition(part),
        phrases.signers(part),
        phrases.signed(part),
        phrases.contents(part),
        f"{lasts} ({date}){mark}" if lasts else None,
        f"for {', '.join(part.paths)}" if part.paths else None,
    )
    return f"{label(part.name, _NAME)}: {', '.join(filter(None, facts))}"
