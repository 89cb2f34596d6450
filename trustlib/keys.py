"""Public keys, signatures, and whatever can make one.

A key is known by its material, not by its id: an id is a name that a publisher
chose, and one key may go by two of them. What a key signs with is bound to the
key (type, scheme and curve together), never to the signature.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

from attrs import field, frozen

from trustlib._canonical import canonical, compact
from trustlib._frozen import FrozenMap, Json
from trustlib._json import read
from trustlib._notes import content, written
from trustlib._schemes import from_pem, material, spelled, verifies
from trustlib._types import Covered, KeyId

_MAX_SIGNATURE_FILE = 65_536  # bytes; an ML-DSA-87 signature has 9,300 hex digits


@frozen(kw_only=True)
class Key:
    """A public key as root or a delegating targets role lists it (§4.2.2).

    A key of a type or scheme that trustlib does not know, or whose value is
    damaged, is kept and never counts.

    Attributes:
        keytype: TUF's name for the kind of key.
        scheme: the one signature scheme this key is used with.
        keyval: the key object's ``keyval``; its member ``public`` is the key.
        extra: members of the key object that TUF does not define.
    """

    keytype: str
    scheme: str
    keyval: FrozenMap[str, Json]
    extra: FrozenMap[str, Json] = field(factory=FrozenMap[str, Json])

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Return the key that *pem* (SubjectPublicKeyInfo) holds, as TUF lists it.

        Raises:
            ValueError: *pem* is no public key, or of a kind that trustlib has
                no signature scheme for.
        """
        keytype, scheme, public = spelled(from_pem(pem))
        return cls(keytype=keytype, scheme=scheme, keyval=FrozenMap({"public": public}))

    @cached_property
    def id(self) -> KeyId:
        """SHA-256 of the canonical form of the key, in hex (§4.2.1).

        Publishers write this id. Readers take the id under which metadata lists
        a key for a name and nothing more.
        """
        form: dict[str, Json] = {
            "keytype": self.keytype,
            "scheme": self.scheme,
            "keyval": self.keyval,
        }
        return KeyId(hashlib.sha256(canonical(form)).hexdigest())

    @cached_property
    def material(self) -> bytes | None:
        """The key itself (DER), equal for two keys if they are one; None if unusable."""
        public = self._public
        return None if public is None else material(self.keytype, self.scheme, public)

    def verifies(self, signature: bytes, payload: Covered) -> bool:
        """Return whether *signature* is this key's over *payload*; an unusable key's never is."""
        public = self._public
        return public is not None and verifies(
            self.keytype, self.scheme, public, signature, payload
        )

    def accepts(self, signature: Signature, payload: Covered) -> bool:
        """Return whether *signature* is this key's over *payload*, whatever it says of itself."""
        return self.verifies(signature.value, payload)

    @property
    def _public(self) -> str | None:
        public = self.keyval.get("public")
        return public if isinstance(public, str) else None


@frozen
class Signature:
    """One key's signature over one payload.

    Attributes:
        keyid: the name of the key in the metadata that authorises it.
        value: the signature's bytes.
    """

    keyid: KeyId
    value: bytes = field(repr=lambda value: f"<{len(value)} bytes>")

    def write(self, path: str | Path) -> None:
        """Write the signature to a small file, for the way back from an offline machine.

        Raises:
            StorageError: the file cannot be written.
        """
        text = compact({"keyid": self.keyid, "sig": self.value.hex()})
        written(path, text + "\n")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Return the signature that :meth:`write` wrote.

        Raises:
            MalformedError: the file holds something else.
            StorageError: the file cannot be read.
        """
        at = read(content(path, _MAX_SIGNATURE_FILE), str(path))
        return cls(KeyId(at.at("keyid").text()), bytes.fromhex(at.at("sig").hex()))


class Signer(Protocol):
    """Whatever can sign: a key file, an HSM, a service, a colleague's laptop."""

    @property
    def key(self) -> Key:
        """The public half."""
        ...

    def sign(self, payload: bytes) -> Signature:
        """Return the signature over *payload*.

        Raises:
            SigningError: the key cannot be used.
        """
        ...


class AsyncSigner(Protocol):
    """A :class:`Signer` that is awaited: it needs seconds, a touch, or the network."""

    @property
    def key(self) -> Key:
        """The public half."""
        ...

    async def sign(self, payload: bytes) -> Signature:
        """Return the signature over *payload*.

        Raises:
            SigningError: the key cannot be used.
        """
        ...
