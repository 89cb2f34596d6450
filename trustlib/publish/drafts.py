"""A new version of one role on its way to its signatures."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, KeyId, RoleName
from trustlib.documents import Document
from trustlib.keys import Signature
from trustlib.publish import words
from trustlib.publish.request import SigningRequest
from trustlib.roles import Authority, Role
from trustlib.verify import verify
from trustlib.wire import TUF_JSON


@frozen(kw_only=True)
class Draft:
    """A new version of one role, and the signatures it has so far.

    Attributes:
        authorities: who must vouch for it; all of them.
        bridging: who should besides, so that it is good under the old root,
            too; without them it is good, but not for everybody at once.
    """

    name: RoleName
    document: Document[Role] = field(repr=False)
    authorities: tuple[Authority, ...] = field(repr=False)
    bridging: tuple[Authority, ...] = field(default=(), repr=False)
    signatures: FrozenMap[KeyId, Signature] = field(factory=FrozenMap[KeyId, Signature])

    @property
    def request(self) -> SigningRequest:
        """What to send to those who are to sign."""
        return SigningRequest(
            role=self.name,
            document=self.document,
            authorities=self.authorities + self.bridging,
            signed_by=frozenset(self.signatures),
        )

    @property
    def raw(self) -> bytes:
        """The file with the signatures that it has."""
        return TUF_JSON.enclosed(self.document, tuple(self.signatures.values()))

    @property
    def verified(self) -> bytes:
        """The file to publish, before a client has read it.

        Raises:
            ThresholdError: it lacks signatures.
        """
        raw, signatures = self.raw, tuple(self.signatures.values())
        verify(attrs.evolve(self.document, raw=raw, signatures=signatures), *self.authorities)
        return raw

    @property
    def missing(self) -> tuple[int, ...]:
        """How many more keys must sign, for each authority."""
        return tuple(self._lacking(authority) for authority in self.authorities)

    @property
    def bridged(self) -> bool:
        """Whether those who should sign for the old root have."""
        return not any(self._lacking(authority) for authority in self.bridging)

    def signed(self, signature: Signature) -> Draft | None:
        """Return this draft with *signature*, or None if it is not over these bytes.

        One key may go by different ids in the old root and in the new one; its
        signature is recorded under each.
        """
        payload = self.document.payload
        asked = self.authorities + self.bridging
        materials = {
            key.material
            for authority in asked
            for keyid, key in authority.keys.items()
            if keyid == signature.keyid and key.verifies(signature.value, payload)
        }
        ids = {
            keyid
            for authority in asked
            for keyid, key in authority.keys.items()
            if key.material in materials
        }
        if not ids:
            return None
        more = {keyid: Signature(keyid, signature.value) for keyid in sorted(ids)}
        return attrs.evolve(self, signatures=self.signatures.including(more))

    def described(self) -> Iterator[str]:
        """Say which version this is, which keys signed it, and which may still."""
        yield f"{words.text(self.name)} version {self.document.unverified.version}"
        # A root after the first one answers to two: the keys of the root before it, and its own.
        several = self.name == ROOT and len(self.authorities) > 1
        whose = ("the old root's ", "the new root's ") if several else ("",) * len(self.authorities)
        for authority, of in zip(self.authorities, whose, strict=True):
            by, others = self._signed_by(authority)
            done, lacking = self._done(authority), self._lacking(authority)
            who = f" ({', '.join(by)})" if by else ""
            more = f", {lacking} more of: {', '.join(others)}" if lacking else ""
            yield f"  signed by {done} of {of}{authority.threshold} keys{who}{more}"
        for authority in self.bridging:
            if lacking := self._lacking(authority):
                yield (
                    f"  and {lacking} of the old keys should sign, so that no client refuses it"
                    f" while the root changes: {', '.join(self._signed_by(authority)[1])}"
                )

    def _done(self, authority: Authority) -> int:
        return len(_signers(authority, self.signatures))

    def _lacking(self, authority: Authority) -> int:
        return max(0, authority.threshold - self._done(authority))

    def _signed_by(self, authority: Authority) -> tuple[list[str], list[str]]:
        """Return which keys of *authority* signed, and which did not, in words."""
        by: list[str] = []
        others: list[str] = []
        for keyid, key in authority.keys.items():
            (by if keyid in self.signatures else others).append(words.one_key(keyid, key))
        return by, others


def _signers(authority: Authority, signatures: Collection[KeyId]) -> set[bytes | None]:
    return {key.material for keyid, key in authority.keys.items() if keyid in signatures}
