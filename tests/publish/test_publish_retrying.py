"""An edit that is applied again to whatever others published in between."""

import asyncio
import threading

import pytest
from core.worlds import NOW, SECOND, signer
from publish.desks import (
    FailingAfter,
    Interrupted,
    anchor_of,
    authority,
    opened,
    planned,
    publish,
    seen,
    signed,
    tagged,
)

from trustlib import (
    BY_HAND,
    TARGETS,
    TIMESTAMP,
    ConflictError,
    MemoryStorage,
    RollbackError,
    SigningError,
    StorageError,
    ThresholdError,
)
from trustlib.publish import AsyncPublisher, Publisher
from trustlib.signing import InThread
from trustlib.storage import ThreadedRepositoryStorage

SIGNERS = ("root", "alice", "online")


class Sync:
    """The publisher that waits."""

    def __init__(self, storage, names=SIGNERS, **more):
        self.publisher = Publisher(
            anchor=anchor_of(storage),
            signers=[signer(name) for name in names],
            expiry=BY_HAND,
            clock=lambda: NOW,
            **more,
        )

    def __call__(self, edit, storage, **more):
        return self.publisher.retrying(edit, storage, **more)


class Awaited:
    """The publisher that is awaited."""

    def __init__(self, storage, names=SIGNERS, **more):
        self.publisher = AsyncPublisher(
            anchor=anchor_of(storage),
            signers=[InThread(signer(name)) for name in names],
            expiry=BY_HAND,
            clock=lambda: NOW,
            **more,
        )

    def __call__(self, edit, storage, **more):
        job = self.publisher.retrying(edit, ThreadedRepositoryStorage(storage), **more)
        return asyncio.run(job)


@pytest.fixture(params=[Sync, Awaited])
def publisher(request):
    return request.param


def edit(tag, letter="b"):
    return lambda repository: tagged(repository, tag, letter)


def theirs(storage, times):
    """Somebody who publishes just before our write, so many times."""
    done = []

    def turn():
        if len(done) < times:
            before = opened(storage)
            letter = "cdef"[len(done) % 4]
            done.append(publish(storage, before, tagged(before, "1.6", letter), now=NOW + SECOND))

    return turn


class Overtaken:
    """A storage on which somebody else is faster, each time, so often."""

    def __init__(self, storage, turn):
        self.storage, self.turn = storage, turn

    def write(self, path, data, *, replacing):
        if path == "timestamp.json":
            self.turn()
        return self.storage.write(path, data, replacing=replacing)

    def __getattr__(self, name):
        return getattr(self.storage, name)


@pytest.mark.parametrize("times", [0, 1, 5])
def test_an_edit_is_applied_to_what_the_others_published(storage, published, publisher, times):
    publish_edit = publisher(storage)

    receipt = publish_edit(edit("1.5"), Overtaken(storage, theirs(storage, times)))

    assert receipt.repository == opened(storage)
    won = {} if times == 0 else {"1.6": "cdef"[(times - 1) % 4]}
    assert {"1.4": "a", "1.5": "b", **won} == seen(storage)
    assert 2 + times == receipt.repository.timestamp.version


def test_who_is_never_fast_enough_is_told_so(storage, published, publisher):
    publish_edit = publisher(storage, attempts=3)

    with pytest.raises(ConflictError):
        publish_edit(edit("1.5"), Overtaken(storage, theirs(storage, 100)))

    assert {"1.4": "a", "1.6": "e"} == seen(storage)


def test_an_edit_that_changes_nothing_writes_nothing(storage, published, publisher):
    files = storage.files

    receipt = publisher(storage, names=())(lambda repository: repository, storage)

    assert ((), files) == (receipt.written, storage.files)
    assert receipt.repository == opened(storage)


def test_what_a_killed_publisher_left_is_finished(storage, published, publisher):
    after = published.with_authority(TIMESTAMP, authority("online2"))
    with pytest.raises(StorageError):
        signed(planned(published, after, now=NOW)).publication().apply(FailingAfter(storage, 2))

    receipt = publisher(storage, names=())(lambda repository: repository, storage)

    assert ("2.root.json",) == receipt.written


