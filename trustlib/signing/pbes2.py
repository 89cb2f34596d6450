"""Private keys under a passphrase: PKCS#8 with PBES2 (RFC 5958, RFC 8018, RFC 7914).

The parameters of a file are somebody else's numbers. They are read and bounded
before the first byte of a key is derived, so that opening a file never costs
more than a few seconds and 64 MiB. Key derivation and cipher are those of the
``cryptography`` package; only the envelope is written and read here.
"""

from __future__ import annotations

import os
from typing import Final, TypeAlias

from attrs import frozen
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError
from trustlib.signing._der import (
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    DerReader,
    der,
    der_integer,
)

_PBES2: Final = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13
_PBKDF2: Final = bytes.fromhex("2a864886f70d01050c")  # 1.2.840.113549.1.5.12
_SCRYPT: Final = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES_256: Final = bytes.fromhex("60864801650304012a")  # 2.16.840.1.101.3.4.1.42

_KEY_LENGTH: Final = FrozenMap(  # of the ciphers, in bytes
    {
        bytes.fromhex("608648016503040102"): 16,
        bytes.fromhex("608648016503040116"): 24,
        _AES_256: 32,
    }
)
_HMAC_SHA1: Final = bytes.fromhex("2a864886f70d0207")  # what an absent prf means
_PRF: Final = FrozenMap[bytes, type[hashes.HashAlgorithm]](
    {
        _HMAC_SHA1: hashes.SHA1,
        bytes.fromhex("2a864886f70d0208"): hashes.SHA224,
        bytes.fromhex("2a864886f70d0209"): hashes.SHA256,
        bytes.fromhex("2a864886f70d020a"): hashes.SHA384,
        bytes.fromhex("2a864886f70d020b"): hashes.SHA512,
    }
)

_BLOCK = 16  # bytes of an AES block, of an IV
_SALT = range(8, 128 + 1)  # bytes
_MAX_N, _MAX_R, _MAX_P = 2**17, 32, 16
_MAX_MEMORY = 64 * 2**20  # bytes, of the 128 · N · r that scrypt needs
_MAX_ITERATIONS = 10_000_000

OTHERWISE: Final = "openssl can rewrite it: openssl pkcs8 -topk8 -scrypt -in OLD -out NEW"


@frozen(kw_only=True)
class _ScryptParameters:
    salt: bytes
    n: int
    r: int
    p: int

    def derived(self, passphrase: bytes, length: int) -> bytes:
        kdf = Scrypt(salt=self.salt, length=length, n=self.n, r=self.r, p=self.p)
        return kdf.derive(passphrase)

    def encoded(self) -> bytes:
        numbers = (der_integer(number) for number in (self.n, self.r, self.p))
        return _algorithm(_SCRYPT, der(SEQUENCE, der(OCTET_STRING, self.salt), *numbers))


@frozen(kw_only=True)
class _Pbkdf2Parameters:
    salt: bytes
    iterations: int
    prf: hashes.HashAlgorithm

    def derived(self, passphrase: bytes, length: int) -> bytes:
        kdf = PBKDF2HMAC(self.prf, length=length, salt=self.salt, iterations=self.iterations)
        return kdf.derive(passphrase)

    def encoded(self) -> bytes:
        """Return the parameters, without the function: it must be HMAC-SHA-1, the default."""
        fields = der(OCTET_STRING, self.salt), der_integer(self.iterations)
        return _algorithm(_PBKDF2, der(SEQUENCE, *fields))


_Parameters: TypeAlias = _ScryptParameters | _Pbkdf2Parameters


@frozen(kw_only=True, repr=False)
class Envelope:
    """An encrypted key whose parameters are within bounds; nothing was derived yet."""

    kdf: _Parameters
    key_length: int
    iv: bytes
    ciphertext: bytes

    def opened(self, passphrase: bytes) -> bytes | None:
        """Return what is in the envelope, or None if the padding is wrong.

        Nothing in the format proves a passphrase: one wrong passphrase in some
        two hundred yields bytes that merely are no key. Whoever reads them decides.
        """
        key = self.kdf.derived(passphrase, self.key_length)
        cipher = Cipher(AES(key), CBC(self.iv)).decryptor()
        padded = cipher.update(self.ciphertext) + cipher.finalize()
        unpadder = PKCS7(_BLOCK * 8).unpadder()
        try:
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            return None


class _RefusedError(Exception):
    """The file is well formed and asks for something we do not do."""


def encrypted(pkcs8: bytes, passphrase: bytes) -> bytes:
    """Return an EncryptedPrivateKeyInfo (DER) that holds *pkcs8*.

    The key is derived by scrypt with N=2**14, r=8, p=5 (16 MiB, some tenths of
    a second), which ``openssl`` reads within its default limits. Salt and IV
    are new each time.
    """
    return _sealed(pkcs8, passphrase, _ScryptParameters(salt=os.urandom(16), n=2**14, r=8, p=5))


def encrypted_by_pbkdf2(pkcs8: bytes, passphrase: bytes, *, iterations: int) -> bytes:
    """Return an EncryptedPrivateKeyInfo (DER) for programs that know PBKDF2 with SHA-1 alone.

    How much a guess costs is what *iterations* says, and memory costs nothing:
    whoever has a choice takes :func:`encrypted`. The function of PBKDF2 is not
    named, which means HMAC-SHA-1 (RFC 8018, §A.2).

    Raises:
        ValueError: *iterations* is more than is read here, or less than 1.
    """
    if not 1 <= iterations <= _MAX_ITERATIONS:
        raise ValueError(f"expected 1 to {_MAX_ITERATIONS} iterations, got {iterations}")
    salt, prf = os.urandom(_SALT[0]), _PRF[_HMAC_SHA1]()
    kdf = _Pbkdf2Parameters(salt=salt, iterations=iterations, prf=prf)
    return _sealed(pkcs8, passphrase, kdf)


