"""Images in a directory: what is read there is hashed, and what is written is listed last.

An OCI image layout (image specification 1.1) may come from anybody. So nothing
that it says becomes a path but an algorithm and hex digits, no link is
followed, only files are read, and no more of them than was to be expected.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike, fstat
from pathlib import Path
from typing import Final

from attrs import field, frozen

from trustlib._json import read
from trustlib._types import RoleName, UrlPath
from trustlib.content import Digest
from trustlib.downloads.expected import Checked
from trustlib.downloads.run import run
from trustlib.downloads.steps import obtaining
from trustlib.downloads.telling import nobody
from trustlib.errors import LimitError, MismatchError, NotFoundError, StorageError, TooLongError
from trustlib.limits import Limits
from trustlib.ports import Request
from trustlib.registry._arriving import expected_blob
from trustlib.registry._listing import NAME, chosen, named, with_entry
from trustlib.registry._settings import OCTETS, Fetching
from trustlib.registry._sources import body, described
from trustlib.registry.manifests import MOST, OCI_INDEX, Descriptor, Manifest, parsed
from trustlib.storage._folders import Folder, made, walked
from trustlib.storage._ports import revision_of
from trustlib.storage.file import FileStorage

__all__ = ["NAME", "Layout"]

_MARK: Final = "oci-layout"
_INDEX: Final = "index.json"
_VERSION: Final = "1.0.0"
_OURS: Final = json.dumps({"imageLayoutVersion": _VERSION}).encode()
_PIECE: Final = 262_144
_PUBLIC: Final = 0o755


def _absolute(path: str | PathLike[str]) -> Path:
    # A program that changes its working directory later means the same layout.
    return Path(path).expanduser().absolute()


@frozen
class Layout:
    """A directory with images, as skopeo, podman, buildkit and others read and write it.

    Safe to share between threads, and the directory between processes that
    write it through this class: none loses what another one lists. It is made
    by the first thing that is written, and has a directory ``.trustlib`` then,
    with a lock.

    Every method that reads raises :class:`~trustlib.StorageError` where the
    disk fails, or something else than a file is where a file must be: a link,
    for example. Every method that writes, where the disk refuses.

    Attributes:
        path: of the directory; ``~`` is the user's home.
        most: bytes of a manifest, or of the list of them.
    """

    path: Path = field(converter=_absolute)
    most: int = field(default=MOST, kw_only=True)

    # -- reading ------------------------------------------------------------------------

    def entries(self) -> tuple[Descriptor, ...]:
        """Return what is listed, in order; names are in the annotation ``NAME``.

        Raises:
            MalformedError: this is no image layout, or not clearly one.
            NotFoundError: there is none.
            TooLongError: the list has too many bytes.
        """
        raw = self._list()
        if raw is None:
            raise NotFoundError(str(self.path), "there is no image layout; check the path")
        return parsed(raw, OCI_INDEX, str(self.path / _INDEX)).manifests

    def manifest(self, name: str | Digest | None = None) -> Manifest:
        """Return the manifest or index that is listed as *name*.

        Args:
            name: what it is called, exactly as in the annotation ``NAME``;
                or its digest; or None for the only one there is.

        Raises:
            NotFoundError: none is listed so; or, without a *name*, several are.
            MalformedError: one name stands for several images; or, as :meth:`entries`.
            TrustError: as :meth:`described`.
        """
        return self.described(self.entry(name))

    def entry(self, name: str | Digest | None = None) -> Descriptor:
        """Return what names the manifest or index that is listed as *name*.

        Raises:
            TrustError: as :meth:`manifest`.
        """
        return chosen(self.entries(), name, str(self.path))

    def described(self, descriptor: Descriptor) -> Manifest:
        """Return the manifest or index that *descriptor* names.

        Raises:
            MalformedError: it is none, or not clearly one, or of another kind
                than *descriptor* says.
            TooLongError: it has too many bytes.
            TrustError: as :meth:`blob`.
        """
        where = f"{self.path}@{descriptor.digest}"
        if descriptor.size > self.most:
            raise TooLongError(where, self.most)
        raw = self.read_blob(descriptor)
        return parsed(raw, descriptor.media_type, where, algorithm=descriptor.digest.algorithm)

    def blob(self, descriptor: Descriptor) -> Generator[bytes]:
        """Yield the bytes of a blob; they are what *descriptor* names when the end is reached.

        Raises:
            MismatchError: something else is there.
            NotFoundError: nothing is.
        """
        with self._opened(descriptor) as pieces:
            checked = Checked(expected_blob(str(self.path), descriptor))
            for piece in pieces:
                checked.take(piece)
                yield piece
            checked.complete()

    def read_blob(self, descriptor: Descriptor) -> bytes:
        """Return all of a blob, for those that fit into memory.

        Raises:
            TrustError: as :meth:`blob`.
        """
        return b"".join(self.blob(descriptor))

    @contextmanager
    def _opened(self, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        digest = descriptor.digest
        with self._reported():
            try:
                with walked(self.path, ("blobs", digest.algorithm)) as folder:
                    file = folder.opened(digest.hex)
            except FileNotFoundError:
                file = None
        if file is None:
            raise NotFoundError(
                f"{self.path}@{digest}",
                "the image layout does not have it; copy the image into it again",
            )
        with self._reported(), file:
            size = fstat(file.fileno()).st_size
            if size != descriptor.size:
                what = f"length of {digest}"
                raise MismatchError(RoleName(str(self.path)), what, descriptor.size, size)
            yield iter(lambda: file.read(_PIECE), b"")

    # -- writing ------------------------------------------------------------------------

    def place(self, descriptor: Descriptor) -> Path:
        """Return where the blob that *descriptor* names is to be, in a directory that exists.

        Raises:
            StorageError: that leads out of the layout.
        """
        digest = descriptor.digest
        with self._reported(), made(self.path, ("blobs", digest.algorithm), _PUBLIC):
            return self.path / "blobs" / digest.algorithm / digest.hex

    def add_blob(self, source: bytes | str | PathLike[str], media_type: str = OCTETS) -> Descriptor:
        """Have bytes, or a file's, as a blob, and return what names it.

        Raises:
            StorageError: the file cannot be read, or changes meanwhile.
        """
        descriptor = described(source, media_type)
        self._put(descriptor, source)
        return descriptor

    def add(self, manifest: Manifest, name: str | None = None) -> Descriptor:
        """Have *manifest* as a blob, then list it, and return what names it.

        Whatever else was listed under that name is not any more; its bytes stay.

        Args:
            manifest: whoever reads it expects what it needs to be there already.
            name: what it is called from now on; None: nothing.

        Raises:
            LimitError: the list is full.
            TrustError: what is there already is no layout; as :meth:`entries`.
            ValueError: *name* is empty, or is no text that a file can hold.
        """
        self.keep(manifest)
        self.list(manifest.descriptor, name)
        return manifest.descriptor

    def keep(self, manifest: Manifest) -> None:
        """Have *manifest* as a blob, without listing it: an index does that for its own."""
        self._put(manifest.descriptor, manifest.raw)

    def list(self, descriptor: Descriptor, name: str | None = None) -> None:
        """List what *descriptor* names, as :meth:`add` does, for content that is there already.

        Raises:
            TrustError: as :meth:`add`.
        """
        if name is not None and not (name and name.isprintable()):
            raise ValueError(f"the name of an image: expected printable text, got {name!r}")
        storage = FileStorage.public(self.path)
        storage.write(_MARK, _OURS, replacing=None)
        while True:
            before = self._list()
            after = with_entry(before, named(descriptor, name), str(self.path / _INDEX))
            if after == before:
                return
            if len(after) > self.most:
                raise LimitError(f"bytes in the list of {self.path}", self.most)
            if storage.write(_INDEX, after, replacing=revision_of(before)) is not None:
                return

    def _put(self, descriptor: Descriptor, source: bytes | str | PathLike[str]) -> None:
        """Have *source*, which is what *descriptor* names, as a blob; the right one is left."""

        def fetch(request: Request) -> Iterator[bytes]:
            return _beyond(request.offset, body(source, descriptor.size, nobody).pieces())

        expected = expected_blob(str(self.path), descriptor)
        steps = obtaining(expected, (UrlPath(""),), self.place(descriptor), limits=Limits())
        run(steps, Fetching(fetch), nobody)

    # -- both ---------------------------------------------------------------------------

    def _list(self) -> bytes | None:
        """Return the bytes of the list, or None if there is none yet."""
        mark = self._file(_MARK, len(_OURS) * 10)
        if mark is None:
            return None
        version = read(mark, str(self.path / _MARK)).at("imageLayoutVersion")
        if version.text() != _VERSION:
            raise version.wrong(repr(_VERSION))
        return self._file(_INDEX, self.most)

    def _file(self, name: str, most: int) -> bytes | None:
        with self._reported():
            file = Folder(self.path).opened(name)
            if file is None:
                return None
            with file:
                raw = file.read(most + 1)
        if len(raw) > most:
            raise TooLongError(str(self.path / name), most)
        return raw

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageError(str(self.path), error.strerror or str(error)) from error


def _beyond(offset: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if offset < len(piece):
            yield piece[offset:]
        offset = max(0, offset - len(piece))
