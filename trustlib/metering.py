"""What reading one file may cost: bytes, and time.

Whoever iterates over a transport's pieces holds one of these, so that no
transport needs to know a limit, and none can forget it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import define, field

from trustlib.errors import TooLongError, TransportError
from trustlib.limits import Limits


@define
class Meter:
    """What one file has cost so far.

    Attributes:
        path: the file, for errors.
        max_length: how many bytes it may have.
        limits: how long it may take.
        clock: seconds since some moment.
        data: the bytes so far.
    """

    path: str
    max_length: int
    limits: Limits
    clock: Callable[[], float] = time.monotonic
    data: bytearray = field(factory=bytearray)
    began: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.began = self.clock()

    def take(self, piece: bytes) -> None:
        """Count *piece*, and keep it.

        Raises:
            TooLongError: these are more bytes than the file may have.
            TransportError: they came too late, or too slowly.
        """
        self.data += piece
        if len(self.data) > self.max_length:
            raise TooLongError(self.path, self.max_length)
        took = self.clock() - self.began
        if took > self.limits.deadline:
            raise TransportError(self.path, f"not complete after {self.limits.deadline:g} seconds")
        if took > self.limits.patience and len(self.data) < took * self.limits.minimum_rate:
            raise TransportError(
                self.path,
                f"{len(self.data)} bytes in {took:.0f} seconds, which is below"
                f" {self.limits.minimum_rate:g} a second",
            )
