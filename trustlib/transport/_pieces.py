"""Pieces begin before they are handed out, and end exactly once.

A generator that was never started runs no ``finally``, so whoever abandons it
would leave a file or a connection open. :class:`Peeked` starts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self


def close(pieces: Iterator[bytes]) -> None:
    """Let go of what is behind *pieces*, if they know how; more than once is fine."""
    closer = getattr(pieces, "close", None)
    if callable(closer):
        closer()


class Peeked(Iterator[bytes]):
    """*pieces*, with the first one read already.

    Whatever goes wrong before the first piece goes wrong while this is made,
    and then *pieces* are closed.
    """

    __slots__ = ("_first", "_pieces")

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        try:
            self._first = next(pieces, None)
        except BaseException:
            close(pieces)
            raise

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._first is not None:
            piece, self._first = self._first, None
            return piece
        return next(self._pieces)

    def close(self) -> None:
        """Let go of the file or connection; what was not read is not read any more."""
        self._first = None
        close(self._pieces)
