"""Who must sign what: derived from the difference, gathered in any order."""

from datetime import timedelta, timezone

import attrs
import pytest
from core.worlds import DAY, NOW, SECOND, signer
from publish.desks import (
    anchor_of,
    authority,
    created,
    key,
    opened,
    planned,
    publish,
    signed,
    tagged,
)

from trustlib import (
    BY_HAND,
    RENEWED,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    Expiry,
    FrozenMap,
    MalformedError,
    MemoryStorage,
    PathPatterns,
    Root,
    Signature,
    SigningError,
    Target,
    ThresholdError,
)

ALL = PathPatterns(("acme/*",))
TEAM = "acme/releases"


def versions(plan):
    return {name: draft.document.unverified.version for name, draft in plan.drafts.items()}


def with_team(repository, name=TEAM, *keys, **more):
    return repository.with_delegation(name, keys=authority(*(keys or ("team",))), grant=ALL, **more)


@pytest.fixture
def teamed(storage, published):
    """The published repository, with a delegated role at version 1."""
    return publish(storage, published, with_team(published), now=NOW).repository


# -- what is drafted --------------------------------------------------------------------


def test_a_new_repository_is_signed_whole():
    plan = planned(created(), tagged(created()), now=NOW)

    assert {ROOT: 1, TARGETS: 1, SNAPSHOT: 1, TIMESTAMP: 1} == versions(plan)


def test_nothing_changes_where_nothing_was_edited(storage, published):
    plan = planned(published, published, now=NOW)

    assert {} == versions(plan)
    assert "nothing changes" == str(plan)
    assert () == plan.requests
    receipt = plan.publication().apply(storage)
    assert ((), published) == (receipt.written, receipt.repository)


def test_a_tag_changes_targets_and_what_lists_it(teamed):
    plan = planned(teamed, tagged(teamed, "1.5"), now=NOW)

    assert {TARGETS: 3, SNAPSHOT: 3, TIMESTAMP: 3} == versions(plan)
    assert {TARGETS: 3, TEAM: 1} == {
        name: file.version for name, file in plan.outcome.snapshot.meta.items()
    }
    assert 3 == plan.outcome.timestamp.snapshot.version


def test_a_tag_of_a_delegated_role_leaves_the_delegator_alone(teamed):
    plan = planned(teamed, tagged(teamed, "1.5", role=TEAM), now=NOW)

    assert {TEAM: 2, SNAPSHOT: 3, TIMESTAMP: 3} == versions(plan)


def test_an_edit_that_is_taken_back_is_none(published):
    after = tagged(published, "1.5").without_tag("acme/app:1.5")

    assert {} == versions(planned(published, after, now=NOW))


def test_a_value_of_another_type_is_another_value(storage, published):
    """True == 1 in Python and not in JSON: the edit must not be taken for none."""
    one = tagged(published, custom={"stable": 1})
    before = publish(storage, published, one, now=NOW).repository
    after = tagged(before, custom={"stable": True})

    assert before.targets == after.targets
    assert {TARGETS, SNAPSHOT, TIMESTAMP} == set(versions(planned(before, after, now=NOW)))


def test_a_key_of_root_that_is_added_needs_a_new_root_only(published):
    """The published timestamp, snapshot and targets are as good as before."""
    after = published.with_keys(TARGETS, key("bob"))

    assert {ROOT: 2} == versions(planned(published, after, now=NOW))


@pytest.mark.parametrize(
    ("role", "old", "drafted"),
    [
        (TIMESTAMP, "online", {TIMESTAMP}),
        (SNAPSHOT, "online", {SNAPSHOT, TIMESTAMP}),
        (TARGETS, "alice", {TARGETS, SNAPSHOT, TIMESTAMP}),
    ],
)
def test_a_role_is_signed_again_if_its_published_signature_no_longer_does(
    published, role, old, drafted
):
    after = published.with_keys(role, key("carol")).without_keys(role, key(old))

    assert {ROOT, *drafted} == set(versions(planned(published, after, now=NOW)))


