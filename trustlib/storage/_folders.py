"""A path inside the store is walked, never resolved.

Every directory below the store's own is opened from its parent's descriptor
and may not be a symbolic link, so nothing that is placed inside the store can
lead a read or a write out of it. Where the system has no such descriptors
(Windows), each step is looked at before it is taken.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Final

from attrs import frozen

from trustlib.errors import StorageError
from trustlib.storage._ports import LinkError

_WALKS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_NOFOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
_BINARY: Final[int] = getattr(os, "O_BINARY", 0)
_DIRECTORY: Final[int] = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# Without O_NONBLOCK, opening a FIFO waits for somebody to write to it.
_READ: Final[int] = os.O_RDONLY | _BINARY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0)
_CREATE: Final[int] = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _NOFOLLOW

_JUNCTION: Final = (
    0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: a link of Windows that is not called one
)
_UNSYNCABLE: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})

# On Windows a file that a reader or a virus scanner holds open cannot be replaced.
_PAUSES: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32) if os.name == "nt" else ()


@frozen
class Folder:
    """A directory of the store, by its descriptor if it was walked to, else by its path.

    Methods raise :class:`OSError`: who calls knows which file it is about.
    """

    path: Path
    descriptor: int | None = None

    def at(self, name: str) -> str:
        """Return what the system is to be told, beside the descriptor."""
        return str(self.path / name) if self.descriptor is None else name

    def close(self) -> None:
        """Give the descriptor back."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def enter(self, name: str) -> Folder:
        """Open a directory in this one; a link to one is an error."""
        if _WALKS:
            flags = _DIRECTORY | _NOFOLLOW
            return Folder(self.path / name, os.open(self.at(name), flags, dir_fd=self.descriptor))
        if self.is_link(name):
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory, but a link")
        if not self.holds(name):
            raise FileNotFoundError(errno.ENOENT, "No such directory")
        return Folder(self.path / name)

    def make(self, name: str, mode: int) -> Folder:
        """Open a directory in this one, and make it, with *mode*, if it is missing."""
        try:
            return self.enter(name)
        except FileNotFoundError:
            pass
        try:
            os.mkdir(self.at(name), 0o700, dir_fd=self.descriptor)
        except FileExistsError:
            return self.enter(name)  # somebody else was first, and theirs is as good
        made = self.enter(name)
        try:
            if made.descriptor is not None:
                os.fchmod(made.descriptor, mode)  # whatever the umask says
            self.sync()
        except OSError:
            made.close()
            raise
        return made

    def is_link(self, name: str) -> bool:
        """Say whether a symbolic link (on Windows: or a junction) has this name."""
        try:
            info = os.lstat(self.at(name), dir_fd=self.descriptor)
        except FileNotFoundError:
            return False
        return stat.S_ISLNK(info.st_mode) or getattr(info, "st_reparse_tag", 0) == _JUNCTION

    def holds(self, name: str) -> bool:
        """Say whether anything at all has this name."""
        try:
            os.lstat(self.at(name), dir_fd=self.descriptor)
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str) -> bytes | None:
        """Return a regular file's bytes, or None if there is no such file.

        Raises:
            StorageError: as :meth:`opened`.
        """
        file = self.opened(name)
        if file is None:
            return None
        with file:
            return file.read()

    def opened(self, name: str) -> BufferedReader | None:
        """Open a regular file to read it, or return None if there is no such file.

        Raises:
            LinkError: it is a symbolic link.
            StorageError: it is something else than a file.
        """
        where = str(self.path / name)
        if not _WALKS and self.is_link(name):
            raise LinkError(where)
        try:
            descriptor = os.open(self.at(name), _READ, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            # Systems disagree on the number that O_NOFOLLOW's refusal has.
            if self.is_link(name):
                raise LinkError(where) from error
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise StorageError(
                where, "expected a regular file, and it is something else; remove it"
            )
        return os.fdopen(descriptor, "rb")

    @contextmanager
    def draft(self, data: bytes, mode: int) -> Iterator[Draft]:
        """Hold *data* on disk, durably, in a new file; what was not moved is gone afterwards."""
        name = os.urandom(16).hex()
        descriptor = os.open(self.at(name), _CREATE, 0o600, dir_fd=self.descriptor)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                if hasattr(os, "fchmod"):
                    os.fchmod(descriptor, mode)  # before there is anything to be read
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(descriptor)
                written = os.fstat(descriptor).st_mtime
            yield Draft(folder=self, name=name, written=written)
        finally:
            self.remove(name)

    def remove(self, name: str) -> None:
        """Remove a file or a link; one that is not there is fine."""
        with suppress(FileNotFoundError):
            _patiently(lambda: os.unlink(self.at(name), dir_fd=self.descriptor))

    def move(self, name: str, folder: Folder, to: str) -> None:
        """Put a file into the place of a file there, or of nothing, in one step."""
        _patiently(
            lambda: os.replace(
                self.at(name),
                folder.at(to),
                src_dir_fd=self.descriptor,
                dst_dir_fd=folder.descriptor,
            )
        )

    def sweep(self, before: float) -> None:
        """Remove the files that were last written *before* (seconds since 1970)."""
        for name in self.entries().files:
            with suppress(OSError):  # somebody else sweeps too, or it is not ours to sweep
                if os.lstat(self.at(name), dir_fd=self.descriptor).st_mtime < before:
                    self.remove(name)

    def entries(self) -> Entries:
        """Return what there is, but for links and the like."""
        where = self.path if self.descriptor is None else self.descriptor
        with os.scandir(where) as found:
            entries = tuple(found)
            return Entries(
                tuple(entry.name for entry in entries if entry.is_dir(follow_symlinks=False)),
                tuple(entry.name for entry in entries if entry.is_file(follow_symlinks=False)),
            )

    def sync(self) -> None:
        """Make the names in this directory last, where the system can."""
        if not _WALKS:
            return
        own = self.descriptor
        descriptor = os.open(self.path, _DIRECTORY) if own is None else own
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _UNSYNCABLE:
                raise
        finally:
            if own is None:
                os.close(descriptor)


@frozen
class Entries:
    """The names in a directory."""

    folders: tuple[str, ...]
    files: tuple[str, ...]


@frozen(kw_only=True)
class Draft:
    """A file that is about to take another's place.

    Attributes:
        written: when it was, by the file system's own clock.
    """

    folder: Folder
    name: str
    written: float

    def replace(self, folder: Folder, name: str) -> None:
        """Put the draft in the place of a file, or of nothing, in one step."""
        self.folder.move(self.name, folder, name)


@contextmanager
def walked(start: Path, way: Sequence[str]) -> Iterator[Folder]:
    """Open the directory that lies this *way* below *start*."""
    with _following(start, way, Folder.enter) as folder:
        yield folder


@contextmanager
def made(start: Path, way: Sequence[str], mode: int) -> Iterator[Folder]:
    """Open the directory that lies this *way* below *start*; make what is missing, with *mode*."""
    missing: list[str] = []
    while not start.exists() and start != start.parent:
        missing.insert(0, start.name)
        start = start.parent
    with _following(start, (*missing, *way), lambda at, name: at.make(name, mode)) as folder:
        yield folder


@contextmanager
def _following(
    start: Path, way: Sequence[str], step: Callable[[Folder, str], Folder]
) -> Iterator[Folder]:
    folder = Folder(start)
    try:
        for name in way:
            below = step(folder, name)
            folder.close()
            folder = below
        yield folder
    finally:
        folder.close()


def _patiently(action: Callable[[], None]) -> None:
    for pause in _PAUSES:
        try:
            return action()
        except PermissionError:
            time.sleep(pause)
    return action()
