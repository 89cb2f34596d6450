"""A renewer is not alone: others renew, publishers publish, and machines stop in the middle."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import attrs
import pytest
from core.worlds import DAY, NOW, signer
from plain.environment import PLAINLY
from publish.desks import (
    FailingAfter,
    Interrupted,
    anchor_of,
    authority,
    client,
    key,
    opened,
    planned,
    publish,
    seen,
    signed,
    tagged,
)
from publish.renewers import HOUR, RENEWER, put, role, versions
from publish.renewers import renew as renewed_by

from trustlib import (
    RENEWED,
    TARGETS,
    TIMESTAMP,
    ConflictError,
    FileStorage,
    MemoryStorage,
    SigningError,
    StorageError,
)
from trustlib.publish import LapsedError, Publisher, Renewed, Unchanged

BOTH = attrs.evolve(RENEWED, snapshot=DAY)
"""Both are due after half a day."""
LATER = NOW + 12 * HOUR
ROBOT = attrs.evolve(RENEWER, expiry=BOTH)
STAMP = attrs.evolve(ROBOT, signers=(signer("online2"),))
"""Whose key is on its way in; it signs timestamps only."""


def renew(storage, memory, now, renewer=ROBOT, anchor=None):
    return renewed_by(storage, memory, now, renewer, anchor)


@pytest.fixture
def storage():
    storage = MemoryStorage()
    put(storage, BOTH)
    return storage


@pytest.fixture
def memory():
    return MemoryStorage()


def follows(storage, memory=None, now=NOW + 13 * HOUR):
    """What a client that comes an hour later believes."""
    return seen(storage, memory, now)


# -- killed -----------------------------------------------------------------------------


@pytest.mark.parametrize("writes", [0, 1])
def test_killed_between_its_writes_it_leaves_the_old_state_and_finishes_next_time(
    storage, memory, writes
):
    watching = MemoryStorage()
    with pytest.raises(StorageError, match="no space left"):
        renew(FailingAfter(storage, writes), memory, LATER, anchor=anchor_of(storage))

    assert {"1.4": "a"} == follows(storage, watching)
    assert (1, 1) == versions(storage)

    done = renew(storage, memory, LATER + HOUR)
    assert (f"{2 + writes}.snapshot.json", "timestamp.json") == done.written
    assert {"1.4": "a"} == follows(storage, watching, NOW + 30 * HOUR)


def test_killed_before_it_could_remember_it_goes_on_from_what_it_wrote(storage, memory):
    renew(storage, memory, NOW)
    renew(storage, Full(memory), LATER - HOUR)
    with pytest.raises(StorageError):
        renew(storage, Full(memory), LATER)
    assert (2, 2) == versions(storage)

    assert isinstance(renew(storage, memory, LATER), Unchanged)
    assert (2, 2) == versions(storage)


class Full:
    """A memory that cannot be written to."""

    def __init__(self, memory):
        self.memory = memory

    def load(self, name):
        return self.memory.load(name)

    def save(self, name, data, *, replacing):
        raise StorageError(name, "no space left on device")


class Overtaken(Full):
    """A memory in which somebody else gets a turn before the first write."""

    def __init__(self, memory, turn):
        self.memory, self.turn = memory, turn

    def save(self, name, data, *, replacing):
        turn, self.turn = self.turn, lambda: None
        turn()
        return self.memory.save(name, data, replacing=replacing)


def test_what_another_renewer_remembered_meanwhile_stays(storage, memory):
    """It comes after our last write, and before we remember what that was."""
    renew(storage, memory, NOW)
    seen_later = []

    class Slow(FailingAfter):
        def write(self, path, data, *, replacing):
            revision = self.storage.write(path, data, replacing=replacing)
            if path == "timestamp.json":
                renew(storage, memory, LATER + 12 * HOUR)
                seen_later.append(memory.files)
            return revision

    renew(Slow(storage, 0), memory, LATER, anchor=anchor_of(storage))

    assert 3 == role(storage).version
    assert [memory.files] == seen_later


def test_where_one_thing_was_remembered_meanwhile_the_rest_is_left_to_whoever_did(storage, memory):
    renew(storage, memory, NOW)
    before = memory.files
    floors = ".trustlib/floors"

    def turn():
        assert memory.save(floors, b"theirs", replacing=before[floors])

    renew(storage, Overtaken(memory, turn), LATER, anchor=anchor_of(storage))

    assert before.including({floors: b"theirs"}) == memory.files


# -- several renewers -------------------------------------------------------------------


@pytest.mark.parametrize("writes", [0, 1])
def test_of_two_renewers_one_wins_and_the_other_is_content(storage, memory, writes):
    other = MemoryStorage()
    between = Interrupted(storage, writes, lambda: renew(storage, other, LATER))

    done = renew(between, memory, LATER, anchor=anchor_of(storage))

    assert isinstance(done, Unchanged if writes else Renewed)
    assert 2 == role(storage).version
    assert {"1.4": "a"} == follows(storage)
    assert isinstance(renew(storage, memory, LATER), Unchanged)


def test_two_that_write_the_very_same_both_have_written(storage, memory):
    """Ed25519 has one signature for one message, so the other's files are these."""
    renew_other = Interrupted(storage, 0, lambda: renew(storage, MemoryStorage(), LATER))
    anchor = anchor_of(storage)

    done = renew(renew_other, memory, LATER, anchor=anchor)

    assert ("2.snapshot.json", "timestamp.json") == done.written
    assert (2, 2) == versions(storage)


