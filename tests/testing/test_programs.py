"""Programs are attacked as their users run them, and judged by exit code and files."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from trustlib.testing import CATALOGUE, OVER_HTTP, Possession, Program, Verdict, judgements
from trustlib.testing import __main__ as command
from trustlib.testing.attacks import PATIENT

EXAMPLES = Path(__file__).parents[2] / "examples"
PYTHON = shlex.quote(sys.executable)
ALL = {attack.name: attack for attack in (*CATALOGUE, *OVER_HTTP, *PATIENT)}
REPLAY = ALL["everything is shown as it was"]
SOME = tuple(
    ALL[name]
    for name in (
        "everything is shown as it was",
        "a stranger signs timestamp",
        "timestamp is shown for a week after it expired",
        "the artifact is another of the same length",
        "somebody adds members around what was signed",
    )
)

# What is told on the command line, and a file that is left or not: a program in three lines.
FETCH = """\
import sys, pathlib, urllib.request
url, target, downloads, code = sys.argv[1:]
pathlib.Path(downloads, "artifact").write_bytes(urllib.request.urlopen(url + target).read())
sys.exit(int(code))
"""


@pytest.fixture
def fetching(tmp_path):
    """A program that takes what it gets, and exits as it is told to."""
    (tmp_path / "fetch.py").write_text(FETCH)

    def make(code="0", **more):
        template = f"{PYTHON} {tmp_path}/fetch.py {{targets_url}} {{target}} {{downloads}} {code}"
        return Program(name="fetch", download=template, **more)

    return make


def verdicts(program, attacks):
    return [each.verdict for each in judgements(program, attacks)]


def test_a_client_that_remembers_withstands():
    program = Program.conforming("python-tuf", f"{PYTHON} {EXAMPLES / 'python_tuf_client.py'}")

    assert [Verdict.WITHSTOOD] == verdicts(program, [REPLAY])


def test_a_program_that_believes_the_server_is_deceived(fetching):
    assert [Verdict.DECEIVED] * 4 == verdicts(fetching(), SOME[:4])


def test_a_file_that_is_left_by_a_program_that_fails_is_noticed(fetching, tmp_path):
    """Honest while nobody attacks; then it fails, and the file is there."""
    script = tmp_path / "late.sh"
    script.write_text(
        f'{PYTHON} {tmp_path}/fetch.py "$@" 0\n'
        f"test -e {tmp_path}/seen && exit 1\n"
        f"touch {tmp_path}/seen\n"
    )
    fetching()
    program = Program(name="late", download=f"sh {script} {{targets_url}} {{target}} {{downloads}}")

    assert [Verdict.LEFT] == verdicts(program, [REPLAY])


def test_a_draft_that_is_hidden_is_not_taken_for_the_artifact(tmp_path):
    """A later run may go on with it."""
    (tmp_path / "draft.sh").write_text('touch "$1/.draft"; exit 1\n')
    program = Program(name="drafting", download=f"sh {tmp_path}/draft.sh {{downloads}}")
    (judgement,) = judgements(program, [REPLAY])

    assert "RefusedError: exit code 1: " == judgement.detail


def test_a_program_that_does_not_end_is_noticed():
    program = Program(
        name="slow", download=f"{PYTHON} -c 'import time; time.sleep(60)'", patience=0.3
    )
    (judgement,) = judgements(program, [REPLAY])

    assert (Verdict.UNUSABLE, "TimeoutError: 0.3 seconds") == (
        judgement.verdict,
        judgement.detail,
    )


def test_a_name_of_a_target_adds_no_word_to_a_command():
    """``team\\app`` and others are asked for; nothing is split after it was filled in."""
    saying = f"{PYTHON} -c 'import sys; sys.exit(str(len(sys.argv)))' {{target}} {{downloads}}"
    (judgement,) = judgements(Program(name="words", download=saying), [REPLAY])

    assert "exit code 1: 3" in judgement.detail


@pytest.mark.parametrize("template", ["fetch {nothing}", "fetch {}", "fetch {target", "fetch 'x"])
def test_a_template_that_cannot_be_filled_in_is_refused_at_once(template):
    with pytest.raises(ValueError, match=r"known are \{root\}"):
        Program(name="fetch", download=template)


def test_a_clock_that_can_be_set_is_set(tmp_path):
    """Whoever sees the time can be attacked with another one."""
    (tmp_path / "note.sh").write_text(f'echo "$1 $TZ" >> {tmp_path}/times; exit 1\n')
    program = Program(name="clocked", download=f"sh {tmp_path}/note.sh {{now}}")

    (judgement,) = judgements(program, [ALL["the clock is set back"]])
    assert Verdict.UNUSABLE is judgement.verdict
    assert ["2030-01-01 12:00:00 UTC"] == (tmp_path / "times").read_text().splitlines()


def told(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "trustlib.testing", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_a_table_and_fails_where_somebody_is_deceived(fetching):
    done = told("--name", "fetch", "--download", fetching().download, "--only", "T-62")

    assert 1 == done.returncode
    assert done.stdout == (
        "| TUF promises to withstand (§1.5.2) | fetch |\n"
        "| --- | ---: |\n"
        "| rollback | 0 of 1 |\n"
        "| **all** | **0 of 1** |\n"
        "\n"
        "| attack | stands for | fetch |\n"
        "| --- | --- | --- |\n"
        "| everything is shown as it was | rollback, T-20, T-62"
        " | deceived: took what it was shown |\n"
    )


def test_the_command_is_satisfied_with_a_client_that_withstands():
    client = f"{PYTHON} {EXAMPLES / 'conformance_client.py'}"
    done = told("--conforming", client, "--only", "everything is shown", "--table", "attacks")

    assert 0 == done.returncode, done.stderr
    assert "| everything is shown as it was | rollback, T-20, T-62 | withstood |" in done.stdout


def test_a_command_that_is_not_there_is_an_error():
    done = told("--download", "/nowhere/fetch {target}", "--only", "T-62")

    assert (2, "") == (done.returncode, done.stdout)
    assert "/nowhere/fetch" in done.stderr


def test_whoever_holds_more_can_do_more():
    network = command.attacks("", "", "no")
    online = command.attacks("timestamp_key,SNAPSHOT_KEY", "", "no")

    assert set(network) < set(online)
    assert {*command.attacks("", "", "yes")} - {*network} == {*PATIENT}
    assert all(not attack.holds for attack in network)
    assert Possession.NETWORK.name not in {name for a in online for name in a.holds}
