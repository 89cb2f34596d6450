"""Renew for as long as the program runs: sleep until something is due, and look again.

The same as ``renew_cron.py``, for a service manager. A collection that could
not be renewed is tried again after ``--longest`` seconds. On SIGTERM the
collection at work is finished, and the program ends with 0; killed harder than
that, nothing is lost either.
"""

from __future__ import annotations

import argparse
import signal
from datetime import UTC, datetime
from itertools import count
from threading import Event

from renew_cron import arguments, needs_a_person, one_pass, renewer_of

from trustlib.publish import Progress


def seconds_until_due(progress: Progress, longest: float) -> float:
    """Return how long nothing needs to be done; new collections are not waited for longer."""
    if progress.failed or progress.due is None:
        return longest
    return min(max((progress.due - datetime.now(UTC)).total_seconds(), 1.0), longest)


def main(given: argparse.Namespace) -> None:
    """Renew round after round, until somebody says stop."""
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    renewer = renewer_of(given)
    for done in count(1):
        progress = one_pass(given, renewer, stop)
        if needs_a_person(progress):
            print(f"LOOK AT IT {progress.failed} failed, {progress.ending} end soon", flush=True)
        if done == given.rounds or stop.wait(seconds_until_due(progress, given.longest)):
            break
    print(f"stopped    after {done} rounds", flush=True)


if __name__ == "__main__":
    words = arguments(argparse.ArgumentParser(description=__doc__))
    words.add_argument("--longest", type=float, default=3600.0, help="seconds between two rounds")
    words.add_argument("--rounds", type=int, help="how many; without end, if not said")
    main(words.parse_args())
