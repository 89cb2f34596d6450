"""What came of it all, as tables in Markdown that people can put into their README."""

from collections.abc import Iterator, Mapping, Sequence

from trustlib.testing.siege import Judgement, Verdict

Judged = Mapping[str, Sequence[Judgement]]
"""What was judged, by the names of the clients; all were attacked alike."""


def report(judged: Judged) -> str:
    """Return the summary, and below it every attack that somebody did not withstand."""
    below = failures(judged)
    return summary(judged) + (f"\n{below}" if below else "")


def summary(judged: Judged) -> str:
    """Return how many attacks were withstood, of those that the specification is about."""
    return "".join(_summary(judged))


def failures(judged: Judged) -> str:
    """Return a row for every attack that somebody did not withstand; empty where there is none."""
    failed = {
        name: row
        for name, row in _names(judged).items()
        if any(not each.verdict.good for each in row if each is not None)
    }
    return "".join(_rows(judged, failed)) if failed else ""


def every_attack(judged: Judged) -> str:
    """Return a table with a row for each attack."""
    return "".join(_rows(judged, _names(judged)))


def _summary(judged: Judged) -> Iterator[str]:
    yield _row("TUF promises to withstand (§1.5.2)", *judged)
    yield _row("---", *("---:" for _ in judged))
    goals = {each.attack.goal for row in judged.values() for each in row if _counts(each)}
    for goal in sorted(goals):
        yield _row(goal, *(_counted(each, goal) for each in judged.values()))
    yield _row("**all**", *(f"**{_counted(each, None)}**" for each in judged.values()))


def _counts(judgement: Judgement) -> bool:
    return judgement.verdict is not Verdict.NOT_MOUNTED and not judgement.attack.beyond


def _counted(judgements: Sequence[Judgement], goal: str | None) -> str:
    mounted = [
        each.verdict for each in judgements if goal in (None, each.attack.goal) and _counts(each)
    ]
    return f"{mounted.count(Verdict.WITHSTOOD)} of {len(mounted)}"


def _rows(judged: Judged, rows: Mapping[str, Sequence[Judgement | None]]) -> Iterator[str]:
    yield _row("attack", "stands for", *judged)
    yield _row("---", "---", *("---" for _ in judged))
    for name, row in rows.items():
        attack = next(each.attack for each in row if each is not None)
        beyond = f" (beyond the specification: {attack.beyond})" if attack.beyond else ""
        verdicts = ("" if each is None else each.verdict.value for each in row)
        yield _row(name + beyond, ", ".join((attack.goal, *attack.ids)), *verdicts)


def _names(judged: Judged) -> dict[str, list[Judgement | None]]:
    """Return what each client did, by the name of the attack."""
    by_client = [{each.attack.name: each for each in row} for row in judged.values()]
    names = dict.fromkeys(name for row in by_client for name in row)
    return {name: [row.get(name) for row in by_client] for name in names}


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"
