"""Attacks on who may sign: too few keys, the wrong keys, one key that poses as two."""

from functools import partial
from typing import Any

import attrs

from trustlib import Key, MalformedError, ThresholdError
from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL, KeyId
from trustlib.testing.attacks.scenes import (
    ARBITRARY,
    COMPROMISE,
    ROLES,
    STRANGER,
    TEAM,
    Act,
    Attack,
    Scene,
    among,
    by,
    envelope,
    first_grant,
    following,
    needing,
    online,
    renamed_keys,
    scene,
    showing,
    value_of,
)
from trustlib.testing.worlds import World, grants, keyids, keyset, signer

DEPUTY = "deputy"
NOBODY: frozenset[KeyId] = frozenset()
ALIAS = KeyId("0" * 64)

# A point of small order, and the "signature" that it accepts for every message.
SMALL_ORDER = Key(
    keytype="ed25519",
    scheme="ed25519",
    keyval=FrozenMap({"public": "01" + "00" * 31}),
)
ITS_SIGNATURE = "01" + "00" * 31 + "00" * 32


def toofew(role: str, signed_by: frozenset[KeyId], threshold: int = 1) -> dict[str, object]:
    """Return what the error says when too few keys have signed *role*."""
    return {"role": role, "signed_by": signed_by, "threshold": threshold}


def shown_as(before: World, name: str, *people: str, **changes: object) -> Scene:
    """The next file of *name* is signed by *people*, and described by whoever describes it."""
    shown = following(before, name, **changes).signed_by(name, *people).sealed()
    return scene(before, shown, root=before.root.version)


def two_of_two(world: World, name: str) -> World:
    """Return the repository where two keys must sign the role *name*."""
    return needing(world, name, name, DEPUTY, threshold=2)


# -- nobody, or somebody else -----------------------------------------------------------


def by_a_stranger(name: str, world: World) -> Scene:
    """Somebody signs whose key is listed nowhere."""
    return shown_as(world, name, STRANGER)


def by_nobody(name: str, world: World) -> Scene:
    """The list of signatures is empty."""
    return shown_as(world, name)


def by_another_role(name: str, other: str, world: World) -> Scene:
    """Somebody signs whose key is listed for another role."""
    return shown_as(world, name, other)


def in_anothers_name(name: str, world: World) -> Scene:
    """Mallory signs, and writes the id of the right key beside it."""
    shown = following(world, name)
    value = value_of(shown, name)
    raw = envelope(value, by(STRANGER, value, signer(name).key.id))
    return showing(world, shown, name, raw)


def with_a_listed_key(name: str, world: World) -> Scene:
    """The file brings a key along, among the signatures and at the top."""
    shown, key = following(world, name), signer(STRANGER).key
    value = value_of(shown, name)
    listed = {"keytype": key.keytype, "scheme": key.scheme, "keyval": dict(key.keyval)}
    raw = envelope(value, by(STRANGER, value, key=listed), keys={key.id: listed})
    return showing(world, shown, name, raw)


def by_a_method_of_ones_own(name: str, world: World) -> Scene:
    """The signature says how it wants to be verified."""
    shown = following(world, name)
    raw = envelope(
        value_of(shown, name),
        {"keyid": signer(name).key.id, "sig": "", "method": "none", "scheme": "none"},
    )
    return showing(world, shown, name, raw)


# -- too few ----------------------------------------------------------------------------


def below_threshold(name: str, world: World) -> Scene:
    """One signs where two must."""
    return shown_as(two_of_two(world, name), name, name)


def with_a_stranger(name: str, world: World) -> Scene:
    """One signs where two must, and somebody else."""
    return shown_as(two_of_two(world, name), name, name, STRANGER)


def signed_twice(name: str, world: World) -> Scene:
    """One signs where two must, and is listed twice."""
    before = two_of_two(world, name)
    shown = following(before, name)
    value = value_of(shown, name)
    raw = envelope(value, by(name, value), by(name, value))
    return showing(before, shown, name, raw)


def signed_under_two_spellings(name: str, world: World) -> Scene:
    """The id of the key in upper case is the name of no key."""
    before = two_of_two(world, name)
    shown = following(before, name)
    value = value_of(shown, name)
    raw = envelope(value, by(name, value), by(name, value, signer(name).key.id.upper()))
    return showing(before, shown, name, raw)


