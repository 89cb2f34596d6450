"""Updates and searches as conversations, held with two dictionaries."""

import contextlib
import hashlib
from datetime import timedelta

import attrs
import pytest
from core.worlds import (
    DAY,
    LATER,
    MINUTE,
    NOW,
    SECOND,
    CrashError,
    World,
    answer_to,
    carried_out,
    grant,
    grants,
    keyids,
    keys,
    only_version,
    refreshed,
    signer,
    signers,
    targets_role,
)

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.anchors import Anchor
from trustlib.effects import Fetch, Load, Save
from trustlib.errors import (
    ClockError,
    ConflictError,
    ExpiredError,
    LimitError,
    MalformedError,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    RollbackError,
    ThresholdError,
    TooLongError,
    TrustError,
    VerificationError,
)
from trustlib.limits import Limits
from trustlib.roles import Delegation, Delegations, PathPatterns, Root, SuccinctRoles, Target
from trustlib.wire import TUF_JSON
from trustlib.workflow import CLOCK_TOLERANCE, find, latest, refresh, walk
from trustlib.workflow.search import Search, covering, terminating

CLOCK = ".trustlib/clock"
FLOORS = ".trustlib/floors"


def anchor_of(world):
    return Anchor.root(world.roots()["1.root.json"])


def client(world, **options):
    """The store of a client that has just seen *world*."""
    store = {}
    refreshed(anchor_of(world), world.files(), store, **options)
    return store


def update(world, store, **options):
    return refreshed(anchor_of(world), world.files(), store, **options)


def fetched(log):
    return [effect.path for effect in log if isinstance(effect, Fetch)]


def saved(log):
    return [effect.name for effect in log if isinstance(effect, Save)]


# -- the good way -----------------------------------------------------------------------


def test_a_first_update_asks_for_what_the_specification_says_and_stores_it_at_once():
    world, log, store = World.create(), [], {}

    trusted = update(world, store, log=log)

    assert tuple(map(world.role, TOP_LEVEL)) == tuple(p.role for p in trusted.roles)
    assert [
        "2.root.json",
        "timestamp.json",
        "1.snapshot.json",
        "1.targets.json",
    ] == fetched(log)
    assert [
        "root.json",
        FLOORS,
        "timestamp.json",
        FLOORS,
        "snapshot.json",
        "targets.json",
        CLOCK,
    ] == saved(log)
    assert {f"{name}.json": world.raw(name) for name in TOP_LEVEL} == {
        name: raw for name, raw in store.items() if not name.startswith(".")
    }
    order = [e.path if isinstance(e, Fetch) else e.name for e in log if not isinstance(e, Load)]
    assert order.index("timestamp.json") < order.index("1.snapshot.json")
    assert order.index("snapshot.json") < order.index("1.targets.json")


def test_an_update_that_finds_nothing_new_fetches_root_and_timestamp_only():
    world, log = World.create(), []
    store = client(world)
    before = dict(store)

    update(world, store, log=log)

    assert ["2.root.json", "timestamp.json"] == fetched(log)
    assert [] == saved(log)
    assert before == store
    (asked,) = (e for e in log if isinstance(e, Fetch) and e.path == "timestamp.json")
    assert world.raw(TIMESTAMP) == asked.held


def test_a_second_update_takes_what_is_new():
    """P55."""
    old = World.create()
    store = client(old)

    trusted = update(old.next(), store)

    assert [1, 2, 2, 2] == [proof.role.version for proof in trusted.roles]


def test_repositories_without_consistent_snapshots_are_read():
    log = []
    update(World.create(consistent=False), {}, log=log)

    assert ["2.root.json", "timestamp.json", "snapshot.json", "targets.json"] == fetched(log)


def test_consistency_follows_the_current_root():
    """T-101."""
    old = World.create()
    log = []
    update(old.rotated(consistent_snapshot=False), {}, log=log)

    assert ["snapshot.json", "targets.json"] == fetched(log)[-2:]


# -- absence ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("timestamp.json", NoTrustDataError),
        ("1.snapshot.json", NotFoundError),
        ("1.targets.json", NotFoundError),
    ],
)
def test_a_file_that_is_withheld_is_an_error(path, error):
    """T-97."""
    world = World.create()
    files = {name: raw for name, raw in world.files().items() if name != path}

    with pytest.raises(error) as caught:
        refreshed(anchor_of(world), files, {})

    assert error is type(caught.value)
    assert path == caught.value.name


# -- limits -----------------------------------------------------------------------------


def test_every_file_is_fetched_under_its_limit():
    world = World.create(listing=only_version).rotated()
    limits = Limits(root=90_001, timestamp=90_002, snapshot=90_003, targets=90_004)
    log = []
    update(world, {}, log=log, limits=limits)

    assert {
        "2.root.json": 90_001,
        "3.root.json": 90_001,
        "timestamp.json": 90_002,
        "1.snapshot.json": 90_003,
        "1.targets.json": 90_004,
    } == {effect.path: effect.max_length for effect in log if isinstance(effect, Fetch)}


@pytest.mark.parametrize("name", [SNAPSHOT, TARGETS])
def test_a_length_that_is_claimed_lowers_the_limit_and_never_raises_it(name):
    """P50."""
    world, log = World.create(), []
    size = len(world.raw(name))
    update(world, {}, log=log)

    assert size == {e.path: e.max_length for e in log if isinstance(e, Fetch)}[f"1.{name}.json"]
    with pytest.raises(TooLongError):
        update(world, {}, limits=Limits(**{name: size - 1}))


def rotations(count):
    worlds = [World.create()]
    for _ in range(count):
        worlds.append(worlds[-1].rotated())
    return worlds


def test_as_many_rotations_as_allowed_are_accepted_and_the_rest_another_time():
    """P54: the limit is on one update, and what was accepted is kept."""
    world, store = rotations(3)[-1], {}

    assert 4 == update(world, {}, limits=Limits(root_rotations=3)).roles[0].role.version
    with pytest.raises(LimitError) as error:
        update(world, store, limits=Limits(root_rotations=2))
    assert 2 == error.value.limit
    assert world.history[3] == store["root.json"]
    assert "timestamp.json" not in store
    assert 4 == update(world, store, limits=Limits(root_rotations=2)).roles[0].role.version


# -- what is refused is not stored ------------------------------------------------------

