"""A play: a client is killed wherever it can be, and the next one takes its store over.

``python -m machines.killed <directory> <story> <where>``. A story is a repository
before and after; the client is killed on the way from one to the other.
"""

import shutil
import sys
from functools import partial
from itertools import count
from pathlib import Path

import attrs
from attrs import define, field, frozen
from core.worlds import NOW, World, keyids, keys
from machines.judge import version
from machines.stage import ended_well, forked, kill_myself

from trustlib import Anchor, DirectoryTransport, FileStorage, RollbackError, Updater
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP

RECOVERED = 2
"""The version of timestamp and snapshot after a recovery; a thief's are far higher."""


@frozen
class Story:
    """Where a client comes from, where it goes, and what it must not be led back to.

    Attributes:
        before: what the client has seen, or None.
        after: what it is served when it is killed, and by the next run.
        back: validly signed under the newest root, and older than *after*.
    """

    before: World | None
    after: World
    back: World


def first_run():
    after = World.create().at(timestamp=2, snapshot=2)
    return Story(None, after, after.at(timestamp=1, snapshot=1))


def ordinary_update():
    before = World.create().next()
    return Story(before, before.next(), World.create())


def recovery():
    """Both keys were stolen, and are replaced; what they inflated falls (§5.3.11)."""
    stolen = World.create().at(timestamp=2**52, snapshot=2**52)
    after = (
        stolen.with_keys(TIMESTAMP, "t2")
        .with_keys(SNAPSHOT, "s2")
        .at(timestamp=RECOVERED, snapshot=RECOVERED)
    )
    return Story(stolen, after, after.at(timestamp=1, snapshot=1))


def partial_recovery():
    """One of two keys was stolen; the one that stays vouches for what the thief signed."""
    both = World.create()
    roles = both.root.roles
    entry = attrs.evolve(roles[TIMESTAMP], keyids=keyids("timestamp", "second"))
    both = both.edited(
        ROOT,
        keys=both.root.keys.including(keys("second")),
        roles=roles.including({TIMESTAMP: entry}),
    ).signed_by(TIMESTAMP, "timestamp", "second")
    stolen = both.at(timestamp=2**52, snapshot=2**52)
    after = stolen.with_keys(TIMESTAMP, "second").at(timestamp=RECOVERED, snapshot=RECOVERED)
    return Story(stolen, after, after.at(timestamp=1, snapshot=1))


def three_rotations():
    before = World.create().next()
    after = before.with_keys(ROOT, "r2").with_keys(ROOT, "r3").with_keys(ROOT, "r4").next()
    return Story(before, after, after.at(timestamp=1, snapshot=1))


STORIES = {
    made.__name__: made
    for made in (first_run, ordinary_update, recovery, partial_recovery, three_rotations)
}


@define
class Deadly:
    """A transport and a storage that kill the process at a boundary between two effects.

    Boundaries are counted: one before each effect, and one more after each write.
    """

    transport: DirectoryTransport
    storage: FileStorage
    at: int
    passed: int = 0

    def boundary(self):
        if self.passed == self.at:
            kill_myself()
        self.passed += 1

    def fetch(self, request):
        self.boundary()
        return self.transport.fetch(request)

    def load(self, name):
        self.boundary()
        return self.storage.load(name)

    def save(self, name, data, *, replacing):
        self.boundary()
        saved = self.storage.save(name, data, replacing=replacing)
        self.boundary()
        return saved


@define
class Asked:
    """A transport that knows what it was asked for."""

    transport: DirectoryTransport
    paths: list = field(factory=list)

    def fetch(self, request):
        self.paths.append(request.path)
        return self.transport.fetch(request)


def served(directory, world):
    """*world* as a directory that a web server would serve."""
    storage = FileStorage.public(directory)
    for path, raw in world.files().items():
        storage.write(path, raw, replacing=None)
    return DirectoryTransport(directory)


def updater(anchor, transport, storage):
    return Updater(anchor=anchor, transport=transport, storage=storage, clock=lambda: NOW)


TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.link", "fcntl.flock", "os.scandir"}


def at_effects(anchor, transport, storage, moment):
    """Update, unless killed at the effect boundary *moment*."""
    deadly = Deadly(transport, storage, moment)
    updater(anchor, deadly, deadly).refresh()


def inside_effects(anchor, transport, storage, moment):
    """Update, unless killed as the file system is asked for something the *moment*-th time."""
    left = moment

    def hook(event, _):
        nonlocal left
        if event in TOUCHES:
            if left == 0:
                kill_myself()
            left -= 1

    sys.addaudithook(hook)
    updater(anchor, transport, storage).refresh()


WHERE = {"at": at_effects, "inside": inside_effects}


def tell(directory, story, update):
    """Kill at each moment there is; return how many there were."""
    anchor = Anchor.root(story.after.roots()["1.root.json"])
    after = served(directory / "after", story.after)
    back = served(directory / "back", story.back)
    begun, store, copy = (directory / name for name in ("begun", "store", "copy"))
    FileStorage(begun).save("x.json", b"", replacing=None)  # the directory itself is there
    (begun / "x.json").unlink()
    if story.before is not None:
        updater(anchor, served(directory / "before", story.before), FileStorage(begun)).refresh()
    for moment in count():
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(begun, store)
        if ended_well(forked(partial(update, anchor, after, FileStorage(store), moment))):
            return moment
        held = FileStorage(store).load("timestamp.json")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(store, copy)
        led_back(anchor, back, FileStorage(copy), story, held)
        taken_over(anchor, after, store, story)
    raise AssertionError


def led_back(anchor, back, storage, story, held):
    """It is refused if the store holds newer files, except those that fall with their keys."""
    floor = 0 if held is None else version(held)
    if story.before is not None and held == story.before.raw(TIMESTAMP) and floor > RECOVERED:
        floor = 0
    try:
        updater(anchor, back, storage).refresh()
    except RollbackError:
        refused = True
    else:
        refused = False
    assert refused == (floor > story.back.timestamp.version)


def taken_over(anchor, after, store, story):
    """The next run succeeds, and does not ask for roots that are stored."""
    stored = {path.name for path in (store / ".trustlib").glob("*.root.json")}
    asked = Asked(after)
    trusted = updater(anchor, asked, FileStorage(store)).refresh()
    assert [p.raw for p in trusted.roles] == [story.after.raw(p.name) for p in trusted.roles]
    assert stored.isdisjoint(asked.paths), "a stored root was asked for again"
    for proof in trusted.roles:
        assert (store / f"{proof.name}.json").read_bytes() == proof.raw


def main(directory, story, where):
    print(tell(Path(directory), STORIES[story](), WHERE[where]))


if __name__ == "__main__":
    main(*sys.argv[1:])
