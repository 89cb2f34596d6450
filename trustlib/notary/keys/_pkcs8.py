"""Notary's own spelling of private keys, and the standard one: there and back.

Its PKCS#8 (RFC 5958) says version 1 for curves, leaves out a NULL for RSA, and
has an identifier from a private arc for Ed25519, whose contents are the public
key, the seed and the public key again. Other programs refuse all three, and it
refuses theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from trustlib.errors import SigningError
from trustlib.signing._der import (
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    DerReader,
    der,
    der_integer,
)
from trustlib.signing._private import KINDS, OTHER_CURVES, from_sec1, private_key

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey

NotaryPrivateKey: TypeAlias = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey
"""The kinds of keys that there are in Notary."""

_EC: Final = bytes.fromhex("2a8648ce3d0201")
_RSA: Final = bytes.fromhex("2a864886f70d010101")
_ED25519: Final = bytes.fromhex("2b6570")  # RFC 8410
_NOTARY_ED25519: Final = bytes.fromhex("2b06010401da470f01")  # 1.3.6.1.4.1.11591.15.1
_LENGTH: Final = 32  # bytes of an Ed25519 key, and of its seed

_KINDS: Final = KINDS | OTHER_CURVES
OTHERWISE: Final = (
    "holds a key of a kind or size that is not read; expected ECDSA with P-224, P-256, P-384 or"
    " P-521, RSA with 2048 to 4096 bits, or Ed25519: make a new key"
)


def notary_key(private: PrivateKey, *, what: str) -> NotaryPrivateKey:
    """Return *private*, if Notary has such keys.

    Raises:
        SigningError: it has not.
    """
    match private:
        case EllipticCurvePrivateKey() if private.curve.name in _CURVES:
            return private
        case RSAPrivateKey() | Ed25519PrivateKey():
            return private
        case _:
            raise SigningError(what, OTHERWISE)


_CURVES: Final = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})


def to_notary(private: NotaryPrivateKey) -> bytes:
    """Return *private* as Notary's PKCS#8 in DER, in the clear: this is the secret itself."""
    if isinstance(private, Ed25519PrivateKey):
        public, seed = private.public_key().public_bytes_raw(), private.private_bytes_raw()
        return _wrapped(0, der(OBJECT_IDENTIFIER, _NOTARY_ED25519), public + seed + public)
    inner = private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    if isinstance(private, RSAPrivateKey):
        return _wrapped(0, der(OBJECT_IDENTIFIER, _RSA), inner)
    return _wrapped(1, _curve(inner), inner)


def from_notary(data: bytes, *, what: str) -> NotaryPrivateKey | None:
    """Return the key in *data* (PKCS#8 in DER, Notary's or anybody's), or None if it is none.

    Args:
        data: from anybody.
        what: the file's name, for the error.

    Raises:
        SigningError: it is a key of a kind or size that Notary does not have.
    """
    try:
        kind, parameters, inner = _contents(data)
        if kind == _NOTARY_ED25519:
            return from_serialized(inner)
    except DerError:
        return None
    if kind == _RSA and not parameters:
        parameters = der(NULL)
    standard = _wrapped(0, der(OBJECT_IDENTIFIER, kind) + parameters, inner)
    private = private_key(standard, what=what, kinds=_KINDS, otherwise=OTHERWISE)
    return None if private is None else notary_key(private, what=what)


def from_serialized(inner: bytes) -> Ed25519PrivateKey | None:
    """Return the Ed25519 key that Notary serialised: public, seed, public; None if it is none."""
    if len(inner) != 3 * _LENGTH:
        return None
    public, seed, again = (inner[at : at + _LENGTH] for at in range(0, len(inner), _LENGTH))
    private = Ed25519PrivateKey.from_private_bytes(seed)
    # A seed under another key's name would sign what nobody can verify.
    return private if public == again == private.public_key().public_bytes_raw() else None


def _wrapped(version: int, algorithm: bytes, inner: bytes) -> bytes:
    return der(SEQUENCE, der_integer(version), der(SEQUENCE, algorithm), der(OCTET_STRING, inner))


def _curve(sec1: bytes) -> bytes:
    """Return the algorithm of *sec1*, an ECPrivateKey that names its curve."""
    kind, parameters, _ = _contents(from_sec1(sec1) or b"")
    return der(OBJECT_IDENTIFIER, kind) + parameters


def _contents(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the kind of key, its parameters as they are, and the key."""
    file = DerReader(data)
    top = file.within()
    file.finish()
    top.integer()
    algorithm = top.take(SEQUENCE)
    kind = DerReader(algorithm).take(OBJECT_IDENTIFIER)
    return kind, algorithm[len(der(OBJECT_IDENTIFIER, kind)) :], top.take(OCTET_STRING)
