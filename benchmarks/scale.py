"""How much is measured: all of it, or enough to see that it runs."""

from typing import TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen(kw_only=True)
class Scale:
    """How often, and how large.

    Attributes:
        rounds: of what takes milliseconds.
        few: of what takes seconds.
    """

    rounds: int
    few: int
    full: bool

    def size(self, full: T, quick: T) -> T:
        return full if self.full else quick


FULL = Scale(rounds=21, few=5, full=True)
QUICK = Scale(rounds=2, few=1, full=False)
