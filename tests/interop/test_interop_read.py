"""What the reference implementation writes, trustlib reads."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from attrs import define, field
from interop.kinds import SCHEMES, their_signer
from interop.peers import Shown
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    SuccinctRoles,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from trustlib import (
    Anchor,
    AsyncUpdater,
    ExpiredError,
    FrozenMap,
    MemoryStorage,
    NotFoundError,
    Updater,
)

FAR = datetime(2999, 1, 1, tzinfo=UTC)
DATA = b"what was published"
ROLES = ("root", "timestamp", "snapshot", "targets")


@define(kw_only=True)
class Theirs:
    """A repository that python-tuf's Metadata API writes."""

    signers: dict = field(factory=lambda: {name: CryptoSigner.generate_ed25519() for name in ROLES})
    compact: bool = True
    consistent: bool = True
    described: bool = False
    algorithms: tuple = ("sha256",)
    targets: Targets = field(factory=lambda: Targets(expires=FAR))
    delegated: dict = field(factory=dict)

    def listing(self, *paths, role=None, data=DATA):
        role = self.targets if role is None else self.delegated[role][0]
        for path in paths:
            role.targets[path] = TargetFile.from_data(path, data, list(self.algorithms))
        return self

    def files(self):
        root = Root(expires=FAR, consistent_snapshot=self.consistent)
        for name in ROLES:
            root.add_key(self.signers[name].public_key, name)
        files = {"1.root.json": self.file(root, "root")}
        meta = {}
        signed = {"targets": (self.targets, [self.signers["targets"]]), **self.delegated}
        for name, (role, signers) in signed.items():
            raw = self.raw(role, signers)
            files[self.path(name, role)] = raw
            meta[f"{name}.json"] = self.meta(role, raw)
        snapshot = Snapshot(expires=FAR, meta=meta)
        raw = self.file(snapshot, "snapshot")
        files[self.path("snapshot", snapshot)] = raw
        timestamp = Timestamp(expires=FAR, snapshot_meta=self.meta(snapshot, raw))
        return {**files, "timestamp.json": self.file(timestamp, "timestamp")}

    def path(self, name, role):
        file = f"{quote(name, '')}.json"
        return f"{role.version}.{file}" if self.consistent else file

    def meta(self, role, raw):
        if not self.described:
            return MetaFile(role.version)
        return MetaFile.from_data(role.version, raw, list(self.algorithms))

    def file(self, role, name):
        return self.raw(role, [self.signers[name]])

    def raw(self, role, signers):
        metadata = Metadata(role)
        for signer in signers:
            metadata.sign(signer, append=True)
        return metadata.to_bytes(JSONSerializer(compact=self.compact))


def reader(files):
    anchor = Anchor.root(files["1.root.json"])
    return Updater(anchor=anchor, transport=Shown(files), storage=MemoryStorage())


