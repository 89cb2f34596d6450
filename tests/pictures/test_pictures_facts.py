"""The facts that every picture is made of: complete, or counted where they are too many."""

from datetime import timedelta

import attrs
import pytest
from core.worlds import DAY, LATER, NOW, SECOND
from pictures import samples
from publish.desks import authority, client, created, digest, key

from trustlib import FrozenMap, ImageReference, PathPatterns, TagBinding, Targets
from trustlib.content.binding import by_digest
from trustlib.inspect import (
    Above,
    Bins,
    Collection,
    More,
    Scale,
    Seen,
    Unread,
    Unsigned,
    collection_of,
    tree,
)
from trustlib.inspect.lasting import Moment, Urgency
from trustlib.publish import words


def part(facts, name):
    return next(one for one in facts.drawn if one.name == name)


def names(facts):
    return [one.name for one in facts.drawn]


def test_a_role_stands_below_the_one_that_says_who_may_sign_it():
    facts = samples.facts()

    assert [
        ("root", None, 0),
        ("timestamp", "root", 1),
        ("snapshot", "root", 1),
        ("targets", "root", 1),
        ("releases", "targets", 2),
        ("web-team", "targets", 2),
        ("web-team/nightly", "web-team", 3),
        ("mirror", "targets", 2),
        ("bin-*", "mirror", 3),
    ] == [(one.name, one.by, one.depth) for one in facts.drawn]


def test_a_part_says_who_must_sign_what_it_may_speak_for_and_until_when():
    releases = part(samples.facts(), "releases")

    assert 2 == releases.threshold == releases.able
    assert tuple(words.fingerprint(key(one)) for one in ("alice", "team")) == releases.keys
    assert ("acme/app:*", "acme/api:*") == releases.paths
    assert releases.final
    assert Seen(version=1, expires=NOW + 90 * DAY, targets=2) == releases.state


def test_bins_are_one_part():
    bins = part(samples.facts(), "bin-*").state

    assert Bins(count=16, read=16, versions=(1, 1), expires=NOW + 90 * DAY, targets=60) == bins


def test_the_whole_is_counted():
    facts = samples.facts()

    assert ("docker.io/acme", 24, 63) == (facts.name, facts.roles, facts.targets)
    assert NOW + 21 * DAY == facts.valid_until
    assert facts.undrawn is None
    assert len(facts.keys) == len(set(facts.keys)) == 10


def test_what_a_client_walked_knows_who_signed():
    updater = client(samples.collection()[1], now=NOW)
    facts = collection_of(samples.binding())

    assert ["releases"] == [name for name in names(facts) if "releases" in name]
    assert part(facts, "releases").keys == part(facts, "releases").state.signed_by
    assert Unread() == part(facts, "web-team").state
    assert facts == collection_of(updater.find("acme/app:1.5"))
    top = collection_of(updater.refresh())
    assert Unread() == part(top, "releases").state
    assert 3 == len(part(top, "root").state.signed_by)


def test_an_answer_without_proofs_is_not_drawn():
    binding = by_digest(ImageReference.parse(f"acme/app@{digest()}"))

    with pytest.raises(ValueError, match="ask an Updater"):
        collection_of(binding)
    assert isinstance(binding, TagBinding)


def test_what_nobody_signed_says_so():
    facts = collection_of(created())

    assert [Unsigned()] * 4 == [one.state for one in facts.drawn]
    assert facts.valid_until is None
    assert "Nobody has signed it yet." in tree(facts, now=NOW)


def test_a_role_to_which_several_delegate_is_drawn_once():
    repository = created()
    for name in ("ann", "bea"):
        repository = repository.with_delegation(
            name, keys=authority("team"), grant=PathPatterns((f"{name}/*",))
        )
    for name in ("ann", "bea"):
        repository = repository.with_delegation(
            "both", keys=authority("team2"), grant=PathPatterns(("*",)), by=name
        )
    facts = collection_of(repository)

    assert [Unsigned(), Above()] == [one.state for one in facts.drawn if one.name == "both"]


def test_roles_that_delegate_in_a_circle_end():
    repository = created().with_delegation("a", keys=authority("team"), grant=PathPatterns(("*",)))
    circle = attrs.evolve(repository.targets["targets"], version=1)
    roles = repository.targets.including({"a": circle})
    facts = collection_of(attrs.evolve(repository, targets=roles))

    assert ["root", "timestamp", "snapshot", "targets", "a", "a"] == names(facts)
    assert Above() == facts.drawn[-1].state


