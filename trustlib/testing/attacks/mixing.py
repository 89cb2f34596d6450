"""Attacks that combine files which do not belong together (mix-and-match)."""

from functools import partial
from typing import Any

import attrs

from trustlib import (
    MismatchError,
    NotFoundError,
)
from trustlib._types import SNAPSHOT, TARGETS, TIMESTAMP, RoleName
from trustlib.testing.attacks.scenes import (
    FREEZE,
    MIX_AND_MATCH,
    TEAM,
    Attack,
    Scene,
    described_as,
    find,
    online,
    path_of,
    replacing,
    scene,
)
from trustlib.testing.worlds import DAY, World


def pointing_at_nothing(world: World) -> Scene:
    """A valid timestamp that names a snapshot which cannot be had."""
    shown = world.next()
    return scene(world, shown, instead={path_of(shown, SNAPSHOT): None})


def of_another_time(name: str, by: int, world: World) -> Scene:
    """Everything is as it should be but for one file, which is of another version."""
    other = world.next(1 + by)
    return replacing(world, name, other.raw(name), honest=(other,))


def listed_at_another_version(name: str, world: World) -> Scene:
    """The roles that list it say one version; the file, which they describe, another."""
    shown = world.next()
    other = shown.edited(name, version=9)
    claimed = described_as(shown, name, other.raw(name))
    return scene(world, claimed, instead={path_of(shown, name): other.raw(name)})


def with_a_wrong(what: str, name: str, world: World) -> Scene:
    """The file is signed by the right keys at the right version, and is not what was described."""
    shown = world.next()
    listed = shown.listing(shown.raw(name), 6)
    wrong: dict[str, dict[str, Any]] = {
        "length": {"length": len(shown.raw(name)) + 1},
        "sha256": {"hashes": listed.hashes.including({"sha256": "0" * 64})},
        "sha512": {"hashes": listed.hashes.including({"sha512": "0" * 128})},
        "a hash by": {"hashes": listed.hashes.including({"md5": "0"}).excluding("sha256")},
    }
    if not listed.hashes:
        return scene(world, shown)
    entry = attrs.evolve(listed, **wrong[what])
    if name == SNAPSHOT:
        return scene(world, shown.edited(TIMESTAMP, snapshot=entry))
    meta = shown.snapshot.meta.including({RoleName(name): entry})
    return scene(world, shown.edited(SNAPSHOT, meta=meta).stamped())


def unlisted(world: World) -> Scene:
    """A delegated role that no snapshot ever listed."""
    before = world.but(delegated=world.delegated.excluding(TEAM)).sealed()
    return scene(before, before.next(), seen=find("app"), afterwards=world.next(4))


def two_of_one_version(name: str, world: World) -> Scene:
    """Two files of one version, both well signed: one was published, the other is shown."""
    draft = world.next().edited(name, expires=world.later + DAY)
    return replacing(world, name, draft.raw(name))


# -- the attacks ------------------------------------------------------------------------


def _mixed(role: str) -> tuple[Attack, ...]:
    step = "§5.5.4" if role == SNAPSHOT else "§5.6.4"
    version = {"role": role, "what": "version", "step": step}
    described = (MismatchError, {"role": role, "what": "sha256"})
    common: dict[str, Any] = {"goal": MIX_AND_MATCH, "refused": role, "expect": MismatchError}
    ids = ("T-92", *(("CVE-2026-6967", "T-35") if role == TEAM else ()))
    return (
        Attack(
            name=f"{role} is the one of yesterday",
            ids=ids,
            holds=(),
            act=partial(of_another_time, role, -1),
            facts={**version, "expected": 6, "got": 5},
            where_described=described,
            **common,
        ),
        Attack(
            name=f"{role} is the one of tomorrow",
            ids=ids,
            holds=(),
            act=partial(of_another_time, role, 1),
            facts={**version, "expected": 6, "got": 7},
            where_described=described,
            **common,
        ),
        Attack(
            name=f"{role} is described, and of another version than is listed",
            ids=ids,
            holds=(role, *online(role)),
            act=partial(listed_at_another_version, role),
            facts={**version, "expected": 6, "got": 9},
            **common,
        ),
        Attack(
            name=f"{role} is another file of the same version",
            ids=ids,
            holds=(role,),
            act=partial(two_of_one_version, role),
            facts={"role": role, "what": "sha256"},
            needs_hashes="a version is all that is known of the file, and both have it:"
            " docs/decisions/0003, what is still open",
            **common,
        ),
        *(
            Attack(
                name=f"{role} has another value than is listed for: {what}",
                ids=("T-35", "T-44") if role == TEAM else ("T-44",),
                holds=online(role),
                act=partial(with_a_wrong, what, role),
                facts={"role": role, "what": what},
                needs_hashes="nothing is listed that the file could differ from",
                **common,
            )
            for what in ("length", "sha256", "sha512", "a hash by")
        ),
    )


MIXING = (
    Attack(
        name="a timestamp names a snapshot that is not there",
        ids=("CVE-2025-2888", "T-34"),
        goal=FREEZE,
        holds=(TIMESTAMP,),
        act=pointing_at_nothing,
        refused=SNAPSHOT,
        expect=NotFoundError,
        facts={"name": "6.snapshot.json"},
    ),
    *(attack for role in (SNAPSHOT, TARGETS, TEAM) for attack in _mixed(role)),
    Attack(
        name="a delegated role is one that no snapshot lists",
        ids=("T-35", "T-92"),
        goal=MIX_AND_MATCH,
        holds=(),
        act=unlisted,
        refused=TEAM,
        expect=MismatchError,
        facts={"role": SNAPSHOT, "what": "an entry for", "expected": TEAM, "step": "§5.6.1"},
    ),
)
