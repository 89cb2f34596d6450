"""A secret's file is private from its first instant, whole, and nobody else's.

Files are made under a name that must be free (no link is followed), with their
final mode, and are durable when a function returns. Where something fails,
what was begun is removed again.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from trustlib.errors import SigningError

MAX_BYTES: Final = 65_536  # of a key file; ours have some 300
PRIVATE: Final = 0o600
PUBLIC: Final = 0o644

POSIX: Final = os.name == "posix"
# Windows has no links to follow by accident, and would translate line ends.
_CREATE = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
# A pipe in the place of a key file must not make us wait for its writer.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def created(path: Path, data: bytes, mode: int) -> None:
    """Write *data* to a new file *path* that has *mode* at most, whatever the umask.

    Raises:
        SigningError: there is something at *path* already, or the system
            refused; nothing of ours is left there then.
    """
    try:
        _write(path, data, mode)
    except FileExistsError:
        raise SigningError(
            str(path), "exists already, and a key is never overwritten: choose another name"
        ) from None
    except OSError as error:
        raise SigningError(str(path), f"cannot be written: {reason(error)}") from error


def replaced(path: Path, data: bytes) -> None:
    """Put *data* in the place of the private file *path*, in one step.

    At every moment, the file is the old or the new one. A process that is
    killed in between may leave ``.<name>.<random>.new`` beside it, as private
    as the file itself.

    Raises:
        SigningError: the system refused. The file is the old one, or, where
            only its directory could not be made durable, the new one.
    """
    actual = Path(os.path.realpath(path))  # a link stays a link
    beside = actual.with_name(f".{actual.name}.{secrets.token_hex(8)}.new")
    try:
        _write(beside, data, PRIVATE)
        try:
            beside.replace(actual)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync_directory(actual.parent)
    except OSError as error:
        raise SigningError(str(path), f"cannot be replaced: {reason(error)}") from error


def read_private(path: Path) -> bytes:
    """Return the bytes of the private file *path*.

    Raises:
        SigningError: there is no such regular file, others may read it, it is
            longer than ``MAX_BYTES``, or the system refused.
    """
    return _read(path, shared=0 if POSIX else 0o777)


def read_public(path: Path, *, longest: int = MAX_BYTES) -> bytes:
    """Return the bytes of the file *path*.

    Raises:
        SigningError: there is no such regular file, it is longer than
            *longest*, or the system refused.
    """
    return _read(path, shared=0o777, longest=longest)


def _read(path: Path, *, shared: int, longest: int = MAX_BYTES) -> bytes:
    try:
        descriptor = os.open(path, _READ)
        try:
            _check_mode(path, os.fstat(descriptor).st_mode, shared)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(longest + 1)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise SigningError(str(path), "there is no such file; check the path") from None
    except OSError as error:
        raise SigningError(str(path), f"cannot be read: {reason(error)}") from error
    if len(data) > longest:
        raise SigningError(
            str(path), f"is longer than the {longest} bytes it may have; it is no key"
        )
    return data


def _check_mode(path: Path, mode: int, shared: int) -> None:
    if not stat.S_ISREG(mode):
        raise SigningError(str(path), "is not a regular file; name the file itself")
    if mode & 0o077 & ~shared:
        raise SigningError(
            str(path),
            f"can be read or written by others (mode {stat.S_IMODE(mode):04o});"
            f" run: chmod 600 {path}",
        )


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, _CREATE, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def sync_directory(directory: Path) -> None:
    """Make the names in *directory* last, where the system can."""
    if not POSIX:
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reason(error: OSError) -> str:
    """Return what the system said."""
    return error.strerror or type(error).__name__
