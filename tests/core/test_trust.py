"""Each stage of trust accepts what the specification says, and nothing else.

A test holds one check: everything else about the file it offers is in order.
"""

import hashlib
from functools import partial

import attrs
import pytest
from core.worlds import (
    DAY,
    LATER,
    NOW,
    SECOND,
    World,
    described,
    grant,
    grants,
    keys,
    keyset,
    only_version,
    recalling,
    signed,
    signer,
    signers,
    targets_role,
)

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.errors import (
    ExpiredError,
    MalformedError,
    MismatchError,
    RollbackError,
    ThresholdError,
    VerificationError,
    WrongCollectionError,
)
from trustlib.keys import Key
from trustlib.roles import MetaFile
from trustlib.trust import RootTrusted
from trustlib.trust.agreeing import Prior
from trustlib.wire import TUF_JSON

LISTINGS = [described, only_version]


def with_delegated(**more):
    return World.create(**more).delegating(
        grant("one", "one/*"), one=targets_role("one/a"), two=targets_role("one/b")
    )


def accept(world, name, now=NOW):
    """Offer the role *name* of *world* to a client who has accepted all that comes before it."""
    stage = world.trusted_root(now)
    if name == ROOT:
        return stage
    stage = stage.accept_timestamp(world.raw(TIMESTAMP))
    if name == TIMESTAMP:
        return stage
    stage = stage.accept_snapshot(world.raw(SNAPSHOT))
    if name == SNAPSHOT:
        return stage
    trusted = stage.accept_targets(world.raw(TARGETS))
    if name == TARGETS:
        return trusted
    return stage.accept_delegated(world.raw(name), name, trusted.targets)


# -- the good way -----------------------------------------------------------------------


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_repository_in_order_is_trusted(listing):
    world = with_delegated(listing=listing)

    trusted = accept(world, TARGETS)

    assert TOP_LEVEL == tuple(proof.name for proof in trusted.roles)
    assert tuple(map(world.role, TOP_LEVEL)) == tuple(proof.role for proof in trusted.roles)
    assert NOW == trusted.now
    assert LATER == trusted.valid_until
    assert world.delegated["one"] == accept(world, "one").role


def test_the_first_expiry_is_what_counts():
    for name in TOP_LEVEL:
        world = World.create().edited(name, expires=NOW + DAY)
        world = world.sealed() if name == TARGETS else world.stamped()

        assert NOW + DAY == world.trusted().valid_until


def test_a_step_that_is_refused_leaves_its_stage_as_good_as_before():
    world = World.create()
    stage = accept(world, TIMESTAMP)

    with pytest.raises(MismatchError):
        stage.accept_snapshot(world.next().raw(SNAPSHOT))

    assert 1 == stage.accept_snapshot(world.raw(SNAPSHOT)).snapshot.role.version


# -- every role -------------------------------------------------------------------------

ROLES = [*TOP_LEVEL, "one"]
STEPS = {
    ROOT: "§5.2",
    TIMESTAMP: "§5.4.2",
    SNAPSHOT: "§5.5.3",
    TARGETS: "§5.6.3",
    "one": "§5.6.3",
}


@pytest.mark.parametrize("name", ROLES)
def test_a_role_signed_by_somebody_else_is_refused(name):
    """Arbitrary software."""
    world = with_delegated().signed_by(name, "mallory").sealed()

    with pytest.raises(ThresholdError) as error:
        accept(world, name)

    assert name == error.value.role
    assert STEPS[name] == error.value.step


@pytest.mark.parametrize("name", ROLES)
def test_a_role_signed_by_one_key_of_two_is_refused_and_by_two_is_not(name):
    """T-95: a key compromise below the threshold."""
    two = (name, f"{name}-too")
    world = with_delegated()
    if name == "one":
        world = world.delegating(grant("one", "one/*", by=two, threshold=2))
        world = world.edited(
            TARGETS,
            delegations=attrs.evolve(world.targets.delegations, keys=keys(*two)),
        )
    else:
        world = world.edited(
            ROOT,
            keys=world.root.keys.including(keys(*two)),
            roles=world.root.roles.including({name: keyset(*two, threshold=2)}),
        )

    accept(world.signed_by(name, *two).sealed(), name)
    with pytest.raises(ThresholdError) as error:
        accept(world.signed_by(name, name, "mallory").sealed(), name)

    assert name == error.value.role
    assert 2 == error.value.threshold
    assert {signer(name).key.id} == error.value.signed_by


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("other", ROLES)
def test_a_role_of_another_type_is_refused_though_one_key_signs_for_all(name, other):
    """T-98: role confusion."""
    world = with_delegated(listing=only_version)
    everybody = ("everybody",)
    world = world.delegating(grant("one", "one/*", by=everybody)).edited(
        ROOT,
        keys=keys(*everybody),
        roles=FrozenMap({role: keyset(*everybody) for role in TOP_LEVEL}),
    )
    world = world.edited(
        TARGETS, delegations=attrs.evolve(world.targets.delegations, keys=keys(*everybody))
    )
    world = world.but(
        by=FrozenMap({role: signers(*everybody) for role in (*ROLES, "two")})
    ).sealed()
    confused = world.raw(other)

    def offered():
        if name == ROOT:
            return RootTrusted.bootstrap(confused, now=NOW, format=TUF_JSON)
        stage = world.trusted_root()
        if name == TIMESTAMP:
            return stage.accept_timestamp(confused)
        stage = stage.accept_timestamp(world.raw(TIMESTAMP))
        if name == SNAPSHOT:
            return stage.accept_snapshot(confused)
        stage = stage.accept_snapshot(world.raw(SNAPSHOT))
        trusted = stage.accept_targets(world.raw(TARGETS))
        if name == TARGETS:
            return stage.accept_targets(confused)
        return stage.accept_delegated(confused, name, trusted.targets)

    same = {name, other} <= {TARGETS, "one"}  # those are of one type
    if name == other or same:
        offered()
    else:
        with pytest.raises(MalformedError):
            offered()


