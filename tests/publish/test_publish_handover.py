"""A root that takes keys away: who sees what, and when, and who finishes it."""

import attrs
import pytest
from core.worlds import NOW, SECOND, signer
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
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    Authority,
    ConflictError,
    FrozenMap,
    MemoryStorage,
    SigningError,
    StorageError,
    ThresholdError,
)
from trustlib.publish import HASHES, Publisher

REPLACED = {TIMESTAMP: "online", SNAPSHOT: "online", TARGETS: "alice"}
WRITES = {TIMESTAMP: 3, SNAPSHOT: 4, TARGETS: 5}


def replacing(repository, role):
    """An edit after which the published signatures of *role* no longer do; said twice, it holds."""
    return repository.with_authority(role, authority("carol"))


def rotation(published, role, **more):
    return signed(planned(published, replacing(published, role), now=NOW, **more)).publication()


def without_the_old_key(published, role):
    """The same, where the old key is lost."""
    return rotation(published, role, lost=[key(REPLACED[role])])


def published_authority(storage, role):
    return opened(storage).root.authority(role)


# -- one publisher ----------------------------------------------------------------------


def test_a_root_that_only_adds_comes_before_what_it_lets_others_sign(storage, published):
    after = tagged(published.with_keys(TARGETS, key("bob")), "1.5", "b")
    receipt = signed(planned(published, after, now=NOW), "root", "bob", "online").publication()

    assert ["2.root.json", "timestamp.json"] == [w.path for w in receipt.writes[-2:]]
    assert receipt.seamless


@pytest.mark.parametrize("role", REPLACED)
def test_a_root_that_takes_away_comes_after_what_old_and_new_keys_signed(published, role):
    publication = rotation(published, role)

    assert ["timestamp.json", "2.root.json"] == [w.path for w in publication.writes[-2:]]
    assert publication.seamless
    assert WRITES[role] == len(publication.writes)


@pytest.mark.parametrize("role", REPLACED)
@pytest.mark.parametrize("writes", range(5))
def test_no_client_refuses_anything_while_keys_are_replaced(storage, published, role, writes):
    """Killed after any write; clients that were there before and new ones, then and later."""
    memory = MemoryStorage()
    seen(storage, memory)
    try:
        rotation(published, role).apply(FailingAfter(storage, writes))
    except StorageError:
        assert writes < WRITES[role]

    assert {"1.4": "a"} == seen(storage, memory) == seen(storage)

    rotation(opened(storage), role).apply(storage)
    assert authority("carol") == published_authority(storage, role)
    assert {"1.4": "a"} == seen(storage, memory) == seen(storage)
    assert [] == [path for path in storage.list() if path.startswith("coming/")]


@pytest.mark.parametrize("role", REPLACED)
@pytest.mark.parametrize("writes", range(6))
def test_the_same_publication_can_be_applied_until_it_is_done(storage, published, role, writes):
    publication = rotation(published, role)
    for stopped in range(writes):
        try:
            publication.apply(FailingAfter(storage, stopped))
        except StorageError:
            assert {"1.4": "a"} == seen(storage)

    receipt = publication.apply(storage)

    assert receipt.repository == opened(storage)
    assert authority("carol") == published_authority(storage, role)


def test_a_threshold_that_is_raised_takes_away_as_well(storage, published):
    before = publish(
        storage, published, published.with_keys(TARGETS, key("bob")), now=NOW
    ).repository
    after = before.with_keys(TARGETS, threshold=2)

    publication = signed(planned(before, after, now=NOW)).publication()

    assert "2.targets.json" in [write.path for write in publication.writes]
    assert ["timestamp.json", "3.root.json"] == [w.path for w in publication.writes[-2:]]


def test_a_key_that_is_taken_away_though_its_signatures_are_not_missed_moves_the_timestamp(
    storage, published
):
    """Else somebody who publishes with that key at the same time would be locked out with it."""
    before = publish(
        storage, published, published.with_keys(TARGETS, key("bob")), now=NOW, renewing=[TARGETS]
    ).repository
    after = before.without_keys(TARGETS, key("alice"))

    plan = planned(before, after, now=NOW)

    assert {ROOT, TIMESTAMP} == set(plan.drafts)


