"""One reader for private keys, whatever they were wrapped in (RFC 5958).

Older spellings are brought into PKCS#8 first, so that what may be loaded is
decided in one place. How large a key is gets read before the key is: to check
the primes of a hostile RSA key may take a day.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from trustlib._frozen import FrozenMap
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

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey


def _identifier(number: str) -> bytes:
    return der(OBJECT_IDENTIFIER, bytes.fromhex(number))


_EC: Final = _identifier("2a8648ce3d0201")  # RFC 5480
_RSA: Final = _identifier("2a864886f70d010101") + der(NULL)  # RFC 8017
_CURVES: Final = (_identifier("2a8648ce3d030107"), _identifier("2b81040022"))  # P-256, P-384
_EXPANDED: Final = FrozenMap(  # RFC 9881: the length of the expanded key, in bytes
    {
        _identifier("608648016503040311"): 2560,
        _identifier("608648016503040312"): 4032,
        _identifier("608648016503040313"): 4896,
    }
)
KINDS: Final = frozenset(
    {_identifier("2b6570"), _RSA, *(_EC + curve for curve in _CURVES), *_EXPANDED}  # RFC 8410
)
"""What trustlib signs with: the AlgorithmIdentifier of each kind, without its own header."""

OTHER_CURVES: Final = frozenset(
    _EC + curve for curve in (_identifier("2b81040021"), _identifier("2b81040023"))
)
"""P-224 and P-521, which no scheme of TUF uses: for readers of other formats."""

_SEED: Final = 0x80  # [0]: an ML-DSA key as the 32 bytes that it was made from
_SEED_LENGTH: Final = 32
_PARAMETERS: Final = 0xA0  # [0]: the curve of a key before PKCS#8 (RFC 5915)

RSA_BITS: Final = range(2048, 4096 + 1)
"""Of an RSA key to sign with. To check a larger one before its use takes seconds."""

RSA_EXPONENTS: Final = range(2**16 + 1, 2**256)
"""As for public keys; the loader refuses even ones."""

_RSA_LONGEST: Final = 2048  # bytes of a number that is looked at, to say that it is too long
_HALF: Final = 64  # bits by which one prime of a key may be longer than the other

OTHER_KIND: Final = (
    "holds a key of a kind that trustlib does not sign with; expected Ed25519, ECDSA with"
    f" P-256 or P-384, RSA with {RSA_BITS[0]} to {RSA_BITS[-1]} bits, or ML-DSA: make a new key"
)


def public_pem(private: PrivateKey) -> bytes:
    """Return the public half as SubjectPublicKeyInfo in PEM."""
    public = private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def pkcs8(private: PrivateKey) -> bytes:
    """Return *private* as PKCS#8 in DER, in the clear: this is the secret itself."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def private_key(
    data: bytes, *, what: str, kinds: Collection[bytes] = KINDS, otherwise: str = OTHER_KIND
) -> PrivateKey | None:
    """Return the key in *data* (PKCS#8 in DER), or None if that is no key at all.

    Args:
        data: a OneAsymmetricKey (RFC 5958), from anybody.
        what: the file's name, for the error.
        kinds: those that are welcome.
        otherwise: what to say of any other kind, and of a key that is too small or too large.

    Raises:
        SigningError: it is a key of a kind or size that is not welcome, or the
            installed ``cryptography`` package does not know it.
    """
    try:
        kind, inner = _contents(data)
        acceptable = kind in kinds and (kind != _RSA or _is_rsa_acceptable(inner))
        if kind in _EXPANDED:
            data = _from_seed(kind, inner, what=what)
    except DerError:
        return None
    if not acceptable:
        raise SigningError(what, otherwise)
    try:
        return load_der_private_key(data, password=None)
    except (ValueError, TypeError):
        return None
    except UnsupportedAlgorithm:
        pass  # its message may quote the file
    raise SigningError(
        what, "needs a newer version of the cryptography package to be read; upgrade it"
    )


def from_pkcs1(data: bytes) -> bytes:
    """Return *data*, an RSAPrivateKey (RFC 8017), as PKCS#8."""
    return der(SEQUENCE, der_integer(0), der(SEQUENCE, _RSA), der(OCTET_STRING, data))


def from_sec1(data: bytes) -> bytes | None:
    """Return *data*, an ECPrivateKey (RFC 5915), as PKCS#8; None if it names no curve."""
    try:
        file = DerReader(data)
        top = file.within()
        file.finish()
        top.integer()
        top.take(OCTET_STRING)
        curve = top.take(_PARAMETERS)
    except DerError:
        return None
    algorithm = der(SEQUENCE, _EC, curve)
    return der(SEQUENCE, der_integer(0), algorithm, der(OCTET_STRING, data))


def _contents(data: bytes) -> tuple[bytes, bytes]:
    file = DerReader(data)
    top = file.within()
    file.finish()
    top.integer()  # the version; whoever loads the key checks it
    return top.take(SEQUENCE), top.take(OCTET_STRING)


def _is_rsa_acceptable(inner: bytes) -> bool:
    file = DerReader(inner)
    key = file.within()
    file.finish()
    version = key.integer()
    modulus, exponent, _, *primes = (key.integer(_RSA_LONGEST) for _ in range(5))
    for _ in range(3):
        key.integer(_RSA_LONGEST)
    if version:
        return False  # of more than two primes
    key.finish()
    half = modulus.bit_length() // 2 + _HALF
    return (
        modulus.bit_length() in RSA_BITS
        and exponent in RSA_EXPONENTS
        and all(prime.bit_length() <= half for prime in primes)
    )


def _from_seed(kind: bytes, inner: bytes, *, what: str) -> bytes:
    """Return PKCS#8 with the seed alone, which is all that ``cryptography`` reads.

    The seed decides; the expanded key that OpenSSL writes beside it follows from it.
    """
    content = DerReader(inner)
    if content.tag == OCTET_STRING:
        raise SigningError(
            what, "holds an ML-DSA key without its seed, which cannot be read; take the one with it"
        )
    if content.tag == _SEED:
        seed = content.take(_SEED)
    else:
        both = content.within()
        seed, expanded = both.take(OCTET_STRING), both.take(OCTET_STRING)
        both.finish()
        if len(expanded) != _EXPANDED[kind]:
            raise DerError(f"an expanded key of {len(expanded)} bytes")
    content.finish()
    if len(seed) != _SEED_LENGTH:
        raise DerError(f"a seed of {len(seed)} bytes")
    inner = der(_SEED, seed)
    return der(SEQUENCE, der_integer(0), der(SEQUENCE, kind), der(OCTET_STRING, inner))
