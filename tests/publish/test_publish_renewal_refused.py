"""What a renewer does not make fresh: what may be old, what clients refuse, what its key must not sign."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from core.worlds import DAY, MINUTE, NOW, SECOND, as_json, signed_json, signer
from publish.desks import (
    anchor_of,
    authority,
    key,
    opened,
    publish,
    tagged,
)
from publish.renewers import (
    HOUR,
    NARROW,
    RENEWER,
    SPLIT,
    forged,
    put,
    renew,
    replayed,
    role,
    seen,
    versions,
)

from trustlib import (
    BY_HAND,
    RENEWED,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    ClockError,
    ExpiredError,
    FrozenMap,
    Limits,
    MemoryStorage,
    MetaFile,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    RollbackError,
    Signature,
    SigningError,
    Snapshot,
    ThresholdError,
    Timestamp,
    TooLongError,
)
from trustlib.publish import Ending, LapsedError, Renewed, Renewer, Unchanged


@pytest.fixture
def storage():
    """acme/app:1.4 at version 1, signed for a day; the snapshot for a week."""
    storage = MemoryStorage()
    put(storage)
    return storage


@pytest.fixture
def memory():
    return MemoryStorage()


# -- a state that somebody put back -----------------------------------------------------


def test_an_old_timestamp_is_not_made_fresh(storage, memory):
    """THE attack on renewers: what is not expired yet, and older than what was seen."""
    old = MemoryStorage(storage.files)
    renew(storage, memory, NOW + 12 * HOUR)
    replayed(storage, old)
    before = storage.files

    with pytest.raises(RollbackError) as error:
        renew(storage, memory, NOW + 13 * HOUR)

    assert (TIMESTAMP, 2, 1) == (error.value.role, error.value.trusted, error.value.offered)
    assert before == storage.files


def test_an_edit_that_was_seen_is_not_taken_back_by_old_signatures(storage, memory):
    old = MemoryStorage(storage.files)
    before = opened(storage)
    publish(storage, before, tagged(before, letter="b"), now=NOW, expiry=RENEWED)
    renew(storage, memory, NOW)
    replayed(storage, old)

    with pytest.raises(RollbackError):
        renew(storage, memory, NOW + 12 * HOUR)


def test_an_older_snapshot_under_a_newer_timestamp_is_not_renewed(storage, memory):
    """A thief of the timestamp key makes the renewer no accomplice."""
    old = role(storage)
    before = opened(storage)
    publish(storage, before, tagged(before, letter="b"), now=NOW, expiry=RENEWED)
    renew(storage, memory, NOW)
    forged(storage, role(storage, Snapshot), attrs.evolve(old, version=9))

    with pytest.raises(RollbackError) as error:
        renew(storage, memory, NOW + 12 * HOUR)

    assert SNAPSHOT == error.value.role


def test_an_expired_timestamp_of_a_collection_that_nobody_remembers_is_refused(storage, memory):
    before = storage.files

    with pytest.raises(LapsedError, match="nobody here remembers") as error:
        renew(storage, memory, NOW + DAY)

    assert (NOW + DAY, None) == (error.value.expired, error.value.grace)
    assert before == storage.files


def test_in_its_last_second_a_timestamp_needs_no_memory(storage, memory):
    assert isinstance(renew(storage, memory, NOW + DAY - SECOND), Renewed)


def test_a_refused_collection_is_not_better_known_the_next_time(storage, memory):
    """Else to be asked twice would be enough."""
    for _ in range(2):
        with pytest.raises(LapsedError) as error:
            renew(storage, memory, NOW + DAY)
        assert error.value.grace is None


def test_what_was_looked_at_in_vain_is_no_memory_either(storage, memory):
    """An expired timestamp, whose snapshot somebody keeps from us for once."""
    snapshot = storage.files["1.snapshot.json"]
    storage.delete("1.snapshot.json")
    with pytest.raises(NotFoundError):
        renew(storage, memory, NOW + DAY)
    storage.write("1.snapshot.json", snapshot, replacing=None)

    with pytest.raises(LapsedError) as error:
        renew(storage, memory, NOW + DAY)

    assert error.value.grace is None


def test_a_collection_that_is_remembered_may_have_expired_over_a_weekend(storage, memory):
    renew(storage, memory, NOW)

    done = renew(storage, memory, NOW + 4 * DAY - SECOND)

    assert ("2.snapshot.json", "timestamp.json") == done.written
    assert "a" == seen(storage, NOW + 4.9 * DAY)


def test_what_expired_longer_ago_needs_a_person(storage, memory):
    """What was published since the renewer looked last, and then put back, it cannot know."""
    renew(storage, memory, NOW)

    with pytest.raises(LapsedError, match=r"longer ago than the 3 days") as error:
        renew(storage, memory, NOW + 4 * DAY)

    assert 3 * DAY == error.value.grace
    person = attrs.evolve(RENEWER, grace=9 * DAY)  # who has looked
    assert isinstance(renew(storage, memory, NOW + 4 * DAY, person), Renewed)


def test_what_a_new_key_invalidated_is_no_memory(storage, memory):
    """§5.3.11: the floors fell, so nobody remembers what the new key signed."""
    renew(storage, memory, NOW)
    before = opened(storage)
    after = before.with_keys(TIMESTAMP, key("online2")).without_keys(TIMESTAMP, key("online"))
    publish(storage, before, after, now=NOW, expiry=RENEWED)
    robot = Renewer(signers=(signer("online"), signer("online2")))

    with pytest.raises(LapsedError) as error:
        renew(storage, memory, NOW + DAY, robot)

    assert error.value.grace is None


def test_a_clock_that_jumped_ahead_signs_nothing(storage, memory):
    """Years later everything has expired for too long, so no signature for years is made."""
    renew(storage, memory, NOW)

    with pytest.raises(LapsedError):
        renew(storage, memory, NOW + 80 * DAY)


def test_a_clock_that_goes_back_behind_the_last_renewal_is_noticed(storage, memory):
    """Else an expired timestamp looks fresh."""
    renew(storage, memory, NOW + 12 * HOUR)

    assert isinstance(renew(storage, memory, NOW + 12 * HOUR - 10 * MINUTE), Unchanged)
    with pytest.raises(ClockError):
        renew(storage, memory, NOW + 12 * HOUR - 11 * MINUTE)


def test_a_clock_that_is_a_little_behind_does_not_take_the_floor_back(storage, memory):
    renew(storage, memory, NOW + 12 * HOUR)
    before = memory.files[".trustlib/clock"]
    eager = attrs.evolve(RENEWER, ahead=0.9999)
    renew(storage, memory, NOW + 12 * HOUR - 9 * MINUTE, attrs.evolve(eager, expiry=BY_HAND))

    assert 3 == role(storage).version
    assert before == memory.files[".trustlib/clock"]


def test_two_timestamps_of_one_version_are_not_chosen_between(storage, memory):
    """One of them was put there by somebody, and whoever goes on from the wrong one helps them."""
    renew(storage, memory, NOW)
    other = attrs.evolve(role(storage), extra=FrozenMap({"x-other": 1}))
    forged(storage, role(storage, Snapshot), other)

    with pytest.raises(MismatchError) as error:
        renew(storage, memory, NOW + 12 * HOUR)

    assert (TIMESTAMP, "sha256") == (error.value.role, error.value.what)


def test_a_memory_can_be_shared_with_the_publishers_client(storage, memory):
    """So the renewer knows of what was published when it was published."""
    old = MemoryStorage(storage.files)
    before = opened(storage)
    publish(storage, before, tagged(before, letter="b"), now=NOW, expiry=RENEWED)
    assert "b" == seen(storage, NOW, memory)
    replayed(storage, old)

    with pytest.raises(RollbackError):
        renew(storage, memory, NOW)


# -- what a client would refuse ---------------------------------------------------------


def test_what_a_client_refuses_is_not_renewed(storage, memory):
    damaged = storage.files["timestamp.json"].replace(b'"version":1', b'"version":2')
    storage.write("timestamp.json", damaged, replacing=storage.read("timestamp.json").revision)

    with pytest.raises(ThresholdError):
        renew(storage, memory, NOW + 12 * HOUR)


def test_another_snapshot_than_the_timestamp_names_is_not_renewed(storage, memory):
    forged(storage, attrs.evolve(role(storage, Snapshot), version=1), role(storage), by=("team",))

    with pytest.raises(ThresholdError):
        renew(storage, memory, NOW + 12 * HOUR)


def test_another_anchor_is_another_repository(storage, memory):
    other = MemoryStorage()
    put(other, root=authority("root2"), timestamp=authority("team"))

    with pytest.raises(ThresholdError):
        renew(storage, memory, NOW + 12 * HOUR, anchor=anchor_of(other))


def test_where_nothing_is_published_nothing_is_renewed(storage, memory):
    with pytest.raises(NoTrustDataError):
        renew(MemoryStorage(), memory, NOW, anchor=anchor_of(storage))


def test_under_a_root_that_has_expired_nothing_is_signed(memory):
    storage = MemoryStorage()
    put(storage, attrs.evolve(BY_HAND, root=12 * HOUR))
    counting = Counting("online")

    with pytest.raises(ExpiredError) as error:
        renew(
            storage,
            memory,
            NOW + 12 * HOUR,
            attrs.evolve(RENEWER, signers=(counting,), expiry=BY_HAND),
        )

    assert (ROOT, 0) == (error.value.role, counting.made)


class Counting:
    """A signer that counts."""

    def __init__(self, name, value=None):
        self.key, self.made, self.name, self.value = key(name), 0, name, value

    def sign(self, payload):
        self.made += 1
        made = signer(self.name).sign(payload)
        return made if self.value is None else Signature(made.keyid, self.value)


def test_what_is_written_is_what_clients_take_within_their_limits(storage, memory):
    """P50: the next timestamp has one more digit than may be."""
    last = attrs.evolve(role(storage), version=9)
    forged(storage, role(storage, Snapshot), last)
    tight = Limits(timestamp=len(storage.files["timestamp.json"]))
    before = storage.files

    with pytest.raises(TooLongError):
        renew(storage, memory, NOW + 12 * HOUR, attrs.evolve(RENEWER, limits=tight))

    assert before == storage.files


def test_a_life_that_ends_at_once_is_not_signed(storage, memory):
    """Nobody says that every policy makes sense."""
    renew(storage, memory, NOW)
    at_once = attrs.evolve(RENEWER, expiry=attrs.evolve(RENEWED, timestamp=timedelta(0)))

    with pytest.raises(ExpiredError) as error:
        renew(storage, memory, NOW + DAY, at_once)

    assert TIMESTAMP == error.value.role
    assert (1, 1) == versions(storage)


def test_a_role_that_vanished_is_noticed(storage, memory):
    renew(storage, memory, NOW)
    before = role(storage, Snapshot)
    forged(
        storage,
        attrs.evolve(before, version=2, meta=before.meta.excluding(TARGETS)),
        attrs.evolve(role(storage), version=2, snapshot=MetaFile(version=2)),
    )

    with pytest.raises(RollbackError) as error:
        renew(storage, memory, NOW + 12 * HOUR)

    assert TARGETS == error.value.role


def test_new_roots_are_remembered_even_if_what_comes_after_is_refused(storage, memory):
    """§5.3.8."""
    before = opened(storage)
    publish(storage, before, before, now=NOW, expiry=RENEWED, renewing=[ROOT])
    with pytest.raises(LapsedError):
        renew(storage, memory, NOW + DAY)
    assert () == tuple(memory.list())

    storage.delete("timestamp.json")
    with pytest.raises(NoTrustDataError):
        renew(storage, memory, NOW)
    assert {".trustlib/2.root.json", "root.json"} == set(memory.files)


# -- keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [ROOT, TARGETS])
def test_a_key_that_can_sign_more_is_refused(memory, name):
    """A renewer that holds it is a misconfiguration, whether or not it is used."""
    storage = MemoryStorage()
    put(storage, **{name: authority("alice", "root", "online")})
    before = storage.files

    with pytest.raises(SigningError, match=f"may sign {name} here") as error:
        renew(storage, memory, NOW)

    assert key("online").id[:8] in error.value.what
    assert before == storage.files


def test_a_key_under_another_id_is_the_same_key(memory):
    """It is the material that signs, and not its name."""
    storage = MemoryStorage()
    repository = put(storage)
    other = attrs.evolve(key("online"), extra=FrozenMap({"x": 1}))
    listed = repository.root.roles[TARGETS]
    root = attrs.evolve(
        repository.root,
        version=2,
        keys=repository.root.keys.including({"aa": other}),
        roles=repository.root.roles.including(
            {TARGETS: attrs.evolve(listed, keyids=(*listed.keyids, "aa"))}
        ),
    )
    storage.write("2.root.json", signed_json(as_json(root), [signer("root")]), replacing=None)

    with pytest.raises(SigningError, match="may sign targets here"):
        renew(storage, memory, NOW)


def test_a_key_of_nobody_is_refused(storage, memory):
    with pytest.raises(SigningError, match="timestamp: expected 1 of its keys, got 0"):
        renew(storage, memory, NOW, Renewer(signers=(signer("team"),)))


def test_a_key_for_the_timestamp_alone_renews_that_and_says_who_must_sign_the_snapshot(memory):
    storage = MemoryStorage()
    put(storage, **SPLIT, signers=("root", "alice", "online", "stamp"))
    first = renew(storage, memory, NOW, NARROW)
    patient = attrs.evolve(NARROW, grace=9 * DAY)

    early = renew(storage, memory, NOW + 3.5 * DAY - SECOND, patient)
    late = renew(storage, memory, NOW + 3.5 * DAY, patient)

    assert (("timestamp.json",), ()) == (early.written, early.ending)
    assert NOW + 12 * HOUR == first.due
    assert (
        Ending(role=SNAPSHOT, expires=NOW + 7 * DAY, authority=authority("online")),
    ) == late.ending
    assert (
        f"snapshot: expires 2030-01-08 12:00Z; before then it must be signed by 1 of"
        f" {key('online').id[:8]}"
    ) == str(late.ending[0])


def test_a_snapshot_that_others_let_expire_is_reported(memory):
    storage = MemoryStorage()
    put(storage, **SPLIT, signers=("root", "alice", "online", "stamp"))
    renew(storage, memory, NOW, NARROW)

    with pytest.raises(ExpiredError) as error:
        renew(storage, memory, NOW + 7 * DAY, attrs.evolve(NARROW, grace=9 * DAY))

    assert SNAPSHOT == error.value.role
    assert (1, 1) == versions(storage)


def test_a_snapshot_that_others_let_expire_is_reported_though_the_timestamp_is_fresh(memory):
    storage = MemoryStorage()
    put(storage, attrs.evolve(BY_HAND, snapshot=DAY), ("root", "alice", "online", "stamp"), **SPLIT)

    with pytest.raises(ExpiredError) as error:
        renew(storage, memory, NOW + DAY, NARROW)

    assert SNAPSHOT == error.value.role


def test_a_threshold_is_met_by_several_signers_or_not_at_all(memory):
    storage = MemoryStorage()
    two = authority("online", "online2", threshold=2)
    put(storage, timestamp=two, snapshot=two)

    with pytest.raises(SigningError, match="expected 2 of its keys, got 1"):
        renew(storage, memory, NOW + 12 * HOUR)
    both = Renewer(signers=(signer("online"), signer("online2")))
    assert isinstance(renew(storage, memory, NOW + 12 * HOUR, both), Renewed)
    twice = Renewer(signers=(signer("online"), signer("online")))
    with pytest.raises(SigningError, match="expected 2 of its keys, got 1"):
        renew(storage, memory, NOW + 12 * HOUR, twice)


def test_keys_that_are_not_needed_do_not_sign(storage, memory):
    spare = Counting("team")
    done = renew(storage, memory, NOW + 12 * HOUR, Renewer(signers=(signer("online"), spare)))

    assert (("timestamp.json",), 0) == (done.written, spare.made)


def test_a_signer_whose_signatures_do_not_verify_writes_nothing(storage, memory):
    before = storage.files
    broken = Renewer(signers=(Counting("online", b"\0" * 64),))

    with pytest.raises(SigningError, match="does not verify"):
        renew(storage, memory, NOW + 12 * HOUR, broken)

    assert before == storage.files


def test_a_root_that_expires_soon_is_named_with_those_who_can_sign_it(memory):
    storage = MemoryStorage()
    three = authority("root", "root2", "root3", threshold=2)
    put(storage, attrs.evolve(BY_HAND, root=40 * DAY), root=three)

    early = renew(storage, memory, NOW + 10 * DAY - SECOND)
    late = renew(storage, memory, NOW + 10 * DAY)

    assert () == early.ending
    assert (Ending(role=ROOT, expires=NOW + 40 * DAY, authority=three),) == late.ending
    assert str(late.ending[0]).startswith(
        "root: expires 2030-02-10 12:00Z; before then it must be signed by 2 of "
    )


def test_the_root_is_part_of_what_bounds_the_answer(memory):
    storage = MemoryStorage()
    put(storage, attrs.evolve(BY_HAND, root=2 * DAY))

    assert NOW + 2 * DAY == renew(storage, memory, NOW).valid_until


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("kind", [Snapshot, Timestamp])
def test_whatever_time_they_were_signed_for_no_sum_with_it_fails(storage, kind, year):
    """Who signs with another key of one collection must not stop a pass over all of them."""
    memory = MemoryStorage()
    renew(storage, memory, NOW)
    moment = datetime(1, 1, 1, 1, tzinfo=UTC) if year == 1 else datetime(9999, 12, 31, tzinfo=UTC)
    snapshot = attrs.evolve(role(storage, Snapshot), version=2)
    timestamp = attrs.evolve(role(storage), version=2, snapshot=MetaFile(version=2))
    if kind is Snapshot:
        snapshot = attrs.evolve(snapshot, expires=moment)
    else:
        timestamp = attrs.evolve(timestamp, expires=moment)
    forged(storage, snapshot, timestamp)

    if (kind, year) == (Timestamp, 1):
        with pytest.raises(LapsedError):
            renew(storage, memory, NOW)
    else:
        done = renew(storage, memory, NOW)
        assert isinstance(done, Renewed) == (year == 1)
        assert done.due > NOW
