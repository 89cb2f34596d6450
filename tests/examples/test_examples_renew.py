"""What renews by itself: once, in a loop, and as a workflow; each in processes of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
import yaml
from core.worlds import signer
from publish.desks import authority, created, planned, seen, signed, tagged
from signing.kinds import light_file

from trustlib import RENEWED, TUF_JSON, FileStorage, MemoryStorage, Timestamp
from trustlib.signing import KeyFile

EXAMPLES = Path(__file__).parents[2] / "examples"
PLAIN = Path(__file__).parents[1] / "plain"
WORKFLOW = EXAMPLES / "renew.yml"
PASSPHRASE = "correct horse battery staple"
COLLECTIONS = ("acme/app", "acme/db")
AGO = timedelta(hours=20)
"""How long ago everything was signed: the timestamps are due, and have not expired."""


@pytest.fixture
def robot(tmp_path):
    """A site with two collections, and a renewer's home."""
    (tmp_path / "home").mkdir()
    key = light_file(tmp_path / "home" / "renewer.key", PASSPHRASE)
    for name in COLLECTIONS:
        publish(tmp_path, name, key)
        root = (tmp_path / "site" / name / "1.root.json").read_bytes()
        anchor = tmp_path / "home" / "anchors" / name / "root.json"
        anchor.parent.mkdir(parents=True)
        anchor.write_bytes(root)
    return tmp_path


def publish(folder, name, key, expiry=RENEWED):
    online = attrs.evolve(
        authority("online"), keys=authority("online").keys.including({key.key.id: key.key})
    )
    before = created(snapshot=online, timestamp=online)
    plan = planned(before, tagged(before), now=datetime.now(UTC) - AGO, expiry=expiry)
    signed(plan).publication().apply(FileStorage.public(folder / "site" / name))


def environment(**more):
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(PLAIN), str(EXAMPLES.parent)]),
        "PYTHONWARNINGS": "error",
    }
    return {**given, **more}


def command(robot, program, *arguments):
    return [sys.executable, EXAMPLES / program, robot / "site", robot / "home", *arguments]


def run(robot, program, *arguments, **variables):
    given = variables or {"RENEWER_PASSPHRASE": PASSPHRASE}
    return subprocess.run(
        command(robot, program, *arguments),
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(**given),
        check=False,
    )


def version(robot, name):
    raw = (robot / "site" / name / "timestamp.json").read_bytes()
    return TUF_JSON.parse(Timestamp, raw).unverified.version


def words(printed):
    return [line.split()[0] for line in printed.splitlines()]


def test_a_cron_job_renews_what_is_due_and_says_that_all_is_well(robot):
    first = run(robot, "renew_cron.py")
    second = run(robot, "renew_cron.py")

    assert (0, "") == (first.returncode, first.stderr)
    assert ["renewed"] * 2 == words(first.stdout)
    assert (0, "") == (second.returncode, second.stderr)
    assert ["unchanged"] * 2 == words(second.stdout)
    assert [2, 2] == [version(robot, name) for name in COLLECTIONS]
    site = FileStorage(robot / "site" / "acme/app")
    files = MemoryStorage({path: site.read(path).data for path in site.list()})
    assert {"1.4": "a"} == seen(files, now=datetime.now(UTC) + timedelta(hours=23))


def test_a_cron_job_tells_by_its_exit_code_that_somebody_must_look(robot):
    old = (robot / "site/acme/app/timestamp.json").read_bytes()
    run(robot, "renew_cron.py")
    (robot / "site/acme/app/timestamp.json").write_bytes(old)

    done = run(robot, "renew_cron.py")

    assert (1, "") == (done.returncode, done.stderr)
    lines = sorted(done.stdout.splitlines())
    assert lines[0].startswith(
        "FAILED     acme/app/  RollbackError: timestamp: version 1 was offered"
    )
    assert lines[1].startswith("unchanged  acme/db/")


