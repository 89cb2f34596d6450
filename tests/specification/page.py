"""The page for readers: ``PYTHONPATH=tests python -m specification.page > docs/reference/specification.md``."""

import sys
from collections.abc import Iterator

from specification.code import doing
from specification.table import BEFORE_5, CLIENT, PUBLISHER, Row

from trustlib.roles import SPEC_VERSION

_OPENING = f"""\
# The specification, step by step

What version {SPEC_VERSION} of the [TUF specification](https://theupdateframework.github.io/specification/)
asks of clients and publishers, in our words; what does it in trustlib; and the tests that fail when
it is not done. The marks (§) stand in the code beside the lines that do it. A test holds this page
to the code, and the code to this page.

Where “but” is filled in, trustlib does more than it is asked to, or something else, and says why.
"""


def page() -> str:
    """The page for readers."""
    parts = [_OPENING]
    for title, rows in (
        ("The client's workflow (§5)", CLIENT),
        ("Roles, files and formats (§2–§4)", BEFORE_5),
        ("Publishing (§6)", PUBLISHER),
    ):
        parts += [f"\n## {title}\n\n", *_table(rows)]
    return "".join(parts)


def _table(rows: tuple[Row, ...]) -> Iterator[str]:
    yield "| step | asks | done by | held by | but |\n| --- | --- | --- | --- | --- |\n"
    for row in rows:
        yield f"| {row.mark} | {row.asks} | {_done(row)} | {_tests(row)} | {row.but} |\n"


def _done(row: Row) -> str:
    found = [each for place in row.done for each in doing(place, row.mark)]
    return "<br>".join(f"`{each.name}` in `{each.file}`" for each in found) or "nothing"


def _tests(row: Row) -> str:
    return "<br>".join(f"`{test.partition('::')[2]}`" for test in row.tests)


if __name__ == "__main__":
    sys.stdout.write(page())
