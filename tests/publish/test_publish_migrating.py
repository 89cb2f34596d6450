"""From files that are replaced in place to numbered ones, and no client refuses anything."""

import hashlib
import json

import attrs
import pytest
from core.worlds import DAY, NOW, only_version, signer
from interop.peers import Theirs
from interop.taken import NOW as TODAY
from interop.taken import python_tuf
from publish.desks import FailingAfter, Served, planned, tagged
from publish.examined import anchor_of, sound

from trustlib import (
    BY_HAND,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    ConflictError,
    Freshness,
    MemoryStorage,
    PerOrganisation,
    Repository,
    StorageError,
    Target,
    Updater,
)
from trustlib.publish import (
    InPlace,
    Publisher,
    Renamed,
    fsck,
    renamed_artifacts,
    with_consistent_snapshots,
)

WORLD = sound(consistent=False).next(6)
FILES = WORLD.files()
ANCHOR = anchor_of(FILES)
NUMBERED = ("7.targets.json", "7.team.json", "7.snapshot.json", "2.root.json")


@pytest.fixture
def storage():
    return MemoryStorage(FILES)


def opened(storage):
    return Repository.open(storage, anchor=ANCHOR, names=PerOrganisation())


def signed(plan):
    people = ("root", "root2", "root3", TIMESTAMP, SNAPSHOT, TARGETS, "team")
    return plan.signed_by(*(signer(name) for name in people if plan.asks(signer(name).key)))


def migration(storage, **more):
    before = opened(storage)
    plan = planned(before, with_consistent_snapshots(before), now=NOW, **more)
    return signed(plan).publication()


def client(storage, memory=None):
    return Updater(
        anchor=ANCHOR,
        transport=Served(storage),
        storage=MemoryStorage() if memory is None else memory,
        policy=Freshness(max_age=DAY * 0),
        clock=lambda: NOW,
    )


def test_root_alone_is_signed_and_the_rest_is_copied(storage):
    before = opened(storage)
    plan = planned(before, with_consistent_snapshots(before), now=NOW)
    assert {ROOT} == set(plan.drafts)
    receipt = signed(plan).publication().apply(storage)

    assert set(NUMBERED) == set(receipt.written)
    assert "2.root.json" == receipt.written[-1]
    for name in ("targets", "team", "snapshot"):
        assert (
            FILES[f"{name}.json"]
            == storage.files[f"{name}.json"]
            == storage.files[f"7.{name}.json"]
        )
    assert FILES["timestamp.json"] == storage.files["timestamp.json"]
    assert opened(storage) == receipt.repository
    assert receipt.repository.root.consistent_snapshot


@pytest.mark.parametrize("writes", range(5))
def test_clients_old_and_new_accept_every_state_on_the_way(storage, writes):
    memory = MemoryStorage()
    client(storage, memory).refresh()
    publication = migration(storage)
    try:
        publication.apply(FailingAfter(storage, writes))
    except StorageError:
        assert writes < 4

    for seen in (memory, None):
        updater = client(storage, seen)
        trusted = updater.refresh()
        assert (writes == 4) == trusted.snapshot.root.root.role.consistent_snapshot
        assert "team" == updater.find("team/app").via[-1]
    again = opened(storage)
    if not again.root.consistent_snapshot:
        migration(storage).apply(storage)
    assert opened(storage).root.consistent_snapshot


def test_a_client_that_began_before_the_new_root_finishes(storage):
    """It knows the old root, and reads on where files are replaced in place."""
    done = []

    class Slow(Served):
        def fetch(self, request):
            answer = super().fetch(request)
            if request.path == "2.root.json" and not done:
                done.append(migration(storage).apply(storage))
            return answer

    updater = Updater(
        anchor=ANCHOR,
        transport=Slow(storage),
        storage=MemoryStorage(),
        policy=Freshness(max_age=DAY * 0),
        clock=lambda: NOW,
    )
    trusted = updater.refresh()

    assert done
    assert not trusted.snapshot.root.root.role.consistent_snapshot
    assert "team" == updater.find("team/app").via[-1]


def test_edits_follow(storage):
    memory = MemoryStorage()
    client(storage, memory).refresh()
    repository = migration(storage).apply(storage).repository
    after = tagged(repository, "2").with_target("team/2", Target.of(b""), role="team")
    receipt = signed(planned(repository, after, now=NOW)).publication().apply(storage)

    assert ("8.targets.json", "8.team.json", "8.snapshot.json", "timestamp.json") == receipt.written
    assert FILES["targets.json"] == storage.files["targets.json"]
    assert "a" == client(storage, memory).resolve("acme/app:2").digest.hex[0]
    found = fsck(storage, anchor=ANCHOR, now=NOW).findings
    assert InPlace not in map(type, found)