def test_a_cron_job_says_who_must_sign_a_root_that_expires_soon(robot):
    key = KeyFile(robot / "home" / "renewer.key")
    shutil.rmtree(robot / "site" / "acme/app")
    publish(robot, "acme/app", key, attrs.evolve(RENEWED, root=timedelta(days=20)))
    root = robot / "site/acme/app/1.root.json"
    (robot / "home/anchors/acme/app/root.json").write_bytes(root.read_bytes())

    done = run(robot, "renew_cron.py")

    assert 1 == done.returncode
    assert f"must be signed by 1 of {signer('root').key.id[:8]}" in done.stdout
    assert ["renewed"] * 2 == words(done.stdout)


def test_a_collection_that_nobody_vouched_for_is_named(robot):
    shutil.rmtree(robot / "home/anchors/acme/db")
    done = run(robot, "renew_cron.py")

    assert 1 == done.returncode
    assert "acme/db/root.json: put the first root of this collection into" in done.stdout


def test_the_passphrase_may_be_in_a_file_or_another_variable(robot):
    file = robot / "passphrase"
    file.touch(0o600)
    file.write_text(PASSPHRASE)

    assert 0 == run(robot, "renew_cron.py", "--passphrase-file", file, NONE="").returncode
    named = run(robot, "renew_cron.py", "--passphrase-variable", "MINE", MINE=PASSPHRASE)
    assert 0 == named.returncode
    assert 1 == run(robot, "renew_cron.py", NONE="").returncode


def test_a_loop_renews_and_looks_again(robot):
    done = run(robot, "renew_loop.py", "--longest", "0.05", "--rounds", "3")

    assert (0, "") == (done.returncode, done.stderr)
    assert ["renewed"] * 2 + ["unchanged"] * 4 + ["stopped"] == words(done.stdout)
    assert done.stdout.endswith("after 3 rounds\n")


def test_a_loop_goes_on_where_something_needs_a_person(robot):
    shutil.rmtree(robot / "home/anchors/acme/db")
    done = run(robot, "renew_loop.py", "--longest", "0.05", "--rounds", "2")

    assert 0 == done.returncode
    assert 2 == done.stdout.count("LOOK AT IT 1 failed, 0 end soon")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_loop_ends_when_it_is_told_to(robot):
    with subprocess.Popen(
        command(robot, "renew_loop.py"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(RENEWER_PASSPHRASE=PASSPHRASE),
    ) as loop:
        assert loop.stdout.readline().startswith("renewed")
        loop.send_signal(signal.SIGTERM)
        printed, complaints = loop.communicate(timeout=60)

    assert (0, "") == (loop.returncode, complaints)
    assert printed.endswith("stopped    after 1 rounds\n")


# -- the workflow -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


def steps(workflow):
    return workflow["jobs"]["renew"]["steps"]


def script(workflow, name):
    [found] = [step["run"] for step in steps(workflow) if step.get("name") == name]
    return found


def test_the_workflow_runs_on_a_schedule_and_may_do_nothing_but_push(workflow):
    triggers = workflow[True]  # YAML takes "on" for a truth value

    assert re.fullmatch(r"[0-9]+ \* \* \* \*", triggers["schedule"][0]["cron"])
    assert {} == workflow["permissions"]
    assert {"contents": "write"} == workflow["jobs"]["renew"]["permissions"]


def test_the_workflow_uses_the_actions_that_our_own_do(workflow):
    used = {step["uses"] for step in steps(workflow) if "uses" in step}
    ours = "".join(
        path.read_text() for path in (EXAMPLES.parent / ".github/workflows").glob("*.yml")
    )

    assert used
    assert set() == {action for action in used if f"uses: {action} # v" not in ours}


def test_no_secret_is_written_into_a_command(workflow):
    """It would be run, and shown to whoever reads the log."""
    assert not [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")]


def test_the_workflow_calls_what_there_is(workflow):
    called = re.findall(r"python (\S+\.py)", script(workflow, "Renew"))

    assert ["examples/renew_cron.py"] == called
    assert all((EXAMPLES.parent / path).is_file() for path in called)
    assert "pip install trustlib-tuf" in script(workflow, "Install")


@pytest.fixture
def checkouts(robot, tmp_path):
    """The machine of a run: the branches of a repository beside one another, and our examples."""
    if shutil.which("git") is None or shutil.which("bash") is None:
        pytest.skip("not installed: git, bash")
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    key = robot / "home" / "renewer.key"
    text = key.read_text()
    key.unlink()
    (robot / "home" / "renewer.key.pub").unlink()
    for folder, branch in (("site", "pages"), ("home", "renewer")):
        for private in tuple((robot / folder).rglob(".trustlib")):
            shutil.rmtree(private)
        git(robot / folder, "init", "--quiet", "--initial-branch", branch)
        git(robot / folder, "remote", "add", "origin", str(tmp_path / "origin.git"))
        git(robot / folder, "add", "--all")
        git(robot / folder, "commit", "--quiet", "--message", "As it is")
        git(robot / folder, "push", "--quiet", "origin", branch)
    (robot / "examples").symlink_to(EXAMPLES)
    return robot, text


WHO = {
    f"GIT_{who}_{what}": "renewer@invalid"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def git(folder, *arguments):
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=environment(**WHO, HOME=str(folder)),
    )
    return done.stdout


def carried_out(workflow, machine, key, *names):
    """Run the named steps as a runner would, and return how each ended."""
    ended = []
    for name in names:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(workflow, name)],
            cwd=machine,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=environment(
                **WHO, RENEWER_KEY=key, RENEWER_PASSPHRASE=PASSPHRASE, HOME=str(machine)
            )
            | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        )
        ended.append((name, done.returncode, done.stderr))
    return ended


