"""Snapshots that list hashes: who can sign when, and what nobody can show any more."""

import asyncio
import hashlib

import attrs
import pytest
from core.worlds import NOW, SECOND, signer
from publish.desks import (
    authority,
    client,
    created,
    key,
    opened,
    planned,
    publish,
    seen,
    signed,
    tagged,
)

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    FrozenMap,
    MetaFile,
    MismatchError,
    PathPatterns,
    SigningError,
    ThresholdError,
)
from trustlib.publish import HASHES, VERSIONS, Detail, gathered
from trustlib.publish.detail import detail_of
from trustlib.signing import InThread

TWO = {"targets": authority("alice", "bob", "carol", threshold=2)}


@pytest.fixture
def hashed(storage):
    before = created(detail=HASHES)
    return publish(storage, before, tagged(before), now=NOW).repository


def test_a_snapshot_says_which_file_it_means(storage, hashed):
    raw = storage.files["1.targets.json"]
    snapshot = storage.files["1.snapshot.json"]

    entry = hashed.snapshot.meta[TARGETS]

    assert (len(raw), hashlib.sha256(raw).hexdigest()) == (entry.length, entry.hashes["sha256"])
    assert hashlib.sha256(snapshot).hexdigest() == hashed.timestamp.snapshot.hashes["sha256"]
    assert {"1.4": "a"} == seen(storage)


def test_what_a_repository_lists_it_goes_on_listing(storage, hashed):
    before = opened(storage)
    after = publish(storage, before, tagged(before, "1.5", "b"), now=NOW).repository

    assert HASHES == before.detail == after.detail
    assert "sha256" in after.snapshot.meta[TARGETS].hashes
    assert after == opened(storage)
    assert {"1.4": "a", "1.5": "b"} == seen(storage)


def test_a_repository_begins_to_list_hashes_with_its_next_snapshot(storage, published):
    after = published.with_detail(HASHES)
    assert {} == dict(planned(published, after, now=NOW).drafts)

    receipt = publish(storage, published, tagged(after, "1.5", "b"), now=NOW).repository

    assert HASHES == receipt.detail == opened(storage).detail
    assert {"1.4": "a", "1.5": "b"} == seen(storage)


def test_a_repository_without_hashes_stays_so(storage, published):
    assert VERSIONS == opened(storage).detail == published.detail


def test_a_file_that_was_signed_and_not_published_is_refused(storage, hashed):
    """Under the same number, with enough signatures: with versions only, nobody could tell."""
    withdrawn = signed(planned(hashed, tagged(hashed, "1.4", "e"), now=NOW)).publication()
    publish(storage, hashed, tagged(hashed, "1.4", "b"), now=NOW)
    (draft,) = [write for write in withdrawn.writes if write.path == "2.targets.json"]

    held = storage.read(draft.path)
    storage.write(draft.path, draft.data, replacing=held.revision)

    with pytest.raises(MismatchError):
        client(storage).refresh()


def test_a_snapshot_waits_for_the_signatures_of_what_it_lists():
    before = created(detail=HASHES, **TWO)
    plan = planned(before, tagged(before), now=NOW)
    assert {ROOT, TARGETS} == set(plan.drafts)

    one = plan.signed_by(signer("alice"), signer("root"))
    assert {ROOT, TARGETS} == set(one.drafts)
    two = one.signed_by(signer("carol"))
    assert {ROOT, TARGETS, SNAPSHOT} == set(two.drafts)
    three = two.signed_by(signer("online"))
    assert {ROOT, TARGETS, SNAPSHOT, TIMESTAMP} == set(three.drafts)
    assert () == three.requests
    assert three.publication()


@pytest.mark.parametrize(
    "order", [("alice", "bob", "online", "root"), ("online", "root", "bob", "alice")]
)
def test_whoever_signs_first_all_of_them_are_asked_in_time(storage, order):
    before = created(detail=HASHES, **TWO)

    plan = planned(before, tagged(before), now=NOW).signed_by(*map(signer, order))

    plan.publication().apply(storage)
    assert {"1.4": "a"} == seen(storage)


