"""A large file is hashed while more of it is received; each byte is hashed once, in order.

hashlib lets go of the interpreter. What waits to be hashed is bounded, and the
thread has ended when whoever made it has closed it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_ALONE: Final = 1 << 20
"""Bytes that are not worth a thread."""

_BATCH: Final = 1 << 18
"""Bytes that are handed over at once: doing that costs some microseconds."""

_WAITING: Final = 1 << 20
"""Bytes that may wait to be hashed, whatever comes on top with one piece."""


class Hash(Protocol):
    """What takes bytes, of hashlib's."""

    def update(self, data: bytes, /) -> None:
        """Take *data*."""


class Beside:
    """A thread to hash in, made when there is much to hash."""

    def __init__(self) -> None:
        self._alone = _ALONE
        self._pool: ThreadPoolExecutor | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._given: deque[tuple[int, Future[None]]] = deque()
        self._waiting = 0

    def update(self, hashes: Iterable[Hash], piece: bytes) -> None:
        """Have all *hashes* take *piece*, sooner or later: see :meth:`settle`."""
        if self._alone > 0:
            self._alone -= len(piece)
            return _update(hashes, (piece,))
        self._pieces.append(bytes(piece))  # a copy only of what could change before it is hashed
        self._size += len(piece)
        if self._size >= _BATCH:
            self._hand_over(hashes)
        return None

    def settle(self, hashes: Iterable[Hash]) -> None:
        """Return when *hashes* have taken all that they were to take."""
        _update(hashes, self._taken_back())

    def forget(self) -> None:
        """Return when nothing is being hashed; what is left was for nothing."""
        self._taken_back()

    def close(self) -> None:
        """End the thread."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def _hand_over(self, hashes: Iterable[Hash]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "trustlib-hashing")
        while self._waiting > _WAITING:
            self._wait_for_one()
        pieces, self._pieces = self._pieces, []
        size, self._size = self._size, 0
        self._given.append((size, self._pool.submit(partial(_update, hashes, pieces))))
        self._waiting += size

    def _taken_back(self) -> list[bytes]:
        while self._given:
            self._wait_for_one()
        pieces, self._pieces = self._pieces, []
        self._size = 0
        return pieces

    def _wait_for_one(self) -> None:
        size, given = self._given.popleft()
        self._waiting -= size
        given.result()


def _update(hashes: Iterable[Hash], pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        for hashing in hashes:
            hashing.update(piece)
