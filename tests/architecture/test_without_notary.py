"""Without the folder that knows of Docker Content Trust, everything else is whole.

One day nobody needs it. Then it goes, and with it its tests, one example and
four pages; the pages that list everything are made again.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trustlib

ROOT = Path(__file__).parents[2]
PACKAGE = Path(trustlib.__file__).parent
FOLDER = "notary"

ITS_EXAMPLES = {"rescue_docker_content_trust.py"}
ITS_PAGES = {"leave-content-trust.md", "notary-keys.md", "notary-server.md", "verify-old-images.md"}
ITS_WORDS = re.compile(r"(?<!\w)(?:notary|gun)(?!\w)", re.IGNORECASE)

# Tried one after the other, so that one that cannot be imported keeps no other from it.
IMPORT_ALL = """
import importlib, pkgutil, trustlib
for module in pkgutil.walk_packages(trustlib.__path__, "trustlib."):
    importlib.import_module(module.name)
    print(module.name)
"""


def test_nothing_else_in_the_package_has_a_word_of_it():
    others = [file for file in PACKAGE.rglob("*.py") if FOLDER not in file.parts]
    assert (PACKAGE / FOLDER / "format.py") not in others
    assert [] == [
        f"{file.relative_to(PACKAGE)}: {line.strip()}"
        for file in others
        for line in file.read_text(encoding="utf-8").splitlines()
        if ITS_WORDS.search(line)
    ]


def test_everything_else_can_be_imported(tmp_path):
    ignore = shutil.ignore_patterns("__pycache__", FOLDER)
    shutil.copytree(PACKAGE, tmp_path / "trustlib", ignore=ignore)

    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert "trustlib.updater" in done.stdout
    assert f"trustlib.{FOLDER}" not in done.stdout


def imported(source: str) -> set[str]:
    """The names of all modules that *source* imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{one.name}" for one in node.names)}
    return found


def of_it(source: str) -> bool:
    beginnings = tuple(f"{place}{FOLDER}" for place in ("", "trustlib.", "tests."))
    return any(f"{name}.".startswith(f"{by}.") for name in imported(source) for by in beginnings)


@pytest.mark.parametrize("folder", ["tests", "examples", "benchmarks"])
def test_nobody_else_imports_it(folder):
    if not (ROOT / folder).is_dir():
        pytest.skip("not a checkout")
    files = [file for file in (ROOT / folder).rglob("*.py") if FOLDER not in file.parts]
    assert ITS_EXAMPLES & {file.name for file in files} == {
        file.name for file in files if of_it(file.read_text(encoding="utf-8"))
    }


def test_four_pages_go_with_it():
    said = re.compile(rf"^(?:from|import) (?:trustlib\.)?{FOLDER}\b", re.MULTILINE)
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]

    assert ITS_PAGES == {
        page.name for page in pages if said.search(page.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import trustlib.notary", True),
        ("from trustlib import notary", True),
        ("def late():\n    from trustlib.notary.keys import NotaryKeyStore", True),
        ("from notary.lab import running", True),
        ("from trustlib import Updater", False),
        ("import notaryish", False),
    ],
)
def test_an_import_would_be_seen(line, expected):
    assert expected == of_it(line)
