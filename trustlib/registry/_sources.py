"""Where the bytes of a blob come from when it is sent: memory, a file, or as they are made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Final

from attrs import define, field

from trustlib.content import Digest
from trustlib.downloads.telling import Progress
from trustlib.errors import StorageError
from trustlib.registry.manifests import Descriptor
from trustlib.transport.exchange import Body

_PIECE: Final = 262_144


def described(source: bytes | str | PathLike[str], media_type: str) -> Descriptor:
    """Return what names the bytes of *source*, which are read for this.

    Raises:
        StorageError: the file cannot be read.
    """
    if isinstance(source, bytes):
        return Descriptor.of(source, media_type)
    hashing, size = hashlib.sha256(), 0
    for piece in _read(Path(source)):
        hashing.update(piece)
        size += len(piece)
    digest = Digest("sha256", hashing.hexdigest())
    return Descriptor(media_type=media_type, digest=digest, size=size)


def body(source: bytes | str | PathLike[str], size: int, progress: Progress) -> Body:
    """Return *source*, of *size* bytes, to be sent; *progress* hears how much was."""

    def pieces() -> Iterator[bytes]:
        so_far = 0
        for piece in _cut(source) if isinstance(source, bytes) else _read(Path(source)):
            yield piece
            so_far += len(piece)
            progress(so_far, size)

    return Body(length=size, pieces=pieces)


def _cut(data: bytes) -> Iterator[bytes]:
    return (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))


def _read(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise StorageError(
            str(path), f"cannot be read ({error.strerror}); mend that, and push again"
        ) from error


@define
class Flow:
    """Bytes that nobody has seen yet, and what names those that went by."""

    source: Iterable[bytes]
    size: int = 0
    _hashing: hashlib._Hash = field(factory=hashlib.sha256)

    @property
    def body(self) -> Body:
        """The bytes, to be sent once."""
        return Body(length=None, pieces=self._pieces)

    def digest(self) -> Digest:
        """Return what those that went by hash to."""
        return Digest("sha256", self._hashing.hexdigest())

    def _pieces(self) -> Iterator[bytes]:
        for piece in self.source:
            self._hashing.update(piece)
            self.size += len(piece)
            yield piece
