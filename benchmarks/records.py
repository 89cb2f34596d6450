"""What was measured, kept as data: pages and charts are made from it, and from nothing else."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from measure import AtMost, Faster, Figures, Goal, Result


def keep(place: Path, row: int, on: str, results: Sequence[Result]) -> None:
    """Put *results*, measured *on* a machine, in the place of those of *row* before."""
    kept = json.loads(place.read_text()) if place.exists() else {}
    kept[str(row)] = {"on": on, "results": [_value(each) for each in results]}
    ordered = dict(sorted(kept.items(), key=lambda item: int(item[0])))
    place.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")


def kept(place: Path) -> Iterator[tuple[int, str, list[Result]]]:
    """Return each row, where it was measured, and what came out."""
    for row, value in json.loads(place.read_text()).items():
        yield int(row), value["on"], [_result(each) for each in value["results"]]


def _value(result: Result) -> dict[str, object]:
    return {
        "workload": result.workload,
        "unit": result.unit,
        "clock": result.clock,
        "limit": result.limit,
        "goals": [_goal(goal) for goal in result.goals],
        "figures": {
            clock: {side: [float(f"{x:.4g}") for x in f.rounds] for side, f in sides.items()}
            for clock, sides in result.figures.items()
        },
    }


def _goal(goal: Goal) -> list[float | str]:
    match goal:
        case Faster(times, than):
            return [times, than]
        case AtMost(bound, text):
            return [bound, "", text]


def _result(value: dict[str, object]) -> Result:
    held = dict(value)
    figures, goals = held.pop("figures"), held.pop("goals")
    return Result(
        **held,
        goals=tuple(Faster(g[0], g[1]) if g[1] else AtMost(g[0], g[2]) for g in goals),
        figures={
            clock: {side: Figures(tuple(rounds)) for side, rounds in sides.items()}
            for clock, sides in figures.items()
        },
    )
