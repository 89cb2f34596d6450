"""Write what the documentation shows of the measurements: tables, charts, and the bill.

They are made from results.json and growth.json, so that nothing on the page was
typed in.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import charts
import costs
import growth
import records
import table
from clients import MEMORY
from measure import PEER, Faster, Result

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
CHARTS = HERE.parent / "docs" / "explanation"


def main() -> None:
    measured = list(records.kept(RESULTS))
    (HERE / "results.md").write_text("\n".join(_table(measured)) + "\n")
    (HERE / "costs.md").write_text("\n".join(costs.costs(RESULTS)) + "\n")
    (CHARTS / "speed-ratios.svg").write_text(charts.bars(list(_ratios(measured))))
    grown = json.loads(growth.RESULTS.read_text())
    (HERE / "growth.md").write_text("\n".join(_growth(grown)) + "\n")
    lines = {
        value["of"]: {float(size): seconds for size, seconds in value["took"].items()}
        for value in grown.values()
    }
    (CHARTS / "speed-growth.svg").write_text(charts.lines(lines))
    shutil.rmtree(MEMORY)


def _table(measured: list[tuple[int, str, list[Result]]]) -> Iterator[str]:
    yield from (table.LEGEND, "", table.HEAD)
    yield from (table.line(row, each) for row, _, results in measured for each in results)
    yield from ("", "Measured on:", "")
    for on in dict.fromkeys(on for _, on, _ in measured):
        rows = ", ".join(str(row) for row, where, _ in measured if where == on)
        yield f"- rows {rows}: {on}"


def _ratios(
    measured: list[tuple[int, str, list[Result]]],
) -> Iterator[tuple[str, float, float | None]]:
    for row, _, results in measured:
        for each in results:
            ratio = each.ratio(PEER)
            if ratio is not None:
                goals = [g.times for g in each.goals if isinstance(g, Faster) and g.than == PEER]
                yield f"{row}  {each.workload}", ratio, goals[0] if goals else None


def _growth(grown: dict[str, dict[str, object]]) -> Iterator[str]:
    yield "| what grows | sizes | at the smallest | at the largest | exponent |"
    yield "|---|---|--:|--:|--:|"
    for value in grown.values():
        took = value["took"]
        (low, first), *_, (high, last) = took.items()
        yield (
            f"| {value['of']} | {int(low):,} … {int(high):,} | {table.spelled(first, 's')}"
            f" | {table.spelled(last, 's')} | {growth.exponent(took):.2f} |"
        )
    yield from ("", f"Measured on {next(iter(grown.values()))['on']}")


if __name__ == "__main__":
    main()
