"""Whom a path is delegated to is looked up, and comes out as if everybody had been asked."""

import os
import pickle
import random

import attrs
import pytest
from core.worlds import NOW, grant, grants, targets_role
from hypothesis import given
from hypothesis import strategies as st

from trustlib import Delegation, FrozenMap, HashPrefixes, PathPatterns
from trustlib._globs import literal_ends, matches
from trustlib._lookup import Lookup, backwards, forwards, hash_of
from trustlib.roles import Delegations, PathPrefixes, SuccinctRoles, Targets
from trustlib.workflow.search import covering, terminating

ROLES = int(os.environ.get("TRUSTLIB_LOOKUPS", "1500"))
PATHS = 20


def asked(delegations, path):
    """What asking everybody comes to, in the words of §5.6.7.2."""
    names = []
    for one in delegations.roles:
        if one.grant.covers(path):
            names.append(one.name)
            if one.terminating:
                break
    return tuple(names)


def made_up_path(dice):
    return "/".join(
        "".join(dice.choices("ab[]*", k=dice.randrange(4))) for _ in range(dice.randrange(1, 4))
    )


def made_up_pattern(dice):
    """Often one that some path matches, never far from it."""
    letters = list(made_up_path(dice))
    for _ in range(dice.randrange(3)):
        letters.insert(dice.randrange(len(letters) + 1), dice.choice("*?*?[]ab/"))
    return "".join(letters)


def made_up_grant(dice):
    count = dice.choice((0, 1, 1, 2, 5))
    match dice.randrange(6):
        case 0:
            digests = (hash_of(made_up_path(dice)) for _ in range(count))
            return HashPrefixes(
                tuple(digest[: dice.choice((0, 1, 1, 2, 64))] for digest in digests)
            )
        case 1:
            return PathPrefixes(tuple(made_up_path(dice) for _ in range(count)))
        case _:
            return PathPatterns(tuple(made_up_pattern(dice) for _ in range(count)))


def made_up(dice):
    some = [made_up_grant(dice) for _ in range(dice.randrange(1, 12))]
    roles = tuple(
        Delegation(
            name=f"role-{number}",
            keyids=(),
            threshold=1,
            grant=dice.choice(some),
            terminating=dice.random() < 0.1,
        )
        for number in range(dice.randrange(20))
    )
    return Delegations(keys=FrozenMap(), roles=roles)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_looked_up_is_what_asking_everybody_comes_to(seed):
    """The first time, the second time, and every time after that."""
    dice = random.Random(seed)
    compared = covered = 0
    for _ in range(ROLES // 5):
        delegations = made_up(dice)
        role = attrs.evolve(targets_role(), delegations=delegations)
        for path in (made_up_path(dice) for _ in range(PATHS)):
            expected = asked(delegations, path)
            assert expected == covering(role, path), (path, delegations)
            ends = bool(expected) and delegations.by_name[expected[-1]].terminating
            assert ends is terminating(role, expected)
            compared += 1
            covered += bool(expected)

    assert ROLES // 5 * PATHS == compared
    assert compared // 4 < covered < compared  # the paths are such that much is covered, not all


@given(st.text("ab*?/[]", max_size=9), st.text("ab/*[]", max_size=9))
def test_what_a_pattern_matches_begins_and_ends_as_the_pattern_does(pattern, path):
    first, last = literal_ends(pattern)

    assert pattern.startswith(first)
    assert pattern.endswith(last)
    if matches(pattern, path):
        assert path.startswith(first)
        assert path.endswith(last)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/*", ("a/", "")),
        ("*/a", ("", "/a")),
        ("a?b*c", ("a", "c")),
        ("abc", ("abc", "abc")),
        ("*", ("", "")),
        ("", ("", "")),
        ("[a-z]*", ("[a-z]", "")),
    ],
)
def test_the_ends_of_a_pattern_go_up_to_a_wildcard(pattern, expected):
    assert expected == literal_ends(pattern)


# -- what it is for ---------------------------------------------------------------------


@attrs.frozen
class Counted:
    """A grant that counts how often it is asked."""

    number: int
    asked: list = attrs.field(factory=list, eq=False)
    indexed: list = attrs.field(factory=list, eq=False)

    def covers(self, path):
        self.asked.append(path)
        return path.startswith(f"team-{self.number}/")

    def beginnings(self):
        self.indexed.append(self.number)
        yield forwards, (f"team-{self.number}/",)


