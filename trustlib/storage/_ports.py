"""Both ports are one compare-and-swap.

A client compares contents, a publisher compares revisions; under both lies the
same step: look at the file, and replace it if it is still what was expected,
with nobody in between. A storage provides that step, and has both ports.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from hashlib import sha256
from typing import TypeAlias

from trustlib._types import StoredName
from trustlib.errors import StorageError
from trustlib.ports import Revised, Revision
from trustlib.storage._names import Place, client_place, repository_place

Expected: TypeAlias = Callable[[bytes | None], bool]
"""Whether a content (None: there is no file) is the one to be replaced."""


class LinkError(StorageError):
    """There is a symbolic link where a file of the store should be."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "is a symbolic link, which could lead anywhere; put a file there")


def revision_of(data: bytes | None) -> Revision | None:
    """Return the revision of a file with this content; None for no file."""
    return None if data is None else Revision(sha256(data).hexdigest())


class BothPorts(ABC):
    """The ports ``Storage`` and ``RepositoryStorage``, but for ``list`` and ``delete``."""

    __slots__ = ()

    @abstractmethod
    def _content(self, place: Place) -> bytes | None:
        """Return the file's bytes, or None if there is no such file.

        Raises:
            LinkError: it is a symbolic link.
            StorageError: the storage itself failed.
        """

    @abstractmethod
    def _exchange(self, place: Place, data: bytes, expected: Expected) -> bytes | None:
        """Replace the file with *data* if *expected* of what is there; return what was.

        A symbolic link counts as no file: it is replaced, and never followed.

        Raises:
            StorageError: the storage itself failed; the file is whole, old or new.
        """

    def load(self, name: StoredName) -> bytes | None:
        """See :meth:`trustlib.ports.Storage.load`.

        A symbolic link is no file of this store: it is not read, and the next
        :meth:`save` replaces it.

        Raises:
            StorageError: the storage itself failed.
            ValueError: *name* is not safe to be a file's name.
        """
        try:
            return self._content(client_place(name))
        except LinkError:
            return None

    def save(self, name: StoredName, data: bytes, *, replacing: bytes | None) -> bool:
        """See :meth:`trustlib.ports.Storage.save`.

        Raises:
            StorageError: the storage itself failed.
            ValueError: *name* is not safe to be a file's name.
        """
        found = self._exchange(client_place(name), data, lambda found: found == replacing)
        return found in (replacing, data)

    def read(self, path: str) -> Revised | None:
        """See :meth:`trustlib.ports.RepositoryStorage.read`.

        Raises:
            StorageError: the storage itself failed, *path* leads out of it, or
                there is something else than a file.
        """
        data = self._content(repository_place(path))
        revision = revision_of(data)
        return None if data is None or revision is None else Revised(data, revision)

    def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        """See :meth:`trustlib.ports.RepositoryStorage.write`.

        Raises:
            StorageError: the storage itself failed, or *path* leads out of it.
        """

        def expected(found: bytes | None) -> bool:
            return revision_of(found) == replacing

        found = self._exchange(repository_place(path), data, expected)
        return revision_of(data) if expected(found) else None
