"""What a type checker says of a program that uses trustlib."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def checked(code, place):
    """Check *code* strictly, in a file ``calls.py`` in *place*."""
    (place / "calls.py").write_text(code)
    return subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"),
            *("--cache-dir", ROOT / ".mypy_cache", "calls.py"),
        ],
        cwd=place,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
