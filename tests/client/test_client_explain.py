"""An answer says what it rests on: who signed what, until when, what was checked."""

import pickle

import pytest
from client.servers import AtOnce, client, world_of
from core.worlds import (
    DAY,
    LATER,
    NOW,
    World,
    grant,
    grants,
    keyids,
    only_version,
    signer,
    targets_role,
)

from trustlib import SNAPSHOT, TARGETS, TIMESTAMP, FromStore, MemoryStorage, Offline
from trustlib.content import ImageReference
from trustlib.content.binding import by_digest
from trustlib.workflow.explanation import Evidence, Explanation


def short(name):
    return signer(name).key.id[:8]


def test_a_binding_is_explained_to_people():
    world = world_of("acme/x:1").edited("x", expires=NOW + DAY).sealed()
    binding = client(world, AtOnce(world.files())).resolve("acme/x:1")
    length, digest = binding.size, binding.digest

    assert (
        f"acme/x:1 is {digest} ({length} bytes), says x\n"
        "as the repository had it at 2030-01-01 12:00Z; valid until 2030-01-02 12:00Z\n"
        f"- root 1, until 2030-01-31 12:00Z: signed by ed25519 {short('root')} (1 needed, named by"
        " root); checked: signatures of its own keys and of the root before it, back to the anchor,"
        " expiry\n"
        f"- timestamp 2, until 2030-01-31 12:00Z: signed by ed25519 {short('timestamp')} (1 needed,"
        " named by root); checked: signatures, no older than what was seen before, expiry\n"
        f"- snapshot 2, until 2030-01-31 12:00Z: signed by ed25519 {short('snapshot')} (1 needed,"
        " named by root); checked: signatures, version, length, sha256 as in timestamp, nothing in"
        " it older than what was seen before, expiry\n"
        f"- targets 2, until 2030-01-31 12:00Z: signed by ed25519 {short('targets')} (1 needed,"
        " named by root); checked: signatures, version, length, sha256 as in snapshot, expiry\n"
        f"- x 2, until 2030-01-02 12:00Z: signed by ed25519 {short('x')} (1 needed, named by"
        " targets); checked: signatures, version, length, sha256 as in snapshot, expiry"
    ) == str(binding.explain())


def test_an_explanation_is_data_too():
    world = world_of("acme/x:1")
    explanation = client(world, AtOnce(world.files())).find("acme/x:1").explain()

    assert ["root", TIMESTAMP, SNAPSHOT, TARGETS, "x"] == [one.role for one in explanation.roles]
    last = explanation.roles[-1]
    assert (2, LATER, TARGETS, 1) == (last.version, last.expires, last.named_by, last.threshold)
    assert keyids("x") == tuple(signed.keyid for signed in last.signed_by)


def test_a_threshold_names_everybody_who_was_counted():
    world = World.create().with_keys(TARGETS, "ann", "bob", "cyd", threshold=2, sign=("ann", "cyd"))
    world = world.sealed()
    found = client(world, AtOnce(world.files())).find("app")

    targets = found.explain().roles[-1]
    assert 2 == targets.threshold
    assert set(keyids("ann", "cyd")) == {signed.keyid for signed in targets.signed_by}


def test_roles_that_were_asked_in_vain_are_told():
    world = World.create().delegating(
        grant("a", "acme/*"),
        grant("b", "acme/*"),
        a=targets_role("other"),
        b=targets_role("acme/x"),
    )
    found = client(world, AtOnce(world.files())).find("acme/x")

    assert [TARGETS, "a", "b"] == [one.role for one in found.explain().roles[3:]]
    assert ("targets", "b") == found.via


def test_what_is_not_listed_was_not_checked():
    world = World.create(listing=only_version)
    found = client(world, AtOnce(world.files())).find("app")

    snapshot, targets = found.explain().roles[2:]
    assert "version as in timestamp" in snapshot.checked
    assert "version as in snapshot" in targets.checked


def test_a_name_under_the_signature_was_checked():
    world = World.create()
    for name in ("root", TIMESTAMP, SNAPSHOT, TARGETS):
        world = world.edited(name, collection="docker.io")
    world = world.edited(TARGETS, called=TARGETS).sealed()
    found = client(world, AtOnce(world.files())).find("app")

    assert all("collection" in one.checked for one in found.explain().roles)
    assert "its own name" in found.explain().roles[-1].checked


def test_an_answer_from_the_store_says_so():
    world, store = world_of("acme/x:1"), MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).resolve("acme/x:1")
    binding = client(world, Offline(), storage=store, now=NOW + DAY).resolve("acme/x:1")

    assert FromStore(NOW) == binding.explain().source
    assert (
        "from the store, which last heard the repository at 2030-01-01 12:00Z; valid until"
        " 2030-01-31 12:00Z"
    ) in str(binding.explain())


def test_a_digest_explains_itself():
    reference = ImageReference.parse("acme/x@sha256:" + 64 * "a")

    assert f"acme/x@sha256:{64 * 'a'} is sha256:{64 * 'a'}, nobody needed to be asked" == str(
        by_digest(reference).explain()
    )


@pytest.mark.parametrize(
    ("source", "valid_until"), [(FromStore(NOW), None), (None, LATER), (None, None)]
)
def test_until_when_is_told_together_with_as_of_when_or_not_at_all(source, valid_until):
    told = Explanation(answer="it is so", source=source, valid_until=valid_until, roles=())

    assert "it is so" == str(told)


def test_evidence_without_proofs_says_nothing():
    assert () == Evidence(None, ()).roles


def test_hostile_names_cannot_write_into_a_log():
    evil = "evil\nroot 99"
    delegations = grants(grant(evil, "*", by=("x",)), knowing=("x",))
    world = World.create().edited(TARGETS, delegations=delegations).signed_by(evil, "x")
    world = world.with_roles({evil: targets_role("app2")})
    found = client(world, AtOnce(world.files())).find("app2")

    assert 7 == len(str(found.explain()).splitlines())
    assert r"evil\nroot 99" in str(found.explain())


def test_the_evidence_is_not_part_of_what_an_answer_looks_like():
    world = world_of("acme/x:1")
    updater = client(world, AtOnce(world.files()))

    assert "vidence" not in repr(updater.find("acme/x:1")) + repr(updater.resolve("acme/x:1"))


def test_an_explanation_survives_the_way_to_another_process():
    """Proofs do not; what they say does."""
    world = world_of("acme/x:1")
    updater = client(world, AtOnce(world.files()))
    for answer in (updater.resolve("acme/x:1"), updater.find("acme/x:1")):
        copy = pickle.loads(pickle.dumps(answer))

        assert answer == copy
        assert answer.explain() == copy.explain()
        assert copy.explain() == pickle.loads(pickle.dumps(copy)).explain()
