"""What can be said about a download before there is one: a client is defined with it.

Apart from what downloads, so that a program that only resolves tags does not
import that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

Progress: TypeAlias = Callable[[int, int], object]
"""Called with how many bytes are there so far, and how many there will be."""

AT_ONCE: Final = 4
"""How many downloads run side by side unless another number is given."""


def nobody(so_far: int, total: int) -> None:
    """Nobody wants to know how far it is."""