@pytest.mark.parametrize("name", ROLES[1:])
def test_damaged_files_are_refused(name):
    world = with_delegated(listing=only_version)
    stage = accept(world, {TIMESTAMP: ROOT, SNAPSHOT: TIMESTAMP}.get(name, SNAPSHOT))
    accepting = {
        TIMESTAMP: "accept_timestamp",
        SNAPSHOT: "accept_snapshot",
        TARGETS: "accept_targets",
        "one": "accept_delegated",
    }[name]
    accepting = getattr(stage, accepting)
    if name == "one":
        delegator = stage.accept_targets(world.raw(TARGETS)).targets
        accepting = partial(accepting, name="one", delegator=delegator)

    accepting(world.raw(name))
    for raw in (b"", b"{}", world.raw(name)[:-1]):
        with pytest.raises(MalformedError):
            accepting(raw)


# -- expiry -----------------------------------------------------------------------------

WHEN = {
    ROOT: "§5.3.10",
    TIMESTAMP: "§5.4.4",
    SNAPSHOT: "§5.5.6",
    TARGETS: "§5.6.5",
    "one": "§5.6.5",
}


@pytest.mark.parametrize("name", ROLES)
def test_a_role_expires_at_the_second_it_says(name):
    """T-100, T-41, T-91, T-35: ``now == expires`` is too late, a second before is not."""
    world = with_delegated().edited(name, expires=NOW).sealed()
    where = TIMESTAMP if name == ROOT else name

    accept(world, where, NOW - SECOND)
    for now in (NOW, NOW + SECOND):
        with pytest.raises(ExpiredError) as error:
            accept(world, where, now)

        assert name == error.value.role
        assert NOW == error.value.expired
        assert now == error.value.now
        assert WHEN[name] == error.value.step


def test_the_first_root_may_have_expired():
    """§5.2: there may be a fresher one."""
    world = World.create().edited(ROOT, expires=NOW - DAY)

    assert 1 == world.trusted_root().root.role.version


def test_roots_on_the_way_may_have_expired():
    """§5.3.6: only the last one matters."""
    old = World.create().edited(ROOT, expires=NOW - DAY)
    middle = old.rotated()
    new = middle.rotated(expires=LATER)

    stage = old.trusted_root().accept_root(middle.raw(ROOT)).accept_root(new.raw(ROOT))

    stage.accept_timestamp(new.raw(TIMESTAMP))


def test_an_expired_final_root_is_refused():
    """T-41."""
    world = World.create().rotated(expires=NOW)
    stage = World.create().trusted_root().accept_root(world.raw(ROOT))

    with pytest.raises(ExpiredError) as error:
        stage.accept_timestamp(world.raw(TIMESTAMP))

    assert ROOT == error.value.role


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_trust_can_be_carried_on_until_the_first_role_expires(name):
    world = World.create().edited(name, expires=NOW + DAY)
    trusted = (world.sealed() if name == TARGETS else world.stamped()).trusted()

    later = trusted.as_of(NOW + DAY - SECOND)

    assert NOW + DAY - SECOND == later.now
    assert trusted.roles == later.roles
    assert NOW == trusted.now
    with pytest.raises(ExpiredError) as error:
        trusted.as_of(NOW + DAY)
    assert name == error.value.role


def test_a_delegated_role_is_looked_at_at_the_time_trust_was_carried_on_to():
    world = with_delegated().edited("one", expires=NOW + DAY).sealed()
    later = world.trusted().as_of(NOW + DAY)

    with pytest.raises(ExpiredError):
        later.snapshot.accept_delegated(world.raw("one"), "one", later.targets)


# -- root -------------------------------------------------------------------------------