# -- who should sign once more ----------------------------------------------------------


@pytest.mark.parametrize("writes", range(6))
@pytest.mark.parametrize("role", REPLACED)
def test_a_key_under_another_id_is_handed_over_like_another_key(storage, role, writes):
    """Other tools make other ids, and a signature names an id: it counts under no other."""
    before = created(
        **{role: Authority(keys=FrozenMap({"theirs": key(REPLACED[role])}), threshold=1)}
    )
    publish(storage, before, tagged(before), now=NOW)
    before = opened(storage)
    renamed = before.with_authority(role, authority(REPLACED[role]))
    publication = signed(planned(before, renamed, now=NOW)).publication()
    assert publication.seamless
    try:
        publication.apply(FailingAfter(storage, writes))
    except StorageError:
        assert writes < WRITES[role]

    assert {"1.4": "a"} == seen(storage)
    assert opened(storage).targets


def test_the_old_keys_are_asked_and_the_plan_says_why(published):
    plan = planned(published, replacing(published, TIMESTAMP), now=NOW)

    asked = {request.role for request in plan.signed_by(signer("carol"), signer("root")).requests}

    assert {TIMESTAMP} == asked
    assert "1 of the old keys should sign, so that no client refuses it" in str(plan)
    assert () == plan.signed_by(signer("carol"), signer("root"), signer("online")).requests


def test_a_publication_that_they_did_not_sign_says_so(published):
    plan = planned(published, replacing(published, TIMESTAMP), now=NOW)

    assert not plan.signed_by(signer("carol"), signer("root")).publication().seamless


@pytest.mark.parametrize("role", REPLACED)
def test_keys_that_are_lost_are_not_asked(published, role):
    old = key(REPLACED[role])
    plan = planned(published, replacing(published, role), now=NOW, lost=[old])
    # online still signs for one of the two, if it was replaced for the other
    asked = {request.role for request in plan.requests if request.asks(old)}

    assert role not in asked
    assert "should sign" not in str(plan)


def test_old_keys_are_asked_if_enough_of_them_are_left(published, storage):
    two = published.with_keys(TARGETS, key("bob"))
    before = publish(storage, published, two, now=NOW, renewing=[TARGETS]).repository

    plan = planned(before, replacing(before, TARGETS), now=NOW, lost=[key("bob")])

    assert any(request.asks(key("alice")) for request in plan.requests)


# -- where the old keys cannot sign -----------------------------------------------------


@pytest.mark.parametrize("role", REPLACED)
@pytest.mark.parametrize("writes", range(5))
def test_what_is_left_of_a_killed_publisher_is_finished_by_the_next(
    storage, published, role, writes
):
    """Clients refuse only what is between the timestamp and its root."""
    memory = MemoryStorage()
    seen(storage, memory)
    publication = without_the_old_key(published, role)
    assert not publication.seamless
    try:
        publication.apply(FailingAfter(storage, writes))
    except StorageError:
        assert writes < WRITES[role]

    if writes == WRITES[role] - 1:
        with pytest.raises(ThresholdError):
            seen(storage, memory)
    else:
        assert {"1.4": "a"} == seen(storage, memory) == seen(storage)

    before = opened(storage)
    publish(storage, before, tagged(before, "1.5", "b"), now=NOW + SECOND)
    assert {"1.4": "a", "1.5": "b"} == seen(storage, memory) == seen(storage)


@pytest.mark.parametrize("role", REPLACED)
def test_the_next_needs_no_signature_to_finish_it(storage, published, role):
    publication = without_the_old_key(published, role)
    with pytest.raises(StorageError):
        publication.apply(FailingAfter(storage, WRITES[role] - 1))

    before = opened(storage)
    plan = planned(before, before, now=NOW + SECOND)

    assert {} == dict(plan.drafts)
    assert ("2.root.json",) == plan.publication().apply(storage).written
    assert {"1.4": "a"} == seen(storage)
    assert "coming" not in " ".join(storage.list())
    assert opened(storage) == plan.publication().apply(storage).repository


# -- a root that waits ------------------------------------------------------------------


def waiting(storage):
    (path,) = [path for path in storage.list() if path.startswith("coming/")]
    return path


