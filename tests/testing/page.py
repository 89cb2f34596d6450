"""What the page on testing tools prints: clients that are judged, and the table.

Rewrite it with ``TRUSTLIB_REWRITE=1 python -m pytest tests/testing/test_page.py``.
"""

import shlex
import sys
from importlib.metadata import version
from pathlib import Path

from trustlib.testing import OVER_HTTP, Possession, Program, judgements, mountable_with
from trustlib.testing.report import failures, summary

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "test-your-own-tool.md"
BEGIN, END = "<!-- the table -->\n", "<!-- its end -->\n"

PYTHON = shlex.quote(sys.executable)
ATTACKS = (*mountable_with(Possession.NETWORK), *OVER_HTTP)
THEIRS = f"python-tuf {version('tuf')}"

PROGRAMS = (
    Program.conforming("trustlib", f"{PYTHON} {ROOT}/examples/conformance_client.py"),
    Program.conforming(THEIRS, f"{PYTHON} {ROOT}/examples/python_tuf_client.py"),
    Program(
        name="curl in a script",
        download=f"sh {ROOT}/examples/naive_fetch.sh {{targets_url}} {{target}} {{downloads}}",
    ),
)


def table() -> str:
    """Attack them all, and say what came of it: of the script, that it fails is enough."""
    judged = {program.name: list(judgements(program, ATTACKS)) for program in PROGRAMS}
    clients = {program.name: judged[program.name] for program in PROGRAMS[:2]}
    return f"{summary(judged)}\n{failures(clients)}"


def printed() -> str:
    """The table that the page has."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def with_table(text: str) -> str:
    """The page, with *text* as its table."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + text + END + rest.partition(END)[2]