def test_one_that_is_overtaken_again_and_again_gives_up(storage, memory):
    """Somebody replaces the timestamp by one that is about to expire before each of its writes."""

    class Busy(FailingAfter):
        def write(self, path, data, *, replacing):
            if path == "timestamp.json":
                before = opened(storage)
                publish(storage, before, before, now=NOW, expiry=BOTH, renewing=[TIMESTAMP])
                self.left += 1
            return self.storage.write(path, data, replacing=replacing)

    busy = Busy(storage, 0)
    with pytest.raises(ConflictError):
        renew(busy, memory, LATER, anchor=anchor_of(storage))

    assert 10 == busy.left


def test_renewers_in_threads_renew_once(storage):
    """With one memory for all of them."""
    anchor, memory, begin = anchor_of(storage), MemoryStorage(), Barrier(8)

    def one(_):
        begin.wait()
        return renew(storage, memory, LATER, anchor=anchor)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(8)))

    assert 1 <= sum(isinstance(outcome, Renewed) for outcome in outcomes)
    assert 2 == role(storage).version
    assert {"1.4": "a"} == follows(storage)
    assert isinstance(renew(storage, memory, LATER), Unchanged)


PROCESS = """
import sys
from pathlib import Path
from core.worlds import NOW, signer
from publish.renewers import HOUR, RENEWER
from trustlib import Anchor, FileStorage
site = Path(sys.argv[1])
for hours in range(12, 240, 12):
    RENEWER.renewed(
        FileStorage.public(site),
        anchor=Anchor.root((site / "1.root.json").read_bytes()),
        memory=FileStorage(sys.argv[2]),
        now=NOW + hours * HOUR,
    )
print("done")
"""


def test_renewers_in_processes_follow_one_another(tmp_path):
    """On one directory: 19 renewals are due, and each is made once."""
    storage = MemoryStorage()
    put(storage)
    site = FileStorage.public(tmp_path / "site")
    for path in storage.list():
        site.write(path, storage.files[path], replacing=None)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, tmp_path / "site", tmp_path / f"memory {number}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=PLAINLY,
        )
        for number in range(3)
    ]
    answers = [process.communicate(timeout=120) for process in processes]

    assert [("done\n", "")] * 3 == answers
    there = MemoryStorage({path: site.read(path).data for path in site.list()})
    assert 20 == role(there).version
    assert {"1.4": "a"} == seen(there, None, NOW + 239 * HOUR)


