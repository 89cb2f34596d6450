"""A key of Notary's that is unlocked, and signs in Notary's forms.

They differ from TUF's: ECDSA is SHA-256 on every curve, and its value the two
numbers side by side, in as many bytes as the curve has. No signature is handed
out that was not verified with the public key first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Never, Self, assert_never

from attrs import field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from trustlib._types import KeyId
from trustlib.errors import SigningError
from trustlib.notary.keys._certificate import self_signed
from trustlib.notary.keys._pkcs8 import NotaryPrivateKey, notary_key
from trustlib.notary.keys.public import NotaryPublicKey
from trustlib.notary.methods import Signature
from trustlib.notary.public_keys import PublicKey
from trustlib.signing import _files
from trustlib.signing._private import public_pem
from trustlib.signing.unlocked import UnlockedKey

if TYPE_CHECKING:
    from datetime import datetime

    from trustlib.signing.algorithms import PrivateKey

_SALT: Final = 32  # bytes; Notary verifies no other length


@frozen
class NotarySignature:
    """What a key signed, as metadata lists it.

    Attributes:
        method: ``ecdsa``, ``rsapss`` or ``eddsa``.
        value: the signature's bytes.
    """

    method: str
    value: bytes = field(repr=lambda value: f"<{len(value)} bytes>")


def signed_as_notary(private: PrivateKey, payload: bytes) -> NotarySignature:
    """Return the signature of *payload*, verified.

    Args:
        private: an unlocked key.
        payload: the canonical form of what a file signs.

    Raises:
        SigningError: Notary has no such keys; or what was computed does not
            verify: the machine is faulty, and nothing was handed out.
    """
    own = notary_key(private, what="key")
    try:
        return _signed(own, payload)
    except InvalidSignature:
        pass
    raise _faulty(own)


def _faulty(private: NotaryPrivateKey) -> SigningError:
    return SigningError(
        f"key {NotaryPublicKey.of(private.public_key()).id}",
        "made a signature that does not verify; it was thrown away:"
        " do not sign on this machine before its memory was tested",
    )


@frozen(eq=False, repr=False)
class NotarySigner:
    """A :class:`~trustlib.keys.Signer` of Notary's forms, its private key in this memory.

    Attributes:
        public: the public half, with the names by which Notary knows it.
    """

    public: NotaryPublicKey
    _private: NotaryPrivateKey

    @classmethod
    def of(cls, private: PrivateKey) -> Self:
        """Return the signer for *private*, listed without a certificate.

        Raises:
            SigningError: Notary has no such keys.
        """
        own = notary_key(private, what="key")
        return cls(NotaryPublicKey.of(own.public_key()), own)

    @property
    def key(self) -> PublicKey:
        """The public half, as roles list it."""
        return self.public.listed

    @property
    def id(self) -> KeyId:
        """The name by which metadata knows the key."""
        return self.public.id

    @property
    def method(self) -> str:
        """What the signatures name as their method."""
        return self.public.method

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of *payload*, verified, under Notary's name of the key.

        Raises:
            SigningError: what was computed does not verify; nothing was handed out.
        """
        made = signed_as_notary(self._private, payload)
        return Signature(self.id, made.value, method=made.method)

    def certificate(self, gun: str, *, now: datetime) -> bytes:
        """Return a new certificate for the root of *gun*, in PEM, as Notary makes it.

        Signed by the key itself, for ten years from *now* on, which is all that
        Notary asks for where nobody pins an authority.

        Raises:
            SigningError: the key is Ed25519, for which Notary reads no
                certificates; or what was computed does not verify.
            ValueError: *gun* is no name, or *now* has no time zone.
        """
        try:
            return self_signed(self._private, gun, now=now)
        except InvalidSignature:
            pass
        raise _faulty(self._private)

    def under(self, certificate: bytes) -> Self:
        """Return the same key as a root lists it: inside *certificate* (PEM).

        Raises:
            SigningError: it is no certificate, or one of another key.
        """
        public = NotaryPublicKey.of_certificate(certificate)
        if public.canonical_id != self.public.canonical_id:
            raise SigningError(
                f"key {self.public.canonical_id}",
                f"is not the one that the certificate is for, which is {public.canonical_id}:"
                " give the certificate of this key",
            )
        return type(self)(public, self._private)

    def modern(self) -> UnlockedKey:
        """Return the same key, signing as TUF says: for collections that are not Notary's.

        Raises:
            SigningError: TUF has no scheme for the key (P-224 and P-521).
        """
        _files.public_key(public_pem(self._private), what=f"key {self.public.canonical_id}")
        return UnlockedKey.of(self._private)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a private key is not pickled or copied; share the object itself")


def _signed(private: NotaryPrivateKey, payload: bytes) -> NotarySignature:
    match private:
        case Ed25519PrivateKey():
            value = private.sign(payload)
            private.public_key().verify(value, payload)
            return NotarySignature("eddsa", value)
        case RSAPrivateKey():
            scheme = padding.PSS(padding.MGF1(SHA256()), _SALT)
            value = private.sign(payload, scheme, SHA256())
            private.public_key().verify(value, payload, scheme, SHA256())
            return NotarySignature("rsapss", value)
        case EllipticCurvePrivateKey():
            encoded = private.sign(payload, ec.ECDSA(SHA256()))
            private.public_key().verify(encoded, payload, ec.ECDSA(SHA256()))
            length = (private.curve.key_size + 7) // 8
            numbers = decode_dss_signature(encoded)
            value = b"".join(number.to_bytes(length) for number in numbers)
            return NotarySignature("ecdsa", value)
        case _:
            assert_never(private)
