"""The way from a collection to the one that takes over from it, for who knows the old one only.

The new root says, under its signatures, which collections it takes over from:
their names, and the version and the hash of each one's last root. The keys of
those roots sign it, too, in their own way. So a bridge leads from one root to
one root, and from no other, whoever else has the same key.

Such a signature stands among the new root's, under the id that the old root has
for the key. The new root does not list that id: to every client of the new
collection it is a signature by somebody unknown, which counts for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Self

import attrs
from attrs import frozen

from trustlib._frozen import FrozenMap, Json
from trustlib._json import read
from trustlib._types import ROOT, CollectionName, Version
from trustlib.anchors import Anchor, Pin
from trustlib.drive import run
from trustlib.effects import Fetch, Workflow
from trustlib.errors import (
    MismatchError,
    NoTrustDataError,
    RollbackError,
    VerificationError,
    WrongCollectionError,
)
from trustlib.keys import Signature
from trustlib.limits import Limits
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.errors import BridgeError, PinError, UnpinnedError
from trustlib.notary.keys import NotarySigner
from trustlib.notary.pins import Rule, TrustOnFirstUse, TrustPinning
from trustlib.notary.public_keys import PublicKey
from trustlib.notary.roots import certified, first_root, next_root, require_current
from trustlib.ports import Transport
from trustlib.roles import Root
from trustlib.sources import FromStore
from trustlib.storage import MemoryStorage
from trustlib.trust import RootTrusted, Verified, verify
from trustlib.trust.agreeing import not_expired
from trustlib.wire import TUF_JSON

SUCCEEDS: Final = "x-trustlib-succeeds"
"""Under a root's signatures: the collections that it takes over from."""


@frozen(kw_only=True)
class Succession:
    """From which root, and no other, a new root takes over.

    Attributes:
        collection: the old collection's name.
        version: of its last root.
        sha256: what the file of that root hashes to.
    """

    collection: CollectionName
    version: Version
    sha256: str

    @classmethod
    def of(cls, collection: CollectionName, root: Verified[Root]) -> Self:
        """Return the succession to *root*, the last one of *collection*."""
        digest = hashlib.sha256(root.raw).hexdigest()
        return cls(collection=collection, version=root.role.version, sha256=digest)


# -- the publisher's side ---------------------------------------------------------------


def taking_over(root: Root, *successions: Succession) -> Root:
    """Return *root* saying that it takes over; what it said of those collections before is gone.

    Raises:
        ValueError: one collection is named twice.
    """
    names = {one.collection for one in successions}
    if len(names) != len(successions):
        raise ValueError("a collection is taken over from once: from its last root")
    said = root.extra.get(SUCCEEDS, ())
    before = said if isinstance(said, tuple) else ()
    kept = [
        one
        for one in before
        if not isinstance(one, FrozenMap) or one.get("collection") not in names
    ]
    new = [FrozenMap[str, Json](attrs.asdict(one)) for one in successions]
    return attrs.evolve(root, extra=root.extra.including({SUCCEEDS: (*kept, *new)}))


def bridge_signatures(
    payload: bytes, collection: str, root: bytes, *signers: NotarySigner
) -> tuple[Signature, ...]:
    """Return the signatures with which *signers* make a new root one that takes over.

    Needs nothing but what the machine with the old keys can hold: the bytes to
    sign (:attr:`trustlib.publish.SigningRequest.payload` of the new root) and the
    old collection's last root.

    Args:
        payload: what is signed of the new root.
        collection: the old collection's name.
        root: the file of its last root. Which of its keys each of *signers*
            has is looked up there, and nothing else is believed of it.
        *signers: old root keys, unlocked. Those that *root* does not know are
            left out: one of another collection's roots may.

    Raises:
        MalformedError: *root* is no root file.
        CertificateError: its certificates are not good for *collection*.
        SigningError: a key cannot be used.
    """
    app = ContentTrust(collection)
    keys = certified(app.parse(Root, root).unverified, app.name).keys
    held = {signer.public.canonical_id: signer for signer in signers}
    return tuple(
        Signature(keyid, held[key.canonical_id].sign(payload).value)
        for keyid, key in keys.items()
        if isinstance(key, PublicKey) and key.canonical_id in held
    )


# -- the client's side ------------------------------------------------------------------


def bridge(
    new: bytes,
    *,
    anchor: Anchor | Pin,
    collection: str,
    roots: Sequence[bytes],
    successor: str,
    now: datetime,
) -> Anchor:
    """Return the anchor of the collection that took over from *collection*. A pure function.

    Keep what is returned, and never ask again: who holds the old key can build
    another bridge, to somewhere else, and nothing in it says which was first.

    Args:
        new: the new root that says so.
        anchor: what is trusted of the old collection: a root of it, a pinned
            one, or a pinned certificate or authority.
        collection: the old collection's name.
        roots: all roots of it that are known, in order; from anywhere, since
            each is verified. The bridge must begin at the last one: where a
            newer root is known, an older key no longer says where to go.
        successor: what the new collection is called. An old key that fell
            into wrong hands cannot lead elsewhere.
        now: the time (UTC) at which the last old root must be good.

    Raises:
        MalformedError: *new*, or one of *roots*, is no root file.
        ThresholdError: too few of the old root's keys signed *new*, or of its own.
        BridgeError: *new* does not take over from *collection*.
        RollbackError: it takes over from an earlier root than the last one.
        MismatchError: it takes over from a later root, or from another one.
        WrongCollectionError: it is the root of something else than *successor*.
        UnpinnedError: nothing but trust on first use is asked for: there is
            nothing to come from.
        NoTrustDataError: the pinned root is not among *roots*.
        PinError: none of *roots* is one that is pinned.
        CertificateError: the certificates are not good for *collection*, or no more.
        ExpiredError: the last old root has expired: its keys vouch for nothing now.
    """
    app = ContentTrust(collection)
    last = last_root(app, anchor=anchor, roots=roots, now=now)
    document = TUF_JSON.parse(Root, new)
    said = {one.collection: one for one in successions(new)}
    if app.name not in said:  # told first: without it, no key of ours need have signed
        raise BridgeError(app.name, said)
    old = certified(last.root.role, app.name)
    proof = verify(document, old, document.unverified.authority(ROOT))
    expected, got = Succession.of(app.name, last.root), said[app.name]
    if got.version < expected.version:
        raise RollbackError(ROOT, expected.version, got.version)
    if got != expected:
        raise MismatchError(
            ROOT,
            f"to take over from the root of {app.name} that is known, which is version",
            f"{expected.version} with the hash {expected.sha256[:16]}…",
            f"version {got.version} with the hash {got.sha256[:16]}…",
        )
    if proof.role.collection != successor:
        raise WrongCollectionError(ROOT, CollectionName(successor), proof.role.collection)
    return Anchor.root(new)


