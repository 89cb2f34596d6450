"""A collection as a Mermaid flow chart, for pages that draw those: a forge's, a wiki's.

Mermaid has one grammar for everything, and names are written by strangers: every
character of a label that is not a letter, a digit or a blank is written as its
number, and what identifies a node is ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from trustlib.inspect import phrases
from trustlib.inspect.facts import Collection, Part
from trustlib.inspect.labels import label
from trustlib.inspect.lasting import Moment
from trustlib.inspect.style import LIGHT
from trustlib.publish import SOON, ExpiryPolicy

MOST: Final = 100
"""Roles that are drawn: renderers refuse more than 50,000 characters."""

_NAME: Final = 40  # characters
_PLAIN: Final = re.compile(r"[^0-9A-Za-z ]")


def mermaid(collection: Collection, *, now: datetime, soon: ExpiryPolicy = SOON) -> str:
    """Return *collection* as a flow chart; put it into a block of the language ``mermaid``.

    Args:
        collection: what to show.
        now: the time to which "in 3 days" is relative (UTC).
        soon: what expires within these times is marked.

    Raises:
        ValueError: *now* has no time zone.
    """
    return "\n".join(_lines(collection, Moment(now, soon)))


def _lines(collection: Collection, at: Moment) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  accTitle: {_text(f'Who trusts whom in {phrases.called(collection)[:80]}')}"
    above: list[str] = []  # the node at each depth
    for number, part in enumerate(collection.parts[:MOST]):
        node, by = f"n{number}", above[part.depth - 1] if part.depth else None
        del above[part.depth :]
        above.append(node)
        if isinstance(part, Part):
            lasts, _, urgency = phrases.until(part, at)
            name = _text(label(part.name, _NAME))
            facts = (phrases.edition(part), phrases.signers(part), lasts)
            lines = "<br/>".join((name, *map(_text, filter(None, facts))))
            yield f'  {node}["{lines}"]:::{urgency.value}'
        else:
            yield f'  {node}["{_text(phrases.left_out(part))}"]:::unknown'
        if by is not None:
            yield f"  {by} --> {node}"
    if (rest := len(collection.parts) - MOST) > 0:
        yield f'  rest["{_text(f"and {rest} more")}"]:::unknown'
    for name in ("good", "soon", "expired", "unknown"):
        fill, line = LIGHT[f"{name}-soft"], LIGHT[name]
        yield f"  classDef {name} fill:{fill},stroke:{line},color:{LIGHT['ink']}"


def _text(words: str) -> str:
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", words)