KEEPS = {
    ROOT: {},
    TIMESTAMP: {"root.json"},
    SNAPSHOT: {"root.json", "timestamp.json"},
    TARGETS: {"root.json", "timestamp.json", "snapshot.json"},
}


@pytest.mark.parametrize("name", [TIMESTAMP, SNAPSHOT, TARGETS])
@pytest.mark.parametrize("fault", ["signature", "expired", "damaged"])
def test_nothing_of_a_refused_file_or_after_it_is_stored(name, fault):
    """T-35, and everything before it is (§5.4.5, §5.5.7)."""
    old = World.create(listing=only_version)
    store = client(old)
    before = dict(store)
    new = old.rotated().next()
    if fault == "signature":
        new = new.signed_by(name, "mallory")
    elif fault == "expired":
        new = new.edited(name, expires=NOW)
    files = new.files()
    if fault == "damaged":
        path = "timestamp.json" if name == TIMESTAMP else f"2.{name}.json"
        files[path] = files[path][:-1]

    with pytest.raises(TrustError):
        refreshed(anchor_of(old), files, store)

    for role in (TIMESTAMP, SNAPSHOT, TARGETS):
        file = f"{role}.json"
        expected = new.raw(role) if file in KEEPS[name] else before[file]
        assert expected == store[file]
    assert new.raw(ROOT) == store["root.json"]
    assert before[CLOCK] == store[CLOCK]


@pytest.mark.parametrize("fault", ["old only", "new only", "version", "damaged"])
def test_a_refused_root_is_not_stored_and_the_next_update_succeeds(fault):
    """T-03, P94."""
    old = World.create()
    new = old.with_keys(ROOT, "fresh")
    store = client(old)
    before = dict(store)
    bad = {
        "old only": new.signed_by(ROOT, "root").raw(ROOT),
        "new only": new.signed_by(ROOT, "fresh").raw(ROOT),
        "version": new.edited(ROOT, version=3).raw(ROOT),
        "damaged": b"{",
    }[fault]

    with pytest.raises(TrustError):
        refreshed(anchor_of(old), {**new.files(), "2.root.json": bad}, store)
    assert before == store
    refreshed(anchor_of(old), old.files(), store)
    assert 2 == update(new, store).roles[0].role.version


def test_a_refused_root_in_the_middle_keeps_those_before_it():
    worlds = rotations(3)
    files = worlds[3].files()
    files["3.root.json"] = b"{}"
    store = {}

    with pytest.raises(MalformedError):
        refreshed(anchor_of(worlds[0]), files, store)

    assert worlds[1].raw(ROOT) == store["root.json"] == store[".trustlib/2.root.json"]
    assert ".trustlib/3.root.json" not in store


def test_a_timestamp_that_points_at_a_bad_snapshot_poisons_nothing():
    """T-34: the honest repository goes on with the next version."""
    old = World.create()
    store = client(old)
    bad = old.next()
    files = bad.files()
    files["2.snapshot.json"] = old.raw(SNAPSHOT)

    with pytest.raises(VerificationError):
        refreshed(anchor_of(old), files, store)
    assert 3 == update(old.next().at(timestamp=3), store).roles[1].role.version


def test_a_timestamp_that_lists_an_older_snapshot_is_not_stored():
    """T-34: it would lock the client out for good."""
    old = World.create().at(snapshot=5, timestamp=5)
    store = client(old)
    before = dict(store)

    with pytest.raises(RollbackError):
        update(old.at(snapshot=4, timestamp=9), store)

    assert before == store
    update(old.at(snapshot=6, timestamp=6), store)


# -- rollback over restarts -------------------------------------------------------------


@pytest.mark.parametrize("name", [TIMESTAMP, SNAPSHOT, TARGETS])
def test_no_version_falls_between_two_runs_of_a_program(name):
    """T-20, T-33."""
    old = World.create().at(timestamp=5, snapshot=5, targets=5)
    store = client(old)
    new = old.at(**{TIMESTAMP: 6, SNAPSHOT: 6, name: 4})

    with pytest.raises(RollbackError) as error:
        update(new, store)

    assert name == error.value.role


def test_expired_memories_hold_over_restarts():
    """T-55."""
    old = World.create().at(timestamp=9).edited(TIMESTAMP, expires=NOW + DAY)
    store = client(old)

    with pytest.raises(RollbackError):
        update(old.at(timestamp=8).edited(TIMESTAMP, expires=LATER), store, now=NOW + 2 * DAY)


def test_a_timestamp_of_the_same_version_leaves_the_one_that_is_stored():
    old = World.create().at(timestamp=5)
    store = client(old)
    before = dict(store)
    other = old.at(snapshot=2)

    assert 1 == update(other, store).roles[2].role.version
    assert before == store


@pytest.mark.parametrize(
    ("lost", "timestamp", "snapshot"), [("timestamp.json", 6, 4), ("snapshot.json", 4, 6)]
)
def test_either_memory_alone_is_a_floor(lost, timestamp, snapshot):
    old = World.create().at(timestamp=5, snapshot=5)
    store = client(old)
    del store[lost]

    with pytest.raises(RollbackError):
        update(old.at(timestamp=timestamp, snapshot=snapshot), store)


@pytest.mark.parametrize(
    ("gone", "timestamp", "snapshot"), [("timestamp.json", 6, 4), ("snapshot.json", 4, 6)]
)
def test_either_memory_alone_is_a_floor_when_a_later_root_accepted_it(gone, timestamp, snapshot):
    """It is recalled under that root, and not forgotten on the way there."""
    old = World.create().rotated().rotated().at(timestamp=5, snapshot=5)
    store = client(old)
    del store[gone]

    with pytest.raises(RollbackError):
        update(old.at(timestamp=timestamp, snapshot=snapshot), store)


@pytest.mark.parametrize("record", [None, b"", b"nonsense", b"\xff" * 80])
def test_files_that_no_record_knows_are_floors_still(record):
    old = World.create().at(timestamp=5)
    store = client(old)
    store.pop(FLOORS)
    if record is not None:
        store[FLOORS] = record

    with pytest.raises(RollbackError):
        update(old.at(timestamp=4), store)


def test_files_accepted_by_a_root_that_is_no_longer_stored_are_floors_still():
    old = World.create()
    new = old.rotated().at(timestamp=5)
    store = client(new)
    del store[".trustlib/2.root.json"]

    with pytest.raises(RollbackError):
        update(new.at(timestamp=4), store)
    # Nor does it help to keep the newer root from the client.
    with pytest.raises(RollbackError):
        update(old.at(timestamp=4), {**store})


