"""What is refused before it is written, and what writing it shows to others."""

from datetime import timedelta

import attrs
import pytest
from core.worlds import DAY, NOW, SECOND
from publish.desks import (
    FailingAfter,
    Interrupted,
    anchor_of,
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
    BY_HAND,
    ROOT,
    TARGETS,
    TIMESTAMP,
    ConflictError,
    ExpiredError,
    FileStorage,
    FrozenMap,
    Limits,
    MemoryStorage,
    MetaFile,
    NotFoundError,
    NoTrustDataError,
    PathPatterns,
    RollbackError,
    StorageError,
    TooLongError,
)

ALL = PathPatterns(("acme/*",))
# -- what a client would refuse ---------------------------------------------------------


@pytest.mark.parametrize(
    "narrow",
    [Limits(root=100), Limits(timestamp=100), Limits(snapshot=100), Limits(targets=100)],
)
def test_what_is_too_long_for_the_clients_is_not_published(published, narrow):
    """P50: the limits are the clients', whatever the publisher's own machine can take."""
    everything = [ROOT, TARGETS]
    plan = signed(planned(published, published, now=NOW, renewing=everything))

    assert plan.publication()
    with pytest.raises(TooLongError):
        plan.publication(narrow)


def test_a_root_beyond_the_default_limit_needs_clients_with_wider_ones():
    before = created()
    large = attrs.evolve(before.root, extra=FrozenMap({"x-large": "x" * 512_000}))
    plan = signed(planned(before, attrs.evolve(before, root=large), now=NOW))

    # The anchor itself comes out of band; the next root does not.
    storage = MemoryStorage()
    first = plan.publication().apply(storage).repository
    next_root = signed(planned(first, first, now=NOW, renewing=[ROOT]))

    with pytest.raises(TooLongError, match=r"root\.json"):
        next_root.publication()
    assert next_root.publication(Limits(root=600_000))


def test_a_delegated_role_that_is_too_long_is_not_published(published):
    after = published.with_delegation("team", keys=authority("team"), grant=ALL)
    for number in range(20):
        after = tagged(after, f"{number}", role="team")

    with pytest.raises(TooLongError, match="team"):
        signed(planned(published, after, now=NOW)).publication(Limits(targets=2_000))


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_what_is_expired_on_arrival_is_not_published(role):
    """T-100: in a role's first second its expiry must lie ahead."""
    expiry = attrs.evolve(BY_HAND, **{role: timedelta(0)})
    plan = signed(planned(created(), created(), now=NOW, expiry=expiry))

    with pytest.raises(ExpiredError) as error:
        plan.publication()

    assert role == error.value.role
    second = attrs.evolve(BY_HAND, **{role: SECOND})
    assert signed(planned(created(), created(), now=NOW, expiry=second)).publication()


def test_a_delegated_role_that_is_expired_on_arrival_is_not_published(storage, published):
    """Its delegator was signed for longer."""
    after = published.with_delegation("team", keys=authority("team"), grant=ALL)
    short = attrs.evolve(BY_HAND, targets=2 * DAY)
    before = publish(storage, published, after, now=NOW, expiry=short).repository
    later = signed(planned(before, before, now=NOW + DAY, renewing=[TARGETS]))

    assert later.publication()
    with pytest.raises(ExpiredError):
        later.publication(now=NOW + 3 * DAY)


def lowered(before, role):
    """The repository as somebody typed it who wanted to start again at 1."""
    match role:
        case "timestamp":
            return attrs.evolve(before, timestamp=attrs.evolve(before.timestamp, version=0))
        case _:
            meta = before.snapshot.meta.including({TARGETS: MetaFile(version=0)})
            return attrs.evolve(before, snapshot=attrs.evolve(before.snapshot, meta=meta))


@pytest.mark.parametrize("role", [TIMESTAMP, TARGETS])
def test_a_version_that_somebody_lowered_by_hand_is_not_published(storage, published, role):
    """T-20, on the publisher's desk: every client would call it a rollback."""
    before = publish(storage, published, tagged(published, "1.5"), now=NOW).repository
    forgetful = attrs.evolve(before.published, taken=FrozenMap())
    before = attrs.evolve(lowered(before, role), published=forgetful)

    plan = signed(planned(before, tagged(before, "1.6"), now=NOW))

    with pytest.raises(RollbackError) as error:
        plan.publication()
    assert role == error.value.role


def test_a_snapshot_whose_version_somebody_lowered_is_not_even_found(storage, published):
    """Its file is where its number says, and the timestamp says another."""
    before = publish(storage, published, tagged(published, "1.5"), now=NOW).repository
    before = attrs.evolve(before, snapshot=attrs.evolve(before.snapshot, version=1))

    with pytest.raises(NotFoundError, match=r"2\.snapshot\.json"):
        signed(planned(before, tagged(before, "1.6"), now=NOW)).publication()


