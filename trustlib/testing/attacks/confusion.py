"""Attacks that pass the file of one role, or of one collection, off as another's."""

from functools import partial

import attrs

from trustlib import (
    MalformedError,
    MismatchError,
    WrongCollectionError,
)
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL, RoleName, TargetPath
from trustlib.roles import Delegations, SuccinctRoles
from trustlib.testing.attacks.scenes import (
    ROLES,
    TEAM,
    WRONG,
    Act,
    Attack,
    Scene,
    find,
    following,
    online,
    showing,
)
from trustlib.testing.worlds import World, grant, grants, keyids, keys, keyset, targets_role

SHARED, RIVAL = "shared", "rival"

# -- one key for everything -------------------------------------------------------------


def of_one_key(world: World) -> World:
    """The repository where one key signs for every role."""
    before = world.rotated(
        also_by=(SHARED,),
        keys=world.root.keys.including(keys(SHARED)),
        roles=FrozenMap({name: keyset(SHARED) for name in TOP_LEVEL}),
    )
    for name in TOP_LEVEL:
        before = before.signed_by(name, SHARED) if name != ROOT else before
    given = tuple(grant(name, f"{name}/*", by=(SHARED,)) for name in (TEAM, RIVAL))
    delegations = attrs.evolve(grants(*given), keys=keys(SHARED))
    before = before.edited(TARGETS, delegations=delegations)
    for one in (TEAM, RIVAL):
        role = targets_role(f"{one}/app", version=5, expires=world.later)
        before = before.with_roles({one: role}).signed_by(one, SHARED)
    return before.sealed()


def in_the_place_of(place: str, other: str, world: World) -> Scene:
    """The file of one role is shown in the place of another; one key signed both."""
    before = of_one_key(world)
    shown = following(before, place)
    afterwards = before.rotated().next(4)
    return showing(before, shown, place, shown.raw(other), afterwards=afterwards)


def saying_their_names(world: World) -> World:
    """The repository whose targets roles say their own names."""
    world = of_one_key(world)
    for name in (TARGETS, TEAM, RIVAL):
        world = world.edited(name, called=name)
    return world.sealed()


def called_otherwise(place: str, other: str, world: World) -> Scene:
    """A targets role in the place of another, of the same key and version."""
    before = saying_their_names(world)
    shown = before.next()
    return showing(before, shown, place, shown.raw(other), afterwards=before.next(4))


BINS = SuccinctRoles(keyids=keyids("bins"), threshold=1, bit_length=1, name_prefix="bin")
BINNED = next(
    f"binned-{n}" for n in range(99) if BINS.bin_for(TargetPath(f"binned-{n}")) == "bin-0"
)


def in_the_place_of_another_bin(world: World) -> Scene:
    """All bins have the same keys: one of them is shown in the place of another, to hide a tag."""
    delegations = Delegations(keys=keys("bins"), roles=BINS)
    before = world.but(delegated=FrozenMap()).edited(TARGETS, delegations=delegations)
    for name, listed in (("bin-0", BINNED), ("bin-1", "binned-by-another")):
        role = attrs.evolve(
            targets_role(listed, version=5, expires=world.later), called=RoleName(name)
        )
        before = before.with_roles({name: role}).signed_by(name, "bins")
    before = before.sealed()
    shown, asked = before.next(), find(BINNED)
    raw = shown.raw("bin-1")
    return showing(before, shown, "bin-0", raw, seen=asked, asked=asked, then=asked)


# -- another collection -----------------------------------------------------------------


def named(world: World, collection: str | None) -> World:
    """The repository under a name, which every role says."""
    world = world.rotated(collection=collection)
    for name in (TIMESTAMP, SNAPSHOT, TARGETS, TEAM):
        world = world.edited(name, collection=collection)
    return world.sealed()


def of_another_collection(name: str, collection: str | None, world: World) -> Scene:
    """The same keys sign for two collections; the file is the other one's."""
    before = named(world, "docker.io/acme")
    shown = following(before, name)
    other = shown.edited(name, collection=collection)
    return showing(before, shown, name, other.raw(name))


# -- the attacks ------------------------------------------------------------------------


def _place(place: str, other: str) -> Attack:
    return Attack(
        name=f"the file of {other} is shown as {place}",
        ids=("T-98",),
        goal=WRONG,
        holds=(SHARED,),
        act=partial(in_the_place_of, place, other),
        refused=place,
        expect=MalformedError,
        facts={"document": f"{place}.json", "path": "$.signed._type"},
    )


def _called(name: str, place: str, act: Act, expected: str, got: str) -> Attack:
    return Attack(
        name=name,
        ids=("T-98",),
        goal=WRONG,
        holds=(SHARED, "bins", SNAPSHOT, TIMESTAMP),
        act=act,
        refused=place,
        expect=MismatchError,
        facts={"role": place, "what": "the role called", "expected": expected, "got": got},
        beyond="the specification gives targets roles no names",
    )


def _collection(role: str, collection: str | None) -> Attack:
    return Attack(
        name=f"{role} is of the collection {collection}",
        ids=("T-98",),
        goal=WRONG,
        holds=(role, *online(role)),
        act=partial(of_another_collection, role, collection),
        refused=role,
        expect=WrongCollectionError,
        facts={"role": role, "expected": "docker.io/acme", "got": collection},
        beyond="the specification gives repositories no names",
    )


CONFUSION = (
    *(
        _place(place, other)
        for place in ROLES
        for other in TOP_LEVEL
        if other != (TARGETS if place == TEAM else place)
    ),
    _called(
        "one delegated role is shown as another", TEAM,
        partial(called_otherwise, TEAM, RIVAL), TEAM, RIVAL,
    ),
    _called(
        "targets is shown as a delegated role", TEAM,
        partial(called_otherwise, TEAM, TARGETS), TEAM, TARGETS,
    ),
    _called(
        "a delegated role is shown as targets", TARGETS,
        partial(called_otherwise, TARGETS, TEAM), TARGETS, TEAM,
    ),
    _called(
        "one bin is shown as another", "bin-0", in_the_place_of_another_bin, "bin-0", "bin-1"
    ),
    *(_collection(role, "docker.io/evil") for role in ROLES),
    *(_collection(role, None) for role in (ROOT, TIMESTAMP, TARGETS)),
)  # fmt: skip
