"""What publishers do to any storage, done to a collection in a registry."""

import contextlib
from inspect import signature

import pytest
from core.worlds import NOW
from publish import test_publish_flows, test_publish_opening, test_publish_publication
from publish.desks import accepted_by_theirs, created, opened, publish, tagged
from registry.honest import REPOSITORY, Honest, talking_to

from trustlib import MemoryStorage, TrustError
from trustlib.registry.storing import RegistryStorage

_OTHERWISE = {"files", "rolled_back", "FailingAfter", "Interrupted", "memory", "updater_type"}
"""What those use that look into a storage's memory, or between two of its writes; or at clients."""

globals().update(
    {
        name: test
        for module in (test_publish_flows, test_publish_opening, test_publish_publication)
        for name, test in vars(module).items()
        if name.startswith("test_")
        and {"storage", "published"} & {*signature(test).parameters}
        and not _OTHERWISE & {*test.__code__.co_names, *signature(test).parameters}
    }
)


@pytest.fixture
def storage():
    """An empty collection; what is left in it, if ours accepts it, python-tuf must accept."""
    storage = RegistryStorage(talking_to(Honest()), REPOSITORY, receipts=MemoryStorage())
    yield storage
    if storage.read("1.root.json") is not None:
        with contextlib.suppress(TrustError):
            opened(storage)
            accepted_by_theirs(storage)


def test_the_receipt_of_one_step_is_what_is_found_when_it_is_opened(storage, published):
    """Also the numbers that are free again, because nothing has them any more."""
    receipt = publish(storage, published, tagged(published, letter="b"), now=NOW)

    assert opened(storage) == receipt.repository
    assert {"1.root.json", "2.snapshot.json", "2.targets.json", "timestamp.json"} == {
        *storage.list()
    }


@pytest.fixture
def published(storage):
    before = created()
    return publish(storage, before, tagged(before), now=NOW).repository
