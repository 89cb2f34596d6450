"""Small files that people carry, and those that must be there tomorrow."""

from __future__ import annotations

import os
from pathlib import Path

from trustlib.errors import MalformedError, StorageError


def written(path: str | Path, text: str) -> None:
    """Write *text* as the whole file.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error


def kept(path: str | Path, text: str) -> None:
    """Put *text* in the place of the file in one step, durably: it is the old or the new one.

    A process that is killed in between may leave ``.<name>.<random>.new`` beside it.

    Raises:
        StorageError: the file cannot be written; it is the old one then.
    """
    place = Path(path)
    beside = place.with_name(f".{place.name}.{os.urandom(8).hex()}.new")
    try:
        try:
            with beside.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
        _made_durable(place.parent)
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error


def _made_durable(directory: Path) -> None:
    if os.name != "posix":  # elsewhere, a directory cannot be opened
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def content(path: str | Path, limit: int) -> bytes:
    """Return the file, of which no more than *limit* bytes and one are read.

    Raises:
        MalformedError: it has more bytes than *limit*.
        StorageError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error
    if len(raw) > limit:
        raise MalformedError(str(path), "$", f"at most {limit} bytes", "more")
    return raw
