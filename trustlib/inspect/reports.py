"""Changes, plans, examinations and explanations as sections of a page.

They are facts already, with sentences of their own; here they are grouped, and
a flood of one kind is counted, so that it cannot hide another kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from trustlib.errors import shortened
from trustlib.inspect.chain import links
from trustlib.inspect.labels import counted, date
from trustlib.inspect.lasting import Moment, Urgency
from trustlib.inspect.markup import Markup, joined, tag
from trustlib.inspect.tables import code, named, pill, table, wide
from trustlib.publish import (
    BinsChanged,
    Change,
    Draft,
    EditionChanged,
    Examination,
    Finding,
    GrantChanged,
    OrderChanged,
    Severity,
    SignersChanged,
    SigningPlan,
    TargetChanged,
    words,
)
from trustlib.roles import Authority
from trustlib.workflow import Explanation, Vouched

_ALIKE: Final = 20  # of one kind that are shown
_DRAFTS: Final = 100
_KEYS: Final = 8

_POWERS: Final = (SignersChanged, GrantChanged, OrderChanged, BinsChanged)
_URGENCIES: Final = {
    Severity.REFUSED: Urgency.EXPIRED,
    Severity.MEND: Urgency.SOON,
    Severity.KNOW: Urgency.UNKNOWN,
}


def section(title: str, *children: Markup | str | None) -> Markup:
    """Return a section with its heading."""
    return tag("section", tag("h2", title), *children)


def note(words: str) -> Markup:
    """Return a line of explanation."""
    return tag("p", words, class_="note")


# -- what changed -----------------------------------------------------------------------


def changed(changes: Iterable[Change]) -> Markup:
    """Return *changes*, who gains or loses power first."""
    found = tuple(changes)
    if not found:
        return section("What changes", tag("p", "Nothing."))
    kinds = (groups for groups in _KINDS if any(_kind(one) == groups for one in found))
    lists = (
        joined((tag("h3", kind), _told([one for one in found if _kind(one) == kind])))
        for kind in kinds
    )
    return section("What changes", *lists)


_KINDS: Final = ("Who may do what", "What tags and targets stand for", "Versions", "The rest")


def _kind(change: Change) -> str:
    match change:
        case SignersChanged() | GrantChanged() | OrderChanged() | BinsChanged():
            return _KINDS[0]
        case TargetChanged():
            return _KINDS[1]
        case EditionChanged():
            return _KINDS[2]
        case _:
            return _KINDS[3]


def _told(things: list[Change] | list[Finding]) -> Markup:
    return tag("ul", *(tag("li", line) for line in _few(things)), class_="plain")


def _few(things: Iterable[Change | Finding]) -> Iterator[str]:
    for _, group in groupby(things, type):
        alike = list(group)
        yield from map(str, alike[:_ALIKE])
        if len(alike) > _ALIKE:
            yield f"… and {len(alike) - _ALIKE} more like these"


# -- who must still sign ----------------------------------------------------------------


def planned(plan: SigningPlan) -> Markup:
    """Return what *plan* has signed, and who must still sign what."""
    if not plan.drafts:
        return section("Who must sign", tag("p", "Nothing is to be signed."))
    drafts = tuple(plan.drafts.values())
    waiting = sum(any(draft.missing) for draft in drafts)
    done = (
        "Everything has its signatures; it can be published."
        if not waiting
        else f"{counted(waiting, 'role')} of {len(drafts)} must still be signed."
    )
    rows = (row for draft in drafts[:_DRAFTS] for row in _draft(draft))
    rest = len(drafts) - _DRAFTS
    more = f"; {counted(rest, 'role')} more are not shown" if rest > 0 else ""
    heads = ("Role", "Whose keys", "Signed", "By", "May still sign")
    return section("Who must sign", tag("p", done), table(f"Signatures{more}", heads, rows))


def _draft(draft: Draft) -> Iterator[tuple[Markup | str, ...]]:
    name = tag("span", named(draft.name), f" {draft.document.unverified.version}")
    several = len(draft.authorities) > 1
    whose = ("the old root’s", "the new root’s") if several else ("its own",)
    for authority, of in zip(draft.authorities, whose, strict=False):
        yield name, of, *_signatures(draft, authority)
    for authority in draft.bridging:
        yield name, "the old keys, who should", *_signatures(draft, authority)


def _signatures(draft: Draft, authority: Authority) -> Iterator[Markup | str]:
    by = [key for keyid, key in authority.keys.items() if keyid in draft.signatures]
    others = [key for keyid, key in authority.keys.items() if keyid not in draft.signatures]
    count = len({key.material for key in by})
    enough = Urgency.GOOD if count >= authority.threshold else Urgency.SOON
    yield pill(f"{count} of {authority.threshold}", enough)
    for keys in (by, others):
        told = " ".join(words.fingerprint(key) for key in keys[:_KEYS])
        yield code(f"{told} and {len(keys) - _KEYS} more" if len(keys) > _KEYS else told)


# -- what was found ---------------------------------------------------------------------


def examined(examination: Examination) -> Markup:
    """Return what was found, the worst first."""
    verdict = "sound" if examination.sound else "not sound"
    until = (
        "" if examination.valid_until is None else f", valid until {date(examination.valid_until)}"
    )
    urgency = Urgency.GOOD if examination.sound else Urgency.EXPIRED
    head = tag("p", pill(verdict, urgency), f" at {date(examination.now)}{until}")
    if not examination.findings:
        return section("What was found", head, tag("p", "Nothing to remark."))
    lists = (
        joined(
            (
                tag("h3", pill(f"{severity}: {len(found)}", _URGENCIES[severity])),
                _told(sorted(found, key=lambda one: type(one).__name__)),
            )
        )
        for severity in Severity
        if (found := [one for one in examination.findings if one.severity == severity])
    )
    return section("What was found", head, *lists)


# -- why it is believed -----------------------------------------------------------------


def explained(explanation: Explanation, at: Moment) -> Markup:
    """Return *explanation* as a drawing, and in words below it."""
    title = shortened(explanation.answer.partition(" is ")[0], str)
    source = None if explanation.source is None else note(str(explanation.source))
    heads = ("Role", "Version", "Named by", "Signed by", "Checked", "Until")
    rows = (_vouched(role, at) for role in explanation.roles)
    words = table("Every role that the answer rests on", heads, rows) if explanation.roles else None
    return section(
        f"Why {title} is believed",
        tag("p", explanation.answer, class_="code"),
        source,
        wide(links(explanation, at), "The answer, drawn"),
        None if words is None else tag("details", tag("summary", "In words"), words),
    )


def _vouched(role: Vouched, at: Moment) -> tuple[Markup | str, ...]:
    by = ", ".join(map(str, role.signed_by))
    return (
        named(role.role),
        str(role.version),
        named(role.named_by),
        tag("span", code(by), f" ({role.threshold} needed)"),
        ", ".join(role.checked),
        pill(at.lasting(role.expires), at.urgency(role.role, role.expires)),
    )
