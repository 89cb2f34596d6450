"""What is in a backup, looked at completely before anything of it is kept.

A backup is the directory of a key store as a tar archive; trustlib's own have
age's encryption around it. Names in it say which key a file belongs to, and
nothing else: no name of an archive ever becomes a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from trustlib._frozen import FrozenMap
from trustlib._types import KeyId
from trustlib.errors import SigningError, shortened
from trustlib.signing import _age, _disk, _files, _tar
from trustlib.signing._forms import Bare, form
from trustlib.signing.labels import Label

KEY_ID: Final = re.compile(r"[0-9a-f]{64}")
KEY: Final = "key"
PUBLIC: Final = "key.pub"
LABEL: Final = "label.json"
FILES: Final = FrozenMap({KEY: _disk.PRIVATE, PUBLIC: _disk.PUBLIC, LABEL: _disk.PRIVATE})
"""What each key's directory holds, with the mode of each file."""

_OVERHEAD: Final = 65_536  # bytes, of the encryption around an archive

Contents: TypeAlias = FrozenMap[str, bytes]
"""The files of one key."""


def checked(keyid: str, files: Mapping[str, bytes], *, what: str) -> Contents:
    """Return *files*, if they are those of the key *keyid*.

    Whether the private half belongs to the public one is seen when it is
    unlocked, and not before.

    Raises:
        SigningError: they are not.
    """
    missing = [name for name in FILES if name not in files]
    if missing:
        raise SigningError(what, f"key {keyid}: {missing[0]} is missing")
    if any(len(data) > _disk.MAX_BYTES for data in files.values()):
        raise SigningError(what, f"key {keyid}: a file is longer than {_disk.MAX_BYTES} bytes")
    within = f"{what}, key {keyid}"
    public = _files.public_key(files[PUBLIC], what=within)
    if public.id != keyid:
        raise SigningError(
            what, f"key {keyid}: the public half in it is key {public.id}; somebody exchanged them"
        )
    if isinstance(form(files[KEY], what=within), Bare):
        raise SigningError(what, f"key {keyid}: it is not encrypted; add it with add_unencrypted()")
    Label.parse(files[LABEL], what=within)
    return FrozenMap({name: files[name] for name in FILES})


def packed(keys: Mapping[KeyId, Contents]) -> bytes:
    """Return the archive of *keys*."""
    return _tar.written(
        member
        for keyid, contents in sorted(keys.items())
        for member in (
            _tar.Member((keyid,), None),
            *(_tar.Member((keyid, name), data) for name, data in contents.items()),
        )
    )


def sealed(archive: bytes, passphrase: bytes) -> bytes:
    """Return *archive* under *passphrase*."""
    return _age.encrypted(archive, passphrase)


def opened(path: Path, passphrase: bytes) -> FrozenMap[KeyId, Contents]:
    """Return the keys in the encrypted backup *path*.

    Raises:
        WrongPassphraseError: the passphrase is wrong.
        SigningError: the file cannot be read, is damaged, or no backup.
    """
    what = str(path)
    data = _disk.read_public(path, longest=_tar.MAX_BYTES + _OVERHEAD)
    return _unpacked(_age.decrypted(data, passphrase, what=what), what=what)


def opened_plain(path: Path) -> FrozenMap[KeyId, Contents]:
    """Return the keys in the archive *path* of a key store's directory.

    Raises:
        SigningError: the file cannot be read, is damaged, or no such archive.
    """
    return _unpacked(_disk.read_public(path, longest=_tar.MAX_BYTES), what=str(path))


def _unpacked(archive: bytes, *, what: str) -> FrozenMap[KeyId, Contents]:
    try:
        members = _tar.read(_tar.unpacked(archive))
        keys = _by_key(members)
    except _tar.TarError as error:
        reason = f"is not opened: {error}; a backup holds the directory of a key store alone"
    else:
        if not keys:
            raise SigningError(what, "has no key in it; take another backup")
        return FrozenMap({keyid: checked(keyid, keys[keyid], what=what) for keyid in sorted(keys)})
    raise SigningError(what, reason)


def _by_key(members: Iterable[_tar.Member]) -> dict[KeyId, dict[str, bytes]]:
    """Sort files by key. The store's directory may lie below others, such as ``home/alice``."""
    above: set[tuple[str, ...]] = set()
    keys: dict[KeyId, dict[str, bytes]] = {}
    for member in members:
        # What begins with a dot is the bookkeeping of this store, or of a file system.
        if member.data is None or any(part.startswith(".") for part in member.path[-2:]):
            continue
        *store, keyid, name = ("", *member.path)[-len(member.path) - 1 :]
        if name not in FILES or not KEY_ID.fullmatch(keyid):
            raise _tar.TarError(f"{shortened('/'.join(member.path))} in it")
        above.add(tuple(store))
        keys.setdefault(KeyId(keyid), {})[name] = member.data
    if len(above) > 1:
        raise _tar.TarError("two key stores in it")
    return keys
