"""A renewer signs again what is the latest, and changes nothing else."""

import asyncio
import json

import attrs
import pytest
from core.worlds import DAY, NOW, SECOND, World, only_version, signer
from publish.desks import (
    Served,
    anchor_of,
    authority,
    opened,
    publish,
)
from publish.renewers import (
    HOUR,
    RENEWER,
    forged,
    put,
    renew,
    role,
    seen,
    versions,
)

from trustlib import (
    BY_HAND,
    RENEWED,
    ROOT,
    SNAPSHOT,
    Anchor,
    FrozenMap,
    LimitError,
    MemoryStorage,
    MetaFile,
    PathPatterns,
    Snapshot,
    Updater,
)
from trustlib.publish import Renewed, Renewer, Unchanged
from trustlib.publish.opening import coming_root
from trustlib.storage import ThreadedRepositoryStorage


@pytest.fixture
def storage():
    """acme/app:1.4 at version 1, signed for a day; the snapshot for a week."""
    storage = MemoryStorage()
    put(storage)
    return storage


@pytest.fixture
def memory():
    return MemoryStorage()


# -- what is due ------------------------------------------------------------------------


def test_a_timestamp_is_signed_again_when_half_of_its_life_is_over(storage, memory):
    before = role(storage, Snapshot)

    assert isinstance(renew(storage, memory, NOW + 12 * HOUR - SECOND), Unchanged)
    done = renew(storage, memory, NOW + 12 * HOUR)

    assert ("timestamp.json",) == done.written
    assert (2, 1) == versions(storage)
    assert NOW + 36 * HOUR == role(storage).expires
    assert before == role(storage, Snapshot)


def test_a_snapshot_is_signed_again_when_half_of_its_life_is_over(storage, memory):
    renewer = attrs.evolve(RENEWER, grace=7 * DAY)
    renew(storage, memory, NOW)
    renew(storage, memory, NOW + 3 * DAY, renewer)

    done = renew(storage, memory, NOW + 3.5 * DAY, renewer)

    assert ("2.snapshot.json", "timestamp.json") == done.written
    assert (3, 2) == versions(storage)
    assert NOW + 10.5 * DAY == role(storage, Snapshot).expires


def test_a_fresh_timestamp_is_replaced_when_only_the_snapshot_is_due(memory):
    storage = MemoryStorage()
    put(storage, attrs.evolve(BY_HAND, snapshot=DAY))

    done = renew(storage, memory, NOW)

    assert ("2.snapshot.json", "timestamp.json") == done.written
    assert (2, 2) == versions(storage)
    assert NOW + DAY == role(storage).expires


def test_how_much_may_be_left_is_the_operators_choice(storage, memory):
    eager = attrs.evolve(RENEWER, ahead=0.75)

    assert isinstance(renew(storage, memory, NOW + 6 * HOUR - SECOND, eager), Unchanged)
    assert isinstance(renew(storage, memory, NOW + 6 * HOUR, eager), Renewed)


def test_the_answer_says_until_when_it_is_good_and_when_to_come_again(storage, memory):
    before = renew(storage, memory, NOW)
    after = renew(storage, memory, before.due)

    assert (NOW + 24 * HOUR, NOW + 12 * HOUR) == (before.valid_until, before.due)
    assert (NOW + 36 * HOUR, NOW + 24 * HOUR) == (after.valid_until, after.due)
    assert () == before.ending == after.ending


def test_who_comes_whenever_it_is_due_keeps_a_collection_alive_for_months(storage, memory):
    client, now, rounds = MemoryStorage(), NOW, 0
    while now < NOW + 85 * DAY:
        standing = renew(storage, memory, now)
        assert "a" == seen(storage, now, client)
        assert standing.due > now
        assert "a" == seen(storage, standing.due, client)
        now, rounds = standing.due, rounds + 1

    assert rounds < 2.2 * 85


def test_a_pass_over_what_is_fresh_writes_nothing(storage, memory):
    renew(storage, memory, NOW)
    before, remembered = storage.files, memory.files
    renew(storage, memory, NOW + HOUR)

    assert before == storage.files
    assert remembered == memory.files


def test_whoever_awaits_gets_the_same(storage, memory):
    anchor = anchor_of(storage)
    done = asyncio.run(
        RENEWER.arenewed(
            ThreadedRepositoryStorage(storage), anchor=anchor, memory=memory, now=NOW + 12 * HOUR
        )
    )

    assert ("timestamp.json",) == done.written
    assert "a" == seen(storage, NOW + 35 * HOUR)


# -- what is left as it was -------------------------------------------------------------


def test_a_snapshot_keeps_every_entry_and_every_member_that_nobody_here_knows(memory):
    storage = MemoryStorage()
    repository = put(storage)
    after = attrs.evolve(
        repository,
        snapshot=attrs.evolve(
            repository.snapshot,
            extra=FrozenMap({"x-snapshot": (1, FrozenMap({"a": None}))}),
            spec_version="1.0.30",
            meta=repository.snapshot.meta.including(
                {
                    "gone": MetaFile(version=7, length=12, extra=FrozenMap({"x-gone": True})),
                    "hashed": MetaFile(
                        version=3, hashes=FrozenMap({"sha512": "ab" * 64, "x": "y"})
                    ),
                }
            ),
        ),
        timestamp=attrs.evolve(
            repository.timestamp,
            extra=FrozenMap({"x-timestamp": ""}),
            snapshot=attrs.evolve(repository.timestamp.snapshot, extra=FrozenMap({"x-entry": 1})),
        ),
    )
    forged(storage, after.snapshot, after.timestamp)
    before = [as_signed(storage, name) for name in ("1.snapshot.json", "timestamp.json")]

    done = renew(storage, memory, NOW + 12 * HOUR, attrs.evolve(RENEWER, ahead=0.99))

    assert ("2.snapshot.json", "timestamp.json") == done.written
    after = [as_signed(storage, name) for name in ("2.snapshot.json", "timestamp.json")]
    for one in (*before, *after):
        del one["version"], one["expires"]
    assert (1, 2) == (
        before[1]["meta"]["snapshot.json"].pop("version"),
        after[1]["meta"]["snapshot.json"].pop("version"),
    )
    assert before == after


