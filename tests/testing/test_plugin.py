"""The plugin, as people get it: from the wheel, in an environment that has nothing else of ours."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOYER = ROOT / "examples" / "deployer"

PRINTED = re.search(
    "^```text\\n(?P<code>def test_.*?)^```$",
    (ROOT / "docs" / "how-to" / "test-your-own-tool.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
EVERY_ATTACK = f"""
import urllib.request

def our_tool(metadata_url, target, *, trusting, state):  # trusts, remembers and asks nobody
    base = metadata_url.removesuffix("metadata/")
    return urllib.request.urlopen(base + "targets/" + target).read()

{PRINTED["code"]}"""

IDLE = """
import sys

def test_nothing_is_loaded_for_those_who_do_not_ask():
    assert "pytest_trustlib" in sys.modules
    assert [] == [name for name in sys.modules if name.partition(".")[0] == "trustlib"]
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of a fresh environment with the wheel; what it depends on is the tests' own."""
    into = tmp_path_factory.mktemp("fresh")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", into],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = into.glob("*.whl")
    venv.create(into / "venv", with_pip=False)
    inside = {"base": into / "venv", "platbase": into / "venv"}
    site = Path(sysconfig.get_path("purelib", "venv", {k: str(v) for k, v in inside.items()}))
    python = next((into / "venv").glob("[bS]*/python*"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
        capture_output=True,
        check=True,
        env=plainly(),
    )
    # Behind the wheel's own files, and without the files that make ours editable there.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def plainly():
    names = ("PYTHONPATH", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_START")
    return {name: value for name, value in os.environ.items() if name not in names}


def run_in(python, directory, *options, plugins=("-p", "no:xdist")):
    return subprocess.run(
        [python, "-m", "pytest", "-p", "no:cacheprovider", *plugins, "-q", *options],
        cwd=directory,
        capture_output=True,
        text=True,
        env=plainly(),
        check=False,
    )


@pytest.mark.parametrize(("kind", "code"), [("careful", 0), ("careless", 1), ("believing", 1)])
def test_a_deployer_that_forgets_fails_the_test_and_one_that_remembers_passes(
    python, tmp_path, kind, code
):
    shutil.copy(DEPLOYER / "test_deployer.py", tmp_path)
    shutil.copy(DEPLOYER / f"{kind}.py", tmp_path / "deployer.py")

    done = run_in(python, tmp_path)

    assert code == done.returncode, done.stdout + done.stderr
    assert ("1 passed" if code == 0 else "DID NOT RAISE") in done.stdout


def test_whoever_asks_for_no_fixture_pays_nothing(python, tmp_path):
    (tmp_path / "test_idle.py").write_text(IDLE)

    done = run_in(python, tmp_path)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "attacks withstood" not in done.stdout


def test_a_test_is_run_for_every_attack_and_the_end_sums_up(python, tmp_path):
    (tmp_path / "test_every.py").write_text(EVERY_ATTACK)

    done = run_in(python, tmp_path, "-k", "stranger or replay or shown", "--tb=line")

    assert 1 == done.returncode, done.stderr
    assert "attacks withstood" in done.stdout
    assert "| everything is shown as it was | rollback, T-20, T-62 | deceived" in done.stdout


@pytest.mark.skipif(find_spec("xdist") is None, reason="not installed: pytest-xdist")
def test_several_processes_sum_up_together(python, tmp_path):
    """Each column is a test; what became of an attack travels with the test's report."""
    (tmp_path / "test_every.py").write_text(EVERY_ATTACK)

    chosen = ("-k", "stranger", "--tb=no", "-n", "2")
    done = run_in(python, tmp_path, *chosen, plugins=("-p", "xdist"))
    assert 1 == done.returncode, done.stderr
    assert "| attack | stands for | test_nothing_deceives_us |" in done.stdout
    assert "| a stranger signs timestamp | arbitrary software, T-95 | deceived" in done.stdout


def test_the_command_is_in_the_wheel(python):
    done = subprocess.run(
        [python, "-m", "trustlib.testing", "--help"],
        capture_output=True,
        text=True,
        env=plainly(),
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "{metadata_url}" in done.stdout
