"""A directory of keys that people can find, count, copy away and bring back.

A file's name comes from the key alone, never from what somebody wrote on its
label. A key appears and vanishes whole, whatever happens to the process, and
the last copy of one that is still needed is not removed by accident.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import KeyId
from trustlib.errors import SigningError, shortened
from trustlib.roles import Root, Targets
from trustlib.signing import _backup, _disk, _files
from trustlib.signing._backup import FILES, KEY, KEY_ID, LABEL, PUBLIC, Contents
from trustlib.signing._private import public_pem
from trustlib.signing._shelf import Shelf
from trustlib.signing.algorithms import Algorithm
from trustlib.signing.keyfile import KeyFile
from trustlib.signing.labels import Label
from trustlib.signing.needs import needed_for
from trustlib.signing.stored import Exposure, StoredKey, exposed

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey

_PATIENCE: Final = 60.0  # seconds


def _absolute(directory: str | os.PathLike[str]) -> Path:
    # A program that changes its working directory later means the same store.
    return Path(directory).expanduser().absolute()


@frozen
class KeyStore:
    """A directory of keys; making this value reads nothing.

    Each key has a directory named by its id, with the private half (``key``,
    encrypted PKCS#8), the public one (``key.pub``) and its label. The store is
    made by the first write, for its owner alone, and is safe to share between
    threads and processes.

    Everything here that reads the store raises :class:`~trustlib.errors.SigningError`
    where others can enter the directory, or the system refuses.

    Attributes:
        directory: where the keys are; ``~`` stands for the home directory.
        patience: how many seconds to wait for another process before giving up.
    """

    directory: Path = field(converter=_absolute)
    patience: float = field(default=_PATIENCE, kw_only=True)

    # -- looking ------------------------------------------------------------------------

    def list(self) -> tuple[StoredKey, ...]:
        """Return every key, by id.

        Raises:
            SigningError: a key's public half or label is damaged.
        """
        return tuple(
            found
            for name in self._shelf.names()
            if KEY_ID.fullmatch(name) and (found := self._stored(name)) is not None
        )

    def find(
        self, *, role: str | None = None, owner: str | None = None, collection: str | None = None
    ) -> tuple[StoredKey, ...]:
        """Return the keys whose label says all that is asked for, by id.

        A key that is for whichever collection is found for each.

        Raises:
            SigningError: as :meth:`list`.
        """
        return tuple(
            stored
            for stored in self.list()
            if stored.label.fits(role=role, owner=owner, collection=collection)
        )

    def get(self, keyid: str) -> StoredKey:
        """Return the key *keyid*.

        Raises:
            SigningError: it is not in the store, or damaged.
        """
        if KEY_ID.fullmatch(keyid) and keyid in self._shelf.names():
            found = self._stored(keyid)
            if found is not None:
                return found
        raise self._unknown(keyid)

    def exposures(self) -> tuple[Exposure, ...]:
        """Return what others can read or write; each says what to do, as text.

        Unlike everything else here, this works on a store that others can enter.

        Raises:
            SigningError: the system refused.
        """
        if not _disk.POSIX:
            return ()
        try:
            return tuple(exposed(self.directory))
        except OSError as error:
            raise SigningError(
                str(self.directory), f"cannot be read: {_disk.reason(error)}"
            ) from error

    # -- changing -----------------------------------------------------------------------

    def generate(
        self,
        passphrase: str | bytes,
        label: Label,
        *,
        algorithm: Algorithm = Algorithm.ED25519,
    ) -> StoredKey:
        """Make a new key in the store.

        Raises:
            SigningError: the store cannot be written, or the installed
                ``cryptography`` package does not have the algorithm.
            ValueError: *passphrase* is empty.
        """
        secret = _files.secret(passphrase)
        return self._kept(algorithm.generate(), secret, label)

    def add(self, file: KeyFile, passphrase: str | bytes, label: Label) -> StoredKey:
        """Bring a key file of any form that is read into the store.

        It is written as PKCS#8 under the same passphrase. *file* stays where it
        is: remove it, once the store has a backup.

        Raises:
            WrongPassphraseError: the passphrase is wrong.
            SigningError: as :meth:`.KeyFile.unlock`, or the store has the key already.
            ValueError: *passphrase* is empty.
        """
        secret = _files.secret(passphrase)
        return self._kept(_files.opened(file.path, secret), secret, label)

    def add_unencrypted(self, file: KeyFile, passphrase: str | bytes, label: Label) -> StoredKey:
        """Bring a key that has no passphrase into the store, under one.

        Raises:
            SigningError: as :meth:`.KeyFile.unlock_unencrypted`, or the store
                has the key already.
            ValueError: *passphrase* is empty.
        """
        secret = _files.secret(passphrase)
        return self._kept(_files.opened_bare(file.path), secret, label)

    def add_private(self, private: PrivateKey, passphrase: str | bytes, label: Label) -> StoredKey:
        """Bring a key of the ``cryptography`` package into the store, under a passphrase.

        For keys that another program's files hold. Whoever has *private* has the
        key, so drop it when this returns.

        Raises:
            SigningError: it is of a kind that trustlib does not sign with, or
                the store has the key already.
            ValueError: *passphrase* is empty.
        """
        return self._kept(private, _files.secret(passphrase), label)

    def relabel(self, keyid: str, label: Label) -> StoredKey:
        """Give the key *keyid* another label, in one step.

        Raises:
            SigningError: it is not in the store, or cannot be written.
        """
        with self._shelf.alone():
            stored = self.get(keyid)
            _disk.replaced(stored.file.path.with_name(LABEL), label.rendered())
        return self.get(keyid)

    def remove(
        self, keyid: str, *, needed_by: Iterable[Root | Targets], copies_elsewhere: int = 0
    ) -> None:
        """Remove the key *keyid*, unless this is the last copy of one that is still needed.

        The file is unlinked, not overwritten: disks keep what was on them, and
        backups do too.

        Args:
            keyid: which key.
            needed_by: the current root, and targets roles, of every repository
                that you know: ``(repository.root, *repository.targets.values())``.
            copies_elsewhere: of this key, that you have seen with your own eyes.

        Raises:
            SigningError: it is not in the store; or a role of *needed_by* lists
                it, and there is no copy elsewhere.
            ValueError: *copies_elsewhere* is negative.
        """
        if copies_elsewhere < 0:
            raise ValueError(f"expected 0 copies or more, got {copies_elsewhere}")
        with self._shelf.alone():
            needs = needed_for(self.get(keyid).key, needed_by)
            if needs and not copies_elsewhere:
                raise SigningError(
                    f"key {keyid}",
                    f"is the last copy, and still needed: {'; '.join(map(str, needs))}."
                    " Make a backup and say copies_elsewhere=1,"
                    " or publish roles that no longer list the key",
                )
            self._shelf.take(keyid)

    # -- copying away, and back ---------------------------------------------------------

    def export(
        self, path: str | os.PathLike[str], passphrase: str | bytes
    ) -> tuple[StoredKey, ...]:
        """Write every key into the one new file *path*, and return which those are.

        The file is encrypted as a whole: without *passphrase*, nobody learns
        even whose keys are in it. Inside, each key is under its own passphrase
        still. ``age --decrypt`` opens the file, and ``tar`` what comes out.

        Raises:
            SigningError: *path* exists already or cannot be written, the store
                is empty, or a key in it is damaged or readable by others.
            ValueError: *passphrase* is empty.
        """
        target, secret = Path(path).expanduser(), _files.secret(passphrase)
        with self._shelf.alone():
            stored = self.list()
            contents = {
                one.id: _backup.checked(one.id, self._files(one.id), what=str(self.directory))
                for one in stored
            }
        if not stored:
            raise SigningError(
                str(self.directory), "has no key in it that could be backed up; name another place"
            )
        _disk.created(target, _backup.sealed(_backup.packed(contents), secret), _disk.PRIVATE)
        return stored

    def restore(
        self, path: str | os.PathLike[str], passphrase: str | bytes
    ) -> tuple[StoredKey, ...]:
        """Bring back what :meth:`export` wrote, byte by byte, and return which keys those are.

        Keys that are in the store already, the same byte by byte, stay. The
        backup is looked at completely before anything is written; where the
        system refuses in the middle, doing it again brings the rest.

        Raises:
            WrongPassphraseError: the passphrase is wrong.
            SigningError: the file is no backup, damaged, or asks for too much
                work; or the store has one of the keys in another form, for
                example under a newer passphrase. Nothing was restored then.
            ValueError: *passphrase* is empty.
        """
        return self._restored(
            lambda: _backup.opened(Path(path).expanduser(), _files.secret(passphrase))
        )

    def restore_tar(self, path: str | os.PathLike[str]) -> tuple[StoredKey, ...]:
        """Bring back a tar archive of the directory, plain or packed by gzip.

        Such an archive shows everybody whose keys are in it, and can be changed
        without a trace; the keys in it are encrypted. See :meth:`restore`.

        Raises:
            SigningError: the file is no such archive, damaged, too large, or
                holds anything else; or as :meth:`restore`.
        """
        return self._restored(lambda: _backup.opened_plain(Path(path).expanduser()))

    # -- how ----------------------------------------------------------------------------

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.directory, self.patience)

    def _stored(self, keyid: str) -> StoredKey | None:
        """Return a key, or None if it was removed meanwhile."""
        folder = self.directory / keyid
        file = KeyFile(folder / KEY)
        try:
            key = _files.public(folder / PUBLIC)
            label = Label.parse(_disk.read_public(folder / LABEL), what=str(folder / LABEL))
        except SigningError:
            if not folder.exists():
                return None
            raise
        if key.id != keyid:
            raise SigningError(
                str(folder / PUBLIC), f"is key {key.id}, expected {keyid}; restore from a backup"
            )
        return StoredKey(key, label, file)

    def _files(self, keyid: str) -> dict[str, bytes]:
        folder = self.directory / keyid
        return {
            name: _disk.read_private(folder / name)
            if mode == _disk.PRIVATE
            else _disk.read_public(folder / name)
            for name, mode in FILES.items()
        }

    def _kept(self, private: PrivateKey, secret: bytes, label: Label) -> StoredKey:
        public = public_pem(private)
        keyid = _files.public_key(public, what=str(self.directory)).id
        data = {
            KEY: _files.encrypted(private, secret),
            PUBLIC: public,
            LABEL: label.rendered(),
        }
        with self._shelf.alone():
            if self._shelf.holds(keyid):
                raise SigningError(
                    f"key {keyid}", f"is in {self.directory} already; nothing was changed"
                )
            self._put(keyid, data)
        return self.get(keyid)

    def _restored(self, read: Callable[[], FrozenMap[KeyId, Contents]]) -> tuple[StoredKey, ...]:
        contents = read()
        with self._shelf.alone():
            missing = [keyid for keyid in contents if not self._shelf.holds(keyid)]
            for keyid in contents:
                if keyid not in missing and self._files(keyid) != dict(contents[keyid]):
                    raise SigningError(
                        f"key {keyid}",
                        f"is in {self.directory} already, under another passphrase or label;"
                        " nothing was restored: restore into an empty directory, and compare",
                    )
            for keyid in missing:
                self._put(keyid, contents[keyid])
        return tuple(self.get(keyid) for keyid in contents)

    def _put(self, keyid: str, data: Mapping[str, bytes]) -> None:
        self._shelf.put(keyid, {name: (data[name], mode) for name, mode in FILES.items()})

    def _unknown(self, keyid: str) -> SigningError:
        return SigningError(
            f"key {shortened(keyid, str)}", f"is not in {self.directory}; list() shows what is"
        )
