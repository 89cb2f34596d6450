"""Attacks that take a client back, or so far ahead that nothing honest can follow."""

from functools import partial
from typing import Any

from trustlib import (
    MalformedError,
    MismatchError,
    RollbackError,
    ThresholdError,
)
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName
from trustlib.testing.attacks.scenes import (
    FAST_FORWARD,
    ROLLBACK,
    TEAM,
    Act,
    Attack,
    Scene,
    among,
    needing,
    online,
    replacing,
    scene,
)
from trustlib.testing.worlds import DAY, World, keyset, signers

HUGE = 2**52
UNSEEN = "whoever never saw the later version cannot miss it"

# -- rollback ---------------------------------------------------------------------------


def yesterday(world: World) -> Scene:
    """The whole repository as it was, to the byte."""
    return scene(world, world.next(-1), honest=(world.next(-1),))


def with_an_old(name: str, world: World) -> Scene:
    """The roles that list *name* are new, and list it at an earlier version."""
    return scene(world, world.next().at(**{name: 4}), honest=(world.next(-1),))


def with_a_new_timestamp_and_the_old_rest(world: World) -> Scene:
    """A timestamp far ahead, and everything else as it was."""
    old = world.next(-1)
    return scene(world, old.at(timestamp=7), honest=(old,))


def of_the_same_version_with_an_old(name: str, world: World) -> Scene:
    """The version of the role that lists *name* stays; what it lists goes back."""
    upper = TIMESTAMP if name == SNAPSHOT else SNAPSHOT
    return scene(world, world.next().at(**{upper: 5, name: 4}), honest=(world.next(-1),))


def without(name: str, world: World) -> Scene:
    """The snapshot no longer lists *name*."""
    shown = world.next()
    meta = shown.snapshot.meta.excluding(RoleName(name))
    return scene(world, shown.edited(SNAPSHOT, meta=meta).stamped())


def behind_an_expired_timestamp(world: World) -> Scene:
    """What the client remembers has expired; it still was there (§5.4.3)."""
    before = world.edited(TIMESTAMP, expires=world.now + DAY)
    shown = world.next(-1)
    when = {"now": world.now + 2 * DAY, "later": world.now + 2 * DAY}
    return scene(before, shown, honest=(shown,), afterwards=world.next(2), **when)


def behind_an_expired_snapshot(world: World) -> Scene:
    """Also what it remembers of the snapshot, though that has expired (§5.5.5)."""
    before = world.edited(SNAPSHOT, expires=world.now + DAY).stamped()
    shown = world.next().at(targets=4)
    when = {"now": world.now + 2 * DAY, "later": world.now + 2 * DAY}
    honest = (world.next(-1),)
    return scene(before, shown, honest=honest, afterwards=world.next(4), **when)


def an_old_root_as_the_next(version: int, world: World) -> Scene:
    """The file of an earlier root, under the next number."""
    before = world.rotated()
    return replacing(before, ROOT, before.roots()[f"{version}.root.json"])


def a_root_of_version(offset: int, world: World) -> Scene:
    """Validly signed by everybody, and not the very next version."""
    before = world.rotated()
    wrong = before.rotated().edited(ROOT, version=3 + offset)
    return replacing(before, ROOT, wrong.raw(ROOT))


# -- fast-forward, and recovery ---------------------------------------------------------


def _recovered(world: World, name: str) -> tuple[World, World]:
    """A repository whose key for *name* was stolen, and as it recovers: with another key."""
    stolen = world.at(**{name: HUGE})
    fixed = needing(stolen, name, "fresh", threshold=1)
    return stolen, fixed.at(timestamp=5, snapshot=5)


def inflated_again(name: str, world: World) -> Scene:
    """The version that a thief inflated is replayed after his key was removed."""
    stolen, fixed = _recovered(world, name)
    by = fixed.by.including({name: signers(name)})
    shown = stolen.but(root=fixed.root, history=fixed.history, by=by)
    return scene(stolen, shown, honest=(stolen,), afterwards=fixed.next(2))


def behind_the_recovery(name: str, world: World) -> Scene:
    """After the recovery, versions count again: what the thief inflated is no excuse."""
    _, fixed = _recovered(world, name)
    return scene(fixed, fixed.at(**{TIMESTAMP: 6, name: 4}), afterwards=fixed.next(2))


def behind_a_part_of_the_keys(world: World) -> Scene:
    """One of three keys was added, none removed: floors stay where they were."""
    before = needing(world, TIMESTAMP, TIMESTAMP, "second", threshold=1)
    more = before.with_keys(TIMESTAMP, TIMESTAMP, "second", "third", threshold=1).next(-1)
    return scene(before, more, honest=(more,), afterwards=more.next(3))


def behind_a_threshold(world: World) -> Scene:
    """The threshold changed and no key did: floors stay where they were."""
    before = needing(world, SNAPSHOT, SNAPSHOT, "second", threshold=1)
    entry = keyset(SNAPSHOT, "second", threshold=2)
    more = before.rotated(roles=before.root.roles.including({SNAPSHOT: entry})).sealed()
    return scene(before, more.next(-1), honest=(more.next(-1),), afterwards=more.next(3))


def too_high(name: str, world: World) -> Scene:
    """A version that no later one could top."""
    return scene(world, world.next().at(**{name: 2**53}))


# -- the attacks ------------------------------------------------------------------------


def _back(
    name: str,
    role: str,
    refused: str,
    act: Act,
    holds: tuple[str, ...],
    *ids: str,
    offered: int | None = 4,
    **more: Any,
) -> Attack:
    facts = {"role": role, "trusted": 5, "offered": offered}
    return Attack(
        name=name,
        ids=ids,
        goal=ROLLBACK,
        holds=holds,
        act=act,
        refused=refused,
        expect=RollbackError,
        facts=facts,
        **{"needs_memory": UNSEEN, **more},
    )


