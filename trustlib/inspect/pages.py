"""One page about a collection, as one file: no script, and nothing that is fetched.

A policy in the page itself forbids both, so that it would stay so if something
slipped through: the browser runs nothing, and applies no style but ours.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from trustlib._types import TARGETS
from trustlib.inspect import phrases, tables
from trustlib.inspect.drawing import trust_tree
from trustlib.inspect.facts import Collection
from trustlib.inspect.labels import date, number
from trustlib.inspect.lasting import Moment, Urgency
from trustlib.inspect.markup import Markup, joined, tag
from trustlib.inspect.reports import changed, examined, explained, note, planned, section
from trustlib.inspect.style import DRAWINGS, PAGE, TEXTS
from trustlib.inspect.timeline import expiries
from trustlib.publish import SOON, Change, Examination, ExpiryPolicy, SigningPlan
from trustlib.workflow import Explanation

_STYLE: Final = DRAWINGS + TEXTS + PAGE
_HASH: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
)


def page(
    collection: Collection,
    *,
    now: datetime,
    soon: ExpiryPolicy = SOON,
    changes: Iterable[Change] | None = None,
    plan: SigningPlan | None = None,
    examination: Examination | None = None,
    explanations: Iterable[Explanation] = (),
) -> str:
    """Return a page about *collection*: HTML, to be written as UTF-8.

    The same arguments make the same bytes.

    Args:
        collection: what it is about.
        now: the time to which "in 3 days" is relative (UTC).
        soon: what expires within these times is marked.
        changes: what is different from another version, as
            :func:`trustlib.publish.changes` returns it; None: say nothing about it.
        plan: a plan whose signatures are told.
        examination: what ``fsck`` found.
        explanations: answers of a client, each of which is drawn.

    Raises:
        ValueError: *now* has no time zone.
    """
    at = Moment(now, soon)
    reports = (
        None if changes is None else changed(changes),
        None if plan is None else planned(plan),
        None if examination is None else examined(examination),
        *(explained(one, at) for one in explanations),
    )
    return document(phrases.called(collection), joined((*body(collection, at), *reports)))


def document(title: str, inner: Markup) -> str:
    """Return a page of its own with *inner* in it."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(_STYLE)),
    )
    main = tag("main", inner, class_="trust")
    whole = tag("html", head, tag("body", main, class_="trust"), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def fragment(inner: Markup) -> str:
    """Return *inner* with its style, for somebody else's page."""
    return str(tag("div", tag("style", Markup(DRAWINGS + TEXTS)), inner, class_="trust"))


def body(collection: Collection, at: Moment) -> Iterator[Markup]:
    """Return the sections about a collection: who trusts whom, who can sign, until when."""
    yield _head(collection, at)
    rest = phrases.undrawn(collection, at)
    words = tag("details", tag("summary", "The same in words"), tables.roles(collection, at))
    yield section(
        "Who trusts whom",
        note("Each role stands below the one that says which keys may sign it."),
        tables.wide(trust_tree(collection, at), "Who trusts whom, drawn"),
        None if rest is None else note(f"Not all is drawn: {rest}."),
        words,
    )
    yield section(
        "Who can sign what",
        note("A key that signs alone is all that a thief needs."),
        tables.keys(collection),
    )
    if collection.valid_until is not None:
        yield section(
            "Until when",
            note("Each role must be signed again before its line ends. Time is compressed."),
            tables.wide(expiries(collection, at), "Until when, drawn"),
            note("“The same in words”, above, has every date."),
        )


def _verdict(collection: Collection, at: Moment) -> Markup | None:
    urgencies = {at.urgency(part.name, part.expires) for part in collection.drawn}
    urgencies.add(at.urgency(TARGETS, collection.undrawn))
    for urgency in (Urgency.EXPIRED, Urgency.SOON):
        if urgency in urgencies:
            return joined((tables.pill(urgency.value, urgency), " "))
    return None


def _head(collection: Collection, at: Moment) -> Markup:
    facts = (
        ("As of", date(at.now)),
        ("Roles", number(collection.roles)),
        ("Keys", number(len(collection.keys))),
        ("Targets", number(collection.targets)),
    )
    listed = (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts)
    return tag(
        "header",
        tag("h1", tag("bdi", phrases.called(collection))),
        tag("p", _verdict(collection, at), phrases.headline(collection, at), class_="lead"),
        tag("dl", *listed, class_="facts"),
    )
