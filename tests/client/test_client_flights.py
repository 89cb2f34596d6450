"""Round trips: four for the first answer, one if nothing is new, two if everything is."""

import pytest
from client.servers import FACES, AtOnce, InTurn, client, world_of
from core.worlds import World, grant, targets_role

from trustlib import (
    FrozenMap,
    LimitError,
    Limits,
    MemoryStorage,
    MismatchError,
    RollbackError,
    ThresholdError,
    TransportError,
    TrustError,
)

FACE = pytest.mark.parametrize(("face", "at_once"), FACES, ids=["sync", "async"])


@FACE
def test_the_first_answer_through_a_delegation_takes_four_flights(face, at_once):
    world = world_of("acme/x:1")
    server = at_once(world.files())

    client(world, server, face=face).resolve("acme/x:1")

    assert [
        ("2.root.json", "timestamp.json"),
        ("2.snapshot.json",),
        ("2.targets.json",),
        ("2.x.json",),
    ] == server.flights


@FACE
def test_an_unchanged_repository_takes_one_flight(face, at_once):
    world, store = world_of("acme/x:1"), MemoryStorage()
    client(world, at_once(world.files()), face=face, storage=store).resolve("acme/x:1")
    server = at_once(world.files())

    client(world, server, face=face, storage=store).resolve("acme/x:1")

    assert [("2.root.json", "timestamp.json", "3.snapshot.json")] == server.flights


@FACE
def test_a_repository_in_which_everything_is_newer_takes_two_flights(face, at_once):
    world, store = world_of("acme/x:1"), MemoryStorage()
    client(world, at_once(world.files()), face=face, storage=store).resolve("acme/x:1")
    newer = world.next()
    server = at_once(newer.files())

    binding = client(newer, server, face=face, storage=store).resolve("acme/x:1")

    assert [
        ("2.root.json", "timestamp.json", "3.snapshot.json"),
        ("3.targets.json", "3.x.json"),
    ] == server.flights
    assert ("targets", "x") == binding.via


def rotated(times):
    world = world_of("acme/x:1")
    for _ in range(times):
        world = world.rotated()
    return world


@FACE
def test_a_hundred_rotations_take_fewer_than_twenty_flights(face, at_once):
    world = rotated(100)
    server = at_once(world.files())

    client(world, server, face=face).resolve("acme/x:1")

    assert len(server.flights) <= 20
    roots = [path for path in server.asked if path.endswith("root.json")]
    assert [f"{version}.root.json" for version in range(2, 102)] == roots[:100]


@pytest.mark.parametrize("times", range(9))
def test_the_timestamp_that_counts_was_asked_for_after_the_last_root(times):
    """Else a key that was replaced a moment ago would look like an attack."""
    world = rotated(times)
    server = AtOnce(world.files())
    client(world, server).refresh()

    last = f"{times + 2}.root.json"
    (flight,) = (flight for flight in server.flights if last in flight)
    assert flight.index("timestamp.json") > flight.index(last)
    assert not any(
        "timestamp.json" in later for later in server.flights[server.flights.index(flight) + 1 :]
    )


def test_as_many_roots_as_allowed_are_asked_for_and_one():
    world = rotated(6)
    limits = Limits(root_rotations=4)
    server = AtOnce(world.files())

    with pytest.raises(LimitError):
        client(world, server, limits=limits).refresh()
    assert "7.root.json" not in server.asked


def test_nothing_is_asked_for_before_the_anchor_verified():
    world = World.create()
    server = AtOnce(world.files())
    with pytest.raises(TrustError):
        client(world.signed_by("root", "stranger"), server).refresh()

    assert [] == server.flights


def test_many_tags_of_many_delegations_are_one_flight_below_targets():
    names = [f"r{n}" for n in range(5)]
    world = World.create().delegating(
        *(grant(name, f"acme/{name}:*") for name in names),
        **{name: targets_role(f"acme/{name}:1") for name in names},
    )
    server = AtOnce(world.files())

    client(world, server).resolve_all([f"acme/{name}:1" for name in names])

    assert tuple(f"1.{name}.json" for name in names) == server.flights[-1]
    assert 4 == len(server.flights)


def many(count, **more):
    """*count* delegations, ``r00`` for acme/r00:* and so on; each lists tag 1."""
    names = [f"r{n:02}" for n in range(count)]
    return World.create(**more).delegating(
        *(grant(name, f"acme/{name}:*") for name in names),
        **{name: targets_role(f"acme/{name}:1") for name in names},
    )


def tags(*numbers):
    return [f"acme/r{n:02}:1" for n in numbers]


def test_no_more_than_sixteen_delegations_are_hinted_at_together():
    world = many(20)
    server = AtOnce(world.files())

    client(world, server).resolve_all(tags(*range(20)))

    assert tuple(f"1.r{n:02}.json" for n in range(16)) == server.flights[3]
    assert [(f"1.r{n:02}.json",) for n in range(16, 20)] == server.flights[4:]


