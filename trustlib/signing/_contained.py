"""Other people's code, run so that whatever it raises becomes a fact about it.

Drivers of devices and clients of clouds raise errors of their own, and of the
libraries below them; the one promise they make is that there is no list. Their
frames hold passphrases and PINs, so nothing of a traceback is kept.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self, final

from trustlib.errors import SigningError, shortened


@final
class Contained:
    """A ``with`` block out of which no error comes that is not of trustlib.

    Attributes:
        problem: what was raised, in a line; None if nothing was.
        kind: the name of its class; what it says may quote what it was given.
    """

    __slots__ = ("kind", "problem")

    def __init__(self) -> None:
        self.problem: str | None = None
        self.kind: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _frames: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, SigningError):
            return False  # a human interrupts, or it is ours already
        self.kind = type(error).__name__
        said = shortened(str(error), str)
        self.problem = f"{self.kind}: {said}" if said else self.kind
        return True