def test_the_next_root_needs_the_old_keys_and_its_own():
    """T-03, P93."""
    old = World.create()
    new = old.with_keys(ROOT, "new")

    both = old.trusted_root().accept_root(new.raw(ROOT))

    assert 2 == both.root.role.version
    for who in (("root",), ("new",), ("mallory",), ()):
        with pytest.raises(ThresholdError) as error:
            old.trusted_root().accept_root(signed(new.root, signers(*who)))
        assert "§5.3.4" == error.value.step


@pytest.mark.parametrize("version", [1, 3, 4, 101])
def test_the_next_root_is_the_very_next_version(version):
    """T-31."""
    old = World.create()
    other = old.rotated().edited(ROOT, version=version)

    with pytest.raises(MismatchError) as error:
        old.trusted_root().accept_root(other.raw(ROOT))

    assert (ROOT, "version", 2, version) == (
        error.value.role,
        error.value.what,
        error.value.expected,
        error.value.got,
    )
    assert "§5.3.5" == error.value.step


def test_an_earlier_root_is_refused():
    """T-20."""
    new = World.create().rotated().rotated()

    for version, raw in new.history.items():
        with pytest.raises(MismatchError):
            new.trusted_root().accept_root(raw)
        assert version < 3


def test_the_new_root_says_who_signs_from_now_on():
    old = World.create()
    new = old.with_keys(TIMESTAMP, "fresh")
    stage = old.trusted_root().accept_root(new.raw(ROOT))

    stage.accept_timestamp(new.raw(TIMESTAMP))
    with pytest.raises(ThresholdError):
        stage.accept_timestamp(old.raw(TIMESTAMP))


def test_the_keys_removed_from_root_sign_no_further_root():
    """T-96: after a compromise the remaining keys go on without the stolen one."""
    first = World.create()
    first = first.edited(
        ROOT,
        keys=first.root.keys.including(keys("a", "b", "c")),
        roles=first.root.roles.including({ROOT: keyset("a", "b", "c", threshold=2)}),
    ).signed_by(ROOT, "a", "b", "c")
    second = first.rotated(
        roles=first.root.roles.including({ROOT: keyset("a", "b", threshold=2)})
    ).signed_by(ROOT, "a", "b")
    third = second.rotated()
    stage = first.trusted_root().accept_root(second.raw(ROOT))

    assert 3 == stage.accept_root(third.raw(ROOT)).root.role.version
    with pytest.raises(ThresholdError):
        stage.accept_root(third.signed_by(ROOT, "b", "c").raw(ROOT))


def test_a_first_root_must_be_signed_by_its_own_keys():
    world = World.create().signed_by(ROOT, "mallory")

    with pytest.raises(ThresholdError) as error:
        world.trusted_root()

    assert "§5.2" == error.value.step


def test_what_was_remembered_stays_when_root_is_renewed():
    world = World.create().at(timestamp=5, snapshot=5)
    stage = recalling(world.trusted_root(), world).accept_root(world.rotated().raw(ROOT))

    with pytest.raises(RollbackError):
        stage.accept_timestamp(world.at(timestamp=4).raw(TIMESTAMP))


# -- timestamp --------------------------------------------------------------------------


def test_an_older_timestamp_is_refused():
    """T-20."""
    world = World.create().at(timestamp=5)
    stage = recalling(world.trusted_root(), world)

    for version in (1, 4):
        with pytest.raises(RollbackError) as error:
            stage.accept_timestamp(world.at(timestamp=version).raw(TIMESTAMP))

        assert (TIMESTAMP, 5, version) == (
            error.value.role,
            error.value.trusted,
            error.value.offered,
        )
        assert "§5.4.3.1" == error.value.step
    assert 6 == stage.accept_timestamp(world.at(timestamp=6).raw(TIMESTAMP)).timestamp.role.version


def test_an_equal_timestamp_is_normal():
    world = World.create().at(timestamp=5)
    stage = recalling(world.trusted_root(), world)

    assert world.raw(TIMESTAMP) == stage.accept_timestamp(world.raw(TIMESTAMP)).timestamp.raw


def test_of_two_timestamps_of_one_version_the_trusted_one_stays():
    """§5.4.3.1; T-91: until it expires."""
    old = World.create().at(timestamp=5)
    other = old.at(snapshot=2).edited(TIMESTAMP, expires=LATER + DAY)
    stage = recalling(old.trusted_root(), old)

    after = stage.accept_timestamp(other.raw(TIMESTAMP))

    assert old.raw(TIMESTAMP) == after.timestamp.raw
    assert 1 == after.timestamp.role.snapshot.version


def test_of_two_timestamps_of_one_version_the_trusted_one_may_have_expired():
    """T-91: then the other one is not taken instead."""
    old = World.create().at(timestamp=5).edited(TIMESTAMP, expires=NOW)
    other = old.edited(TIMESTAMP, expires=LATER)
    stage = recalling(old.trusted_root(), old)

    with pytest.raises(ExpiredError) as error:
        stage.accept_timestamp(other.raw(TIMESTAMP))

    assert NOW == error.value.expired