def test_the_first_time_everybody_is_asked_and_then_only_who_may_say_yes():
    """To make an index costs as much as to ask all, and most roles are asked once."""
    counted = tuple(map(Counted, range(1_000)))
    lookup = Lookup(counted)

    assert [7] == lookup.covering("team-7/app")
    assert 1_000 == sum(len(each.asked) for each in counted)
    assert not any(each.indexed for each in counted)
    assert [8] == lookup.covering("team-8/app")
    assert [] == lookup.covering("team-8000/app")
    assert [1] == lookup.covering("team-1/team-8/app")
    assert 1_002 == sum(len(each.asked) for each in counted)
    assert all([each.number] == each.indexed for each in counted)


@pytest.mark.parametrize(("grants", "indexed"), [(1, False), (2, False), (3, True)])
def test_two_grants_are_asked_as_fast_as_they_are_looked_up(grants, indexed):
    counted = tuple(map(Counted, range(grants)))
    lookup = Lookup(counted)

    for _ in range(3):
        assert [0] == lookup.covering("team-0/app")
    assert indexed is bool(counted[0].indexed)


def test_those_who_are_granted_the_same_are_asked_once():
    counted = Counted(7)
    lookup = Lookup((counted, Counted(8), counted, Counted(7)))
    lookup.covering("")
    counted.asked.clear()

    assert [0, 2, 3] == lookup.covering("team-7/app")
    assert ["team-7/app"] == counted.asked


def test_a_pattern_is_found_by_its_longer_end():
    for pattern, expected in (
        ("acme/*", [(forwards, ["acme/"])]),
        ("*/app:1", [(backwards, ["1:ppa/"])]),
        ("a*b", [(forwards, ["a"])]),
        ("*", [(forwards, [""])]),
    ):
        assert expected == list(PathPatterns((pattern,)).beginnings())
    assert [] == list(PathPatterns(()).beginnings())


def test_a_crowd_that_an_index_cannot_tell_apart_is_asked_one_by_one():
    """Somebody may write patterns so that nothing helps; they are as slow as before, and no slower."""
    patterns = tuple(f"*{number}*" for number in range(20_000))
    lookup = Lookup(tuple(PathPatterns((pattern,)) for pattern in patterns))
    lookup.covering("x")

    assert [1, 12, 123, 2, 23, 3] == sorted(lookup.covering("123"), key=str)
    assert sorted(lookup.covering("123")) == lookup.covering("123")


class Sliced(str):
    """A path that counts how often a beginning of it is taken."""

    __slots__ = ("times",)

    def __getitem__(self, key):
        self.times += 1
        return str.__getitem__(self, key)


def test_a_path_is_looked_up_no_more_often_than_it_has_letters():
    """However many lengths of beginnings somebody makes up."""
    lookup = Lookup(tuple(PathPatterns((f"{'a' * number}*",)) for number in range(1_000)))
    lookup.covering("")
    path = Sliced("aaa")
    path.times = 0

    assert [0, 1, 2, 3] == lookup.covering(path)
    assert 4 == path.times


# -- and what it must not change --------------------------------------------------------


def test_a_value_that_was_asked_is_the_same_value():
    def fresh():
        given = [grant("a", "a/*"), grant("b", prefixes=("0", "1")), grant("c", "*/a")]
        return targets_role(delegations=grants(*given))

    role = fresh()
    for _ in range(3):
        covering(role, "a/b")

    assert fresh() == role
    assert hash(fresh()) == hash(role)
    assert repr(fresh()) == repr(role)
    assert pickle.dumps(fresh()) == pickle.dumps(role)
    copied = pickle.loads(pickle.dumps(role))
    assert covering(role, "a/b") == covering(copied, "a/b")


def test_an_edited_value_is_asked_anew():
    """What was found under the old grants is no answer under the new ones."""
    before = grants(*(grant(name, f"{name}/*") for name in "abc"))
    for _ in range(3):
        assert ("a",) == before.covering("a/x")
    after = attrs.evolve(before, roles=(grant("d", "a/*"), *before.roles[1:]))

    for _ in range(3):
        assert ("d",) == after.covering("a/x")
        assert ("a",) == before.covering("a/x")


def test_bins_are_told_by_the_hash_alone():
    bins = SuccinctRoles(keyids=(), threshold=1, bit_length=8, name_prefix="bin")
    delegations = Delegations(keys=FrozenMap(), roles=bins)
    role = Targets(version=1, expires=NOW, delegations=delegations)

    for _ in range(3):
        assert (f"bin-{hash_of('app')[:2]}",) == covering(role, "app")
    assert not terminating(role, covering(role, "app"))
    assert () == covering(targets_role(), "app")
    assert not terminating(targets_role(), ("app",))
