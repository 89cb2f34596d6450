"""§4.5: on the way from targets to a role, each delegation must cover the target."""

import pytest
from core.worlds import NOW, World, carried_out, grant, grants, targets_role

from trustlib import Delegation, FrozenMap, Limits, NotFoundError, PathPatterns, Targets
from trustlib.roles import Delegations
from trustlib.workflow import find
from trustlib.workflow.search import Search, on_word_of


def found(world, path):
    search = find(world.trusted(NOW), path, limits=Limits(), known={})
    return carried_out(search, world.files(), {})


@pytest.mark.parametrize("first", [("a/*",), ("a/b/*", "a/*")])
@pytest.mark.parametrize("second", [("*",), ("*/*",), ("b/*", "a/*"), ("a/x", "b/x")])
def test_a_role_speaks_for_no_more_than_each_delegation_on_the_way_lets_it(first, second):
    world = World.create().delegating(
        grant("one", *first),
        one=targets_role(delegations=grants(grant("two", *second))),
        two=targets_role("x", "a/x", "b/x"),
    )

    for path in ("x", "b/x"):
        with pytest.raises(NotFoundError):
            found(world, path)
    if second != ("*",):
        assert ("targets", "one", "two") == found(world, "a/x").via


def test_a_wider_pattern_further_down_widens_nothing():
    """However deep."""
    world = World.create().delegating(
        grant("one", "a/*"),
        one=targets_role(delegations=grants(grant("two", "*/*", "*"))),
        two=targets_role(delegations=grants(grant("three", "*/*", "*"))),
        three=targets_role("a/x", "b/x", "x"),
    )

    assert ("targets", "one", "two", "three") == found(world, "a/x").via
    for path in ("b/x", "x"):
        with pytest.raises(NotFoundError):
            found(world, path)


def test_hash_prefixes_on_the_way_narrow_too():
    nothing = ("0" * 64,)
    world = World.create().delegating(
        grant("one", prefixes=nothing),
        one=targets_role(delegations=grants(grant("two", "*"))),
        two=targets_role("x"),
    )

    with pytest.raises(NotFoundError):
        found(world, "x")


class Compared(str):
    """A role's name that counts how often it is held against another."""

    __slots__ = ()
    times = 0

    def __eq__(self, other):
        Compared.times += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_who_may_sign_for_a_role_is_looked_up_and_not_searched_for():
    """A file of 32 MB delegates to a hundred thousand; whoever walks all of them asks for each."""
    names = [Compared(f"role-{number}") for number in range(2_000)]
    grants = tuple(
        Delegation(name=name, keyids=(), threshold=2, grant=PathPatterns(("*",))) for name in names
    )
    role = Targets(version=1, expires=NOW, delegations=Delegations(keys=FrozenMap(), roles=grants))
    Compared.times = 0

    assert all(2 == role.authority(Compared(str(name))).threshold for name in names)
    assert 10 * len(names) > Compared.times


def test_of_two_grants_to_one_role_the_first_one_counts():
    twice = tuple(
        Delegation(name="team", keyids=(), threshold=number, grant=PathPatterns(("*",)))
        for number in (1, 2)
    )
    role = Targets(version=1, expires=NOW, delegations=Delegations(keys=FrozenMap(), roles=twice))

    assert 1 == role.authority("team").threshold


def test_a_role_that_is_none_for_readers_of_a_format_is_passed_by():
    """It is not remembered as one that is known, and those after it are asked."""
    world = World.create().delegating(
        grant("none", "*"), grant("one", "*"), none=targets_role("x"), one=targets_role("x")
    )

    def ask(trusted, name, delegator, *, known, session):
        if name == "none":
            return None
        return (yield from on_word_of(trusted, name, delegator, known=known, session=session))

    trusted, known = world.trusted(NOW), {}
    search = Search(trusted=trusted, path="x", limits=Limits(), known=known, ask=ask)
    roles = [carried_out(search.next_role(), world.files(), {}) for _ in range(3)]

    assert ["targets", "one"] == [proof.name for proof, _ in roles[:2]]
    assert roles[2] is None
    assert [(trusted.targets, "one")] == list(known)
