"""Only ratios taken in one run mean something.

All sides take turns, round by round, so that whatever else the machine does
hits all of them; medians are compared, and the spread is shown. Two clocks run:
the one on the wall, and the processor's, which other programs disturb less.
"""

import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from attrs import field, frozen

OURS, PEER, LIMIT = "trustlib", "python-tuf", "limit"

CPU, WALL = "CPU", "wall"
"""The clocks. What a row computes is judged by the first, what it waits for by the second."""

_NOTE_TAKEN = "PYTHONDONTWRITEBYTECODE"
"""Where this is set, every process would compile what it imports, and that is not the question."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if name != _NOTE_TAKEN}


@frozen
class Figures:
    """What one side came to, round by round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a part of the median."""
        if len(self.rounds) == 1 or not self.median:
            return 0.0
        low, _, high = statistics.quantiles(self.rounds, n=4, method="inclusive")
        return (high - low) / 2 / self.median


@frozen
class Faster:
    """The goal that *than* takes at least *times* as long as trustlib."""

    times: float
    than: str = PEER

    def met(self, result: "Result") -> bool:
        return (result.ratio(self.than) or 0.0) >= self.times

    def __str__(self) -> str:
        return f"≥ {self.times:g}×{'' if self.than == PEER else f' {self.than}'}"


@frozen
class AtMost:
    """The goal that trustlib comes to no more than *bound*, spelled *text*."""

    bound: float
    text: str

    def met(self, result: "Result") -> bool:
        return result.judged[OURS].median <= self.bound

    def __str__(self) -> str:
        return f"≤ {self.text}"


Goal = Faster | AtMost


@frozen(kw_only=True)
class Result:
    """What one workload cost every side that can do it.

    Attributes:
        unit: ``s``, ``B`` or a plain word for what is counted.
        figures: by clock, then by side; what has no clock stands under the wall's.
        clock: by which it is judged.
        limit: what the limit is.
    """

    workload: str
    figures: Mapping[str, Mapping[str, Figures]]
    unit: str = "s"
    clock: str = CPU
    goals: tuple[Goal, ...] = field(default=(), converter=tuple[Goal, ...])
    limit: str = ""

    @property
    def judged(self) -> Mapping[str, Figures]:
        return self.figures[self.clock]

    def ratio(self, side: str, clock: str | None = None) -> float | None:
        """Return how many times more *side* took than trustlib."""
        by = self.figures[clock or self.clock]
        other, ours = by.get(side), by[OURS].median
        return None if other is None or not ours else other.median / ours


def interleaved(
    workload: str,
    sides: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    repeat: int = 1,
    clock: str = CPU,
    goals: tuple[Goal, ...] = (),
    limit: str = "",
    before: Callable[[], object] = lambda: None,
) -> Result:
    """Return what each of *sides* took for *repeat* runs, measured in turns.

    One round that does not count comes first. The garbage collector runs as it
    does for users, and begins each turn with nothing to do. *before* is called
    before each turn, and not measured.
    """
    taken: dict[str, dict[str, list[float]]] = {CPU: {}, WALL: {}}
    for measured in range(rounds + 1):
        for side, work in sides.items():
            before()
            gc.collect()
            began = _clocks()
            for _ in range(repeat):
                work()
            for by, (end, start) in zip(taken, zip(_clocks(), began, strict=True), strict=True):
                if measured:
                    taken[by].setdefault(side, []).append((end - start) / repeat)
    figures = {by: {s: Figures(tuple(t)) for s, t in each.items()} for by, each in taken.items()}
    return Result(workload=workload, figures=figures, clock=clock, goals=goals, limit=limit)


def less(result: Result, side: str) -> Result:
    """Return *result* where what *side* took is no part of what the others took."""
    figures = {
        by: {
            other: Figures(
                tuple(a - b for a, b in zip(each.rounds, sides[side].rounds, strict=True))
            )
            for other, each in sides.items()
            if other != side
        }
        for by, sides in result.figures.items()
    }
    return Result(
        workload=result.workload,
        figures=figures,
        clock=result.clock,
        goals=result.goals,
        limit=result.limit,
    )


def counted(
    workload: str,
    unit: str,
    figures: Mapping[str, tuple[float, ...]],
    *,
    goals: tuple[Goal, ...] = (),
    limit: str = "",
) -> Result:
    """Return what was counted and not timed."""
    sides = {side: Figures(rounds) for side, rounds in figures.items()}
    return Result(
        workload=workload, figures={WALL: sides}, unit=unit, clock=WALL, goals=goals, limit=limit
    )


def process(code: str, *arguments: object) -> str:
    """Return what a fresh Python process prints that runs *code*."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    return done.stdout


def peak(prepared: str, code: str, *arguments: object) -> float:
    """Return by how many bytes *code* made a fresh process grow that had *prepared*."""
    return float(process(f"{prepared}\n{_BEFORE}\n{code}\n{_AFTER}", *arguments))


_BEFORE = r"""
import gc, re
def _kib(name):
    return int(re.search(rf"{name}:\s+(\d+)", open("/proc/self/status").read())[1])
gc.collect(); _began = _kib("VmRSS")
"""
_AFTER = 'print(max(0, _kib("VmHWM") - _began) * 1024)'


def _clocks() -> tuple[float, float]:
    ours, children = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = ours.ru_utime + ours.ru_stime + children.ru_utime + children.ru_stime
    return cpu, time.perf_counter()