# -- damaged stores ---------------------------------------------------------------------

RUBBISH = [b"", b"{}", b"\xff\xfe", b"[" * 70_000, b"null"]


@pytest.mark.parametrize("raw", RUBBISH, ids=range(len(RUBBISH)))
def test_each_damaged_file_of_the_store_is_replaced(raw):
    world = World.create().rotated().rotated()
    good = client(world)

    for name in good:
        store = {**good, name: raw}
        assert 3 == update(world, store).roles[0].role.version
        if name != FLOORS:
            assert good[name] == store[name]


def test_a_damaged_clock_says_nothing():
    world = World.create()

    for raw in (b"", b"yesterday", b"2040-01-01", b"2040-01-01T00:00:00", b"\xff"):
        assert update(world, {CLOCK: raw})


def test_a_clock_record_of_the_first_day_of_all_does_no_harm():
    world = World.create()

    assert update(world, {CLOCK: b"0001-01-01T00:00:00+00:00\n"})


def test_stored_roots_are_verified_again():
    """T-53: whoever writes to the cache does not become a root."""
    world = World.create()
    store = client(world)
    evil = world.with_keys(ROOT, "mallory").signed_by(ROOT, "mallory")
    store[".trustlib/2.root.json"] = store["root.json"] = evil.raw(ROOT)

    assert 1 == update(world, store).roles[0].role.version
    assert world.raw(ROOT) == store["root.json"]


def test_stored_targets_that_were_tampered_with_are_fetched_again():
    """T-52."""
    world = World.create()
    store = client(world)
    store["targets.json"] = store["targets.json"].replace(b'"app"', b'"apt"')

    assert "app" in update(world, store).targets.role.targets
    assert world.raw(TARGETS) == store["targets.json"]


def test_stored_roots_are_replayed_and_not_fetched_again():
    world, log = rotations(3)[-1], []
    store = client(world)

    update(world, store, log=log)

    assert ["5.root.json", "timestamp.json"] == fetched(log)
    assert [f".trustlib/{n}.root.json" for n in (2, 3, 4, 5)] == [
        e.name for e in log if isinstance(e, Load) and e.name.endswith(".root.json")
    ]


# -- anchors ----------------------------------------------------------------------------


def other_repository():
    """Another repository altogether: not a key in common."""
    names = {name: (f"other-{name}",) for name in TOP_LEVEL}
    world = World.create()
    root = attrs.evolve(
        world.root,
        keys=keys(*(n for (n,) in names.values())),
        roles=FrozenMap(
            {r: attrs.evolve(world.root.roles[r], keyids=keyids(n)) for r, (n,) in names.items()}
        ),
    )
    return world.but(root=root, by=FrozenMap({r: signers(n) for r, (n,) in names.items()})).sealed()


def test_a_new_anchor_replaces_the_chain_of_the_old_one():
    old = World.create().at(timestamp=9, snapshot=9).rotated().rotated()
    store = client(old)
    new = other_repository()

    trusted = update(new, store)

    assert tuple(map(new.role, TOP_LEVEL)) == tuple(p.role for p in trusted.roles)
    assert new.raw(ROOT) == store["root.json"]


def test_an_anchor_ahead_of_the_store_is_a_start_as_good():
    world = World.create().at(timestamp=5).rotated().rotated()
    store = client(world)
    log = []

    refreshed(Anchor.root(world.raw(ROOT)), world.files(), store, log=log)
    assert ["4.root.json", "timestamp.json"] == fetched(log)
    with pytest.raises(RollbackError):
        refreshed(Anchor.root(world.raw(ROOT)), world.at(timestamp=4).files(), store)


def test_an_anchor_that_is_no_root_is_refused():
    for raw in (b"", b"{}", World.create().raw(TARGETS)):
        with pytest.raises(MalformedError):
            refreshed(Anchor.root(raw), World.create().files(), {})


def pin(world):
    raw = world.roots()["1.root.json"]
    return Anchor.pinned(sha256=hashlib.sha256(raw).hexdigest())


def test_a_pinned_root_is_fetched_once():
    world, log, store = World.create(), [], {}
    anchor = pin(world)
    refreshed(anchor, world.files(), store, log=log)

    assert "1.root.json" == fetched(log)[0]
    assert world.raw(ROOT) == store[f".trustlib/anchor-{anchor.sha256}"]
    log.clear()
    refreshed(anchor, world.files(), store, log=log)
    assert "1.root.json" not in fetched(log)


def test_a_root_that_was_not_pinned_is_refused_and_not_stored():
    store = {}
    with pytest.raises(MismatchError) as error:
        refreshed(pin(other_repository()), World.create().files(), store)

    assert (ROOT, "sha256", "§5.2") == (error.value.role, error.value.what, error.value.step)
    assert {} == store


def test_a_damaged_pinned_root_is_fetched_again():
    world, log, store = World.create(), [], {}
    anchor = pin(world)
    name = f".trustlib/anchor-{anchor.sha256}"
    store[name] = other_repository().raw(ROOT)

    refreshed(anchor, world.files(), store, log=log)

    assert world.raw(ROOT) == store[name]


def test_a_pinned_root_may_be_a_later_one():
    world, log = World.create().rotated(), []
    anchor = Anchor.pinned(sha256=hashlib.sha256(world.raw(ROOT)).hexdigest(), version=2)
    refreshed(anchor, world.files(), {}, log=log)

    assert ["2.root.json", "3.root.json"] == fetched(log)[:2]


def test_a_pinned_root_that_is_not_there_is_no_trust_data():
    with pytest.raises(NoTrustDataError):
        refreshed(pin(World.create()), {}, {})


def test_a_pinned_root_is_fetched_under_the_limit():
    with pytest.raises(TooLongError):
        refreshed(pin(World.create()), World.create().files(), {}, limits=Limits(root=100))


