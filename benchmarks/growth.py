"""How time grows with size; whatever grows faster than its size is a mistake.

Each size is measured in a turn of its own, several times over; the exponent is
the slope of the line through the logarithms of the larger half of the sizes: 1
is proportional, 0 is not at all.
"""

import argparse
import gc
import json
import math
import shutil
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import machine
import table
from attrs import frozen
from clients import MEMORY, ours
from repositories import (
    BY,
    Repository,
    binned,
    patterns,
    published,
    small,
    targets,
    targets_file,
)

from trustlib import TUF_JSON, Targets
from trustlib.verify import verify

RESULTS = Path(__file__).parent / "growth.json"
Work = Callable[[], object]

_FEW = 3  # points, all of which a line goes through
_LARGE = 10**6  # from there on, once is enough

_ASKED = 1_000
"""Questions of each thread."""


@frozen(kw_only=True)
class Series:
    """One thing that grows.

    Attributes:
        prepared: returns what is measured, for a size.
        per: by what the time is divided, for a size.
        clock: by which it is measured.
    """

    of: str
    sizes: Sequence[int]
    prepared: Callable[[int], Work]
    per: Callable[[int], float] = lambda _: 1.0
    clock: Callable[[], float] = time.process_time


def _loaded(size: int) -> Work:
    raw = targets_file.__wrapped__(size)
    wanted = f"acme/app-{size // 2}:1.4"
    return lambda: verify(TUF_JSON.parse(Targets, raw), BY).role.targets[wanted]


def _found(repository: Repository, path: str) -> Work:
    return lambda: ours(repository).find(path)


def _delegated(size: int) -> Work:
    last, path = f"team-{size - 1}", f"team-{size - 1}/app:1.4"
    grants = {f"team-{number}": f"team-{number}/*" for number in range(size)}
    return _found(published(targets([], patterns(grants)), {last: targets([path])}), path)


def _rotated(size: int) -> Work:
    repository = small(size)
    return lambda: ours(repository).refresh()


def _asked(threads: int) -> Work:
    """All threads ask one updater the same thing, from the same moment on."""
    updater = ours(small())
    updater.resolve("acme/app:1.4")
    pool = ThreadPoolExecutor(threads)

    def ask(begin: Barrier) -> None:
        begin.wait()
        for _ in range(_ASKED):
            updater.resolve("acme/app:1.4")

    return lambda: list(pool.map(ask, [Barrier(threads)] * threads))


SERIES: Mapping[str, Series] = {
    "targets": Series(
        of="targets in one file: load, verify, look up one",
        sizes=(1_000, 10_000, 100_000, 1_000_000),
        prepared=_loaded,
    ),
    "bins": Series(
        of="bins: find one target, first time",
        sizes=tuple(2**bits for bits in (1, 3, 5, 7, 9, 11, 12, 13, 14)),
        prepared=lambda size: _found(binned(size.bit_length() - 1), "acme/app-7:1.4"),
    ),
    "delegations": Series(
        of="delegations: find a target of the last, first time",
        sizes=(1, 3, 10, 30, 100, 300, 1_000),
        prepared=_delegated,
    ),
    "rotations": Series(
        of="rotations of root: first refresh",
        sizes=(1, 3, 10, 30, 100),
        prepared=_rotated,
    ),
    "threads": Series(
        of="threads that ask one updater: one answer, all together",
        sizes=(1, 2, 4, 8, 16, 32),
        prepared=_asked,
        per=lambda threads: threads * _ASKED,
        clock=time.perf_counter,
    ),
}


def measured(series: Series, most: int, rounds: int) -> dict[str, float]:
    """Return the median of what each size of at most *most* takes, in seconds."""
    took: dict[str, float] = {}
    for size in series.sizes:
        if size > most:
            break
        work = series.prepared(size)
        work()
        each = []
        for _ in range(rounds if size < _LARGE else 1):
            gc.collect()
            began = series.clock()
            work()
            each.append((series.clock() - began) / series.per(size))
        took[str(size)] = statistics.median(each)
    return took


def exponent(took: Mapping[str, float]) -> float:
    """Return the slope of the line through the larger half of the sizes, both in logarithms."""
    points = [(math.log(int(size)), math.log(seconds)) for size, seconds in took.items()]
    upper = points[len(points) // 2 :] if len(points) > _FEW else points
    return statistics.linear_regression(*zip(*upper, strict=True)).slope


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", action="append", choices=SERIES, help="only this one")
    parser.add_argument("--most", type=int, default=10**6, help="the largest size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="keep it in growth.json")
    asked = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    try:
        for name in asked.series or SERIES:
            took = measured(SERIES[name], asked.most, asked.rounds)
            spelled = ", ".join(f"{int(n):,}: {table.spelled(s, 's')}" for n, s in took.items())
            print(f"{SERIES[name].of}: {spelled}; exponent {exponent(took):.2f}", flush=True)
            kept[name] = {"on": machine.described(), "of": SERIES[name].of, "took": took}
    finally:
        shutil.rmtree(MEMORY)
    if asked.write:
        RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