def test_a_threshold_that_is_raised_asks_for_new_signatures(published):
    after = published.with_keys(TARGETS, key("bob"), threshold=2)

    assert {ROOT, TARGETS, SNAPSHOT, TIMESTAMP} == set(versions(planned(published, after, now=NOW)))


def test_a_delegated_role_is_signed_again_if_its_keys_are_replaced(teamed):
    after = teamed.with_keys(TEAM, key("team2")).without_keys(TEAM, key("team"))

    plan = planned(teamed, after, now=NOW)

    assert {TARGETS: 3, TEAM: 2, SNAPSHOT: 3, TIMESTAMP: 3} == versions(plan)
    assert signed(plan, "alice", "team2", "online").publication()
    with pytest.raises(ThresholdError):
        signed(plan, "alice", "online").publication()


def test_a_second_delegator_must_be_convinced_as_well(storage, teamed):
    """T-07: the published signature satisfies one of the two who delegate."""
    before = publish(storage, teamed, with_team(teamed, "other", "carol"), now=NOW).repository
    after = with_team(before, TEAM, "bob", by="other")

    plan = planned(before, after, now=NOW)

    assert {"other", TEAM, SNAPSHOT, TIMESTAMP} == set(versions(plan))
    with pytest.raises(ThresholdError):
        signed(plan, "carol", "bob", "online").publication()
    receipt = signed(plan, "carol", "bob", "team", "online").publication().apply(storage)
    assert receipt.repository == opened(storage)


@pytest.mark.parametrize(
    ("days", "drafted"),
    [
        (13, set()),
        (14, {TIMESTAMP}),
        (30, {SNAPSHOT, TIMESTAMP}),
        (365, {ROOT, TARGETS, SNAPSHOT, TIMESTAMP}),
    ],
)
def test_what_has_expired_is_signed_again(published, days, drafted):
    """T-100: at the second it expires, it has."""
    assert drafted == set(versions(planned(published, published, now=NOW + days * DAY)))
    almost = planned(published, published, now=NOW + days * DAY - SECOND)
    assert drafted > set(versions(almost)) or not drafted


@pytest.mark.parametrize(
    ("renewing", "drafted"),
    [
        ([TIMESTAMP], {TIMESTAMP: 3}),
        ([SNAPSHOT], {SNAPSHOT: 3, TIMESTAMP: 3}),
        ([TEAM], {TEAM: 2, SNAPSHOT: 3, TIMESTAMP: 3}),
        ([ROOT], {ROOT: 2}),
        ({ROOT, TARGETS}, {ROOT: 2, TARGETS: 3, SNAPSHOT: 3, TIMESTAMP: 3}),
    ],
)
def test_what_is_renewed_is_signed_again_and_says_the_same(teamed, renewing, drafted):
    plan = planned(teamed, teamed, now=NOW + DAY, renewing=renewing)

    assert drafted == versions(plan)
    assert teamed.targets[TARGETS].targets == plan.outcome.targets[TARGETS].targets


def test_a_name_that_is_no_role_cannot_be_renewed(published):
    with pytest.raises(ValueError, match="no role 'tagets'"):
        planned(published, published, now=NOW, renewing=["tagets"])


@pytest.mark.parametrize(
    ("expiry", "days"),
    [
        (BY_HAND, {ROOT: 365, TARGETS: 365, TEAM: 365, SNAPSHOT: 30, TIMESTAMP: 14}),
        (RENEWED, {ROOT: 365, TARGETS: 90, TEAM: 90, SNAPSHOT: 7, TIMESTAMP: 1}),
    ],
)
def test_roles_are_signed_for_as_long_as_the_expiry_says(expiry, days):
    plan = planned(created(), with_team(created()), now=NOW, expiry=expiry)

    assert {name: NOW + n * DAY for name, n in days.items()} == {
        name: draft.document.unverified.expires for name, draft in plan.drafts.items()
    }


