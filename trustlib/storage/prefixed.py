"""Many repositories in one storage, each below a prefix of its own.

Whoever is handed one of them reaches no other: a path is looked at before the
prefix is put in front of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import field, frozen

from trustlib.errors import shortened
from trustlib.ports import AsyncRepositoryStorage, RepositoryStorage, Revised, Revision
from trustlib.storage._names import is_listed, repository_place

_TIMESTAMP: Final = "timestamp.json"


def _is_prefix(_instance: object, _attribute: object, value: str) -> None:
    if value and not (value.endswith("/") and is_listed(value.removesuffix("/"))):
        raise ValueError(f"expected a plain path that ends in '/', or '', got {shortened(value)}")


@frozen
class Prefixed:
    """A ``RepositoryStorage``: what another one holds below a prefix.

    Attributes:
        storage: the one that holds several repositories.
        prefix: ``"acme/app/"``, or ``""`` for all of the storage.

    Raises:
        ValueError: *prefix* is no such path.
    """

    storage: RepositoryStorage
    prefix: str = field(validator=_is_prefix)

    def read(self, path: str) -> Revised | None:
        """See :meth:`trustlib.ports.RepositoryStorage.read`.

        Raises:
            StorageError: the storage itself failed, or *path* leads out of the prefix.
        """
        return self.storage.read(_below(self.prefix, path))

    def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`trustlib.ports.RepositoryStorage.write`.

        Raises:
            StorageError: the storage itself failed, or *path* leads out of the prefix.
        """
        return self.storage.write(_below(self.prefix, path), data, replacing=replacing)

    def list(self) -> Iterable[str]:
        """See :meth:`trustlib.ports.RepositoryStorage.list`.

        It looks through all that the storage lists, one path after the other.
        """
        return _listed(self.prefix, self.storage.list())

    def delete(self, path: str) -> None:
        """See :meth:`trustlib.ports.RepositoryStorage.delete`.

        Raises:
            StorageError: the storage itself failed, or *path* leads out of the prefix.
        """
        self.storage.delete(_below(self.prefix, path))


@frozen
class AsyncPrefixed:
    """:class:`Prefixed`, to await."""

    storage: AsyncRepositoryStorage
    prefix: str = field(validator=_is_prefix)

    async def read(self, path: str) -> Revised | None:
        """See :meth:`Prefixed.read`."""
        return await self.storage.read(_below(self.prefix, path))

    async def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`Prefixed.write`."""
        return await self.storage.write(_below(self.prefix, path), data, replacing=replacing)

    async def list(self) -> Iterable[str]:
        """See :meth:`Prefixed.list`."""
        return _listed(self.prefix, await self.storage.list())

    async def delete(self, path: str) -> None:
        """See :meth:`Prefixed.delete`."""
        await self.storage.delete(_below(self.prefix, path))


def collections(paths: Iterable[str]) -> Iterator[str]:
    """Return the prefixes below which a repository is published, one after the other.

    A prefix is one if it holds a ``timestamp.json``; ``""`` stands for the
    storage itself. They come in the order of *paths*, and no more of these are
    held in memory than the storage holds.

    Args:
        paths: what a storage lists.
    """
    for path in paths:
        prefix = path.removesuffix(_TIMESTAMP)
        if prefix != path and (not prefix or prefix.endswith("/")) and is_listed(path):
            yield prefix


def _below(prefix: str, path: str) -> str:
    return prefix + "/".join(repository_place(path))


def _listed(prefix: str, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        inside = path.removeprefix(prefix)
        if path.startswith(prefix) and is_listed(inside):
            yield inside