def _sealed(pkcs8: bytes, passphrase: bytes, kdf: _Parameters) -> bytes:
    iv = os.urandom(_BLOCK)
    key = kdf.derived(passphrase, _KEY_LENGTH[_AES_256])
    padder = PKCS7(_BLOCK * 8).padder()
    cipher = Cipher(AES(key), CBC(iv)).encryptor()
    ciphertext = cipher.update(padder.update(pkcs8) + padder.finalize()) + cipher.finalize()
    scheme = _algorithm(_AES_256, der(OCTET_STRING, iv))
    return der(
        SEQUENCE,
        _algorithm(_PBES2, der(SEQUENCE, kdf.encoded(), scheme)),
        der(OCTET_STRING, ciphertext),
    )


def read(envelope: bytes, *, what: str) -> Envelope:
    """Return the envelope that *envelope*, an EncryptedPrivateKeyInfo in DER, is.

    Args:
        envelope: from anybody.
        what: the file's name, for the error.

    Raises:
        SigningError: the envelope is damaged, written in a way that is not
            read here, or asks for too much work.
    """
    try:
        return _read(envelope)
    except DerError as error:
        reason = f"is damaged: {error}; restore it from a copy"
    except _RefusedError as refused:
        reason = f"is not opened: {refused}; {OTHERWISE}"
    raise SigningError(what, reason)


def _algorithm(identifier: bytes, parameters: bytes) -> bytes:
    return der(SEQUENCE, der(OBJECT_IDENTIFIER, identifier), parameters)


def _read(envelope: bytes) -> Envelope:
    file = DerReader(envelope)
    top = file.within()
    file.finish()
    algorithm = top.within()
    ciphertext = top.take(OCTET_STRING)
    top.finish()
    if algorithm.take(OBJECT_IDENTIFIER) != _PBES2:
        raise _RefusedError("it is encrypted by a scheme other than PBES2")
    parameters = algorithm.within()
    algorithm.finish()
    derivation, scheme = parameters.within(), parameters.within()
    parameters.finish()
    key_length = _KEY_LENGTH.get(scheme.take(OBJECT_IDENTIFIER))
    if key_length is None:
        raise _RefusedError("its cipher is not AES-CBC")
    iv = scheme.take(OCTET_STRING)
    scheme.finish()
    if len(iv) != _BLOCK or not ciphertext or len(ciphertext) % _BLOCK:
        raise DerError("the cipher text is not whole blocks")
    kdf = _kdf(derivation, key_length)
    return Envelope(kdf=kdf, key_length=key_length, iv=iv, ciphertext=ciphertext)


def _kdf(derivation: DerReader, key_length: int) -> _Parameters:
    identifier = derivation.take(OBJECT_IDENTIFIER)
    fields = derivation.within()
    derivation.finish()
    salt = fields.take(OCTET_STRING)
    if len(salt) not in _SALT:
        raise _RefusedError(f"its salt has {len(salt)} bytes, expected {_SALT[0]} to {_SALT[-1]}")
    kdf: _Parameters
    if identifier == _SCRYPT:
        kdf = _scrypt(fields, salt, key_length)
    elif identifier == _PBKDF2:
        kdf = _pbkdf2(fields, salt, key_length)
    else:
        raise _RefusedError("its key derivation is neither scrypt nor PBKDF2")
    fields.finish()
    return kdf


def _scrypt(fields: DerReader, salt: bytes, key_length: int) -> _ScryptParameters:
    n, r, p = fields.integer(), fields.integer(), fields.integer()
    _check_key_length(fields, key_length)
    if n <= 1 or n & (n - 1) or not r or not p or n >= 2 ** min(16 * r, 64):
        raise DerError(f"scrypt has no parameters N={n}, r={r}, p={p} (RFC 7914, §2)")
    if n > _MAX_N or r > _MAX_R or p > _MAX_P or 128 * n * r > _MAX_MEMORY:
        raise _RefusedError(
            f"it asks for scrypt with N={n}, r={r}, p={p};"
            f" N ≤ {_MAX_N}, r ≤ {_MAX_R}, p ≤ {_MAX_P} and 128·N·r ≤ {_MAX_MEMORY} are allowed"
        )
    return _ScryptParameters(salt=salt, n=n, r=r, p=p)


def _pbkdf2(fields: DerReader, salt: bytes, key_length: int) -> _Pbkdf2Parameters:
    iterations = fields.integer()
    _check_key_length(fields, key_length)
    identifier = _HMAC_SHA1
    if fields.tag is not None:
        algorithm = fields.within()
        identifier = algorithm.take(OBJECT_IDENTIFIER)
        if algorithm.tag is not None and algorithm.take(NULL):
            raise DerError("a NULL that is not empty")
        algorithm.finish()
    prf = _PRF.get(identifier)
    if prf is None:
        raise _RefusedError("its PBKDF2 uses neither HMAC-SHA-1 nor HMAC-SHA-2")
    if not iterations:
        raise DerError("PBKDF2 with no iterations")
    if iterations > _MAX_ITERATIONS:
        raise _RefusedError(
            f"it asks for {iterations} iterations of PBKDF2; {_MAX_ITERATIONS} are allowed"
        )
    return _Pbkdf2Parameters(salt=salt, iterations=iterations, prf=prf())


def _check_key_length(fields: DerReader, expected: int) -> None:
    if fields.tag == INTEGER and fields.integer() != expected:
        raise DerError(f"the derived key must have the {expected} bytes of the cipher's")
