"""Without the repository, the store answers: verified, marked, and not for ever."""

import hashlib
from datetime import timedelta

import pytest
from client.servers import FACES, AtOnce, client, world_of
from core.worlds import DAY, MINUTE, NOW, SECOND

from trustlib import (
    TIMESTAMP,
    ClockError,
    ExpiredError,
    Freshness,
    FromRepository,
    FromStore,
    MemoryStorage,
    Offline,
    Request,
    RollbackError,
    ThresholdError,
    TransportError,
    TrustError,
    Updater,
)
from trustlib.anchors import Anchor
from trustlib.events import AnsweredFromStore, Refused

FACE = pytest.mark.parametrize(("face", "at_once"), FACES, ids=["sync", "async"])
CLOCK = ".trustlib/clock"


def seen(world, now=NOW):
    """The store of a client that resolved what *world* says at *now*."""
    store = MemoryStorage()
    client(world, AtOnce(world.files()), storage=store, now=now).resolve("acme/x:1")
    return store


# -- offline ----------------------------------------------------------------------------


@FACE
def test_what_was_seen_is_answered_offline(face, at_once):
    world = world_of("acme/x:1")
    online = client(world, at_once(world.files()), face=face).resolve("acme/x:1")
    store = seen(world)
    before = dict(store.files)

    offline = client(world, Offline(), face=face, storage=store, now=NOW + DAY).resolve("acme/x:1")

    assert (online.digest, online.via) == (offline.digest, offline.via)
    assert FromRepository(NOW) == online.source
    assert FromStore(NOW) == offline.source
    assert before == dict(store.files)


@FACE
def test_a_store_that_was_never_brought_up_to_date_answers_nothing(face, at_once):
    with pytest.raises(TransportError, match="no complete update"):
        client(world_of("acme/x:1"), Offline(), face=face).resolve("acme/x:1")


@FACE
def test_a_role_that_was_never_fetched_is_missing_offline(face, at_once):
    world, store = world_of("acme/x:1"), MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).refresh()

    offline = client(world, Offline(), face=face, storage=store)

    assert "app" == offline.find("app").path
    with pytest.raises(TransportError, match=r"x\.json: this client is offline"):
        offline.resolve("acme/x:1")


def test_what_has_expired_is_no_answer_offline():
    world = world_of("acme/x:1").edited(TIMESTAMP, expires=NOW + DAY)
    store = seen(world)

    assert client(world, Offline(), storage=store, now=NOW + DAY - SECOND).resolve("acme/x:1")
    with pytest.raises(ExpiredError) as error:
        client(world, Offline(), storage=store, now=NOW + DAY).resolve("acme/x:1")
    assert TIMESTAMP == error.value.role


def test_what_was_remembered_expires_offline_too():
    """One that keeps running looks at the clock each time."""
    world = world_of("acme/x:1").edited(TIMESTAMP, expires=NOW + 2 * MINUTE)
    now = [NOW]
    offline = client(world, Offline(), storage=seen(world), clock=lambda: now[0])
    offline.resolve("acme/x:1")
    now[0] = NOW + 2 * MINUTE

    with pytest.raises(ExpiredError):
        offline.resolve("acme/x:1")


def test_offline_may_have_an_end():
    world = world_of("acme/x:1")
    store = seen(world)

    for age, at_most in ((DAY, DAY), (DAY, None), (timedelta(0), timedelta(0))):
        offline = client(world, Offline(at_most), storage=store, now=NOW + age)
        assert FromStore(NOW) == offline.refresh().source
    with pytest.raises(TransportError, match="1 day, 0:00:01 ago"):
        client(world, Offline(DAY), storage=store, now=NOW + DAY + SECOND).refresh()