def as_signed(storage, path):
    return json.loads(storage.files[path])["signed"]


def test_a_timestamp_that_says_more_of_the_snapshot_says_it_of_the_next_one(memory):
    world = World.create(expires=NOW + DAY)  # lists lengths and hashes
    storage = MemoryStorage(world.files())
    robot = Renewer(signers=(signer("timestamp"), signer("snapshot")), expiry=BY_HAND)

    done = renew(storage, memory, NOW, robot)

    raw = storage.files["2.snapshot.json"]
    listed = role(storage).snapshot
    assert ("2.snapshot.json", "timestamp.json") == done.written
    assert (2, len(raw), {"sha256"}) == (listed.version, listed.length, set(listed.hashes))
    client = Updater(
        anchor=anchor_of(storage),
        transport=Served(storage),
        storage=MemoryStorage(),
        clock=lambda: NOW + 20 * HOUR,
    )
    assert 2 == client.refresh().snapshot.snapshot.role.version


def test_no_targets_are_read(storage, memory):
    """With a million collections, that is what a pass costs."""
    read = Reading(storage)
    renew(read, memory, NOW, anchor=anchor_of(storage))
    assert ["2.root.json", "timestamp.json", "1.snapshot.json"] == read.paths

    read = Reading(storage)
    renew(read, memory, NOW + HOUR, anchor=anchor_of(storage))
    assert ["2.root.json", "timestamp.json"] == read.paths

    read = Reading(storage)
    coming = coming_root(storage.files["timestamp.json"])
    renew(read, memory, NOW + 12 * HOUR, anchor=anchor_of(storage))
    assert ["2.root.json", "timestamp.json", coming, "2.root.json"] == read.paths


class Reading:
    """A storage that knows what was read, and cannot be listed."""

    def __init__(self, storage):
        self.storage, self.paths, self.written = storage, [], []

    def read(self, path):
        self.paths.append(path)
        return self.storage.read(path)

    def write(self, path, data, *, replacing):
        self.written.append(path)
        return self.storage.write(path, data, replacing=replacing)


def test_targets_that_have_expired_are_nobodys_business_here(memory):
    storage = MemoryStorage()
    put(storage, attrs.evolve(RENEWED, targets=HOUR))

    assert isinstance(renew(storage, memory, NOW + 12 * HOUR), Renewed)


def test_a_repository_without_consistent_snapshots_gets_timestamps_only(memory):
    """Its snapshot has one name, and cannot be replaced together with the timestamp."""
    world = World.create(expires=NOW + DAY, consistent=False, listing=only_version)
    storage = MemoryStorage(world.files())
    robot = Renewer(signers=(signer("timestamp"), signer("snapshot")))

    done = renew(storage, memory, NOW + 12 * HOUR, robot, Anchor.root(world.files()["1.root.json"]))

    assert ("timestamp.json",) == done.written
    assert [ROOT, SNAPSHOT] == [one.role for one in done.ending]


# -- how a renewer is made --------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"signers": ()},
        {"ahead": 0},
        {"ahead": 1},
        {"ahead": -0.5},
        {"grace": -SECOND},
        {"notice": -SECOND},
    ],
)
def test_a_renewer_that_makes_no_sense_is_not_made(wrong):
    with pytest.raises(ValueError):
        attrs.evolve(RENEWER, **wrong)


def test_a_time_without_a_zone_is_a_mistake(storage, memory):
    with pytest.raises(ValueError, match="time zone"):
        renew(storage, memory, NOW.replace(tzinfo=None))


# -- numbers ----------------------------------------------------------------------------


def test_a_number_that_somebody_left_behind_is_not_used_twice(memory):
    storage = MemoryStorage()
    put(storage, attrs.evolve(RENEWED, snapshot=DAY))
    storage.write("2.snapshot.json", b"whatever", replacing=None)

    done = renew(storage, memory, NOW + 12 * HOUR, attrs.evolve(RENEWER, grace=9 * DAY))

    assert ("3.snapshot.json", "timestamp.json") == done.written
    assert b"whatever" == storage.files["2.snapshot.json"]


def test_too_many_numbers_that_are_taken_are_an_error(memory):
    storage = MemoryStorage()
    put(storage, attrs.evolve(RENEWED, snapshot=DAY))
    for number in range(2, 102):
        storage.write(f"{number}.snapshot.json", b"whatever", replacing=None)

    with pytest.raises(LimitError, match="no timestamp names"):
        renew(storage, memory, NOW + 12 * HOUR)

    storage.delete("101.snapshot.json")
    assert "101.snapshot.json" in renew(storage, memory, NOW + 12 * HOUR).written


def test_a_delegating_collection_is_renewed_without_its_roles(storage, memory):
    before = opened(storage)
    team = before.with_delegation("team", keys=authority("team"), grant=PathPatterns(("acme/*",)))
    publish(storage, before, team, now=NOW, expiry=RENEWED)
    entries = role(storage, Snapshot).meta
    renewer = attrs.evolve(RENEWER, expiry=BY_HAND, ahead=0.9)

    done = renew(storage, memory, NOW, renewer)

    assert ("3.snapshot.json", "timestamp.json") == done.written
    assert entries == role(storage, Snapshot).meta
    assert "a" == seen(storage, NOW + 13 * DAY)
