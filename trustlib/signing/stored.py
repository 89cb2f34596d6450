"""What a key store tells of what is in it: keys, and what others can get at."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from trustlib._types import KeyId
from trustlib.errors import SigningError
from trustlib.keys import Key
from trustlib.signing._backup import PUBLIC
from trustlib.signing.keyfile import KeyFile
from trustlib.signing.labels import Label
from trustlib.signing.unlocked import UnlockedKey


@frozen
class StoredKey:
    """A key in a store, as it was when somebody looked.

    Attributes:
        key: the public half.
        label: what it is for, and whose.
        file: where the private half is; its passphrase is changed there.
    """

    key: Key
    label: Label
    file: KeyFile

    @property
    def id(self) -> KeyId:
        """The key's id, by which the store finds it."""
        return self.key.id

    @property
    def path(self) -> Path:
        """Where the private half is."""
        return self.file.path

    @property
    def encrypted(self) -> bool:
        """Whether there is a passphrase to ask for; there is, unless somebody put a file there.

        Raises:
            SigningError: as :attr:`.KeyFile.encrypted`.
        """
        return self.file.encrypted

    def unlock(self, passphrase: str | bytes) -> UnlockedKey:
        """Return the key, ready to sign: see :meth:`.KeyFile.unlock`.

        Raises:
            WrongPassphraseError: the passphrase is wrong.
            SigningError: the file cannot be read, or holds another key.
            ValueError: *passphrase* is empty.
        """
        unlocked = self.file.unlock(passphrase)
        if unlocked.key.material != self.key.material:
            raise SigningError(
                str(self.file.path), f"holds another key than {self.id}; restore it from a backup"
            )
        return unlocked


@frozen
class Exposure:
    """A file or directory of a store that others can get at.

    Attributes:
        path: where it is.
        mode: its permission bits.
        private: those that it should have.
    """

    path: Path
    mode: int
    private: int

    def __str__(self) -> str:
        """Return what is wrong, and what to do."""
        return (
            f"{self.path}: others can get at it (mode {self.mode:04o});"
            f" run: chmod {self.private:o} {self.path}"
        )


def exposed(directory: Path) -> Iterator[Exposure]:
    """Return what others can get at in the store *directory*.

    Raises:
        OSError: the system refused.
    """
    for parent, folders, files in os.walk(directory):
        folder = Path(parent)
        yield from _exposure(folder, 0o700, 0o077)
        folders.sort()
        for name in sorted(files):
            # Everybody may read a public half, and nobody else write it.
            yield from _exposure(folder / name, 0o600, 0o022 if name == PUBLIC else 0o077)


def _exposure(path: Path, private: int, closed: int) -> Iterator[Exposure]:
    mode = stat.S_IMODE(path.lstat().st_mode)
    if mode & closed and not path.is_symlink():
        yield Exposure(path, mode, private)