def test_expiry_is_a_moment_in_utc_of_whole_seconds(storage):
    """§4.2.3: wherever the publisher's clock is, and however finely it ticks."""
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=45))) + timedelta(microseconds=7)

    receipt = publish(storage, created(), created(), now=there)

    assert NOW + 14 * DAY == opened(storage).timestamp.expires
    assert receipt.repository == opened(storage)
    assert b'"expires":"2030-01-15T12:00:00Z"' in storage.files["timestamp.json"]


def test_now_says_which_time_zone_it_is_in():
    with pytest.raises(ValueError, match="time zone"):
        planned(created(), created(), now=NOW.replace(tzinfo=None))


def test_what_is_no_edit_of_what_is_published_is_refused(published):
    elsewhere = MemoryStorage()
    other = publish(elsewhere, created(), tagged(created(), "2"), now=NOW).repository

    for before, after in [(published, created()), (published, other), (created(), published)]:
        with pytest.raises(ValueError, match="one state of one storage"):
            planned(before, after, now=NOW)


def test_an_edit_of_an_earlier_state_is_refused(storage, published):
    """Its signatures would be for nothing: somebody published in between."""
    edited = tagged(published, "1.5")
    newer = publish(storage, published, tagged(published, "1.6"), now=NOW).repository

    with pytest.raises(ValueError, match="one state of one storage"):
        planned(newer, edited, now=NOW)


def test_repositories_without_consistent_snapshots_are_read_and_not_written():
    """§6.2."""
    before = created()
    after = attrs.evolve(before, root=attrs.evolve(before.root, consistent_snapshot=False))

    with pytest.raises(ValueError, match="consistent snapshots"):
        planned(before, after, now=NOW)


@pytest.mark.parametrize(
    "target",
    [
        Target(length=-1, hashes=FrozenMap({"sha256": "a" * 64})),
        Target(length=2**53, hashes=FrozenMap({"sha256": "a" * 64})),
        Target(length=1, hashes=FrozenMap({"sha256": "a" * 63})),
        Target(length=1, hashes=FrozenMap({"sha256": "a" * 64}), custom=FrozenMap({"n": 10**30})),
    ],
)
def test_what_no_reader_would_accept_is_not_signed(target):
    """P64, P66, P10."""
    with pytest.raises(MalformedError):
        planned(created(), created().with_target("x", target), now=NOW)


# -- numbers ----------------------------------------------------------------------------


def test_numbers_that_a_killed_publisher_left_behind_are_skipped(storage, published):
    """Somebody may have seen those files."""
    for path in ("2.targets.json", "2.snapshot.json", "3.snapshot.json"):
        storage.write(path, b"left behind", replacing=None)
    before = opened(storage)

    receipt = publish(storage, before, tagged(before, "1.5"), now=NOW)

    assert ("3.targets.json", "4.snapshot.json", "timestamp.json") == receipt.written
    assert 2 == receipt.repository.timestamp.version
    assert b"left behind" == storage.files["2.targets.json"]
    assert receipt.repository == opened(storage, anchor_of(storage))


def test_a_file_with_a_huge_number_does_not_use_up_the_numbers(storage, published):
    """T-42: whoever can put a file there must not make a publisher sign the last version."""
    for number in (9, 2**53 - 2, 9_999_999_999_999_999):
        storage.write(f"{number}.targets.json", b"", replacing=None)
    before = opened(storage)

    plan = planned(before, tagged(before, "1.5"), now=NOW)

    assert 2 == versions(plan)[TARGETS]


def test_a_removed_role_stays_listed_and_goes_on_where_it_was(storage, teamed):
    """T-33, T-102: clients remember its version (§5.5.5)."""
    twice = publish(storage, teamed, tagged(teamed, "2", role=TEAM), now=NOW).repository
    gone = publish(storage, twice, twice.without_delegation(TEAM), now=NOW).repository

    assert TEAM not in gone.targets
    assert 2 == gone.snapshot.meta[TEAM].version
    assert gone == opened(storage)
    back = publish(storage, gone, with_team(gone), now=NOW).repository
    assert 3 == back.targets[TEAM].version
    assert {} == dict(back.targets[TEAM].targets)


