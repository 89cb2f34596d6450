"""A run ends in time, and nothing of it goes on; a crash is told from a refusal."""

import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from trustlib.testing.running import Ended, run

PYTHON = shlex.quote(sys.executable)


def sh(script, seconds=60.0):
    return run(["sh", "-c", script], seconds=seconds)


def gone(pid):
    """Whether nobody runs under *pid* any more; a process may take a moment to die."""
    for _ in range(1_000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True  # dead, and not yet collected by whoever adopted it
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


def test_it_says_how_it_ended():
    assert Ended(3, "one\nlast") == sh("echo one >&2; echo last >&2; exit 3")
    assert "exit code 3: last" == Ended(3, "one\nlast").failed
    assert ("", False) == (sh("exit 0").failed, sh("exit 0").crashed)


def test_who_still_holds_on_to_its_output_does_not_keep_us_waiting(tmp_path):
    """A shell's child outlives the shell, and has its standard error."""
    began = time.monotonic()
    ended = sh(f"sleep 600 & echo $! > {tmp_path}/pid; exit 1", seconds=500)

    assert 1 == ended.code
    assert time.monotonic() - began < 300  # and not 600
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_does_not_end_is_ended_with_all_that_it_started(tmp_path):
    ended = sh(f"sleep 600 & echo $! > {tmp_path}/pid; sleep 600", seconds=0.5)

    assert ended.code is None
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_it_says_without_end_is_not_kept(tmp_path):
    ended = run(["sh", "-c", "yes for-ever >&2"], seconds=0.5)

    assert ended.code is None
    assert len(ended.said) <= 65_536


def test_whoever_asks_for_input_gets_none():
    assert 0 == sh("read line; test $? -ne 0").code


def test_this_machine_is_asked_without_a_proxy(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "example.org")

    assert "example.org,127.0.0.1 UTC" == sh('echo "$no_proxy $TZ" >&2').said


@pytest.mark.parametrize(
    "script",
    [
        "kill -SEGV $$",
        'sh -c "kill -ABRT \\$\\$"; exit $?',
        "printf 'panic: nil\\n\\ngoroutine 1 [running]:\\nmain.main()\\n' >&2; exit 2",
        "echo \"thread 'main' panicked at src/main.rs:1:1:\" >&2; exit 101",
    ],
    ids=["a signal", "a signal below a shell", "go", "rust"],
)
def test_a_crash_is_no_refusal(script):
    assert sh(script).crashed


@pytest.mark.parametrize("script", ["exit 1", "exit 101", "echo 'panic: no' >&2; exit 2"])
def test_a_refusal_is_no_crash(script):
    assert not sh(script).crashed


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_whoever_interrupts_the_command_leaves_nothing_behind(tmp_path, stop):
    template = f"sh -c 'echo $$ > {tmp_path}/pid; sleep 600'"
    command = subprocess.Popen(
        [sys.executable, "-m", "trustlib.testing", "--download", template],
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    pid = tmp_path / "pid"
    with command:
        for _ in range(6_000):
            if pid.exists() and pid.read_text():
                break
            time.sleep(0.01)
        command.send_signal(stop)
        said = command.communicate()[1]

    assert 128 + stop == command.returncode
    assert b"Traceback" not in said
    assert gone(int(pid.read_text()))
    assert ["pid"] == [path.name for path in tmp_path.iterdir()]
