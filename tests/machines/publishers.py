"""A play: many publishers edit one repository at once, and nothing is lost.

``python -m machines.publishers <directory> <storage> <publishers> <edits>``. All
of them can sign everything. Some replace the key of the timestamp. Two clients look on, and afterwards every state is shown to clients again.
"""

import json
import sys
from multiprocessing import get_context
from pathlib import Path

from core.worlds import NOW, signer
from machines.replay import accepted
from machines.stage import ended_well, forked
from machines.storages import Noting, made
from publish.desks import Served, authority, created, publish, tagged

from trustlib import (
    BY_HAND,
    TARGETS,
    TIMESTAMP,
    Anchor,
    Freshness,
    MemoryStorage,
    Repository,
    Updater,
)
from trustlib.publish import Publisher

ROTATING = {0: 3, 1: 17, 2: 31, 3: 45}
"""Which edit of which publisher also replaces the timestamp's key."""


def edits(number, times):
    """What publisher *number* does, one edit after the other."""
    online = authority("online2" if number % 2 == 0 else "online")
    for at in range(times):

        def edit(repository, at=at):
            after = tagged(repository, f"p{number}-{at}")
            return after.with_authority(TIMESTAMP, online) if ROTATING.get(number) == at else after

        yield edit


def publishing(anchor, number, times, storage):
    """Work through the edits, and return what was written."""
    people = map(signer, ("root", "alice", "online", "online2"))
    publisher = Publisher(anchor=anchor, signers=[*people], expiry=BY_HAND, clock=lambda: NOW)
    noting = Noting(storage, [])
    for edit in edits(number, times):
        publisher.retrying(edit, noting)
    return noting.notes


def looking(anchor, storage, done):
    """A client that asks all the time; what it is shown is never refused."""
    updater = Updater(
        anchor=anchor,
        transport=Served(storage),
        storage=MemoryStorage(),
        policy=Freshness(max_age=NOW - NOW),
        clock=lambda: NOW,
    )
    while not done.is_set():
        updater.resolve("acme/app:1.4")


def all_there(anchor, storage, publishers, times):
    """Every edit is in the final state, whose numbers have no gaps."""
    repository = Repository.open(storage, anchor=anchor)
    tags = {path for path in repository.targets[TARGETS].targets if ":p" in path}
    assert tags == {f"acme/app:p{n}-{at}" for n in range(publishers) for at in range(times)}
    assert not [path for path in storage.list() if path.startswith("coming/")]
    return repository


def written(path, notes):
    path.write_text(json.dumps([[name, data.decode()] for name, data in notes]))


def main(directory, kind, publishers, times):
    publishers, times, base = int(publishers), int(times), Path(directory)
    done = get_context("fork").Event()

    def begin():
        noting = Noting(made(kind, directory), [])
        publish(noting, created(), tagged(created()), now=NOW)
        written(base / "begun", noting.notes)

    # A storage may start threads, which a fork would lose: each process makes its own.
    assert ended_well(forked(begin))
    notes = [(name, data.encode()) for name, data in json.loads((base / "begun").read_text())]
    anchor = Anchor.root(dict(notes)["1.root.json"])

    def work(number):
        written(base / f"notes{number}", publishing(anchor, number, times, made(kind, directory)))

    watchers = [forked(lambda: looking(anchor, made(kind, directory), done)) for _ in range(2)]
    workers = [forked(lambda n=n: work(n)) for n in range(publishers)]
    ended = [ended_well(pid) for pid in workers]
    assert all(ended)
    done.set()
    ended = [ended_well(pid) for pid in watchers]
    assert all(ended)

    all_there(anchor, made(kind, directory), publishers, times)
    for number in range(publishers):
        notes += [
            (name, data.encode())
            for name, data in json.loads((base / f"notes{number}").read_text())
        ]
    print(accepted(notes))


if __name__ == "__main__":
    main(*sys.argv[1:])