def test_a_role_that_is_removed_and_added_in_one_edit_goes_on_as_well(teamed):
    after = with_team(teamed.without_delegation(TEAM), TEAM, "team2")

    assert 2 == versions(planned(teamed, after, now=NOW))[TEAM]


def test_versions_that_somebody_typed_in_are_not_used(published):
    targets = attrs.evolve(published.targets[TARGETS], version=4711)
    after = attrs.evolve(published, targets=published.targets.including({TARGETS: targets}))

    assert 2 == versions(planned(published, after, now=NOW))[TARGETS]


# -- signatures -------------------------------------------------------------------------


@pytest.fixture
def two_of_two():
    """A plan for a new repository whose targets role two people must sign."""
    before = created(targets=authority("alice", "bob", threshold=2))
    plan = planned(before, tagged(before), now=NOW)
    return signed(plan, "root", "online")


def test_the_plan_says_who_must_still_sign(two_of_two):
    assert [TARGETS] == [request.role for request in two_of_two.requests]
    once = signed(two_of_two, "alice")

    assert (2,) == two_of_two.drafts[TARGETS].missing
    assert (1,) == once.drafts[TARGETS].missing
    who = f"({key('alice').id[:16]}), 1 more of: {key('bob').id[:16]}"
    assert f"  signed by 1 of 2 keys {who}" in str(once)
    assert () == signed(once, "bob").requests
    assert "more of" not in str(signed(once, "bob"))


def test_the_plan_says_what_changes_and_what_is_to_be_signed(published):
    plan = signed(planned(published, tagged(published, "1.5", "b"), now=NOW), "online")

    assert [
        "what changes",
        f"  targets: acme/app:1.5 is new: sha256:{'b' * 64}, 1573 bytes",
        "  snapshot: version 2, valid until 2030-01-31 12:00Z,"
        " follows 1, valid until 2030-01-31 12:00Z",
        "  timestamp: version 2, valid until 2030-01-15 12:00Z,"
        " follows 1, valid until 2030-01-15 12:00Z",
        "  targets: version 2, valid until 2031-01-01 12:00Z,"
        " follows 1, valid until 2031-01-01 12:00Z",
        "what is to be signed",
        "  targets version 2",
        f"    signed by 0 of 1 keys, 1 more of: {key('alice').id[:16]}",
        "  snapshot version 2",
        f"    signed by 1 of 1 keys ({key('online').id[:16]})",
        "  timestamp version 2",
        f"    signed by 1 of 1 keys ({key('online').id[:16]})",
    ] == str(plan).splitlines()


def test_one_signature_of_two_does_not_publish(two_of_two):
    """T-95: the same one given twice is one."""
    once = signed(signed(two_of_two, "alice"), "alice")

    with pytest.raises(ThresholdError) as error:
        once.publication()
    with pytest.raises(ThresholdError):
        once.drafts[TARGETS].verified

    assert (TARGETS, 2, {key("alice").id}) == (
        error.value.role,
        error.value.threshold,
        error.value.signed_by,
    )


@pytest.mark.parametrize("order", [("alice", "bob"), ("bob", "alice")])
def test_signatures_come_back_in_any_order(two_of_two, order):
    (request,) = two_of_two.requests
    plan = two_of_two
    for name in order:
        plan = plan.with_signature(request.sign(signer(name)))

    assert plan.publication()


def test_signatures_gathered_in_copies_of_a_plan_are_merged(two_of_two):
    alices, bobs = signed(two_of_two, "alice"), signed(two_of_two, "bob")

    assert alices.merged(bobs).publication()
    assert two_of_two.merged(bobs, alices).publication().writes
    assert two_of_two.merged() == two_of_two


def test_a_copy_about_other_bytes_is_not_merged(two_of_two):
    later = planned(two_of_two.before, two_of_two.outcome, now=NOW + SECOND)

    with pytest.raises(SigningError, match="earlier request"):
        two_of_two.merged(signed(later, "alice"))


