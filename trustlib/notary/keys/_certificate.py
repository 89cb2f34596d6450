"""The certificate in which a root lists its key: what Notary makes, field by field.

Written by hand because the name of a collection may be longer than the 64
characters that X.520 allows a common name, and Notary does not mind.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError
from trustlib.notary.keys._blocks import is_sayable
from trustlib.notary.keys._pkcs8 import NotaryPrivateKey
from trustlib.signing._der import (
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    der,
    der_integer,
)
from trustlib.signing._pem import pem

VALIDITY: Final = timedelta(days=3650)

_BOOLEAN, _BIT_STRING, _UTF8, _PRINTABLE = 0x01, 0x03, 0x0C, 0x13
_UTC_TIME, _GENERALIZED_TIME, _SET = 0x17, 0x18, 0x31
_VERSION, _EXTENSIONS = 0xA0, 0xA3  # [0] and [3]
_GENERALIZED_FROM: Final = 2050  # RFC 5280, §4.1.2.5
_PRINTABLES: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"
)

_TRUE: Final = der(_BOOLEAN, b"\xff")
_COMMON_NAME: Final = der(OBJECT_IDENTIFIER, bytes.fromhex("550403"))
_KEY_USAGE: Final = der(
    SEQUENCE,
    der(OBJECT_IDENTIFIER, bytes.fromhex("551d0f")),
    _TRUE,
    der(OCTET_STRING, der(_BIT_STRING, b"\x05\xa0")),  # digitalSignature, keyEncipherment
)
_EXTENDED_KEY_USAGE: Final = der(
    SEQUENCE,
    der(OBJECT_IDENTIFIER, bytes.fromhex("551d25")),
    der(
        OCTET_STRING,
        der(SEQUENCE, der(OBJECT_IDENTIFIER, bytes.fromhex("2b06010505070303"))),  # codeSigning
    ),
)
_BASIC_CONSTRAINTS: Final = der(
    SEQUENCE,
    der(OBJECT_IDENTIFIER, bytes.fromhex("551d13")),
    _TRUE,
    der(OCTET_STRING, der(SEQUENCE)),  # no authority
)
_RSA: Final = der(OBJECT_IDENTIFIER, bytes.fromhex("2a864886f70d01010b")) + der(NULL)
_ECDSA: Final = FrozenMap[str, tuple[hashes.HashAlgorithm, bytes]](
    {
        "secp224r1": (hashes.SHA256(), bytes.fromhex("2a8648ce3d040302")),
        "secp256r1": (hashes.SHA256(), bytes.fromhex("2a8648ce3d040302")),
        "secp384r1": (hashes.SHA384(), bytes.fromhex("2a8648ce3d040303")),
        "secp521r1": (hashes.SHA512(), bytes.fromhex("2a8648ce3d040304")),
    }
)


def self_signed(private: NotaryPrivateKey, gun: str, *, now: datetime) -> bytes:
    """Return a certificate of *private*'s public half for *gun*, in PEM.

    Raises:
        InvalidSignature: what was computed does not verify.
        SigningError: the key is Ed25519.
        ValueError: *gun* is no name, or *now* has no time zone.
    """
    if isinstance(private, Ed25519PrivateKey):
        raise SigningError(
            gun, "has a root with an Ed25519 key; Notary reads certificates of ECDSA and RSA only"
        )
    if not is_sayable(gun):
        raise ValueError(f"the name of a collection is one line of text, got {gun!r}")
    if now.tzinfo is None:
        raise ValueError("now: expected a time with a zone, got one without")
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    begin, serial = now.astimezone(UTC), secrets.randbits(128)
    if isinstance(private, RSAPrivateKey):
        body = to_be_signed(public, gun, serial=serial, begin=begin, algorithm=_RSA)
        value = private.sign(body, padding.PKCS1v15(), hashes.SHA256())
        private.public_key().verify(value, body, padding.PKCS1v15(), hashes.SHA256())
        return _signed(body, _RSA, value)
    hash_, number = _ECDSA[private.curve.name]
    algorithm = der(OBJECT_IDENTIFIER, number)
    body = to_be_signed(public, gun, serial=serial, begin=begin, algorithm=algorithm)
    value = private.sign(body, ec.ECDSA(hash_))
    private.public_key().verify(value, body, ec.ECDSA(hash_))
    return _signed(body, algorithm, value)


def to_be_signed(
    public: bytes, gun: str, *, serial: int, begin: datetime, algorithm: bytes
) -> bytes:
    """Return the TBSCertificate (RFC 5280, §4.1), in DER.

    Args:
        public: SubjectPublicKeyInfo.
        gun: who it is for, and who says so.
        serial: not negative.
        begin: from when on it is valid, in UTC.
        algorithm: what it will be signed with: the contents of an AlgorithmIdentifier.
    """
    tag = _PRINTABLE if _PRINTABLES.issuperset(gun) else _UTF8
    name = der(SEQUENCE, der(_SET, der(SEQUENCE, _COMMON_NAME, der(tag, gun.encode()))))
    return der(
        SEQUENCE,
        der(_VERSION, der_integer(2)),  # the third
        der_integer(serial),
        der(SEQUENCE, algorithm),
        name,
        der(SEQUENCE, _time(begin), _time(begin + VALIDITY)),
        name,
        public,
        der(_EXTENSIONS, der(SEQUENCE, _KEY_USAGE, _EXTENDED_KEY_USAGE, _BASIC_CONSTRAINTS)),
    )


def _signed(body: bytes, algorithm: bytes, value: bytes) -> bytes:
    signature = der(_BIT_STRING, b"\0", value)
    return pem("CERTIFICATE", der(SEQUENCE, body, der(SEQUENCE, algorithm), signature))


def _time(time: datetime) -> bytes:
    text = f"{time:%Y%m%d%H%M%SZ}"
    if time.year < _GENERALIZED_FROM:
        return der(_UTC_TIME, text[2:].encode())
    return der(_GENERALIZED_TIME, text.encode())