def no_longer_vouched(snapshot=5):
    """A client who remembers version 5 of a timestamp that today's keys do not vouch for.

    A second signature is asked for now; no key was removed, so the floor stays.
    """
    old = World.create().at(timestamp=5, snapshot=snapshot)
    new = old.with_keys(TIMESTAMP, "timestamp", "second", threshold=2)
    return old, new, recalling(old.trusted_root(), old).accept_root(new.raw(ROOT))


def test_a_timestamp_that_todays_keys_do_not_vouch_for_is_replaced_by_one_of_its_version():
    _, new, stage = no_longer_vouched()

    assert new.raw(TIMESTAMP) == stage.accept_timestamp(new.raw(TIMESTAMP)).timestamp.raw


def test_a_timestamp_that_todays_keys_do_not_vouch_for_is_a_floor_still():
    old, new, stage = no_longer_vouched()

    with pytest.raises(RollbackError) as error:
        stage.accept_timestamp(new.at(timestamp=4).raw(TIMESTAMP))
    assert TIMESTAMP == error.value.role
    with pytest.raises(ThresholdError):
        stage.accept_timestamp(old.raw(TIMESTAMP))


def test_a_timestamp_of_the_same_version_that_lists_an_older_snapshot_is_refused():
    _, new, stage = no_longer_vouched(snapshot=5)
    seen = recalling(stage, World.create().at(snapshot=5)).prior.snapshot
    stage = attrs.evolve(stage, prior=attrs.evolve(stage.prior, snapshot=seen))

    with pytest.raises(RollbackError) as error:
        stage.accept_timestamp(new.at(snapshot=4).raw(TIMESTAMP))

    assert (SNAPSHOT, 5, 4) == (error.value.role, error.value.trusted, error.value.offered)
    assert "§5.4.3.2" == error.value.step


@pytest.mark.parametrize("remembered", ["both", "snapshot"])
def test_a_newer_timestamp_that_lists_an_older_snapshot_is_refused(remembered):
    """T-20, T-34: the remembered snapshot is the floor."""
    world = World.create().at(snapshot=5)
    both = recalling(world.trusted_root(), world)
    kept = {"both": {}, "snapshot": {"timestamp": None}}
    stage = attrs.evolve(both, prior=attrs.evolve(both.prior, **kept[remembered]))

    with pytest.raises(RollbackError) as error:
        stage.accept_timestamp(world.at(timestamp=2, snapshot=4).raw(TIMESTAMP))

    assert (SNAPSHOT, 5, 4) == (error.value.role, error.value.trusted, error.value.offered)
    for version in (5, 6):
        newer = world.at(timestamp=2, snapshot=version)
        assert 2 == stage.accept_timestamp(newer.raw(TIMESTAMP)).timestamp.role.version


def test_what_a_timestamp_lists_is_no_floor_until_that_snapshot_was_seen():
    """Else a version that a stolen and removed snapshot key inflated would stay for ever."""
    three, five = World.create().at(snapshot=3), World.create().at(snapshot=5)
    stage = three.trusted_root()
    stage = stage.recall(timestamp=five.raw(TIMESTAMP), snapshot=three.raw(SNAPSHOT))

    after = stage.accept_timestamp(World.create().at(timestamp=2, snapshot=4).raw(TIMESTAMP))

    assert 4 == after.timestamp.role.snapshot.version
    with pytest.raises(RollbackError):
        stage.accept_timestamp(World.create().at(timestamp=2, snapshot=2).raw(TIMESTAMP))


def test_an_expired_memory_is_a_floor():
    """T-55: that it has expired makes nothing older any better."""
    world = World.create().at(timestamp=9, snapshot=9)
    gone = world.edited(TIMESTAMP, expires=NOW - DAY).edited(SNAPSHOT, expires=NOW - DAY)
    stage = recalling(world.trusted_root(), gone)

    with pytest.raises(RollbackError) as error:
        stage.accept_timestamp(world.at(timestamp=8).raw(TIMESTAMP))
    assert TIMESTAMP == error.value.role
    with pytest.raises(RollbackError) as error:
        stage.accept_timestamp(world.at(timestamp=10, snapshot=8).raw(TIMESTAMP))
    assert SNAPSHOT == error.value.role


# -- memories ---------------------------------------------------------------------------


def test_what_root_does_not_vouch_for_is_no_memory():
    """T-53: a cache is no anchor."""
    world = World.create()
    forged = world.at(timestamp=9, snapshot=9)
    forged = forged.signed_by(TIMESTAMP, "mallory").signed_by(SNAPSHOT, "mallory")

    assert Prior() == recalling(world.trusted_root(), forged).prior


