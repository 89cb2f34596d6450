"""What the page on testing tools prints: clients that are judged, and the table.

Rewrite it with ``TRUSTLIB_REWRITE=1 python -m pytest tests/testing/test_page.py``.
"""

import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from trustlib.testing import OVER_HTTP, PATIENT, Possession, Program, judgements, mountable_with
from trustlib.testing.report import failures, summary

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "test-your-own-tool.md"
BEGIN, END = "<!-- the table -->\n", "<!-- its end -->\n"

PYTHON = shlex.quote(sys.executable)
ATTACKS = (*mountable_with(Possession.NETWORK), *OVER_HTTP, *PATIENT)
THEIRS = f"python-tuf {version('tuf')}"

CLOCKED = "faketime {now}"
"""What is run with it believes the time that an attack needs."""

PATIENCE = 90.0
"""Seconds: three attempts of 20 seconds and the pauses between them end in time."""

PROGRAMS = (
    Program.conforming(
        "trustlib",
        f"{CLOCKED} {PYTHON} {ROOT}/examples/conformance_client.py",
        patience=PATIENCE,
    ),
    Program.conforming(
        THEIRS, f"{CLOCKED} {PYTHON} {ROOT}/examples/python_tuf_client.py", patience=PATIENCE
    ),
    Program(
        name="curl in a script",
        download=f"{CLOCKED} sh {ROOT}/examples/naive_fetch.sh"
        " {targets_url} {target} {downloads}",
    ),
    Program(
        name="curl and a hash",
        download=f"{CLOCKED} sh {ROOT}/examples/hashed_fetch.sh"
        " {metadata_url} {targets_url} {target} {downloads}",
    ),
)


def table() -> str:
    """Attack them all, and say what came of it: of the scripts, that they fail is enough."""
    with ThreadPoolExecutor() as threads:  # whoever is attacked slowly keeps nobody else waiting
        rows = threads.map(lambda program: list(judgements(program, ATTACKS)), PROGRAMS)
        judged = dict(zip((program.name for program in PROGRAMS), rows, strict=True))
    clients = {program.name: judged[program.name] for program in PROGRAMS[:2]}
    return f"{summary(judged)}\n{failures(clients)}"


def printed() -> str:
    """The table that the page has."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def with_table(text: str) -> str:
    """The page, with *text* as its table."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + text + END + rest.partition(END)[2]
