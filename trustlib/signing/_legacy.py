"""Private keys as OpenSSL wrote them before PKCS#8: read, and never written.

Such a file has its encryption in headers before the base64 (RFC 1421), and
derives its key by one round of MD5: a passphrase in it is guessed at millions a
second. :meth:`~trustlib.signing.keyfile.KeyFile.change_passphrase` rewrites the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import field, frozen
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError, shortened
from trustlib.signing._private import from_pkcs1, from_sec1

_Wrap: TypeAlias = Callable[[bytes], bytes | None]

LABELS: Final = FrozenMap[str, _Wrap]({"RSA PRIVATE KEY": from_pkcs1, "EC PRIVATE KEY": from_sec1})
"""What brings the contents of a block with each label into PKCS#8."""

_HEADERS: Final = re.compile(
    rb"(\s*-----BEGIN (?:RSA|EC) PRIVATE KEY-----\r?\n)"
    rb"Proc-Type: 4,ENCRYPTED\r?\n"
    rb"DEK-Info: ([A-Za-z0-9-]{1,40}),([0-9A-Fa-f]{1,64})\r?\n"
    rb"\r?\n"
)
_HEX: Final = re.compile(r"[0-9A-Fa-f]*", re.ASCII)
_SALT: Final = 8  # bytes: the first ones of the IV


@frozen
class _Algorithm:
    cipher: Callable[[bytes], BlockCipherAlgorithm]
    key_length: int
    block: int  # bytes, of the IV too


_ALGORITHMS: Final = FrozenMap(
    {
        "AES-128-CBC": _Algorithm(AES, 16, 16),
        "AES-192-CBC": _Algorithm(AES, 24, 16),
        "AES-256-CBC": _Algorithm(AES, 32, 16),
        "DES-EDE3-CBC": _Algorithm(TripleDES, 24, 8),
    }
)


@frozen
class Encryption:
    """How the contents of a block are encrypted."""

    _algorithm: _Algorithm
    _iv: bytes = field(repr=False)

    def opened(self, content: bytes, passphrase: bytes) -> bytes | None:
        """Return the decrypted *content*, or None if its padding is wrong."""
        key = _derived(passphrase, self._iv[:_SALT], self._algorithm.key_length)
        if not content or len(content) % self._algorithm.block:
            return None
        decryptor = Cipher(self._algorithm.cipher(key), CBC(self._iv)).decryptor()
        unpadder = PKCS7(self._algorithm.block * 8).unpadder()
        padded = decryptor.update(content) + decryptor.finalize()
        try:
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            return None


def without_headers(data: bytes, *, what: str) -> tuple[bytes, Encryption | None]:
    """Return the file as if its block had no headers, and what they said, if there are any.

    Raises:
        SigningError: the encryption is damaged, or one that is not read here.
    """
    headers = _HEADERS.match(data)
    if headers is None:
        return data, None
    said = encryption(headers[2].decode(), headers[3].decode(), what=what)
    return headers[1] + data[headers.end() :], said


def encryption(cipher: str, iv: str, *, what: str) -> Encryption:
    """Return what a ``DEK-Info`` header says: the name of a cipher, and an IV in hex.

    Raises:
        SigningError: the encryption is damaged, or one that is not read here.
    """
    algorithm = _ALGORITHMS.get(cipher)
    if algorithm is None:
        raise SigningError(
            what,
            f"is encrypted by {shortened(cipher, str)}, expected one of {', '.join(_ALGORITHMS)};"
            " openssl can rewrite it: openssl pkcs8 -topk8 -scrypt -in OLD -out NEW",
        )
    if len(iv) != 2 * algorithm.block or not _HEX.fullmatch(iv):
        raise SigningError(what, "is damaged: its IV is not a block; restore it from a copy")
    return Encryption(algorithm, bytes.fromhex(iv))


def _derived(passphrase: bytes, salt: bytes, length: int) -> bytes:
    key, last = b"", b""
    while len(key) < length:
        last = hashlib.md5(last + passphrase + salt, usedforsecurity=False).digest()
        key += last
    return key[:length]