def test_what_is_known_or_stored_is_not_hinted_at():
    world, store = many(5), MemoryStorage()
    server = AtOnce(world.files())
    first = client(world, server, storage=store)
    first.resolve_all(tags(0, 1))
    server.flights.clear()

    first.resolve_all(tags(0, 1, 2, 3))
    assert [("1.r02.json", "1.r03.json")] == server.flights
    server.flights.clear()
    client(world, server, storage=store).resolve_all(tags(0, 1, 2, 3))
    assert [("2.root.json", "timestamp.json", "2.snapshot.json")] == server.flights


def test_one_delegation_that_is_missing_is_fetched_without_a_hint():
    world = many(2)
    server = AtOnce(world.files())
    updater = client(world, server)
    updater.resolve_all(tags(0))
    server.flights.clear()

    updater.resolve_all(tags(0, 1))

    assert [("1.r01.json",)] == server.flights


def test_only_the_first_that_may_answer_is_hinted_at():
    world = World.create().delegating(
        grant("a", "acme/a:*"),
        grant("b", "acme/b:*"),
        grant("c", "acme/?:*"),
        a=targets_role("acme/a:1"),
        b=targets_role("acme/b:1"),
        c=targets_role(),
    )
    server = AtOnce(world.files())

    client(world, server).resolve_all(["acme/a:1", "acme/b:1"])

    assert ("1.a.json", "1.b.json") == server.flights[-1]


def test_a_delegation_that_the_snapshot_does_not_list_is_not_hinted_at():
    """It is refused where it is needed, and nowhere else."""
    world = many(3)
    meta = world.snapshot.meta.excluding("r01")
    world = world.edited("snapshot", meta=meta).stamped()

    assert client(world, AtOnce(world.files())).resolve_all(tags(0, 2))
    server = AtOnce(world.files())
    with pytest.raises(MismatchError) as error:
        client(world, server).resolve_all(tags(0, 1, 2))
    assert "an entry for" == error.value.what
    assert ("1.r00.json", "1.r02.json") == server.flights[-1]


def test_a_refresh_alone_asks_for_no_delegated_role():
    world, store = world_of("acme/x:1"), MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).resolve("acme/x:1")
    server = AtOnce(world.next().files())

    client(world, server, storage=store).refresh()

    assert "3.x.json" not in server.asked


def test_a_large_snapshot_is_not_guessed_at():
    many = {f"role-{n:05}": targets_role() for n in range(1500)}
    world = World.create(listing=lambda raw, version: _long(version)).with_roles(many)
    store = MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).refresh()
    server = AtOnce(world.files())

    client(world, server, storage=store).refresh()

    assert [("2.root.json", "timestamp.json")] == server.flights


def _long(version):
    from trustlib.roles import MetaFile

    return MetaFile(version=version, extra=FrozenMap({"x": "y" * 80}))


def test_without_consistent_snapshots_there_is_nothing_to_guess():
    world, store = World.create(consistent=False), MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).refresh()
    server = AtOnce(world.files())

    client(world, server, storage=store).refresh()

    assert [("2.root.json", "timestamp.json")] == server.flights


@pytest.mark.parametrize(
    "guess", [b"", b"{}", b"x" * 1_000_000, TransportError("3.snapshot.json", "reset")]
)
def test_what_a_server_says_to_a_guess_does_not_matter(guess):
    world, store = world_of("acme/x:1"), MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).refresh()
    before = dict(store.files)
    server = AtOnce({**world.files(), "3.snapshot.json": guess})

    client(world, server, storage=store).refresh()

    assert before == dict(store.files)
    assert 1 == len(server.flights)


def outcome(world, files, store, transport):
    try:
        client(world, transport(files), storage=store).resolve("acme/x:1")
    except TrustError as error:
        return type(error), str(error), dict(store.files)
    return None, "", dict(store.files)


def histories():
    """Pairs of a state that was seen and one that is served then, each with what may be wrong."""
    world = world_of("acme/x:1")
    newer = world.next()
    rotated = newer.with_keys("timestamp", "second").next()
    yield "nothing new", world, world, {}
    yield "newer", world, newer, {}
    yield "rotated", world, rotated, {}
    yield "rotated twice", world, rotated.with_keys("snapshot", "third").next(), {}
    yield "older", newer, world, {}
    for name in ("timestamp.json", "3.snapshot.json", "3.targets.json", "3.x.json", "2.root.json"):
        for what in (None, b"{}", b"x" * 70_000, TransportError(name, "reset")):
            yield f"{name} is {str(what)[:10]}", world, newer, {name: what}


@pytest.mark.parametrize(
    ("seen", "served", "wrong"),
    [pytest.param(*rest, id=name) for name, *rest in histories()],
)
def test_hints_change_neither_the_answer_nor_the_store(seen, served, wrong):
    outcomes = []
    for transport in (InTurn, AtOnce):
        store = MemoryStorage()
        client(seen, InTurn(seen.files()), storage=store).resolve("acme/x:1")
        outcomes.append(outcome(seen, {**served.files(), **wrong}, store, transport))

    in_turn, at_once = outcomes
    assert in_turn == at_once
    assert in_turn[0] in {None, RollbackError, ThresholdError} or wrong
