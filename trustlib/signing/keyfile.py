"""A private key on disk: encrypted from its first byte, readable by its owner only.

The file is ordinary PKCS#8 in PEM, so ``openssl pkey`` opens it in ten years
without us; the public half lies beside it, for everybody. What a damaged or
hostile file can cause is a :class:`~trustlib.errors.SigningError`.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Self

from attrs import field, frozen

from trustlib.errors import SigningError
from trustlib.keys import Key
from trustlib.signing import _disk, _files
from trustlib.signing._forms import Locked
from trustlib.signing.algorithms import Algorithm
from trustlib.signing.unlocked import UnlockedKey


class UnencryptedKeyWarning(UserWarning):
    """A key was read that no passphrase protects.

    Where something else does, say so once for the whole program:
    ``warnings.simplefilter("ignore", UnencryptedKeyWarning)``.
    """


def _expanded(path: str | os.PathLike[str]) -> Path:
    return Path(path).expanduser()


@frozen
class KeyFile:
    """A key file, secret and encrypted (§2.1.1); making this value reads nothing.

    Attributes:
        path: where the private key is; ``~`` stands for the home directory.
    """

    path: Path = field(converter=_expanded)

    @classmethod
    def generate(
        cls,
        path: str | os.PathLike[str],
        passphrase: str | bytes,
        *,
        algorithm: Algorithm = Algorithm.ED25519,
    ) -> Self:
        """Make a new key: *path*, and its public half at *path* with ``.pub`` added.

        The private file has mode 0600 from its first instant, also under a
        careless umask, and never holds an unencrypted byte. Both files are
        durable when this returns.

        Args:
            path: must be free, and so must the public half's.
            passphrase: text is taken as UTF-8.
            algorithm: what the key signs with.

        Raises:
            SigningError: one of the two exists already, or cannot be written
                (nothing is left of either then); or the installed
                ``cryptography`` package does not have the algorithm.
            ValueError: *passphrase* is empty.
        """
        made, secret = cls(path), _files.secret(passphrase)
        private = algorithm.generate()
        _files.created(made.path, _files.encrypted(private, secret), private)
        return made

    @classmethod
    def generate_unencrypted(
        cls, path: str | os.PathLike[str], *, algorithm: Algorithm = Algorithm.ED25519
    ) -> Self:
        """Make a new key as :meth:`generate`, and write it so that every reader has it.

        For keys that something else protects, such as a secret store into which
        the file is put next. Backups, swapped pages and thrown-away disks keep
        it, and no later encryption takes it back.

        Raises:
            SigningError: as :meth:`generate`.
        """
        made = cls(path)
        private = algorithm.generate()
        _files.created(made.path, _files.bare(private), private)
        return made

    @property
    def public_path(self) -> Path:
        """The public half's path, which is the same name and ``.pub``."""
        return _files.beside(self.path)

    @property
    def key(self) -> Key:
        """The public half. Needs no passphrase and does not touch the private file.

        Raises:
            SigningError: it is not there, or is no public key of a kind
                trustlib knows.
        """
        what = str(self.public_path)
        if not os.path.lexists(self.public_path):
            raise SigningError(
                what,
                "the public half is missing;"
                f" openssl can write it: openssl pkey -in {self.path} -pubout -out {what}",
            )
        return _files.public(self.public_path)

    @property
    def encrypted(self) -> bool:
        """Whether there is a passphrase to ask for.

        Raises:
            SigningError: the file cannot be read, is damaged, or asks for too
                much work.
        """
        return isinstance(_files.read(self.path), Locked)

    def unlock(self, passphrase: str | bytes) -> UnlockedKey:
        """Return the key, ready to sign.

        Reads what :meth:`generate` writes, PBES2 with scrypt or PBKDF2 and
        AES-CBC as openssl and ``cryptography`` write it, the encrypted PEM of
        older openssl for RSA and curves, and OpenSSH's private keys.

        PKCS#8 has no checksum. It is the public half that tells a damaged
        Ed25519 key from a different one: keep it beside the private file.

        Raises:
            WrongPassphraseError: the passphrase is wrong, or the file is
                damaged in a way that looks like it.
            SigningError: the file is damaged, not encrypted, readable by others
                or asks for too much work; or the key is not the one beside it.
            ValueError: *passphrase* is empty.
        """
        return UnlockedKey.of(_files.opened(self.path, _files.secret(passphrase)))

    def unlock_unencrypted(self) -> UnlockedKey:
        """Return the key of a file that has no passphrase, with an :class:`UnencryptedKeyWarning`.

        Whoever copies such a file has the key. It is for keys that something
        else protects, such as a secret store that mounts them;
        :meth:`encrypt` is for all others.

        Raises:
            SigningError: the file is damaged, encrypted or readable by others;
                or the key is not the one beside it.
        """
        private = _files.opened_bare(self.path)
        warnings.warn(
            f"{self.path}: is not encrypted, so whoever copies it has the key;"
            " KeyFile.encrypt() puts it under a passphrase",
            UnencryptedKeyWarning,
            stacklevel=2,
        )
        return UnlockedKey.of(private)

    def change_passphrase(self, *, old: str | bytes, new: str | bytes) -> None:
        """Encrypt the file under *new*, in one step: it is always the old or the new one.

        Whatever form the file had, it is PKCS#8 with scrypt afterwards. Copies
        made earlier still open with *old*. If somebody else may know both, a
        new passphrase does not help: replace the key.

        Raises:
            WrongPassphraseError: *old* is wrong.
            SigningError: as :meth:`unlock`, or the file cannot be written. It
                is unchanged then.
            ValueError: one of the passphrases is empty.
        """
        secret = _files.secret(new)
        private = _files.opened(self.path, _files.secret(old))
        _disk.replaced(self.path, _files.encrypted(private, secret))

    def encrypt(self, passphrase: str | bytes) -> None:
        """Put a file that has no passphrase under one, in one step.

        The blocks of the disk that held the old file may keep it for years. A
        key that matters is replaced by a new one instead.

        Raises:
            SigningError: as :meth:`unlock_unencrypted`, or the file cannot be
                written. It is unchanged then.
            ValueError: *passphrase* is empty.
        """
        secret = _files.secret(passphrase)
        private = _files.opened_bare(self.path)
        _disk.replaced(self.path, _files.encrypted(private, secret))
