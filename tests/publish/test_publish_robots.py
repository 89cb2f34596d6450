"""People who take days to sign, and a robot that signs the timestamp every hour meanwhile."""

from datetime import timedelta

import attrs
import pytest
from core.worlds import DAY, NOW, signer
from publish.desks import authority, created, opened, planned, publish, seen, signed, tagged

from trustlib import (
    RENEWED,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    ConflictError,
    ExpiredError,
    MemoryStorage,
    SigningPlan,
)
from trustlib.publish import HASHES, VERSIONS

HOUR = timedelta(hours=1)
LATER = NOW + 3 * DAY


@pytest.fixture(params=[VERSIONS, HASHES], ids=["versions", "hashes"])
def before(storage, request):
    """Two of three people sign for targets, a robot for what is above."""
    first = created(detail=request.param, targets=authority("alice", "bob", "carol", threshold=2))
    return publish(storage, first, tagged(first), now=NOW, expiry=RENEWED).repository


def half_signed(before):
    plan = planned(before, tagged(before, "1.5", "b"), now=NOW, expiry=RENEWED)
    return plan.signed_by(signer("alice"))


def robot_signs(storage, *moments):
    """Each time, timestamp and snapshot are another."""
    for moment in moments:
        there = opened(storage)
        publish(storage, there, there, now=moment, expiry=RENEWED, renewing=[SNAPSHOT])


def finished(plan):
    return plan.signed_by(signer("bob"), signer("online"))


@pytest.fixture(params=["kept in a file", "kept in memory"])
def again(request, tmp_path):
    """The plan, when its people come back to it."""

    def from_file(plan, storage, now):
        plan.write(tmp_path / "plan")
        return SigningPlan.read(tmp_path / "plan", before=opened(storage), now=now)

    def from_memory(plan, storage, now):
        return plan.upon(opened(storage), now=now)

    return from_file if request.param == "kept in a file" else from_memory


def test_a_robot_does_not_overtake_people(storage, before, again):
    """Its files say nothing of their own; what people signed stays signed."""
    memory = MemoryStorage()
    plan = half_signed(before)
    robot_signs(storage, *(NOW + n * 8 * HOUR for n in range(9)))
    seen(storage, memory, NOW + 2 * DAY)

    plan = again(plan, storage, LATER)

    assert 1 == len(plan.drafts[TARGETS].signatures)
    finished(plan).publication(now=LATER).apply(storage)
    assert {"1.4": "a", "1.5": "b"} == seen(storage, memory, LATER) == seen(storage, now=LATER)
    assert 11 == opened(storage).timestamp.version


def test_people_may_take_longer_than_a_timestamp_lives(storage, before, again):
    """Nothing renewed it either: it is dated anew when the last one has signed."""
    late = finished(half_signed(before))
    with pytest.raises(ExpiredError) as error:
        late.publication(now=LATER)
    assert TIMESTAMP == error.value.role

    plan = again(half_signed(before), storage, LATER)

    receipt = finished(plan).publication(now=LATER).apply(storage)
    assert LATER + DAY == receipt.repository.timestamp.expires
    assert {"1.4": "a", "1.5": "b"} == seen(storage, now=LATER)


def test_an_edit_of_others_overtakes_people(storage, before, again):
    plan = half_signed(before)
    publish(storage, before, tagged(before, "1.6", "c"), now=NOW, expiry=RENEWED)

    with pytest.raises(ConflictError):
        again(plan, storage, LATER)


def test_a_root_of_others_overtakes_people(storage, before, again):
    plan = half_signed(before)
    after = before.with_authority("root", authority("root", "root2"))
    publish(storage, before, after, now=NOW, expiry=RENEWED)

    with pytest.raises(ConflictError):
        again(plan, storage, LATER)


def test_a_plan_that_is_published_is_over(storage, before, again):
    plan = finished(half_signed(before))
    plan.publication().apply(storage)

    with pytest.raises(ConflictError):
        again(plan, storage, NOW)


def test_a_plan_to_renew_alone_is_overtaken_by_who_renews(storage, before, tmp_path):
    """There is nothing in it that the other has not done."""
    plan = planned(before, before, now=NOW, expiry=RENEWED, renewing=[TIMESTAMP])
    plan.write(tmp_path / "plan")
    robot_signs(storage, NOW + HOUR)

    with pytest.raises(ConflictError):
        SigningPlan.read(tmp_path / "plan", before=opened(storage))


def test_a_plan_that_nothing_came_between_keeps_all_its_signatures(storage, before, tmp_path):
    plan = finished(half_signed(before))
    plan.write(tmp_path / "plan")

    read = SigningPlan.read(tmp_path / "plan", before=opened(storage), now=NOW + HOUR)

    assert plan.drafts == read.drafts
    assert () == read.requests


def test_other_roles_that_expired_meanwhile_are_asked_for_too(storage, before, again):
    short = attrs.evolve(RENEWED, targets=2 * DAY)
    after = before.with_authority("root", authority("root", "root2"))
    receipt = publish(storage, before, after, now=NOW, expiry=short, renewing=[TARGETS])
    rooted = receipt.repository
    plan = planned(
        rooted, rooted.with_authority("root", authority("root2")), now=NOW, expiry=RENEWED
    )
    assert TARGETS not in plan.drafts

    plan = again(plan, storage, LATER)

    assert TARGETS in plan.drafts
    signed(plan).publication(now=LATER).apply(storage)
    assert {"1.4": "a"} == seen(storage, now=LATER)
