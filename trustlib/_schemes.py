"""Key types and signature schemes, through ``cryptography``.

The one module that looks inside a public key. What a key may verify is decided
by its (keytype, scheme) pair *and* by what the key really is: an RSA key that
calls itself ed25519, or a P-384 point under a P-256 scheme, is no key at all.
The library is imported when the first key is looked at, not before.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from trustlib._frozen import FrozenMap
from trustlib._types import Covered

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

SCHEMES: Final[FrozenMap[tuple[str, str], str]] = FrozenMap(
    {
        ("ed25519", "ed25519"): "ed25519",
        ("ecdsa", "ecdsa-sha2-nistp256"): "secp256r1",
        ("ecdsa", "ecdsa-sha2-nistp384"): "secp384r1",
        ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"): "secp256r1",  # Sigstore's first roots
        ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"): "secp384r1",
        ("rsa", "rsassa-pss-sha256"): "rsa",
        ("rsa", "rsassa-pss-sha384"): "rsa",
        ("rsa", "rsassa-pss-sha512"): "rsa",
        ("rsa", "rsa-pkcs1v15-sha256"): "rsa",
        ("rsa", "rsa-pkcs1v15-sha384"): "rsa",
        ("rsa", "rsa-pkcs1v15-sha512"): "rsa",
        ("ml-dsa", "ml-dsa-44/1"): "ml-dsa-44",
        ("ml-dsa", "ml-dsa-65/1"): "ml-dsa-65",
        ("ml-dsa", "ml-dsa-87/1"): "ml-dsa-87",
    }
)
"""The (keytype, scheme) pairs that count, and the one kind of key each takes (§4.2.2)."""

_PREFERRED: Final = {
    "ed25519": ("ed25519", "ed25519"),
    "secp256r1": ("ecdsa", "ecdsa-sha2-nistp256"),
    "secp384r1": ("ecdsa", "ecdsa-sha2-nistp384"),
    "rsa": ("rsa", "rsassa-pss-sha256"),
    "ml-dsa-44": ("ml-dsa", "ml-dsa-44/1"),
    "ml-dsa-65": ("ml-dsa", "ml-dsa-65/1"),
    "ml-dsa-87": ("ml-dsa", "ml-dsa-87/1"),
}

_MAX_PUBLIC = 16_384  # characters; an ML-DSA-87 key in PEM has 3,700
_ED25519 = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)
_POINT = re.compile(r"04(?:[0-9a-f]{128}|[0-9a-f]{192})", re.ASCII | re.IGNORECASE)
_CURVE_OF = {130: "secp256r1", 194: "secp384r1"}  # by the hex digits of an uncompressed point
_RSA_BITS = range(2048, 8192 + 1)  # §4.2.2 sets the least; the most bounds our work
_RSA_EXPONENTS = range(2**16 + 1, 2**256, 2)  # FIPS 186-5 §A.1.1: odd, neither tiny nor endless
_ED25519_DER = bytes.fromhex("302a300506032b6570032100")  # all but the point (RFC 8410 §4)
_ED25519_PRIME = 2**255 - 19
_ED25519_ORDER_8 = int("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)
# The y of every point whose order divides 8. Where A is one, S·B - h·A has at most
# eight values for one S: anybody guesses an R that fits, without a private key.
_ED25519_SMALL = frozenset(
    y % _ED25519_PRIME for y in (0, 1, -1, _ED25519_ORDER_8, -_ED25519_ORDER_8)
)


@lru_cache(maxsize=1024)
def material(keytype: str, scheme: str, public: str) -> bytes | None:
    """Return the key itself, whatever it was written as: its DER SubjectPublicKeyInfo.

    Two keys are one key if and only if this is equal. None: *public* is not a
    key that can count under that type and scheme.
    """
    loaded = _loaded(keytype, scheme, public)
    return None if loaded is None else _der(loaded)


def verifies(keytype: str, scheme: str, public: str, signature: bytes, payload: Covered) -> bool:
    """Return whether *signature* is the key's signature over *payload*."""
    key = _loaded(keytype, scheme, public)
    if key is None:
        return False
    from cryptography.exceptions import InvalidSignature

    data = cast("bytes", payload)  # any buffer will do, and none is copied
    try:
        _verify(key, scheme, signature, data)
    except InvalidSignature:
        return False
    return True


def spelled(key: PublicKeyTypes) -> tuple[str, str, str]:
    """Return keytype, scheme and public value under which TUF metadata lists *key*.

    Raises:
        ValueError: trustlib has no signature scheme for such a key.
    """
    kind = _kind(key)
    if kind is None:
        raise ValueError(f"expected a key of {', '.join(_PREFERRED)}, got {type(key).__name__}")
    keytype, scheme = _PREFERRED[kind]
    der = _der(key)
    return keytype, scheme, der[-32:].hex() if kind == "ed25519" else _pem(der)