def test_damaged_files_are_no_memory():
    stage = World.create().trusted_root()

    for raw in (None, b"", b"{}", b"\xff", World.create().raw(TARGETS)):
        assert Prior() == stage.recall(timestamp=raw, snapshot=raw).prior


def test_timestamp_and_snapshot_are_remembered_each_for_itself():
    world = World.create()
    stage = world.trusted_root()

    one = stage.recall(timestamp=world.raw(TIMESTAMP))
    other = stage.recall(snapshot=world.raw(SNAPSHOT))
    both = one.recall(snapshot=world.raw(SNAPSHOT))

    assert world.timestamp == one.prior.timestamp.role
    assert one.prior.snapshot is None
    assert other.prior.timestamp is None
    assert world.snapshot == other.prior.snapshot.role
    assert one.prior.timestamp is both.prior.timestamp
    assert world.snapshot == both.prior.snapshot.role


def test_a_memory_is_not_lost_to_one_that_does_not_hold():
    world = World.create()
    stage = recalling(world.trusted_root(), world)

    assert stage.prior == stage.recall(timestamp=b"", snapshot=None).prior
    assert stage.prior == stage.recall(timestamp=None, snapshot=b"").prior


def test_a_memory_of_another_collection_is_none():
    """One key may serve many; the versions of the others are no floor."""
    world = collection("acme")
    other = collection("evil").at(timestamp=9, snapshot=9)

    assert Prior() == recalling(world.trusted_root(), other).prior


# -- recovery (§5.3.11) -----------------------------------------------------------------

FLOORS = [TIMESTAMP, SNAPSHOT]
UNUSABLE = Key(keytype="from-the-future", scheme="unknown", keyval=FrozenMap())


def two_keys(name, *, threshold=1):
    """A client who remembers a repository in which two keys sign for *name*."""
    world = World.create().at(timestamp=9, snapshot=9)
    world = world.edited(
        ROOT,
        keys=world.root.keys.including(keys(name, "second")),
        roles=world.root.roles.including({name: keyset(name, "second", threshold=threshold)}),
    ).signed_by(name, name, "second")
    return world, recalling(world.trusted_root(), world)


def remembers(stage):
    assert (stage.prior.timestamp is None) == (stage.prior.snapshot is None)
    return stage.prior.timestamp is not None


@pytest.mark.parametrize("name", FLOORS)
def test_both_floors_fall_when_a_key_of_either_is_removed(name):
    """P52: also when one key of two is, and the other goes on signing."""
    old, stage = two_keys(name)

    for gone in (name, "second"):
        (left,) = {name, "second"} - {gone}
        assert remembers(stage)
        assert not remembers(stage.accept_root(old.with_keys(name, left).raw(ROOT)))


@pytest.mark.parametrize("name", FLOORS)
def test_both_floors_fall_when_the_key_of_either_is_replaced(name):
    """T-42, P52: versions that a thief inflated are forgotten with the key."""
    old = World.create().at(timestamp=2**52, snapshot=2**52)
    new = old.with_keys(name, "fresh").at(timestamp=1, snapshot=1)
    stage = recalling(old.trusted_root(), old).accept_root(new.raw(ROOT))

    assert not remembers(stage)
    stage.accept_timestamp(new.raw(TIMESTAMP)).accept_snapshot(new.raw(SNAPSHOT))


@pytest.mark.parametrize("name", FLOORS)
def test_no_floor_falls_when_keys_are_only_added(name):
    old, stage = two_keys(name)

    assert remembers(stage.accept_root(old.with_keys(name, name, "second", "third").raw(ROOT)))


@pytest.mark.parametrize("name", FLOORS)
def test_no_floor_falls_when_only_the_threshold_changes(name):
    old, stage = two_keys(name)

    for threshold in (1, 2):
        after = old.with_keys(name, name, "second", threshold=threshold)
        assert remembers(stage.accept_root(after.raw(ROOT)))


@pytest.mark.parametrize("name", FLOORS)
def test_no_floor_falls_when_a_key_that_never_counted_is_removed(name):
    """It can have signed nothing."""
    old, _ = two_keys(name)
    entry = keyset(name, "second")
    listed = old.edited(
        ROOT,
        keys=old.root.keys.including({"future": UNUSABLE}),
        roles=old.root.roles.including(
            {name: attrs.evolve(entry, keyids=(*entry.keyids, "future", "nobody"))}
        ),
    )
    stage = recalling(listed.trusted_root(), listed)

    assert remembers(stage)
    assert remembers(stage.accept_root(listed.with_keys(name, name, "second").raw(ROOT)))


@pytest.mark.parametrize("name", FLOORS)
def test_no_floor_falls_when_a_key_goes_by_another_id(name):
    """A key is known by its material."""
    old, stage = two_keys(name)
    renamed = old.rotated(
        keys=old.root.keys.including({"a": signer(name).key, "b": signer("second").key}),
        roles=old.root.roles.including({name: attrs.evolve(keyset(name), keyids=("a", "b"))}),
    )

    assert remembers(stage.accept_root(renamed.raw(ROOT)))


