"""Whoever watches hears what happened, once it has, and nothing that is secret."""

import logging

import attrs
import pytest
from client.servers import FACES, AtOnce, client, world_of
from core.worlds import (
    LATER,
    NOW,
    World,
    keyids,
    keys,
    keyset,
)

from trustlib import (
    ROOT,
    SNAPSHOT,
    TIMESTAMP,
    Event,
    FrozenMap,
    Key,
    MemoryStorage,
    NotFoundError,
    RollbackError,
    TransportError,
    Updater,
    events,
)
from trustlib.anchors import Anchor

FACE = pytest.mark.parametrize(("face", "at_once"), FACES, ids=["sync", "async"])


def accepted(name, version, *by):
    return events.RoleAccepted(
        role=name, version=version, expires=LATER, signed_by=frozenset(keyids(*(by or (name,))))
    )


def refreshed(root=1, timestamp=2, snapshot=2, targets=2):
    return events.Refreshed(
        root=root,
        timestamp=timestamp,
        snapshot=snapshot,
        targets=targets,
        now=NOW,
        valid_until=LATER,
    )


@FACE
def test_an_update_is_told_step_by_step(face, at_once):
    world, told = world_of("acme/x:1"), []
    store = MemoryStorage()
    updater = client(world, at_once(world.files()), face=face, storage=store, on_event=told.append)
    updater.resolve("acme/x:1")

    assert [
        accepted("timestamp", 2),
        accepted("snapshot", 2),
        accepted("targets", 2),
        refreshed(),
        accepted("x", 2),
    ] == told
    told.clear()
    updater.refresh()
    updater.resolve("acme/x:1")
    assert [refreshed()] == told  # nothing was new


def test_a_role_is_told_when_it_is_stored_already():
    """What is told holds even if the program dies while it listens."""
    world, store = world_of("acme/x:1"), MemoryStorage()

    def listen(event):
        if isinstance(event, events.RoleAccepted):
            assert f'"version":{event.version}'.encode() in store.load(f"{event.role}.json")
        if isinstance(event, events.RootRotated):
            assert store.load(f".trustlib/{event.new}.root.json") is not None

    world = world.with_keys(TIMESTAMP, "second").next()
    client(world, AtOnce(world.files()), storage=store, on_event=listen).resolve("acme/x:1")


def test_rotations_and_fallen_floors_are_told():
    old = world_of("acme/x:1")
    new = old.with_keys(ROOT, "second").with_keys(TIMESTAMP, "third").at(timestamp=1, snapshot=1)
    told, store = [], MemoryStorage()
    client(old, AtOnce(old.files()), storage=store).refresh()

    client(old, AtOnce(new.files()), storage=store, on_event=told.append).refresh()

    both = frozenset(keyids(ROOT, "second"))
    assert [
        events.RootRotated(old=1, new=2, signed_by=both),
        events.RootRotated(old=2, new=3, signed_by=frozenset(keyids("second"))),
        events.FloorsDropped(root=3, timestamp=2, snapshot=2),
        accepted("timestamp", 1, "third"),
        accepted("snapshot", 1),
        refreshed(3, 1, 1, 2),
    ] == told


@pytest.mark.parametrize(
    ("lost", "versions"), [("timestamp.json", (None, 2)), ("snapshot.json", (2, None))]
)
def test_a_floor_that_falls_alone_is_told(lost, versions):
    """The other one is not in the store any more."""
    old = world_of("acme/x:1")
    new = old.with_keys(TIMESTAMP, "second")
    told, store = [], MemoryStorage()
    client(old, AtOnce(old.files()), storage=store).refresh()
    store = MemoryStorage(store.files.excluding(lost))
    client(old, AtOnce(new.files()), storage=store, on_event=told.append).refresh()

    (fell,) = (event for event in told if isinstance(event, events.FloorsDropped))
    assert (2, *versions) == (fell.root, fell.timestamp, fell.snapshot)


