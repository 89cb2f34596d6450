"""Repositories out of a seed: small, signed with real keys, and never twice the same."""

from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random

import attrs
from core.worlds import World, described, grant, grants, only_version, target, targets_role

from trustlib import TARGETS, Delegations, FrozenMap, Targets

FAR = datetime(2999, 1, 1, tzinfo=UTC)
"""python-tuf looks at the clock of this machine: what is good must be so for long."""

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)

PATHS = ("app", "a/1", "a/2", "b/1", "b/22", "c.tgz", "own/0", "own/1", "own/2", "own/3")
PATTERNS = ("app", "*", "*/*", "a/*", "*/1", "b/?", "b/??", "*.tgz", "?pp", "c*z")
ROLES = ("releases", "Team", "x/y", "r 1")


class Dice(Random):
    """Chance, except where every choice must have its turn.

    Attributes:
        turn: which try this is, from 0.
    """

    def __init__(self, what: str, turn: int):
        super().__init__(f"{what} {turn}")
        self.turn = turn

    def each(self, options: Iterable[str]) -> str:
        """Choose another one at every turn."""
        options = tuple(options)
        return options[self.turn % len(options)]


def a_world(rng: Random) -> World:
    """A valid repository: delegations, thresholds, rotations, listings as *rng* has it."""
    world = World.create(
        expires=FAR,
        consistent=rng.random() < 0.7,
        listing=rng.choice((described, only_version)),
    )
    if rng.random() < 0.5:
        world = world.rotated(expires=rng.choice((FAR, LONG_AGO))).rotated(expires=FAR)
    if rng.random() < 0.3:
        world = world.with_keys("targets", "targets", "second", threshold=2)
    return delegating(world, rng).at(targets=rng.randint(1, 5), snapshot=rng.randint(1, 5))


def delegating(world: World, rng: Random) -> World:
    """*world* with a tree of delegations."""
    names = rng.sample(ROLES, rng.randint(1, len(ROLES)))
    given: dict[str, list] = {TARGETS: []}
    by = {}
    for name in names:
        signers = rng.sample(("ann", "bob", "cleo"), rng.randint(1, 2))
        by[name] = signers
        delegation = grant(
            name,
            "own/*",  # every role is asked for something, or few of them ever are
            *rng.sample(PATTERNS, rng.randint(1, 3)),
            by=tuple(signers),
            threshold=rng.randint(1, len(signers)),
            terminating=rng.random() < 0.25,
            prefixes=tuple("0123456789abcdef"[: rng.randint(1, 16)])
            if rng.random() < 0.2
            else None,
        )
        given[rng.choice([*given])].append(delegation)
        given[name] = []
    roles = {}
    for name, below in given.items():
        knowing = ("ann", "bob", "cleo")
        own = [f"own/{names.index(name)}"] if name in names else []
        roles[name] = attrs.evolve(
            targets_role(expires=FAR, version=rng.randint(1, 9)),
            targets=listed(name, rng.sample(PATHS[:6], rng.randint(0, 3)) + own),
            delegations=grants(*below, knowing=knowing) if below or rng.random() < 0.2 else None,
        )
    top = roles.pop(TARGETS)
    for name, signers in by.items():
        world = world.signed_by(name, *signers)
    return world.edited(TARGETS, targets=top.targets, delegations=top.delegations).with_roles(roles)


def listed(role: str, paths: list[str]) -> FrozenMap:
    """Targets whose content tells who lists them."""
    return FrozenMap({path: target(f"{path} of {role}".encode()) for path in paths})


def far(name: str, *paths: str, delegations: Delegations | None = None) -> Targets:
    """A targets role that lists *paths* and is good for long."""
    role = targets_role(expires=FAR, delegations=delegations)
    return attrs.evolve(role, targets=listed(name, list(paths)))