def listed_twice(name: str, spelled: Key, world: World) -> Scene:
    """The publisher listed one key under two ids: whoever has it signs under both."""
    listed = {signer(name).key.id: signer(name).key, ALIAS: spelled}
    listed |= {signer(DEPUTY).key.id: signer(DEPUTY).key}
    if name in TOP_LEVEL:
        before = renamed_keys(world, name, listed, 2).signed_by(name, name, DEPUTY).sealed()
    else:
        before = needing(world, name, name, DEPUTY, threshold=2)
        given = attrs.evolve(first_grant(before), keyids=tuple(listed))
        delegations = attrs.evolve(grants(given), keys=FrozenMap(listed))
        before = before.edited(TARGETS, delegations=delegations).sealed()
    shown = following(before, name)
    value = value_of(shown, name)
    raw = envelope(value, by(name, value), by(name, value, ALIAS))
    return showing(before, shown, name, raw)


def in_capitals(key: Key) -> Key:
    """The same key, spelled otherwise."""
    return attrs.evolve(key, keyval=FrozenMap({"public": str(key.keyval["public"]).upper()}))


def with_a_key_that_accepts_everything(name: str, world: World) -> Scene:
    """The publisher listed a point of small order: anybody can "sign" with it."""
    people = {signer(name).key.id: signer(name).key, ALIAS: SMALL_ORDER}
    before = renamed_keys(world, name, people, 1).sealed()
    shown = following(before, name)
    raw = envelope(value_of(shown, name), {"keyid": ALIAS, "sig": ITS_SIGNATURE})
    return showing(before, shown, name, raw)


# -- keys that were good once -----------------------------------------------------------


def by_a_key_of_yesterday(name: str, world: World) -> Scene:
    """Somebody signs whose key the last root removed."""
    return shown_as(needing(world, name, "fresh", threshold=1), name, name)


def with_the_new_root_withheld(name: str, world: World) -> Scene:
    """The client has seen the root that removed the key, and is shown none after the one before."""
    before = needing(world, name, "fresh", threshold=1)
    return scene(before, following(world, name), root=before.root.version)


def a_root_of_ones_own(people: tuple[str, ...], world: World) -> Scene:
    """The next root lets a stranger sign; *people* sign it."""
    shown = world.with_keys(ROOT, STRANGER).signed_by(ROOT, *people).sealed()
    return scene(world, shown, root=world.root.version)


def a_root_that_lowers_the_threshold(world: World) -> Scene:
    """One of two signs a root where one is enough."""
    before = two_of_two(world, ROOT)
    lowered = before.root.roles.including({ROOT: keyset(ROOT)})
    return shown_as(before, ROOT, ROOT, roles=lowered)


def a_delegation_by_those_it_is_about(world: World) -> Scene:
    """Whoever signs for team writes a targets role that gives team everything."""
    given = attrs.evolve(first_grant(world), terminating=True)
    return shown_as(world, TARGETS, TEAM, delegations=grants(given))


# -- the attacks ------------------------------------------------------------------------


def few(
    name: str,
    role: str,
    ids: tuple[str, ...],
    act: Act,
    signed_by: frozenset[KeyId] = NOBODY,
    *,
    threshold: int = 1,
    holds: tuple[str, ...] = (),
    goal: str = ARBITRARY,
    **more: Any,
) -> Attack:
    """Return the attack that ends because too few keys have signed *role*."""
    return Attack(
        name=name,
        ids=ids,
        goal=goal,
        holds=(*holds, *online(role)),
        act=act,
        refused=role,
        expect=ThresholdError,
        facts=toofew(role, signed_by, threshold),
        **more,
    )


def _one(role: str) -> frozenset[KeyId]:
    return frozenset(keyids(role))


def _half(name: str, role: str, ids: tuple[str, ...], act: Act) -> Attack:
    """One key of two."""
    half, holds = _one(role), (role,)
    return few(name, role, ids, act, half, threshold=2, holds=holds, goal=COMPROMISE)