def test_where_root_is_not_changed_nothing_is_published(storage):
    before = opened(storage)

    with pytest.raises(ValueError, match="with_consistent_snapshots"):
        planned(before, tagged(before), now=NOW)
    after = migration(storage).apply(storage).repository
    with pytest.raises(ValueError, match="already"):
        with_consistent_snapshots(after)


def test_a_file_that_has_such_a_name_already_is_nobodys_to_overwrite(storage):
    storage.write("7.team.json", b"notes", replacing=None)
    with pytest.raises(ConflictError, match=r"7\.team\.json"):
        migration(storage).apply(storage)
    receipt = migration(storage, renewing=["team"]).apply(storage)

    assert "8.team.json" in receipt.written
    assert b"notes" == storage.files["7.team.json"]
    assert "team" == client(storage).find("team/app").via[-1]


def test_what_expired_is_signed_again_on_the_way():
    world = WORLD.edited(TIMESTAMP, expires=NOW - DAY)
    storage = MemoryStorage(world.files())
    receipt = migration(storage).apply(storage)

    assert {*NUMBERED, "timestamp.json"} == set(receipt.written)
    assert client(storage).refresh()


@pytest.mark.parametrize("writes", range(8))
def test_what_is_signed_again_on_the_way_is_copied_as_well(storage, writes):
    """The root is there before the timestamp that names the new files."""
    memory = MemoryStorage()
    client(storage, memory).refresh()
    publication = migration(storage, renewing=["team"])
    assert ["2.root.json", "timestamp.json"] == [w.path for w in publication.writes[-2:]]
    try:
        publication.apply(FailingAfter(storage, writes))
    except StorageError:
        assert writes < 7

    for seen in (memory, None):
        updater = client(storage, seen)
        updater.refresh()
        assert "team" == updater.find("team/app").via[-1]
    again = opened(storage)
    if not again.root.consistent_snapshot:
        migration(storage, renewing=["team"]).apply(storage)
    assert opened(storage).root.consistent_snapshot


def test_hashes_in_the_snapshot_hold_for_the_copies():
    """Byte for byte: as they were written, blanks included."""
    world = sound(consistent=False, listing=only_version)
    files = {p: json.dumps(json.loads(raw), indent=2).encode() for p, raw in world.files().items()}
    storage = MemoryStorage(files)
    before = Repository.open(storage, anchor=anchor_of(files), names=PerOrganisation())
    plan = planned(before, with_consistent_snapshots(before), now=NOW)
    signed(plan).publication().apply(storage)

    assert files["team.json"] == storage.files["1.team.json"]
    assert fsck(storage, anchor=anchor_of(files), now=NOW).sound


def test_a_publisher_that_reads_what_an_edit_looks_at_copies_every_role(storage):
    """No role is looked at, and every one's file gets a number."""
    people = ("root", "root2", "root3", TIMESTAMP, SNAPSHOT, TARGETS, "team")
    publisher = Publisher(
        anchor=ANCHOR, signers=list(map(signer, people)), expiry=BY_HAND, clock=lambda: NOW
    )

    publisher.retrying(with_consistent_snapshots, storage)

    assert {"7.targets.json", "7.team.json", "7.snapshot.json"} <= storage.files.keys()
    assert fsck(storage, anchor=ANCHOR, now=NOW).sound


def test_artifacts_are_looked_for_under_other_names(storage):
    before = opened(storage)
    sha512 = hashlib.sha512(b"x").hexdigest()
    both = Target.of(b"x")
    both = attrs.evolve(both, hashes=both.hashes.including({"sha512": sha512}))
    after = before.with_target("a b/é", both)

    sha256 = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in {"app": b"app", "team": b"team/app", "é": b"x"}.items()
    }
    assert {
        Renamed("app", f"{sha256['app']}.app"),
        Renamed("team/app", f"team/{sha256['team']}.app"),
        Renamed("a b/é", f"a b/{sha256['é']}.é"),
        Renamed("a b/é", f"a b/{sha512}.é"),
    } == set(renamed_artifacts(after))


def test_their_client_follows(tmp_path):
    for described in (False, True):
        taken = python_tuf(consistent=False, described=described)
        storage = MemoryStorage(taken.files)
        (tmp_path / str(described)).mkdir()
        theirs = Theirs(taken.files["1.root.json"], tmp_path / str(described))
        assert [1, 1, 1, 1] == theirs.ask(storage.files, ["app", "team/app"])["refresh"]
        before = taken.opened(storage)
        plan = planned(before, with_consistent_snapshots(before), now=TODAY)
        plan.signed_by(*(s for s in taken.signers if plan.asks(s.key))).publication().apply(storage)

        answers = theirs.ask(storage.files, ["app", "team/app"])
        assert [2, 1, 1, 1] == answers["refresh"]
        fresh = Theirs(taken.files["1.root.json"], tmp_path / f"new {described}")
        (tmp_path / f"new {described}").mkdir()
        assert answers == fresh.ask(storage.files, ["app", "team/app"])
