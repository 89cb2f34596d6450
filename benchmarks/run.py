"""Measure against python-tuf and the bare limit, in one run: ``make bench``.

Nothing here decides anything: the figures are for people.
"""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version

import rows
from measure import Row, table


def main() -> None:
    """Run the rows that were asked for, and print them as a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller sizes")
    parser.add_argument("--row", type=int, help="one row only")
    arguments = parser.parse_args()
    rounds = 3 if arguments.quick else 11
    sizes = (10_000,) if arguments.quick else (10_000, 100_000)
    measured: list[Row] = []
    for number, measure in (
        (1, lambda: [rows.imported(rounds)]),
        (3, lambda: [rows.large(size, rounds) for size in sizes]),
        (9, lambda: [rows.cold(rounds)]),
        (14, lambda: [rows.again(rounds)]),
    ):
        if arguments.row in (None, number):
            measured += measure()
    print(table(measured))
    print(
        f"\n{rounds} rounds; Python {platform.python_version()} on {platform.machine()};"
        f" trustlib-tuf {version('trustlib-tuf')}, tuf {version('tuf')}"
    )


if __name__ == "__main__":
    main()
