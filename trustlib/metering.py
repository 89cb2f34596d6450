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
class Pace:
    """How fast one file comes in, looked at each ``limits.patience`` seconds.

    On average since the beginning, a fast start would buy a server hours in
    which it may drip.
    """

    path: str
    limits: Limits
    _count: int = field(default=0, init=False)
    _seconds: float = field(default=0.0, init=False)

    def add(self, count: int, seconds: float) -> None:
        """Take note of *count* bytes that were waited for that many *seconds*.

        Raises:
            TransportError: they came more slowly than ``limits.minimum_rate``.
        """
        self._count += count
        self._seconds += seconds
        if self._seconds <= self.limits.patience:
            return
        if self._count < self._seconds * self.limits.minimum_rate:
            raise TransportError(
                self.path,
                f"{self._count} bytes in {self._seconds:.0f} seconds, which is below"
                f" {self.limits.minimum_rate:g} a second",
            )
        self._count, self._seconds = 0, 0.0


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
    latest: float = field(init=False)
    pace: Pace = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.began = self.latest = self.clock()
        self.pace = Pace(self.path, self.limits)

    def take(self, piece: bytes) -> None:
        """Count *piece*, and keep it.

        Raises:
            TooLongError: these are more bytes than the file may have.
            TransportError: they came too late, or too slowly.
        """
        self.data += piece
        if len(self.data) > self.max_length:
            raise TooLongError(self.path, self.max_length)
        before, self.latest = self.latest, self.clock()
        if self.latest - self.began > self.limits.deadline:
            raise TransportError(self.path, f"not complete after {self.limits.deadline:g} seconds")
        self.pace.add(len(piece), self.latest - before)