def test_a_rotation_that_makes_no_floor_fall_says_nothing_of_one():
    old = world_of("acme/x:1")
    added = old.rotated(
        keys=old.root.keys.including(keys("more")),
        roles=old.root.roles.including({TIMESTAMP: keyset(TIMESTAMP, "more")}),
    )
    told, store = [], MemoryStorage()
    client(old, AtOnce(old.files()), storage=store).refresh()
    client(old, AtOnce(added.files()), storage=store, on_event=told.append).refresh()

    assert [events.RootRotated, events.Refreshed] == [type(event) for event in told]


def test_a_role_of_a_later_specification_is_accepted_and_told():
    """P13, P14."""
    world, told = World.create(), []
    for name in (TIMESTAMP, "targets"):
        world = world.edited(name, spec_version="1.1.0").sealed()
    client(world, AtOnce(world.files()), on_event=told.append).refresh()

    odd = [event for event in told if isinstance(event, events.Odd)]
    assert [TIMESTAMP, "targets"] == [event.role for event in odd]
    assert {"1.1.0"} == {world.role(event.role).spec_version for event in odd}


def test_one_key_under_two_ids_is_told():
    """P01: it counts once."""
    old = World.create()
    (key,) = keys("twice").values()
    both = old.rotated(keys=old.root.keys.including({key.id: key, "other": key}))
    told = []
    client(old, AtOnce(both.files()), on_event=told.append).refresh()

    (odd,) = (event for event in told if isinstance(event, events.Odd))
    assert (ROOT, 2, "lists one key under 2 ids, which counts once") == attrs.astuple(odd)


def test_keys_that_nobody_can_read_are_not_one_key():
    old = World.create()
    unknown = {
        name: Key(keytype="later", scheme="later", keyval=FrozenMap({"public": name}))
        for name in ("one", "other")
    }
    new = old.rotated(keys=old.root.keys.including(unknown))
    told = []
    client(old, AtOnce(new.files()), on_event=told.append).refresh()

    assert [] == [event for event in told if isinstance(event, events.Odd)]


def test_a_pinned_anchor_is_told_when_it_is_fetched():
    world, told, store = World.create(), [], MemoryStorage()
    anchor = Anchor.pinned(sha256=Anchor.root(world.raw(ROOT)).sha256)
    for _ in range(2):
        Updater(
            anchor=anchor,
            transport=AtOnce(world.files()),
            storage=store,
            clock=lambda: NOW,
            on_event=told.append,
        ).refresh()

    fetched = [event for event in told if isinstance(event, events.AnchorFetched)]
    assert [events.AnchorFetched(sha256=anchor.sha256, version=1)] == fetched


@FACE
def test_what_is_refused_is_told_and_raised(face, at_once):
    old = world_of("acme/x:1")
    new, store, told = old.next(), MemoryStorage(), []
    client(new, at_once(new.files()), face=face, storage=store).refresh()
    listening = {"face": face, "storage": store, "on_event": told.append}

    for files, ask, kind in (
        (old.files(), "acme/x:1", RollbackError),
        (None, "acme/x:1", TransportError),
        (new.files(), "acme/x:9", NotFoundError),
        (new.files(), "elsewhere.example/x:9", NotFoundError),
    ):
        told.clear()
        with pytest.raises(kind) as error:
            client(new, at_once(files), **listening).resolve(ask)
        refused = [event for event in told if isinstance(event, events.Refused)]
        assert [events.Refused(error=error.value)] == refused


def test_a_mistake_of_the_caller_is_no_event():
    world, told = World.create(), []
    with pytest.raises(ValueError, match="reference"):
        client(world, AtOnce(world.files()), on_event=told.append).resolve("Not A Reference")

    assert [] == told


def test_events_are_logged_by_weight(caplog):
    caplog.set_level(logging.INFO, logger="trustlib")
    world = world_of("acme/x:1")
    updater = client(world, AtOnce(world.files()))
    updater.resolve("acme/x:1")
    with pytest.raises(NotFoundError):
        updater.find("nothing")

    assert {"trustlib"} == {record.name for record in caplog.records}
    levels = [record.levelname for record in caplog.records]
    assert ["INFO"] * (len(levels) - 1) + ["WARNING"] == levels
    assert "refused: NotFoundError: nothing: no role vouches for it" in caplog.text


