"""Attacks by whoever owns the network: files that are withheld, that break off, that never end."""

from functools import partial
from itertools import pairwise
from typing import Any

import attrs

from trustlib import (
    LimitError,
    NotFoundError,
    NoTrustDataError,
    TooLongError,
    TransportError,
)
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.testing.attacks.scenes import (
    ENDLESS,
    FREEZE,
    LIMITS,
    MIRRORS,
    ROLES,
    TEAM,
    Attack,
    Broken,
    Endless,
    Failing,
    File,
    Scene,
    find,
    following,
    online,
    path_of,
    replacing,
    scene,
)
from trustlib.testing.worlds import World, grant, grants, targets_role

LIMIT: dict[str, int] = {
    ROOT: LIMITS.root,
    TIMESTAMP: LIMITS.timestamp,
    SNAPSHOT: LIMITS.snapshot,
    TARGETS: LIMITS.targets,
    TEAM: LIMITS.targets,
}
NEXT: dict[str, str] = {ROOT: "2.root.json", TIMESTAMP: "timestamp.json"}


def path(name: str) -> str:
    """Return where the next file of the role *name* is asked for."""
    return NEXT.get(name, f"6.{name}.json")


def withheld(name: str, world: World) -> Scene:
    """The next file of the role *name* is not to be had."""
    return replacing(world, name, None)


def nothing_at_all(world: World) -> Scene:
    """Every question is answered with 404."""
    nothing = dict.fromkeys(world.next().files())
    return scene(world, instead=nothing)


def with_the_unversioned_names_only(world: World) -> Scene:
    """The root says that names have versions, and the server has names without."""
    shown = world.next()
    plain = shown.but(root=attrs.evolve(shown.root, consistent_snapshot=False)).files()
    instead = {path_of(shown, name): None for name in (SNAPSHOT, TARGETS, TEAM)} | {
        f"{name}.json": plain[f"{name}.json"] for name in (SNAPSHOT, TARGETS, TEAM)
    }
    return scene(world, shown, instead=instead)


def with_old_names_after_a_switch(world: World) -> Scene:
    """The new root says that names have no versions; under those is what was there before."""
    shown = world.rotated(consistent_snapshot=False).next()
    old = world.files()
    instead = {"snapshot.json": old["5.snapshot.json"]}
    return scene(world, shown, instead=instead, afterwards=shown.next())


def endless(name: str, start: bytes, world: World) -> Scene:
    """The next file of the role *name* begins, and never ends."""
    return replacing(world, name, Endless(start))


def padded(name: str, world: World) -> Scene:
    """The right file, with blanks behind it: one byte more than may be read."""
    raw = following(world, name).raw(name)
    return replacing(world, name, raw + b" " * (LIMIT[name] + 1 - len(raw)))


def answered_with(file: File, name: str, world: World) -> Scene:
    """The next file of the role *name* is *file*."""
    return replacing(world, name, file)


def roots_without_end(world: World) -> Scene:
    """One root after the other, each well signed."""
    shown = world
    for _ in range(LIMITS.root_rotations + 1):
        shown = shown.rotated()
    allowed = world.root.version + LIMITS.root_rotations
    afterwards = shown.next()
    return scene(world, shown, root=allowed, afterwards=afterwards)


def delegations_without_end(world: World) -> Scene:
    """The delegated role delegates to another, and that to another."""
    names = [TEAM, *(f"r{n}" for n in range(1, LIMITS.delegations))]
    shown = world.next()
    for name, below in pairwise(names):
        role = targets_role(
            "team/app",
            version=6,
            expires=world.later,
            delegations=grants(grant(below, "team/*")),
        )
        shown = shown.with_roles({name: role})
    shown = shown.with_roles({names[-1]: targets_role("team/deep", expires=world.later)}).sealed()
    visited = tuple(names[: LIMITS.delegations - 1])
    afterwards = shown.next(3)
    return scene(world, shown, asked=find("team/deep"), visited=visited, afterwards=afterwards)


# -- the attacks ------------------------------------------------------------------------


def _withheld(role: str) -> Attack:
    return Attack(
        name=f"{role} is withheld",
        ids=("T-97", *(("P46",) if role == TEAM else ())),
        goal=FREEZE if role == TIMESTAMP else MIRRORS,
        holds=(),
        act=partial(withheld, role),
        refused=role,
        expect=NoTrustDataError if role == TIMESTAMP else NotFoundError,
        facts={"name": path(role)},
    )


def _endless(role: str) -> tuple[Attack, ...]:
    # What is listed lowers the limit; that is the file's own length.
    described = role in (SNAPSHOT, TARGETS, TEAM)
    facts = {"path": path(role)}
    common: dict[str, Any] = {
        "ids": ("T-60", "P50"),
        "goal": ENDLESS,
        "holds": (),
        "refused": role,
        "expect": TooLongError,
        "facts": {**facts, "limit": LIMIT[role]},
        "where_described": (TooLongError, facts) if described else None,
    }
    return (
        Attack(name=f"{role} never ends", act=partial(endless, role, b""), **common),
        Attack(name=f"{role} is one byte too long", act=partial(padded, role), **common),
    )


def _broken(role: str) -> tuple[Attack, ...]:
    return tuple(
        Attack(
            name=f"{role} {how}",
            ids=("T-08", "P75", "P76"),
            goal=MIRRORS,
            holds=(),
            act=partial(answered_with, file, role),
            refused=role,
            expect=TransportError,
            facts={"where": "the server"},
        )
        for how, file in (
            ("breaks off", Broken(b'{"signatures":[')),
            ("cannot be had just now", Failing()),
        )
    )


WITHHOLDING = (
    *map(_withheld, (TIMESTAMP, SNAPSHOT, TARGETS, TEAM)),
    Attack(
        name="everything is withheld",
        ids=("T-97",),
        goal=FREEZE,
        holds=(),
        act=nothing_at_all,
        refused=TIMESTAMP,
        expect=NoTrustDataError,
        facts={"name": "timestamp.json"},
    ),
    Attack(
        name="files are there under names without versions only",
        ids=("T-101",),
        goal=MIRRORS,
        holds=(),
        act=with_the_unversioned_names_only,
        refused=SNAPSHOT,
        expect=NotFoundError,
        facts={"name": "6.snapshot.json"},
    ),
    *(attack for role in ROLES for attack in _endless(role)),
    *(attack for role in ROLES for attack in _broken(role)),
    Attack(
        name="roots follow one another without end",
        ids=("P54",),
        goal=ENDLESS,
        holds=(ROOT,),
        act=roots_without_end,
        refused=ROOT,
        expect=LimitError,
        facts={"what": "root rotations", "limit": LIMITS.root_rotations},
    ),
    Attack(
        name="delegations follow one another without end",
        ids=("T-99", "P44"),
        goal=ENDLESS,
        holds=(TEAM, *(f"r{n}" for n in range(1, LIMITS.delegations)), *online(TEAM)),
        act=delegations_without_end,
        refused=f"r{LIMITS.delegations - 1}",
        expect=LimitError,
        facts={"limit": LIMITS.delegations},
    ),
)
