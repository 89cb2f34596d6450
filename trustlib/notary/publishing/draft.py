"""A new version of one role, on its way to its signatures."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from attrs import field, frozen

from trustlib import keys
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, KeyId, RoleName
from trustlib.documents import Document
from trustlib.errors import SigningError
from trustlib.keys import Key, Signer
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.methods import Signature
from trustlib.publish import words
from trustlib.publish.statement import statement
from trustlib.roles import SPEC_VERSION, Authority, Role
from trustlib.trust import verify


@frozen(kw_only=True)
class NotaryRequest:
    """A role that somebody is asked to sign.

    Attributes:
        role: the role's name.
        document: the role, and the bytes that are signed.
        authorities: who may sign, and how many must; where there are two (a
            new root), both must be satisfied.
        signed_by: ids of keys that signed already.
    """

    role: RoleName
    document: Document[Role] = field(repr=False)
    authorities: tuple[Authority, ...] = field(repr=False)
    signed_by: frozenset[KeyId] = frozenset()

    @property
    def payload(self) -> bytes:
        """The bytes to sign."""
        return self.document.payload

    def __str__(self) -> str:
        """Say in plain words what those bytes say."""
        role = self.document.unverified
        # Left out: how the moment is spelled, and that all this is older than TUF's numbers.
        said = attrs.evolve(role, extra=role.extra.excluding("expires"), spec_version=SPEC_VERSION)
        return statement(attrs.evolve(self.document, unverified=said))

    def asks(self, key: Key) -> bool:
        """Return whether *key* is one of those that may sign."""
        return any(True for _ in self._listed(key))

    def signed_with(self, key: Key) -> bool:
        """Return whether *key* signed already."""
        return any(keyid in self.signed_by for keyid, _ in self._listed(key))

    def sign(self, signer: Signer) -> Signature:
        """Return *signer*'s signature, if it was asked.

        Raises:
            SigningError: nobody asked that key, it cannot be used, or it signs
                in another form than this one.
        """
        listed = next(self._listed(signer.key), None)
        what = f"key {signer.key.id[:8]}"
        if listed is None:  # before a human is bothered
            raise SigningError(what, f"nobody asked it to sign {self.role}; check the key")
        keyid, key = listed
        made = said_by(key, attrs.evolve(signer.sign(self.payload), keyid=keyid))
        if not key.accepts(made, self.payload):
            raise SigningError(
                what,
                "its signature is none of this format, or damaged; sign with the signer that"
                " NotaryKeyFile.unlock() returns",
            )
        return made

    def _listed(self, key: Key) -> Iterator[tuple[KeyId, Key]]:
        for authority in self.authorities:
            for keyid, listed in authority.keys.items():
                if key.material is not None and listed.material == key.material:
                    yield keyid, listed


def said_by(key: Key, signature: keys.Signature) -> Signature:
    """Return *signature* as one that says how it was made: as *key* signs, if it does not."""
    if isinstance(signature, Signature):
        return signature
    return Signature(signature.keyid, signature.value, method=key.scheme)


@frozen(kw_only=True)
class NotaryDraft:
    """A new version of one role, and the signatures it has so far.

    Attributes:
        authorities: who must vouch for it; all of them.
    """

    name: RoleName
    format: ContentTrust
    document: Document[Role] = field(repr=False)
    authorities: tuple[Authority, ...] = field(repr=False)
    signatures: FrozenMap[KeyId, Signature] = field(factory=FrozenMap[KeyId, Signature])

    @property
    def request(self) -> NotaryRequest:
        """What to show to those who are to sign."""
        return NotaryRequest(
            role=self.name,
            document=self.document,
            authorities=self.authorities,
            signed_by=frozenset(self.signatures),
        )

    @property
    def raw(self) -> bytes:
        """The file with the signatures that it has."""
        return self.format.render(self.document.unverified, tuple(self.signatures.values()))

    @property
    def verified(self) -> bytes:
        """The file to publish.

        Raises:
            ThresholdError: it lacks signatures.
        """
        raw = self.raw
        kind = type(self.document.unverified)
        verify(self.format.parse(kind, raw, name=self.name), *self.authorities)
        return raw

    @property
    def missing(self) -> tuple[int, ...]:
        """How many more keys must sign, for each authority."""
        return tuple(
            max(0, authority.threshold - len(self._signers(authority)))
            for authority in self.authorities
        )

    def signed(self, signature: keys.Signature) -> NotaryDraft | None:
        """Return this draft with *signature*, or None if it is not over these bytes.

        One key may go by different ids in the old root and in the new one, where
        it has another certificate; its signature is recorded under each.
        """
        listed = [
            (keyid, key) for authority in self.authorities for keyid, key in authority.keys.items()
        ]
        materials = {
            key.material
            for keyid, key in listed
            if keyid == signature.keyid
            and key.accepts(said_by(key, signature), self.document.payload)
        }
        fitting = {keyid: key for keyid, key in listed if key.material in materials}
        if not fitting:
            return None
        more = {
            keyid: attrs.evolve(said_by(key, signature), keyid=keyid)
            for keyid, key in sorted(fitting.items())
        }
        return attrs.evolve(self, signatures=self.signatures.including(more))

    def described(self) -> Iterator[str]:
        """Say which version this is, which keys signed it, and which may still."""
        yield f"{words.text(self.name)} version {self.document.unverified.version}"
        # A root after the first one answers to two: the keys of the root before it, and its own.
        several = self.name == ROOT and len(self.authorities) > 1
        whose = ("the old root's ", "the new root's ") if several else ("",)
        for authority, of, lacking in zip(self.authorities, whose, self.missing, strict=True):
            done = len(self._signers(authority))
            others = [
                words.one_key(keyid, key)
                for keyid, key in authority.keys.items()
                if keyid not in self.signatures
            ]
            more = f", {lacking} more of: {', '.join(others)}" if lacking else ""
            yield f"  signed by {done} of {of}{authority.threshold} keys{more}"

    def _signers(self, authority: Authority) -> set[bytes | None]:
        return {key.material for keyid, key in authority.keys.items() if keyid in self.signatures}
