"""Many machines publish to one bucket, and the bucket decides who was first.

What is decided is in :mod:`trustlib.storage._conditions`; here are the two ways
to ask a bucket, and what its answers mean.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import field, frozen

from trustlib.drive import adriven, driven
from trustlib.errors import StorageError
from trustlib.ports import Revised, Revision
from trustlib.storage._conditions import (
    PROBE,
    Absent,
    Answer,
    Failed,
    Get,
    Kind,
    Put,
    Refused,
    Remove,
    Seen,
    Step,
    Steps,
    delete,
    key_of,
    place_of,
    proven,
    read,
    said,
    write,
)
from trustlib.storage._names import is_listed

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta, PutMode, PutResult, UpdateVersion
    from obstore.store import ObjectStore

T = TypeVar("T")

_MARK: Final = "trustlibwrite"
"""The metadata that tells our write from any other; letters only, as Azure wants it."""

_ATTRIBUTES: Final = {"Cache-Control": "no-cache"}
"""A cache asks whether the object is still the same. Some stores let it keep things for an hour."""

_NO_BUCKET: Final = re.compile(r"<Code>(?:NoSuchBucket|ContainerNotFound)</Code>")
"""What S3 and Azure say beside the 404. Without a bucket nothing is known of its objects."""

_CHUNK: Final = 1000

_USERS: Final[set[int]] = set()
"""The process that asked a bucket first, one at most. A forked one finds its parent here."""


@frozen
class _Objects:
    """What both classes have: a store, a place in it, and what is known about it."""

    store: ObjectStore
    prefix: str = field(default="", converter=place_of)
    _proofs: set[Kind] = field(factory=set, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if find_spec("obstore") is None:
            raise StorageError(
                "obstore",
                "this package is needed to keep a repository in an object store:"
                ' pip install "trustlib-tuf[objectstore]"',
            )

    def _reading(self, path: str) -> Steps[Revised | None]:
        return read(key_of(self.prefix, path))

    def _writing(
        self, path: str, data: bytes, replacing: Revision | None
    ) -> Steps[Revision | None]:
        key = key_of(self.prefix, path)
        kind: Kind = "create" if replacing is None else "update"
        probe = "/".join((*filter(None, [self.prefix]), PROBE))
        yield from proven(probe, kind, self._proofs, secrets.token_hex(16))
        return (yield from write(key, data, replacing=replacing, mark=secrets.token_hex(16)))

    def _deleting(self, path: str) -> Steps[None]:
        return delete(key_of(self.prefix, path))

    def _paths(self, chunk: Sequence[ObjectMeta]) -> list[str]:
        start = len(self.prefix) + 1 if self.prefix else 0
        return [path for found in chunk if is_listed(path := found["path"][start:])]

    def _unlisted(self, error: Exception) -> StorageError:
        failed = _answer_to(error)
        reason = failed.error if isinstance(failed, Failed) else error
        return StorageError(f"{self.prefix}/", said(reason))


@frozen
class ObjectStorage(_Objects):
    """A bucket: a publisher's ``RepositoryStorage`` in S3, GCS, Azure, R2 or MinIO.

    Safe to share between threads, and the bucket between machines: a write is
    carried out by the store if nobody else wrote, whatever any clock says. A
    process that has used a bucket must not fork others that use one.

    A revision is the ETag, and where a store has them the version, of an
    object. How long a call may take is decided by the store's own
    ``retry_config`` and ``client_options``; those of obstore alone let it try
    for three minutes.

    The object ``.trustlib/conditional-writes`` is made by the first write.
    Symbolic links in obstore's ``LocalStore`` are followed; it can create
    files and not replace them: in a directory, use :class:`~trustlib.FileStorage`.

    Attributes:
        store: one of ``obstore.store``.
        prefix: where in the bucket the repository is: ``"acme"``, ``"acme/prod"``.

    Raises:
        StorageError: obstore is not installed, or *prefix* is no path.
    """

    def read(self, path: str) -> Revised | None:
        """See :meth:`trustlib.ports.RepositoryStorage.read`.

        Raises:
            StorageError: the store failed, or *path* is not one of a repository.
        """
        return self._run(self._reading(path))

    def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`trustlib.ports.RepositoryStorage.write`.

        A write whose answer got lost is looked for. If it was carried out,
        and replaced by somebody before we looked, it counts as lost.

        Raises:
            StorageError: the store failed, does not heed conditions, or *path*
                is not one of a repository. If the store did not answer, it may
                still carry out the write: whole, and if nobody else wrote.
        """
        return self._run(self._writing(path, data, replacing))

    def list(self) -> Iterator[str]:
        """See :meth:`trustlib.ports.RepositoryStorage.list`.

        What :meth:`read` would refuse is left out. The bucket is asked while
        the paths are taken, page by page.

        Raises:
            StorageError: the store failed; here or while the paths are taken.
        """
        import obstore

        _unforked(f"{self.prefix}/")
        try:
            # A bucket may hold millions: they are handed on page by page.
            for chunk in obstore.list(self.store, self.prefix or None, chunk_size=_CHUNK):
                yield from self._paths(chunk)
        except _failures() as error:
            raise self._unlisted(error) from error

    def delete(self, path: str) -> None:
        """See :meth:`trustlib.ports.RepositoryStorage.delete`.

        Raises:
            StorageError: the store failed, or *path* is not one of a repository.
        """
        self._run(self._deleting(path))

    def _run(self, steps: Steps[T]) -> T:
        return driven(steps, self._answer)

    def _answer(self, step: Step) -> Answer:
        import obstore

        _unforked(step.key)
        try:
            match step:
                case Get(key=key):
                    found = obstore.get(self.store, key)
                    data = bytes(found.bytes())
                    return _seen(data, found.meta, found.attributes)
                case Put():
                    put = obstore.put(
                        self.store,
                        step.key,
                        step.data,
                        mode=_mode(step.replacing),
                        attributes=_attributes(self.store, step.mark),
                    )
                    return _seen(b"", put, {})
                case Remove(key=key):
                    obstore.delete(self.store, key)
                    return Absent()
        except _failures() as error:
            return _answer_to(error)


