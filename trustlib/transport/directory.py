"""A repository on a disk: a mounted mirror, a stick that somebody carried here.

Nothing outside the directory is ever opened, and nothing that is not a file:
names come from metadata, and the stick from wherever it was.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from attrs import field, frozen

from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport._pieces import Peeked
from trustlib.transport._urls import plain_path

_PIECE: Final = 65_536
_READABLE: Final = "make it readable, and try again"

# A FIFO must not be waited for, and a link that was put in place after the
# check must not be followed. Windows has neither, and a text mode instead.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@frozen
class DirectoryTransport:
    """Reads a repository's files from a directory.

    File names are the request's path with its percent-encoding undone.
    """

    directory: Path = field(converter=Path)

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return the file in pieces of at most 64 KiB, or None if there is no such file.

        The first piece is read before this returns.

        Raises:
            TransportError: the directory itself is not there (a stick that is
                not plugged in is not an empty repository); the path leads out
                of it, also through a link; it is not a regular file; it is
                shorter than the offset; or the system refuses to read it.
        """
        if request.offset < 0:
            raise ValueError(f"the offset must be 0 or more, got {request.offset}")
        where = str(self.directory)
        try:
            base = os.path.realpath(self.directory, strict=True)
            if not self.directory.is_dir():
                raise TransportError(
                    where, "is not a directory", advice="name the one that has the files"
                )
            segments = plain_path(request.path, where)
            where = str(Path(base, *segments))
            try:
                file = _opened(base, where)
            except (FileNotFoundError, NotADirectoryError):
                return None
            if file is None:
                return None
            return Peeked(_pieces(file, where, request.offset))
        except (OSError, ValueError) as error:
            raise TransportError(where, f"cannot be read ({error})", advice=_READABLE) from error


def _opened(base: str, name: str) -> BinaryIO | None:
    real = os.path.realpath(name, strict=True)
    if os.path.commonpath([base, real]) != base:
        raise TransportError(name, f"leads out of {base}", advice="remove that link")
    descriptor = os.open(real, _FLAGS)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb", buffering=0)
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        return None
    raise TransportError(name, "is not a regular file", advice="put a file there")


def _pieces(file: BinaryIO, where: str, offset: int) -> Iterator[bytes]:
    with file:
        try:
            if file.seek(0, os.SEEK_END) < offset:
                raise TransportError(where, f"the file has no byte {offset} to continue at")
            file.seek(offset)
            while piece := file.read(_PIECE):
                yield piece
        except OSError as error:
            raise TransportError(where, f"cannot be read ({error})", advice=_READABLE) from error
