"""How a private key is wrapped in a block: every way it ever was, and one that is written.

Written is what Notary since 0.6 and docker since 17.12 read: PBES2 with PBKDF2,
HMAC-SHA-1 and AES-256-CBC. How many rounds are made is the file's to say, and
theirs are 2,048. A block without encryption is read where somebody says so, and
never written.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError, shortened
from trustlib.notary.keys import _blocks
from trustlib.notary.keys._blocks import Block
from trustlib.notary.keys._pkcs8 import (
    NotaryPrivateKey,
    from_notary,
    from_serialized,
    to_notary,
)
from trustlib.signing import _disk, pbes2
from trustlib.signing._files import opened_form
from trustlib.signing._forms import Bare, Form, Locked
from trustlib.signing._legacy import LABELS, Encryption, encryption

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey

ROUNDS: Final = 600_000
"""Of PBKDF2 in a new file: some tenths of a second, also for the Go programs."""

LEAST_ROUNDS: Final = 2_048
"""What those programs write themselves."""

_ENCRYPTED: Final = "4,ENCRYPTED"


def sealed(
    private: NotaryPrivateKey, passphrase: bytes, headers: FrozenMap[str, str], *, rounds: int
) -> bytes:
    """Return the file that holds *private* under *passphrase*.

    Raises:
        ValueError: *rounds* are fewer than ``LEAST_ROUNDS``, or more than are read.
    """
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds: expected {LEAST_ROUNDS} or more, got {rounds}")
    content = pbes2.encrypted_by_pbkdf2(to_notary(private), passphrase, iterations=rounds)
    return Block(_blocks.ENCRYPTED, content, headers).rendered()


def form(block: Block, *, what: str) -> Form:
    """Return what opens *block*.

    Raises:
        SigningError: it is damaged, encrypted in a way that is not read, or
            asks for too much work. No key was derived then.
    """
    label, content = block.label, block.content
    legacy = _legacy(block, what=what)
    if label == _blocks.ENCRYPTED:
        return Locked(partial(_from_pbes2, pbes2.read(content, what=what), what))
    if legacy is not None:
        return Locked(partial(_from_legacy, label, content, legacy, what))
    return Bare(partial(_private, label, content, what))


def read(path: Path) -> Block:
    """Return the block in the private file *path*.

    Raises:
        SigningError: it cannot be read, is readable by others, or no such file.
    """
    return _blocks.block(_disk.read_private(path), _blocks.PRIVATE, what=str(path))


def opened(block: Block, passphrase: bytes, *, what: str) -> PrivateKey:
    """Return the key in *block*.

    Raises:
        WrongPassphraseError: the passphrase is wrong, or the block is damaged.
        SigningError: as :func:`form`, or it is not encrypted.
    """
    return opened_form(form(block, what=what), passphrase, what=what)


def opened_bare(block: Block, *, what: str) -> PrivateKey:
    """Return the key in the unencrypted *block*.

    Raises:
        SigningError: it is encrypted, or damaged.
    """
    wrapped = form(block, what=what)
    if not isinstance(wrapped, Bare):
        raise SigningError(what, "is encrypted: unlock() it with its passphrase")
    private = wrapped.opened()
    if private is None:
        raise SigningError(what, "is damaged; restore it from a copy")
    return private


def _legacy(block: Block, *, what: str) -> Encryption | None:
    kind, said = (block.headers.get(name) for name in (_blocks.PROC_TYPE, _blocks.DEK_INFO))
    if kind is None and said is None:
        return None
    if kind != _ENCRYPTED or said is None or block.label in {_blocks.ENCRYPTED, _blocks.PLAIN}:
        raise SigningError(
            what,
            f"is damaged: its headers say {shortened(kind)} and {shortened(said)}"
            f" of its encryption, which a {block.label} does not go with",
        )
    cipher, _, iv = said.partition(",")
    return encryption(cipher, iv, what=what)


def _from_pbes2(envelope: pbes2.Envelope, what: str, passphrase: bytes) -> PrivateKey | None:
    content = envelope.opened(passphrase)
    return None if content is None else from_notary(content, what=what)


def _from_legacy(
    label: str, content: bytes, legacy: Encryption, what: str, passphrase: bytes
) -> PrivateKey | None:
    plain = legacy.opened(content, passphrase)
    return None if plain is None else _private(label, plain, what)


def _private(label: str, content: bytes, what: str) -> PrivateKey | None:
    if label == _blocks.ED25519:
        return from_serialized(content)
    wrapped = content if label == _blocks.PLAIN else LABELS[label](content)
    return None if wrapped is None else from_notary(wrapped, what=what)
