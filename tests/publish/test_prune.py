"""What is removed nobody could have used, and nothing else is removed."""

import asyncio
from datetime import timedelta
from functools import cache

import attrs
import pytest
from core.worlds import DAY, NOW, only_version, signers
from core.worlds import signed as file_of
from publish.desks import (
    Served,
    anchor_of,
    authority,
    created,
    key,
    opened,
    planned,
    publish,
    seen,
    signed,
    tagged,
)
from publish.examined import anchor_of as anchor_in
from publish.examined import sound

from trustlib import (
    RENEWED,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Anchor,
    FileStorage,
    Freshness,
    MemoryStorage,
    PathPatterns,
    StorageError,
    ThresholdError,
    Updater,
)
from trustlib.publish import Prunable, aprunable, aprune, fsck, prunable, prune
from trustlib.storage import ThreadedRepositoryStorage

HOUR = timedelta(hours=1)
TEAM = PathPatterns(("acme/*",))
ENDS = NOW + 10 * DAY


@cache
def history(days):
    """A version of everything each day, with targets for 90 days and snapshots for 7."""
    storage, before = MemoryStorage(), created()
    after = before.with_delegation("team", keys=authority("team"), grant=TEAM)
    repository = publish(storage, before, tagged(after), now=NOW, expiry=RENEWED).repository
    for day in range(1, days + 1):
        letter = "abcdef"[day % 6]
        edited = tagged(tagged(repository, "1.5", letter), "2", letter, role="team")
        now = NOW + day * DAY
        repository = publish(storage, repository, edited, now=now, expiry=RENEWED).repository
    return repository, storage.files


def grown(storage, days=10):
    """The storage with that history, and the repository as it is then."""
    repository, files = history(days)
    for path, raw in files.items():
        storage.write(path, raw, replacing=None)
    return repository


def pruned(storage, now, older_than=timedelta(0)):
    return set(prune(storage, anchor=anchor_of(storage), now=now, older_than=older_than))


def names(role, *versions):
    return {f"{version}.{role}.json" for version in versions}


def test_earlier_versions_go_once_they_have_expired(storage):
    grown(storage)

    assert 11 == opened(storage).snapshot.version
    # Snapshot n was signed on day n - 1, for seven days.
    assert set() == pruned(storage, NOW + 7 * DAY - timedelta(seconds=1))
    assert names(SNAPSHOT, 1) == pruned(storage, NOW + 7 * DAY)
    assert names(SNAPSHOT, 2, 3, 4) == pruned(storage, ENDS)
    assert set() == pruned(storage, ENDS)


def test_the_newest_of_the_earlier_versions_stays_for_ever(storage):
    grown(storage)
    gone = pruned(storage, NOW + 1000 * DAY)

    assert (
        names(SNAPSHOT, *range(1, 10))
        | names(TARGETS, *range(1, 10))
        | names("team", *range(1, 10))
        == gone
    )
    assert {"1.root.json", "timestamp.json"} | {
        path for role in (SNAPSHOT, TARGETS, "team") for path in names(role, 10, 11)
    } == set(storage.files)


def test_older_than_leaves_time_for_clocks_that_are_behind(storage):
    grown(storage)

    assert set() == pruned(storage, NOW + 8 * DAY, older_than=DAY + timedelta(seconds=1))
    assert names(SNAPSHOT, 1) == pruned(storage, NOW + 8 * DAY, older_than=DAY)


def test_nothing_is_removed_by_looking(storage):
    grown(storage)
    before = storage.files
    found = prunable(storage, anchor=anchor_of(storage), now=ENDS, older_than=HOUR)

    assert before == storage.files
    assert Prunable(paths=tuple(f"{n}.snapshot.json" for n in (1, 2, 3))) == found
    assert found.paths == found.removed_from(storage)
    assert set(before) - set(found.paths) == set(storage.files)


def test_roots_stay(storage):
    repository = grown(storage)
    for days in (400, 800):
        now = NOW + days * DAY
        after = (
            repository.with_keys("root", key("root2"))
            if days == 400
            else repository.without_keys("root", key("root"))
        )
        repository = publish(storage, repository, after, now=now).repository
    pruned(storage, NOW + 10_000 * DAY)

    assert {"1.root.json", "2.root.json", "3.root.json"} <= set(storage.files)


def test_clients_notice_nothing(storage):
    grown(storage)
    memory = MemoryStorage()
    before = seen(storage, memory, ENDS)
    pruned(storage, ENDS)

    assert before == seen(storage, memory, ENDS) == seen(storage, None, ENDS)
    assert fsck(storage, anchor=anchor_of(storage), now=ENDS).sound