@pytest.mark.parametrize("name", FLOORS)
def test_both_floors_fall_when_another_key_takes_over_an_id(name):
    old, stage = two_keys(name)
    taken = old.rotated(
        keys=old.root.keys.including({signer("second").key.id: signer("mallory").key})
    )

    assert not remembers(stage.accept_root(taken.raw(ROOT)))


@pytest.mark.parametrize("name", FLOORS)
def test_both_floors_fall_when_a_key_is_no_longer_listed_among_the_keys(name):
    old, stage = two_keys(name)
    unlisted = old.rotated(keys=old.root.keys.excluding(signer("second").key.id))

    assert not remembers(stage.accept_root(unlisted.raw(ROOT)))


@pytest.mark.parametrize("name", [ROOT, TARGETS])
def test_no_floor_falls_when_keys_of_other_roles_are_replaced(name):
    old = World.create()
    stage = recalling(old.trusted_root(), old)

    assert remembers(stage.accept_root(old.with_keys(name, "fresh").raw(ROOT)))


def test_a_floor_that_fell_stays_down_when_the_key_returns():
    old = World.create().at(timestamp=9)
    away = old.with_keys(TIMESTAMP, "fresh")
    back = away.with_keys(TIMESTAMP, "timestamp")

    stage = recalling(old.trusted_root(), old)
    stage = stage.accept_root(away.raw(ROOT)).accept_root(back.raw(ROOT))

    assert not remembers(stage)


# -- snapshot ---------------------------------------------------------------------------


def lied(**about):
    """A world whose timestamp says something else of the snapshot."""
    world = World.create()
    return world.edited(TIMESTAMP, snapshot=attrs.evolve(world.timestamp.snapshot, **about))


@pytest.mark.parametrize("off", [-1, 1])
def test_a_snapshot_of_another_length_is_refused(off):
    """T-92."""
    length = len(World.create().raw(SNAPSHOT))

    with pytest.raises(MismatchError) as error:
        accept(lied(length=length + off, hashes=FrozenMap()), SNAPSHOT)

    assert (SNAPSHOT, "length", length + off, length) == (
        error.value.role,
        error.value.what,
        error.value.expected,
        error.value.got,
    )
    assert "§5.5.2" == error.value.step


def hashes(raw, **wrong):
    right = {name: hashlib.new(name, raw).hexdigest() for name in ("sha256", "sha512")}
    return FrozenMap({**right, **wrong})


@pytest.mark.parametrize(("algorithm", "digits"), [("sha256", 64), ("sha512", 128)])
def test_every_hash_that_is_listed_is_checked(algorithm, digits):
    """T-44: also the weaker one, and whichever comes first."""
    raw = World.create().raw(SNAPSHOT)
    wrong = {algorithm: "0" * digits}
    both = hashes(raw, **wrong)

    accept(lied(hashes=hashes(raw)), SNAPSHOT)
    accept(lied(hashes=hashes(raw).excluding(algorithm)), SNAPSHOT)
    for listed in (both, FrozenMap(reversed(list(both.items()))), FrozenMap(wrong)):
        with pytest.raises(MismatchError) as error:
            accept(lied(hashes=listed), SNAPSHOT)

        assert (SNAPSHOT, algorithm) == (error.value.role, error.value.what)
        assert hashes(raw)[algorithm] == error.value.got
        assert "0" * digits == error.value.expected


def test_a_file_with_unknown_hashes_only_is_refused_and_one_among_known_ones_is_ignored():
    """T-26, P30."""
    raw = World.create().raw(SNAPSHOT)

    accept(lied(hashes=hashes(raw, md5="whatever")), SNAPSHOT)
    with pytest.raises(MismatchError) as error:
        accept(lied(hashes=FrozenMap({"md5": "whatever", "blake2s": "x"})), SNAPSHOT)

    assert "a hash by" == error.value.what


@pytest.mark.parametrize("listed", [1, 3])
def test_a_snapshot_of_another_version_than_the_timestamp_names_is_refused(listed):
    world = World.create(listing=only_version).at(snapshot=2)
    world = world.edited(TIMESTAMP, snapshot=MetaFile(version=listed))

    with pytest.raises(MismatchError) as error:
        accept(world, SNAPSHOT)

    assert ("version", listed, 2) == (error.value.what, error.value.expected, error.value.got)
    assert "§5.5.4" == error.value.step


def listing(version, **meta):
    """A world whose snapshot lists delegated roles at the versions given."""
    world = World.create(listing=only_version).at(snapshot=version, timestamp=version)
    listed = {name: MetaFile(version=number) for name, number in meta.items()}
    return world.edited(SNAPSHOT, meta=world.snapshot.meta.including(listed))


