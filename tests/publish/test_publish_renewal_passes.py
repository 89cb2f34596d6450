"""One pass over all collections of a storage: each by itself, in little memory, to be gone on with."""

import tracemalloc
from functools import cache

import attrs
import pytest
from core.worlds import DAY, NOW
from publish.desks import anchor_of
from publish.renewers import HOUR, RENEWER, put, role

from trustlib import (
    BY_HAND,
    Anchor,
    MemoryStorage,
    NotFoundError,
    RepositoryStorage,
    RollbackError,
    StorageError,
)
from trustlib.publish import (
    Failed,
    LapsedError,
    Progress,
    Renewed,
    Unchanged,
    kept_in,
    renewals,
)
from trustlib.storage import Prefixed

LATER = NOW + 12 * HOUR
NAMES = ("", "acme/app/", "acme/db/", "other/")


@cache
def site():
    """A collection's files."""
    storage = MemoryStorage()
    put(storage)
    return storage.files


def filled(*names, files=None):
    return MemoryStorage(
        {f"{name}{path}": raw for name in names for path, raw in (files or site()).items()}
    )


class Memories:
    """A memory for each collection."""

    def __init__(self):
        self.of = {}

    def __call__(self, name):
        return self.of.setdefault(name, MemoryStorage())

    @property
    def files(self):
        return {name: memory.files for name, memory in self.of.items()}


def anchors(_name):
    return Anchor.root(site()["1.root.json"])


def passed(storage, memories, now=LATER, renewer=RENEWER, **more):
    given = {"anchors": anchors, "memories": memories, "now": now, **more}
    return list(renewals(renewer, storage, **given))


def names_of(steps):
    return [step.name for step in steps]


def test_every_collection_is_renewed_below_its_prefix():
    storage, memories = filled(*NAMES), Memories()
    steps = passed(storage, memories)

    assert list(NAMES) == names_of(steps)
    assert all(step.outcome.written == ("timestamp.json",) for step in steps)
    for name in NAMES:
        assert 2 == role(MemoryStorage(dict(below(storage, name)))).version


def below(storage, name):
    view = Prefixed(storage, name)
    return [(path, view.read(path).data) for path in view.list()]


def test_a_pass_over_what_is_fresh_writes_nothing():
    storage, memories = filled(*NAMES), Memories()
    passed(storage, memories)
    before, remembered = storage.files, memories.files

    steps = passed(storage, memories, LATER + HOUR)

    assert [Unchanged] * 4 == [type(step.outcome) for step in steps]
    assert (before, remembered) == (storage.files, memories.files)


def test_progress_says_how_far_a_pass_is_and_when_the_next_is_due():
    storage, memories = filled(*NAMES), Memories()
    storage.delete("acme/db/1.snapshot.json")
    storage.write(
        "other/timestamp.json", b"{}", replacing=storage.read("other/timestamp.json").revision
    )
    short = MemoryStorage()
    put(short, attrs.evolve(BY_HAND, root=DAY))
    storage = MemoryStorage({**storage.files, **filled("z/", files=short.files).files})
    roots = {"z/": anchor_of(short)}

    steps = passed(storage, memories, anchors=lambda name: roots.get(name, anchors(name)))

    assert Progress(done=1, renewed=1, due=LATER + 12 * HOUR) == steps[0].progress
    assert (
        Progress(done=5, renewed=2, failed=2, ending=1, due=LATER + 12 * HOUR) == steps[-1].progress
    )
    assert Progress() == Progress(done=0, renewed=0, failed=0, ending=0, due=None)


def test_the_earliest_moment_counts():
    early, late = (Unchanged(valid_until=LATER, due=due) for due in (NOW, LATER))

    assert NOW == Progress().after(early).after(late).due
    assert NOW == Progress().after(late).after(early).due
    assert Progress(done=1, failed=1) == Progress().after(Failed(StorageError("a", "b")))


def test_one_broken_collection_stops_nothing():
    storage, memories = filled(*NAMES), Memories()
    passed(storage, memories)
    old = site()["timestamp.json"]
    there = storage.read("acme/db/timestamp.json").revision
    storage.write("acme/db/timestamp.json", old, replacing=there)

    steps = passed(storage, memories, LATER + 12 * HOUR)

    assert list(NAMES) == names_of(steps)
    assert [Renewed, Renewed, Failed, Renewed] == [type(step.outcome) for step in steps]
    assert isinstance(steps[2].outcome.error, RollbackError)


def test_a_collection_without_an_anchor_or_a_memory_stops_nothing():
    def no_anchor(name):
        if name == "other/":
            raise NotFoundError(name, "nobody said what to trust of it")
        return anchors(name)

    def full(name):
        if name == "acme/db/":
            raise StorageError(name, "no space left on device")
        return MemoryStorage()

    steps = passed(filled(*NAMES), full, anchors=no_anchor)

    assert [Renewed, Renewed, Failed, Failed] == [type(step.outcome) for step in steps]


def test_one_collections_memory_is_not_anothers():
    """One that expired is refused, though others are remembered."""
    storage, memories = filled("a/"), Memories()
    passed(storage, memories)
    both = MemoryStorage({**storage.files, **filled("b/").files})

    steps = passed(both, memories, LATER + DAY)

    assert [Renewed, Failed] == [type(step.outcome) for step in steps]
    assert isinstance(steps[1].outcome.error, LapsedError)