def test_a_role_that_somebody_dropped_from_the_snapshot_is_missed(storage, published):
    """T-102."""
    after = published.with_delegation("team", keys=authority("team"), grant=ALL)
    before = publish(storage, published, after, now=NOW).repository
    gone = before.without_delegation("team")
    snapshot = attrs.evolve(before.snapshot, meta=before.snapshot.meta.excluding("team"))

    plan = planned(attrs.evolve(before, snapshot=snapshot), gone, now=NOW)

    with pytest.raises(RollbackError) as error:
        signed(plan).publication()
    assert ("team", None) == (error.value.role, error.value.offered)


def test_recovery_from_a_fast_forward_is_published(storage, published):
    """P52, T-42 (§5.3.11): new keys for what was compromised, and versions may fall."""
    huge = attrs.evolve(published.timestamp, version=2**52)
    before = publish(
        storage,
        attrs.evolve(published, timestamp=huge),
        attrs.evolve(published, timestamp=huge),
        now=NOW,
        renewing=[TIMESTAMP],
    ).repository
    memory = MemoryStorage()
    client(storage, memory).refresh()
    after = before.with_keys(TIMESTAMP, key("online2")).without_keys(TIMESTAMP, key("online"))
    low = attrs.evolve(before, timestamp=attrs.evolve(before.timestamp, version=2))

    receipt = publish(storage, low, after, now=NOW)

    assert 3 == receipt.repository.timestamp.version
    assert 3 == client(storage, memory).refresh().snapshot.timestamp.timestamp.role.version


# -- writing ----------------------------------------------------------------------------


def everything_at_once(repository):
    """An edit that changes every role there can be."""
    delegated = repository.with_delegation("acme/releases", keys=authority("team"), grant=ALL)
    edited = tagged(tagged(delegated, "1.4", "b"), "2", "c", role="acme/releases")
    return edited.with_keys(ROOT, key("root2")).without_keys(ROOT, key("root"))


def test_what_is_named_is_written_before_what_names_it(storage, published):
    receipt = publish(storage, published, everything_at_once(published), now=NOW)

    assert (
        "2.targets.json",
        "1.acme/releases.json",
        "2.snapshot.json",
        "2.root.json",
        "timestamp.json",
    ) == receipt.written
    assert {"1.4": "b", "2": "c"} == seen(storage)


def test_the_receipt_is_the_next_edits_start(storage, published):
    receipt = publish(storage, published, everything_at_once(published), now=NOW)

    assert receipt.repository == opened(storage)
    again = publish(storage, receipt.repository, tagged(receipt.repository, "1.6"), now=NOW)
    assert again.repository == opened(storage)


def test_publishing_twice_changes_nothing(storage, published):
    publication = signed(planned(published, everything_at_once(published), now=NOW)).publication()
    first = publication.apply(storage)
    files = storage.files

    second = publication.apply(storage)

    assert first == second
    assert files == storage.files


def test_a_publication_of_root_alone_can_be_written_twice(storage, published):
    """It has no timestamp to tell that it was there."""
    after = published.with_keys(TARGETS, key("bob"))
    publication = signed(planned(published, after, now=NOW)).publication()

    assert publication.apply(storage) == publication.apply(storage)
    assert ("2.root.json",) == publication.apply(storage).written
    assert publication.apply(storage).repository == opened(storage)


@pytest.mark.parametrize("writes", range(5))
def test_a_publisher_killed_after_any_write_has_shown_nothing_and_can_finish(
    storage, published, writes
):
    """T-63: the disk is full, the network is gone; clients see the old state until the last write."""
    memory = MemoryStorage()
    assert {"1.4": "a"} == seen(storage, memory)
    publication = signed(planned(published, everything_at_once(published), now=NOW)).publication()

    with pytest.raises(StorageError, match="no space left"):
        publication.apply(FailingAfter(storage, writes))

    assert {"1.4": "a"} == seen(storage, memory) == seen(storage)
    receipt = publication.apply(storage)
    assert {"1.4": "b", "2": "c"} == seen(storage, memory) == seen(storage)
    assert receipt.repository == opened(storage)


@pytest.mark.parametrize("writes", range(4))
def test_what_a_killed_publisher_was_about_to_say_can_be_said_anew(storage, published, writes):
    """Another process, which knows nothing of it, opens what is there."""
    after = tagged(published, "1.4", "b")
    plan = signed(planned(published, after, now=NOW, renewing=[ROOT]))
    with pytest.raises(StorageError):
        plan.publication().apply(FailingAfter(storage, writes))

    before = opened(storage)
    receipt = publish(storage, before, tagged(before, "1.4", "b"), now=NOW + SECOND)

    assert {"1.4": "b"} == seen(storage)
    assert receipt.repository == opened(storage)


