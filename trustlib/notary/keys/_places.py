"""Where key files lie: in the layout of today, and in those of 2015.

Today all are in one directory, named by the key. Before Notary 0.4, root's were
in ``root_keys``, and the others in ``tuf_keys`` below directories that spell the
collection; names could end in the role. Links are not followed, as the Go
programs do not, and what others can enter is not read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Final

from attrs import frozen

from trustlib._types import KeyId
from trustlib.errors import SigningError, shortened
from trustlib.notary.keys._blocks import is_sayable
from trustlib.signing import _disk

SUFFIX: Final = ".key"
ROOT_KEYS: Final = "root_keys"
TUF_KEYS: Final = "tuf_keys"

MOST: Final = 10_000
"""Files and directories that are looked at in one store. More are no store's."""

_NAME: Final = re.compile(r"([0-9a-f]{64})(?:_(.+))?", re.DOTALL)


@frozen(kw_only=True)
class Place:
    """What a path below the private directory says about a key.

    Attributes:
        id: which key.
        role: what its name ends in, if it does.
        gun: what the directories say, if they do.
    """

    id: KeyId
    role: str | None
    gun: str | None

    @classmethod
    def parse(cls, parts: tuple[str, ...], *, what: str) -> Place:
        """Return what the path *parts* says, without its extension.

        Raises:
            SigningError: its last part is not the name of a key.
        """
        *folders, name = parts
        named = _NAME.fullmatch(name)
        if named is None:
            raise SigningError(
                what, f"its name is {shortened(name)}, expected 64 hex digits: the key's name"
            )
        if not all(is_sayable(part) and part != ".." for part in (name, *folders)):
            raise SigningError(what, "its name is not one that docker or notary gives: move it")
        if folders[:1] in ([ROOT_KEYS], [TUF_KEYS]):
            folders = folders[1:]
        return cls(id=KeyId(named[1]), role=named[2], gun="/".join(folders) or None)


def key_files(directory: Path) -> Iterator[tuple[Path, tuple[str, ...]] | SigningError]:
    """Return each file in *directory* that is named like a key file, those of today first.

    With it goes its path below *directory*, without the extension. A directory
    below that others can enter, or that cannot be read, is an error in its place.

    Raises:
        SigningError: *directory* cannot be read, others can enter it, or there
            are more than ``MOST`` things in it.
    """
    waiting, seen = [directory], 0
    while waiting:
        folder = waiting.pop()
        try:
            entries = _entries(folder)
        except SigningError as error:
            if folder == directory:
                raise
            yield error
            continue
        seen += len(entries)
        if seen > MOST:
            raise SigningError(
                str(directory), f"has more than {MOST} files in it; move away what is no key"
            )
        for name, kind in entries:
            if kind is _Kind.FILE and name.endswith(SUFFIX):
                path = folder / name
                yield path, path.relative_to(directory).with_name(name.removesuffix(SUFFIX)).parts
        waiting += [folder / name for name, kind in entries[::-1] if kind is _Kind.FOLDER]


class _Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    OTHER = "other"

    @classmethod
    def of(cls, entry: os.DirEntry[str]) -> _Kind:
        """Return what *entry* is; a link is neither file nor folder."""
        if entry.is_file(follow_symlinks=False):
            return cls.FILE
        return cls.FOLDER if entry.is_dir(follow_symlinks=False) else cls.OTHER


def shown(path: Path) -> str:
    """Return *path* as a line of text: whoever made a file chose its name."""
    text = str(path)
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _entries(folder: Path) -> list[tuple[str, _Kind]]:
    what = shown(folder)
    try:
        mode = folder.stat().st_mode
        if not stat.S_ISDIR(mode):
            raise SigningError(what, "is not a directory: name the folder that holds the keys")
        if _disk.POSIX and mode & 0o077:
            raise SigningError(
                what,
                f"can be entered or read by others (mode {stat.S_IMODE(mode):04o});"
                f" run: chmod 700 {what}",
            )
        with os.scandir(folder) as found:
            return sorted(
                ((entry.name, _Kind.of(entry)) for entry in islice(found, MOST + 1)),
                key=lambda named: named[0],
            )
    except OSError as error:
        reason = _disk.reason(error)
    raise SigningError(what, f"cannot be read: {reason}")
