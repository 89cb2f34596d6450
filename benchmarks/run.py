"""Measure trustlib against python-tuf and against the bare work, and print a table.

Numbers inform and decide nothing: a goal that is not met is said, and the exit
status says only that everything ran. With ``--write``, what was measured goes to
results.json, and from there into the pages and charts of the documentation.
"""

import argparse
import shutil
from pathlib import Path

import machine
import records
import table
from clients import MEMORY
from rows import ROWS
from scale import FULL, QUICK

RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--row", type=int, action="append", choices=sorted(ROWS), help="only this")
    parser.add_argument("--write", action="store_true", help="keep it in results.json")
    asked = parser.parse_args()
    on = machine.described()  # now: the files may be another commit's by the time it ends
    print(f"{on}\n\n{table.LEGEND}\n\n{table.HEAD}", flush=True)
    try:
        for number in asked.row or ROWS:
            results = []
            for result in ROWS[number](QUICK if asked.quick else FULL):
                print(table.line(number, result), flush=True)
                results.append(result)
            if asked.write:
                records.keep(RESULTS, number, on, results)
    finally:
        shutil.rmtree(MEMORY)


if __name__ == "__main__":
    main()
