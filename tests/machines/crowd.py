"""A play: many processes keep one store up to date while a publisher publishes.

``python -m machines.crowd <directory> <processes> <refreshes>``. The publisher
works through the public names on a directory, the clients read that directory.
Somebody looks at the store all the time.
"""

import asyncio
import sys
from multiprocessing import get_context
from pathlib import Path

from core.worlds import NOW
from machines.judge import Watch, paper, version
from machines.stage import ended_well, forked
from publish.desks import created, key, publish, tagged

from trustlib import Anchor, AsyncUpdater, DirectoryTransport, FileStorage, Updater
from trustlib.records import Floors

FILES = ("root.json", "timestamp.json", "snapshot.json", "targets.json")
ROTATIONS = {3: ("root", "root2"), 9: ("root2", "root3"), 15: ("root3", "root")}


def keep_publishing(site, published, done):
    """Publish until the clients are done; change root's key three times on the way.

    Other keys stay: a client that has looked for roots already must refuse what
    a new key signed, and would be right.
    """
    number = 0
    while not done.is_set() or number <= max(ROTATIONS):
        number += 1
        after = tagged(published, f"1.{number}")
        if number in ROTATIONS:
            old, new = ROTATIONS[number]
            after = after.with_keys("root", key(new)).without_keys("root", key(old))
        published = publish(site, published, after, now=NOW).repository


def keep_up(kind, anchor, site, store, refreshes):
    """Refresh so often; what is returned never goes back, and is in the store."""
    last = [0] * len(FILES)
    for number in range(refreshes):
        if number % 5 == 0:  # a new program now and then
            updater = kind(
                anchor=anchor, transport=DirectoryTransport(site), storage=store, clock=lambda: NOW
            )
        trusted = updater.refresh()
        if kind is AsyncUpdater:
            trusted = asyncio.run(trusted)
        got = [proof.role.version for proof in trusted.roles]
        assert all(map(int.__le__, last, got)), (last, got)
        held = versions(store)
        assert all(map(int.__le__, got, held)), ("an update was lost", got, held)
        last = got


def versions(store):
    """The version of each file in the store; 0 where there is none yet."""
    read = [store.load(file) for file in FILES]
    assert all(raw is None or paper(raw) is not None for raw in read), "a damaged file"
    return [0 if raw is None else version(raw) for raw in read]


def keep_looking(store, done, looks):
    """No version goes back while anybody works, and every record is one."""
    last = [0] * len(FILES)
    while not done.is_set():
        seen = versions(store)
        assert all(map(int.__le__, last, seen)), (last, seen)
        floors = store.load(".trustlib/floors")
        assert floors is None or Floors.parse(floors).render() == floors
        last = seen
        looks.value += 1


def main(directory, processes, refreshes):
    context = get_context("fork")
    clients_done, all_done, looks = context.Event(), context.Event(), context.Value("q", 0)
    site, store = Path(directory) / "site", FileStorage(Path(directory) / "store")
    first = created()
    storage = FileStorage.public(site)
    published = publish(storage, first, tagged(first), now=NOW).repository
    raw = storage.read("1.root.json").data
    anchor = Anchor.root(raw)

    publisher = forked(lambda: keep_publishing(storage, published, clients_done))
    observer = forked(lambda: keep_looking(store, all_done, looks))

    def client(number, times):
        kind = AsyncUpdater if number % 2 else Updater
        return forked(lambda: keep_up(kind, anchor, site, store, times))

    clients = [client(number, int(refreshes)) for number in range(int(processes))]
    alive = [ended_well(pid) for pid in clients]
    clients_done.set()
    assert ended_well(publisher)
    alive += [ended_well(pid) for pid in [client(number, 1) for number in range(len(clients))]]
    all_done.set()
    assert ended_well(observer)
    assert all(alive)

    files = {path: storage.read(path).data for path in storage.list()}
    latest = version(files["timestamp.json"])
    root = max(int(path.split(".")[0]) for path in files if path.endswith(".root.json"))
    assert versions(store) == [root, *[latest] * 3]
    watch = Watch(raw)
    inside = (Path(directory) / "store").rglob("*.*")
    base = Path(directory) / "store"
    watch.look(
        {p.relative_to(base).as_posix(): p.read_bytes() for p in inside if p.is_file()}
        | {".trustlib/clock": store.load(".trustlib/clock")},
        NOW,
        None,
    )
    watch.refreshed(NOW)
    assert not list((base / ".trustlib" / "tmp").iterdir())
    print(f"{latest} versions, {looks.value} looks")


if __name__ == "__main__":
    main(*sys.argv[1:])