def _old(role: str) -> Attack:
    return _back(
        f"{role} goes back a version",
        role,
        TIMESTAMP if role in (TIMESTAMP, SNAPSHOT) else SNAPSHOT,
        partial(with_an_old, role),
        ((SNAPSHOT, TIMESTAMP) if role == SNAPSHOT else (TIMESTAMP, *online(role))),
        *("CVE-2022-29173", "T-20", *(("CVE-2025-2887", "T-33") if role == TEAM else ())),
    )


def _same(role: str) -> Attack:
    return _back(
        f"{role} goes back a version, and the snapshot that lists it does not say so",
        role,
        SNAPSHOT,
        partial(of_the_same_version_with_an_old, role),
        online(role),
        *("T-20", "T-33"),
        needs_hashes="the client has a snapshot of that version, and keeps it",
    )


def _gone(role: str) -> Attack:
    return _back(
        f"{role} vanishes from the snapshot",
        role,
        SNAPSHOT,
        partial(without, role),
        online(role),
        *("CVE-2025-2887", "T-33", "T-102"),
        offered=None,
        needs_memory="",
        on_first_run=(role, MismatchError, {"role": SNAPSHOT, "what": "an entry for"}),
    )


def _root_version(name: str, got: int, act: Act, holds: tuple[str, ...]) -> Attack:
    return Attack(
        name=name,
        ids=("CVE-2025-2885", "T-31"),
        goal=ROLLBACK,
        holds=holds,
        act=act,
        refused=ROOT,
        expect=MismatchError,
        facts={"role": ROOT, "what": "version", "expected": 3, "got": got, "step": "§5.3.5"},
    )


def _inflated(role: str) -> Attack:
    return Attack(
        name=f"the version of {role} that a thief inflated is replayed after his key is gone",
        ids=("T-42", "P52"),
        goal=FAST_FORWARD,
        holds=(role,),
        act=partial(inflated_again, role),
        refused=role,
        expect=ThresholdError,
        facts={"role": role, "signed_by": frozenset()},
    )


def _too_high(role: str) -> Attack:
    refused = TIMESTAMP if role in (TIMESTAMP, SNAPSHOT) else SNAPSHOT
    return Attack(
        name=f"the version of {role} is beyond what any later one could top",
        ids=("T-42", "P10"),
        goal=FAST_FORWARD,
        holds=(role, *online(role)),
        act=partial(too_high, role),
        refused=refused,
        expect=MalformedError,
        facts={"document": f"{refused}.json"},
    )


REPLAYS = (
    *among((TIMESTAMP, SNAPSHOT, TARGETS, TEAM), _old),
    *among((TARGETS, TEAM), _same),
    *among((TARGETS, TEAM), _gone),
    _back("everything is shown as it was", TIMESTAMP, TIMESTAMP, yesterday, (), "T-20", "T-62"),
    _back(
        "a timestamp far ahead lists everything as it was",
        SNAPSHOT,
        TIMESTAMP,
        with_a_new_timestamp_and_the_old_rest,
        (TIMESTAMP,),
        *("CVE-2025-2888", "T-20", "T-34"),
    ),
    _back(
        "an earlier timestamp outlives a later one",
        TIMESTAMP,
        TIMESTAMP,
        behind_an_expired_timestamp,
        (),
        "T-55",
    ),
    _back(
        "an earlier targets is listed after the later snapshot expired",
        TARGETS,
        SNAPSHOT,
        behind_an_expired_snapshot,
        (SNAPSHOT, TIMESTAMP),
        "T-55",
    ),
    _back(
        "timestamp goes back a version after a key was added",
        TIMESTAMP,
        TIMESTAMP,
        behind_a_part_of_the_keys,
        (),
        "P52",
    ),
    _back(
        "timestamp goes back a version after the threshold of snapshot was raised",
        TIMESTAMP,
        TIMESTAMP,
        behind_a_threshold,
        (),
        "P52",
    ),
    _back(
        "timestamp goes back a version after recovery",
        TIMESTAMP,
        TIMESTAMP,
        partial(behind_the_recovery, TIMESTAMP),
        ("fresh",),
        "T-42",
    ),
    _back(
        "snapshot goes back a version after recovery",
        SNAPSHOT,
        TIMESTAMP,
        partial(behind_the_recovery, SNAPSHOT),
        ("fresh", TIMESTAMP),
        "T-42",
    ),
    _root_version("the first root is the next", 1, partial(an_old_root_as_the_next, 1), ()),
    _root_version("the trusted root is the next", 2, partial(an_old_root_as_the_next, 2), ()),
    _root_version(
        "another root of the trusted version is the next",
        2,
        partial(a_root_of_version, -1),
        (ROOT,),
    ),
    _root_version("the next root skips one", 4, partial(a_root_of_version, 1), (ROOT,)),
    _root_version("the next root skips a hundred", 103, partial(a_root_of_version, 100), (ROOT,)),
    *among((TIMESTAMP, SNAPSHOT), _inflated),
    *among((TIMESTAMP, SNAPSHOT, TARGETS, TEAM), _too_high),
    Attack(
        name="the version of root is beyond what any later one could top",
        ids=("T-42", "P10"),
        goal=FAST_FORWARD,
        holds=(ROOT,),
        act=partial(a_root_of_version, 2**53),
        refused=ROOT,
        expect=MalformedError,
        facts={"document": "root.json", "path": "$.signed.version"},
    ),
)
