"""A registry, for a program that waits: the conversations of ``_operations``, held."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

from trustlib._types import UrlPath
from trustlib.content import Digest
from trustlib.downloads.run import run
from trustlib.downloads.steps import obtaining
from trustlib.downloads.telling import Progress, nobody
from trustlib.ports import Request
from trustlib.registry import _lists
from trustlib.registry import _operations as say
from trustlib.registry._arriving import Arriving, expected_blob
from trustlib.registry._conversation import Speaking, held
from trustlib.registry._operations import Received
from trustlib.registry._settings import OCTETS, Fetching, Speaker, absent, bearable
from trustlib.registry._sources import Flow, body, described
from trustlib.registry.manifests import Descriptor, Manifest
from trustlib.transport._pieces import close

T = TypeVar("T")


class Registry(Speaker):
    """An OCI registry (distribution specification 1.1), for a program that waits.

    A value: safe to share between threads. What a registry says of bytes is
    not believed: whatever is returned was hashed here.

    Every method raises :class:`~trustlib.DeniedError` where the registry does
    not let us, and any other :class:`~trustlib.TransportError` where it could
    not be asked; ``ValueError`` for names that no registry can have.
    """

    def manifest(self, repository: str, reference: str | Digest) -> Manifest | None:
        """Return the manifest with the tag or digest *reference*, or None if there is none.

        Raises:
            MalformedError: what is there is no manifest, or not clearly one.
            MismatchError: it is not what was asked for.
            TooLongError: it has too many bytes.
        """
        received = self.held(say.manifest(self._at(repository), reference))
        return None if received is None else received.manifest

    def received(
        self, repository: str, reference: str | Digest, held: Received | None = None
    ) -> Received | None:
        """Return what :meth:`manifest` does, to be asked for again; *held* if it is unchanged.

        Raises:
            TrustError: as :meth:`manifest`.
        """
        return self.held(say.manifest(self._at(repository), reference, held))

    def push_manifest(
        self, repository: str, reference: str | Digest, raw: bytes, media_type: str
    ) -> Descriptor:
        """Put the manifest *raw* there, as it is, and return what names it.

        Raises:
            ValueError: *reference* is the digest of something else.
            MalformedError: *raw* is no manifest, or not clearly one of that
                *media_type*: other programs might take it for something else.
            MismatchError: the registry says that it has got something else.
        """
        return self.held(say.pushed(self._at(repository), reference, raw, media_type))

    def delete(self, repository: str, reference: str | Digest) -> None:
        """Remove a tag, or a manifest with all its tags; one that is not there is fine."""
        self.held(say.deleted(self._at(repository), reference))

    def blob(self, repository: str, descriptor: Descriptor, offset: int = 0) -> Generator[bytes]:
        """Yield the bytes of a blob as they come in.

        With an *offset*, only their number is checked. Without one, they are
        what *descriptor* names when the end is reached, and not before.

        Raises:
            ValueError: *offset* is not within it.
            NotFoundError: the registry does not have it.
            MismatchError: it has something else.
            TooLongError: it has more.
        """
        arriving = Arriving(repository, descriptor, offset, self.pace)
        if arriving.all_was_there:
            return
        answer = self.held(say.blob(self._at(repository), descriptor.digest, offset))
        if answer is None:
            raise absent(repository, descriptor)
        pieces = cast("Iterator[bytes]", answer.pieces)
        arriving.wait()
        try:
            for piece in pieces:
                arriving.take(piece)
                yield piece
                arriving.wait()
        finally:
            close(pieces)
        arriving.complete()

    def read_blob(self, repository: str, descriptor: Descriptor) -> bytes:
        """Return all of a blob, for those that fit into memory.

        Raises:
            TooLongError: it is longer than ``limits.blob``, or than it should be.
            TrustError: as :meth:`blob`.
        """
        bearable(descriptor, self.limits)
        return b"".join(self.blob(repository, descriptor))

    def download_blob(
        self,
        repository: str,
        descriptor: Descriptor,
        place: str | PathLike[str],
        *,
        progress: Progress = nobody,
    ) -> Path:
        """Put a blob at *place*, verified, and return *place*; continues what broke off.

        Raises:
            TrustError: as :func:`trustlib.downloads.downloaded`.
        """
        expected = expected_blob(repository, descriptor)
        files = (UrlPath(str(descriptor.digest)),)
        steps = obtaining(expected, files, Path(place), limits=self.pace)

        def fetch(request: Request) -> Iterator[bytes] | None:
            asking = say.blob(self._at(repository), descriptor.digest, request.offset)
            answer = self.held(asking)
            return None if answer is None else cast("Iterator[bytes]", answer.pieces)

        return run(steps, Fetching(fetch), progress)

    def has_blob(self, repository: str, digest: Digest) -> bool:
        """Return whether the registry says that it has a blob."""
        return self.held(say.has_blob(self._at(repository), digest))

    def mount_blob(self, repository: str, digest: Digest, origin: str) -> bool:
        """Take a blob over from the repository *origin*; return whether the registry did that."""
        return self.held(say.mounted(self._at(repository), digest, origin))

    def upload_blob(
        self,
        repository: str,
        source: bytes | str | PathLike[str],
        media_type: str = OCTETS,
        *,
        progress: Progress = nobody,
    ) -> Descriptor:
        """Send bytes, or a file, unless the registry has that blob; return what names it.

        Raises:
            MismatchError: the registry says that it has got something else.
            StorageError: the file cannot be read.
        """
        descriptor = described(source, media_type)
        at = self._at(repository)
        if not self.held(say.has_blob(at, descriptor.digest)):
            sending = body(source, descriptor.size, progress)
            self.held(say.uploaded(at, sending, descriptor.digest))
        return descriptor

    def upload_stream(
        self, repository: str, pieces: Iterable[bytes], media_type: str = OCTETS
    ) -> Descriptor:
        """Send bytes as they are made, once, and return what names them.

        Raises:
            MismatchError: the registry says that it has got something else.
        """
        flow = Flow(pieces)
        self.held(say.sent(self._at(repository), flow.body, flow.digest))
        return Descriptor(media_type=media_type, digest=flow.digest(), size=flow.size)

    def tags(self, repository: str) -> tuple[str, ...]:
        """Return all tags of a repository, in the registry's order; none if there is no such.

        Raises:
            LimitError: there is no end to them.
            MalformedError: they are no tags.
        """
        return self.held(_lists.tags(self._at(repository)))

    def referrers(
        self, repository: str, digest: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """Return what refers to the manifest *digest*, of one type or any.

        Raises:
            LimitError: there is no end to it.
            MalformedError: it is no list of descriptors.
        """
        return self.held(_lists.referrers(self._at(repository), digest, artifact_type))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def held(self, speaking: Speaking[T]) -> T:
        """Hold a conversation with this registry, and return what it returns."""
        return held(speaking, self._exchange.heard, self.credentials, time.sleep)