def _every_role(role: str) -> tuple[Attack, ...]:
    return (
        few(f"a stranger signs {role}", role, ("T-95",), partial(by_a_stranger, role)),
        few(f"nobody signs {role}", role, ("T-59",), partial(by_nobody, role)),
        few(
            f"a stranger signs {role} under the id of its key",
            role,
            ("T-95",),
            partial(in_anothers_name, role),
        ),
        few(
            f"{role} brings the key along that signed it",
            role,
            ("T-45", "T-59"),
            partial(with_a_listed_key, role),
        ),
        few(
            f"the signature of {role} says that it needs no verification",
            role,
            ("CVE-2015-9258", "T-40"),
            partial(by_a_method_of_ones_own, role),
        ),
        _half(
            f"one of two keys signs {role}",
            role,
            ("T-95",),
            partial(below_threshold, role),
        ),
        _half(
            f"one of two keys and a stranger sign {role}",
            role,
            ("T-95",),
            partial(with_a_stranger, role),
        ),
        Attack(
            name=f"one of two keys signs {role} twice",
            ids=("CVE-2020-6174", "CVE-2020-15093", "CVE-2026-6966", "T-02"),
            goal=COMPROMISE,
            holds=(role, *online(role)),
            act=partial(signed_twice, role),
            refused=role,
            expect=MalformedError,
            facts={"document": f"{role}.json", "path": "$.signatures[1].keyid"},
        ),
        _half(
            f"one of two keys signs {role} under its id in two spellings",
            role,
            ("T-02",),
            partial(signed_under_two_spellings, role),
        ),
        _half(
            f"one key signs {role} under two ids",
            role,
            ("GHSA-3633-5h82-39pq", "CVE-2026-49834", "T-21", "P01"),
            partial(listed_twice, role, signer(role).key),
        ),
        _half(
            f"one key in two spellings signs {role} under two ids",
            role,
            ("T-21", "P01"),
            partial(listed_twice, role, in_capitals(signer(role).key)),
        ),
        few(
            f"a removed key signs {role}",
            role,
            ("T-95",),
            partial(by_a_key_of_yesterday, role),
            threshold=1,
            holds=(role,),
            goal=COMPROMISE,
        ),
    )


def _another_role(role: str) -> tuple[Attack, ...]:
    others = (other for other in TOP_LEVEL if other != role)
    return among(
        others,
        lambda other: few(
            f"the key of {other} signs {role}",
            role,
            ("T-95", "T-98"),
            partial(by_another_role, role, other),
            holds=(other,),
            goal=COMPROMISE,
        ),
    )


def _small_order(role: str) -> Attack:
    return few(
        f"{role} lists a key under which everything is signed",
        role,
        ("T-27", "T-59"),
        partial(with_a_key_that_accepts_everything, role),
        beyond="the publisher listed that key himself",
    )


def _hidden(role: str) -> Attack:
    return few(
        f"a removed key of {role} signs, and the root that removed it is withheld",
        role,
        ("T-95", "T-97"),
        partial(with_the_new_root_withheld, role),
        holds=(role,),
        goal=COMPROMISE,
        needs_memory="whoever never saw the root that removed a key believes the key",
    )


def _root(
    name: str, ids: tuple[str, ...], people: tuple[str, ...], signed_by: frozenset[KeyId]
) -> Attack:
    holds = tuple(one for one in people if one != STRANGER)
    act = partial(a_root_of_ones_own, people)
    goal = COMPROMISE if holds else ARBITRARY
    return few(name, ROOT, ids, act, signed_by, holds=holds, goal=goal)


SIGNATURES = (
    *(attack for role in ROLES for attack in _every_role(role)),
    *(attack for role in ROLES for attack in _another_role(role)),
    *among((TIMESTAMP, SNAPSHOT, TARGETS), _small_order),
    *among((TIMESTAMP, SNAPSHOT, TARGETS), _hidden),
    _root(
        "the next root is signed by the old keys only",
        ("CVE-2020-15163", "T-03", "P93"),
        (ROOT,),
        NOBODY,
    ),
    _root(
        "the next root is signed by its own keys only",
        ("CVE-2020-15163", "T-03", "P93"),
        (STRANGER,),
        NOBODY,
    ),
    few(
        "one of two keys of root lowers the threshold of root",
        ROOT,
        ("T-95",),
        a_root_that_lowers_the_threshold,
        _one(ROOT),
        threshold=2,
        holds=(ROOT,),
        goal=COMPROMISE,
    ),
    few(
        "a delegated role widens its own delegation",
        TARGETS,
        ("T-95",),
        a_delegation_by_those_it_is_about,
        holds=(TEAM,),
        goal=COMPROMISE,
    ),
)
