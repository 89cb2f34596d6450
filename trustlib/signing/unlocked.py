"""A private key that is ready to sign, and shows itself to nobody.

It cannot be printed, compared, copied or pickled into anything secret, and no
signature leaves it that was not verified with the public key first: a fault
while signing can give the private key away.
"""

from __future__ import annotations

from enum import Enum
from importlib import import_module
from typing import Final, Never, Protocol, Self, TypeAlias, assert_never

from attrs import field, frozen
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from trustlib.errors import SigningError
from trustlib.keys import Key, Signature
from trustlib.signing._der import (
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    DerReader,
    der,
)

PrivateKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey

_ED25519: Final = der(OBJECT_IDENTIFIER, bytes.fromhex("2b6570"))  # RFC 8410
_P256: Final = der(OBJECT_IDENTIFIER, bytes.fromhex("2a8648ce3d0201")) + der(
    OBJECT_IDENTIFIER, bytes.fromhex("2a8648ce3d030107")
)  # RFC 5480


class _Made(Protocol):
    @property
    def signature(self) -> str: ...


class SecureSystemsSigner(Protocol):
    """What is asked of a signer of ``securesystemslib``."""

    def sign(self, payload: bytes, /) -> _Made:
        """Return the signature of *payload*, with its value in hex."""
        ...


class Algorithm(Enum):
    """What a new key signs with."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-sha2-nistp256"

    def generate(self) -> PrivateKey:
        """Return a new private key, from the operating system's randomness."""
        match self:
            case Algorithm.ED25519:
                return Ed25519PrivateKey.generate()
            case Algorithm.ECDSA_P256:
                return generate_private_key(SECP256R1())
            case _:
                assert_never(self)


@frozen(eq=False, repr=False)
class UnlockedKey:
    """A :class:`~trustlib.keys.Signer` whose private key is in this process's memory.

    Attributes:
        key: the public half.
    """

    key: Key
    _signer: SecureSystemsSigner = field()

    @classmethod
    def of(cls, private: PrivateKey) -> Self:
        """Return the signer for *private*."""
        return cls(*_halves(private))

    def sign(self, payload: bytes) -> Signature:
        """Return the signature of *payload*, verified.

        Raises:
            SigningError: what was computed does not verify. The machine is
                faulty, or somebody disturbs it; nothing was handed out.
        """
        value = bytes.fromhex(self._signer.sign(payload).signature)
        if not self.key.verifies(value, payload):
            raise SigningError(
                f"key {self.key.id}",
                "made a signature that does not verify; it was thrown away:"
                " do not sign on this machine before its memory was tested",
            )
        return Signature(self.key.id, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key.id})"

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a private key is not pickled or copied; share the object itself")


def _halves(private: PrivateKey) -> tuple[Key, SecureSystemsSigner]:
    # Only those who sign pay for importing a library of signers.
    signer: SecureSystemsSigner = import_module("securesystemslib.signer").CryptoSigner(private)
    return Key.from_pem(public_pem(private).decode()), signer


def public_pem(private: PrivateKey) -> bytes:
    """Return the public half as SubjectPublicKeyInfo in PEM."""
    public = private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def pkcs8(private: PrivateKey) -> bytes:
    """Return *private* as PKCS#8 in DER, in the clear: this is the secret itself."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def private_key(data: bytes, *, what: str) -> PrivateKey | None:
    """Return the key in *data* (PKCS#8 in DER), or None if that is no key at all.

    Which algorithm it is for is read before the key is loaded: to check some
    hostile RSA key may take a day.

    Args:
        data: a OneAsymmetricKey (RFC 5958), from anybody.
        what: the file's name, for the error.

    Raises:
        SigningError: it is a key of a kind that trustlib does not sign with.
    """
    try:
        algorithm = _algorithm(data)
    except DerError:
        return None
    if algorithm not in {_ED25519, _P256}:
        raise SigningError(what, "holds a key that is neither Ed25519 nor ECDSA with P-256")
    try:
        private = load_der_private_key(data, password=None)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return private if isinstance(private, Ed25519PrivateKey | EllipticCurvePrivateKey) else None


def _algorithm(data: bytes) -> bytes:
    file = DerReader(data)
    top = file.within()
    file.finish()
    top.integer()  # the version; whoever loads the key checks it
    algorithm = top.take(SEQUENCE)
    top.take(OCTET_STRING)
    return algorithm
