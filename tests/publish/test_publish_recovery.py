"""Versions that somebody else made too high, and how they begin anew (§5.3.11)."""

import attrs
import pytest
from core.worlds import NOW, SECOND, signer
from publish.desks import anchor_of, authority, client, key, opened, planned, publish, seen, signed
from publish.desks import tagged as tagged_

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    MemoryStorage,
    MetaFile,
    SigningError,
)
from trustlib.wire import TUF_JSON

HIGHEST = 2**53 - 1


def thief_publishes(storage, repository, *, version, targets=None):
    """With the stolen key of timestamp and snapshot: as high as can be."""
    thief = signer("online")
    meta = repository.snapshot.meta
    if targets is not None:
        meta = meta.including({TARGETS: MetaFile(version=targets)})
    snapshot = attrs.evolve(repository.snapshot, version=version, meta=meta)
    timestamp = attrs.evolve(
        repository.timestamp, version=version, snapshot=MetaFile(version=version)
    )
    for path, role in ((f"{version}.snapshot.json", snapshot), ("timestamp.json", timestamp)):
        raw = TUF_JSON.render(role, (thief.sign(TUF_JSON.payload(role)),))
        held = storage.read(path)
        storage.write(path, raw, replacing=held and held.revision)


def replaced(repository):
    online = authority("online2")
    return repository.with_authority(TIMESTAMP, online).with_authority(SNAPSHOT, online)


@pytest.fixture
def forwarded(storage, published):
    """What a client has seen, after the thief came."""
    memory = MemoryStorage()
    thief_publishes(storage, published, version=HIGHEST)
    client(storage, memory).refresh()
    return memory


def test_nothing_comes_after_the_highest_version(storage, forwarded):
    before = opened(storage)

    with pytest.raises(
        SigningError, match=r"no version comes after 9007199254740991; .*restarting"
    ):
        planned(before, tagged_(before, "1.5", "b"), now=NOW)


def test_versions_begin_anew_where_clients_forget_the_high_ones(storage, forwarded):
    before = opened(storage)
    after = tagged_(replaced(before), "1.5", "b")

    plan = planned(before, after, now=NOW, restarting=[TIMESTAMP, SNAPSHOT])
    receipt = signed(plan).publication().apply(storage)

    assert 1 == receipt.repository.timestamp.version
    assert 2 == receipt.repository.snapshot.version, "1.snapshot.json was somebody's already"
    assert {"1.4": "a", "1.5": "b"} == seen(storage, forwarded) == seen(storage)
    assert receipt.repository == opened(storage)


def test_junk_with_a_high_number_does_not_keep_versions_high(storage, forwarded):
    """Whoever can write to the storage can put anything below the highest number there is."""
    for number in (HIGHEST - 1, HIGHEST - 2, 2**40):
        storage.write(f"{number}.snapshot.json", b"{}", replacing=None)
    before = opened(storage)

    plan = planned(before, replaced(before), now=NOW, restarting=[TIMESTAMP, SNAPSHOT])
    receipt = signed(plan).publication().apply(storage)

    assert 2 == receipt.repository.snapshot.version
    assert {"1.4": "a"} == seen(storage, forwarded) == seen(storage)


def test_the_new_lower_timestamp_cannot_be_had_without_a_gap(storage, forwarded):
    """Clients of the old root remember the high one, whoever signed the low one."""
    before = opened(storage)
    plan = planned(before, replaced(before), now=NOW, restarting=[TIMESTAMP, SNAPSHOT])

    assert not signed(plan).publication().seamless


@pytest.mark.parametrize("role", [TIMESTAMP, SNAPSHOT])
def test_a_version_that_clients_would_remember_does_not_begin_anew(storage, forwarded, role):
    before = opened(storage)

    with pytest.raises(ValueError, match=f"{role} cannot begin anew: .* keys of timestamp"):
        planned(before, before, now=NOW, restarting=[role])
    with pytest.raises(ValueError, match="cannot begin anew"):  # the old key vouches for it still
        added = before.with_keys(TIMESTAMP, key("online2"))
        planned(before, added, now=NOW, restarting=[role])


def test_targets_begin_anew_only_with_new_keys_of_the_snapshot(storage, published):
    thief_publishes(storage, published, version=7, targets=1)
    before = opened(storage)
    only_timestamp = before.with_authority(TIMESTAMP, authority("online2"))

    with pytest.raises(ValueError, match=r"targets cannot begin anew: .* keys of snapshot"):
        planned(before, only_timestamp, now=NOW, restarting=[TARGETS])
    assert planned(before, replaced(before), now=NOW, restarting=[TARGETS])


def test_targets_that_were_numbered_high_begin_anew(storage, published):
    """Alice's key was stolen too: a targets file with the highest number is there."""
    evil = attrs.evolve(published.targets[TARGETS], version=HIGHEST)
    raw = TUF_JSON.render(evil, (signer("alice").sign(TUF_JSON.payload(evil)),))
    storage.write(f"{HIGHEST}.targets.json", raw, replacing=None)
    thief_publishes(storage, published, version=HIGHEST - 3, targets=HIGHEST)
    memory = MemoryStorage()
    client(storage, memory).refresh()
    before = opened(storage)
    after = replaced(before).with_authority(TARGETS, authority("carol"))

    plan = planned(before, after, now=NOW, restarting=[TIMESTAMP, SNAPSHOT, TARGETS])
    receipt = signed(plan).publication().apply(storage)

    assert 2 == receipt.repository.targets[TARGETS].version
    assert {"1.4": "a"} == seen(storage, memory) == seen(storage)


def test_numbers_go_on_from_where_they_began_anew(storage, forwarded):
    before = opened(storage)
    plan = planned(before, replaced(before), now=NOW, restarting=[TIMESTAMP, SNAPSHOT])
    low = signed(plan).publication().apply(storage).repository

    next_one = publish(storage, low, tagged_(low, "1.5", "b"), now=NOW + SECOND).repository

    assert (2, 3) == (next_one.timestamp.version, next_one.snapshot.version)
    assert {"1.4": "a", "1.5": "b"} == seen(storage, forwarded) == seen(storage)


def test_root_never_begins_anew(published):
    with pytest.raises(ValueError, match="root's versions never begin anew"):
        planned(published, published, now=NOW, restarting=[ROOT])


def test_a_role_that_is_not_there_does_not_begin_anew(published):
    with pytest.raises(ValueError, match="no role 'nobody'"):
        planned(published, published, now=NOW, restarting=["nobody"])


def test_a_memory_forgets_with_the_clients(storage, published):
    """The publisher's own memory follows the same rule."""
    memory = MemoryStorage()
    thief_publishes(storage, published, version=HIGHEST)
    before = opened(storage, memory=memory)
    plan = planned(before, replaced(before), now=NOW, restarting=[TIMESTAMP, SNAPSHOT])
    signed(plan).publication().apply(storage)

    assert 1 == opened(storage, memory=memory).timestamp.version
    assert anchor_of(storage)
