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

    assert "exit code 1: " == judgement.detail


def test_a_program_that_does_not_end_is_noticed():
    program = Program(
        name="slow", download=f"{PYTHON} -c 'import time; time.sleep(60)'", patience=0.3
    )
    (judgement,) = judgements(program, [REPLAY])

    assert (Verdict.UNUSABLE, "not done after 0.3 seconds") == (
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


# Ours, with less patience than it has by itself.
HURRIED = """\
import sys
from trustlib import Anchor, FileStorage, HttpTransport, Limits, TrustError, Updater
from trustlib.transport import NO_RETRIES, Timeouts

root, metadata, metadata_url, targets_url, target, downloads = sys.argv[1:]
def http(url):
    return HttpTransport(url, retries=NO_RETRIES, timeout=Timeouts(read=3))

with open(root, "rb") as file, http(metadata_url) as transport, http(targets_url) as artifacts:
    updater = Updater(
        anchor=Anchor.root(file.read()),
        transport=transport,
        artifacts=artifacts,
        storage=FileStorage(metadata),
        limits=Limits(patience=1.5, minimum_rate=20),
    )
    try:
        updater.download(updater.find(target), f"{downloads}/artifact")
    except TrustError as error:
        sys.exit(str(error))
"""


def programs(directory, prefix=""):
    """Ours, python-tuf's client and a shell script, with *prefix* before each."""
    (directory / "hurried.py").write_text(HURRIED)
    ours = (
        f"{PYTHON} {directory}/hurried.py"
        " {root} {metadata} {metadata_url} {targets_url} {target} {downloads}"
    )
    theirs = f"{prefix}{PYTHON} {EXAMPLES / 'python_tuf_client.py'}"
    script = f"sh {EXAMPLES}/naive_fetch.sh {{targets_url}} {{target}} {{downloads}}"
    return {
        "ours": Program(name="ours", download=prefix + ours, patience=15),
        "theirs": Program.conforming("theirs", theirs, patience=15),
        "script": Program(name="script", download=prefix + script, patience=15),
    }


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("ours", Verdict.WITHSTOOD),
        # It has thirty seconds of patience, for each byte.
        pytest.param("theirs", Verdict.HUNG, marks=pytest.mark.slow),
        ("script", Verdict.DECEIVED),  # it asks for no timestamp
    ],
)
def test_an_attack_that_takes_its_time_is_mounted_on_programs(
    require_servers, tmp_path, kind, verdict
):
    require_servers("curl")

    assert [verdict] == verdicts(programs(tmp_path)[kind], PATIENT[1:2])


@pytest.mark.parametrize("kind", ["ours", "theirs", "script"])
def test_an_attack_that_needs_another_clock_is_mounted_on_programs(require_servers, tmp_path, kind):
    require_servers("curl", "faketime")
    program = programs(tmp_path, "faketime {now} ")[kind]

    verdict = Verdict.DECEIVED if kind == "script" else Verdict.WITHSTOOD
    assert [verdict] == verdicts(program, [ALL["targets is shown for a week after it expired"]])


def test_a_script_that_compares_a_hash_notices_other_bytes_and_no_lies(require_servers):
    """Nothing but curl, jq and sha256sum: whoever signs, and when, it does not know."""
    require_servers("curl", "jq")
    program = Program(
        name="hashed",
        download=f"sh {EXAMPLES}/hashed_fetch.sh {{metadata_url}} {{targets_url}} {{target}} {{downloads}}",
    )
    other = ALL["the artifact is another of the same length"]
    stranger = ALL["a stranger signs timestamp"]

    assert [Verdict.WITHSTOOD, Verdict.DECEIVED, Verdict.DECEIVED] == verdicts(
        program, [other, REPLAY, stranger]
    )


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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "T-0"), "--only T-0: no attack has that in its name"),
        (("--holding", "nonsense"), "--holding nonsense: there is no such key; use timestamp_key,"),
        (("--download", "  "), ": there is no such program"),
        (("--only", "the clock is set back"), "not mounted: it needs a clock that can be set"),
    ],
    ids=["no such attack", "no such key", "no command", "no clock"],
)
def test_a_mistake_on_the_command_line_is_said_and_no_success(fetching, arguments, said):
    done = told("--download", fetching().download, *arguments)

    assert 2 == done.returncode
    assert said in done.stderr