def test_a_root_waits_for_one_timestamp_only(storage, published):
    """Its publisher lost the race; what it wanted must not come with somebody else's timestamp."""
    with pytest.raises(StorageError):
        rotation(published, TIMESTAMP).apply(FailingAfter(storage, 1))
    assert waiting(storage)

    before = opened(storage)
    receipt = publish(storage, before, tagged(before, "1.5", "b"), now=NOW)

    assert 1 == receipt.repository.root.version == opened(storage).root.version
    assert {"1.4": "a", "1.5": "b"} == seen(storage)


def half_way(storage, published):
    with pytest.raises(StorageError):
        rotation(published, TIMESTAMP).apply(FailingAfter(storage, 2))
    return waiting(storage)


@pytest.mark.parametrize("junk", [b"", b"{}", b"\xff" * 100])
def test_junk_does_not_wait(storage, published, junk):
    path = half_way(storage, published)
    storage.write(path, junk, replacing=storage.read(path).revision)

    assert 1 == opened(storage).root.version


def test_a_root_that_nobody_signed_is_refused_where_it_waits_as_anywhere(storage, published):
    path = half_way(storage, published)
    forged = planned(published, replacing(published, TIMESTAMP), now=NOW).drafts[ROOT].raw
    storage.write(path, forged, replacing=storage.read(path).revision)

    with pytest.raises(ThresholdError):
        opened(storage)


def test_a_root_that_is_there_already_is_not_replaced_by_one_that_waits(storage, published):
    path = half_way(storage, published)
    storage.write("2.root.json", storage.files[path], replacing=None)
    storage.write(path, b"{}", replacing=storage.read(path).revision)

    assert opened(storage).published.coming is None
    assert 2 == opened(storage).root.version


# -- two publishers ---------------------------------------------------------------------


class Append(FailingAfter):
    """A storage that lets its publishers remove nothing."""

    def delete(self, path):
        raise StorageError(path, "access denied")


def test_what_is_published_has_a_receipt_where_nothing_can_be_removed(storage, published):
    """Else a stranger's file would do, and no publication would have one any more."""
    receipt = rotation(published, TIMESTAMP).apply(Append(storage, writes=3))

    assert receipt.repository.root == opened(storage).root
    [left] = opened(storage).published.waiting
    rotation(opened(storage), SNAPSHOT).apply(storage)
    assert left not in storage.files


@pytest.mark.parametrize("role", REPLACED)
def test_a_rotation_that_comes_too_late_writes_nothing(storage, published, role):
    """No file of the two has the same name; a root that came through would lock clients out."""
    ours = rotation(published, role)
    publish(storage, published, tagged(published, "1.5", "b"), now=NOW)
    files = storage.files

    with pytest.raises(ConflictError):
        ours.apply(storage)

    assert files == storage.files


@pytest.mark.parametrize("role", REPLACED)
@pytest.mark.parametrize("turn", range(5))
def test_a_rotation_that_loses_the_race_does_not_damage_the_winner(storage, published, role, turn):
    """Somebody publishes with the old keys before any of our writes."""
    memory = MemoryStorage()
    seen(storage, memory)
    ours = rotation(published, role)
    theirs = signed(planned(published, tagged(published, "1.5", "b"), now=NOW + SECOND))
    theirs = theirs.publication()
    won = {}

    def their_turn():
        try:
            theirs.apply(storage)
        except ConflictError:
            return
        won["1.5"] = "b"

    try:
        ours.apply(Interrupted(storage, turn, their_turn))
    except ConflictError:
        assert won
        assert 1 == opened(storage).root.version
    else:
        assert 2 == opened(storage).root.version

    assert {"1.4": "a", **won} == seen(storage, memory) == seen(storage)


@pytest.mark.parametrize("role", REPLACED)
def test_who_publishes_between_a_timestamp_and_its_root_writes_that_root_first(
    storage, published, role
):
    """The first is slow, not dead: both finish, and neither damages what the other did."""
    theirs = {}

    def their_turn():
        before = opened(storage)
        assert 2 == before.root.version
        theirs["receipt"] = publish(storage, before, tagged(before, "1.5", "b"), now=NOW + SECOND)

    ours = rotation(published, role)
    ours.apply(Interrupted(storage, WRITES[role] - 1, their_turn))

    assert "2.root.json" == theirs["receipt"].written[0]
    assert {"1.4": "a", "1.5": "b"} == seen(storage)
    assert authority("carol") == published_authority(storage, role)


