"""Keys as OpenSSH writes them: its private files, and the lines of its public ones.

The header of a private file (PROTOCOL.key in OpenSSH's source) is read and
bounded here, before a passphrase is stretched or a number looked at. Whoever
loads the rest is the ``cryptography`` package.
"""

from __future__ import annotations

import base64
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, cast

from attrs import field, frozen
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
    load_ssh_public_key,
)

from trustlib.errors import SigningError
from trustlib.signing._pem import pem
from trustlib.signing._private import OTHER_KIND, RSA_BITS, RSA_EXPONENTS

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey

LABEL: Final = "OPENSSH PRIVATE KEY"

_MAGIC: Final = b"openssh-key-v1\0"
_KINDS: Final = (b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ssh-rsa")
_CIPHERS: Final = (b"aes256-ctr", b"aes256-cbc", b"aes256-gcm@openssh.com")
_SALT: Final = range(8, 64 + 1)  # bytes
_ROUNDS: Final = range(1, 512 + 1)  # some 9 ms each; ssh-keygen chooses 24

_LINE: Final = re.compile(
    rb"\s*((?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384)) [A-Za-z0-9+/]+=*)"
    rb"(?:[ \t][^\r\n]*)?\s*"
)
_REWRITE: Final = "ssh-keygen can rewrite it: ssh-keygen -p -f FILE"

# What a wrong passphrase or damage makes of the loader: its own complaints, and
# those of the arithmetic that it does with what it finds.
_COMPLAINTS: Final = (ValueError, TypeError, ArithmeticError, NotImplementedError, InvalidTag)


class _DamagedError(Exception):
    """It is not what OpenSSH writes."""


class _RefusedError(Exception):
    """It is well formed and asks for something we do not do."""


@frozen
class PrivateFile:
    """A private file, its header read and within bounds.

    Attributes:
        rounds: of bcrypt, that stretch the passphrase; None where there is none.
    """

    rounds: int | None
    _public: bytes
    _data: bytes = field(repr=False)

    def opened(self, passphrase: bytes | None, *, what: str) -> PrivateKey | None:
        """Return the key, or None if *passphrase* is wrong or the file is damaged.

        Raises:
            SigningError: the package that stretches the passphrase is missing.
        """
        if self.rounds is not None and find_spec("bcrypt") is None:
            raise SigningError(
                what,
                "is encrypted in OpenSSH's own way, for which the package bcrypt is needed:"
                " pip install 'trustlib-tuf[openssh]'",
            )
        try:
            key = load_ssh_private_key(pem(LABEL, self._data), passphrase)
        except (*_COMPLAINTS, UnsupportedAlgorithm):
            return None
        # Otherwise the key would be another one than the file says.
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        if line.split(b" ")[1] != base64.b64encode(self._public):
            return None
        # Only kinds that were looked for get here; DSA is not among them.
        return cast("PrivateKey", key)


def private_file(data: bytes, *, what: str) -> PrivateFile:
    """Return what the contents of a PEM block labelled ``LABEL`` say of themselves.

    Raises:
        SigningError: they are damaged, not read here, or ask for too much work.
    """
    try:
        return _private_file(data)
    except _DamagedError as error:
        reason = f"is damaged: {error}; restore it from a copy"
    except _RefusedError as refused:
        reason = f"is not opened: {refused}"
    raise SigningError(what, reason)


def public_pem(data: bytes) -> bytes | None:
    """Return the key in OpenSSH's line *data* as PEM; None if it is no such line.

    Raises:
        ValueError: it is one, and damaged.
    """
    line = _LINE.fullmatch(data)
    if line is None:
        return None
    try:
        key = load_ssh_public_key(line[1])
    except (*_COMPLAINTS, UnsupportedAlgorithm):
        pass
    else:
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    raise ValueError("a damaged line of OpenSSH's")


def _private_file(data: bytes) -> PrivateFile:
    if not data.startswith(_MAGIC):
        raise _DamagedError("it does not begin as OpenSSH's files do")
    reader = _Reader(data[len(_MAGIC) :])
    cipher, kdf, options = reader.text(), reader.text(), reader.text()
    if reader.number() != 1:
        raise _RefusedError("it holds more or less than one key; split it")
    public = reader.text()
    reader.text()  # the private part
    if cipher == b"none" and kdf == b"none":
        reader.finish()
        rounds = None
    else:
        # Behind the private part may be a tag, which the loader checks.
        rounds = _rounds(cipher, kdf, _Reader(options))
    _check_public(_Reader(public))
    return PrivateFile(rounds, public, data)


def _rounds(cipher: bytes, kdf: bytes, options: _Reader) -> int:
    if cipher not in _CIPHERS:
        raise _RefusedError(f"its cipher is not AES-256; {_REWRITE} -Z aes256-ctr")
    if kdf != b"bcrypt":
        raise _RefusedError(f"its key derivation is not bcrypt; {_REWRITE}")
    salt, rounds = options.text(), options.number()
    options.finish()
    if len(salt) not in _SALT:
        raise _RefusedError(f"its salt has {len(salt)} bytes, expected {_SALT[0]} to {_SALT[-1]}")
    if rounds not in _ROUNDS:
        raise _RefusedError(
            f"it asks for {rounds} rounds of bcrypt, {_ROUNDS[0]} to {_ROUNDS[-1]} are allowed;"
            f" {_REWRITE} -a 100"
        )
    return rounds


def _check_public(public: _Reader) -> None:
    kind = public.text()
    if kind not in _KINDS:
        raise _RefusedError(f"it {OTHER_KIND}")
    if kind == b"ssh-rsa":
        exponent, modulus = (int.from_bytes(public.text()) for _ in range(2))
        if modulus.bit_length() not in RSA_BITS or exponent not in RSA_EXPONENTS:
            raise _RefusedError(f"it {OTHER_KIND}")


class _Reader:
    """Reads the strings and numbers of RFC 4251, §5."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def number(self) -> int:
        """Return the next four bytes as a number."""
        return int.from_bytes(self._take(4))

    def text(self) -> bytes:
        """Return the next string."""
        return self._take(self.number())

    def finish(self) -> None:
        """Check that nothing is left."""
        if self._rest:
            raise _DamagedError(f"{len(self._rest)} bytes too many")

    def _take(self, length: int) -> bytes:
        if length > len(self._rest):
            raise _DamagedError("it reaches beyond its end")
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken
