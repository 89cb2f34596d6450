"""Attacks by those who were delegated to: out of turn, beyond the grant, under a strange name."""

from functools import partial
from hashlib import sha256

import attrs

from trustlib import (
    NotFoundError,
    ThresholdError,
    TransportError,
)
from trustlib._types import SNAPSHOT, TARGETS, TIMESTAMP, Version
from trustlib.roles import Delegation, Targets
from trustlib.testing.attacks.scenes import (
    ARBITRARY,
    COMPROMISE,
    MIRRORS,
    TEAM,
    Act,
    Attack,
    Broken,
    File,
    Scene,
    find,
    first_grant,
    path_of,
    scene,
)
from trustlib.testing.worlds import World, grant, grants, targets_role


def tree(world: World, *given: Delegation, **roles: Targets) -> World:
    """The repository, with delegations after the one to team."""
    first = first_grant(world)
    world = world.edited(TARGETS, delegations=grants(first, *given))
    return world.with_roles(
        {
            name: attrs.evolve(role, version=Version(5), expires=world.later)
            for name, role in roles.items()
        }
    ).sealed()


def role(*names: str, to: tuple[Delegation, ...] = (), knowing: tuple[str, ...] = ()) -> Targets:
    """Return a role that lists *names*, and delegates *to* others."""
    return targets_role(*names, delegations=grants(*to, knowing=knowing) if to else None)


def diamond(signed_by: str, seen: str, asked: str, world: World) -> Scene:
    """Two roles delegate to one, on the word of different keys; it has those of one of them."""
    before = tree(
        world,
        grant("a", "*/*"),
        grant("b", "*/*"),
        a=role(to=(grant("r", "a/*", by=("ka",)),), knowing=("ka",)),
        b=role(to=(grant("r", "b/*", by=("kb",)),), knowing=("kb",)),
        r=role("a/x", "b/x"),
    )
    before = before.signed_by("r", signed_by).sealed()
    visited = ("a",) if asked == "a/x" else ("a", "b")
    return scene(before, before, seen=find(seen), asked=find(asked), visited=visited)


def wrong_word_first(world: World) -> Scene:
    """The first to delegate names keys that are not the role's, so that the second is not heard."""
    before = tree(
        world,
        grant("a", "x/*"),
        grant("b", "x/*"),
        a=role(to=(grant("r", "x/*", by=("mallory",)),), knowing=("mallory",)),
        b=role(to=(grant("r", "x/*"),)),
        r=role("x/x"),
    )
    return scene(before, before.next(), asked=find("x/x"), visited=("a",))


def after_the_end(depth: int, world: World) -> Scene:
    """A role lists what an earlier, terminating delegation had the last word on."""
    ends, late = grant("c", "x/*", terminating=True), grant("d", "x/*")
    if depth == 0:
        before = tree(world, ends, late, c=role(), d=role("x/x"))
        visited: tuple[str, ...] = ("c",)
    else:
        before = tree(
            world,
            grant("a", "x/*"),
            late,
            a=role(to=(ends,)),
            c=role(),
            d=role("x/x"),
        )
        visited = ("a", "c")
    return scene(before, before.next(), asked=find("x/x"), visited=visited)


def two(world: World) -> World:
    """Two roles list one target, and the first has the say."""
    return tree(world, grant("a", "x/*"), grant("b", "x/*"), a=role("x/x"), b=role("x/x"))


def out_of_turn(world: World) -> Scene:
    """Whoever comes later is newer, and lists it in a hurry."""
    before = two(world)
    shown = before.next().at(b=99)
    asked = find("x/x")
    return scene(before, shown, asked=asked, visited=("a",), afterwards=shown.next(3))


def below_and_above(world: World) -> Scene:
    """A delegated role lists what the role that delegates to it lists as well."""
    before = tree(world, grant("a", "app"), a=role("app"))
    return scene(before, before.next(), asked=find("app"))


def hidden_first(file: File | None, world: World) -> Scene:
    """The first is withheld, so that the second is heard."""
    before = two(world)
    shown = before.next()
    return scene(before, shown, instead={path_of(shown, "a"): file}, asked=find("x/x"))


def beyond_its_grant(path: str, world: World) -> Scene:
    """The delegated role lists what nobody let it speak for."""
    shown = world.next().edited(TEAM, targets=targets_role("team/app", path).targets).sealed()
    return scene(world, shown, asked=find(path))


def beyond_its_grant_through_another(world: World) -> Scene:
    """It delegates more than it has."""
    shown = world.next().edited(TEAM, delegations=grants(grant("a", "*", "*/*")))
    shown = shown.with_roles(
        {"a": attrs.evolve(role("app-2", "team/x"), expires=world.later)}
    ).sealed()
    return scene(world, shown, asked=find("app-2"), afterwards=shown.next(3))


def beyond_its_prefix(world: World) -> Scene:
    """A role that speaks for some hashes lists a path of another."""
    digest = sha256(b"x/x").hexdigest()
    others = tuple(f"{n:x}" for n in range(16) if f"{n:x}" != digest[0])
    before = tree(world, grant("a", prefixes=others), a=role("x/x"))
    return scene(before, before.next(), asked=find("x/x"))