def test_a_list_that_cannot_be_read_is_the_callers_business():
    class Locked(MemoryStorage):
        def list(self):
            raise StorageError(".", "permission denied")

    with pytest.raises(StorageError):
        passed(Locked(), Memories())


def test_a_mistake_of_the_caller_is_none_of_a_collections_outcomes():
    with pytest.raises(ValueError, match="time zone"):
        passed(filled("a/"), Memories(), NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="at_once"):
        passed(filled("a/"), Memories(), at_once=0)


# -- stopped and gone on with -----------------------------------------------------------


def test_a_pass_that_was_stopped_goes_on_after_the_last_one_it_did():
    storage, memories = filled(*NAMES), Memories()
    walk = renewals(RENEWER, storage, anchors=anchors, memories=memories, now=LATER)
    last = [next(walk), next(walk)][-1]
    walk.close()

    steps = passed(storage, memories, after=last.name)

    assert ["acme/db/", "other/"] == names_of(steps)
    assert all(isinstance(step.outcome, Renewed) for step in steps)
    assert [] == passed(storage, memories, after="other/")


def test_a_pass_that_cannot_find_where_it_was_begins_anew():
    """Else the removal of one collection would let all others expire."""
    storage, memories = filled(*NAMES), Memories()

    assert list(NAMES) == names_of(passed(storage, memories, after="gone/"))


def test_what_a_stopped_pass_did_is_not_done_again():
    storage, memories = filled(*NAMES), Memories()
    walk = renewals(RENEWER, storage, anchors=anchors, memories=memories, now=LATER)
    next(walk)
    walk.close()

    steps = passed(storage, memories)

    assert [Unchanged, Renewed, Renewed, Renewed] == [type(step.outcome) for step in steps]


# -- many -------------------------------------------------------------------------------


class Generated:
    """A storage that holds as many collections as one likes, all alike, and counts."""

    def __init__(self, count):
        self.count, self.written, self.most, self.listed, self.done = count, 0, 0, 0, 0

    def read(self, path):
        _, _, file = path.partition("/")
        raw = site().get(file)
        return None if raw is None else MemoryStorage({"a": raw}).read("a")

    def write(self, path, data, *, replacing):
        self.written += 1
        return MemoryStorage({"a": data}).read("a").revision

    def list(self):
        for number in range(self.count):
            self.listed += 1
            self.most = max(self.most, self.listed - self.done)
            yield f"{number}/1.root.json"
            yield f"{number}/timestamp.json"

    def delete(self, path):
        raise AssertionError(path)


def test_a_pass_over_many_unchanged_collections_writes_nothing():
    storage: RepositoryStorage = Generated(400)
    memory = MemoryStorage()
    RENEWER.renewed(Prefixed(storage, "0/"), anchor=anchors(""), memory=memory, now=NOW)
    remembered = memory.files

    steps = passed(storage, lambda _: memory, NOW + HOUR)

    assert 400 == len(steps) == steps[-1].progress.done
    assert 0 == storage.written
    assert remembered == memory.files


def test_a_pass_holds_a_few_collections_in_memory_however_many_there_are():
    """The list is lazy, and so is all that comes after it."""

    def peak(count):
        storage = Generated(count)
        tracemalloc.start()
        for step in renewals(
            RENEWER,
            storage,
            anchors=anchors,
            memories=lambda _: MemoryStorage(),
            now=LATER,
            at_once=4,
        ):
            storage.done = step.progress.done
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (count, count) == (storage.done, storage.written)
        assert storage.most <= 5
        return held

    peak(30)  # what is loaded on first use is not counted
    assert peak(120) < 3 * peak(30)


@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_several_at_once_come_in_the_order_of_the_list(at_once):
    names = [f"{number}/" for number in range(20)]
    storage, memories = filled(*names), Memories()

    steps = passed(storage, memories, at_once=at_once)

    assert names == names_of(steps)
    assert 20 == steps[-1].progress.renewed


def test_who_stops_a_pass_waits_for_those_at_work_and_no_others():
    storage = Generated(1_000)
    walk = renewals(
        RENEWER,
        storage,
        anchors=anchors,
        memories=lambda _: MemoryStorage(),
        now=LATER,
        at_once=3,
    )
    next(walk)
    walk.close()

    assert storage.listed <= 3


def test_memories_are_directories_that_differ_wherever_names_do(tmp_path):
    memories = kept_in(tmp_path)
    names = ["", "a/", "A/", "a", "a/b/", "a%2Fb/", "con/", "~root/", "x" * 300 + "/", "of-"]
    places = {str(memories(name).directory).casefold() for name in names}

    assert len(names) == len(places)
    assert {str(tmp_path).casefold()} == {place.rpartition("/")[0] for place in places}
    assert memories("a/") == kept_in(str(tmp_path))("a/")


def test_memories_on_disk_are_floors_for_the_next_process(tmp_path):
    storage = filled("acme/app/")
    passed(storage, kept_in(tmp_path))
    there = storage.read("acme/app/timestamp.json").revision
    storage.write("acme/app/timestamp.json", site()["timestamp.json"], replacing=there)

    [step] = passed(storage, kept_in(tmp_path))

    assert isinstance(step.outcome.error, RollbackError)
