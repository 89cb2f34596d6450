"""People who publish: keys by name, a small repository, and the usual way to publish it."""

import contextlib
import tempfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from core.worlds import NOW, signer
from interop.peers import Theirs

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    Freshness,
    MemoryStorage,
    NotFoundError,
    Repository,
    SigningPlan,
    StorageError,
    Updater,
)
from trustlib._paths import plain

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
COLLECTION = "docker.io/acme"

PEOPLE = ("root", "root2", "root3", "alice", "bob", "carol", "team", "team2", "online", "online2")
"""Whoever may be asked to sign in these tests."""


def digest(letter="a"):
    return "sha256:" + letter * 64


def key(name):
    return signer(name).key


def authority(*names, threshold=1):
    return Authority.of(*map(key, names), threshold=threshold)


def created(name=COLLECTION, **roles):
    """A repository that nobody signed yet: one key for targets, one for what is online."""
    given = {
        "root": authority("root"),
        "targets": authority("alice"),
        "snapshot": authority("online"),
        "timestamp": authority("online"),
    }
    return Repository.create(name, **{**given, **roles})


def tagged(repository, tag="1.4", letter="a", **more):
    return repository.with_tag(f"acme/app:{tag}", digest=digest(letter), size=1573, **more)


def planned(before, after, *, now, expiry=BY_HAND, **more):
    return SigningPlan.between(before, after, now=now, expiry=expiry, **more)


def signed(plan, *names):
    """The plan with every signature that *names*, or else all people, are asked for."""
    return plan.signed_by(*(signer(name) for name in names or PEOPLE if plan.asks(key(name))))


def publish(storage, before, after, **more):
    """Publish the edit, and see whether python-tuf's client accepts what is there then."""
    receipt = publish_for_ours(storage, before, after, **more)
    accepted_by_theirs(storage)
    return receipt


def publish_for_ours(storage, before, after, **more):
    """Publish the edit of a repository that python-tuf never could read."""
    return signed(planned(before, after, **more)).publication().apply(storage)


_ACCEPTED = set()


def accepted_by_theirs(storage):
    """Make sure that python-tuf's client, which has seen nothing yet, accepts what is there."""
    files = {quote(path, safe="/"): storage.read(path).data for path in storage.list()}
    if (state := frozenset(files.items())) in _ACCEPTED:  # keys and times are the same each time
        return
    anchor = next(data for path, data in files.items() if path.endswith(".root.json"))
    with tempfile.TemporaryDirectory() as memory:
        answer = Theirs(files.get("1.root.json", anchor), Path(memory)).ask(files, [])
    assert isinstance(answer["refresh"], list), answer
    _ACCEPTED.add(state)


def anchor_of(storage):
    return Anchor.root(storage.read("1.root.json").data)


def opened(storage, anchor=None, **more):
    return Repository.open(storage, anchor=anchor or anchor_of(storage), **more)


EACH_TIME = Freshness(max_age=timedelta(0))


def client(storage, memory=None, now=NOW, policy=EACH_TIME):
    """A client that asks the repository each time, if *policy* does not say otherwise."""
    return Updater(
        anchor=anchor_of(storage),
        transport=Served(storage),
        storage=MemoryStorage() if memory is None else memory,
        policy=policy,
        clock=lambda: now,
    )


def seen(storage, memory=None, now=NOW):
    """The tags and first letters of digests that a client believes in, which asks once for all."""
    asking = client(storage, memory, now, Freshness())
    asking.refresh()
    accepted_by_theirs(storage)
    trusted = {}
    for tag in ("1.4", "1.5", "1.6", "2"):
        with contextlib.suppress(NotFoundError):
            trusted[tag] = asking.resolve(f"acme/app:{tag}").digest.hex[0]
    return trusted


class Served:
    """A storage's files, as a web server in front of it would serve them now."""

    def __init__(self, storage):
        self.storage = storage

    def fetch(self, request):
        file = self.storage.read(plain(request.path))
        return None if file is None else iter([file.data])


class FailingAfter:
    """A storage whose disk fills up after so many writes."""

    def __init__(self, storage, writes):
        self.storage, self.left = storage, writes

    def read(self, path):
        return self.storage.read(path)

    def write(self, path, data, *, replacing):
        if self.left == 0:
            raise StorageError(path, "no space left on device")
        self.left -= 1
        return self.storage.write(path, data, replacing=replacing)

    def list(self):
        return self.storage.list()

    def delete(self, path):
        self.storage.delete(path)


class Interrupted(FailingAfter):
    """A storage where somebody else gets a turn just before one of the writes."""

    def __init__(self, storage, writes, turn):
        super().__init__(storage, writes)
        self.turn = turn

    def write(self, path, data, *, replacing):
        if self.left == 0:
            self.turn()
        self.left -= 1
        return self.storage.write(path, data, replacing=replacing)
