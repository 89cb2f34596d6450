"""The same facts in words: a table beside each drawing, for whoever cannot look at that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trustlib.inspect import phrases
from trustlib.inspect.facts import Collection, Holder, More, Part
from trustlib.inspect.labels import counted, full, label
from trustlib.inspect.lasting import Moment, Urgency
from trustlib.inspect.markup import Child, Markup, joined, tag

_ALONE: Final = "alone"
_CHIPS: Final = 12
KEYS: Final = 100
"""Keys that have a line of their own."""


def named(name: str) -> Markup:
    """Return a name that others chose, in full, apart from the text around it."""
    return tag("bdi", full(name), class_="name")


def code(words: str) -> Markup:
    """Return something to compare letter by letter."""
    return tag("span", words, class_="code")


def pill(words: str, urgency: Urgency) -> Markup:
    """Return *words* on the colour of their urgency."""
    return tag("span", words, class_=f"pill {urgency.value} {urgency.value}-soft")


def table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[Child]]) -> Markup:
    """Return a table whose rows begin with what they are about; it scrolls where it is too wide."""
    head = tag("tr", *(tag("th", one, scope="col") for one in heads))
    body = joined(_row(*row) for row in rows)
    whole = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body))
    return wide(whole, caption)


def _row(first: Child, *others: Child) -> Markup:
    return tag("tr", tag("th", first, scope="row"), *(tag("td", one) for one in others))


def wide(inner: Markup, called: str) -> Markup:
    """Return *inner* where it may be scrolled sideways, with a keyboard, too."""
    return tag("div", inner, class_="wide", role="group", tabindex=0, aria_label=called)


def roles(collection: Collection, at: Moment) -> Markup:
    """Return every role in words, keys and paths in full."""
    heads = ("Role", "Named by", "May speak for", "Must sign", "Says", "Until")
    return table(
        "Every role that is shown above, in words",
        heads,
        (_role(part, at) if isinstance(part, Part) else _more(part) for part in collection.parts),
    )


def _role(part: Part, at: Moment) -> tuple[Child, ...]:
    lasts, date, urgency = phrases.until(part, at)
    says = ", ".join(filter(None, (phrases.edition(part), phrases.contents(part))))
    keys = ", ".join(part.keys[:_CHIPS])
    rest = len(part.keys) - _CHIPS
    signed = phrases.signed(part)
    must = f"{phrases.signers(part)}{f', {signed}' if signed else ''}: "
    return (
        named(part.name),
        "" if part.by is None else named(part.by),
        phrases.speaks_for(part),
        tag("span", must, code(f"{keys} and {rest} more" if rest > 0 else keys)),
        says,
        joined((pill(lasts, urgency), tag("br"), date)) if lasts else "",
    )


def _more(more: More) -> tuple[Child, ...]:
    return phrases.left_out(more), named(more.by), "", "", "", ""


def keys(collection: Collection) -> Markup:
    """Return what each key may sign, and whether it can do so alone."""
    may: dict[str, list[Part]] = {}
    for part in collection.drawn:
        for fingerprint in part.keys:
            may.setdefault(fingerprint, []).append(part)
    rows = (
        (
            code(holder.fingerprint),
            label(holder.kind, 40),
            _chips(holder, may.get(holder.fingerprint, [])),
        )
        for holder in collection.keys[:KEYS]
    )
    rest = len(collection.keys) - KEYS
    more = f"; {counted(rest, 'key')} more are not shown" if rest > 0 else ""
    caption = f"What each key may sign; “alone” means that nobody else is needed{more}"
    return table(caption, ("Key", "Kind", "May sign"), rows)


def _chips(holder: Holder, parts: list[Part]) -> Markup:
    shown = (
        tag(
            "span",
            tag("bdi", label(part.name, 48), class_="name"),
            f" {_weight(holder, part)}",
            class_="chip alone" if _weight(holder, part) == _ALONE else "chip",
        )
        for part in parts[:_CHIPS]
    )
    rest = len(parts) - _CHIPS
    return joined((*shown, f"and {counted(rest, 'role')} more" if rest > 0 else None))


def _weight(holder: Holder, part: Part) -> str:
    if not holder.counts:
        return "never counts"
    return _ALONE if part.threshold == 1 else f"{part.threshold} of {len(part.keys)}"
