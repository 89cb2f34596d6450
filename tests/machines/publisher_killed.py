"""A play: a publisher is killed before each of its writes, and the next one finishes.

``python -m machines.publisher_killed <directory> <storage> <edit>``. What clients
see is never refused, by ours or by python-tuf, and no edit is lost.
"""

import sys
import tempfile
from itertools import count
from pathlib import Path

import attrs
from core.worlds import NOW, SECOND, signer
from interop.peers import Theirs
from machines.stage import ended_well, forked, kill_myself
from machines.storages import Killing, made
from publish.desks import (
    PEOPLE,
    anchor_of,
    authority,
    client,
    created,
    publish,
    tagged,
)

from trustlib import (
    BY_HAND,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    FrozenMap,
    MemoryStorage,
    PathPatterns,
    Repository,
)
from trustlib.publish import HASHES, Publisher


def delegated(repository):
    """A team with a role of its own, and bins below it."""
    if "libs" in repository.targets:
        return repository
    after = repository.with_delegation(
        "libs", keys=authority("bob"), grant=PathPatterns(("acme/*",))
    )
    return after.with_bins(keys=authority("team"), bits=1, by="libs")


def everything(repository):
    after = delegated(tagged(repository, "1.4", "b"))
    for role in (TIMESTAMP, SNAPSHOT, TARGETS, ROOT):
        after = after.with_authority(role, authority("carol"))
    return after


EDITS = {
    "tag": lambda r: tagged(r, "1.5", "b"),
    "delegation": delegated,
    "root": lambda r: r.with_authority(ROOT, authority("root2")),
    "timestamp": lambda r: r.with_authority(TIMESTAMP, authority("online2")),
    "targets": lambda r: tagged(r.with_authority(TARGETS, authority("carol")), "1.5", "b"),
    "everything": everything,
    "hashes": lambda r: attrs.evolve(tagged(r, "1.5", "b"), detail=HASHES),
}


def publisher(anchor):
    people = [signer(name) for name in PEOPLE]
    return Publisher(
        anchor=anchor, signers=people, expiry=BY_HAND, clock=lambda: NOW + SECOND, attempts=3
    )


class Read:
    """What is there, as a mapping; desks and peers take one."""

    def __init__(self, storage):
        self.storage = storage

    @property
    def files(self):
        return FrozenMap({path: self.storage.read(path).data for path in self.storage.list()})

    def __getattr__(self, name):
        return getattr(self.storage, name)


def accepted(storage, memory, directory):
    """Old clients and new ones believe what is there, ours and python-tuf's."""
    for store in (memory, MemoryStorage()):
        client(storage, store, NOW + SECOND).resolve("acme/app:1.4")
    with tempfile.TemporaryDirectory() as fresh:
        for place in (directory, fresh):
            answer = Theirs(storage.files["1.root.json"], place).ask(storage.files, [])
            assert answer["refresh"] not in ("refuses", "crashes"), answer


def main(directory, kind, name):
    edit = EDITS[name]
    for writes in count():
        place = Path(directory) / str(writes)
        where = kind if kind == "file" else f"{kind} {name}-{writes}"

        def begin(where=where, place=place):
            publish(made(where, place), created(), tagged(created()), now=NOW)

        def be_killed(where=where, place=place, writes=writes):
            storage = made(where, place)
            anchor = anchor_of(Read(storage))
            publisher(anchor).retrying(edit, Killing(storage, writes, kill_myself))

        def finish(where=where, place=place):
            storage = Read(made(where, place))
            theirs, memory = place / "theirs", MemoryStorage()
            theirs.mkdir(parents=True)
            accepted(storage, memory, theirs)
            publisher(anchor_of(storage)).retrying(edit, storage)
            accepted(storage, memory, theirs)
            there = Repository.open(storage, anchor=anchor_of(storage))
            assert there.root == edit(there).root, "lost"
            assert there.targets == edit(there).targets, "lost"
            publisher(anchor_of(storage)).retrying(lambda r: tagged(r, "2", "c"), storage)
            assert not [path for path in storage.list() if path.startswith("coming/")]

        assert ended_well(forked(begin))
        to_the_end = ended_well(forked(be_killed))
        assert ended_well(forked(finish))
        if to_the_end:
            print(writes)
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