def test_signers_that_are_waited_for_are_asked_in_time_too(storage):
    before = created(detail=HASHES, **TWO)
    people = [InThread(signer(name)) for name in ("online", "bob", "alice", "root")]

    result = asyncio.run(gathered(planned(before, tagged(before), now=NOW), *people))

    assert {} == dict(result.failed)
    result.plan.publication().apply(storage)
    assert {"1.4": "a"} == seen(storage)


def test_a_signature_that_comes_too_late_changes_no_hash(storage):
    before = created(detail=HASHES, **TWO)
    plan = planned(before, tagged(before), now=NOW)
    (request,) = [r for r in plan.requests if r.role == TARGETS]
    late = request.sign(signer("carol"))
    plan = plan.signed_by(signer("alice"), signer("bob"), signer("root"))

    after = plan.with_signature(late)

    assert plan.drafts == after.drafts
    after.signed_by(signer("online")).publication().apply(storage)
    assert {"1.4": "a"} == seen(storage)


def test_a_late_signer_is_not_bothered():
    before = created(detail=HASHES, **TWO)
    plan = planned(before, tagged(before), now=NOW).signed_by(signer("alice"), signer("bob"))

    assert () == plan.requested(key("carol"))
    assert [SNAPSHOT] == [request.role for request in plan.requested(key("online"))]
    with pytest.raises(SigningError, match="nobody asked"):
        plan.requested(key("team"))


def test_nothing_is_published_half(storage):
    before = created(detail=HASHES)
    plan = planned(before, tagged(before), now=NOW)

    for names in ((), ("root",), ("root", "alice")):
        with pytest.raises(ThresholdError):
            (plan.signed_by(*map(signer, names)) if names else plan).publication()


def test_delegated_roles_are_listed_with_their_hashes(storage, hashed):
    after = hashed.with_delegation("team", keys=authority("team"), grant=PathPatterns(("acme/*",)))
    after = tagged(after, "2", "c", role="team")

    receipt = publish(storage, hashed, after, now=NOW).repository

    raw = storage.files["1.team.json"]
    assert hashlib.sha256(raw).hexdigest() == receipt.snapshot.meta["team"].hashes["sha256"]
    assert {"1.4": "a", "2": "c"} == seen(storage)


def test_copies_that_were_signed_apart_are_merged():
    before = created(detail=HASHES, **TWO)
    plan = planned(before, tagged(before), now=NOW)
    alice, bob = plan.signed_by(signer("alice")), plan.signed_by(signer("bob"))

    merged = plan.merged(bob, alice)

    assert SNAPSHOT in merged.drafts
    assert merged.signed_by(signer("online"), signer("root")).publication()


def test_a_copy_that_is_further_is_merged_too():
    before = created(detail=HASHES)
    plan = planned(before, tagged(before), now=NOW)
    whole = signed(plan)

    assert whole == plan.merged(whole) == plan.merged(plan.signed_by(signer("alice")), whole)


def test_hashes_can_be_of_more_than_one_kind(storage, published):
    both = attrs.evolve(published, detail=Detail(("sha512", "sha256")))

    receipt = publish(storage, both, tagged(both, "1.5", "b"), now=NOW + SECOND).repository

    assert {"sha256", "sha512"} == set(receipt.snapshot.meta[TARGETS].hashes)
    assert {"1.4": "a", "1.5": "b"} == seen(storage)
    assert {"sha256", "sha512"} == set(opened(storage).detail.algorithms)


def test_a_hash_that_has_any_length_is_not_one_we_list():
    """Other publishers may; clients of theirs may even count it."""
    entry = MetaFile(version=1, hashes=FrozenMap({"shake_128": "ab", "sha256": "ab" * 32}))

    assert ("sha256",) == detail_of((entry,)).algorithms
    assert {"sha256"} == set(detail_of((entry,)).entry(entry, 2, b"").hashes)