@frozen
class AsyncObjectStorage(_Objects):
    """:class:`ObjectStorage`, to await."""

    async def read(self, path: str) -> Revised | None:
        """See :meth:`ObjectStorage.read`."""
        return await self._run(self._reading(path))

    async def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`ObjectStorage.write`. A cancelled write may still be carried out."""
        return await self._run(self._writing(path, data, replacing))

    async def list(self) -> Iterable[str]:
        """See :meth:`ObjectStorage.list`."""
        import obstore

        _unforked(f"{self.prefix}/")
        try:
            stream = obstore.list(self.store, self.prefix or None, chunk_size=_CHUNK)
            return tuple([path async for chunk in stream for path in self._paths(chunk)])
        except _failures() as error:
            raise self._unlisted(error) from error

    async def delete(self, path: str) -> None:
        """See :meth:`ObjectStorage.delete`."""
        await self._run(self._deleting(path))

    async def _run(self, steps: Steps[T]) -> T:
        return await adriven(steps, self._answer)

    async def _answer(self, step: Step) -> Answer:
        import obstore

        _unforked(step.key)
        try:
            match step:
                case Get(key=key):
                    found = await obstore.get_async(self.store, key)
                    data = bytes(await found.bytes_async())
                    return _seen(data, found.meta, found.attributes)
                case Put():
                    put = await obstore.put_async(
                        self.store,
                        step.key,
                        step.data,
                        mode=_mode(step.replacing),
                        attributes=_attributes(self.store, step.mark),
                    )
                    return _seen(b"", put, {})
                case Remove(key=key):
                    await obstore.delete_async(self.store, key)
                    return Absent()
        except _failures() as error:
            return _answer_to(error)


def _unforked(where: str) -> None:
    # obstore's threads serve all stores of a process, and no fork takes them along: a forked
    # process would wait for them forever.
    if not _USERS:
        _USERS.add(os.getpid())
    if os.getpid() not in _USERS:
        raise StorageError(
            where,
            "this process was forked from one that had used a bucket already; fork before that,"
            " or start processes with 'spawn'",
        )


def _failures() -> tuple[type[Exception], ...]:
    from obstore.exceptions import BaseError

    return (BaseError, OSError, NotImplementedError)


def _answer_to(error: Exception) -> Answer:
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    if _NO_BUCKET.search(str(error)):
        return Failed(error)
    if isinstance(error, FileNotFoundError):
        return Absent()
    if isinstance(error, AlreadyExistsError | PreconditionError):
        return Refused()
    return Failed(error)


def _seen(data: bytes, meta: PutResult | ObjectMeta, attributes: Attributes) -> Answer:
    revision = Revision(f"{meta['e_tag'] or ''}\n{meta['version'] or ''}")
    if revision == "\n":
        return Failed(ValueError("the store gives its objects neither ETags nor versions"))
    return Seen(data, revision, attributes.get(_MARK))


def _mode(replacing: Revision | None) -> PutMode:
    if replacing is None:
        return "create"
    e_tag, _, version = replacing.partition("\n")
    known: UpdateVersion = {}
    if e_tag:
        known["e_tag"] = e_tag
    if version:
        known["version"] = version
    return known


def _attributes(store: ObjectStore, mark: str) -> Attributes | None:
    from obstore.store import LocalStore

    # A file has none, and needs no mark: nothing gets lost on the way to it.
    return None if isinstance(store, LocalStore) else {**_ATTRIBUTES, _MARK: mark}
