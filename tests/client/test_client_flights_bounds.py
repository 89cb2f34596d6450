"""Hints have bounds: what nobody needs in the end may cost a server, and us, only so much."""

import contextlib

import pytest
from client.servers import AtOnce, client, world_of
from core.worlds import (
    NOW,
    World,
    answer_to,
    carried_out,
    grant,
    refreshed,
    targets_role,
)

from trustlib import TUF_JSON, FrozenMap, Limits, MemoryStorage
from trustlib.anchors import Anchor
from trustlib.effects import Ahead
from trustlib.roles import MetaFile
from trustlib.workflow import find, refresh
from trustlib.workflow.search import foresee

GUESS = 131_072


def roots_of(flight):
    return [path for path in flight if path.endswith("root.json")]


def test_twice_as_many_roots_are_asked_for_each_time_and_sixteen_at_most():
    world = World.create()
    for _ in range(40):
        world = world.rotated()
    server = AtOnce(world.files())

    client(world, server).refresh()

    sizes = [len(roots_of(flight)) for flight in server.flights if "timestamp.json" in flight]
    assert [1, 2, 4, 8, 16, 16] == sizes


def test_no_more_roots_are_asked_for_than_may_follow_and_the_one_too_many():
    world = World.create()
    for _ in range(5):
        world = world.rotated()
    server = AtOnce(world.files())

    client(world, server, limits=Limits(root_rotations=5)).refresh()

    assert [f"{version}.root.json" for version in range(2, 8)] == roots_of(server.asked)
    assert [1, 2, 3] == [len(roots_of(flight)) for flight in server.flights[:3]]


def many(count):
    """*count* delegations, ``r00`` for acme/r00:* and so on; each lists tag 1."""
    names = [f"r{n:02}" for n in range(count)]
    return World.create().delegating(
        *(grant(name, f"acme/{name}:*") for name in names),
        **{name: targets_role(f"acme/{name}:1") for name in names},
    )


def test_no_more_than_sixteen_changed_roles_are_asked_for_at_once():
    world, store = many(20), MemoryStorage()
    tags = [f"acme/r{n:02}:1" for n in range(20)]
    client(world, AtOnce(world.files()), storage=store).resolve_all(tags)
    newer = world.next()
    server = AtOnce(newer.files())

    client(world, server, storage=store).resolve_all(tags)

    first = ("2.targets.json", *(f"2.r{n:02}.json" for n in range(15)))
    assert first == server.flights[1]


def test_no_more_than_sixty_four_changed_roles_are_looked_for_in_the_store():
    world, store = many(70), MemoryStorage()
    tags = ["acme/r00:1", "acme/r62:1", "acme/r63:1"]
    client(world, AtOnce(world.files()), storage=store).resolve_all(tags)
    newer = world.next()
    server = AtOnce(newer.files())

    client(world, server, storage=store).resolve_all(tags)

    assert ("2.targets.json", "2.r00.json", "2.r62.json") == server.flights[1]


def hinted(workflow, files, store):
    """The paths that each hint of *workflow* names."""
    hints, answer = [], None
    with contextlib.suppress(StopIteration):
        while True:
            effect = workflow.send(answer)
            answer = answer_to(effect, files, store)
            if isinstance(effect, Ahead):
                hints.append([fetch.path for fetch in effect.fetches])
    return hints


def below_targets(seen, served, *paths):
    """What is hinted at when a client that has seen all of *seen* updates for *paths*."""
    store = {}
    anchor = Anchor.root(seen.raw("root"))
    refreshed(anchor, seen.files(), store)
    trusted = seen.trusted()
    for name in seen.delegated:
        search = find(trusted, f"{name}/1", limits=Limits(), known={})
        carried_out(search, seen.files(), store)
    update = refresh(anchor, now=NOW, limits=Limits(), format=TUF_JSON, wanted=paths)
    first, *others = hinted(update, served.files(), store)
    assert "timestamp.json" in first
    return others


def three():
    """A repository that delegates a/* to ``a``, and b and c alike."""
    return World.create().delegating(
        *(grant(name, f"{name}/*") for name in "abc"),
        **{name: targets_role(f"{name}/1") for name in "abc"},
    )


