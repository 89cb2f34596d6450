"""A play: clients are killed at random moments, and others go on with what they left.

``python -m machines.struck <directory> <rounds> <seed>``. The seed chooses the moments;
what must hold, holds at every moment.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from random import Random

from core.worlds import World
from machines.killed import served, updater
from machines.stage import ended_well, forked

from trustlib import Anchor, FileStorage, RollbackError, ThresholdError
from trustlib._types import SNAPSHOT, TIMESTAMP

EDITIONS = 16
LONGEST = 0.06  # seconds that a client lives at most


def editions():
    """A repository through time; every fourth edition has other timestamp and snapshot keys."""
    worlds = [World.create()]
    while len(worlds) < EDITIONS:
        world = worlds[-1]
        if len(worlds) % 4 == 3:
            names = (f"t{len(worlds)}", f"s{len(worlds)}")
            world = world.with_keys(TIMESTAMP, names[0]).with_keys(SNAPSHOT, names[1])
        worlds.append(world.next())
    return worlds


def main(directory, rounds, seed):
    directory, random, worlds = Path(directory), Random(int(seed)), editions()
    anchor = Anchor.root(worlds[0].roots()["1.root.json"])
    sites = [served(directory / str(number), world) for number, world in enumerate(worlds, 1)]
    store, copy = directory / "store", directory / "copy"
    seen = killed = 0

    def keep_up(since):
        for site in sites[since:]:
            updater(anchor, site, FileStorage(store)).refresh()

    for _ in range(int(rounds)):
        if seen == EDITIONS:
            shutil.rmtree(store)
            seen = 0
        since = seen
        pid = forked(lambda since=since: keep_up(since))
        time.sleep(random.uniform(0, LONGEST))
        os.kill(pid, signal.SIGKILL)
        killed += not ended_well(pid)
        held = {f"{name}.json": FileStorage(store).load(f"{name}.json") for name in worlds[0].by}
        now = next(
            (n for n, w in enumerate(worlds, 1) if w.raw(TIMESTAMP) == held["timestamp.json"]), 0
        )
        assert (now > 0) == (held["timestamp.json"] is not None), "a file that nobody wrote"
        assert seen <= now
        for name in worlds[0].by:
            files = [None, *(world.raw(name) for world in worlds), *worlds[-1].roots().values()]
            assert held[f"{name}.json"] in files, "a file that nobody wrote"
        if now > 1:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(store, copy)
            try:
                updater(anchor, sites[now - 2], FileStorage(copy)).refresh()
            except (RollbackError, ThresholdError):  # the latter where keys were replaced since
                pass
            else:
                raise AssertionError("an older repository was accepted")
        seen = min(now + 1, EDITIONS)
        trusted = updater(anchor, sites[seen - 1], FileStorage(store)).refresh()
        assert worlds[seen - 1].raw(TIMESTAMP) == trusted.roles[1].raw
    print(f"{killed} killed")


if __name__ == "__main__":
    main(*sys.argv[1:])
