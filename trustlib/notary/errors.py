"""Verdicts about root certificates; all else is said by the errors that every format has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trustlib._types import ROOT, CollectionName, KeyId
from trustlib.errors import VerificationError, shortened


class CertificateError(VerificationError):
    """A root's certificates are not such that it could be the collection's. Stop.

    Attributes:
        collection: whose root it should be.
        problems: what is wrong, by the ids of the root's keys.
    """

    def __init__(self, collection: CollectionName, problems: Mapping[KeyId, str]) -> None:
        self.role, self.collection, self.problems = ROOT, collection, dict(problems)
        told = "; ".join(
            f"{shortened(keyid[:8], str)} {shortened(why, str)}"
            for keyid, why in sorted(self.problems.items())[:4]
        )
        super().__init__(
            f"root: too few of its keys are certificates for {shortened(collection, str)}"
            f" ({told or 'it has none'}); ask its publisher for a root with a good certificate"
        )


class PinError(VerificationError):
    """A root is none of those that were pinned. Stop: it may be an attack.

    Attributes:
        collection: whose root it should be.
        pinned: what is pinned for it, in a few words.
        got: the ids of the root's keys.
    """

    def __init__(self, collection: CollectionName, pinned: str, got: Iterable[KeyId]) -> None:
        self.role, self.collection, self.pinned, self.got = ROOT, collection, pinned, tuple(got)
        listed = ", ".join(shortened(keyid, str) for keyid in self.got[:4])
        super().__init__(
            f"root: expected {shortened(pinned, str)} for {shortened(collection, str)}, got the"
            f" keys {listed or '(none)'}; either the publisher has a new root key and says so in"
            " another place, or this is somebody else's"
        )


class UnpinnedError(VerificationError):
    """Nothing is pinned for a collection. Pin its certificate, or its authority.

    Attributes:
        collection: what nothing is pinned for.
    """

    def __init__(self, collection: CollectionName) -> None:
        self.role, self.collection = ROOT, collection
        super().__init__(
            f"root: nothing is pinned for {shortened(collection, str)}, and trust on first use was"
            " not asked for; pin the id of its root certificate, or who issued it"
        )
