"""Every file in examples/ does what it says, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

COVERED = {"demo.py", "sign_and_resolve.py", "conformance_client.py"}


def run(name: str, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100", "PYTHONWARNINGS": "error"}
    if path is not None:
        environment["PATH"] = path
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )


def test_every_example_is_run_here():
    there = {path.name for path in EXAMPLES.glob("*.py") if not path.name.startswith("_")}

    assert COVERED == there


def refusals(printed: str) -> list[str]:
    return [line.strip() for line in printed.splitlines() if line.strip().endswith("Error")]


REFUSED = [
    "MismatchError",
    "ThresholdError",
    "RollbackError",
    "MismatchError",
    "WrongCollectionError",
    "TooLongError",
    "ExpiredError",
]


def test_the_demo_refuses_every_attack_without_any_server(tmp_path):
    demo = run("demo.py", path=str(tmp_path))

    assert (0, "") == (demo.returncode, demo.stderr)
    assert REFUSED == refusals(demo.stdout)
    assert "a registry that we only name" in demo.stdout


def test_the_demo_refuses_every_attack_on_a_real_registry(require_servers):
    require_servers("docker-registry", "skopeo")

    demo = run("demo.py")

    assert (0, "") == (demo.returncode, demo.stderr)
    assert REFUSED == refusals(demo.stdout)
    assert "in a real registry" in demo.stdout


def test_what_was_signed_is_pulled_although_the_tag_was_moved(require_servers):
    require_servers("docker-registry", "skopeo")

    example = run("sign_and_resolve.py")

    assert (0, "") == (example.returncode, example.stderr)
    steps = dict(line.split(maxsplit=1) for line in example.stdout.splitlines())
    signed = steps["resolved"].partition("@")[2]
    moved = steps["attacked"].rpartition(" ")[2]
    assert signed != moved
    assert f"to be {signed}, got {moved}" in steps["refused"]
    assert steps["pulled"].startswith(signed)


def test_the_conformance_client_explains_itself():
    client = run("conformance_client.py", "--help")

    assert 0 == client.returncode
    assert "init" in client.stdout