def _pem(der: bytes) -> str:
    text = base64.b64encode(der).decode("ascii")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"


def from_pem(pem: str) -> PublicKeyTypes:
    """Return the public key that *pem* (SubjectPublicKeyInfo) holds.

    Raises:
        ValueError: it holds none, more than one, or of a kind nobody here knows.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    # Text around a key is legal (RFC 7468 §2); of two keys, readers may take either.
    if pem.count("-----BEGIN") > 1:
        raise ValueError("expected one key, got several")
    try:
        return load_pem_public_key(pem.encode())
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None


def _verify(key: PublicKeyTypes, scheme: str, signature: bytes, payload: bytes) -> None:
    """Return if *signature* is *key*'s over *payload*, by a *scheme* that takes such keys (§4.2.2).

    Raises:
        cryptography.exceptions.InvalidSignature: it is not.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if isinstance(key, Ed25519PublicKey):
        key.verify(signature, payload)
    else:
        _verify_another(key, scheme, signature, payload)


def _verify_another(key: PublicKeyTypes, scheme: str, signature: bytes, payload: bytes) -> None:
    # Apart, because most programs meet keys of one kind only: it is imports that take time.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    match key:
        case ec.EllipticCurvePublicKey():
            key.verify(signature, payload, ec.ECDSA(_hash(scheme)))
        case rsa.RSAPublicKey():
            # OpenSSL takes a signature for a number, so that one which begins with a zero
            # would have two spellings. RFC 8017 (8.1.2 and 8.2.2) has one.
            if len(signature) != (key.key_size + 7) // 8:
                raise InvalidSignature
            used = _hash(scheme)
            salted = padding.PSS(padding.MGF1(used), padding.PSS.AUTO)
            plain = padding.PKCS1v15()
            key.verify(signature, payload, salted if "-pss-" in scheme else plain, used)
        case _:
            _verify_post_quantum(key, signature, payload)


def _hash(scheme: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    used = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    return used[scheme[-3:]]


def _verify_post_quantum(key: PublicKeyTypes, signature: bytes, payload: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import mldsa

    if not isinstance(
        key, mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey
    ):
        raise InvalidSignature
    # TAP 21: what is signed is a hash, with "tuf" and the version of the key type before it.
    key.verify(signature, b"tuf\x01" + hashlib.sha512(payload).digest())


@lru_cache(maxsize=1024)
def _loaded(keytype: str, scheme: str, public: str) -> PublicKeyTypes | None:
    kind = SCHEMES.get((keytype, scheme))
    if kind is None or len(public) > _MAX_PUBLIC:
        return None
    try:
        key = _ed25519(public) if kind == "ed25519" else _point_or_pem(public)
    except ValueError:
        return None
    return key if _kind(key) == kind else None


def _ed25519(public: str) -> PublicKeyTypes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if not _ED25519.fullmatch(public):
        raise ValueError("expected 32 bytes in hex")
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))


def _point_or_pem(public: str) -> PublicKeyTypes:
    if not _POINT.fullmatch(public):
        return from_pem(public)
    from cryptography.hazmat.primitives.asymmetric import ec

    curve = ec.SECP256R1() if _CURVE_OF[len(public)] == "secp256r1" else ec.SECP384R1()
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, bytes.fromhex(public))


def _kind(key: PublicKeyTypes) -> str | None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if isinstance(key, Ed25519PublicKey):
        return "ed25519" if _is_sound(key.public_bytes_raw()) else None
    return _another_kind(key)


def _another_kind(key: PublicKeyTypes) -> str | None:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    match key:
        case EllipticCurvePublicKey() if key.curve.name in _PREFERRED:
            return key.curve.name
        case RSAPublicKey() if (
            key.key_size in _RSA_BITS and key.public_numbers().e in _RSA_EXPONENTS
        ):
            return "rsa"
        case _:
            return _post_quantum(key)


def _is_sound(point: bytes) -> bool:
    y = int.from_bytes(point, "little") & (2**255 - 1)
    # A coordinate at or above the prime is a second spelling of another key.
    return y < _ED25519_PRIME and y not in _ED25519_SMALL


def _post_quantum(key: PublicKeyTypes) -> str | None:
    try:
        from cryptography.hazmat.primitives.asymmetric import mldsa
    except ImportError:  # cryptography before 47: such keys do not count
        return None
    match key:
        case mldsa.MLDSA44PublicKey():
            return "ml-dsa-44"
        case mldsa.MLDSA65PublicKey():
            return "ml-dsa-65"
        case mldsa.MLDSA87PublicKey():
            return "ml-dsa-87"
        case _:
            return None


def _der(key: PublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if isinstance(key, Ed25519PublicKey):
        return _ED25519_DER + key.public_bytes_raw()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