def test_an_answer_from_the_store_makes_nothing_younger():
    """Else each one would put off the end."""
    world = world_of("acme/x:1")
    store = seen(world)
    client(world, Offline(), storage=store, now=NOW + DAY).resolve("acme/x:1")

    with pytest.raises(TransportError):
        client(world, Offline(DAY), storage=store, now=NOW + 2 * DAY).resolve("acme/x:1")


def test_a_clock_that_went_back_is_noticed_offline():
    world = world_of("acme/x:1")
    store = seen(world)

    with pytest.raises(ClockError):
        client(world, Offline(), storage=store, now=NOW - 11 * MINUTE).resolve("acme/x:1")


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json", "x.json"])
def test_what_is_stored_is_verified_offline(name):
    """T-52: somebody who writes to the store can make it fail, and not make it lie."""
    world = world_of("acme/x:1")
    store = seen(world)
    forged = world.signed_by(name.removesuffix(".json"), "stranger").raw(name.removesuffix(".json"))
    held = store.load(name)

    for bad in (forged, held[:-1], b"", held.replace(b'"version":2', b'"version":3')):
        assert store.save(name, bad, replacing=store.load(name))
        with pytest.raises(TrustError):
            client(world, Offline(), storage=store).resolve("acme/x:1")
    assert store.save(name, held, replacing=store.load(name))
    assert client(world, Offline(), storage=store).resolve("acme/x:1")


def test_an_update_that_was_cut_short_is_not_answered_from():
    world = world_of("acme/x:1")
    store = seen(world)
    newer = world.next()
    files = {**newer.files(), "3.snapshot.json": TransportError("3.snapshot.json", "reset")}
    with pytest.raises(TransportError, match="reset"):
        client(world, AtOnce(files), storage=store).resolve("acme/x:1")

    with pytest.raises(TransportError, match="a part of an update only"):
        client(world, Offline(), storage=store).resolve("acme/x:1")


def test_roots_that_were_stored_are_walked_offline():
    old = world_of("acme/x:1")
    new = old.with_keys(TIMESTAMP, "second").next()
    store = seen(new)

    trusted = client(old, Offline(), storage=store).refresh()

    assert 2 == trusted.snapshot.root.root.role.version
    stolen = old.next().next()
    assert store.save(
        "timestamp.json", stolen.raw(TIMESTAMP), replacing=store.load("timestamp.json")
    )
    with pytest.raises(ThresholdError):
        client(old, Offline(), storage=store).refresh()


def test_a_pinned_anchor_works_offline_once_it_is_stored():
    world = world_of("acme/x:1")
    raw = next(iter(world.roots().values()))
    anchor = Anchor.pinned(sha256=hashlib.sha256(raw).hexdigest())
    store = MemoryStorage()
    with pytest.raises(TransportError):
        _pinned(anchor, Offline(), store).refresh()
    _pinned(anchor, AtOnce(world.files()), store).refresh()

    assert FromStore(NOW) == _pinned(anchor, Offline(), store).refresh().source


@pytest.mark.parametrize(
    "lost", [CLOCK, ".trustlib/anchor-{}", "timestamp.json", "snapshot.json", "targets.json"]
)
def test_a_store_that_lacks_one_file_holds_no_complete_update(lost):
    world = world_of("acme/x:1")
    digest = hashlib.sha256(next(iter(world.roots().values()))).hexdigest()
    anchor, store = Anchor.pinned(sha256=digest), MemoryStorage()
    _pinned(anchor, AtOnce(world.files()), store).refresh()
    lacking = MemoryStorage(store.files.excluding(lost.format(digest)))
    assert lacking.files != store.files

    with pytest.raises(TransportError, match="no complete update"):
        _pinned(anchor, Offline(DAY), lacking).refresh()


def _pinned(anchor, transport, store):
    return Updater(anchor=anchor, transport=transport, storage=store, clock=lambda: NOW)


def test_offline_fetches_nothing_whatever_is_asked():
    with pytest.raises(TransportError, match="offline"):
        Offline().fetch(Request(path="2.root.json"))


