"""A play: processes whose clocks differ share one store.

``python -m machines.clocks <directory> <rounds>``. Time goes on between rounds
only, so that what each clock says is known, however long anything takes.
"""

import sys
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

from core.worlds import MINUTE, NOW, SECOND, World
from machines.killed import served
from machines.stage import ended_well, forked

from trustlib import Anchor, ClockError, FileStorage, Updater
from trustlib.records import parse_clock

AHEAD = timedelta(minutes=4)
CLOCKS = [AHEAD, 3 * MINUTE, MINUTE, 0 * MINUTE, -5 * MINUTE, AHEAD - 10 * MINUTE]
"""The slowest is as far behind the fastest as is tolerated."""

LATE = AHEAD - 11 * MINUTE - SECOND
"""A clock that is refused for certain: the record may be a minute behind the fastest."""


def main(directory, rounds):
    barrier = get_context("fork").Barrier(len(CLOCKS) + 2)
    world = World.create()
    transport = served(Path(directory) / "site", world)
    store = FileStorage(Path(directory) / "store")
    anchor = Anchor.root(world.roots()["1.root.json"])

    def refreshed(clock):
        updater = Updater(anchor=anchor, transport=transport, storage=store, clock=lambda: clock)
        return updater.refresh()

    def each_round(act):
        try:
            for number in range(int(rounds)):
                barrier.wait()
                act(NOW + number * 40 * SECOND)
                barrier.wait()
        except BaseException:
            barrier.abort()  # nobody waits for us
            raise

    def right(offset):
        each_round(lambda now: [refreshed(now + offset) for _ in range(3)])

    def late(now):
        if now > NOW:  # in the first round there is nothing that it could be behind
            try:
                refreshed(now - 40 * SECOND + LATE)
            except ClockError:
                return
            raise AssertionError("a clock that is behind was not noticed")

    actors = [forked(lambda offset=offset: right(offset)) for offset in CLOCKS]
    actors.append(forked(lambda: each_round(late)))
    floor = None
    for number in range(int(rounds)):
        barrier.wait()
        barrier.wait()
        fastest = NOW + number * 40 * SECOND + AHEAD
        seen = parse_clock(store.load(".trustlib/clock"))
        assert floor is None or floor <= seen
        floor = seen
        refreshed(fastest)  # everybody waits for us: this one loses no race
        seen = parse_clock(store.load(".trustlib/clock"))
        assert floor <= seen
        assert fastest - MINUTE < seen <= fastest
        floor = seen
    ended = [ended_well(pid) for pid in actors]
    assert all(ended)
    print(floor - NOW)


if __name__ == "__main__":
    main(*sys.argv[1:])
