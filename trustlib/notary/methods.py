"""How a signature says that it was made, and what a key makes of that.

A key's type decides what it signs with; the method that a signature names must
be one of that type's, and then the mathematics decides. There is one spelling
of an ECDSA signature here: r and s side by side, each as long as the curve's
order, and SHA-256 whatever the curve.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from trustlib import keys

ECDSA: Final = "ecdsa"
EDDSA: Final = "eddsa"
RSA_PSS: Final = "rsapss"
RSA_PKCS1: Final = "rsapkcs1v15"
PYCRYPTO: Final = "pycrypto-pkcs#1 pss"

_SHA256: Final = hashes.SHA256()
_PSS: Final = padding.PSS(padding.MGF1(_SHA256), salt_length=32)


@frozen
class Signature(keys.Signature):
    """A signature, and how it says that it was made.

    Attributes:
        method: as it was written; upper and lower case are the same.
    """

    method: str = field(kw_only=True)


def verified(key: PublicKeyTypes, method: str, signature: bytes, payload: bytes) -> bool:
    """Return whether *signature* is *key*'s over *payload*, made by *method*."""
    try:
        match key, method:
            case ec.EllipticCurvePublicKey(), "ecdsa":
                size = (key.curve.key_size + 7) // 8
                if len(signature) != 2 * size:
                    return False
                r, s = (int.from_bytes(half) for half in (signature[:size], signature[size:]))
                key.verify(encode_dss_signature(r, s), payload, ec.ECDSA(_SHA256))
            case Ed25519PublicKey(), "eddsa":
                key.verify(signature, payload)
            case rsa.RSAPublicKey(), "rsapss" | "pycrypto-pkcs#1 pss":
                _of_length(key, signature)
                key.verify(signature, payload, _PSS, _SHA256)
            case rsa.RSAPublicKey(), "rsapkcs1v15":
                _of_length(key, signature)
                key.verify(signature, payload, padding.PKCS1v15(), _SHA256)
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def _of_length(key: rsa.RSAPublicKey, signature: bytes) -> None:
    if len(signature) != (key.key_size + 7) // 8:  # RFC 8017 has one spelling of a number
        raise InvalidSignature