def in_a_circle(world: World) -> Scene:
    """Roles delegate to themselves and to one another; nobody lists it."""
    shown = world.next().edited(
        TEAM,
        delegations=grants(grant(TEAM, "team/*"), grant("a", "team/*"), knowing=(TEAM,)),
    )
    a = role(to=(grant(TEAM, "team/*"), grant("a", "team/*")))
    shown = shown.with_roles({"a": attrs.evolve(a, expires=world.later)})
    afterwards = shown.sealed().next(3)
    return scene(world, shown, asked=find("team/none"), visited=(TEAM, "a"), afterwards=afterwards)


def called_like(name: str, world: World) -> Scene:
    """A delegated role has a name that leads astray, in a file system or on a server."""
    shown = tree(world.next(), grant(name, "x/*"), **{name: role("x/x")})
    return scene(world, shown, asked=find("x/x"), visited=(name,), afterwards=shown.next(3))


HOSTILE = (
    "../x", "..\\x", "/abs", "C:x", "a/b", "%2e%2e", ".", "..", "CON", "TIMESTAMP", "Root", "a\0b",
    "a\nb", "x" * 300, ".trustlib/clock", "__proto__", "root.json", "1.root",
)  # fmt: skip


# -- the attacks ------------------------------------------------------------------------


def _nobody(
    name: str, ids: tuple[str, ...], act: Act, asked: str, holds: tuple[str, ...]
) -> Attack:
    return Attack(
        name=name,
        ids=ids,
        goal=COMPROMISE,
        holds=holds,
        act=act,
        refused="",
        expect=NotFoundError,
        facts={"name": asked},
    )


def _diamond(name: str, act: Act, ids: tuple[str, ...]) -> Attack:
    return Attack(
        name=name,
        ids=ids,
        goal=ARBITRARY,
        holds=("ka", "kb"),
        act=act,
        refused="r",
        expect=ThresholdError,
        facts={"role": "r", "signed_by": frozenset()},
    )


def _comes_to_nothing(
    name: str, ids: tuple[str, ...], act: Act, via: tuple[str, ...], holds: tuple[str, ...]
) -> Attack:
    return Attack(
        name=name,
        ids=ids,
        goal=COMPROMISE,
        holds=holds,
        act=act,
        refused=None,
        expect=None,
        facts={"via": via},
    )


ONLINE = (SNAPSHOT, TIMESTAMP)


DELEGATIONS = (
    _diamond(
        "a role verified for one delegator is shown for the other",
        partial(diamond, "ka", "a/x", "b/x"),
        ("T-07",),
    ),
    _diamond(
        "a role verified for the second delegator is shown for the first",
        partial(diamond, "kb", "b/x", "a/x"),
        ("T-07",),
    ),
    _diamond(
        "the first to delegate names the wrong keys, to hide what the second says",
        wrong_word_first,
        ("T-37",),
    ),
    _nobody(
        "a role speaks after a terminating one",
        ("CVE-2025-2886", "T-22", "T-32"),
        partial(after_the_end, 0),
        "x/x",
        ("d",),
    ),
    _nobody(
        "a role speaks after a terminating one further down",
        ("CVE-2025-2886", "T-32"),
        partial(after_the_end, 1),
        "x/x",
        ("d",),
    ),
    _comes_to_nothing(
        "a role speaks before its turn",
        ("CVE-2024-47534", "T-22"),
        out_of_turn,
        ("targets", "a"),
        ("b", *ONLINE),
    ),
    _comes_to_nothing(
        "a delegated role speaks for what its delegator lists",
        ("T-22",),
        below_and_above,
        ("targets",),
        ("a",),
    ),
    Attack(
        name="the first role is withheld so that the second is heard",
        ids=("P46", "T-22", "T-97"),
        goal=MIRRORS,
        holds=("b",),
        act=partial(hidden_first, None),
        refused="a",
        expect=NotFoundError,
        facts={"name": "6.a.json"},
    ),
    Attack(
        name="the first role breaks off so that the second is heard",
        ids=("P46", "T-08", "T-22"),
        goal=MIRRORS,
        holds=("b",),
        act=partial(hidden_first, Broken(b"{")),
        refused="a",
        expect=TransportError,
        facts={"where": "the server"},
    ),
    *(
        _nobody(
            f"a delegated role lists {path}",
            ids,
            partial(beyond_its_grant, path),
            path,
            (TEAM, *ONLINE),
        )
        for path, ids in (
            ("app-2", ("T-48", "T-51")),
            ("team/deep/app", ("T-54",)),
            ("TEAM/app", ("T-06",)),
            ("team\\app", ("T-06",)),
            ("team/../app", ("T-54", "P33")),
            ("team", ("T-54",)),
        )
    ),
    _nobody(
        "a delegated role delegates more than it has",
        ("T-48", "T-54"),
        beyond_its_grant_through_another,
        "app-2",
        (TEAM, "a", *ONLINE),
    ),
    _nobody(
        "a role lists a path of another hash",
        ("T-48",),
        beyond_its_prefix,
        "x/x",
        ("a",),
    ),
    _nobody(
        "delegations lead in a circle",
        ("T-99",),
        in_a_circle,
        "team/none",
        (TEAM, "a", *ONLINE),
    ),
    *(
        _comes_to_nothing(
            f"a delegated role is called {name[:20]!r}",
            ("CVE-2021-41131", "CVE-2021-41150", "T-04", "P32"),
            partial(called_like, name),
            ("targets", name),
            (TARGETS, name, *ONLINE),
        )
        for name in HOSTILE
    ),
)
