"""A file under a passphrase, in the format of age (C2SP, age-encryption.org/v1).

Authenticated from its first byte to its last, and opened by ``age --decrypt``
where trustlib is not installed. Only the one kind of recipient that has a
passphrase is written and read. How much work a file may ask for is read and
bounded before the first byte of a key is derived.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from trustlib.errors import SigningError, WrongPassphraseError

_INTRO: Final = b"age-encryption.org/v1"
_HEADER: Final = re.compile(
    re.escape(_INTRO) + rb"\n"
    rb"-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n"
    rb"([A-Za-z0-9+/]{43})\n"
    rb"---"
)
_MAC: Final = re.compile(rb" ([A-Za-z0-9+/]{43})\n")

_SALT_LABEL: Final = b"age-encryption.org/v1/scrypt"
_WRITTEN_WORK: Final = 17  # log2 of scrypt's N, with r=8 and p=1: 128 MiB, some tenths of a second
_WORK: Final = range(1, 18 + 1)  # 256 MiB; 18 is what age itself chooses
_KEY: Final = 16  # bytes, of the file key, of the salt, and of the payload's nonce
_CHUNK: Final = 65_536  # bytes of plain text
_TAG: Final = 16  # bytes
_ONCE: Final = bytes(12)  # the nonce of a key that encrypts one thing

_DAMAGED: Final = "is damaged, or was changed by somebody: restore from another copy"


def encrypted(data: bytes, passphrase: bytes) -> bytes:
    """Return *data* under *passphrase*. Salt, key and nonce are new each time."""
    file_key, salt, nonce = (os.urandom(_KEY) for _ in range(3))
    wrapped = ChaCha20Poly1305(_wrapping(passphrase, salt, _WRITTEN_WORK)).encrypt(
        _ONCE, file_key, None
    )
    header = b"\n".join(
        (_INTRO, b"-> scrypt %s %d" % (_text(salt), _WRITTEN_WORK), _text(wrapped), b"---")
    )
    cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
    starts = range(0, max(1, len(data)), _CHUNK)
    chunks = (
        cipher.encrypt(_nonce(number, last=start == starts[-1]), data[start : start + _CHUNK], None)
        for number, start in enumerate(starts)
    )
    return b"".join((header, b" ", _text(_mac(file_key, header)), b"\n", nonce, *chunks))


def decrypted(data: bytes, passphrase: bytes, *, what: str) -> bytes:
    """Return what *data* holds.

    Args:
        data: the whole file, from anybody.
        passphrase: as bytes.
        what: the file's name, for the error.

    Raises:
        WrongPassphraseError: the passphrase is wrong, or its stanza is damaged.
        SigningError: it is no such file, damaged, or asks for too much work.
    """
    header = _HEADER.match(data)
    mac = None if header is None else _MAC.match(data, header.end())
    if header is None or mac is None or not _are_plain(header[1], header[3], mac[1]):
        raise SigningError(
            what,
            "is not a file that age encrypted under one passphrase, or its header is damaged;"
            " take another copy",
        )
    work = int(header[2])
    if work not in _WORK:
        raise SigningError(
            what,
            f"is not opened: it asks for scrypt with N=2**{work}; N ≤ 2**{_WORK[-1]} is allowed;"
            " age can rewrite it",
        )
    salt, wrapped, expected = (_bytes(text) for text in (header[1], header[3], mac[1]))
    file_key = _opened(_wrapping(passphrase, salt, work), _ONCE, wrapped)
    if file_key is None:
        raise WrongPassphraseError(what)
    if not hmac.compare_digest(expected, _mac(file_key, header[0])):
        raise SigningError(what, _DAMAGED)
    plain = _payload(file_key, data[mac.end() :])
    if plain is None:
        raise SigningError(what, _DAMAGED)
    return plain


def _payload(file_key: bytes, data: bytes) -> bytes | None:
    key = _derived(file_key, data[:_KEY], b"payload")
    starts = range(_KEY, len(data), _CHUNK + _TAG)
    if not starts:
        return None
    chunks: list[bytes] = []
    for number, start in enumerate(starts):
        last = start == starts[-1]
        chunk = _opened(key, _nonce(number, last=last), data[start : start + _CHUNK + _TAG])
        # An empty last chunk would be a second way to write the same file.
        if chunk is None or (number and not chunk):
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _opened(key: bytes, nonce: bytes, data: bytes) -> bytes | None:
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, data, None)
    except InvalidTag:
        return None


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes((last,))


def _wrapping(passphrase: bytes, salt: bytes, work: int) -> bytes:
    kdf = Scrypt(salt=_SALT_LABEL + salt, length=32, n=2**work, r=8, p=1)
    return kdf.derive(passphrase)


def _derived(file_key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=salt, info=info).derive(file_key)


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derived(file_key, b"", b"header"), header, sha256)


def _text(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _are_plain(*texts: bytes) -> bool:
    """Return whether each text is how its bytes are written: spare bits are a second way."""
    return all(_text(_bytes(text)) == text for text in texts)


def _bytes(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4))
