"""A directory of small directories that appear and vanish whole.

What is new is written beside its place and renamed into it, what is removed is
renamed away first: whoever looks without a lock sees all of an item or nothing
of it. Those who write take turns, also between processes.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

from attrs import frozen

from trustlib.errors import SigningError
from trustlib.signing import _disk

PRIVATE: Final = 0o700

_LOCK: Final = ".lock"
_COMING: Final = ".new-"
_GOING: Final = ".old-"
_POLL: Final = 0.005  # seconds between two looks at the lock


@frozen
class Shelf:
    """The directory.

    Attributes:
        path: an absolute path.
        patience: how many seconds to wait for another process before giving up.
    """

    path: Path
    patience: float

    def names(self) -> tuple[str, ...]:
        """Return the names of the directories in this one, sorted; none if there is none.

        Raises:
            SigningError: others can enter it, or it cannot be read.
        """
        try:
            if not self._is_there():
                return ()
            with os.scandir(self.path) as found:
                return tuple(
                    sorted(item.name for item in found if item.is_dir(follow_symlinks=False))
                )
        except OSError as error:
            raise self._failed(error) from error

    def holds(self, name: str) -> bool:
        """Return whether there is an item *name*."""
        return os.path.lexists(self.path / name)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock, over a directory that is made if it is missing.

        What another process left behind half done, because it was killed, is
        removed: whoever is still at work holds the lock.

        Raises:
            SigningError: others can enter the directory, it cannot be written,
                or another process has held the lock for too long.
        """
        from filelock import FileLock, Timeout  # heavy, and who only reads needs no lock

        try:
            if not self._is_there():
                _made(self.path)
            lock = FileLock(self.path / _LOCK, timeout=self.patience, mode=_disk.PRIVATE)
            lock.acquire(poll_interval=_POLL)
        except Timeout:
            held = f"another process has held this lock for {self.patience:g} seconds"
        except OSError as error:
            raise self._failed(error) from error
        else:
            try:
                self._sweep()
                yield
            finally:
                lock.release()
            return
        raise SigningError(
            str(self.path / _LOCK),
            f"{held}; find out whether it still runs, and stop it if it hangs",
        )

    def put(self, name: str, files: Mapping[str, tuple[bytes, int]]) -> None:
        """Make the item *name* of *files*: for each name its bytes and its mode.

        Call it :meth:`alone`.

        Raises:
            SigningError: it cannot be written; nothing is left of it then.
        """
        coming = self.path / f"{_COMING}{token_hex(8)}"
        try:
            coming.mkdir(PRIVATE)
            try:
                for file, (data, mode) in files.items():
                    _disk.created(coming / file, data, mode)
                coming.rename(self.path / name)
            except BaseException:
                shutil.rmtree(coming, ignore_errors=True)
                raise
            _disk.sync_directory(self.path)
        except OSError as error:
            raise self._failed(error) from error

    def take(self, name: str) -> None:
        """Remove the item *name*, which must be there. Call it :meth:`alone`.

        Raises:
            SigningError: it cannot be removed.
        """
        going = self.path / f"{_GOING}{token_hex(8)}"
        try:
            (self.path / name).rename(going)
            _disk.sync_directory(self.path)
            shutil.rmtree(going)
        except OSError as error:
            raise self._failed(error) from error

    def _is_there(self) -> bool:
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(mode):
            raise SigningError(str(self.path), "is not a directory; name another place")
        if _disk.POSIX and mode & 0o077:
            raise SigningError(
                str(self.path),
                f"can be entered or read by others (mode {stat.S_IMODE(mode):04o});"
                f" run: chmod 700 {self.path}",
            )
        return True

    def _sweep(self) -> None:
        for name in self.names():
            if name.startswith((_COMING, _GOING)):
                shutil.rmtree(self.path / name, ignore_errors=True)

    def _failed(self, error: OSError) -> SigningError:
        return SigningError(str(self.path), f"cannot be used: {_disk.reason(error)}")


def _made(path: Path) -> None:
    """Make *path*, and what is missing above it, for its owner alone."""
    if not path.parent.exists():
        _made(path.parent)
    path.mkdir(PRIVATE, exist_ok=True)
    _disk.sync_directory(path.parent)
