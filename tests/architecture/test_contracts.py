"""The rules of the house hold, and the machine that holds them is awake.

A contract that nobody has seen fail proves nothing: each is shown a violation,
planted into a copy of the package.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

import trustlib

ROOT = Path(__file__).parents[2]
PACKAGE = Path(trustlib.__file__).parent

LAYERS = "Each module imports only from below"
CORE = "The core reads no clock, no disk, no network and no JSON, and rolls no dice"
VERIFY = "Only trust and publish count signatures"

LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@dataclass
class Verdict:
    kept: set[str]
    broken: set[str]
    output: str


def lint(directory: Path) -> Verdict:
    """Judge the package in *directory*, or the installed one if there is none."""
    options = ["--no-cache", "--no-logo", "--config", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [sys.executable, "-c", LINT_IMPORTS, *options],
        cwd=directory,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", "COLUMNS": "200", "NO_COLOR": "1"},
        check=False,
    )
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    verdict = Verdict(
        kept={line.removesuffix(" KEPT") for line in lines if line.endswith(" KEPT")},
        broken={line.removesuffix(" BROKEN") for line in lines if line.endswith(" BROKEN")},
        output=done.stdout + done.stderr,
    )
    assert verdict.kept | verdict.broken, verdict.output
    assert (done.returncode == 0) == (not verdict.broken), verdict.output
    return verdict


@pytest.fixture
def copy(tmp_path):
    """A copy of the package that a test may spoil."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "trustlib", ignore=ignore)
    return tmp_path


def plant(copy: Path, module: str, line: str) -> None:
    file = copy / "trustlib" / module
    text = file.read_text(encoding="utf-8") if file.exists() else '"""New."""\n'
    file.write_text(f"{text}\n{line}\n", encoding="utf-8")


def test_every_contract_holds():
    verdict = lint(ROOT)

    assert (set(), {LAYERS, CORE, VERIFY}) == (verdict.broken, verdict.kept), verdict.output


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        pytest.param("errors.py", "import trustlib.drive", LAYERS, id="an import from above"),
        pytest.param(
            "errors.py",
            "def late():\n    from trustlib.drive import run\n    return run",
            LAYERS,
            id="an import from above that hides in a function",
        ),
        pytest.param(
            "_paths.py", "import trustlib._json", LAYERS, id="an import from the same layer"
        ),
        pytest.param("nowhere.py", "", LAYERS, id="a new module without a layer"),
        pytest.param("trust/stages.py", "import time", CORE, id="a clock in the core"),
        pytest.param("content/more.py", "import json", CORE, id="JSON in the core"),
        pytest.param("workflow.py", "from urllib import request", CORE, id="a network in the core"),
        pytest.param(
            "drive.py", "from trustlib.verify import verify", VERIFY, id="counting signatures"
        ),
    ],
)
def test_a_planted_violation_is_caught(copy, module, line, broken):
    plant(copy, module, line)

    verdict = lint(copy)

    assert broken in verdict.broken, verdict.output
    assert f"trustlib.{module.removesuffix('.py').replace('/', '.')}" in verdict.output


def test_an_import_through_the_front_is_caught(copy):
    """``from trustlib import …`` is an import of everything that the front imports."""
    plant(copy, "__init__.py", "from trustlib.drive import run")
    plant(copy, "errors.py", "from trustlib import run")

    verdict = lint(copy)

    assert LAYERS in verdict.broken, verdict.output
    assert "trustlib.errors -> trustlib" in verdict.output


SOURCES = sorted(PACKAGE.rglob("*.py"))

SILENCED = re.compile(
    r"#\s*(?:type:\s*ignore|(?:ruff:\s*|flake8[:=]\s*)?noqa|pragma:\s*no\s*(?:cover|branch)"
    r"|mypy:|pyright:|ruff:)",
    re.IGNORECASE,
)


def test_no_checker_is_silenced():
    assert [] == [
        f"{source.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for source in SOURCES
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), start=1)
        if SILENCED.search(line)
    ]


@pytest.mark.parametrize(
    "line",
    ["x = 1  # type: ignore[misc]", "y  #noqa: E501", "# ruff: noqa", "z  # pragma: no cover"],
)
def test_silencing_a_checker_would_be_seen(line):
    assert SILENCED.search(line)


def test_a_file_is_one_idea():
    """Past 400 lines, a file argues in its first 15 why it is more than "400 lines"."""
    lines = {source: source.read_text(encoding="utf-8").splitlines() for source in SOURCES}

    assert [] == [
        f"{source.relative_to(PACKAGE)}: {len(text)} lines"
        for source, text in lines.items()
        if len(text) > 400 and "400 lines" not in "\n".join(text[:15])
    ]


SOMEBODY_ELSES = re.compile(
    r"\b(?:pip3?|pipx|uv|poetry|pdm|conda)[ \t]+(?:install|add)[ \t]+"
    r"(?:[^\s`]+[ \t]+){0,6}?[\"']?trustlib(?![-_./]?\w)"
)


def texts() -> list[Path]:
    """Every file that is, or is about to be, tracked."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_nobody_is_told_to_install_somebody_elses_project():
    """The index's ``trustlib`` is not ours: the distribution is ``trustlib-tuf``."""
    this = Path(__file__).resolve()
    assert [] == [
        f"{file.relative_to(ROOT)}: {found[0]}"
        for file in texts()
        if file.resolve() != this
        for found in SOMEBODY_ELSES.finditer(file.read_text(encoding="utf-8", errors="replace"))
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("pip install trustlib", True),
        ("pip install -U 'trustlib[demo]'", True),
        ("uv add trustlib.", True),
        ("pip install rich trustlib", True),
        ("pip install trustlib-tuf", False),
        ('pip install "trustlib-tuf[demo]"', False),
        ("pip install -e .  # trustlib_x", False),
    ],
)
def test_the_wrong_name_would_be_seen(text, wrong):
    assert wrong == bool(SOMEBODY_ELSES.search(text))


@pytest.fixture(scope="module")
def distribution(tmp_path_factory):
    """The wheel this tree makes, unpacked; or what is installed, if the tree has no package."""
    if not (ROOT / "trustlib").is_dir():
        return PACKAGE.parent
    into = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", into],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = into.glob("*.whl")
    shutil.unpack_archive(wheel, into / "unpacked", "zip")
    return into / "unpacked"


def test_the_type_hints_ship(distribution):
    assert (distribution / "trustlib" / "py.typed").is_file()


def test_the_licences_ship(distribution):
    (metadata,) = distribution.glob("trustlib_tuf-*.dist-info")

    assert {"LICENSE-APACHE", "LICENSE-MIT"} == {
        licence.name for licence in (metadata / "licenses").iterdir()
    }


def test_the_version_is_the_distributions(distribution):
    (metadata,) = distribution.glob("trustlib_tuf-*.dist-info")

    assert f"Version: {trustlib.__version__}" in (metadata / "METADATA").read_text(encoding="utf-8")


def test_the_page_about_the_house_has_every_layer_from_the_top():
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\* - ((?:`\w+`(?:, )?)+)$", page, re.MULTILINE)
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [
        c["layers"] for c in config["tool"]["importlinter"]["contracts"] if c["id"] == "layers"
    ]

    said = [set(re.findall(r"\w+", row)) for row in rows]
    assert [set(re.findall(r"\w+", layer)) for layer in layers] == said
