"""To await a storage, wait for it in a thread.

Any storage that is safe to use from several threads can be awaited this way;
no storage needs to be written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from attrs import frozen

from trustlib._types import StoredName
from trustlib.ports import RepositoryStorage, Revised, Revision, Storage

P = ParamSpec("P")
T = TypeVar("T")


async def _in_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    import asyncio  # a program that does not await should not pay for it

    return await asyncio.to_thread(work, *arguments, **named)


@frozen
class ThreadedStorage:
    """An ``AsyncStorage`` over any client's ``Storage``.

    A cancelled ``save`` may still be carried out: its thread cannot be stopped.

    Attributes:
        storage: used from several threads at once.
    """

    storage: Storage

    async def load(self, name: StoredName) -> bytes | None:
        """See :meth:`trustlib.ports.Storage.load`."""
        return await _in_thread(self.storage.load, name)

    async def save(self, name: StoredName, data: bytes, *, replacing: bytes | None) -> bool:
        """See :meth:`trustlib.ports.Storage.save`."""
        return await _in_thread(self.storage.save, name, data, replacing=replacing)


@frozen
class ThreadedRepositoryStorage:
    """An ``AsyncRepositoryStorage`` over any publisher's ``RepositoryStorage``.

    A cancelled ``write`` or ``delete`` may still be carried out: its thread
    cannot be stopped.

    Attributes:
        storage: used from several threads at once.
    """

    storage: RepositoryStorage

    async def read(self, path: str) -> Revised | None:
        """See :meth:`trustlib.ports.RepositoryStorage.read`."""
        return await _in_thread(self.storage.read, path)

    async def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`trustlib.ports.RepositoryStorage.write`."""
        return await _in_thread(self.storage.write, path, data, replacing=replacing)

    async def list(self) -> Iterable[str]:
        """See :meth:`trustlib.ports.RepositoryStorage.list`."""
        # A lazy listing would do its reading here, in the event loop.
        return await _in_thread(lambda: tuple(self.storage.list()))

    async def delete(self, path: str) -> None:
        """See :meth:`trustlib.ports.RepositoryStorage.delete`."""
        await _in_thread(self.storage.delete, path)