def test_one_key_under_two_ids_is_one():
    root, alice = created().root, key("alice")
    again = attrs.evolve(alice, extra=FrozenMap({"x": 1}))
    listed = attrs.evolve(root.roles["targets"], keyids=(alice.id, "again"), threshold=2)
    twice = attrs.evolve(
        root,
        keys=root.keys.including({"again": again}),
        roles=root.roles.including({"targets": listed}),
    )
    facts = collection_of(attrs.evolve(created(), root=twice))

    assert 1 == part(facts, "targets").able
    assert "2 of 1 key: nobody can sign" in tree(facts, now=NOW)


def many(count, *, expires=LATER, deep=False):
    """A repository with *count* delegations: beside each other, or one below another."""
    repository = created().with_delegation("r", keys=authority("team"), grant=PathPatterns(("*",)))
    one = repository.targets["targets"].delegations
    (grant,) = one.roles
    called = [f"r{n}" for n in range(count)]
    team = Targets(version=1, expires=LATER)
    last = attrs.evolve(team, expires=expires)
    if deep:
        below = {
            name: attrs.evolve(
                team, delegations=attrs.evolve(one, roles=(attrs.evolve(grant, name=after),))
            )
            for name, after in zip(("targets", *called), called, strict=False)
        }
        roles = {**below, called[-1]: last}
    else:
        grants = tuple(attrs.evolve(grant, name=name) for name in called)
        top = attrs.evolve(team, delegations=attrs.evolve(one, roles=grants))
        roles = {"targets": top, **dict.fromkeys(called, team), called[-1]: last}
    return attrs.evolve(repository, targets=FrozenMap(roles))


@pytest.mark.parametrize("deep", [False, True])
def test_a_thousand_roles_are_counted_and_none_expires_unseen(deep):
    facts = collection_of(many(1_000, expires=NOW - DAY, deep=deep))

    assert 1_000 < facts.roles
    assert 40 > len(facts.parts)
    assert any(isinstance(one, More) for one in facts.parts)
    assert NOW - DAY == facts.undrawn == facts.valid_until
    assert "the first expired 24 hours ago" in tree(facts, now=NOW).splitlines()[-1]


def test_how_much_is_drawn_is_a_value():
    facts = collection_of(many(10), scale=Scale(children=3))

    assert ["r0", "r1", "r2"] == names(facts)[4:]
    assert More(by="targets", depth=2, count=7) == facts.parts[-1]


def test_a_collection_is_a_value():
    again = collection_of(samples.collection()[0])

    assert samples.facts() == again
    assert isinstance(hash(again), int)
    assert isinstance(again, Collection)


# -- "in 3 days" ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(0), "just now"),
        (SECOND, "in less than a minute"),
        (timedelta(seconds=59), "in less than a minute"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(minutes=99), "in 99 minutes"),
        (timedelta(hours=3, minutes=59), "in 3 hours"),
        (timedelta(hours=47), "in 47 hours"),
        (timedelta(days=3), "in 3 days"),
        (timedelta(days=3) - SECOND, "in 2 days"),
        (timedelta(days=99), "in 99 days"),
        (timedelta(days=365), "in 11 months"),
        (timedelta(days=731), "in 2 years"),
        (-SECOND, "just now"),
        (-timedelta(days=3), "3 days ago"),
    ],
)
def test_times_are_told_as_people_do_and_never_longer_than_they_are(left, told):
    assert told == Moment(NOW).lasting(NOW + left)


def test_urgency_follows_the_role_and_the_very_second():
    at = Moment(NOW)

    assert Urgency.EXPIRED == at.urgency("root", NOW)
    assert Urgency.SOON == at.urgency("root", NOW + SECOND)
    assert Urgency.SOON == at.urgency("root", NOW + 60 * DAY)
    assert Urgency.GOOD == at.urgency("root", NOW + 61 * DAY)
    assert Urgency.GOOD == at.urgency("timestamp", NOW + DAY)
    assert Urgency.UNKNOWN == at.urgency("root", None)


def test_a_time_without_its_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        Moment(NOW.replace(tzinfo=None))
