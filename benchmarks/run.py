"""Measure trustlib against python-tuf and against the bare work, and print a table.

Numbers inform and decide nothing: there is no threshold, and the exit status
says only that everything ran.
"""

import argparse
import platform
from importlib.metadata import version

from measure import LIMIT, OURS, PEER, Result
from rows import FULL, QUICK, ROWS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--row", type=int, choices=sorted(ROWS), help="only this one")
    asked = parser.parse_args()
    print(
        f"trustlib {version('trustlib-tuf')}, python-tuf {version('tuf')},"
        f" Python {platform.python_version()}, {platform.machine()}\n"
        "medians, ± half the distance between the quartiles; × = that side's time ÷ trustlib's\n"
    )
    print(f"| # | {'workload':44} | {OURS:>16} | {PEER:>24} | {LIMIT:>24} | rounds |")
    print(f"|--:|{'-' * 46}|{'-' * 17}:|{'-' * 25}:|{'-' * 25}:|-------:|", flush=True)
    for number in [asked.row] if asked.row else ROWS:
        for result in ROWS[number](QUICK if asked.quick else FULL):
            print(f"|{number:2} | {_cells(result)} |", flush=True)


def _cells(result: Result) -> str:
    sides = " | ".join((_cell(result, OURS, 16), _cell(result, PEER, 24), _cell(result, LIMIT, 24)))
    return f"{result.workload:44} | {sides} | {len(result.times[OURS].rounds):6}"


def _cell(result: Result, side: str, width: int) -> str:
    times, ratio = result.times.get(side), result.ratio(side)
    if times is None or ratio is None:
        return f"{'–':>{width}}"
    text = f"{_spelled(times.median)} ±{times.spread:4.0%}"
    return f"{text if side == OURS else f'{text} {ratio:6.3g}×':>{width}}"


def _spelled(seconds: float) -> str:
    for unit, factor in (("s", 1), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


if __name__ == "__main__":
    main()
