"""The key directory of docker and ``notary``, whichever version made it.

All that is there is found, and what is written is what their newest versions
use. A file's name comes from the key alone; a key appears whole or not at all,
and is never overwritten by another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from trustlib._types import KeyId
from trustlib.errors import SigningError, shortened
from trustlib.notary.keys import _blocks, _bundle, _places, _sealing
from trustlib.notary.keys._pkcs8 import NotaryPrivateKey, notary_key
from trustlib.notary.keys.file import OF_COLLECTIONS, NotaryKeyFile, described, headers_for
from trustlib.notary.keys.public import NotaryPublicKey
from trustlib.signing import _disk, _files
from trustlib.signing._shelf import Shelf
from trustlib.signing.algorithms import Algorithm
from trustlib.signing.keyfile import KeyFile

_PRIVATE: Final = "private"
_ROOT: Final = "root"
_PATIENCE: Final = 60.0  # seconds


def _absolute(directory: str | os.PathLike[str]) -> Path:
    return Path(directory).expanduser().absolute()


@frozen
class NotaryKeyStore:
    """A trust directory of docker or ``notary``; making this value reads nothing.

    Everything here that reads the store raises :class:`~trustlib.errors.SigningError`
    where others can enter its directory of keys, or the system refuses. One
    file that is damaged does not keep the others from being used.

    Attributes:
        directory: ``~/.docker/trust``, ``~/.notary``, or what ``notary -d`` says;
            keys are in ``private`` below it.
        rounds: of PBKDF2, for keys that are written; the Go programs do as
            many as a file says, and write 2,048 themselves.
        patience: how many seconds to wait for another process before giving up.
    """

    directory: Path = field(converter=_absolute)
    rounds: int = field(default=_sealing.ROUNDS, kw_only=True)
    patience: float = field(default=_PATIENCE, kw_only=True)

    # -- looking ------------------------------------------------------------------------

    def list(self) -> tuple[NotaryKeyFile, ...]:
        """Return every key file that can be used, those of today's layout first.

        A key that lies in two places is there twice.
        """
        return tuple(one for one in self._found() if isinstance(one, NotaryKeyFile))

    def unreadable(self) -> tuple[SigningError, ...]:
        """Return what is wrong with each file that is named like a key and cannot be used."""
        return tuple(one for one in self._found() if isinstance(one, SigningError))

    def find(self, *, role: str | None = None, gun: str | None = None) -> tuple[NotaryKeyFile, ...]:
        """Return the key files that are for *role* and *gun*, where these are said.

        A key that names no collection, as root's and signers' do not, is found
        for each.
        """
        return tuple(
            file
            for file in self.list()
            if role in (None, file.role) and (gun is None or file.gun in (None, gun))
        )

    def get(self, keyid: str) -> NotaryKeyFile:
        """Return the file of the key with the canonical name *keyid*.

        Raises:
            SigningError: it is not there.
        """
        for file in self.list():
            if file.id == keyid:
                return file
        raise SigningError(
            f"key {shortened(keyid, str)}",
            f"is not in {self._place}; list() shows what is, and unreadable() what is damaged",
        )

    def signers(self) -> tuple[str, ...]:
        """Return the names of the roles that keys are for, without root's and a collection's own.

        All of them have the same variable: ``docker_passphrases(*store.signers())``.
        """
        own = {_ROOT, *OF_COLLECTIONS, None}
        return tuple(sorted({file.role for file in self.list() if file.role} - own))

    # -- adding -------------------------------------------------------------------------

    def generate(
        self,
        passphrase: str | bytes,
        *,
        role: str,
        gun: str | None = None,
        algorithm: Algorithm = Algorithm.ECDSA_P256,
    ) -> NotaryKeyFile:
        """Make a new key in the store.

        Args:
            passphrase: text is taken as UTF-8.
            role: ``root``, ``targets``, ``snapshot``, or a signer's name.
            gun: the collection, for keys of ``targets`` and ``snapshot``.
            algorithm: docker and ``notary`` make P-256 keys alone.

        Raises:
            SigningError: the store cannot be written, or Notary has no such keys.
            ValueError: *passphrase* is empty, *role* and *gun* do not go together,
                or the store's *rounds* are fewer than 2,048.
        """
        headers_for(role, gun)
        secret = _files.secret(passphrase)
        private = notary_key(algorithm.generate(), what=algorithm.value)
        return self._kept(private, secret, role, gun)

    def add(
        self,
        path: str | os.PathLike[str],
        passphrase: str | bytes,
        *,
        role: str | None = None,
        gun: str | None = None,
    ) -> NotaryKeyFile:
        """Bring a key file of any form that docker or ``notary`` wrote into the store.

        It is written anew under the same passphrase. *path* stays where it is.

        Args:
            path: the file, with one key.
            passphrase: opens it.
            role: what the key is for; what the file's header says, if nothing is said.
            gun: likewise.

        Raises:
            WrongPassphraseError: the passphrase is wrong.
            SigningError: the file is damaged, not encrypted, readable by others
                or asks for too much work; nobody says what the key is for; or
                the store has the key already.
            ValueError: *passphrase* is empty, or *role* and *gun* do not go together.
        """
        source, secret = Path(path).expanduser(), _files.secret(passphrase)
        block, what = _sealing.read(source), str(source)
        private = notary_key(_sealing.opened(block, secret, what=what), what=what)
        return self._kept(private, secret, *_purpose(block, role, gun, what=what))

    def add_unencrypted(
        self,
        path: str | os.PathLike[str],
        passphrase: str | bytes,
        *,
        role: str | None = None,
        gun: str | None = None,
    ) -> NotaryKeyFile:
        """Bring a key that has no passphrase into the store, under one; see :meth:`add`.

        Raises:
            SigningError: as :meth:`add`, or the file is encrypted.
            ValueError: as :meth:`add`.
        """
        source, secret = Path(path).expanduser(), _files.secret(passphrase)
        block, what = _sealing.read(source), str(source)
        private = notary_key(_sealing.opened_bare(block, what=what), what=what)
        return self._kept(private, secret, *_purpose(block, role, gun, what=what))

    def add_key_file(
        self, file: KeyFile, passphrase: str | bytes, *, role: str, gun: str | None = None
    ) -> NotaryKeyFile:
        """Bring one of our own key files into the store, in Notary's form.

        *file* stays where it is.

        Raises:
            WrongPassphraseError: the passphrase is wrong.
            SigningError: as :meth:`.KeyFile.unlock`, Notary has no such keys
                (ML-DSA), or the store has the key already.
            ValueError: *passphrase* is empty, or *role* and *gun* do not go together.
        """
        headers_for(role, gun)
        secret = _files.secret(passphrase)
        private = notary_key(_files.opened(file.path, secret), what=str(file.path))
        return self._kept(private, secret, role, gun)

    # -- copying away, and back ---------------------------------------------------------

    def export(
        self, path: str | os.PathLike[str], *files: NotaryKeyFile
    ) -> tuple[NotaryKeyFile, ...]:
        """Write keys into the one new file *path*, as ``notary key export`` does.

        Each is under its own passphrase still. Which collections there are,
        everybody who sees the file can read.

        Args:
            path: must be free.
            *files: which; all of the store if none is said, and then none may be
                unreadable. A key that lies in two places is written once.

        Returns:
            Those that were written.

        Raises:
            SigningError: *path* exists already or cannot be written; there is
                no key; or one is damaged, not encrypted or readable by others.
        """
        if not files:  # a copy that lacks a key is missed when it is too late
            for problem in self.unreadable():
                raise SigningError(
                    problem.what, f"{problem.reason}; or say which keys to export: *store.list()"
                )
        first = {file.id: file for file in reversed(files or self.list())}
        chosen = tuple(first[keyid] for keyid in sorted(first))
        if not chosen:
            none = "has no key in it that could be exported: name another folder"
            raise SigningError(str(self._place), none)
        _disk.created(Path(path).expanduser(), _bundle.bundled(chosen), _disk.PRIVATE)
        return chosen

    def restore(self, path: str | os.PathLike[str]) -> tuple[NotaryKeyFile, ...]:
        """Bring back what :meth:`export` or ``notary key export`` wrote, byte by byte.

        No passphrase is needed, and none is known to be right: a key is looked
        at when it is unlocked. Keys that are in the store already, the same
        byte by byte, stay. The file is looked at completely before anything is
        written; where the system refuses in the middle, doing it again brings
        the rest.

        Raises:
            SigningError: the file is no bundle, or damaged; a key in it is not
                encrypted; or the store has one of the keys in another form, for
                example under a newer passphrase. Nothing was restored then.
        """
        source = Path(path).expanduser()
        data = _disk.read_public(source, longest=_bundle.MAX_BYTES)
        files = _bundle.unbundled(data, what=str(source))
        with self._shelf.alone():
            for keyid, content in files.items():
                place = self._file(keyid)
                if os.path.lexists(place) and _disk.read_private(place) != content:
                    raise SigningError(
                        f"key {keyid}",
                        f"is in {self._place} already, under another passphrase or for another"
                        " role; nothing was restored: restore into an empty directory, and compare",
                    )
            self._put(files)
        return tuple(self.get(keyid) for keyid in files)

    # -- how ----------------------------------------------------------------------------

    @property
    def _place(self) -> Path:
        return self.directory / _PRIVATE

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self._place, self.patience)

    def _file(self, keyid: KeyId) -> Path:
        return self._place / f"{keyid}{_places.SUFFIX}"

    def _found(self) -> Iterator[NotaryKeyFile | SigningError]:
        if not os.path.lexists(self._place):
            return
        for found in _places.key_files(self._place):
            yield found if isinstance(found, SigningError) else _described(*found)

    def _kept(
        self, private: NotaryPrivateKey, secret: bytes, role: str, gun: str | None
    ) -> NotaryKeyFile:
        keyid = NotaryPublicKey.of(private.public_key()).canonical_id
        data = _sealing.sealed(private, secret, headers_for(role, gun), rounds=self.rounds)
        with self._shelf.alone():
            if any(file.id == keyid for file in self.list()) or os.path.lexists(self._file(keyid)):
                raise SigningError(
                    f"key {keyid}", f"is in {self._place} already; nothing was changed"
                )
            self._put({keyid: data})
        return self.get(keyid)

    def _put(self, files: Mapping[KeyId, bytes]) -> None:
        """Write those of *files* that are not there. Call it alone."""
        for keyid, data in files.items():
            if not os.path.lexists(self._file(keyid)):
                _disk.replaced(self._file(keyid), data)


def _described(path: Path, parts: tuple[str, ...]) -> NotaryKeyFile | SigningError:
    try:
        place = _places.Place.parse(parts, what=_places.shown(path))
        return described(path, place.id, role=place.role, gun=place.gun)
    except SigningError as error:
        return error.with_traceback(None)


def _purpose(
    block: _blocks.Block, role: str | None, gun: str | None, *, what: str
) -> tuple[str, str | None]:
    """Return what a key is for: what the caller says, or else its headers.

    Raises:
        SigningError: nobody says it, or the headers make no sense.
        ValueError: what the caller says makes no sense.
    """
    if role is not None:
        headers_for(role, gun)
        return role, gun
    said = block.said(_blocks.ROLE)
    if said is None:
        raise SigningError(what, "does not say what the key is for; say role=")
    named = block.said(_blocks.GUN) if gun is None else gun
    if said in OF_COLLECTIONS and named is None:
        raise SigningError(what, f"is a key of {said} and does not say whose; say gun=")
    return said, named if said in OF_COLLECTIONS else None