def test_a_signature_for_an_earlier_request_is_refused(published):
    earlier = planned(published, tagged(published, "1.5"), now=NOW)
    later = planned(published, tagged(published, "1.5", "c"), now=NOW)
    signature = earlier.drafts[TARGETS].request.sign(signer("alice"))

    with pytest.raises(SigningError, match="earlier request"):
        later.with_signature(signature)


def test_a_signature_by_nobody_who_was_asked_is_refused(two_of_two):
    payload = two_of_two.drafts[TARGETS].document.payload
    good = signer("alice").sign(payload)

    for signature in (
        signer("carol").sign(payload),
        Signature(key("bob").id, good.value),
        Signature(good.keyid, good.value[:-1] + bytes([good.value[-1] ^ 1])),
        Signature(good.keyid, b""),
    ):
        with pytest.raises(SigningError, match="fits nothing"):
            two_of_two.with_signature(signature)
    assert two_of_two.with_signature(good)


def test_what_a_signature_calls_itself_cannot_garble_a_terminal(two_of_two):
    with pytest.raises(SigningError) as error:
        two_of_two.with_signature(Signature("\x1b[2J\n", b"x"))

    assert str(error.value).isprintable()


def test_a_signer_nobody_asked_is_told_so(two_of_two):
    """P83."""
    with pytest.raises(SigningError, match="nobody asked it"):
        two_of_two.signed_by(signer("carol"))


def test_a_plan_is_a_value(two_of_two):
    before = two_of_two.drafts
    signed(two_of_two, "alice")

    assert before == two_of_two.drafts
    assert (2,) == two_of_two.drafts[TARGETS].missing


# -- root rotation ----------------------------------------------------------------------


def rotated(repository):
    return repository.with_keys(ROOT, key("root2")).without_keys(ROOT, key("root"))


@pytest.mark.parametrize("only", ["root", "root2"])
def test_a_new_root_needs_the_old_keys_and_the_new(published, only):
    """T-03, P93 (§5.3.4)."""
    plan = planned(published, rotated(published), now=NOW)

    with pytest.raises(ThresholdError) as error:
        signed(plan, only).publication()
    assert ROOT == error.value.role
    assert [ROOT] == [request.role for request in signed(plan, only).requests]
    assert signed(plan, "root", "root2").publication()


def test_raising_roots_threshold_needs_the_new_number_of_keys(published):
    after = published.with_keys(ROOT, key("root2"), key("root3"), threshold=2)
    plan = planned(published, after, now=NOW)

    with pytest.raises(ThresholdError):
        signed(plan, "root").publication()
    with pytest.raises(ThresholdError):
        signed(plan, "root2", "root3").publication()
    assert signed(plan, "root", "root3").publication()


def test_a_key_that_goes_by_two_ids_in_two_roots_signs_for_both(storage):
    """P02: one signature is recorded under each id, and the file says so to clients."""
    old = attrs.evolve(authority("root"), keys=FrozenMap({"a" * 64: key("root")}))
    before = publish(storage, created(root=old), created(root=old), now=NOW).repository
    after = before.with_keys(ROOT, key("root2")).without_keys(ROOT, key("root"))
    after = after.with_keys(ROOT, key("root"), threshold=2)
    assert key("root").id in after.root.keys

    plan = planned(before, after, now=NOW)
    receipt = signed(plan, "root", "root2").publication().apply(storage)

    assert {"a" * 64, key("root").id, key("root2").id} == _signers_of_root(receipt)
    assert receipt.repository == opened(storage)


def _signers_of_root(receipt):
    raw = receipt.repository.published.files[ROOT]
    return {signature.keyid for signature in TUF_JSON.parse(Root, raw).signatures}


def test_an_expiry_of_ones_own(published):
    week = Expiry(root=7 * DAY, targets=7 * DAY, snapshot=7 * DAY, timestamp=7 * DAY)

    plan = planned(published, published, now=NOW, expiry=week, renewing=[ROOT, TARGETS])

    assert {NOW + 7 * DAY} == {d.document.unverified.expires for d in plan.drafts.values()}