STEPS = ("Key", "Renew", "Publish", "Remember")


def test_the_steps_of_the_workflow_renew_and_push(workflow, checkouts):
    machine, key = checkouts

    assert [(name, 0, "") for name in STEPS] == carried_out(workflow, machine, key, *STEPS)

    origin = machine / "origin.git"
    assert b'"version":2' in git(origin, "show", "pages:acme/app/timestamp.json").encode()
    pushed = git(origin, "ls-tree", "-r", "--name-only", "renewer").splitlines()
    assert {
        "memory/of-acme%2Fapp%2F/timestamp.json",
        "memory/of-acme%2Fdb%2F/.trustlib/clock",
    } <= set(pushed)
    everything = [*pushed, *git(origin, "ls-tree", "-r", "--name-only", "pages").splitlines()]
    assert [] == [
        path for path in everything if path.endswith((".key", "/lock")) or "/tmp/" in path
    ]


def test_a_second_run_of_the_workflow_pushes_nothing(workflow, checkouts):
    machine, key = checkouts
    carried_out(workflow, machine, key, *STEPS)
    before = git(machine / "origin.git", "show-ref")

    assert [(name, 0, "") for name in STEPS] == carried_out(workflow, machine, key, *STEPS)
    assert before == git(machine / "origin.git", "show-ref")


def test_a_publisher_who_pushed_in_between_is_not_overwritten(workflow, checkouts):
    machine, key = checkouts
    carried_out(workflow, machine, key, "Key", "Renew")
    git(machine, "clone", "--quiet", "--branch", "pages", "origin.git", "publisher")
    git(machine / "publisher", "commit", "--quiet", "--allow-empty", "--message", "Publish")
    git(machine / "publisher", "push", "--quiet", "origin", "pages")
    before = git(machine / "origin.git", "rev-parse", "pages")

    [(_, code, complaint)] = carried_out(workflow, machine, key, "Publish")

    assert code
    assert "rejected" in complaint
    assert before == git(machine / "origin.git", "rev-parse", "pages")
