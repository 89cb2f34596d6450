"""A file is replaced whole, durably, and only if nobody was faster.

What is written goes to a new file first and reaches the disk there; then, under
a lock that all processes share, the file in its place is compared and replaced
in one step. Killed at any moment, the store holds the old file or the new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from attrs import field, frozen

from trustlib.errors import StorageError
from trustlib.storage._folders import Entries, Folder, made, walked
from trustlib.storage._names import DRAFTS, LOCK, RESERVED, Place, is_listed, repository_place
from trustlib.storage._ports import BothPorts, Expected, LinkError

_STALE: Final = 3600.0
"""Seconds after which a draft has no writer any more: it was killed."""

_POLL: Final = 0.002
"""Seconds between two looks at the lock, which is held for less than that."""


def _absolute(directory: str | Path) -> Path:
    # A program that changes its working directory later means the same store.
    return Path(directory).expanduser().absolute()


@frozen(kw_only=True)
class Modes:
    """The permission bits that new directories and files get, whatever the umask says."""

    directory: int
    file: int


_PRIVATE: Final = Modes(directory=0o700, file=0o600)
_PUBLIC: Final = Modes(directory=0o755, file=0o644)


@frozen
class FileStorage(BothPorts):
    """A directory: a client's ``Storage`` and a publisher's ``RepositoryStorage``.

    Safe to share between threads, and the directory between processes. It is
    made by the first write. Beside the files it holds a directory ``.trustlib``
    with the lock, with drafts that are about to take a file's place, and with
    the bookkeeping that a client saves there; only its owner can enter that.

    Symbolic links inside the directory are never followed. Files that were
    there before, and directories, keep the modes they have until replaced.

    Attributes:
        directory: where the files are; ``~`` is the user's home.
        modes: of what is made. The default is for a client: nobody else reads it.
        patience: how many seconds to wait for another process before giving up.
    """

    directory: Path = field(converter=_absolute)
    modes: Modes = field(default=_PRIVATE, kw_only=True)
    patience: float = field(default=60.0, kw_only=True)

    @classmethod
    def public(cls, directory: str | Path) -> Self:
        """Return the storage of a published site: everybody may read it (0755, 0644)."""
        return cls(directory, modes=_PUBLIC)

    def list(self) -> Iterable[str]:
        """See :meth:`trustlib.ports.RepositoryStorage.list`.

        What :meth:`read` would refuse, links for example, is left out.

        Raises:
            StorageError: a directory could not be read.
        """
        paths: list[str] = []
        ways: list[Place] = [()]
        while ways:
            way = ways.pop()
            entries = self._entries(way)
            paths += (path for name in entries.files if is_listed(path := "/".join((*way, name))))
            below = ((*way, name) for name in entries.folders)
            ways += (folder for folder in below if is_listed("/".join(folder)))
        return tuple(paths)

    def delete(self, path: str) -> None:
        """See :meth:`trustlib.ports.RepositoryStorage.delete`.

        Of a symbolic link the link is removed. Directories stay.

        Raises:
            StorageError: the file could not be removed, or *path* leads out of
                the directory.
        """
        *way, name = repository_place(path)
        with _reported(self.directory / path):
            if not self._holds(way, name):
                return
            with self._drafts(), walked(self.directory, way) as folder:
                with self._alone():
                    folder.remove(name)
                folder.sync()

    def _content(self, place: Place) -> bytes | None:
        *way, name = place
        with _reported(self.directory.joinpath(*place)):
            try:
                with walked(self.directory, way) as folder:
                    return folder.read(name)
            except FileNotFoundError:
                return None

    def _exchange(self, place: Place, data: bytes, expected: Expected) -> bytes | None:
        *way, name = place
        with (
            _reported(self.directory.joinpath(*place)),
            self._drafts() as drafts,
            made(self.directory, way, self.modes.directory) as folder,
            drafts.draft(data, self.modes.file) as draft,
        ):
            drafts.sweep(draft.written - _STALE)
            with self._alone():
                try:
                    found = folder.read(name)
                except LinkError:
                    found = None
                replaced = expected(found)
                if replaced:
                    draft.replace(folder, name)
            # Somebody else's file counts as ours if it is the same: so it must last as ours does.
            if replaced or found == data:
                folder.sync()
            return found

    def _holds(self, way: Sequence[str], name: str) -> bool:
        try:
            with walked(self.directory, way) as folder:
                return folder.holds(name)
        except FileNotFoundError:
            return False

    def _entries(self, way: Place) -> Entries:
        with _reported(self.directory.joinpath(*way)):
            try:
                with walked(self.directory, way) as folder:
                    return folder.entries()
            except FileNotFoundError:
                return Entries((), ())

    @contextmanager
    def _drafts(self) -> Iterator[Folder]:
        with (
            # The directory itself is made with the modes of the store, what is inside is private:
            # a draft is not published yet.
            made(self.directory, (), self.modes.directory),
            made(self.directory, (RESERVED, DRAFTS), _PRIVATE.directory) as folder,
        ):
            yield folder

    @contextmanager
    def _alone(self) -> Iterator[None]:
        from filelock import FileLock, Timeout  # heavy, and who only reads needs no lock

        path = self.directory / RESERVED / LOCK
        if path.is_symlink():
            raise LinkError(str(path))
        lock = FileLock(path, timeout=self.patience, mode=_PRIVATE.file)
        try:
            lock.acquire(poll_interval=_POLL)
        except Timeout as error:
            raise StorageError(
                str(path),
                f"another process has held this lock for {self.patience:g} seconds;"
                " find out whether it still runs, and stop it if it hangs",
            ) from error
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _reported(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(str(where), error.strerror or str(error)) from error
    except UnicodeEncodeError as error:
        raise StorageError(
            str(where), "the file system cannot spell this name; use another place"
        ) from error
