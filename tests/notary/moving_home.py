"""Collections that move: real ones of fixtures, new ones to move to, and whoever reads them."""

from datetime import datetime, timedelta
from functools import cache
from urllib.parse import quote

from attrs import field, frozen
from interop.peers import Shown
from notary.collections_of import REPOSITORIES, Served, fixture_state
from notary.real_keys import KEYS

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    MemoryStorage,
    Repository,
    SigningPlan,
    Updater,
)
from trustlib._types import ROOT
from trustlib.content import PerRepository
from trustlib.notary import (
    ContentTrust,
    Migration,
    bridge_signatures,
    departing,
    migrate,
    pinned_certificate,
)
from trustlib.notary.keys import NotarySigner, _blocks, _sealing
from trustlib.signing import MemorySigner

PASSPHRASES = {
    "rotate": "fixture-root-pass",
    "ed25519": "fixture-root-pass",
    "dct": "dct-root-pass",
}
REPOSITORY_PASSPHRASE = "dct-repository-pass"
DAY = timedelta(days=1)


@cache
def signer(name):
    return MemorySigner.generate()


@cache
def real_key(folder, keyid, passphrase):
    """A key of a fixture, unlocked. Where it is, others may read it: so it is read by hand."""
    data = (KEYS / folder / f"{keyid}.key").read_bytes()
    block = _blocks.block(data, ("ENCRYPTED PRIVATE KEY",), what=keyid)
    return NotarySigner.of(_sealing.opened(block, passphrase.encode(), what=keyid))


def root_keys(repository):
    folder = KEYS / repository
    return [
        real_key(repository, path.stem, PASSPHRASES[repository])
        for path in sorted(folder.glob("*.key"))
        if b"role: root" in path.read_bytes()
    ]


def last(repository, state=-1):
    return REPOSITORIES[repository]["states"][state]


def at(repository, state=-1):
    return datetime.fromisoformat(last(repository, state)["at"])


def gun(repository):
    return REPOSITORIES[repository]["gun"]


def first_pin(repository):
    """All that a client knows: the certificate of the very first root."""
    keyids = REPOSITORIES[repository]["states"][0]["root_roles"][ROOT]["keyids"]
    return pinned_certificate(gun(repository), keyids[0])


def old_roots(repository):
    files = fixture_state(repository, last(repository))
    newest = last(repository)["versions"][ROOT]
    found = (files.get(f"{number}.root.json") for number in range(1, newest + 1))
    return tuple(raw for raw in found if raw is not None)


def left(repository, state=-1):
    """A collection of the fixtures, as it was in that state."""
    app = ContentTrust(gun(repository))
    return departing(
        Updater(
            anchor=Anchor.root(old_roots(repository)[0]),
            transport=Served(fixture_state(repository, last(repository, state))),
            storage=MemoryStorage(),
            names=app.names,
            format=app,
            clock=lambda: at(repository, state),
        )
    )


def empty(name, *, names=None, root=None):
    """A repository that nobody signed yet."""
    daily = Authority.of(signer("daily").key)
    return Repository.create(
        name,
        root=Authority.of((root or signer("root")).key),
        targets=Authority.of(signer("targets").key),
        snapshot=daily,
        timestamp=daily,
        names=names,
    )


def own(name):
    """A repository for one image, as it was."""
    return empty(name, names=PerRepository(name))


@frozen
class Moved:
    """A collection that moved.

    Attributes:
        files: of the new one, by path.
    """

    migration: Migration
    repository: Repository
    files: dict = field(repr=False)
    now: datetime

    @property
    def root(self):
        return self.repository.published.files[ROOT]

    def client(self, anchor, *, now=None):
        repository = self.migration.after
        return Updater(
            anchor=anchor,
            transport=Shown(self.files),
            storage=MemoryStorage(),
            names=repository.names,
            clock=lambda: now or self.now + DAY,
        )


def published(storage):
    """The files in *storage* by where clients ask for them: percent-encoded."""
    return {quote(path, safe=""): storage.read(path).data for path in storage.list()}


def signed(migration, *delegated, old=(), now, storage=None):
    """Sign a migration with every key that there is, and publish it."""
    plan = SigningPlan.between(migration.before, migration.after, now=now, expiry=BY_HAND)
    known = (*map(signer, ("root", "targets", "daily")), *delegated)
    plan = plan.signed_by(*(one for one in known if plan.asks(one.key)))
    payload = plan.drafts[ROOT].document.payload
    signatures = [
        made
        for one in migration.collections
        for made in bridge_signatures(payload, one.collection, one.root.raw, *old)
    ]
    storage = storage or MemoryStorage()
    receipt = migration.publication(plan, *signatures).apply(storage)
    return Moved(migration, receipt.repository, published(storage), now)


def moved(repository, into=None, *, state=-1):
    """A fixture that moved, signed by everybody."""
    migration = migrate(into or own(gun(repository)), left(repository, state))
    return signed(
        migration,
        *modern_signers(repository),
        old=root_keys(repository),
        now=at(repository, state) + DAY,
    )


def modern_signers(repository):
    if repository != "dct":
        return ()
    return [
        real_key(repository, path.stem, REPOSITORY_PASSPHRASE).modern()
        for path in sorted((KEYS / repository).glob("*.key"))
        if b"role: alice" in path.read_bytes() or b"role: bob" in path.read_bytes()
    ]