def test_a_client_that_is_reading_an_earlier_state_finishes(storage):
    """It has the old timestamp; then somebody publishes, and prunes."""
    repository = grown(storage)

    class Slow(Served):
        def fetch(self, request):
            answer = super().fetch(request)
            if request.path == "timestamp.json" and not done:
                done.append(True)
                publish(storage, repository, tagged(repository, "3"), now=ENDS, expiry=RENEWED)
                pruned(storage, ENDS)
            return answer

    done = []
    asking = client_over(Slow(storage), storage)
    trusted = asking.refresh()

    assert done
    assert 11 == trusted.snapshot.snapshot.role.version
    assert "e" == asking.resolve("acme/app:1.5").digest.hex[0]


def client_over(transport, storage):
    return Updater(
        anchor=anchor_of(storage),
        transport=transport,
        storage=MemoryStorage(),
        policy=Freshness(max_age=timedelta(0)),
        clock=lambda: ENDS,
    )


# -- what stays -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "1.other.json",  # a role that nobody lists
        "2.timestamp.json",  # no file of ours has that name
        "12.targets.json",  # above what is published
        "12.snapshot.json",
        "targets.json",
        "index.html",
        "a/1.targets.json",
        "01.targets.json",
    ],
)
def test_what_is_not_known_to_be_superseded_stays(storage, path):
    grown(storage)
    old = storage.files["1.targets.json"]
    storage.write(path, old, replacing=None)
    pruned(storage, NOW + 10_000 * DAY)

    assert old == storage.files[path]


@pytest.mark.parametrize("raw", [b"", b"{}", b"somebody's notes"])
def test_what_is_no_role_under_a_roles_name_stays_and_stops_nobody(storage, raw):
    grown(storage)
    revision = storage.read("1.targets.json").revision
    storage.write("1.targets.json", raw, replacing=revision)

    gone = pruned(storage, NOW + 1000 * DAY)
    assert names(TARGETS, *range(2, 10)) <= gone
    assert raw == storage.files["1.targets.json"]


def test_a_file_of_another_number_or_kind_than_its_name_says_stays(storage):
    grown(storage)
    for path, other in {
        "1.targets.json": "2.targets.json",
        "1.snapshot.json": "1.team.json",
    }.items():
        revision = storage.read(path).revision
        storage.write(path, storage.files[other], replacing=revision)
    gone = pruned(storage, NOW + 1000 * DAY)

    assert {"1.targets.json", "1.snapshot.json"}.isdisjoint(gone)


def test_what_is_above_the_published_numbers_stays():
    """A publisher may be about to publish it, or versions began anew."""
    world = sound()
    files = {**world.next(3).files(), **world.next(2).files(), **world.next().files()}
    files |= world.files()
    storage = MemoryStorage(files)

    assert () == prune(storage, anchor=anchor_in(files), now=NOW + 1000 * DAY, older_than=HOUR)


def test_what_has_a_roots_name_stays_whatever_it_is():
    """Some snapshots list root; and somebody put a targets role in an old root's place."""
    world = sound().rotated().rotated().rotated()
    listed = {"root": only_version(b"", 4), "timestamp": only_version(b"", 4)}
    meta = world.snapshot.meta.including(listed)
    files = world.edited(SNAPSHOT, meta=meta).stamped().files()
    anchor = Anchor.root(files["4.root.json"])
    for version in (1, 2, 3):
        old = sound().edited(TARGETS, version=version, expires=NOW).raw(TARGETS)
        files |= {f"{version}.root.json": old, f"{version}.timestamp.json": old}
    storage = MemoryStorage(files)

    assert () == prune(storage, anchor=anchor, now=NOW + 1000 * DAY, older_than=HOUR)


def test_without_consistent_snapshots_nothing_is_pruned():
    """Whatever the numbers there are for."""
    files = sound(consistent=False).next(3).files()
    for name in ("targets", "snapshot"):
        for version in (1, 2, 3):
            other = sound().edited(name, version=version).raw(name)
            files[f"{version}.{name}.json"] = other
    storage = MemoryStorage(files)

    assert () == prune(storage, anchor=anchor_in(files), now=NOW + 1000 * DAY, older_than=HOUR)


def test_what_is_not_sound_is_not_pruned():
    world = sound(listing=only_version).next().next()
    world = world.but(by=world.by.including({"team": signers("a stranger")})).sealed()
    storage = MemoryStorage(world.files())

    with pytest.raises(ThresholdError):
        prune(storage, anchor=anchor_in(world.files()), now=NOW + 1000 * DAY, older_than=HOUR)


def test_nonsense_is_refused(storage):
    grown(storage, days=1)
    anchor = anchor_of(storage)

    with pytest.raises(ValueError, match="time zone"):
        prune(storage, anchor=anchor, now=NOW.replace(tzinfo=None), older_than=HOUR)
    with pytest.raises(ValueError, match="older_than"):
        prune(storage, anchor=anchor, now=NOW, older_than=-HOUR)


# -- killed, awaited, and numbers -------------------------------------------------------


class Failing(MemoryStorage):
    """A storage that removes so many files, and then fails."""

    __slots__ = ("left",)

    def delete(self, path):
        if self.left == 0:
            raise StorageError(path, "connection reset")
        self.left -= 1
        super().delete(path)