def test_a_snapshot_that_lists_a_role_at_an_older_version_is_refused():
    """T-33, T-20: targets and delegated roles alike."""
    old = listing(1, targets=5, one=5, two=5)
    stage = recalling(old.trusted_root(), old)

    for wrong in ("targets", "one", "two"):
        new = listing(2, **{"targets": 5, "one": 5, "two": 5, wrong: 4})
        with pytest.raises(RollbackError) as error:
            stage.accept_timestamp(new.raw(TIMESTAMP)).accept_snapshot(new.raw(SNAPSHOT))
        assert (wrong, 5, 4) == (error.value.role, error.value.trusted, error.value.offered)
        assert "§5.5.5" == error.value.step
    for fine in (5, 6):
        new = listing(2, targets=fine, one=fine, two=fine, three=1)
        stage.accept_timestamp(new.raw(TIMESTAMP)).accept_snapshot(new.raw(SNAPSHOT))


def test_a_snapshot_that_no_longer_lists_a_role_is_refused():
    """T-102, T-33."""
    old = listing(1, one=5)
    new = listing(2)
    stage = recalling(old.trusted_root(), old).accept_timestamp(new.raw(TIMESTAMP))

    with pytest.raises(RollbackError) as error:
        stage.accept_snapshot(new.raw(SNAPSHOT))

    assert ("one", 5, None) == (error.value.role, error.value.trusted, error.value.offered)
    assert "§5.5.5" == error.value.step


@pytest.mark.parametrize("name", [ROOT, TIMESTAMP, SNAPSHOT])
def test_what_a_snapshot_says_of_other_top_level_roles_does_not_matter(name):
    """Real ones list root.json, and stop to."""
    old = listing(1, **{name: 9})
    stage = recalling(old.trusted_root(), old)

    for new in (listing(2), listing(2, **{name: 1})):
        stage.accept_timestamp(new.raw(TIMESTAMP)).accept_snapshot(new.raw(SNAPSHOT))


def test_a_role_after_one_that_does_not_matter_is_looked_at_still():
    old = listing(1, root=9, one=5)
    new = listing(2, root=1, one=4)
    stage = recalling(old.trusted_root(), old).accept_timestamp(new.raw(TIMESTAMP))

    with pytest.raises(RollbackError):
        stage.accept_snapshot(new.raw(SNAPSHOT))


def test_a_snapshot_of_the_same_version_that_lists_older_roles_is_refused():
    old, new = listing(3, one=5), listing(3, one=4)
    stage = attrs.evolve(
        old.trusted_root(),
        prior=attrs.evolve(recalling(old.trusted_root(), old).prior, timestamp=None),
    )

    with pytest.raises(RollbackError):
        stage.accept_timestamp(new.raw(TIMESTAMP)).accept_snapshot(new.raw(SNAPSHOT))


# -- targets ----------------------------------------------------------------------------


def misdescribed(name, **about):
    world = with_delegated()
    listed = attrs.evolve(world.snapshot.meta[name], **about)
    return world.edited(SNAPSHOT, meta=world.snapshot.meta.including({name: listed})).stamped()


@pytest.mark.parametrize("name", [TARGETS, "one"])
@pytest.mark.parametrize("off", [-1, 1])
def test_a_targets_role_of_another_length_is_refused(name, off):
    """T-35."""
    length = len(with_delegated().raw(name))

    with pytest.raises(MismatchError) as error:
        accept(misdescribed(name, length=length + off, hashes=FrozenMap()), name)

    assert (name, "length") == (error.value.role, error.value.what)
    assert "§5.6.2" == error.value.step


@pytest.mark.parametrize("name", [TARGETS, "one"])
def test_a_targets_role_of_another_hash_is_refused(name):
    """T-35."""
    with pytest.raises(MismatchError) as error:
        accept(misdescribed(name, hashes=FrozenMap({"sha256": "0" * 64})), name)

    assert (name, "sha256") == (error.value.role, error.value.what)


@pytest.mark.parametrize("name", [TARGETS, "one"])
@pytest.mark.parametrize("version", [1, 3])
def test_a_targets_role_of_another_version_than_the_snapshot_lists_is_refused(name, version):
    """T-92, T-35: mix-and-match of files that are validly signed."""
    world = with_delegated(listing=only_version).at(**{name: version})
    meta = world.snapshot.meta.including({name: MetaFile(version=2)})
    world = world.edited(SNAPSHOT, meta=meta).stamped()

    with pytest.raises(MismatchError) as error:
        accept(world, name)

    assert (name, "version", 2, version) == (
        error.value.role,
        error.value.what,
        error.value.expected,
        error.value.got,
    )
    assert "§5.6.4" == error.value.step


