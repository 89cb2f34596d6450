"""Every file in examples/ does what it says, in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAIN = Path(__file__).parents[1] / "plain"

COVERED = {
    "admission_webhook.py",
    "backup_and_restore.py",
    "ci_step.py",
    "conformance_client.py",
    "delegate_to_team.py",
    "demo.py",
    "docker_py_trusted_pull.py",
    "docker_trust.py",  # in a file of its own
    "million_targets.py",
    "lost_root_key.py",
    "offline_signers.py",
    "podman_trusted_pull.py",
    "pull_through_check.py",
    "python_tuf_client.py",
    "renew_cron.py",
    "renew_loop.py",
    "rescue_docker_content_trust.py",  # tests/notary
    "root_ceremony.py",
    "rotate_root_key.py",
    "sign_and_resolve.py",
    "stolen_timestamp_key.py",
    "two_repositories.py",
}


def run(name: str, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    paths = [str(PLAIN), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "COLUMNS": "100",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "error",
    }
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
    "ThresholdError",
    "RollbackError",
    "MismatchError",
    "WrongCollectionError",
    "TooLongError",
    "NoTrustDataError",
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


def test_the_readme_promises_the_refusals_that_the_demo_shows():
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    promised = re.findall(r"^\| .+ \| `(\w+Error)` \|$", readme, re.MULTILINE)

    assert set(REFUSED) == set(promised)
    assert f"plays {len(REFUSED)} attacks" in readme


@pytest.mark.slow
def test_two_of_three_sign_on_machines_that_share_nothing():
    example = run("offline_signers.py")

    assert (0, "") == (example.returncode, example.stderr)
    steps = [step.splitlines() for step in example.stdout.split("\n\n")]
    told = {step[0]: step[1:] for step in steps}
    assert 5 == sum(line.startswith("has key") for step in steps for line in step)
    for name in ("carol", "alice"):
        assert any("acme/app:1.4 is sha256:9f86d081" in line for line in told[f"{name}: sign"])
    assert 2 == sum("nobody asked it to sign" in line for line in told["dave: sign"])
    assert 2 == sum("is too late for" in line for line in told["bob: sign"])
    first, second = (step[1] for step in steps if step[0] == "desk: collect")
    assert "root: signed by 1 of 2 required keys" in first
    assert "1.targets.json, 1.snapshot.json, 1.root.json, timestamp.json" in second
    assert example.stdout.endswith(
        "acme/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
    )


@pytest.mark.slow
def test_one_lost_root_key_is_replaced_and_two_are_the_end():
    example = run("lost_root_key.py")

    assert (0, "") == (example.returncode, example.stderr)
    assert [
        ("old program", "resolved"),
        ("old program", "resolved"),
        ("publisher", "root: signed by 1 of 2 required keys"),
        ("old program", "resolved"),
        ("old program", "ThresholdError"),
        ("new program", "ThresholdError"),
        ("new program", "resolved"),
    ] == [
        (who, said.partition("  ")[0].partition(" (")[0])
        for who, said in (
            re.split(" {2,}", line, maxsplit=1) for line in example.stdout.splitlines()
        )
    ]


def test_a_team_signs_for_its_own_tags_and_for_nothing_else():
    example = run("delegate_to_team.py")

    assert (0, "") == (example.returncode, example.stderr)
    lines = [line.split(maxsplit=1) for line in example.stdout.splitlines()]
    assert ["not", "resolved", *["refused"] * 3, "changed", "refused"] == [n for n, _ in lines]
    assert "acme/app-team: signed by 1 of 2 required keys" in lines[0][1]
    assert "on the word of acme/app-team" in lines[1][1]
    assert "acme/db:17: no delegation lets acme/app-team speak for it" in lines[2][1]
    assert 3 == example.stdout.count("nobody asked it to sign anything")


def test_a_new_root_needs_the_old_key_and_then_replaces_it():
    example = run("rotate_root_key.py")

    assert (0, "") == (example.returncode, example.stderr)
    steps = dict(line.split(maxsplit=1) for line in example.stdout.splitlines())
    assert "root: signed by 0 of 1 required keys" in steps["not"]
    assert "2.root.json" == steps["published"]
    assert steps["resolved"].startswith("acme/app@sha256:9f86d081")
    assert steps["trusted"].startswith("root version 2, ")


def test_a_tag_of_two_repositories_is_refused_if_one_of_them_lies():
    example = run("two_repositories.py")

    assert (0, "") == (example.returncode, example.stderr)
    steps = dict(line.split(maxsplit=1) for line in example.stdout.splitlines())
    assert steps["resolved"].startswith("acme/app@sha256:9f86d081")
    assert "publisher:targets, auditors:targets" == steps["via"]
    assert "acme/app:1.4: 1 of the 2 that must agree say the same" in steps["refused"]
    assert steps["publisher"].startswith("says sha256:2c26b46b")
    assert steps["auditors"].startswith("says sha256:9f86d081")


@pytest.mark.slow
def test_a_restored_machine_publishes_and_clients_follow():
    example = run("backup_and_restore.py")

    assert (0, "") == (example.returncode, example.stderr)
    lines = [line.split(maxsplit=1) for line in example.stdout.splitlines()]
    steps = dict(lines)
    assert steps["backed"].startswith("up  2 keys in ")
    assert "is the last copy, and still needed" in steps["refused"]
    assert ["restored", "restored"] == [step for step, _ in lines if step == "restored"]
    assert steps["resolved"].startswith("acme/app@sha256:9f86d081")


@pytest.mark.slow
def test_three_people_make_a_root_and_one_is_replaced():
    example = run("root_ceremony.py")

    assert (0, "") == (example.returncode, example.stderr)
    order = [line.split()[0] for line in example.stdout.splitlines() if line.strip()]
    assert 5 == example.stdout.count("has key")
    assert 5 == example.stdout.count("is asked to sign")
    assert 2 == example.stdout.count("root: signed by 1 of 2 required keys")
    assert 2 == order.count("published")
    assert "resolved   acme/app@sha256:9f86d081" in example.stdout
    assert example.stdout.endswith("trusted    root version 2, 2 of alice, bob, dave\n")


@pytest.mark.parametrize("name", ["conformance_client.py", "python_tuf_client.py"])
def test_a_client_of_the_conformance_suite_explains_itself(name):
    client = run(name, "--help")

    assert 0 == client.returncode
    assert "init" in client.stdout


def test_a_stolen_timestamp_key_is_worth_nothing_in_the_end():
    done = run("stolen_timestamp_key.py")

    assert (0, "") == (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert lines[0] == "the thief  timestamp 9007199254740991"
    assert lines[1].startswith("stuck      snapshot: no version comes after 9007199254740991")
    assert lines[3] == "the client timestamp 1"
    assert lines[5].startswith("the thief  is refused: timestamp: signed by 0 of 1 required keys")


def test_an_edit_among_many_targets_signs_one_bin_and_a_client_reads_one():
    done = run("million_targets.py", "300", "3")

    assert (0, "") == (done.returncode, done.stderr)
    published, edited, asked, now = done.stdout.splitlines()
    assert published == "published  300 targets in 8 bins"
    assert re.fullmatch(r"edited     2\.bin-\d\.json, 2\.snapshot\.json, timestamp\.json", edited)
    assert 1 == len(re.findall(r"bin-\d", asked))
    assert re.fullmatch(r"now        16 bins, and it is found in bin4-[0-9a-f]", now)
