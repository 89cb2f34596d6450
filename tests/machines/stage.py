"""Plays with real processes: each is a program of its own, which forks its actors.

A forked actor costs milliseconds where a new interpreter costs a second, and a
program that has no threads may fork as it likes, which a test runner may not.
An actor that raises ends with a traceback, and its play with it.
"""

import atexit
import os
import signal
import subprocess
import sys
import traceback

from plain.environment import PLAINLY

_acting = set()


@atexit.register
def _clear_the_stage():
    """A play that failed leaves nobody behind who keeps on acting."""
    for pid in _acting:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def played(module, *arguments):
    """What the play *module* printed; it must have come to its end."""
    done = subprocess.run(
        [sys.executable, "-m", f"machines.{module}", *map(str, arguments)],
        env=PLAINLY,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def forked(act):
    """Start a process that does *act* and nothing else, and return its id."""
    pid = os.fork()
    if pid:
        _acting.add(pid)
        return pid
    try:
        act()
    except BaseException:  # it must not come back into the play
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def ended_well(pid):
    """Whether the process came to its end; False: it was killed."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    _acting.discard(pid)
    assert code in (0, -signal.SIGKILL), f"an actor ended with {code}"
    return code == 0


def kill_myself():
    os.kill(os.getpid(), signal.SIGKILL)