def find_bridge(
    transport: Transport,
    *,
    anchor: Anchor | Pin,
    collection: str,
    roots: Sequence[bytes],
    successor: str,
    now: datetime,
    limits: Limits | None = None,
) -> Anchor:
    """Return what :func:`bridge` does of the first root of *successor* that is one.

    Its roots are looked at in order, from the first one on: a collection may
    have been added to others that moved before.

    Args:
        transport: how the new collection's files are read.
        anchor: see :func:`bridge`.
        collection: see :func:`bridge`.
        roots: see :func:`bridge`.
        successor: see :func:`bridge`.
        now: see :func:`bridge`.
        limits: how much may be read.

    Raises:
        NoTrustDataError: there is no root.
        TrustError: none of them is a bridge; what was wrong with the last one
            that says it takes over from *collection*, or with the last one.
    """
    limits = limits or Limits()

    def begun_at(raw: bytes) -> Anchor:
        return bridge(
            raw, anchor=anchor, collection=collection, roots=roots, successor=successor, now=now
        )

    looking = _looked_for(begun_at, collection, limits)
    return run(looking, transport, MemoryStorage(), limits)


def _looked_for(
    begun_at: Callable[[bytes], Anchor], collection: str, limits: Limits
) -> Workflow[Anchor]:
    telling: VerificationError | NoTrustDataError = NoTrustDataError(
        TUF_JSON.published(ROOT, Version(1))
    )
    for number in range(1, limits.root_rotations + 1):
        raw = yield Fetch(TUF_JSON.published(ROOT, Version(number)), limits.root)
        if raw is None:
            break
        try:
            return begun_at(raw)
        except VerificationError as error:
            names = {one.collection for one in successions(raw)}
            if collection in names or not isinstance(telling, VerificationError):
                telling = error
    raise telling


def last_root(
    app: ContentTrust, *, anchor: Anchor | Pin, roots: Sequence[bytes], now: datetime
) -> RootTrusted:
    """Return the last of *roots*, which are in order, on *anchor*'s word; it is good at *now*.

    Raises:
        TrustError: as :func:`bridge`.
    """
    stage, rest = _beginning(app, anchor, roots, now)
    for raw in rest:
        if app.parse(Root, raw).unverified.version >= stage.root.role.version:
            stage = next_root(stage, raw, app.name)
    not_expired(stage.root, now)
    require_current(stage, app.name)
    return stage


def _beginning(
    app: ContentTrust, anchor: Anchor | Pin, roots: Sequence[bytes], now: datetime
) -> tuple[RootTrusted, Sequence[bytes]]:
    """Return the first root that is trusted by itself, and those that may come after it."""

    def first(raw: bytes, rule: Rule | None = None) -> RootTrusted:
        return first_root(
            raw, format=app, collection=app.name, now=now, source=FromStore(now), rule=rule
        )

    match anchor:
        case Anchor(raw=None):
            for place, raw in enumerate(roots):
                if hashlib.sha256(raw).hexdigest() == anchor.sha256:
                    return first(raw), roots[place + 1 :]
            raise NoTrustDataError(
                app.name,
                f"the root that is pinned, {anchor.sha256}, is not among those given;"
                " give the whole chain of roots, from the first one on",
            )
        case Anchor(raw=bytes(raw)):
            return first(raw), roots
        case TrustPinning():
            rule = anchor.rule_for(app.name)
        case _:
            raise UnpinnedError(app.name)
    if isinstance(rule, TrustOnFirstUse):
        raise UnpinnedError(app.name)
    for place, raw in enumerate(roots):
        try:
            return first(raw, rule), roots[place + 1 :]
        except PinError:
            continue
    raise PinError(app.name, str(rule), ())


def successions(root: bytes) -> tuple[Succession, ...]:
    """Return what the file *root* says it takes over from; its signatures are not looked at.

    Raises:
        MalformedError: it is no such file, or names a collection twice.
    """
    listed = read(root, "root.json").at("signed").get(SUCCEEDS)
    found: dict[CollectionName, Succession] = {}
    for at in () if listed is None else listed.elements():
        name = CollectionName(at.at("collection").text())
        if name in found:
            raise at.at("collection").wrong("every collection once")
        found[name] = Succession(
            collection=name,
            version=Version(at.at("version").integer(1)),
            sha256=at.at("sha256").hex(64),
        )
    return tuple(found.values())