# -- falling back -----------------------------------------------------------------------

FALLBACK = Freshness(fallback=DAY)


@FACE
def test_a_repository_that_cannot_be_reached_is_an_error_unless_said_otherwise(face, at_once):
    world = world_of("acme/x:1")
    store = seen(world)

    with pytest.raises(TransportError):
        client(world, at_once(None), face=face, storage=store).resolve("acme/x:1")
    binding = client(world, at_once(None), face=face, storage=store, policy=FALLBACK).resolve(
        "acme/x:1"
    )
    assert FromStore(NOW) == binding.source


@FACE
def test_a_store_that_is_too_old_does_not_stand_in(face, at_once):
    world = world_of("acme/x:1")
    store = seen(world)
    late = NOW + DAY + SECOND

    with pytest.raises(TransportError, match="no connection") as error:
        client(world, at_once(None), face=face, storage=store, policy=FALLBACK, now=late).refresh()
    assert ["The store cannot answer instead"] == [n[:31] for n in error.value.__notes__]


def test_a_store_that_has_expired_does_not_stand_in():
    world = world_of("acme/x:1").edited(TIMESTAMP, expires=NOW + MINUTE)
    store = seen(world)

    with pytest.raises(TransportError, match="no connection") as error:
        client(world, AtOnce(None), storage=store, policy=FALLBACK, now=NOW + MINUTE).refresh()
    assert "expired" in error.value.__notes__[0]


def test_a_repository_that_answers_wrongly_is_refused_though_the_store_could_answer():
    world = world_of("acme/x:1")
    newer = world.next()
    store = seen(newer)

    for files, kind in (
        (world.files(), RollbackError),
        ({**newer.files(), "timestamp.json": b"{}"}, TrustError),
        ({k: v for k, v in newer.files().items() if k != "timestamp.json"}, TrustError),
        (newer.at(timestamp=4).edited(TIMESTAMP, expires=NOW).files(), ExpiredError),
    ):
        with pytest.raises(kind) as error:
            client(world, AtOnce(files), storage=store, policy=FALLBACK).resolve("acme/x:1")
        assert not isinstance(error.value, TransportError)


def test_the_repository_is_asked_again_when_the_answer_is_old():
    world = world_of("acme/x:1")
    now, server = [NOW], AtOnce(None)
    updater = client(world, server, storage=seen(world), policy=FALLBACK, clock=lambda: now[0])
    assert FromStore(NOW) == updater.resolve("acme/x:1").source
    asked = len(server.flights)
    now[0] += MINUTE
    assert FromStore(NOW) == updater.resolve("acme/x:1").source
    assert asked == len(server.flights)
    server.files = world.files()
    now[0] += 5 * MINUTE

    assert FromRepository(now[0]) == updater.resolve("acme/x:1").source


def test_falling_back_is_told():
    world, told = world_of("acme/x:1"), []
    store = seen(world)
    client(
        world, AtOnce(None), storage=store, policy=FALLBACK, on_event=told.append, now=NOW + MINUTE
    ).refresh()
    client(world, Offline(), storage=store, on_event=told.append, now=NOW + MINUTE).refresh()

    fell, offline = told
    assert (NOW, NOW + MINUTE) == (fell.heard, fell.now)
    assert isinstance(fell.because, TransportError)
    assert AnsweredFromStore(heard=NOW, now=NOW + MINUTE, because=None) == offline
    with pytest.raises(TransportError):
        client(world, AtOnce(None), on_event=told.append, policy=FALLBACK).refresh()
    assert isinstance(told[-1], Refused)


@pytest.mark.parametrize("age", [timedelta(seconds=-1), timedelta(days=-1)])
def test_no_age_is_negative(age):
    with pytest.raises(ValueError, match="must not be negative"):
        Freshness(max_age=age)
    with pytest.raises(ValueError, match="must not be negative"):
        Freshness(fallback=age)
