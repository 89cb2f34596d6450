"""A store that forgets.

It keeps the contracts of the ports to the letter, names included, so that a
program that works with it works with a directory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock

from trustlib._frozen import FrozenMap
from trustlib.storage._names import Place, is_listed, repository_place
from trustlib.storage._ports import BothPorts, Expected


class MemoryStorage(BothPorts):
    """Files in memory, for tests and for programs that are allowed to forget.

    It is a client's ``Storage`` and a publisher's ``RepositoryStorage``, and
    safe to share between threads. A client that forgets can be rolled back to
    whatever its anchor permits: keep a real one's memory in a directory.

    Args:
        files: what it holds to begin with.
    """

    __slots__ = ("_files", "_lock")

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self._files: dict[str, bytes] = dict(files or {})
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<MemoryStorage with {len(self._files)} files>"

    @property
    def files(self) -> FrozenMap[str, bytes]:
        """Every file as it is now, a client's bookkeeping included."""
        with self._lock:
            return FrozenMap(self._files)

    def list(self) -> Iterable[str]:
        """See :meth:`trustlib.ports.RepositoryStorage.list`."""
        with self._lock:
            return tuple(path for path in self._files if is_listed(path))

    def delete(self, path: str) -> None:
        """See :meth:`trustlib.ports.RepositoryStorage.delete`.

        Raises:
            StorageError: *path* is not one of a repository.
        """
        key = "/".join(repository_place(path))
        with self._lock:
            self._files.pop(key, None)

    def _content(self, place: Place) -> bytes | None:
        with self._lock:
            return self._files.get("/".join(place))

    def _exchange(self, place: Place, data: bytes, expected: Expected) -> bytes | None:
        key = "/".join(place)
        with self._lock:
            found = self._files.get(key)
            if expected(found):
                self._files[key] = bytes(data)
            return found
