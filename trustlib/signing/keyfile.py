"""A private key on disk: encrypted from its first byte, readable by its owner only.

The file is ordinary PKCS#8 in PEM, so ``openssl pkey`` opens it in ten years
without us; the public half lies beside it, for everybody. What a damaged or
hostile file can cause is a :class:`~trustlib.errors.SigningError`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Self

from attrs import field, frozen

from trustlib.errors import SigningError
from trustlib.keys import Key
from trustlib.signing import _disk, pbes2
from trustlib.signing._pem import pem, pem_block
from trustlib.signing.unlocked import (
    Algorithm,
    PrivateKey,
    UnlockedKey,
    pkcs8,
    private_key,
    public_pem,
)

_ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
_PLAIN: Final = "PRIVATE KEY"
_PUBLIC: Final = "PUBLIC KEY"

_WRONG: Final = "the passphrase does not open this key, or the file is damaged"


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
            SigningError: one of the two exists already, or cannot be written;
                nothing is left of either then.
            ValueError: *passphrase* is empty.
        """
        made = cls(path)
        private = algorithm.generate()
        _disk.created(made.path, _sealed(private, _bytes(passphrase)), _disk.PRIVATE)
        try:
            _disk.created(made.public_path, public_pem(private), _disk.PUBLIC)
        except BaseException:
            made.path.unlink(missing_ok=True)
            raise
        return made

    @property
    def public_path(self) -> Path:
        """Where the public half is: the same name, and ``.pub``."""
        return self.path.with_name(f"{self.path.name}.pub")

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
        return self._public()

    @property
    def encrypted(self) -> bool:
        """Whether there is a passphrase to ask for.

        Raises:
            SigningError: the file cannot be read, or is not PKCS#8 in PEM.
        """
        label, _ = self._block()
        return label == _ENCRYPTED

    def unlock(self, passphrase: str | bytes) -> UnlockedKey:
        """Return the key, ready to sign.

        Reads what :meth:`generate` writes, and PBES2 with scrypt or PBKDF2 and
        AES-CBC as openssl and ``cryptography`` write it.

        The format has no checksum. It is the public half that tells a damaged
        Ed25519 key from a different one: keep it beside the private file.

        Raises:
            SigningError: the passphrase is wrong; the file is damaged, not
                encrypted, readable by others or asks for too much work; or the
                key is not the one beside it.
            ValueError: *passphrase* is empty.
        """
        return self._matched(self._private(_bytes(passphrase)))

    def unlock_unencrypted(self) -> UnlockedKey:
        """Return the key of a file that has no passphrase.

        Whoever copies such a file has the key. It is for keys that something
        else protects, such as a secret store that mounts them.

        Raises:
            SigningError: the file is damaged, encrypted or readable by others;
                or the key is not the one beside it.
        """
        label, data = self._block()
        if label == _ENCRYPTED:
            raise SigningError(str(self.path), "is encrypted: unlock() it with its passphrase")
        private = private_key(data, what=str(self.path))
        if private is None:
            raise SigningError(str(self.path), "is damaged; restore it from a copy")
        return self._matched(private)

    def change_passphrase(self, *, old: str | bytes, new: str | bytes) -> None:
        """Encrypt the file under *new*, in one step: it is always the old or the new one.

        Copies made earlier still open with *old*. If somebody else may know
        both, a new passphrase does not help: replace the key.

        Raises:
            SigningError: as :meth:`unlock`, or the file cannot be written. It
                is unchanged then.
            ValueError: one of the passphrases is empty.
        """
        secret = _bytes(new)
        private = self._private(_bytes(old))
        self._matched(private)
        _disk.replaced(self.path, _sealed(private, secret))

    def _private(self, passphrase: bytes) -> PrivateKey:
        what = str(self.path)
        label, data = self._block()
        if label == _PLAIN:
            raise SigningError(
                what,
                "is not encrypted, so no passphrase protects it;"
                f" encrypt it ({pbes2.OTHERWISE}), or say unlock_unencrypted()",
            )
        opened = pbes2.decrypted(data, passphrase, what=what)
        private = None if opened is None else private_key(opened, what=what)
        if private is None:
            raise SigningError(what, _WRONG)
        return private

    def _block(self) -> tuple[str, bytes]:
        data = _disk.read_private(self.path)
        return pem_block(data, (_ENCRYPTED, _PLAIN), what=str(self.path))

    def _matched(self, private: PrivateKey) -> UnlockedKey:
        unlocked = UnlockedKey.of(private)
        if os.path.lexists(self.public_path) and self._public().material != unlocked.key.material:
            raise SigningError(
                str(self.path),
                f"holds another key than {self.public_path}:"
                " one of the two was exchanged or damaged",
            )
        return unlocked

    def _public(self) -> Key:
        what = str(self.public_path)
        label, data = pem_block(_disk.read_public(self.public_path), (_PUBLIC,), what=what)
        try:
            return Key.from_pem(pem(label, data).decode())
        except ValueError as error:
            raise SigningError(what, f"is not a public key to sign with: {error}") from None


def _sealed(private: PrivateKey, passphrase: bytes) -> bytes:
    return pem(_ENCRYPTED, pbes2.encrypted(pkcs8(private), passphrase))


def _bytes(passphrase: str | bytes) -> bytes:
    if not isinstance(passphrase, str | bytes):
        raise TypeError(f"a passphrase is str or bytes, got {type(passphrase).__name__}")
    if not passphrase:
        raise ValueError("an empty passphrase protects nothing")
    if isinstance(passphrase, bytes):
        return passphrase
    try:
        return passphrase.encode()
    except UnicodeEncodeError:
        pass  # its attributes would carry the passphrase along
    raise ValueError("the passphrase is text that UTF-8 cannot say")
