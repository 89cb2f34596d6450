"""When a root is the collection's: who vouches for it, by which certificates.

A root is vouched for by the root before it and by itself. Of its own keys, and
of those of the root before, only certificates count that are for this very
collection: one key serves many collections, and a root of one is not a root of
another. Versions may jump; they never go back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, CollectionName, KeyId
from trustlib.documents import Format
from trustlib.errors import ThresholdError, moment
from trustlib.keys import Key
from trustlib.notary.certificates import bundle, unfit
from trustlib.notary.errors import CertificateError, PinError
from trustlib.notary.pins import Rule
from trustlib.notary.public_keys import PublicKey
from trustlib.publish.opening import BEGINNING
from trustlib.roles import Authority, Root
from trustlib.sources import Source
from trustlib.trust import RootTrusted, verify
from trustlib.trust.agreeing import recovered, succeeding


def first_root(
    raw: bytes,
    *,
    format: Format,
    collection: CollectionName,
    now: datetime,
    source: Source,
    rule: Rule | None = None,
) -> RootTrusted:
    """Trust *raw* to begin with; it may have expired.

    Args:
        raw: a root file.
        format: how files are written.
        collection: whose root it is.
        now: the reference time (UTC).
        source: where the next ones will be from.
        rule: which certificates may have signed it; None: it came out of band,
            or was looked at before.

    Raises:
        MalformedError: *raw* is no root file.
        CertificateError: its certificates are not good for the collection.
        PinError: they are none of those that the rule admits.
        ThresholdError: it is not even signed by its own keys.
    """
    document = format.parse(Root, raw)
    own = certified(document.unverified, collection)
    if rule is not None:
        own = _which(own, lambda key: rule.admits(key, now))
        if len(own.keys) < own.threshold:
            got = document.unverified.authority(ROOT).keys
            raise PinError(collection, str(rule), got)
    root = verify(document, own, step="§5.2")
    return RootTrusted(root=root, now=now, format=format, source=source)


def next_root(stage: RootTrusted, raw: bytes, collection: CollectionName) -> RootTrusted:
    """Trust a later root than *stage*'s, vouched for by that one and by itself.

    Raises:
        MalformedError: *raw* is no root file.
        CertificateError: its certificates are not good for the collection.
        ThresholdError: too few certificates of the old root, or of the new one, signed.
        RollbackError: it is an older one.
        MismatchError: it is of the same version, and says something else.
    """
    old = stage.root.role
    document = stage.format.parse(Root, raw)
    new = verify(
        document,
        certified(old, collection),
        certified(document.unverified, collection),
        step="§5.3.4",
    )
    succeeding(new, stage.root)
    prior = recovered(stage.prior, old, new.role)
    return attrs.evolve(stage, root=new, prior=prior)


def require_current(stage: RootTrusted, collection: CollectionName) -> None:
    """Make sure that the certificates of the root are good at *stage*'s time.

    As with its expiry, that matters only for the last root: whether those
    before it expired since does not.

    Raises:
        CertificateError: too few of those that signed it are.
    """
    root, now = stage.root, stage.now
    if now == BEGINNING:
        return  # a publisher opens what has expired, and nothing has begun then
    current = _which(certified(root.role, collection), lambda key: _until(key, now) is None)
    try:
        verify(stage.format.parse(Root, root.raw), current)
    except ThresholdError:
        keys = root.role.authority(ROOT).keys
        raise CertificateError(collection, _problems(keys, lambda key: _until(key, now))) from None


def certified(root: Root, collection: CollectionName) -> Authority:
    """Return who may vouch for *root*, or as it: those of its keys that are good certificates."""
    every = root.authority(ROOT)

    def problem(key: PublicKey) -> str | None:
        if key.pem is None:
            return f"is a key of type {key.keytype!r} and no certificate"
        return unfit(key.pem, collection)

    good = _which(every, lambda key: problem(key) is None)
    if len(good.keys) < good.threshold:
        raise CertificateError(collection, _problems(every.keys, problem))
    return good


def _which(authority: Authority, good: Callable[[PublicKey], bool]) -> Authority:
    keys = {
        keyid: key
        for keyid, key in authority.keys.items()
        if isinstance(key, PublicKey) and good(key)
    }
    return Authority(FrozenMap(keys), authority.threshold)


def _problems(
    keys: FrozenMap[KeyId, Key], problem: Callable[[PublicKey], str | None]
) -> dict[KeyId, str]:
    found = {keyid: problem(key) for keyid, key in keys.items() if isinstance(key, PublicKey)}
    return {keyid: why for keyid, why in found.items() if why is not None}


def _until(key: PublicKey, now: datetime) -> str | None:
    leaf = bundle(key.pem or "")[:1]
    if not leaf or leaf[0].good_at(now):
        return None
    return f"is good from {moment(leaf[0].begins)} until {moment(leaf[0].ends)}, and not now"
