"""A private key of Notary's on disk, as docker and the ``notary`` program left it.

The file's name says which key is in it, and a header what it is for. Both are
notes until the key is unlocked: then the name must be the key's. What a
damaged or hostile file can cause is a :class:`~trustlib.errors.SigningError`.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trustlib._frozen import FrozenMap
from trustlib._types import KeyId
from trustlib.errors import SigningError
from trustlib.notary.keys import _blocks, _sealing
from trustlib.notary.keys._blocks import Block
from trustlib.notary.keys._pkcs8 import notary_key
from trustlib.notary.keys.public import NotaryPublicKey
from trustlib.notary.keys.signer import NotarySigner
from trustlib.signing import _disk, _files
from trustlib.signing._forms import Locked
from trustlib.signing._private import public_pem
from trustlib.signing.keyfile import KeyFile, UnencryptedKeyWarning
from trustlib.signing.keystore import KeyStore
from trustlib.signing.labels import Label
from trustlib.signing.passphrases import PassphraseSource, unlocked
from trustlib.signing.stored import StoredKey

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey

OF_COLLECTIONS: Final = frozenset({"targets", "snapshot", "timestamp"})
"""Roles whose keys are one collection's. All others' are shared, and name no collection."""


@frozen(kw_only=True)
class NotaryKeyFile:
    """A key file, as it was when somebody looked.

    Attributes:
        path: where it is.
        id: the canonical name of the key, as the file's name says it.
        role: ``root``, ``targets``, ``snapshot``, or a signer's name; None if
            the file does not say it.
        gun: the collection that it is for, if the file says one.
        encrypted: whether there is a passphrase to ask for.
    """

    path: Path
    id: KeyId
    role: str | None
    gun: str | None
    encrypted: bool

    def unlock(self, passphrase: str | bytes) -> NotarySigner:
        """Return the key, ready to sign.

        Reads PBES2, and the encrypted PEM of Notary before 0.6.

        Raises:
            WrongPassphraseError: the passphrase is wrong, or the file is
                damaged in a way that looks like it.
            SigningError: the file is damaged, not encrypted, readable by others
                or asks for too much work; or the key is not the one that its
                name says.
            ValueError: *passphrase* is empty.
        """
        return NotarySigner.of(self._opened(passphrase)[1])

    def unlock_from(self, source: PassphraseSource, *, why: str | None = None) -> NotarySigner:
        """Return the key, opened with the first passphrase of *source* that is right.

        The question names this file's role, so a source of variables such as
        :data:`~trustlib.notary.DOCKER_PASSPHRASES` knows which is wanted. For a
        file that says no role, call :func:`~trustlib.signing.passphrases.unlocked`.

        Raises:
            WrongPassphraseError: all that *source* offered was wrong.
            SigningError: *source* knows nothing, or cannot be asked; or as
                :meth:`unlock`.
        """
        return unlocked(self, source, role=self.role, why=why)

    def unlock_unencrypted(self) -> NotarySigner:
        """Return the key of a file without passphrase, with an ``UnencryptedKeyWarning``.

        The Go programs write one when an empty passphrase is given. Whoever
        copies such a file has the key; :meth:`encrypt` is what to do about it.

        Raises:
            SigningError: the file is damaged, encrypted or readable by others;
                or the key is not the one that its name says.
        """
        _, private = self._opened_bare()
        warnings.warn(
            f"{self.path}: is not encrypted, so whoever copies it has the key;"
            " NotaryKeyFile.encrypt() puts it under a passphrase",
            UnencryptedKeyWarning,
            stacklevel=2,
        )
        return NotarySigner.of(private)

    def change_passphrase(
        self, *, old: str | bytes, new: str | bytes, rounds: int = _sealing.ROUNDS
    ) -> None:
        """Encrypt the file under *new*, in one step: it is always the old or the new one.

        Whatever form it had, it is what docker and ``notary`` read today
        afterwards; its headers stay. Copies made earlier still open with *old*.

        Args:
            old: opens the file.
            new: opens it afterwards.
            rounds: of PBKDF2; the Go programs do as many as the file says.

        Raises:
            WrongPassphraseError: *old* is wrong.
            SigningError: as :meth:`unlock`, or the file cannot be written. It
                is unchanged then.
            ValueError: one of the passphrases is empty, or *rounds* are too few.
        """
        secret = _files.secret(new)
        self._replace(*self._opened(old), secret, rounds)

    def encrypt(self, passphrase: str | bytes, *, rounds: int = _sealing.ROUNDS) -> None:
        """Put a file that has no passphrase under one, in one step.

        Raises:
            SigningError: as :meth:`unlock_unencrypted`, or the file cannot be
                written. It is unchanged then.
            ValueError: *passphrase* is empty, or *rounds* are too few.
        """
        secret = _files.secret(passphrase)
        self._replace(*self._opened_bare(), secret, rounds)

    # -- out of here ------------------------------------------------------------------------

    def to_key_file(
        self, path: str | os.PathLike[str], passphrase: str | bytes, *, new: str | bytes
    ) -> KeyFile:
        """Write the key into a new :class:`~trustlib.signing.KeyFile`, under *new*.

        This file stays where it is, as does every copy of it.

        Raises:
            WrongPassphraseError: *passphrase* is wrong.
            SigningError: as :meth:`unlock`; TUF has no scheme for the key; or
                *path* exists already.
            ValueError: one of the passphrases is empty.
        """
        made, secret = KeyFile(path), _files.secret(new)
        private = self._opened(passphrase)[1]
        _files.public_key(public_pem(private), what=str(self.path))
        _files.created(made.path, _files.encrypted(private, secret), private)
        return made

    def to_key_store(
        self, store: KeyStore, passphrase: str | bytes, label: Label, *, new: str | bytes
    ) -> StoredKey:
        """Bring the key into a :class:`~trustlib.signing.KeyStore`, under *new*.

        This file stays where it is, as does every copy of it.

        Raises:
            WrongPassphraseError: *passphrase* is wrong.
            SigningError: as :meth:`unlock`; TUF has no scheme for the key; or
                *store* has it already.
            ValueError: one of the passphrases is empty.
        """
        secret = _files.secret(new)
        return store.add_private(self._opened(passphrase)[1], secret, label)

    # -- how --------------------------------------------------------------------------------

    def _opened(self, passphrase: str | bytes) -> tuple[Block, PrivateKey]:
        secret, block = _files.secret(passphrase), _sealing.read(self.path)
        return block, self._matched(_sealing.opened(block, secret, what=str(self.path)))

    def _opened_bare(self) -> tuple[Block, PrivateKey]:
        block = _sealing.read(self.path)
        return block, self._matched(_sealing.opened_bare(block, what=str(self.path)))

    def _matched(self, private: PrivateKey) -> PrivateKey:
        found = NotaryPublicKey.of(private.public_key(), what=str(self.path)).canonical_id
        if found != self.id:
            raise SigningError(
                str(self.path),
                f"holds the key {found}, which is not the one that its name says:"
                " somebody exchanged them; restore it from a backup",
            )
        return private

    def _replace(self, block: Block, private: PrivateKey, secret: bytes, rounds: int) -> None:
        headers = block.headers.excluding(_blocks.PROC_TYPE, _blocks.DEK_INFO)
        own = notary_key(private, what=str(self.path))
        _disk.replaced(self.path, _sealing.sealed(own, secret, headers, rounds=rounds))


def described(path: Path, keyid: KeyId, *, role: str | None, gun: str | None) -> NotaryKeyFile:
    """Return the key file *path*.

    Args:
        path: an existing file.
        keyid: what its name says.
        role: what its place says, which counts for more than a header.
        gun: likewise.

    Raises:
        SigningError: it cannot be read, is readable by others, no key file,
            damaged, or asks for too much work.
    """
    block = _sealing.read(path)
    encrypted = isinstance(_sealing.form(block, what=str(path)), Locked)
    return NotaryKeyFile(
        path=path,
        id=keyid,
        role=role or block.said(_blocks.ROLE),
        gun=gun or block.said(_blocks.GUN),
        encrypted=encrypted,
    )


def headers_for(role: str, gun: str | None) -> FrozenMap[str, str]:
    """Return the headers of a key for *role*.

    Raises:
        ValueError: one of the two cannot stand in a header; a key of one
            collection names none, or one that all share names one.
    """
    if (gun is None) == (role in OF_COLLECTIONS):
        wanted = "the collection it is for" if gun is None else "no collection: it is for all"
        raise ValueError(f"a key of the role {role!r} names {wanted}, got {gun!r}")
    said = {_blocks.ROLE: role} if gun is None else {_blocks.GUN: gun, _blocks.ROLE: role}
    for name, value in said.items():
        if not _blocks.is_sayable(value):
            raise ValueError(
                f"{name}: expected 1 to {_blocks.LONGEST} printable characters on one line,"
                f" without spaces around them, got {value!r}"
            )
    return FrozenMap(said)