def test_roles_can_be_renewed(storage, published, publisher):
    receipt = publisher(storage)(lambda repository: repository, storage, renewing=[TARGETS])

    assert 2 == receipt.repository.targets[TARGETS].version


def test_signers_that_are_not_enough_publish_nothing(storage, published, publisher):
    files = storage.files

    with pytest.raises(ThresholdError) as error:
        publisher(storage, names=("online",))(edit("1.5"), storage)

    assert (TARGETS, files) == (error.value.role, storage.files)


def test_an_edit_that_raises_publishes_nothing(storage, published, publisher):
    files = storage.files

    def wrong(repository):
        return repository.without_keys(TARGETS, signer("carol").key)

    with pytest.raises(SigningError):
        publisher(storage)(wrong, storage)

    assert files == storage.files


def test_a_full_disk_is_no_conflict(storage, published, publisher):
    with pytest.raises(StorageError, match="no space left") as error:
        publisher(storage)(edit("1.5"), FailingAfter(storage, 1))

    assert not isinstance(error.value, ConflictError)


def test_a_publisher_with_a_memory_is_not_rolled_back(storage, published, publisher):
    old = MemoryStorage(storage.files)
    publish_edit = publisher(storage, memory=MemoryStorage())
    publish_edit(edit("1.5"), storage)
    publish_edit(edit("1.6"), storage)

    with pytest.raises(RollbackError):
        publish_edit(edit("1.6"), old)


def test_what_a_publisher_with_a_memory_published_last_cannot_be_taken_back(
    storage, published, publisher
):
    """Else the one who signs next, maybe for something harmless, would undo it."""
    publish_edit = publisher(storage, memory=MemoryStorage())
    publish_edit(edit("1.5"), storage)
    old = MemoryStorage(storage.files)
    publish_edit(lambda repository: repository.without_tag("acme/app:1.5"), storage)

    with pytest.raises(RollbackError):
        publish_edit(edit("1.6"), old)


def test_publishers_that_share_a_memory_remember_what_is_newest(storage, published, publisher):
    memory = MemoryStorage()

    def overtaken():
        publisher(storage, memory=memory)(edit("1.6"), storage)

    slow = AfterTimestamp(storage, overtaken)
    publisher(storage, memory=memory)(edit("1.5"), slow)

    old = MemoryStorage({**storage.files, "timestamp.json": slow.timestamp})
    with pytest.raises(RollbackError):
        publisher(storage, memory=memory)(edit("2"), old)


class AfterTimestamp(Overtaken):
    """A storage on which somebody else publishes right after us, once."""

    timestamp = None

    def write(self, path, data, *, replacing):
        written = self.storage.write(path, data, replacing=replacing)
        if path == "timestamp.json":
            self.timestamp = data
            self.turn()
        return written


def test_a_signer_that_fails_is_the_error(storage, published):
    class Locked:
        key = signer("alice").key

        async def sign(self, payload):
            raise SigningError("alice", "the token is locked")

    people = [Locked(), InThread(signer("online"))]
    publisher = AsyncPublisher(
        anchor=anchor_of(storage), signers=people, expiry=BY_HAND, clock=lambda: NOW
    )

    with pytest.raises(SigningError, match="the token is locked"):
        asyncio.run(publisher.retrying(edit("1.5"), ThreadedRepositoryStorage(storage)))


def test_threads_that_publish_at_once_lose_nothing(storage, published):
    publish_edit = Sync(storage)

    def work(number):
        publish_edit(edit(f"t{number}"), storage)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    tags = {path for path in opened(storage).targets[TARGETS].targets if ":t" in path}
    assert {f"acme/app:t{number}" for number in range(8)} == tags
    assert 9 == opened(storage).timestamp.version, "numbers without gaps"


def test_a_rotation_is_an_edit_like_any_other(storage, published, publisher):
    publish_edit = publisher(storage, names=("root", "alice", "carol", "online"))

    def rotated(repository):
        return repository.with_authority(TARGETS, authority("carol"))

    interrupted = Interrupted(storage, 4, lambda: None)
    publish_edit(rotated, interrupted)
    again = publish_edit(rotated, storage)

    assert () == again.written
    assert authority("carol") == opened(storage).root.authority(TARGETS)
