"""Attacks that keep a client where it is: what has expired, and a clock that is set back."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from trustlib import (
    ClockError,
    ExpiredError,
    ThresholdError,
)
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from trustlib.testing.attacks.scenes import (
    FREEZE,
    ROLES,
    TEAM,
    Act,
    Attack,
    Scene,
    following,
    needing,
    online,
    scene,
)
from trustlib.testing.worlds import DAY, LATER, NOW, SECOND, World


def a_root_in_the_middle_withheld(world: World) -> Scene:
    """The root after the next is there; the next one, which leads to it, is not."""
    after = needing(world.rotated(), TIMESTAMP, "fresh", threshold=1).next()
    return scene(world, after, instead={"2.root.json": None}, root=1, afterwards=after.next(3))


def with_the_clock_set_back(world: World) -> Scene:
    """Metadata that has expired looks fresh to a clock that is behind."""
    return scene(world, world, now=world.now - DAY)


def with_the_clock_set_back_and_yesterday(world: World) -> Scene:
    """What was fresh then is shown again."""
    shown = world.next(-1)
    return scene(world, shown, honest=(shown,), now=world.now - DAY)


def frozen_until(name: str, beyond: timedelta, world: World) -> Scene:
    """*name* expires, and the client is shown what it has seen already."""
    soon = world.now + DAY
    when = {"now": soon + beyond, "later": soon + beyond}
    if name == ROOT:
        before = world.rotated(expires=soon)
        return scene(before, before, afterwards=before.rotated(expires=world.later).next(), **when)
    before = world.edited(name, expires=soon).sealed()
    return scene(before, before, afterwards=before.edited(name, expires=world.later).next(), **when)


def frozen_altogether(world: World) -> Scene:
    """Nobody signs anything any more, or somebody withholds it all."""
    fresh = world
    for name in (TIMESTAMP, SNAPSHOT, TARGETS, TEAM):
        fresh = fresh.edited(name, expires=world.later + DAY)
    fresh = fresh.rotated(expires=world.later + DAY).next()
    return scene(world, world, afterwards=fresh, now=world.later, later=world.later)


def published_expired(name: str, world: World) -> Scene:
    """The next version is expired on arrival."""
    shown = following(world, name, expires=world.now)
    if name == ROOT:
        return scene(world, shown, afterwards=shown.rotated(expires=world.later).next(4))
    return scene(world, shown)


# -- the attacks ------------------------------------------------------------------------


def _clock(name: str, act: Act, beyond: str = "") -> Attack:
    return Attack(
        name=name,
        ids=("T-100", "P56"),
        goal=FREEZE,
        holds=(),
        act=act,
        refused=ROOT,
        expect=ClockError,
        facts={"now": NOW - DAY, "floor": NOW, "reset": ".trustlib/clock"},
        needs_memory="whoever never looked at a clock cannot see it go back",
        beyond=beyond,
    )


def _expired(
    name: str, role: str, act: Act, now: datetime, expired: datetime, **more: Any
) -> Attack:
    return Attack(
        name=name,
        goal=FREEZE,
        act=act,
        refused=TIMESTAMP if role == ROOT else role,
        expect=ExpiredError,
        facts={"role": role, "now": now, "expired": expired},
        **{"ids": ("CVE-2015-9259", "T-91", *(("T-41",) if role == ROOT else ())), **more},
    )


def _frozen(role: str) -> tuple[Attack, ...]:
    return (
        _expired(
            f"{role} is shown until the second it expires",
            role,
            partial(frozen_until, role, 0 * SECOND),
            NOW + DAY,
            NOW + DAY,
            holds=(),
            ids=("T-91", "T-100"),
        ),
        _expired(
            f"{role} is shown for a week after it expired",
            role,
            partial(frozen_until, role, 7 * DAY),
            NOW + 8 * DAY,
            NOW + DAY,
            holds=(),
        ),
        _expired(
            f"{role} is expired on arrival",
            role,
            partial(published_expired, role),
            NOW,
            NOW,
            holds=(role, *online(role)),
            **({"ids": ("CVE-2026-6967", "T-35")} if role == TEAM else {}),
        ),
    )


FREEZING = (
    Attack(
        name="the next root is withheld, and the one after it shown",
        ids=("T-97",),
        goal=FREEZE,
        holds=(),
        act=a_root_in_the_middle_withheld,
        refused=TIMESTAMP,
        expect=ThresholdError,
        facts={"role": TIMESTAMP, "signed_by": frozenset()},
    ),
    _clock("the clock is set back", with_the_clock_set_back, beyond="it believes the clock"),
    _clock("the clock is set back to yesterday's files", with_the_clock_set_back_and_yesterday),
    *(attack for role in ROLES for attack in _frozen(role)),
    _expired("everything has expired", ROOT, frozen_altogether, LATER, LATER, holds=()),
)
