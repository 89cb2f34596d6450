"""What only this format has errors for: root certificates, and servers that refuse an update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trustlib._types import ROOT, CollectionName, KeyId
from trustlib.errors import StorageError, VerificationError, shortened


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


class RefusedUpdateError(StorageError):
    """A trust server does not take what was sent to it, and nothing was changed.

    Attributes:
        where: the address.
        code: what the server calls it: ``INVALID_UPDATE``, ``INVALID_GUN``, …
        kind: which part of it is meant: ``ErrBadTargets``, ``ErrBadRoot``, …;
            empty where it does not say.
        reason: what the server says of it.
    """

    def __init__(self, where: str, code: str, kind: str, reason: str) -> None:
        super().__init__(where, reason)
        self.code, self.kind = code, kind
        said = ": ".join(shortened(part, str) for part in (code, kind, reason) if part)
        self.args = (
            f"{shortened(where, str)}: the server refuses the update, and nothing was changed"
            f" ({said}); {_ADVICE.get(kind, _OTHERWISE)}",
        )


_OTHERWISE = "open the collection again, and see whether the same is refused again"
_SNAPSHOT = "the server does not have the snapshot's key: have whoever has it sign the plan"
_ADVICE = {
    "ErrBadHierarchy": _SNAPSHOT,
    "ErrBadSnapshot": "open the collection again: its files are others than the snapshot lists",
    "ErrBadRoot": "open the collection again: roots follow one another, each signed by both",
    "ErrBadTargets": "open the collection again: other keys than those that signed may sign now",
    "ErrValidation": f"where the server speaks of a key that was not found, {_SNAPSHOT}",
}


class BridgeError(VerificationError):
    """A root does not say that it takes over from a collection. Stop, and ask its publisher.

    Attributes:
        collection: from which it should.
        named: from which it says that it does.
    """

    def __init__(self, collection: CollectionName, named: Iterable[CollectionName]) -> None:
        self.role, self.collection, self.named = ROOT, collection, tuple(named)
        listed = ", ".join(shortened(name, str) for name in self.named[:4])
        super().__init__(
            f"root: expected one that takes over from {shortened(collection, str)}, got one that"
            f" takes over from {listed or 'nothing'}; a key that both collections have does not"
            " make it the same: ask the publisher where this one went"
        )
