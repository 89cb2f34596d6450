"""As much of ssh's encoding (RFC 4251 §5) as talking to an agent needs, and strictly that.

Lengths are checked before anything is taken, and nothing may follow the last
element. What kind of key a blob holds is read before it is loaded.
"""

from __future__ import annotations

import base64
from typing import Final, final

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_public_key,
)

from trustlib._frozen import FrozenMap
from trustlib.keys import Key

_SCHEMES: Final = FrozenMap(  # the signature's name, by what TUF calls the same thing
    {
        "ed25519": b"ssh-ed25519",
        "ecdsa-sha2-nistp256": b"ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384": b"ecdsa-sha2-nistp384",
        "rsa-pkcs1v15-sha256": b"rsa-sha2-256",
    }
)
_KINDS: Final = frozenset(
    {b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ssh-rsa"}
)
_UINT32: Final = 4  # bytes
_MAX_KEY: Final = 2048  # bytes; an RSA key of 8,192 bits has 1,050


class SshError(ValueError):
    """The bytes are not what was expected."""


@final
class Reader:
    """Reads the elements of one message, one after the other."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def uint32(self) -> int:
        """Return the next element, a number.

        Raises:
            SshError: there are no four bytes left.
        """
        return int.from_bytes(self._take(_UINT32))

    def string(self) -> bytes:
        """Return the next element, some bytes with their length before them.

        Raises:
            SshError: it reaches beyond the end.
        """
        return self._take(self.uint32())

    def number(self) -> int:
        """Return the next element, a positive mpint in its one spelling.

        Raises:
            SshError: it is something else.
        """
        data = self.string()
        number = int.from_bytes(data)
        if number.to_bytes(number.bit_length() // 8 + 1) != data:
            raise SshError("expected a positive number, as short as it can be")
        return number

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            SshError: something is.
        """
        if self._at != len(self._data):
            raise SshError(f"{len(self._data) - self._at} bytes too many")

    def _take(self, length: int) -> bytes:
        if length > len(self._data) - self._at:
            raise SshError(f"{length} bytes at byte {self._at} reach beyond the end")
        start, self._at = self._at, self._at + length
        return self._data[start : self._at]


def string(data: bytes) -> bytes:
    """Return *data* with its length before it."""
    return len(data).to_bytes(_UINT32) + data


def public_key(blob: bytes) -> Key | None:
    """Return the key in *blob* (RFC 4253 §6.6), or None if it is of no kind that counts.

    Raises:
        SshError: *blob* does not even say which kind it is of.
    """
    kind = Reader(blob).string()
    if kind not in _KINDS or len(blob) > _MAX_KEY:
        return None
    try:
        loaded = load_ssh_public_key(kind + b" " + base64.b64encode(blob))
        pem = loaded.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        key = Key.from_pem(pem.decode())
    except (ValueError, UnsupportedAlgorithm):
        return None  # a point that is none, an RSA key too small to count, …
    return attrs.evolve(key, scheme="rsa-pkcs1v15-sha256") if key.keytype == "rsa" else key


def signature_value(blob: bytes, scheme: str) -> bytes:
    """Return the signature in *blob* as TUF writes those of *scheme*.

    Raises:
        SshError: it is a signature of another scheme, or none.
    """
    reader = Reader(blob)
    kind, value = reader.string(), reader.string()
    reader.finish()
    if kind != _SCHEMES.get(scheme):
        raise SshError(f"a signature that is called {kind[:40]!r}")
    if not scheme.startswith("ecdsa"):
        return value
    numbers = Reader(value)
    r, s = numbers.number(), numbers.number()
    numbers.finish()
    return encode_dss_signature(r, s)
