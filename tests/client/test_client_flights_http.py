"""The same round trips from a real server, which answers no flight before it has read all of it."""

import pytest
from client.servers import AtOnce, Waiting, client, world_of
from transport.reading import PATIENTLY
from transport.servers import Flights, Server, files

from trustlib import HttpTransport, MemoryStorage, Updater
from trustlib.transport import NO_RETRIES, Sequential

FACE = pytest.mark.parametrize("face", [Updater, Waiting], ids=["sync", "async"])


def served(world):
    return files({f"/{path}": raw for path, raw in world.files().items()})


def transport_to(server):
    return HttpTransport(server.url, timeout=PATIENTLY, retries=NO_RETRIES)


@FACE
def test_the_first_answer_through_a_delegation_takes_four_round_trips(face):
    world = world_of("acme/x:1")
    with Flights(served(world), 2, 1, 1, 1) as server, transport_to(server) as transport:
        client(world, transport, face=face).resolve("acme/x:1")

        assert (4, 5, 1) == (server.rounds, len(server.asked), server.connections)


@FACE
def test_an_unchanged_repository_takes_one_round_trip_and_a_newer_one_two(face):
    world, store = world_of("acme/x:1"), MemoryStorage()
    with Server(served(world)) as server, transport_to(server) as transport:
        client(world, Sequential(transport), storage=store).resolve("acme/x:1")

    with Flights(served(world), 3) as server, transport_to(server) as transport:
        client(world, transport, face=face, storage=store).resolve("acme/x:1")
        assert (1, 1) == (server.rounds, server.connections)

    with Flights(served(world.next()), 3, 2) as server, transport_to(server) as transport:
        client(world, transport, face=face, storage=store).resolve("acme/x:1")
        assert (2, 1) == (server.rounds, server.connections)


@FACE
def test_a_hundred_rotations_take_fewer_than_twenty_round_trips_and_one_connection(face):
    world = world_of("acme/x:1")
    for _ in range(100):
        world = world.rotated()

    in_memory = AtOnce(world.files())
    client(world, in_memory).resolve("acme/x:1")
    flights = [len(flight) for flight in in_memory.flights]

    with Flights(served(world), *flights) as server, transport_to(server) as transport:
        client(world, transport, face=face).resolve("acme/x:1")

        assert (len(flights), 1) == (server.rounds, server.connections)
        assert server.rounds <= 20


def test_refreshing_one_by_one_and_at_once_takes_one_connection():
    """The absence that ends the chain of roots is read, so that the connection can go on."""
    world, store = world_of("acme/x:1"), MemoryStorage()
    with Server(served(world)) as server, transport_to(server) as transport:
        for way in (Sequential(transport), transport, Sequential(transport), transport):
            client(world, way, storage=store).refresh()
        client(world, transport).resolve("acme/x:1")

        assert 1 == server.connections
        assert "/2.root.json" in server.targets
