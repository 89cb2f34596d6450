"""Reading a collection back from its server, with the eyes of a client.

A publisher trusts the server no more than a client does. Only the time is not
looked at: what has expired must be mended, and so opened. A delegated role that
nobody vouches for any more is no part of the collection, and is kept aside:
whoever may sign it can take its word over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, Version
from trustlib.anchors import Anchor, Pin
from trustlib.effects import Fetch, Workflow
from trustlib.errors import LimitError, ThresholdError, TrustError
from trustlib.limits import Limits
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.reading import is_delegated
from trustlib.notary.searching import RELEASES, delegated
from trustlib.publish.edits import UNPUBLISHED
from trustlib.roles import Targets
from trustlib.trust import Trusted, Verified
from trustlib.trust.agreeing import matching
from trustlib.workflow import delegated_by
from trustlib.workflow.session import Session, fetch_of, required

MOST: Final = Version(1_000_000)
"""How high the version of a role may be that nobody vouches for. A server could say anything."""

_FIRST: Final = tuple(map(Version, range(1, 5)))
"""Which number the first file of a role may have: Go programs sign more than they publish."""


@frozen(kw_only=True)
class Opened:
    """A collection as it was found.

    Attributes:
        roles: ``targets`` and every delegated role that somebody vouches for.
        unvouched: those that are there, and that nobody may have signed.
        files: the file of each role that was verified.
        numbers: up to which version a role is there that is not among *roles*.
    """

    trusted: Trusted
    roles: Mapping[RoleName, Verified[Targets]]
    unvouched: Mapping[RoleName, Targets]
    files: FrozenMap[RoleName, bytes] = field(repr=False)
    numbers: FrozenMap[RoleName, Version]


def opened(
    collection: ContentTrust, anchor: Anchor | Pin, *, now: datetime, limits: Limits
) -> Workflow[Opened]:
    """Return what the server has of *collection*.

    Raises:
        TrustError: it is not to be had, or not to be trusted.
    """
    trusted = yield from collection.refresh(anchor, now=now, limits=limits)
    session = Session(now=now, limits=limits, format=collection)
    roles: dict[RoleName, Verified[Targets]] = {TARGETS: trusted.targets}
    unvouched: dict[RoleName, Targets] = {}
    waiting = [trusted.targets]
    while waiting:
        delegator = waiting.pop()
        for name in delegated_by(delegator.role):
            if len(roles) + len(unvouched) > limits.delegations:
                raise LimitError("delegated roles in one collection", limits.delegations)
            try:
                proof = yield from delegated(trusted, name, delegator, known={}, session=session)
            except ThresholdError:
                proof = None
            if proof is not None:
                roles[name] = proof
                waiting.append(proof)
            elif name in trusted.snapshot.snapshot.role.meta:
                unvouched[name] = yield from _as_listed(trusted, name, session)
    upper = trusted.snapshot
    files = {
        ROOT: upper.root.root.raw,
        TIMESTAMP: upper.timestamp.timestamp.raw,
        SNAPSHOT: upper.snapshot.raw,
        **{name: proof.raw for name, proof in roles.items()},
    }
    known = {*roles, *unvouched}
    listed = {name for name in upper.snapshot.role.meta if is_delegated(name)} - known
    granted = {name for proof in roles.values() for name in delegated_by(proof.role)} - known
    numbers = {name: role.version for name, role in unvouched.items()}
    asked = listed | granted | ({RELEASES} - known)
    if len(known) + len(asked) > limits.delegations:  # whoever signs snapshots may list anything
        raise LimitError("delegated roles in one snapshot", limits.delegations)
    for name in sorted(asked):
        numbers[name] = yield from last_number(collection, name, limits)
    return Opened(
        trusted=trusted,
        roles=roles,
        unvouched=unvouched,
        files=FrozenMap(files),
        numbers=FrozenMap(numbers),
    )


def _as_listed(trusted: Trusted, name: RoleName, session: Session) -> Workflow[Targets]:
    """Return what the snapshot lists as *name*, whoever signed it."""
    listed = trusted.snapshot.listed(name)
    fetch = fetch_of(trusted.snapshot, name, session)
    raw = yield from required(fetch, "the snapshot lists it")
    matching(name, raw, listed, step="§5.6.2")
    return session.format.parse(Targets, raw, name=name).unverified


def last_number(collection: ContentTrust, name: RoleName, limits: Limits) -> Workflow[Version]:
    """Return the highest version of *name* that the server has; 0: it has none.

    It takes none that is not higher, and says only "conflict". What it has is
    nobody's word: it counts as long as it is no higher than people go.
    """
    current = yield from _there(collection, name, None, limits)
    if current:
        return current
    # A server with a database does not say what is current where no snapshot lists it.
    low = UNPUBLISHED
    for number in _FIRST:
        if (yield from _there(collection, name, number, limits)):
            low = number
            break
    else:
        return low
    high = Version(low * 2)
    while high <= MOST and (yield from _there(collection, name, high, limits)):
        low, high = high, Version(high * 2)
    while high - low > 1:
        middle = Version((low + high) // 2)
        if (yield from _there(collection, name, middle, limits)):
            low = middle
        else:
            high = middle
    return low


def _there(
    collection: ContentTrust, name: RoleName, version: Version | None, limits: Limits
) -> Workflow[Version]:
    """Return which version of *name* is where *version* should be, or 0."""
    path = collection.published(name, version)
    try:
        raw = yield Fetch(path, limits.targets)
        if raw is None:
            return UNPUBLISHED
        found = collection.parse(Targets, raw, name=name).unverified.version
    except TrustError:
        return UNPUBLISHED
    return found if found <= MOST else UNPUBLISHED
