"""Only ratios taken in one run mean something.

Both sides and the bare limit take turns, round by round, so that whatever else
the machine does hits all of them; medians are compared, and the spread is shown.
"""

import gc
import statistics
import time
from collections.abc import Callable, Mapping

from attrs import frozen

OURS, PEER, LIMIT = "trustlib", "python-tuf", "limit"


@frozen
class Times:
    """What one side took, in seconds, round by round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a part of the median."""
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return (high - low) / 2 / self.median


@frozen
class Result:
    """What one workload cost every side that can do it."""

    workload: str
    times: Mapping[str, Times]

    def ratio(self, side: str) -> float | None:
        """Return how many times longer *side* took than trustlib."""
        other = self.times.get(side)
        return None if other is None else other.median / self.times[OURS].median


def interleaved(
    workload: str, sides: Mapping[str, Callable[[], object]], *, rounds: int, repeat: int = 1
) -> Result:
    """Return what each of *sides* took for *repeat* runs, measured in turns.

    One round that does not count comes first. The garbage collector runs as it
    does for users, and begins each turn with nothing to do.
    """
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for measured in range(rounds + 1):
        for side, work in sides.items():
            gc.collect()
            began = time.perf_counter()
            for _ in range(repeat):
                work()
            took = (time.perf_counter() - began) / repeat
            if measured:
                taken[side].append(took)
    return Result(workload, {side: Times(tuple(t)) for side, t in taken.items()})
