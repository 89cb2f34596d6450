"""Pieces begin before they are handed out, and end exactly once.

A generator that was never started runs no ``finally``, so whoever abandons it
would leave a file or a connection open. :class:`Peeked` starts it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from hashlib import sha256
from time import monotonic
from typing import Self

from trustlib.errors import TransportError


def close(pieces: Iterator[bytes] | None) -> None:
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


def unbroken(
    pieces: Iterator[bytes], again: Callable[[], Iterator[bytes] | None], seconds: float
) -> Generator[bytes]:
    """Yield *pieces* and, where they break off, what follows there if the file is read *again*.

    Two files are not put together: the second one begins as the first one did.

    Raises:
        TransportError: *again* raised it; or the file is gone or another one,
            or did not get that far within *seconds*, and then it is the error
            that *pieces* broke off with.
    """
    broken: TransportError | None = None
    first, second, left = sha256(), sha256(), 0
    try:
        for piece in pieces:
            first.update(piece)
            left += len(piece)
            yield piece
    except TransportError as error:
        broken = error
    finally:
        close(pieces)
    if broken is None:
        return
    deadline = monotonic() + seconds
    rest = again()
    try:
        for piece in rest or ():
            known = piece[:left]
            second.update(known)
            left -= len(known)
            if left and monotonic() > deadline:
                break
            if left == 0 and first.digest() != second.digest():
                raise broken
            if len(known) < len(piece):
                yield piece[len(known) :]
        if left:
            raise broken
    finally:
        close(rest)
