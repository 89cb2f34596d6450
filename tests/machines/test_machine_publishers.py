"""Publishers at once, and publishers that are killed, on each storage there is."""

import os
import tempfile
import threading
from pathlib import Path

import pytest
from core.worlds import NOW
from machines.publisher_killed import EDITS
from machines.publishers import all_there, looking, publishing
from machines.replay import accepted
from machines.stage import played
from machines.storages import Killing, Noting
from publish.desks import anchor_of, created, publish, tagged
from storage.buckets import s3_server

from trustlib import MemoryStorage

SLOW = pytest.mark.slow
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")


@pytest.fixture
def directory():
    """An empty directory, in memory where that can be had: these plays write and sync a lot."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def endpoint():
    """A server of objects, in a process of its own."""
    with s3_server() as url:
        yield url


@pytest.fixture(params=["file", "s3"])
def kind(request):
    """What to publish on, in a line that other processes understand."""
    if request.param == "file":
        return "file"
    url = request.getfixturevalue("endpoint")
    from storage.buckets import new_bucket

    return f"s3 {url} {new_bucket(url)}"


# -- at once ----------------------------------------------------------------------------


@posix
def test_a_few_publishers_at_once_lose_nothing(kind, directory):
    states = int(played("publishers", directory, kind, 4, 5))

    assert states > 20


@posix
@SLOW
def test_sixteen_publishers_at_once_lose_nothing(kind, directory):
    """Every state is accepted by a client that looks on, by ours and by python-tuf's."""
    states = int(played("publishers", directory, kind, 16, 50))

    assert states > 800


def publishing_threads(publishers, times):
    storage, done = MemoryStorage(), threading.Event()
    begun = Noting(storage, [])
    publish(begun, created(), tagged(created()), now=NOW)
    anchor, notes, failed = anchor_of(storage), [*begun.notes], []

    def caught(work, *arguments):
        try:
            notes.extend(work(*arguments) or ())
        except BaseException as error:
            failed.append(error)

    watcher = threading.Thread(target=caught, args=(looking, anchor, storage, done))
    workers = [
        threading.Thread(target=caught, args=(publishing, anchor, number, times, storage))
        for number in range(publishers)
    ]
    for thread in (watcher, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    done.set()
    watcher.join()
    assert [] == failed
    all_there(anchor, storage, publishers, times)
    return accepted(notes)


def test_a_few_threads_at_once_lose_nothing():
    assert publishing_threads(4, 5) > 20


@SLOW
def test_sixteen_threads_at_once_lose_nothing():
    assert publishing_threads(16, 50) > 800


# -- killed -----------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    "edit", [name if name == "timestamp" else pytest.param(name, marks=SLOW) for name in EDITS]
)
def test_a_publisher_that_is_killed_before_any_write_loses_nothing(kind, directory, edit):
    """Clients accept whatever it leaves, and the edit comes when somebody applies it again."""
    writes = int(played("publisher_killed", directory, kind, edit))

    assert {"root": 1, "tag": 3}.get(edit, 3) <= writes


class Killed(BaseException):
    """What stops a thread that would be killed if it were a process."""


@pytest.mark.parametrize("edit", EDITS)
def test_a_thread_that_is_stopped_before_any_write_loses_nothing(edit, tmp_path):
    from machines import publisher_killed as play

    def stopped():
        raise Killed

    for writes in range(12):
        storage = MemoryStorage()
        publish(storage, created(), tagged(created()), now=NOW)
        publisher, memory, theirs = play.publisher(anchor_of(storage)), MemoryStorage(), tmp_path
        theirs = tmp_path / str(writes)
        theirs.mkdir()
        try:
            publisher.retrying(EDITS[edit], Killing(storage, writes, stopped))
        except Killed:
            over = False
        else:
            over = True
        play.accepted(storage, memory, theirs)
        receipt = publisher.retrying(EDITS[edit], storage)
        play.accepted(storage, memory, theirs)
        assert receipt.repository.targets == EDITS[edit](receipt.repository).targets
        if over:
            break
    assert over
