"""Small files that people carry: requests to sign, and signatures."""

from __future__ import annotations

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