# -- publishers -------------------------------------------------------------------------


def test_a_publisher_who_is_faster_keeps_what_they_published(storage):
    """The renewer looks again, and finds that nothing is due any more."""
    anchor = anchor_of(storage)

    def turn():
        before = opened(storage)
        publish(storage, before, tagged(before, "1.5", "b"), now=LATER, expiry=BOTH)

    for writes in (0, 1):
        done = renew(Interrupted(storage, writes, turn), MemoryStorage(), LATER, anchor=anchor)
        assert isinstance(done, Unchanged)
        assert {"1.4": "a", "1.5": "b"} == follows(storage)
        put_back(storage)


def put_back(storage):
    for path in tuple(storage.list()):
        storage.delete(path)
    put(storage, BOTH)


def test_a_publisher_who_is_slower_publishes_on_top(storage, memory):
    """Killed by nobody, and overtaken between any two of its writes."""
    anchor = anchor_of(storage)
    robot = Publisher(
        anchor=anchor,
        signers=[signer("alice"), signer("online")],
        expiry=BOTH,
        clock=lambda: LATER,
    )
    for writes in range(3):
        put_back(storage)
        memory = MemoryStorage()
        between = Interrupted(storage, writes, lambda memory=memory: renew(storage, memory, LATER))
        robot.retrying(lambda before: tagged(before, "1.5", "b"), between)

        assert {"1.4": "a", "1.5": "b"} == follows(storage)
        assert isinstance(renew(storage, memory, LATER), Unchanged)


def test_what_changed_while_it_was_read_is_read_again(storage, memory):
    """Half of one state and half of the next is a state that nobody published."""

    class Moving(FailingAfter):
        def read(self, path):
            file = self.storage.read(path)
            if path == "timestamp.json" and self.left:
                self.left -= 1
                return attrs.evolve(file, data=file.data.replace(b"sig", b"gis"))
            return file

        def write(self, path, data, *, replacing):
            return self.storage.write(path, data, replacing=replacing)

    done = renew(Moving(storage, 1), memory, LATER, anchor=anchor_of(storage))

    assert ("2.snapshot.json", "timestamp.json") == done.written


def test_a_slow_publisher_and_a_renewer_do_not_share_a_snapshot(storage, memory):
    """The publisher's lies there unpublished; the renewer takes the next number, and keeps out."""
    before = opened(storage)
    plan = signed(planned(before, tagged(before, "1.5", "b"), now=LATER, expiry=BOTH))
    with pytest.raises(StorageError):
        plan.publication().apply(FailingAfter(storage, 2))
    assert "2.snapshot.json" in storage.files

    done = renew(storage, memory, LATER)

    assert ("3.snapshot.json", "timestamp.json") == done.written
    assert {"1.4": "a"} == follows(storage)
    with pytest.raises(ConflictError):
        plan.publication().apply(storage)


# -- a root on its way ------------------------------------------------------------------


def on_its_way(storage, role_of, **more):
    """Somebody replaces a key, and is stopped between the timestamp and the root."""
    before = opened(storage)
    after = before.with_authority(role_of, authority("online2"))
    plan = signed(planned(before, after, now=NOW, expiry=BOTH, **more))
    publication = plan.publication()
    with pytest.raises(StorageError):
        publication.apply(FailingAfter(storage, len(publication.writes) - 1))


def test_a_root_that_waits_for_the_timestamp_is_put_into_its_place(storage, memory):
    """Else the next timestamp would let it wait for ever, and the old key would stay."""
    on_its_way(storage, TIMESTAMP)
    renew(storage, memory, NOW)

    done = renew(storage, memory, LATER, STAMP)

    assert ("2.root.json", "timestamp.json") == done.written
    assert [] == [path for path in storage.list() if path.startswith("coming/")]
    assert authority("online2") == opened(storage).root.authority(TIMESTAMP)
    assert {"1.4": "a"} == follows(storage)


