"""What is not verified yet has no name that anybody looks at.

A draft lies beside its place, is named after the content it is to have, and
belongs to one download at a time: a lock on the file itself says so, which
dies with its process. Whoever finds a draft without an owner goes on with it.
Nothing in it is believed for that.

Files are opened by name in a directory that was opened once, and no link is
followed there.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Final

from attrs import frozen

from trustlib.errors import MismatchError, StorageError, TooLongError
from trustlib.storage._folders import Folder

PIECE: Final = 65_536

_SLOTS: Final = 16
"""How many downloads of one content, into one directory, leave drafts to go on with."""

_FLAGS: Final[int] = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a FIFO must not wait for its other end
    | getattr(os, "O_BINARY", 0)
)
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS
_WRITABLE_BY_OTHERS: Final = 0o022

_ADVICE: Final = {
    errno.ENOENT: "make the directory first, or choose another place",
    errno.ENOTDIR: "choose a place in a directory",
    errno.EISDIR: "name the file, not its directory",
    errno.EACCES: "choose another place, or let this user write to the directory",
    errno.EPERM: "choose another place, or let this user write to the directory",
    errno.EROFS: "choose a place on a disk that can be written",
    errno.ENOSPC: "free some space and call again: what has arrived is kept where that is possible",
    errno.EDQUOT: "free some space and call again: what has arrived is kept where that is possible",
    errno.ENAMETOOLONG: "choose a shorter name",
}

if sys.platform == "win32":

    def _lock(_: int) -> None:
        # A file that is locked here can be neither read nor moved.
        raise OSError(errno.ENOTSUP, "no locks that would do")

else:
    from fcntl import LOCK_EX, LOCK_NB, flock

    def _lock(descriptor: int) -> None:
        """Take the lock; BlockingIOError if somebody has it, else OSError if there are none."""
        flock(descriptor, LOCK_EX | LOCK_NB)


def left_in(directory: Path) -> frozenset[str]:
    """Return what the drafts are called that lie in *directory*; none if it cannot be read."""
    with suppress(OSError), os.scandir(directory) as entries:
        return frozenset(one.name for one in entries if one.name.endswith(".part"))
    return frozenset()


@contextmanager
def opened(path: Path, left: frozenset[str] | None = None) -> Iterator[Place]:
    """Open the directory of *path*, which may be reached through links.

    Args:
        path: the file that is to be there.
        left: the drafts that lay there, where somebody looked already, for many files.

    Raises:
        StorageError: the system refused that, or something in the block.
    """
    if path.name in {"", ".."}:
        raise StorageError(str(path), f"is a directory; {_ADVICE[errno.EISDIR]}")
    try:
        folder = _folder(path.parent)
        try:
            yield Place(path, folder, left)
        finally:
            folder.close()
    except OSError as error:
        said = error.strerror or type(error).__name__
        advice = _ADVICE.get(error.errno or 0, "look after the disk, then call again")
        raise StorageError(str(path), f"{said}; {advice}") from error


def _folder(path: Path) -> Folder:
    if os.open not in os.supports_dir_fd:
        return Folder(path)
    return Folder(path, os.open(path, os.O_RDONLY | os.O_DIRECTORY))


def pieces(file: FileIO) -> Iterator[bytes]:
    """Read *file* from its beginning to its end."""
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def size(file: FileIO) -> int:
    """Return how many bytes *file* has."""
    return os.fstat(file.fileno()).st_size


@frozen
class Place:
    """Where a file is to be.

    Methods raise :class:`OSError`, for :func:`opened` to explain.
    """

    path: Path
    folder: Folder
    left: frozenset[str] | None = None

    def existing(self) -> FileIO | None:
        """Open the file that is there, or return None if there is none that can be read.

        Raises:
            StorageError: there is something that is not to be replaced by a file.
        """
        name, at = self.folder.at(self.path.name), self.folder.descriptor
        try:
            mode = os.lstat(name, dir_fd=at).st_mode
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(mode):
            return None  # the link is replaced, and what it points to left alone
        if not stat.S_ISREG(mode):
            raise StorageError(
                str(self.path), "something else than a file is there; choose another place"
            )
        try:
            return os.fdopen(os.open(name, os.O_RDONLY | _FLAGS, dir_fd=at), "rb", buffering=0)
        except OSError:
            return None

    @contextmanager
    def draft(self, identity: str) -> Iterator[Draft]:
        """Have a draft to oneself, for the content that *identity* stands for.

        If the block does not publish it, it is kept for another download to go
        on with, unless it is empty or was refused.
        """
        draft = self._shared(identity) or self._unique()
        with draft.file:
            try:
                yield draft
            except BaseException as error:
                refused = isinstance(error, MismatchError | TooLongError)
                with suppress(OSError):
                    if refused or not draft.shared or size(draft.file) == 0:
                        draft.remove()
                raise

    def sweep(self, identity: str) -> None:
        """Remove the drafts for that content that nobody works on."""
        for name in _names(identity):
            if self.left is not None and name not in self.left:
                continue
            with suppress(OSError), self.open(name, os.O_RDWR | _FLAGS) as file:
                if self._is_free(name, file):
                    self.folder.remove(name)

    def open(self, name: str, flags: int, mode: int = 0o600) -> FileIO:
        """Open a file beside the place."""
        at = self.folder.descriptor
        descriptor = os.open(self.folder.at(name), flags, mode, dir_fd=at)
        return os.fdopen(descriptor, "r+b", buffering=0)

    def is_named(self, name: str, file: FileIO) -> bool:
        """Say whether *file* still has that name: somebody may have moved it into its place."""
        try:
            named = os.lstat(self.folder.at(name), dir_fd=self.folder.descriptor)
        except FileNotFoundError:
            return False
        return os.path.samestat(named, os.fstat(file.fileno()))

    def _shared(self, identity: str) -> Draft | None:
        """Return the first draft of that content that is free; None: none can be had safely."""
        for name in _names(identity):
            try:
                file = self.open(name, os.O_RDWR | os.O_CREAT | _FLAGS)
            except OSError:  # a link, a directory, another user's file: left alone
                continue
            with suppress(OSError):
                if self._is_free(name, file):
                    return Draft(self, name, file, shared=True)
            file.close()
        return None

    def _unique(self) -> Draft:
        name = _unique_name()
        return Draft(self, name, self.open(name, _NEW), shared=False)

    def _is_free(self, name: str, file: FileIO) -> bool:
        """Lock a draft, and say whether it is ours now, and ours alone."""
        try:
            _lock(file.fileno())
        except BlockingIOError:
            return False  # somebody works on it
        except OSError:
            self.folder.remove(name)  # no locks here, so nobody can
            return False
        if not self.is_named(name, file):
            return False  # its owner has just finished
        if not _is_private(file):
            self.folder.remove(name)
            return False
        return True


@frozen
class Draft:
    """A file that is not in its place yet.

    Attributes:
        shared: whether another download can find it, and go on with it.
    """

    place: Place
    name: str
    file: FileIO
    shared: bool

    def append(self, piece: bytes) -> None:
        """Write *piece* after what was read and written so far."""
        rest = memoryview(piece)
        while rest:
            rest = rest[self.file.write(rest) :]

    def clear(self) -> None:
        """Drop all of it."""
        self.file.seek(0)
        self.file.truncate()

    def remove(self) -> None:
        """Remove the draft, but nobody else's that has its name by now."""
        if not self.shared or self.place.is_named(self.name, self.file):
            self.place.folder.remove(self.name)

    def publish(self) -> None:
        """Put the draft in its place, durably and in one step, as readable as any new file."""
        self._made_readable()
        try:
            os.fsync(self.file.fileno())
        except OSError:
            self.remove()  # the system may have lost what it could not write
            raise
        if not self.shared:
            self.file.close()  # Windows moves no open files, and nobody waits for its lock
        folder = self.place.folder
        folder.move(self.name, folder, self.place.path.name)
        folder.sync()

    def _made_readable(self) -> None:
        if sys.platform == "win32":
            return
        # The umask can only be read by setting it, for all threads. A new file tells as well.
        name = _unique_name()
        with self.place.open(name, _NEW, 0o666) as fresh:
            self.place.folder.remove(name)
            mode = stat.S_IMODE(os.fstat(fresh.fileno()).st_mode)
        if mode != stat.S_IMODE(os.fstat(self.file.fileno()).st_mode):
            os.fchmod(self.file.fileno(), mode)


def _names(identity: str) -> Iterator[str]:
    return (f".trustlib-{identity}-{slot}.part" for slot in range(_SLOTS))


def _unique_name() -> str:
    return f".trustlib-{os.urandom(16).hex()}.part"


def _is_private(file: FileIO) -> bool:
    """Say whether nobody else can write to *file*, now or through another name."""
    info = os.fstat(file.fileno())
    return (
        stat.S_ISREG(info.st_mode)
        and info.st_nlink == 1
        and not info.st_mode & _WRITABLE_BY_OTHERS
        and (sys.platform == "win32" or info.st_uid == os.geteuid())
    )
