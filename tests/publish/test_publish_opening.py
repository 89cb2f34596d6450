"""What a publisher's own memory, and the time, say to what a storage shows."""

import asyncio

import pytest
from core.worlds import DAY, NOW, SECOND
from publish.desks import anchor_of, key, opened, planned, publish, signed, tagged

from trustlib import (
    TARGETS,
    TIMESTAMP,
    ExpiredError,
    MemoryStorage,
    Repository,
    RollbackError,
)
from trustlib.storage import ThreadedRepositoryStorage


def rolled_back(storage, published):
    """The storage as it was before the last publication, timestamp and all."""
    before = storage.files
    publish(storage, published, tagged(published, "1.5", "b"), now=NOW)
    return MemoryStorage(before), storage


def test_a_storage_that_was_rolled_back_is_not_signed_as_the_newest(storage, published):
    """A stranger's key to the storage is enough to show an old state; signing on top makes it new."""
    old, new = rolled_back(storage, published)
    memory = MemoryStorage()
    opened(new, memory=memory)

    with pytest.raises(RollbackError) as error:
        opened(old, memory=memory)

    assert TIMESTAMP == error.value.role
    assert opened(old), "without a memory, nobody can tell"
    assert opened(new, memory=memory) == opened(new)


def test_a_memory_that_never_saw_the_time_can_be_a_clients(storage, published):
    """The publisher's memory records no time: an expired repository is opened again and again."""
    memory = MemoryStorage()

    opened(storage, memory=memory)
    opened(storage, memory=memory, now=NOW)
    opened(storage, memory=memory)
    with pytest.raises(ExpiredError):
        opened(storage, memory=memory, now=NOW + 3650 * DAY)
    opened(storage, memory=memory)


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_an_expired_repository_is_opened_unless_somebody_says_when(storage, published, role):
    expires = getattr(published, role, None) or published.root
    if role == "targets":
        expires = published.targets[TARGETS]
    later = expires.expires

    assert opened(storage)
    with pytest.raises(ExpiredError):
        opened(storage, now=later)
    if role == "timestamp":
        assert opened(storage, now=later - SECOND)


def test_everything_can_be_awaited(storage, published):
    """Opening and applying are the same jobs, on a storage that is awaited."""
    awaited = ThreadedRepositoryStorage(storage)

    async def edited():
        before = await Repository.aopen(awaited, anchor=anchor_of(storage), memory=MemoryStorage())
        assert before == opened(storage)
        plan = planned(before, tagged(before, "1.5", "b"), now=NOW)
        return await signed(plan).publication().aapply(awaited)

    receipt = asyncio.run(edited())

    assert receipt.repository == opened(storage)


def test_errors_of_an_awaited_storage_arrive_where_it_is_awaited(storage, published):
    class Broken(ThreadedRepositoryStorage):
        async def read(self, path):
            raise ExpiredError(TARGETS, NOW, NOW)  # any TrustError

    with pytest.raises(ExpiredError):
        asyncio.run(Repository.aopen(Broken(storage), anchor=anchor_of(storage)))


def test_a_root_alone_is_remembered_too(storage, published):
    memory = MemoryStorage()
    opened(storage, memory=memory)
    publish(storage, published, published.with_keys(TARGETS, key("bob")), now=NOW)
    opened(storage, memory=memory)
    hidden = MemoryStorage({n: d for n, d in storage.files.items() if n != "2.root.json"})

    assert 2 == opened(hidden, memory=memory).root.version
    assert 1 == opened(hidden).root.version
