"""One line for each workload: what each side came to, by how much, and the goal."""

from measure import CPU, LIMIT, OURS, PEER, WALL, Result

LEGEND = (
    "Medians, ± half the distance between the quartiles; × is that side's time ÷ trustlib's, so"
    " more is better. CPU time where work is computed, wall-clock time where it is waited for."
)
_WHOLE = 1_000  # from there on, digits behind the point are not for reading

HEAD = (
    "| # | workload | trustlib | python-tuf | × | × wall | limit | × | goal | met? |\n"
    "|--:|---|--:|--:|--:|--:|--:|--:|---|---|"
)


def line(number: int, result: Result) -> str:
    """Return the row of a Markdown table."""
    met = {goal: goal.met(result) for goal in result.goals}
    verdict = "" if not met else "met" if all(met.values()) else "not met"
    cells = (
        str(number),
        result.workload,
        _amount(result, OURS),
        _amount(result, PEER),
        _times(result.ratio(PEER)),
        _times(result.ratio(PEER, WALL)) if result.clock == CPU else "",
        f"{_amount(result, LIMIT)} {result.limit}".strip(),
        _times(result.ratio(LIMIT)),
        ", ".join(map(str, met)),
        verdict,
    )
    return f"| {' | '.join(cells)} |"


def _amount(result: Result, side: str) -> str:
    figures = result.judged.get(side)
    if figures is None:
        return "–"
    spread = f" ±{figures.spread:.0%}" if result.unit == "s" else ""
    return spelled(figures.median, result.unit) + spread


def _times(ratio: float | None) -> str:
    if ratio is None:
        return "–"
    return f"{ratio:,.0f}×" if ratio >= _WHOLE else f"{ratio:.3g}×"


def spelled(amount: float, unit: str) -> str:
    """Return *amount* for people."""
    match unit:
        case "s":
            for name, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
                if abs(amount) * factor >= 1 or name == "µs":
                    return f"{amount * factor:.3g} {name}"
        case "B":
            for name, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
                if amount >= size:
                    return f"{amount / size:,.3g} {name}"
            return f"{amount:.0f} B"
    return f"{amount:g}"
