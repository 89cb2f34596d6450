"""A plan on disk, for the days between the first signature and the last.

The file holds the bytes that are being signed, the signatures so far, and which
state of the repository the plan was made for. Everything else follows from these
and from the repository, opened again; signatures that fit nothing are refused,
and so is a plan that somebody else's edit has overtaken.

A robot that signs snapshot and timestamp again every hour overtakes nothing: in
a plan they only say what the rest comes to, so they are made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Final

import attrs
from attrs import frozen

from trustlib._canonical import compact
from trustlib._frozen import FrozenMap, JsonLike
from trustlib._json import Cursor, read
from trustlib._notes import content, kept
from trustlib._paths import plain
from trustlib._types import SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL, KeyId, RoleName
from trustlib.errors import ConflictError, WrongCollectionError
from trustlib.keys import Signature
from trustlib.publish.detail import Detail, listing
from trustlib.publish.drafting import Terms, drafted
from trustlib.publish.drafts import Draft
from trustlib.publish.partly import require_all
from trustlib.publish.reach import reachable
from trustlib.publish.repository import Repository
from trustlib.publish.request import asked_in, asked_value, authority_in, authority_value
from trustlib.roles import Root, Targets
from trustlib.workflow import delegated_by

_KIND: Final = "trustlib signing plan 1"
ABOVE: Final = (SNAPSHOT, TIMESTAMP)
"""What follows from an edit, and is signed again without one."""

_MAX_FILE: Final = 256_000_000  # bytes; several of the largest targets files


@frozen(kw_only=True)
class Kept:
    """What a file says of a plan, once it fits the repository that is published."""

    after: Repository
    outcome: Repository
    drafts: FrozenMap[RoleName, Draft]
    terms: Terms


@frozen
class _AsPlanned:
    """The expiry of what is made anew: policies are programs, and stay where they were.

    Attributes:
        lives: for how many seconds; delegated roles as ``targets``.
    """

    lives: FrozenMap[RoleName, int]

    def until(self, role: RoleName, now: datetime) -> datetime:
        """See :meth:`trustlib.publish.ExpiryPolicy.until`."""
        life = self.lives.get(role, self.lives.get(TARGETS, 0))
        try:
            return (now + timedelta(seconds=life)).replace(microsecond=0)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC, microsecond=0)


def keep(
    path: str | Path,
    before: Repository,
    after: Repository,
    drafts: Mapping[RoleName, Draft],
    terms: Terms,
) -> None:
    """Put a plan into the file *path*, in one step; what is there is replaced.

    Raises:
        StorageError: the file cannot be written.
    """
    value: dict[str, JsonLike] = {
        "kind": _KIND,
        "published": _state(below(before)),
        "above": _state(_above(before)),
        "listing": after.detail.algorithms,
        "terms": {
            "now": terms.now.isoformat(),
            "renewing": sorted(terms.renewing),
            "restarting": sorted(terms.restarting),
            "lost": sorted(material.hex() for material in terms.lost),
            "lives": {name: _life(name, terms) for name in TOP_LEVEL},
        },
        "drafts": [_value(draft) for draft in drafts.values()],
    }
    kept(path, compact(value) + "\n")


def _value(draft: Draft) -> dict[str, JsonLike]:
    made = draft.signatures.values()
    return {
        **asked_value(draft.document, draft.authorities),
        "bridging": [authority_value(authority) for authority in draft.bridging],
        "signatures": [{"keyid": one.keyid, "sig": one.value.hex()} for one in made],
    }


def _life(name: RoleName, terms: Terms) -> int:
    return max(0, ceil((terms.expiry.until(name, terms.now) - terms.now).total_seconds()))


def resumed(path: str | Path, before: Repository, now: datetime | None) -> Kept:
    """Return the plan that :func:`keep` put into the file *path*.

    Snapshot and timestamp are made anew if they were signed again since, or are
    not good any more at *now*.

    Raises:
        MalformedError: the file holds something else.
        StorageError: the file cannot be read.
        WrongCollectionError: it is a plan for another repository.
        ConflictError: *before* is not the state that the plan was made for.
        SigningError: no number is left for a version.
    """
    at = read(content(path, _MAX_FILE), str(path))
    if at.at("kind").value != _KIND:
        raise at.at("kind").wrong(repr(_KIND))
    drafts: dict[RoleName, Draft] = {}
    for one in at.at("drafts").elements():
        draft = _draft(one)
        if draft.name in drafts:
            raise one.at("role").wrong("every role once")
        if (collection := draft.document.unverified.collection) != before.collection:
            raise WrongCollectionError(draft.name, before.collection, collection)
        drafts[draft.name] = draft
    terms = _terms(at.at("terms"))
    overtaken = at.at("above").text() != _state(_above(before))
    edited = drafts.keys() - set(ABOVE)
    if at.at("published").text() != _state(below(before)) or (overtaken and not edited):
        raise ConflictError(plain(before.format.published(TIMESTAMP, None)))
    if overtaken or _lapsed(drafts, now):
        drafts = {name: drafts[name] for name in drafts if name in edited}
    terms = attrs.evolve(terms, now=now or terms.now)
    after = attrs.evolve(_after(at.at("drafts"), before, drafts), detail=_detail(at.at("listing")))
    try:
        known, outcome = drafted(before, after, terms, drafts)
    except ValueError:
        raise at.at("terms").at("restarting").wrong("roles that can begin anew") from None
    # At a later moment, more may have to be signed than was planned.
    if now is None and known.keys() - drafts.keys() - set(ABOVE):
        raise at.at("drafts").wrong("a draft of every role that is to be signed")
    return Kept(after=after, outcome=outcome, drafts=known, terms=terms)


def _lapsed(drafts: Mapping[RoleName, Draft], now: datetime | None) -> bool:
    moments = (drafts[name].document.unverified.expires for name in ABOVE if name in drafts)
    return now is not None and any(moment <= now for moment in moments)


def below(repository: Repository) -> dict[RoleName, bytes]:
    """Return the published files that edits are made of: root and all targets roles.

    Raises:
        UnreadError: not all of those were read.
    """
    require_all(repository.targets)
    files = repository.published.files
    return {name: raw for name, raw in files.items() if name not in ABOVE}


def _above(repository: Repository) -> dict[RoleName, bytes]:
    files = repository.published.files
    return {name: files[name] for name in ABOVE if name in files}


def _state(files: Mapping[RoleName, bytes]) -> str:
    hashes: dict[str, JsonLike] = {
        name: hashlib.sha256(raw).hexdigest() for name, raw in files.items()
    }
    return hashlib.sha256(compact(hashes).encode()).hexdigest()


def _terms(at: Cursor) -> Terms:
    lives = {RoleName(name): one.integer(0) for name, one in at.at("lives").items()}
    return Terms(
        now=_moment(at.at("now")),
        expiry=_AsPlanned(FrozenMap(lives)),
        renewing=frozenset(RoleName(one.text()) for one in at.at("renewing").elements()),
        restarting=frozenset(RoleName(one.text()) for one in at.at("restarting").elements()),
        lost=frozenset(bytes.fromhex(one.hex()) for one in at.at("lost").elements()),
    )


def _detail(at: Cursor) -> Detail:
    algorithms = tuple(one.text() for one in at.elements())
    detail = listing(algorithms)
    if detail.algorithms != algorithms:
        raise at.wrong("hashes that are known here, each once")
    return detail


def _moment(at: Cursor) -> datetime:
    try:
        moment = datetime.fromisoformat(at.text())
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # nor between the years 1 and 9999
        raise at.wrong("a moment") from None
    raise at.wrong("a moment and its time zone")


def _draft(at: Cursor) -> Draft:
    document, authorities = asked_in(at)
    draft = Draft(
        name=document.name,
        document=document,
        authorities=authorities,
        bridging=tuple(map(authority_in, at.at("bridging").elements())),
    )
    for one in at.at("signatures").elements():
        keyid, value = KeyId(one.at("keyid").text()), bytes.fromhex(one.at("sig").hex())
        signed = draft.signed(Signature(keyid, value))
        if signed is None:
            raise one.at("sig").wrong("a signature over the document by a key that is asked")
        draft = signed
    return draft


def _after(at: Cursor, before: Repository, drafts: Mapping[RoleName, Draft]) -> Repository:
    """Return the edit that the drafts were made for, as far as it matters from here on."""
    root = before.root
    edited: dict[RoleName, Targets] = {}
    for name, draft in drafts.items():
        match draft.document.unverified:
            case Root() as root:
                pass
            case Targets() as role:
                edited[name] = role
            case _:
                pass  # they follow from the others
    merged = before.targets.including(edited)
    for role in merged.values():
        for name in delegated_by(role):  # bins may be four billion: look no further than one
            if name not in merged:
                raise at.wrong("a draft of every new role")
    targets = reachable(merged)
    if edited.keys() - targets.keys():
        raise at.wrong("drafts of roles to which somebody delegates")
    return attrs.evolve(before, root=root, targets=targets)
