"""Every state that clients could have seen, one after the other, shown to clients.

A repository's numbered files are never changed, and its timestamp is replaced
by one after the other. So the states can be had again from what was written.
"""

import hashlib
import json
import tempfile
from itertools import pairwise

from core.worlds import NOW
from interop.peers import Theirs
from publish.desks import Served

from trustlib import Anchor, MemoryStorage, Updater


def version(raw):
    return json.loads(raw)["signed"]["version"]


def states(notes):
    """The files of each state, from all that was ever written.

    A root that waits for a timestamp comes after it, and before the next.
    """
    timestamps = sorted(
        (version(data), data) for path, data in set(notes) if path == "timestamp.json"
    )
    numbered = {path: data for path, data in notes if path[0].isdigit()}
    waiting = {path: data for path, data in notes if path.startswith("coming/")}
    assert all(b - a == 1 for (a, _), (b, _) in pairwise(timestamps)), "a gap, or two of one number"
    late = {
        f"{version(root)}.root.json": at
        for at, raw in timestamps
        if (root := waiting.get(f"coming/{hashlib.sha256(raw).hexdigest()}.root.json"))
    }
    for at, raw in timestamps:
        snapshot = f"{json.loads(raw)['signed']['meta']['snapshot.json']['version']}.snapshot.json"
        meta = json.loads(numbered[snapshot])["signed"]["meta"]
        listed = [snapshot, *(f"{entry['version']}.{name}" for name, entry in meta.items())]
        files = {"timestamp.json": raw, **{path: numbered[path] for path in listed}}
        roots = {path: numbered[path] for path in numbered if path.endswith(".root.json")}
        yield files | {path: root for path, root in roots.items() if late.get(path, 0) < at}
        if at in late.values():
            yield files | {path: root for path, root in roots.items() if late.get(path, 0) <= at}


def accepted(notes):
    """How many states there were; ours and python-tuf accept all of them, old clients and new."""
    anchor = dict(notes)["1.root.json"]
    memory, count = MemoryStorage(), 0
    with tempfile.TemporaryDirectory() as directory:
        theirs = Theirs(anchor, directory)
        for count, files in enumerate(states(notes), 1):
            fresh = [MemoryStorage()] if count % 25 == 0 else []
            for store in (memory, *fresh):
                updater = Updater(
                    anchor=Anchor.root(anchor),
                    transport=Served(MemoryStorage(files)),
                    storage=store,
                    clock=lambda: NOW,
                )
                trusted = updater.refresh()
            answer = theirs.ask(files, [])
            assert [proof.role.version for proof in trusted.roles] == answer["refresh"], answer
    return count