def delegating(theirs, *names, **grants):
    """*theirs* with delegations from targets, each by a key of its own."""
    signers = {name: CryptoSigner.generate_ed25519() for name in names}
    roles = {
        name: DelegatedRole(name, [signers[name].public_key.keyid], 1, False, **grants)
        for name in names
    }
    keys = {one.public_key.keyid: one.public_key for one in signers.values()}
    theirs.targets.delegations = Delegations(keys, roles)
    theirs.delegated = {name: (Targets(expires=FAR), [signers[name]]) for name in names}
    return theirs


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("consistent", [True, False])
@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("algorithms", [("sha256",), ("sha512",), ("sha512", "sha256")])
def test_every_way_of_writing_is_read(compact, consistent, described, algorithms):
    theirs = Theirs(
        compact=compact, consistent=consistent, described=described, algorithms=algorithms
    )
    delegating(theirs, "team", paths=["team/*"]).listing("app").listing("team/app", role="team")
    updater = reader(theirs.files())

    expected = {name: hashlib.new(name, DATA).hexdigest() for name in algorithms}
    for path in ("app", "team/app"):
        assert (len(DATA), expected) == (
            updater.find(path).target.length,
            dict(updater.find(path).target.hashes),
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_of_every_kind_of_key_counts(scheme):
    theirs = Theirs(signers=dict.fromkeys(ROLES, their_signer(scheme)))
    delegating(theirs, "team", paths=["*"]).listing("app", role="team")
    role, _ = theirs.delegated["team"]
    keyid = their_signer(scheme).public_key.keyid
    theirs.targets.delegations.keys = {keyid: their_signer(scheme).public_key}
    theirs.targets.delegations.roles["team"].keyids = [keyid]
    theirs.delegated["team"] = (role, [their_signer(scheme)])

    assert ("targets", "team") == reader(theirs.files()).find("app").via


@pytest.mark.parametrize("bits", [1, 3, 4, 5, 8])
def test_succinct_bins_are_found(bits):
    signer = CryptoSigner.generate_ed25519()
    bins = SuccinctRoles([signer.public_key.keyid], 1, bits, "bin")
    theirs = Theirs()
    keys = {signer.public_key.keyid: signer.public_key}
    theirs.targets.delegations = Delegations(keys, succinct_roles=bins)
    theirs.delegated = {name: (Targets(expires=FAR), [signer]) for name in bins.get_roles()}
    paths = [f"app/{number}" for number in range(20)]
    for path in paths:
        theirs.listing(path, role=bins.get_role_for_target(path))
    updater = reader(theirs.files())

    for path in paths:
        assert ("targets", bins.get_role_for_target(path)) == updater.find(path).via
    with pytest.raises(NotFoundError):
        updater.find("else/where")


def test_hash_prefixes_are_followed():
    digest = hashlib.sha256(b"app").hexdigest()
    theirs = delegating(Theirs(), "team", path_hash_prefixes=[digest[:3], "00"])
    theirs.listing("app", "other", role="team")
    updater = reader(theirs.files())

    assert ("targets", "team") == updater.find("app").via
    with pytest.raises(NotFoundError):
        updater.find("other")


@pytest.mark.parametrize("name", ["a/b", "..", "?", "#", "é 日本", "Team", "TIMESTAMP", "r" * 240])
def test_unusual_role_names_are_asked_for_in_the_same_way(name):
    theirs = delegating(Theirs(), name, paths=["*"]).listing("app", role=name)

    assert ("targets", name) == reader(theirs.files()).find("app").via


def test_members_that_the_specification_does_not_define_are_read_over():
    theirs = Theirs().listing("app")
    theirs.targets.unrecognized_fields["x-note"] = {"é": [None, True, -1, '\x7f\u2028"\\']}
    theirs.targets.targets["app"].unrecognized_fields["custom"] = {"b": {"z": 1, "a": []}}
    theirs.targets.targets["app"].unrecognized_fields["x"] = "y"

    custom = reader(theirs.files()).find("app").target.custom
    assert FrozenMap({"b": FrozenMap({"z": 1, "a": ()})}) == custom


def test_their_roots_are_followed_to_new_keys():
    """Three rotations of root, each with another key; the last one replaces the timestamp's too."""
    theirs = Theirs().listing("app")
    files = theirs.files()
    metadata = Metadata[Root].from_bytes(files["1.root.json"])
    before = theirs.signers["root"]
    for version in (2, 3, 4):
        after = CryptoSigner.generate_ed25519()
        metadata.signed.version = version
        metadata.signed.revoke_key(before.public_key.keyid, "root")
        metadata.signed.add_key(after.public_key, "root")
        metadata.signatures.clear()
        metadata.sign(before)
        metadata.sign(after, append=True)
        files[f"{version}.root.json"] = metadata.to_bytes(JSONSerializer(compact=False))
        before = after

    assert 4 == reader(files).refresh().roles[0].role.version
    assert len(DATA) == reader(files).find("app").target.length


def test_an_expiry_of_theirs_ends_at_the_same_second():
    theirs = Theirs().listing("app")
    theirs.targets.expires = datetime(2100, 1, 1, tzinfo=UTC)
    files = theirs.files()
    anchor = Anchor.root(files["1.root.json"])

    def updater(now):
        return Updater(
            anchor=anchor, transport=Shown(files), storage=MemoryStorage(), clock=lambda: now
        )

    last = theirs.targets.expires - timedelta(seconds=1)
    assert not theirs.targets.is_expired(last)
    updater(last).refresh()
    assert theirs.targets.is_expired(theirs.targets.expires)
    with pytest.raises(ExpiredError):
        updater(theirs.targets.expires).refresh()


def test_the_client_that_awaits_reads_the_same():
    files = (
        delegating(Theirs(compact=False), "team", paths=["*"]).listing("app", role="team").files()
    )
    updater = AsyncUpdater(
        anchor=Anchor.root(files["1.root.json"]), transport=Shown(files), storage=MemoryStorage()
    )

    assert ("targets", "team") == asyncio.run(updater.find("app")).via