@pytest.mark.parametrize("sha256", ["", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_a_pin_that_is_no_digest_is_a_programming_error(sha256):
    with pytest.raises(ValueError, match="hex digits"):
        Anchor.pinned(sha256=sha256)


@pytest.mark.parametrize("version", [0, -1])
def test_a_pin_of_no_version_is_a_programming_error(version):
    with pytest.raises(ValueError, match="at least 1"):
        Anchor.pinned(sha256="a" * 64, version=version)


# -- recovery (§5.3.11) and crashes -----------------------------------------------------


def inflated():
    """A repository whose timestamp and snapshot keys were stolen, and as it recovers."""
    stolen = World.create().at(timestamp=2**52, snapshot=2**52)
    fixed = stolen.with_keys(TIMESTAMP, "t2").with_keys(SNAPSHOT, "s2")
    return stolen, fixed.at(timestamp=1, snapshot=1)


def test_versions_that_a_thief_inflated_fall_with_his_keys():
    """T-42, P52."""
    stolen, fixed = inflated()
    store = client(stolen)

    assert 1 == update(fixed, store).roles[1].role.version
    update(fixed.at(timestamp=2), store)
    with pytest.raises(RollbackError):
        update(fixed, store)


def partly():
    """One of two keys was stolen; the other still vouches for what both had signed."""
    names = ("timestamp", "second")
    both = World.create()
    entry = attrs.evolve(both.root.roles[TIMESTAMP], keyids=keyids(*names))
    both = both.edited(
        ROOT,
        keys=both.root.keys.including(keys(*names)),
        roles=both.root.roles.including({TIMESTAMP: entry}),
    ).signed_by(TIMESTAMP, *names)
    stolen = both.at(timestamp=2**52, snapshot=2**52)
    return stolen, stolen.with_keys(TIMESTAMP, "second").at(timestamp=1, snapshot=1)


@pytest.mark.parametrize("story", [inflated, partly])
def test_recovery_survives_a_crash_at_any_moment(story):
    """The floors fall in the run that sees the new root, or in any after it."""
    stolen, fixed = story()
    before = client(stolen)
    log = []
    update(fixed, dict(before), log=log)

    for moment in range(len(log)):
        store = dict(before)
        with pytest.raises(CrashError):
            update(fixed, store, crash_at=moment)
        assert 1 == update(fixed, store).roles[1].role.version


def test_recovery_survives_two_crashes():
    stolen, fixed = partly()
    before = client(stolen)
    count = len(_log_of(fixed, before))

    for first in range(0, count, 3):
        for second in range(0, count, 3):
            store = dict(before)
            for moment in (first, second):  # the second run has less to do, and may end first
                with contextlib.suppress(CrashError):
                    update(fixed, store, crash_at=moment)
            assert 1 == update(fixed, store).roles[1].role.version


def _log_of(world, store):
    log = []
    update(world, dict(store), log=log)
    return log


def test_protection_against_rollback_survives_a_crash_at_any_moment():
    """Whatever was stored when the power went, no version that was stored falls."""
    old = World.create().at(timestamp=5, snapshot=5, targets=5)
    new = old.rotated().at(timestamp=7, snapshot=7, targets=7)
    before = client(old)

    for moment in range(len(_log_of(new, before))):
        store = dict(before)
        with pytest.raises(CrashError):
            update(new, store, crash_at=moment)
        floor = TUF_JSON.parse(type(new.timestamp), store["timestamp.json"]).unverified.version
        for world in (old, new):
            behind = world.at(timestamp=floor - 1, snapshot=9, targets=9)
            with pytest.raises(RollbackError):
                update(behind, dict(store))
        lower = new.at(timestamp=9, snapshot=4)
        with pytest.raises(RollbackError):
            update(lower, dict(store))
        assert 7 == update(new, store).roles[1].role.version


def test_floors_accepted_after_a_key_was_removed_do_not_fall_for_it_again():
    """Replaying the stored roots must not undo what the last of them accepted."""
    _, fixed = partly()
    new = fixed.at(timestamp=5, snapshot=5)
    store = client(new)

    with pytest.raises(RollbackError):
        update(new.at(timestamp=4), store)


def test_floors_that_the_store_knows_of_an_old_root_fall_though_the_new_root_is_stored():
    """A crash, or another process, may have stored the root alone."""
    stolen, fixed = partly()
    store = client(stolen)
    store[".trustlib/2.root.json"] = store["root.json"] = fixed.raw(ROOT)

    assert 1 == update(fixed, store).roles[1].role.version


def test_one_file_accepted_under_a_later_root_is_known_by_that_root():
    """What a later root vouched for again does not fall for the earlier one's keys."""
    stolen, _ = partly()
    store = client(stolen)
    kept = stolen.with_keys(TIMESTAMP, "second")  # publishes the very same timestamp
    kept = kept.but(by=stolen.by)
    files = {**stolen.files(), **kept.roots()}
    refreshed(anchor_of(stolen), files, store)

    with pytest.raises(RollbackError):
        update(stolen.with_keys(TIMESTAMP, "second").at(timestamp=4, snapshot=2**52), store)


def test_a_snapshot_that_a_later_root_vouched_for_again_is_a_floor_under_that_root():
    """It is not fetched again then, and recorded all the same."""
    old, _ = partly()
    old = old.at(timestamp=5, snapshot=5, targets=5)
    store = client(old)
    new = old.with_keys(TIMESTAMP, "second").at(timestamp=6)
    log = []
    update(new, store, log=log)

    assert "5.snapshot.json" not in fetched(log)
    with pytest.raises(RollbackError) as error:
        update(new.at(timestamp=7, snapshot=6, targets=4), store)
    assert TARGETS == error.value.role


# -- without targets --------------------------------------------------------------------


def upper(world, store, *, now=NOW, as_of=NOW, log=None, limits=None):
    workflow = latest(
        anchor_of(world), now=now, as_of=as_of, limits=limits or Limits(), format=TUF_JSON
    )
    return carried_out(workflow, world.files(), store, log)


def test_the_latest_of_all_but_targets_is_had_without_them():
    world, store, log = World.create().rotated().next(), {}, []
    found = upper(world, store, log=log)

    assert (2, 2, 2) == (
        found.root.root.role.version,
        found.timestamp.timestamp.role.version,
        found.snapshot.role.version,
    )
    assert ["2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json"] == fetched(log)
    assert {"root.json", ".trustlib/2.root.json", "timestamp.json", "snapshot.json", FLOORS} == set(
        store
    )


def test_the_latest_is_held_to_what_is_remembered():
    old = World.create()
    store = client(old.next())

    with pytest.raises(RollbackError):
        upper(old, store)


def test_the_latest_may_have_expired_by_now():
    """For who is to renew it."""
    world = World.create(expires=NOW + DAY)

    assert upper(world, {}, now=NOW + 2 * DAY, as_of=NOW)
    with pytest.raises(ExpiredError):
        upper(world, {}, now=NOW, as_of=NOW + DAY)


def test_the_latest_is_not_looked_for_with_a_clock_that_went_back():
    world = World.create()
    store = client(world)

    assert upper(world, store, now=NOW - CLOCK_TOLERANCE)
    with pytest.raises(ClockError):
        upper(world, store, now=NOW - CLOCK_TOLERANCE - SECOND)


def test_to_look_for_the_latest_is_no_complete_update():
    store = {}
    upper(World.create(), store)

    assert CLOCK not in store


def test_a_race_for_the_store_is_a_conflict_to_who_looks_for_the_latest():
    world, store = World.create(), {}
    workflow = latest(anchor_of(world), now=NOW, as_of=NOW, limits=Limits(), format=TUF_JSON)
    with pytest.raises(ConflictError):
        racing(world, store, lambda _: b"else", workflow=workflow)


# -- several processes ------------------------------------------------------------------


def racing(world, store, meddle, times=1, limits=None, workflow=None):
    """Update, and let somebody else write to the file of each save, *times* times."""
    if workflow is None:
        workflow = refresh(anchor_of(world), now=NOW, limits=limits or Limits(), format=TUF_JSON)
    answer, lost, files = None, [], world.files()
    while True:
        try:
            effect = workflow.send(answer)
        except StopIteration as finished:
            return finished.value, lost
        if isinstance(effect, Save) and len(lost) < times:
            change = meddle(effect)
            if change is not None:
                store[effect.name] = change
                lost.append(effect.name)
        answer = answer_to(effect, files, store)


SAVES = [
    "root.json",
    ".trustlib/2.root.json",
    FLOORS,
    "timestamp.json",
    "snapshot.json",
    CLOCK,
]


@pytest.mark.parametrize("name", SAVES)
def test_a_lost_race_starts_the_update_again(name):
    """P79."""
    old = World.create()
    world = old.rotated().next()
    store = client(old)
    store.pop(CLOCK)

    trusted, lost = racing(world, store, lambda e: b"else" if e.name == name else None)

    assert [name] == lost
    assert 2 == trusted.roles[1].role.version
    if name != CLOCK:
        assert b"else" != store[name]


def test_a_version_does_not_fall_through_a_race():
    """Somebody else completed a newer update while ours was under way."""
    old = World.create()
    store = client(old)
    ours, theirs = old.at(timestamp=2), client(old.at(timestamp=3))

    def meddle(effect):
        if effect.name != FLOORS:
            return None
        store.update(theirs)
        return theirs[FLOORS]

    with pytest.raises(RollbackError):
        racing(ours, store, meddle)
    assert theirs["timestamp.json"] == store["timestamp.json"]


def test_the_trusted_root_does_not_fall_through_a_race():
    """Somebody goes on to the next root after we were told that there is none."""
    old = World.create()
    new = old.rotated().next()
    store = client(old)
    workflow = refresh(anchor_of(old), now=NOW, limits=Limits(), format=TUF_JSON)
    effect, asked = next(workflow), []
    with contextlib.suppress(StopIteration):
        while True:
            answer = answer_to(effect, new.files() if asked else old.files(), store)
            if isinstance(effect, Fetch) and effect.path == "2.root.json" and not asked:
                asked.append(effect)
                update(new, store)
            assert not asked or new.raw(ROOT) == store["root.json"]
            effect = workflow.send(answer)

    assert asked


def test_a_lost_race_for_targets_does_not_matter():
    """They are no floor; whose copy is kept is all one."""
    world, store = World.create(), {}
    log = []
    trusted, lost = racing(world, store, lambda e: b"else" if e.name == "targets.json" else None)

    assert ["targets.json"] == lost
    assert 1 == trusted.targets.role.version
    assert b"else" == store["targets.json"]
    assert [] == log


def test_newer_targets_of_somebody_who_overtook_us_stay():
    """Their snapshot lists them; ours are all the same to whoever asked us."""
    old = World.create()
    store = client(old)
    ours, theirs = old.next(), old.next().next()
    workflow = refresh(anchor_of(old), now=NOW, limits=Limits(), format=TUF_JSON)
    answer = None
    with pytest.raises(StopIteration) as finished:
        while True:
            effect = workflow.send(answer)
            if effect == Load("targets.json"):
                update(theirs, store)
            answer = answer_to(effect, ours.files(), store)

    assert 2 == finished.value.value.targets.role.version
    assert theirs.raw(TARGETS) == store["targets.json"]


def test_races_without_end_are_a_conflict():
    world = World.create()
    number = iter(range(10_000))

    with pytest.raises(ConflictError):
        racing(world, {}, lambda e: str(next(number)).encode(), times=10_000)


# -- the clock --------------------------------------------------------------------------


def test_the_clock_is_recorded_after_a_complete_update_only():
    world = World.create()
    files = world.files()
    del files["1.targets.json"]
    store = {}

    with pytest.raises(NotFoundError):
        refreshed(anchor_of(world), files, store)
    assert CLOCK not in store
    update(world, store)
    assert f"{NOW.isoformat()}\n".encode() == store[CLOCK]


def test_a_clock_that_went_back_is_noticed():
    """P56, T-100: within the tolerance it is let be."""
    world = World.create()
    store = client(world)
    before = dict(store)

    update(world, store, now=NOW - CLOCK_TOLERANCE)
    with pytest.raises(ClockError) as error:
        update(world, store, now=NOW - CLOCK_TOLERANCE - SECOND)

    assert (NOW - CLOCK_TOLERANCE - SECOND, NOW) == (error.value.now, error.value.floor)
    assert CLOCK_TOLERANCE == error.value.tolerance
    assert timedelta(minutes=10) == CLOCK_TOLERANCE
    assert CLOCK == error.value.reset
    assert before == store


def test_a_clock_that_went_back_is_noticed_before_anything_is_fetched():
    world, log = World.create(), []
    store = client(world)

    with pytest.raises(ClockError):
        update(world, store, now=NOW - DAY, log=log)

    assert [Load(CLOCK)] == log


def test_the_clock_is_recorded_once_a_minute():
    world = World.create()
    store = client(world)

    update(world, store, now=NOW + MINUTE - SECOND)
    assert f"{NOW.isoformat()}\n".encode() == store[CLOCK]
    update(world, store, now=NOW + MINUTE)
    assert f"{(NOW + MINUTE).isoformat()}\n".encode() == store[CLOCK]


# -- the search -------------------------------------------------------------------------


def search(world, path, *, log=None, store=None, known=None, limits=None, files=None, now=NOW):
    files = world.files() if files is None else files
    return carried_out(
        find(
            world.trusted(now),
            path,
            limits=limits or Limits(),
            known={} if known is None else known,
        ),
        files,
        {} if store is None else store,
        log,
    )


def tree(*given, **roles):
    """targets delegates what is *given*; each of *roles* is a delegated role."""
    return World.create().delegating(*given, **roles)


def delegating(*given, names=(), **more):
    """A delegated role that delegates on."""
    return targets_role(*names, delegations=grants(*given), **more)


def test_a_target_of_the_top_level_role_is_found_without_asking_anybody():
    world, log = tree(grant("a", "*"), a=targets_role("app")), []

    found = search(world, "app", log=log)

    assert ("targets",) == found.via
    assert "app" == found.path
    assert world.targets.targets["app"] == found.target
    assert LATER == found.valid_until
    assert found.collection is None
    assert [] == log


def test_what_nobody_lists_is_not_found():
    world = tree(grant("a", "a/*"), a=targets_role("a/x"))

    for path in ("nothing", "a/y", "a/x/y", "A/x", ""):
        with pytest.raises(NotFoundError) as error:
            search(world, path)
        assert path == error.value.name
        assert NotFoundError is type(error.value)


def test_the_search_is_pre_order_and_most_trusted_first():
    """T-22: a, what a delegates to, then b."""
    world = tree(
        grant("a", "*"),
        grant("b", "*"),
        a=delegating(grant("c", "*"), grant("d", "*")),
        b=targets_role("x", "y", "z"),
        c=targets_role("only-c"),
        d=targets_role("x"),
    )
    log = []

    assert ("targets", "a", "d") == search(world, "x", log=log).via
    assert ["1.a.json", "1.c.json", "1.d.json"] == fetched(log)
    assert ("targets", "a", "c") == search(world, "only-c").via
    assert ("targets", "b") == search(world, "y").via


def test_only_roles_whose_paths_cover_the_target_are_asked():
    world, log = (
        tree(grant("a", "a/*"), grant("b", "b/*"), a=targets_role("b/x"), b=targets_role("b/x")),
        [],
    )

    assert ("targets", "b") == search(world, "b/x", log=log).via
    assert ["1.b.json"] == fetched(log)


def test_hash_prefixes_cover_too():
    prefix = hashlib.sha256(b"x").hexdigest()[:3]
    world = tree(
        grant("a", prefixes=("0" * 64,)),
        grant("b", prefixes=("f" * 64, prefix)),
        a=targets_role("x"),
        b=targets_role("x"),
    )

    assert ("targets", "b") == search(world, "x").via


def test_a_terminating_delegation_ends_the_search():
    """T-32, T-22: b is never asked."""
    world = tree(
        grant("a", "*", terminating=True),
        grant("b", "*"),
        a=targets_role("y"),
        b=targets_role("x"),
    )
    log = []

    with pytest.raises(NotFoundError):
        search(world, "x", log=log)

    assert ["1.a.json"] == fetched(log)
    assert ("targets", "a") == search(world, "y").via


def test_a_terminating_delegation_further_down_ends_all_of_the_search():
    world = tree(
        grant("a", "*"),
        grant("b", "*"),
        a=delegating(grant("c", "*", terminating=True), grant("d", "*")),
        b=targets_role("x"),
        c=targets_role(),
        d=targets_role("x"),
    )

    with pytest.raises(NotFoundError):
        search(world, "x")


def test_the_last_of_those_who_were_asked_ends_the_search_or_nobody_does():
    role = tree(grant("a", "*", terminating=True), grant("b", "*"), a=targets_role()).targets

    assert ("a",) == covering(role, "x")
    assert terminating(role, ("a",))
    assert not terminating(role, ("a", "b"))
    assert not terminating(role, ())


def test_those_before_and_below_a_terminating_delegation_are_asked():
    world = tree(
        grant("a", "*"),
        grant("b", "*", terminating=True),
        a=targets_role(),
        b=delegating(grant("c", "*")),
        c=targets_role("x"),
    )

    assert ("targets", "b", "c") == search(world, "x").via


def test_a_terminating_delegation_for_other_paths_ends_nothing():
    world = tree(
        grant("a", "a/*", terminating=True),
        grant("b", "*"),
        a=targets_role(),
        b=targets_role("x"),
    )

    assert ("targets", "b") == search(world, "x").via


def test_a_terminating_delegation_for_other_paths_ends_nothing_further_up_either():
    world = tree(
        grant("p", "*"),
        grant("q", "*"),
        p=delegating(grant("a", "a/*", terminating=True), grant("b", "*")),
        q=targets_role("x"),
        a=targets_role(),
        b=targets_role(),
    )

    assert ("targets", "q") == search(world, "x").via


def test_delegations_in_a_circle_come_to_an_end():
    """T-99: a delegates to itself, and to b, and b to a."""
    world = tree(
        grant("a", "*"),
        a=delegating(grant("a", "*"), grant("b", "*")),
        b=delegating(grant("a", "*"), grant("c", "*")),
        c=targets_role("x"),
    )
    log = []

    assert ("targets", "a", "b", "c") == search(world, "x", log=log).via
    assert ["1.a.json", "1.b.json", "1.c.json"] == fetched(log)
    with pytest.raises(NotFoundError):
        search(world, "y")


def test_a_diamond_is_trusted_by_the_word_of_each_delegator():
    """T-07: what a's keys vouched for is not b's, in either order."""
    shared_by = {"a": grant("shared", "a/*", by=("ka",)), "b": grant("shared", "b/*", by=("kb",))}
    world = (
        tree(
            grant("a", "*/*"),
            grant("b", "*/*"),
            a=attrs.evolve(targets_role(), delegations=grants(shared_by["a"], knowing=("ka",))),
            b=attrs.evolve(targets_role(), delegations=grants(shared_by["b"], knowing=("kb",))),
            shared=targets_role("a/x", "b/x"),
        )
        .signed_by("shared", "ka")
        .sealed()
    )
    for order in (("a/x", "b/x"), ("b/x", "a/x")):
        trusted, known, store = world.trusted(), {}, {}
        for path in order:
            asked = find(trusted, path, limits=Limits(), known=known)
            if path == "a/x":
                found = carried_out(asked, world.files(), store)
                assert ("targets", "a", "shared") == found.via
            else:
                with pytest.raises(ThresholdError):
                    carried_out(asked, world.files(), store)


def test_a_role_reached_by_the_wrong_word_first_is_an_error_and_no_silence():
    """T-37."""
    world = tree(
        grant("a", "*"),
        grant("b", "*"),
        a=attrs.evolve(
            targets_role(),
            delegations=grants(grant("r", "*", by=("mallory",)), knowing=("mallory",)),
        ),
        b=delegating(grant("r", "*")),
        r=targets_role("x"),
    )

    with pytest.raises(ThresholdError) as error:
        search(world, "x")
    assert "r" == error.value.role


@pytest.mark.parametrize("fault", ["absent", "signature", "expired", "damaged", "unlisted"])
def test_a_role_on_the_way_that_cannot_be_trusted_ends_the_search(fault):
    """T-97, P46, T-35: it might have had the last word; and nothing of it is stored."""
    world = tree(grant("a", "*"), grant("b", "*"), a=targets_role(), b=targets_role("x"))
    store = {}
    if fault == "signature":
        world = world.signed_by("a", "mallory").sealed()
    if fault == "expired":
        world = world.edited("a", expires=NOW).sealed()
    if fault == "unlisted":
        world = world.edited(SNAPSHOT, meta=world.snapshot.meta.excluding("a")).stamped()
    files = world.files()
    if fault == "absent":
        del files["1.a.json"]
    if fault == "damaged":
        files["1.a.json"] = b" " * len(files["1.a.json"])
    expected = {
        "absent": NotFoundError,
        "signature": ThresholdError,
        "expired": ExpiredError,
        "damaged": MismatchError,
        "unlisted": MismatchError,
    }[fault]

    with pytest.raises(expected) as error:
        search(world, "x", store=store, files=files)

    if fault == "absent":
        assert "1.a.json" == error.value.name
    assert {} == store


def test_a_delegated_role_is_stored_and_not_fetched_again():
    world, store, log = tree(grant("../a", "*"), **{"../a": targets_role("x")}), {}, []

    search(world, "x", store=store)
    assert {"..%2Fa.json": world.raw("../a")} == store
    search(world, "x", store=store, log=log)

    assert [Load("..%2Fa.json")] == log


def test_a_stored_delegated_role_is_verified_again():
    """T-52."""
    world, log = tree(grant("a", "*"), a=targets_role("x")), []
    store = {"a.json": world.raw("a").replace(b'"x"', b'"z"')}

    with pytest.raises(NotFoundError):
        search(world, "z", store=dict(store), log=log)
    assert ["1.a.json"] == fetched(log)
    search(world, "x", store=store)
    assert world.raw("a") == store["a.json"]


def test_a_lost_race_for_a_delegated_role_does_not_matter():
    world = tree(grant("a", "*"), a=targets_role("x"))
    workflow = find(world.trusted(), "x", limits=Limits(), known={})
    assert Load("a.json") == workflow.send(None)
    assert "1.a.json" == workflow.send(None).path
    assert Load("snapshot.json") == workflow.send(world.raw("a"))
    assert isinstance(workflow.send(None), Save)

    with pytest.raises(StopIteration) as finished:
        workflow.send(None)
    assert ("targets", "a") == finished.value.value.via


def test_what_is_known_is_not_asked_for_again_until_it_expires():
    world = tree(grant("a", "*"), a=targets_role("x", expires=NOW + DAY))
    trusted, known, log = world.trusted(), {}, []
    carried_out(find(trusted, "x", limits=Limits(), known=known), world.files(), {})

    found = carried_out(find(trusted, "x", limits=Limits(), known=known), {}, {}, log)
    assert [] == log
    assert NOW + DAY == found.valid_until
    with pytest.raises(ExpiredError) as error:
        later = trusted.as_of(NOW + DAY)
        carried_out(find(later, "x", limits=Limits(), known=known), {}, {})
    assert "a" == error.value.role
    assert "§5.6.5" == error.value.step


def test_an_answer_holds_as_long_as_everybody_who_was_asked():
    """Also those who were asked in vain: a fresher version of theirs might have said otherwise."""
    world = tree(
        grant("a", "*"),
        grant("b", "*"),
        grant("c", "*"),
        a=targets_role(expires=NOW + DAY),
        b=targets_role("x", expires=NOW + 2 * DAY),
        c=targets_role(expires=NOW + SECOND),
    )

    assert NOW + DAY == search(world, "x").valid_until
    world = world.edited("b", expires=NOW + MINUTE).sealed()
    assert NOW + MINUTE == search(world, "x").valid_until
    world = world.edited(TIMESTAMP, expires=NOW + SECOND)
    assert NOW + SECOND == search(world, "x").valid_until


def test_an_answer_names_the_collection():
    world = World.create()
    for name in TOP_LEVEL:
        world = world.edited(name, collection="acme")

    assert "acme" == search(world.sealed(), "app").collection


def test_an_answer_says_what_the_repository_calls_the_file():
    """§5.7.3: after one of its hashes where snapshots are consistent, else as the target is."""
    both = FrozenMap({"sha512": "ab" * 64, "sha256": "cd" * 32})
    listed = FrozenMap({"tools/x y": Target(length=1, hashes=both)})
    worlds = [
        World.create(consistent=consistent).edited(TARGETS, targets=listed).sealed()
        for consistent in (True, False)
    ]

    consistent, plain = (search(world, "tools/x y").files for world in worlds)

    assert ("tools/" + "cd" * 32 + ".x%20y", "tools/" + "ab" * 64 + ".x%20y") == consistent
    assert ("tools/x%20y",) == plain


def chain(length):
    """targets → r1 → r2 → … → r<length>, which lists x."""
    roles = {f"r{n}": delegating(grant(f"r{n + 1}", "*")) for n in range(1, length)}
    return tree(grant("r1", "*"), **roles, **{f"r{length}": targets_role("x")})


def test_as_many_roles_as_allowed_are_visited():
    """P44, T-99: one more is an error, and not the answer that there is none."""
    world = chain(4)

    assert 5 == len(search(world, "x", limits=Limits(delegations=5)).via)
    with pytest.raises(LimitError) as error:
        search(world, "x", limits=Limits(delegations=4))
    assert 4 == error.value.limit


@pytest.mark.parametrize("inside", ["session", "visited", "to_visit"])
def test_a_search_begins_at_the_top_and_nowhere_else(inside):
    """Whom it visits is its own business: nobody hands it a place to go on from."""
    whole = {"trusted": World.create().trusted(), "path": "x", "limits": Limits(), "known": {}}
    assert isinstance(Search(**whole), Search)

    with pytest.raises(TypeError):
        Search(**whole, **{inside: {}})


def test_each_delegated_role_is_fetched_under_the_limit_for_targets():
    world = chain(1)
    size = len(world.raw("r1"))
    log = []
    search(world, "x", log=log)

    assert size == log[1].max_length
    with pytest.raises(TooLongError):
        search(world, "x", limits=Limits(targets=size - 1))


def test_delegated_roles_of_a_repository_without_consistent_snapshots_are_found():
    world = World.create(consistent=False).delegating(grant("a", "*"), a=targets_role("x"))
    log = []

    assert ("targets", "a") == search(world, "x", log=log).via
    assert ["a.json"] == fetched(log)


# -- succinct bins (TAP 15) -------------------------------------------------------------


def bins(bits=4, **more):
    return SuccinctRoles(
        keyids=keyids("bins"), threshold=1, bit_length=bits, name_prefix="bin", **more
    )


def binned(path, bits=4):
    role = bins(bits)
    name = role.bin_for(path)
    world = World.create().edited(TARGETS, delegations=Delegations(keys=keys("bins"), roles=role))
    world = world.but(by=world.by.including({name: signers("bins")}))
    return world.with_roles({name: targets_role(path)}), name


@pytest.mark.parametrize("bits", [1, 4, 5, 8, 32])
def test_a_target_is_found_in_the_bin_of_its_hash(bits):
    world, name = binned("some/path", bits)
    number = int(hashlib.sha256(b"some/path").hexdigest()[:8], 16) >> (32 - bits)

    assert f"bin-{number:x}".replace("-", "-" + "0" * (-(-bits // 4) - len(f"{number:x}"))) == name
    assert ("targets", name) == search(world, "some/path").via


def test_only_one_bin_is_asked():
    world, name = binned("x")
    log = []

    with pytest.raises(TrustError):
        search(world, next(p for p in "abcdef" if bins().bin_for(p) != name), log=log)

    assert [] == fetched(log)


@pytest.mark.parametrize("name", ["bin-10", "bin-0", "bin-a", "bin-f"])
def test_the_names_of_bins_are_spelled_in_one_way_only(name):
    """T-05, P90."""
    role = bins(4)

    assert (name in role) == (len(name) == 5)
    assert (name in role) == (name in set(role.names()))


@pytest.mark.parametrize(
    "name",
    [
        "bin-0F", "bin-+1", "bin- 1", "bin-١", "bin-1 ", "bin-1f", "bin-20", "bin-020", "bin-0_1",
        "bin--1", "bin-", "bin", "evil", "evil-00", "Bin-00", "xbin-00", "bin-bin-00", "", None, 3,
        "bin-0\n", "bin-0g", "bin00", "-00", "00", "1f",
    ],
)  # fmt: skip
def test_what_is_no_bin_has_no_authority(name):
    """T-05, P90: five bits make bins 00 to 1f."""
    role = bins(5)
    owner = targets_role(delegations=Delegations(keys=keys("bins"), roles=role))
    right = {"bin-1f"}

    assert (name in right) == (name in role)
    if name in right:
        assert keys("bins") == owner.authority(name).keys
    else:
        with pytest.raises(KeyError):
            owner.authority(name)


def test_a_role_that_delegates_to_nobody_gives_nobody_authority():
    for role in (targets_role(), delegating(), delegating(grant("a", "*"))):
        with pytest.raises(KeyError):
            role.authority("b")


def test_what_is_not_said_is_the_safe_thing():
    one = Delegation(name="a", keyids=(), threshold=1, grant=PathPatterns(("*",)))
    root = World.create().root

    assert False is one.terminating
    assert Root(version=1, expires=NOW, keys=root.keys, roles=root.roles).consistent_snapshot


def test_the_names_of_all_bins_are_in_order_and_each_is_one():
    for bits in (1, 3, 4, 5, 8):
        role = bins(bits)
        names = list(role.names())
        assert 2**bits == len(set(names))
        assert sorted(names) == names
        assert all(name in role for name in names)
        assert signer("bins").key.id in role.keyids


# -- every role there is ----------------------------------------------------------------


def walked(world):
    return carried_out(walk(world.trusted(), limits=Limits()), world.files(), {})


def test_a_walk_visits_every_role_once_whatever_it_is_for():
    """T-99: in a circle as well."""
    world = tree(
        grant("a", "nothing", terminating=True),
        grant("b", "*"),
        a=delegating(grant("c", "*")),
        b=delegating(grant("a", "*"), grant("c", "*")),
        c=delegating(grant("a", "*"), grant("c", "*"), names=("x",)),
    )

    assert {"targets", "a", "b", "c"} == set(found := walked(world))
    assert {**world.delegated, "targets": world.targets} == {n: p.role for n, p in found.items()}
    assert {"targets"} == set(walked(World.create()))


def test_a_walk_verifies_a_role_on_the_word_of_everybody_who_delegates_to_it():
    """T-07."""
    one, other = grants(grant("r", "*")), grants(grant("r", "*", by=("z",)), knowing=("z",))
    for first, second in ((one, other), (other, one)):
        world = tree(
            grant("a", "*"),
            grant("b", "*"),
            a=attrs.evolve(targets_role(), delegations=first),
            b=attrs.evolve(targets_role(), delegations=second),
            r=targets_role("x"),
        )
        with pytest.raises(ThresholdError):
            walked(world)


def test_a_walk_visits_every_bin():
    role = bins(2)
    world = World.create().edited(TARGETS, delegations=Delegations(keys=keys("bins"), roles=role))
    world = world.but(by=world.by.including({name: signers("bins") for name in role.names()}))
    world = world.with_roles({name: targets_role(name) for name in role.names()})

    assert ["targets", "bin-0", "bin-1", "bin-2", "bin-3"] == list(walked(world))