@pytest.mark.parametrize("writes", range(4))
def test_the_first_publication_of_all_can_be_finished_as_well(storage, writes):
    publication = signed(planned(created(), tagged(created()), now=NOW)).publication()

    with pytest.raises(StorageError):
        publication.apply(FailingAfter(storage, writes))
    publication.apply(storage)

    assert {"1.4": "a"} == seen(storage)


def test_a_bare_storage_holds_nothing(storage):
    with pytest.raises(NoTrustDataError):
        opened(storage, anchor=_anchor())


def _anchor():
    other = MemoryStorage()
    publish(other, created(), created(), now=NOW)
    return anchor_of(other)


# -- two publishers ---------------------------------------------------------------------


def test_of_two_publishers_one_wins_and_the_other_is_told(storage, published):
    ours = signed(planned(published, tagged(published, "1.5", "b"), now=NOW)).publication()
    theirs = signed(planned(published, tagged(published, "1.6", "c"), now=NOW)).publication()
    theirs.apply(storage)
    files = storage.files

    with pytest.raises(ConflictError, match="open the repository again"):
        ours.apply(storage)

    assert files == storage.files
    before = opened(storage)
    publish(storage, before, tagged(before, "1.5", "b"), now=NOW)
    assert {"1.4": "a", "1.5": "b", "1.6": "c"} == seen(storage)


EDITS = {
    "a tag": (lambda r: tagged(r, "1.5", "b"), {"1.5": "b"}),
    "another tag": (lambda r: tagged(r, "1.6", "c"), {"1.6": "c"}),
    "a tag of the team": (lambda r: tagged(r, "2", "d", role="team"), {"2": "d"}),
    "keys of root": (lambda r: r.with_keys(ROOT, key("root2")), {}),
    "a key of root and a tag": (
        lambda r: tagged(r.with_keys(ROOT, key("root3")), "1.5", "e"),
        {"1.5": "e"},
    ),
}


@pytest.mark.parametrize("ours", EDITS)
@pytest.mark.parametrize("theirs", EDITS)
@pytest.mark.parametrize("turn", range(4))
def test_whoever_wins_a_race_is_not_damaged_by_who_loses(storage, published, ours, theirs, turn):
    """Somebody publishes just before our first, second, … write."""
    teamed = published.with_delegation("team", keys=authority("team"), grant=ALL)
    before = publish(storage, published, teamed, now=NOW).repository
    (our_edit, our_tags), (their_edit, their_tags) = EDITS[ours], EDITS[theirs]
    our = signed(planned(before, our_edit(before), now=NOW)).publication()
    their = signed(planned(before, their_edit(before), now=NOW + SECOND)).publication()
    done = {}

    def their_turn():
        try:
            done["their"] = their.apply(storage)
        except ConflictError:
            done["their"] = None

    try:
        done["our"] = our.apply(Interrupted(storage, turn, their_turn))
    except ConflictError:
        done["our"] = None

    won = {}
    if done["our"] is not None:
        won |= our_tags
    if done.get("their") is not None:
        won |= their_tags
    assert {"1.4": "a", **won} == seen(storage)
    if done["our"] is None:
        again = opened(storage)
        publish(storage, again, our_edit(again), now=NOW)
        assert {"1.4": "a", **won, **our_tags} == seen(storage)


def test_the_timestamp_is_replaced_only_if_it_is_the_one_that_was_read(storage, published):
    """Somebody publishes in the last moment there is."""
    renewal = signed(planned(published, published, now=NOW, renewing=[TIMESTAMP])).publication()
    theirs = signed(planned(published, tagged(published, "1.5", "b"), now=NOW)).publication()

    with pytest.raises(ConflictError) as error:
        renewal.apply(Interrupted(storage, 0, lambda: theirs.apply(storage)))

    assert "timestamp.json" == error.value.where
    assert theirs.writes[-1].data == storage.files["timestamp.json"]
    assert {"1.4": "a", "1.5": "b"} == seen(storage)


def test_an_old_publication_does_not_come_back(storage, published):
    """It was applied, somebody published on top of it, and it is applied again."""
    first = signed(planned(published, tagged(published, "1.4", "b"), now=NOW)).publication()
    before = first.apply(storage).repository
    publish(storage, before, tagged(before, "1.4", "c"), now=NOW)

    with pytest.raises(ConflictError):
        first.apply(storage)

    assert {"1.4": "c"} == seen(storage)


def test_a_collection_is_not_created_over_another(storage, published):
    files = storage.files
    second = signed(planned(created(), tagged(created(), "2"), now=NOW)).publication()

    with pytest.raises(ConflictError):
        second.apply(storage)

    assert files == storage.files


def test_a_directory_is_published_to_as_memory_is(tmp_path):
    storage = FileStorage.public(tmp_path / "site")
    receipt = publish(storage, created(), everything_at_once(created()), now=NOW)

    assert (tmp_path / "site" / "1.acme" / "releases.json").is_file()
    assert set(receipt.written) == set(storage.list())
