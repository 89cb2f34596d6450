"""What all pictures say of a role in the same words."""

from __future__ import annotations

from typing import Final, assert_never

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, Version
from trustlib.inspect.facts import Above, Bins, Collection, More, Part, Seen, Unread, Unsigned
from trustlib.inspect.labels import counted, date, label, number
from trustlib.inspect.lasting import Moment, Urgency

_DUTIES: Final = {
    ROOT: "says whose keys count",
    TIMESTAMP: "says that this is the latest",
    SNAPSHOT: "says which files belong together",
    TARGETS: "says what everything stands for",
}


def called(collection: Collection) -> str:
    """Return the collection's name, in words."""
    return "a collection without a name" if collection.name is None else label(collection.name, 100)


def signers(part: Part) -> str:
    """Return how many of how many keys must sign."""
    told = f"{part.threshold} of {counted(len(part.keys), 'key')}"
    return told if part.able >= part.threshold else f"{told}: nobody can sign"


def signed(part: Part) -> str | None:
    """Return how many did, where that is known."""
    if not isinstance(part.state, Seen) or part.state.signed_by is None:
        return None
    return f"{len(part.state.signed_by)} signed"


def speaks_for(part: Part) -> str:
    """Return what the role may speak for."""
    if not part.paths and isinstance(part.state, Bins):
        return "paths by their hash"
    told = ", ".join(part.paths) or _DUTIES.get(part.name, "")
    return f"{told}, and nobody after it" if part.final else told


def edition(part: Part) -> str:
    """Return which version it is, or why there is none."""
    match part.state:
        case Seen(version=version):
            return f"version {version}"
        case Unsigned():
            return "not signed yet"
        case Unread():
            return "not read"
        case Above():
            return "see above"
        case Bins(count=count, versions=versions):
            return f"{counted(count, 'bin')}{_versions(versions)}"
        case _:
            assert_never(part.state)


def _versions(found: tuple[Version, Version] | None) -> str:
    if found is None:
        return ""
    low, high = found
    return f", version {low}" if low == high else f", versions {low} to {high}"


def contents(part: Part) -> str:
    """Return how many targets it lists, where it lists any."""
    match part.state:
        case Seen(targets=targets) | Unsigned(targets=targets) if targets:
            return counted(targets, "target")
        case Bins(targets=targets, read=read, count=count):
            of = "" if read == count else f", {number(read)} read"
            return f"{counted(targets, 'target')}{of}"
        case _:
            return ""


def until(part: Part, at: Moment) -> tuple[str, str, Urgency]:
    """Return how long it lasts, until when, and how urgent that is."""
    if part.expires is None:
        return "", "", Urgency.UNKNOWN
    urgency = at.urgency(part.name, part.expires)
    first = "the first " if isinstance(part.state, Bins) else ""
    verb = "expired " if urgency is Urgency.EXPIRED else ""
    return f"{first}{verb}{at.lasting(part.expires)}", date(part.expires), urgency


def left_out(more: More) -> str:
    """Return what was left out."""
    return f"and {counted(more.count, 'role')} more"


def undrawn(collection: Collection, at: Moment) -> str | None:
    """Return until when the roles last that no picture shows, if there are any."""
    if collection.undrawn is None:
        return None
    verb = "expired" if collection.undrawn <= at.now else "expires"
    return (
        f"of the roles that are not shown, the first {verb} {at.lasting(collection.undrawn)}"
        f" ({date(collection.undrawn)})"
    )


def headline(collection: Collection, at: Moment) -> str:
    """Return how the whole collection stands, in one sentence."""
    if collection.valid_until is None:
        return "Nobody has signed it yet."
    when = f"{at.lasting(collection.valid_until)} ({date(collection.valid_until)})"
    if collection.valid_until <= at.now:
        return f"The first signature expired {when}."
    return f"All signatures hold; the first expires {when}."
