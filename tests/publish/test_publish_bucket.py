"""A repository in a bucket: published by several, read by whoever asks the bucket's server."""

import asyncio
import threading
from datetime import timedelta
from urllib.parse import quote

import pytest
from core.worlds import NOW, SECOND, signer
from interop.peers import Theirs
from publish.desks import (
    anchor_of,
    authority,
    created,
    opened,
    publish,
    seen,
    tagged,
)
from storage.buckets import bucket_storage, bucket_store, new_bucket, s3_server

from trustlib import (
    BY_HAND,
    TARGETS,
    TIMESTAMP,
    ConflictError,
    Freshness,
    HttpTransport,
    MemoryStorage,
    PathPatterns,
    SigningPlan,
    Target,
    Updater,
)
from trustlib.publish import AsyncPublisher, Publisher
from trustlib.signing import InThread
from trustlib.storage import AsyncObjectStorage

PEOPLE = ("root", "alice", "carol", "online")


@pytest.fixture(scope="module")
def endpoint():
    with s3_server() as url:
        yield url


@pytest.fixture
def bucket(endpoint):
    return new_bucket(endpoint)


@pytest.fixture
def storage(endpoint, bucket):
    return bucket_storage(endpoint, bucket, "trust")


def publisher(storage):
    return Publisher(
        anchor=anchor_of(storage),
        signers=[signer(name) for name in PEOPLE],
        expiry=BY_HAND,
        clock=lambda: NOW,
        attempts=50,
    )


def files_of(storage):
    """The files by what a client asks for: the name of a role is one segment (§6.2)."""
    return {quote(path, safe=""): storage.read(path).data for path in storage.list()}


def test_a_client_reads_it_from_the_buckets_own_url(endpoint, bucket, storage):
    publish(storage, created(), tagged(created()), now=NOW)
    memory = MemoryStorage()
    with HttpTransport(f"{endpoint}/{bucket}/trust/") as transport:
        client = Updater(
            anchor=anchor_of(storage),
            transport=transport,
            storage=memory,
            policy=Freshness(max_age=timedelta(0)),
            clock=lambda: NOW,
        )
        assert "a" == client.resolve("acme/app:1.4").digest.hex[0]
        before = opened(storage)
        publish(storage, before, tagged(before, letter="b"), now=NOW + SECOND)

        assert "b" == client.resolve("acme/app:1.4").digest.hex[0]


def test_another_client_accepts_every_state(storage, tmp_path):
    """python-tuf, with what it remembers of the states before; names of roles are no plain words."""
    publish(storage, created(), tagged(created()), now=NOW)
    theirs = Theirs(storage.read("1.root.json").data, tmp_path)
    said = [theirs.ask(files_of(storage), ["acme/app:1.4"])]

    edits = (
        lambda state: tagged(state, letter="b"),
        lambda state: state.with_delegation(
            "team/ä b%20", keys=authority("team"), grant=PathPatterns(("team/*",))
        ),
        lambda state: state.with_target("team/x", Target.of(b"x"), role="team/ä b%20"),
        lambda state: state.with_authority(TIMESTAMP, authority("online2")),
    )
    for edit in edits:
        before = opened(storage)
        publish(storage, before, edit(before), now=NOW)
        said.append(theirs.ask(files_of(storage), ["acme/app:1.4", "team/x"]))

    assert [[1, 1, 1, 1], [1, 2, 2, 2], [1, 3, 3, 3], [1, 4, 4, 3]] == [
        answers["refresh"] for answers in said[:4]
    ]
    assert [2, 5] == said[4]["refresh"][:2]
    assert 1 == said[4]["team/x"][0]


def test_who_was_overtaken_is_told_so_and_nothing_is_lost(endpoint, bucket, storage):
    publish(storage, created(), tagged(created()), now=NOW)
    another_machine = bucket_storage(endpoint, bucket, "trust")
    before = opened(storage)
    plan = SigningPlan.between(before, tagged(before, "1.5", "b"), now=NOW, expiry=BY_HAND)
    late = plan.signed_by(signer("alice"), signer("online")).publication()
    publish(another_machine, before, tagged(before, "1.6", "c"), now=NOW)

    with pytest.raises(ConflictError):
        late.apply(storage)

    assert {"1.4": "a", "1.6": "c"} == seen(storage)


def test_machines_that_publish_at_once_lose_nothing(endpoint, bucket, storage):
    publish(storage, created(), tagged(created()), now=NOW)

    def work(number):
        own = bucket_storage(endpoint, bucket, "trust")
        publisher(own).retrying(lambda state: tagged(state, f"t{number}"), own)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    targets = opened(storage).targets[TARGETS].targets
    assert {f"acme/app:t{number}" for number in range(4)} < set(targets)
    assert 5 == opened(storage).timestamp.version, "numbers without gaps"


def test_lost_answers_make_no_edit_twice(endpoint, bucket, storage):
    publish(storage, created(), tagged(created()), now=NOW)
    forgetful = bucket_storage(endpoint, bucket, "trust", via="forgetful")

    receipt = publisher(storage).retrying(lambda state: tagged(state, "1.5", "b"), forgetful)

    assert 2 == receipt.repository.timestamp.version == opened(storage).timestamp.version
    assert {"1.4": "a", "1.5": "b"} == seen(storage)


def test_it_can_be_published_by_who_awaits(endpoint, bucket, storage):
    publish(storage, created(), tagged(created()), now=NOW)
    awaited = AsyncObjectStorage(bucket_store(endpoint, bucket), "trust")
    publishing = AsyncPublisher(
        anchor=anchor_of(storage),
        signers=[InThread(signer(name)) for name in PEOPLE],
        expiry=BY_HAND,
        clock=lambda: NOW,
    )

    asyncio.run(publishing.retrying(lambda state: tagged(state, "1.5", "b"), awaited))

    assert {"1.4": "a", "1.5": "b"} == seen(storage)