@pytest.mark.parametrize("role", REPLACED)
def test_who_comes_back_late_finds_its_root_in_place(storage, published, role):
    """Somebody found it waiting, and published on top; the timestamp is no longer ours."""
    ours = rotation(published, role)
    with pytest.raises(StorageError):
        ours.apply(FailingAfter(storage, WRITES[role] - 1))
    before = opened(storage)
    publish(storage, before, tagged(before, "1.5", "b"), now=NOW + SECOND)
    files = storage.files

    with pytest.raises(ConflictError):
        ours.apply(storage)  # all of it again: an old publication does not come back

    assert files == storage.files
    assert {"1.4": "a", "1.5": "b"} == seen(storage)


class Moving:
    """A storage on which somebody publishes while we read it."""

    def __init__(self, storage, publications):
        self.storage, self.publications = storage, list(publications)

    def read(self, path):
        found = self.storage.read(path)
        if path == "timestamp.json" and self.publications:
            self.publications.pop(0).apply(self.storage)
        return found

    def __getattr__(self, name):
        return getattr(self.storage, name)


@pytest.mark.parametrize("role", REPLACED)
def test_who_reads_while_another_publishes_reads_again(storage, published, role):
    """The timestamp was read before the root, and the two do not belong together."""
    repository = opened(Moving(storage, [rotation(published, role)]), anchor_of(storage))

    assert 2 == repository.root.version
    assert repository == opened(storage)


class Restless(Moving):
    """A storage whose timestamp is another one each time, and never fits."""

    def read(self, path):
        found = self.storage.read(path)
        if path == "timestamp.json":
            self.publications.append(path)
            return attrs.evolve(found, data=b"{}", revision=str(len(self.publications)))
        return found


def test_who_never_gets_to_read_is_told_so(storage, published):
    restless = Restless(storage, [])

    with pytest.raises(ConflictError):
        opened(restless, anchor_of(storage))

    assert 200 == len(restless.publications)


@pytest.mark.parametrize("detail", [HASHES])
def test_hashes_in_snapshots_change_nothing_of_this(storage, published, detail):
    before = attrs.evolve(published, detail=detail)
    publication = signed(planned(before, replacing(before, TARGETS), now=NOW)).publication()

    for writes in range(len(publication.writes)):
        with pytest.raises(StorageError):
            publication.apply(FailingAfter(storage, writes))
        assert {"1.4": "a"} == seen(storage)
    publication.apply(storage)
    assert {"1.4": "a"} == seen(storage)
    assert publication.seamless


@pytest.mark.parametrize("role", [SNAPSHOT, TARGETS])
def test_what_lists_hashes_says_that_it_waits_for_the_old_keys(published, role):
    before = attrs.evolve(published, detail=HASHES)
    plan = planned(before, replacing(before, role), now=NOW)
    plan = plan.signed_by(*(s for s in map(signer, ("root", "carol")) if plan.asks(s.key)))

    with pytest.raises(SigningError, match=f"{role}: the old keys have not signed it.*lost="):
        plan.publication()


def test_a_publisher_that_is_overtaken_by_a_rotation_is_told_that_its_key_is_gone(
    storage, published
):
    publisher = Publisher(
        anchor=anchor_of(storage),
        signers=[signer("alice"), signer("online")],
        expiry=BY_HAND,
        clock=lambda: NOW,
    )
    rotation(published, TARGETS).apply(storage)

    with pytest.raises(ThresholdError) as error:
        publisher.retrying(lambda r: tagged(r, "1.5", "b"), storage)

    assert TARGETS == error.value.role
    assert {"1.4": "a"} == seen(storage)


def test_a_client_of_the_old_root_goes_on_to_the_new_one(storage, published):
    memory = MemoryStorage()
    client(storage, memory).refresh()

    rotation(published, SNAPSHOT).apply(storage)

    assert 2 == client(storage, memory).refresh().snapshot.root.root.role.version