def test_a_program_that_fails_without_an_attack_is_told_what_it_asked_for(tmp_path):
    (tmp_path / "fetch.sh").write_text(
        f"{PYTHON} -c 'import sys, urllib.request as u; u.urlopen(sys.argv[1])' \"$1/9.root.json\"\n"
        "echo cannot find it >&2\nexit 7\n"
    )
    done = told("--download", f"sh {tmp_path}/fetch.sh {{metadata_url}}")

    assert (2, "") == (done.returncode, done.stdout)
    first, run, asked = done.stderr.splitlines()
    assert "before any attack: exit code 7: cannot find it" in first
    assert f"it was run as sh {tmp_path}/fetch.sh http://127.0.0.1" in run
    assert "the last that it asked for: GET /metadata//9.root.json" in asked


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        ("exit 0", Verdict.SILENT),
        ("exit 1", Verdict.WITHSTOOD),
        ("kill -SEGV $$", Verdict.CRASHED),
        ("sleep 600", Verdict.HUNG),
        ('mkdir "$3/.part"; echo half > "$3/.part/artifact"; exit 1', Verdict.WITHSTOOD),
        ('mkdir "$3/part"; echo half > "$3/part/artifact"; exit 1', Verdict.LEFT),
        ('echo one > "$3/one"; echo two > "$3/two"', Verdict.LEFT),
    ],
    ids=["no file", "refused", "crashed", "hung", "hidden", "left", "two"],
)
def test_how_it_ends_is_how_it_is_judged(fetching, tmp_path, second, verdict):
    """The first run and the third succeed; the second is the attack."""
    script = tmp_path / "fetch.sh"
    script.write_text(
        f"n=$(cat {tmp_path}/n 2>/dev/null || echo 0); echo $((n + 1)) > {tmp_path}/n\n"
        f"if test $n -eq 1; then {second}; exit $?; fi\n"
        f'exec {PYTHON} {tmp_path}/fetch.py "$@" 0\n'
    )
    fetching()
    template = f"sh {script} {{targets_url}} {{target}} {{downloads}}"
    program = Program(name="fetch", download=template, patience=5)

    assert [verdict] == verdicts(program, [REPLAY])


@pytest.mark.parametrize("always", ["exit 0", "exit 1", "kill -SEGV $$"])
def test_whoever_does_nothing_withstands_nothing(tmp_path, always):
    """Whatever is mounted, with a memory and without."""
    program = Program(name="idle", download=f"sh -c '{always}'")
    said = verdicts(program, [*SOME, ALL["everything has expired"]])

    assert 6 == len(said)
    assert {*said} <= {Verdict.UNUSABLE, Verdict.SILENT, Verdict.STUCK, Verdict.CRASHED}


def test_a_path_with_blanks_is_one_word(fetching, tmp_path, monkeypatch):
    place = tmp_path / "a place with blanks"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)  # it remembers what it found before

    assert [Verdict.WITHSTOOD] == verdicts(fetching(), [SOME[-1]])


def test_whoever_holds_more_can_do_more():
    network = command.attacks([], "", "no")
    online = command.attacks(command.possessions("timestamp_key, SNAPSHOT_KEY"), "", "no")

    assert set(network) < set(online)
    assert {*command.attacks([], "", "yes")} - {*network} == {*PATIENT}
    assert all(not attack.holds for attack in network)
    assert Possession.NETWORK.name not in {name for a in online for name in a.holds}
    assert {"rollback"} == {each.goal for each in command.attacks([], "rollback", "no")}