def test_a_program_without_logging_hears_nothing(capfd):
    world = World.create()
    with pytest.raises(NotFoundError):
        client(world, AtOnce(world.files())).find("nothing")

    assert ("", "") == capfd.readouterr()
    assert [logging.NullHandler] == [type(h) for h in logging.getLogger("trustlib").handlers]


SPOKEN = [
    (
        events.AnchorFetched(sha256="00ff", version=1),
        "root 1 was fetched; it is the one pinned as sha256:00ff",
    ),
    (
        events.RootRotated(old=1, new=2, signed_by=frozenset({"b" * 64, "a" * 64})),
        "root 2 took over from root 1, signed by aaaaaaaa, bbbbbbbb",
    ),
    (
        events.Untrusted(reference="acme/app:1\n", digest="sha256:00ff", why="somebody asked"),
        r"acme/app:1\n was taken for sha256:00ff because the registry says so and nobody vouches"
        " for it (somebody asked)",
    ),
    (
        events.FloorsDropped(root=3, timestamp=7, snapshot=None),
        "root 3 removed a key of timestamp or snapshot: timestamp 7 may be followed by lower"
        " versions",
    ),
    (
        events.FloorsDropped(root=3, timestamp=7, snapshot=9),
        "root 3 removed a key of timestamp or snapshot: timestamp 7 and snapshot 9 may be followed"
        " by lower versions",
    ),
    (
        events.RoleAccepted(
            role="a\nb", version=4, expires=NOW, signed_by=frozenset({"\x1b[31m" * 9})
        ),
        r"a\nb 4 was accepted, signed by \x1b[31m\x1b[3, valid until 2030-01-01 12:00Z",
    ),
    (
        events.AnchorChosen(sha256="a" * 64, version=3, because="its certificate is pinned\n"),
        f"root 3 (sha256:{'a' * 64}) was fetched, and is where trust begins:"
        r" its certificate is pinned\n",
    ),
    (
        events.TrustedOnFirstUse(sha256="a" * 64, version=3, collection="acme/app"),
        f"root 3 (sha256:{'a' * 64}) is trusted because it came first: nothing was known of"
        " acme/app; ask its publisher whether that is the right one",
    ),
    (
        events.Odd(role="root", version=2, what="lists one key under 2 ids, which counts once"),
        "root 2 lists one key under 2 ids, which counts once",
    ),
    (
        refreshed(3, 4, 5, 6),
        "up to date at 2030-01-01 12:00Z: root 3, timestamp 4, snapshot 5, targets 6;"
        " valid until 2030-01-31 12:00Z",
    ),
    (
        events.AnsweredFromStore(heard=NOW, now=LATER, because=None),
        "answering from what was stored at 2030-01-01 12:00Z; it is 2030-01-31 12:00Z, and the"
        " repository was not asked",
    ),
    (
        events.AnsweredFromStore(heard=NOW, now=LATER, because=TransportError("x", "reset")),
        "answering from what was stored at 2030-01-01 12:00Z; it is 2030-01-31 12:00Z, and the"
        " repository was not reached (x: reset; try again later)",
    ),
    (
        events.Refused(error=RollbackError(SNAPSHOT, 3, 2)),
        f"refused: RollbackError: {RollbackError(SNAPSHOT, 3, 2)}",
    ),
]


@pytest.mark.parametrize(("event", "sentence"), SPOKEN)
def test_an_event_is_a_sentence(event, sentence):
    assert sentence == str(event)


def test_every_event_is_spoken_here_and_frozen():
    assert {type(event) for event, _ in SPOKEN} == set(Event.__args__)
    for event, _ in SPOKEN:
        name = attrs.fields(type(event))[0].name
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(event, name, None)