@pytest.mark.parametrize("removed", range(9))
def test_killed_in_the_middle_nothing_is_worse_and_the_next_run_finishes(storage, removed):
    grown(storage, days=4)
    after = NOW + 1000 * DAY
    whole = MemoryStorage(storage.files)
    everything = pruned(whole, after)
    failing = Failing(storage.files)
    failing.left = removed
    with pytest.raises(StorageError):
        pruned(failing, after)

    assert seen(whole, now=NOW + 4 * DAY) == seen(failing, now=NOW + 4 * DAY)
    failing.left = -1
    rest = pruned(failing, after)
    assert len(everything) - removed == len(rest)
    assert whole.files == failing.files


def test_two_who_prune_at_once_are_as_good_as_one(storage):
    grown(storage)
    anchor = anchor_of(storage)
    one, two = (prunable(storage, anchor=anchor, now=ENDS, older_than=HOUR) for _ in range(2))

    assert one.removed_from(storage) == two.removed_from(storage)
    assert fsck(storage, anchor=anchor, now=ENDS).sound


def test_numbers_of_pruned_files_are_not_used_again(storage):
    repository = grown(storage)
    pruned(storage, NOW + 1000 * DAY)
    receipt = publish(storage, opened(storage), tagged(opened(storage), "3"), now=ENDS)

    assert ("12.targets.json", "12.snapshot.json", "timestamp.json") == receipt.written
    assert repository.timestamp.version + 1 == receipt.repository.timestamp.version


def test_nor_are_they_where_versions_begin_anew(storage):
    """Somebody made the version so high that none is left; and before that was noticed, it was pruned."""
    repository = grown(storage)
    high = attrs.evolve(repository.targets[TARGETS], version=2**53 - 2)
    snapshot = attrs.evolve(
        repository.snapshot,
        version=2**53 - 2,
        meta=repository.snapshot.meta.including(
            {TARGETS: attrs.evolve(repository.snapshot.meta[TARGETS], version=2**53 - 2)}
        ),
    )
    timestamp = attrs.evolve(
        repository.timestamp,
        snapshot=attrs.evolve(repository.timestamp.snapshot, version=2**53 - 2),
    )
    storage.write(f"{2**53 - 2}.targets.json", file_of(high, signers("alice")), replacing=None)
    storage.write(
        f"{2**53 - 2}.snapshot.json", file_of(snapshot, signers("online")), replacing=None
    )
    storage.write(
        "timestamp.json",
        file_of(timestamp, signers("online")),
        replacing=storage.read("timestamp.json").revision,
    )
    pruned(storage, NOW + 1000 * DAY)

    before = opened(storage)
    after = before
    for role in (TIMESTAMP, SNAPSHOT):
        after = after.with_keys(role, key("online2")).without_keys(role, key("online"))
    plan = planned(before, after, now=ENDS, restarting=[TARGETS, SNAPSHOT])
    receipt = signed(plan).publication().apply(storage)

    assert {"12.targets.json", "12.snapshot.json"} < set(receipt.written)


def test_a_role_that_comes_back_goes_on_counting(storage):
    repository = grown(storage)
    repository = publish(
        storage, repository, repository.without_delegation("team"), now=ENDS
    ).repository
    pruned(storage, NOW + 1000 * DAY)
    before = opened(storage)
    after = before.with_delegation("team", keys=authority("team2"), grant=TEAM)
    receipt = publish(storage, before, after, now=ENDS)

    assert "12.team.json" in receipt.written
    assert names("team", 10, 11, 12) <= set(storage.files)


def test_it_can_be_awaited(storage):
    grown(storage)
    asked = {"anchor": anchor_of(storage), "now": ENDS, "older_than": HOUR}
    expected = prunable(storage, **asked)
    threaded = ThreadedRepositoryStorage(storage)

    assert expected == asyncio.run(aprunable(threaded, **asked))
    assert expected.paths == asyncio.run(aprune(threaded, **asked))
    assert not prunable(storage, **asked).paths


def test_a_directory_is_pruned(storage, tmp_path):
    grown(storage)
    directory = FileStorage.public(tmp_path)
    for path, raw in storage.files.items():
        directory.write(path, raw, replacing=None)
    gone = prune(directory, anchor=anchor_of(storage), now=ENDS, older_than=HOUR)

    assert pruned(storage, ENDS, HOUR) == set(gone)
    assert set(storage.files) == set(directory.list())


def test_only_what_may_be_removed_is_read(storage):
    """A run over a million files that are not due must not read them all."""
    grown(storage)
    read = []

    class Counting(MemoryStorage):
        def read(self, path):
            read.append(path)
            return super().read(path)

    prune(Counting(storage.files), anchor=anchor_of(storage), now=NOW, older_than=HOUR)

    old = {path for path in read if not path.startswith("11.") and path[0].isdigit()}
    assert {"1.targets.json", "1.team.json", "1.snapshot.json"} == old - {
        "1.root.json",
        "2.root.json",
    }
