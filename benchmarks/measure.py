"""Two sides and the bare limit, interleaved: what matters is the ratio within one run.

Absolute times say little on a machine that others use too. Each round runs every
side once; a row reports medians, and how far the ratios of single rounds lie apart.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

from attrs import frozen


@frozen(kw_only=True)
class Row:
    """One workload: what it is, and each side's seconds by round."""

    number: int
    workload: str
    seconds: Mapping[str, tuple[float, ...]]

    def median(self, side: str) -> float:
        """Return the median seconds of *side*."""
        return statistics.median(self.seconds[side])

    def times_faster(self, side: str) -> tuple[float, float, float]:
        """Return how many times faster than *side* we are: median, least and most of a round."""
        ratios = [
            theirs / ours
            for theirs, ours in zip(self.seconds[side], self.seconds["trustlib"], strict=True)
        ]
        return statistics.median(ratios), min(ratios), max(ratios)


def interleaved(
    number: int, workload: str, sides: Mapping[str, Callable[[], object]], *, rounds: int
) -> Row:
    """Run every side once in each of *rounds*, after one round that does not count."""
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for counted in range(-1, rounds):
        for side, work in sides.items():
            began = time.perf_counter()
            work()
            if counted >= 0:
                seconds[side].append(time.perf_counter() - began)
    return Row(number=number, workload=workload, seconds={s: tuple(t) for s, t in seconds.items()})


def table(rows: list[Row]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| # | workload | side | median | ours is |", "|---|---|---|---|---|"]
    for row in rows:
        for side in row.seconds:
            if side == "trustlib":
                said = ""
            else:
                median, least, most = row.times_faster(side)
                said = f"{median:.2f}× ({least:.2f}–{most:.2f})"
            lines.append(
                f"| {row.number} | {row.workload} | {side} | {_time(row.median(side))} | {said} |"
            )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.1f} {unit}"
    return f"{seconds * 1e6:.1f} µs"