def newer(world, *names):
    """*world* with a second version of the roles *names*, of snapshot and of timestamp."""
    return world.at(**dict.fromkeys((*names, "snapshot", "timestamp"), 2))


def test_roles_that_changed_are_hinted_at_and_no_others():
    old = three()

    assert [["2.targets.json", "2.b.json"]] == below_targets(old, newer(old, "targets", "b"), "a/1")
    assert [["2.a.json", "2.c.json"]] == below_targets(old, newer(old, "a", "c"), "a/1")


def test_a_hint_of_one_file_is_none():
    """Nor is one of no file at all."""
    old = three()

    for changed in (newer(old, "targets"), newer(old, "a"), newer(old), old):
        assert [] == below_targets(old, changed, "a/1")


def test_a_search_hints_at_no_single_file_either():
    world = three()

    for paths, expected in (
        (["a/1", "b/1"], [["1.a.json", "1.b.json"]]),
        (["a/1", "a/2"], []),
        (["app"], []),
    ):
        workflow = foresee(world.trusted(), paths, limits=Limits(), known={})
        assert expected == hinted(workflow, {}, {})


def test_a_search_does_not_hint_at_what_is_known_whatever_is_stored():
    world, known = three(), {}
    trusted = world.trusted()
    carried_out(find(trusted, "a/1", limits=Limits(), known=known), world.files(), {})

    workflow = foresee(trusted, ["a/1", "b/1", "c/1"], limits=Limits(), known=known)
    assert [["1.b.json", "1.c.json"]] == hinted(workflow, {}, {})


def test_nothing_is_hinted_at_for_an_update_that_wants_nothing():
    old = three()

    assert [] == below_targets(old, old.next())


def test_a_role_that_is_new_is_not_hinted_at():
    old = three()
    new = newer(old.with_roles({"d": targets_role("d/1")}), "targets", "a")

    assert [["2.targets.json", "2.a.json"]] == below_targets(old, new, "a/1")


def test_a_root_that_a_snapshot_lists_is_not_hinted_at():
    """Old repositories list it there; which root is next is no matter of a snapshot's."""

    def listing_root(world, version):
        meta = world.snapshot.meta.including({"root": MetaFile(version=version)})
        return world.edited("snapshot", meta=meta).stamped()

    old, new = listing_root(three(), 1), listing_root(newer(three(), "targets", "a"), 2)

    assert [["2.targets.json", "2.a.json"]] == below_targets(old, new, "a/1")


def with_snapshot_of(size):
    """A repository whose snapshot has *size* bytes."""
    plain = world_of()

    def padded(count):
        return plain.edited("snapshot", extra=FrozenMap({"x": "y" * count})).stamped()

    short = size - len(padded(0).raw("snapshot"))
    world = padded(short)
    assert size == len(world.raw("snapshot"))
    return world


@pytest.mark.parametrize(("size", "guessed"), [(GUESS, True), (GUESS + 1, False)])
def test_the_next_snapshot_is_guessed_at_if_the_last_one_was_small(size, guessed):
    world, store = with_snapshot_of(size), MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).refresh()
    server = AtOnce(world.files())

    client(world, server, storage=store).refresh()

    assert guessed == ("3.snapshot.json" in server.asked)


class Endless(AtOnce):
    """Serves a next snapshot without an end, and counts what was taken of it."""

    taken = 0

    def answer(self, path):
        return self.dripping() if path == "3.snapshot.json" else super().answer(path)

    def dripping(self):
        while True:
            self.taken += 1
            yield b"x"


@pytest.mark.parametrize(
    ("limits", "most"), [(Limits(), GUESS), (Limits(snapshot=5_000), 5_000)], ids=["usual", "less"]
)
def test_what_was_guessed_at_is_not_read_beyond_its_bound(limits, most):
    world, store = world_of(), MemoryStorage()
    client(world, AtOnce(world.files()), storage=store).refresh()
    server = Endless(world.files())

    client(world, server, storage=store, limits=limits).refresh()

    assert most + 1 == server.taken