def test_what_cannot_be_removed_stays_and_is_no_failure(storage, memory):
    class Append(FailingAfter):
        def delete(self, path):
            raise StorageError(path, "access denied")

    on_its_way(storage, TIMESTAMP)
    done = renew(Append(storage, 2), memory, LATER, STAMP, anchor=anchor_of(storage))

    assert ("2.root.json", "timestamp.json") == done.written
    assert isinstance(renew(storage, memory, LATER, STAMP), Unchanged)


def test_nobody_looks_for_it_where_nothing_is_due(storage, memory):
    on_its_way(storage, TIMESTAMP)

    assert isinstance(renew(storage, memory, NOW), Unchanged)
    assert "2.root.json" not in storage.files


@pytest.mark.parametrize("lost", [[], [key("online")]])
def test_a_root_that_came_into_its_place_while_we_read_is_seen(storage, memory, lost):
    """Else the old key would sign on top of the new timestamp, and clients refuse that."""

    def rotated():
        before = opened(storage)
        after = before.with_authority(TIMESTAMP, authority("online2"))
        signed(planned(before, after, now=LATER, expiry=BOTH, lost=lost)).publication().apply(
            storage
        )

    class Moving(FailingAfter):
        def read(self, path):
            file = self.storage.read(path)
            if path == "2.root.json" and self.left:
                self.left -= 1
                rotated()
            return file

    with pytest.raises(SigningError, match="of its keys, got 0"):
        renew(Moving(storage, 1), memory, LATER, anchor=anchor_of(storage))

    assert {"1.4": "a"} == follows(storage)
    assert (2, 1) == versions(storage)


def test_a_collection_that_clients_refuse_until_its_root_is_there_is_mended(storage, memory):
    """The old key was lost, so what is published is good under the new root only."""
    on_its_way(storage, TIMESTAMP, lost=[key("online")])
    with pytest.raises(Exception, match="signed by 0 of 1"):
        client(storage).refresh()

    done = renew(storage, memory, LATER, STAMP)

    assert ("2.root.json", "timestamp.json") == done.written
    assert {"1.4": "a"} == follows(storage)


def test_a_renewer_whose_key_is_on_its_way_out_signs_nothing(storage, memory):
    on_its_way(storage, TIMESTAMP)
    before = storage.files

    with pytest.raises(SigningError):
        renew(storage, memory, LATER)

    assert before == storage.files


@pytest.mark.parametrize(("name", "renewer"), [(TIMESTAMP, STAMP), (TARGETS, ROBOT)])
def test_a_root_that_waits_makes_nobody_known(storage, memory, name, renewer):
    """To look twice is not to have seen it before."""
    on_its_way(storage, name)

    with pytest.raises(LapsedError) as error:
        renew(storage, memory, NOW + DAY, renewer)

    assert error.value.grace is None


def test_what_is_no_root_waits_for_nothing(storage, memory):
    on_its_way(storage, TIMESTAMP)
    [path] = [path for path in storage.list() if path.startswith("coming/")]
    storage.write(path, b"{}", replacing=storage.read(path).revision)

    done = renew(storage, memory, LATER)

    assert ("2.snapshot.json", "timestamp.json") == done.written
    assert b"{}" == storage.files[path]


def test_killed_after_the_root_it_finishes_next_time(storage, memory):
    on_its_way(storage, TIMESTAMP)
    with pytest.raises(StorageError):
        renew(FailingAfter(storage, 1), memory, LATER, STAMP, anchor_of(storage))
    assert {"1.4": "a"} == follows(storage)

    done = renew(storage, memory, LATER, STAMP)

    assert ("timestamp.json",) == done.written
    assert {"1.4": "a"} == follows(storage)
