"""What trustlib asks of the outside world.

Small Protocols: a class that has the methods is enough, nothing of ours needs
to be imported or inherited. Each has a twin to await.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import NewType, Protocol, runtime_checkable

from attrs import field, frozen

from trustlib._types import StoredName, UrlPath


@frozen(kw_only=True)
class Request:
    """What to read from a repository.

    Attributes:
        path: relative to the repository's base, percent-encoded already.
        offset: the byte to start at; more than 0 continues a broken download.
        held: the file as we have it from last time, if we do. A transport that
            can find out that it is unchanged (an ETag, a digest) may answer
            with these bytes instead of transferring them.
    """

    path: UrlPath
    offset: int = 0
    held: bytes | None = field(default=None, repr=False)


class Transport(Protocol):
    """Reads files from a repository."""

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return the file in pieces, or None if the repository has no such file.

        Pieces are handed on as they arrive. How much is read, and how long
        that may take, is not the transport's business: whoever iterates
        counts, and stops. What a transport does answer for is that ``next()``
        of the pieces returns in bounded time.

        Raises:
            TransportError: anything but a file or its absence, here or while
                iterating. A timeout or a 500 is not an absence, and must never
                look like one.
        """
        ...


class AsyncTransport(Protocol):
    """:class:`Transport`, to await."""

    async def fetch(self, request: Request) -> AsyncIterator[bytes] | None:
        """See :meth:`Transport.fetch`."""
        ...


@runtime_checkable
class Pipelining(Protocol):
    """What a :class:`Transport` may offer besides: several files in one round trip.

    It changes when files are asked for and nothing else. A client uses it for
    what it will probably need next, and verifies in the same order without it.
    """

    def fetch_all(self, requests: Sequence[Request]) -> Generator[Iterator[bytes] | None]:
        """Ask for all of *requests* at once, and yield the answers in their order.

        An answer is what :meth:`Transport.fetch` would have returned. It is
        read before the next one is taken: what of it was not, is lost. Closing
        the generator lets go of the answers that nobody took.

        Raises:
            TransportError: as :meth:`Transport.fetch`, when the answer it is
                about is taken; there are none after it.
        """
        ...


@runtime_checkable
class AsyncPipelining(Protocol):
    """:class:`Pipelining`, to await."""

    def fetch_all(self, requests: Sequence[Request]) -> AsyncGenerator[AsyncIterator[bytes] | None]:
        """See :meth:`Pipelining.fetch_all`."""
        ...


class Storage(Protocol):
    """A client's memory: small named files.

    Names have at most one ``/`` and are safe on every file system.
    """

    def load(self, name: StoredName) -> bytes | None:
        """Return the file's bytes, or None if there is no such file.

        Raises:
            StorageError: the storage itself failed.
        """
        ...

    def save(self, name: StoredName, data: bytes, *, replacing: bytes | None) -> bool:
        """Write the whole file, durably, if it still is what *replacing* says.

        *replacing* is what :meth:`load` returned (None: there was no file).
        True means the file now holds *data*, also when somebody else wrote
        exactly that in between. False means somebody wrote something else and
        nothing was changed.

        Raises:
            StorageError: the storage itself failed.
        """
        ...


class AsyncStorage(Protocol):
    """:class:`Storage`, to await."""

    async def load(self, name: StoredName) -> bytes | None:
        """See :meth:`Storage.load`."""
        ...

    async def save(self, name: StoredName, data: bytes, *, replacing: bytes | None) -> bool:
        """See :meth:`Storage.save`."""
        ...


Revision = NewType("Revision", str)
"""An opaque token for one state of one file (a hash, an ETag, a generation)."""


@frozen
class Revised:
    """A file of a repository, and the revision it was read at."""

    data: bytes
    revision: Revision


class RepositoryStorage(Protocol):
    """A publisher's repository: files by path, written only if unchanged.

    Paths are relative, ``/``-separated and plain (not percent-encoded).
    """

    def read(self, path: str) -> Revised | None:
        """Return the file, or None if there is no such file.

        Raises:
            StorageError: the storage itself failed.
        """
        ...

    def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """Write the whole file, durably, if it still has the revision *replacing*.

        *replacing* of None means: only if there is no such file yet. Returns
        the new revision, or None if somebody wrote in between, and then
        nothing was changed.

        Raises:
            StorageError: the storage itself failed.
        """
        ...

    def list(self) -> Iterable[str]:
        """Return the paths of all files, in any order.

        Raises:
            StorageError: the storage itself failed.
        """
        ...

    def delete(self, path: str) -> None:
        """Remove the file; removing one that is not there is fine.

        Raises:
            StorageError: the storage itself failed.
        """
        ...


@runtime_checkable
class AllAtOnce(Protocol):
    """What a :class:`RepositoryStorage` may offer besides: a publication in one step.

    Then nobody ever sees a part of one, and nothing is left of one that was stopped.
    """

    def write_all(
        self,
        files: Mapping[str, bytes],
        *,
        dropping: Collection[str],
        path: str,
        replacing: Revision | None,
    ) -> Revision | None:
        """Write *files* and drop others, durably, if *path* still has the revision *replacing*.

        Returns the new revision of *path*, or None if somebody wrote in
        between, and then nothing was changed.

        Raises:
            StorageError: the storage itself failed; all was written, or nothing.
        """
        ...


@runtime_checkable
class AsyncAllAtOnce(Protocol):
    """:class:`AllAtOnce`, to await."""

    async def write_all(
        self,
        files: Mapping[str, bytes],
        *,
        dropping: Collection[str],
        path: str,
        replacing: Revision | None,
    ) -> Revision | None:
        """See :meth:`AllAtOnce.write_all`."""
        ...


class AsyncRepositoryStorage(Protocol):
    """:class:`RepositoryStorage`, to await."""

    async def read(self, path: str) -> Revised | None:
        """See :meth:`RepositoryStorage.read`."""
        ...

    async def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`RepositoryStorage.write`."""
        ...

    async def list(self) -> Iterable[str]:
        """See :meth:`RepositoryStorage.list`."""
        ...

    async def delete(self, path: str) -> None:
        """See :meth:`RepositoryStorage.delete`."""
        ...
