"""What a debugger shows: short, to the point, and no secret."""

from datetime import UTC, datetime

import pytest

from trustlib import (
    BY_HAND,
    Anchor,
    AsyncUpdater,
    Authority,
    Digest,
    FrozenMap,
    ImageReference,
    MemoryStorage,
    PathPatterns,
    Repository,
    SigningPlan,
    Target,
    Updater,
)
from trustlib.signing import MemorySigner
from trustlib.storage import ThreadedStorage
from trustlib.transport import awaited

NOW = datetime(2030, 1, 9, 12, 0, tzinfo=UTC)
HEX = 64 * "9"


class FromStorage:
    def __init__(self, storage):
        self.storage = storage

    def __repr__(self):
        return "FromStorage()"

    def fetch(self, request):
        held = self.storage.read(request.path)
        return None if held is None else iter((held.data,))


@pytest.fixture(scope="module")
def alice():
    return MemorySigner.generate()


@pytest.fixture(scope="module")
def plan(alice):
    own = Authority.of(alice.key)
    empty = Repository.create("docker.io/acme", root=own, targets=own, snapshot=own, timestamp=own)
    after = empty.with_tag("acme/app:1.4", digest=f"sha256:{HEX}", size=1573)
    return SigningPlan.between(empty, after, now=NOW, expiry=BY_HAND)


def test_a_plan_says_what_is_signed(alice, plan):
    roles = ("root", "targets", "snapshot", "timestamp")
    none, all_ = (", ".join(f"{role} ({n} signed)" for role in roles) for n in (0, 1))

    assert f"<SigningPlan docker.io/acme: {none}>" == repr(plan)
    assert f"<SigningPlan docker.io/acme: {all_}>" == repr(plan.signed_by(alice))


def test_a_repository_says_its_versions_and_how_much_it_lists(alice, plan):
    published = plan.signed_by(alice).publication().apply(MemoryStorage()).repository

    told = "root 1, timestamp 1, snapshot 1, targets 1"
    assert f"<Repository docker.io/acme: {told}; 1 targets>" == repr(published)


def test_a_repository_of_any_size_is_a_line(alice):
    own = Authority.of(alice.key)
    large = Repository.create("docker.io/acme", root=own, targets=own, snapshot=own, timestamp=own)
    for team in range(20):
        grant = PathPatterns((f"acme/{team}:*",))
        large = large.with_delegation(f"acme/{team}", keys=own, grant=grant)
    large = large.with_targets({f"acme/app:{n}": Target.of(b"x") for n in range(5_000)})

    assert "15 more roles; 5000 targets" in repr(large)
    assert len(repr(large)) < 300
    assert len(repr(large.targets["targets"])) < 10_000


def test_an_updater_says_what_it_trusts(alice, plan):
    storage = MemoryStorage()
    plan.signed_by(alice).publication().apply(storage)
    anchor = Anchor.root(storage.read("1.root.json").data)
    updater = Updater(
        anchor=anchor, transport=FromStorage(storage), storage=MemoryStorage(), clock=lambda: NOW
    )
    before, binding = repr(updater), updater.resolve("acme/app:1.4")

    trusted = (
        "<Trusted root 1, timestamp 1, snapshot 1, targets 1, valid until 2030-01-23 12:00+00:00>"
    )
    assert "<Updater FromStorage(), <MemoryStorage with 0 files>: nothing asked yet>" == before
    assert f"<Updater FromStorage(), {updater.storage!r}: {trusted}>" == repr(updater)
    assert (
        f"<TagBinding docker.io/acme/app:1.4 is sha256:{HEX}, says targets,"
        " until 2030-01-23 12:00+00:00>" == repr(binding)
    )


def test_an_awaited_updater_says_it_as_well(alice, plan):
    storage = MemoryStorage()
    plan.signed_by(alice).publication().apply(storage)
    updater = AsyncUpdater(
        anchor=Anchor.root(storage.read("1.root.json").data),
        transport=awaited(FromStorage(storage)),
        storage=ThreadedStorage(MemoryStorage()),
    )

    assert repr(updater).startswith("<AsyncUpdater ")
    assert repr(updater).endswith(": nothing asked yet>")


def test_a_digest_that_nobody_was_asked_about_says_so():
    reference = ImageReference.parse(f"acme/app@sha256:{HEX}")
    updater = Updater(
        anchor=Anchor.pinned(sha256=HEX), transport=FromStorage(None), storage=MemoryStorage()
    )

    told = f"<TagBinding acme/app@sha256:{HEX}, which nobody needs to vouch for>"
    assert told == repr(updater.resolve(reference))


def test_names_are_spelled_as_they_are_typed():
    assert f"Digest('sha256:{HEX}')" == repr(Digest("sha256", HEX))
    assert "ImageReference('docker.io/acme/app:1')" == repr(ImageReference.parse("acme/app:1"))


def test_a_long_map_is_not_spelled_out():
    assert "FrozenMap({})" == repr(FrozenMap())
    assert "FrozenMap({'a': 1, 'b': 2})" == repr(FrozenMap({"a": 1, "b": 2}))
    assert repr(FrozenMap({n: n for n in range(9)})).endswith("5: 5, … 3 more})")