@pytest.mark.parametrize("name", [TARGETS, "one"])
def test_a_targets_role_that_the_snapshot_does_not_list_is_refused(name):
    world = with_delegated()
    world = world.edited(SNAPSHOT, meta=world.snapshot.meta.excluding(name)).stamped()

    with pytest.raises(MismatchError) as error:
        accept(world, name)

    assert (SNAPSHOT, "an entry for", name) == (
        error.value.role,
        error.value.what,
        error.value.expected,
    )


def test_a_delegated_role_is_trusted_on_its_delegators_word_only():
    """T-07: another delegator may name other keys for the same role."""
    world = World.create().delegating(grant("a", "*"), grant("b", "*"))
    inner = attrs.evolve(targets_role(), delegations=grant_only("shared", by="mallory"))
    outer = attrs.evolve(targets_role(), delegations=grant_only("shared", by="shared"))
    world = world.with_roles({"a": inner, "b": outer, "shared": targets_role("x")})
    trusted = world.trusted()
    stage = trusted.snapshot
    a = stage.accept_delegated(world.raw("a"), "a", trusted.targets)
    b = stage.accept_delegated(world.raw("b"), "b", trusted.targets)

    assert "shared" == stage.accept_delegated(world.raw("shared"), "shared", b).name
    with pytest.raises(ThresholdError):
        stage.accept_delegated(world.raw("shared"), "shared", a)
    with pytest.raises(KeyError):
        stage.accept_delegated(world.raw("shared"), "shared", trusted.targets)


def grant_only(name, by):
    return grants(grant(name, "*", by=(by,)), knowing=(by,))


def test_targets_sign_for_delegated_roles_and_root_does_not():
    world = with_delegated()
    trusted = world.trusted()

    with pytest.raises(KeyError):
        trusted.snapshot.accept_delegated(world.raw("one"), "one", trusted.snapshot.root.root)


# -- collections ------------------------------------------------------------------------


def collection(name, **others):
    """A repository whose roles say which collection they belong to, *others* another one."""
    world = with_delegated()
    for role in ROLES:
        world = world.edited(role, collection=others.get(role, name))
    return world.sealed()


def test_a_collection_in_order_is_trusted():
    accept(collection("acme"), "one")


@pytest.mark.parametrize("name", ROLES[1:])
@pytest.mark.parametrize("other", ["evil", None, "ACME", "acme/"])
def test_a_role_of_another_collection_is_refused_though_its_keys_are_right(name, other):
    world = collection("acme", **{name: other})

    with pytest.raises(WrongCollectionError) as error:
        accept(world, name)

    assert name == error.value.role
    assert "acme" == error.value.expected
    assert other == error.value.got
    assert isinstance(error.value, VerificationError)


@pytest.mark.parametrize("other", ["evil", None])
def test_the_next_root_belongs_to_the_same_collection(other):
    old = collection("acme")

    with pytest.raises(WrongCollectionError) as error:
        old.trusted_root().accept_root(old.rotated(collection=other).raw(ROOT))

    assert ROOT == error.value.role
    assert 2 == old.trusted_root().accept_root(old.rotated().raw(ROOT)).root.role.version


def test_a_repository_may_give_itself_a_name():
    """From then on everything must carry it."""
    old = with_delegated()
    new = old.rotated(collection="acme")
    stage = old.trusted_root().accept_root(new.raw(ROOT))

    with pytest.raises(WrongCollectionError):
        stage.accept_timestamp(new.raw(TIMESTAMP))
    stage.accept_timestamp(new.edited(TIMESTAMP, collection="acme").raw(TIMESTAMP))


def test_a_repository_without_a_name_does_not_look_at_names():
    accept(collection(None, **{TARGETS: "anything"}), TARGETS)


# -- names of roles ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [TARGETS, "one"])
def test_a_role_that_calls_itself_something_else_is_refused(name):
    """T-98: nobody signs the name of a file, so a role may say its own."""
    world = with_delegated()
    accept(world.edited(name, called=name).sealed(), name)

    with pytest.raises(MismatchError) as error:
        accept(world.edited(name, called="other").sealed(), name)
    assert ("the role called", name, "other") == (
        error.value.what,
        error.value.expected,
        error.value.got,
    )


def test_what_is_trusted_says_which_versions():
    trusted = World.create().at(timestamp=4, snapshot=3, targets=2).trusted()

    assert (
        "<Trusted root 1, timestamp 4, snapshot 3, targets 2,"
        " valid until 2030-01-31 12:00+00:00>" == repr(trusted)
    )


# -- consistent snapshots ---------------------------------------------------------------


def test_consistency_is_what_the_current_root_says():
    """T-101."""
    on = World.create()
    off = on.rotated(consistent_snapshot=False)
    again = off.rotated(consistent_snapshot=True)
    stage = on.trusted_root()

    assert stage.root.role.consistent_snapshot is True
    stage = stage.accept_root(off.raw(ROOT))
    assert stage.root.role.consistent_snapshot is False
    stage = stage.accept_root(again.raw(ROOT))
    assert stage.root.role.consistent_snapshot is True
