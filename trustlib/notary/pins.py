"""Whom a client believes to begin with, where it holds no root: values, and none is a default.

The rules are those of the ``trust_pinning`` section that Docker's programs read.
The first that is about a collection decides alone: a certificate pinned by the
collection's own name, one pinned by the longest beginning of it, an authority
by the longest beginning of it. Whoever is not found there may be believed
because he came first, if that was asked for; no switch does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from attrs import field, frozen

from trustlib._canonical import canonical
from trustlib._frozen import FrozenMap, JsonLike
from trustlib._types import CollectionName
from trustlib.notary.certificates import Certificate, bundle
from trustlib.notary.chains import issued
from trustlib.notary.errors import UnpinnedError
from trustlib.notary.public_keys import PublicKey


@frozen
class TrustOnFirstUse:
    """Believe the first root that is heard of a collection, and no other ever after.

    It is told as an event (:class:`~trustlib.events.TrustedOnFirstUse`), once
    for each store; a store that knows the collection does it no more.
    """

    @property
    def identity(self) -> str:
        """See :class:`trustlib.anchors.Pin`."""
        return hashlib.sha256(b"trust on first use").hexdigest()

    def admits(self, key: PublicKey, now: datetime) -> bool:
        """Return True: whoever comes first."""
        del key, now
        return True

    def __str__(self) -> str:
        return "the first root that is heard of"


@frozen
class PinnedCertificates:
    """The ids of the certificates that may have signed a first root."""

    keyids: tuple[str, ...]

    def admits(self, key: PublicKey, now: datetime) -> bool:
        """Return whether *key* is one of them."""
        del now
        return key.id in self.keyids

    def __str__(self) -> str:
        return f"a certificate among {', '.join(self.keyids)}"


@frozen
class PinnedAuthorities:
    """The authorities that may have issued the certificate of a first root."""

    pem: str = field(repr=False)

    def admits(self, key: PublicKey, now: datetime) -> bool:
        """Return whether one of them issued the certificate *key*, itself or through others."""
        if not (certificates := bundle(key.pem or "")):
            return False
        leaf, *above = certificates
        return issued(leaf, above, bundle(self.pem), now)

    def __str__(self) -> str:
        names = ", ".join(repr(one.common_name) for one in bundle(self.pem))
        return f"a certificate issued by {names}"


Rule: TypeAlias = TrustOnFirstUse | PinnedCertificates | PinnedAuthorities
"""Which keys may sign a first root of one collection."""


def _ids(given: Mapping[str, str | Iterable[str]]) -> FrozenMap[str, tuple[str, ...]]:
    return FrozenMap(
        {name: (ids,) if isinstance(ids, str) else tuple(ids) for name, ids in given.items()}
    )


def _pems(given: Mapping[str, str]) -> FrozenMap[str, str]:
    for prefix, pem in given.items():
        if not _authorities(bundle(pem)):
            raise ValueError(f"{prefix}: expected certificates of authorities in PEM")
    return FrozenMap(given)


def _authorities(certificates: tuple[Certificate, ...]) -> bool:
    return bool(certificates) and all(one.authority for one in certificates)


@frozen(kw_only=True)
class TrustPinning:
    """What is pinned for which collections.

    Attributes:
        certificates: the ids of root certificates as ``root.json`` lists them
            (scoped ids), by the name of a collection, or by its beginning and
            ``*``: ``docker.io/acme/*``.
        authorities: certificates of authorities in PEM, by the beginning of
            the collections whose root certificates they issue.
        otherwise: what to do about collections for which nothing is pinned.
            None: they are refused.

    Raises:
        ValueError: an authority is no certificate that may issue others.
    """

    certificates: FrozenMap[str, tuple[str, ...]] = field(
        factory=FrozenMap[str, tuple[str, ...]], converter=_ids
    )
    authorities: FrozenMap[str, str] = field(factory=FrozenMap[str, str], converter=_pems)
    otherwise: TrustOnFirstUse | None = None

    @property
    def identity(self) -> str:
        """See :class:`trustlib.anchors.Pin`."""
        value: dict[str, JsonLike] = {
            "certificates": self.certificates,
            "authorities": self.authorities,
            "otherwise": None if self.otherwise is None else self.otherwise.identity,
        }
        return hashlib.sha256(canonical(value)).hexdigest()

    def rule_for(self, collection: CollectionName) -> Rule:
        """Return what decides about *collection*.

        Raises:
            UnpinnedError: nothing does.
        """
        if collection in self.certificates:
            return PinnedCertificates(self.certificates[collection])
        beginnings = {
            name.removesuffix("*"): ids
            for name, ids in self.certificates.items()
            if name.endswith("*")
        }
        if (prefix := _longest(beginnings, collection)) is not None:
            return PinnedCertificates(beginnings[prefix])
        if (prefix := _longest(self.authorities, collection)) is not None:
            return PinnedAuthorities(self.authorities[prefix])
        if self.otherwise is not None:
            return self.otherwise
        raise UnpinnedError(collection)


def pinned_certificate(collection: str, keyid: str) -> TrustPinning:
    """Return the pinning of one root certificate of one collection, by its scoped id."""
    return TrustPinning(certificates={collection: keyid})


def _longest(beginnings: Iterable[str], collection: str) -> str | None:
    return max((one for one in beginnings if collection.startswith(one)), key=len, default=None)
