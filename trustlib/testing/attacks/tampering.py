"""Attacks on files that are on their way: something is changed, or added."""

from functools import partial

import attrs

from trustlib import MalformedError, MismatchError, TooLongError
from trustlib._types import ROOT, TARGETS, TIMESTAMP
from trustlib.testing.attacks.scenes import (
    ARBITRARY,
    ENDLESS,
    ROLES,
    TEAM,
    Attack,
    Scene,
    envelope,
    following,
    replacing,
    value_of,
    whoever_signs,
)
from trustlib.testing.attacks.signatures import few
from trustlib.testing.worlds import World


def changed(name: str, member: str, text: object, world: World) -> Scene:
    """One member under the signatures is another one."""
    shown = following(world, name)
    value = value_of(shown, name)
    return replacing(
        world, name, envelope({**value, member: text}, *whoever_signs(shown, name, value))
    )


def with_a_second_entry(world: World) -> Scene:
    """A timestamp in which somebody wrote one more file."""
    shown = following(world, TIMESTAMP)
    value = value_of(shown, TIMESTAMP)
    meta = {**value["meta"], "targets.json": {"version": 99}}
    signatures = whoever_signs(shown, TIMESTAMP, value)
    return replacing(world, TIMESTAMP, envelope({**value, "meta": meta}, *signatures))


def with_members_that_nobody_signed(world: World) -> Scene:
    """Beside ``signed`` and in the signature: another ``signed``, another version, other keys."""
    shown = following(world, TIMESTAMP)
    value = value_of(shown, TIMESTAMP)
    (signature,) = whoever_signs(shown, TIMESTAMP, value)
    forged = {**value, "version": 99}
    raw = envelope(value, {**signature, "signed": forged}, Signed=forged, meta={}, version=99)
    return replacing(world, TIMESTAMP, raw, visited=(TEAM,))


def with_a_flood_of_signatures(world: World) -> Scene:
    """As many bogus ones as fit: each says that it is somebody's."""
    shown = following(world, TIMESTAMP)
    value = value_of(shown, TIMESTAMP)
    bogus = [{"keyid": f"{n:x}", "sig": "ab" * 32} for n in range(170)]
    raw = envelope(value, *bogus, *whoever_signs(shown, TIMESTAMP, value))
    return replacing(world, TIMESTAMP, raw, visited=(TEAM,))


def with_more_signatures_than_anybody_has(world: World) -> Scene:
    """A root with a list of signatures that has no end, for a reader."""
    shown = following(world, ROOT)
    value = value_of(shown, ROOT)
    bogus = [{"keyid": f"{n:x}", "sig": ""} for n in range(4096)]
    raw = envelope(value, *whoever_signs(shown, ROOT, value), *bogus)
    return replacing(world, ROOT, raw)


# -- the attacks ------------------------------------------------------------------------


def _changed(role: str, member: str, text: object) -> Attack:
    attack = few(
        f"the {member} of {role} is another one than was signed",
        role,
        ("P19", "T-90"),
        partial(changed, role, member, text),
    )
    size = {"expires": "sha256", "spec_version": "length"}.get(member)
    noticed = (
        (MismatchError, {"role": role, "what": size})
        if size
        else (TooLongError, {"path": f"6.{role}.json"})  # the length that is listed is a limit
    )
    described = None if role in (ROOT, TIMESTAMP) else noticed
    return attrs.evolve(attack, holds=(), where_described=described)


TAMPERING = (
    *(_changed(role, "expires", "2039-01-01T00:00:00Z") for role in ROLES),
    _changed(TIMESTAMP, "spec_version", "1.0"),
    _changed(TARGETS, "spec_version", "1.0"),
    *(_changed(role, "x-made-up", None) for role in ROLES),
    Attack(
        name="somebody adds an entry to the timestamp",
        ids=("P20",),
        goal=ARBITRARY,
        holds=(),
        act=with_a_second_entry,
        refused=TIMESTAMP,
        expect=MalformedError,
        facts={"document": "timestamp.json", "path": "$.signed.meta"},
    ),
    Attack(
        name="somebody adds members around what was signed",
        ids=("T-45",),
        goal=ARBITRARY,
        holds=(),
        act=with_members_that_nobody_signed,
        refused=None,
        expect=None,
        facts={"via": ("targets", "team")},
    ),
    Attack(
        name="somebody adds as many signatures as fit",
        ids=("CVE-2020-6173", "CVE-2024-45395", "T-01", "P59"),
        goal=ENDLESS,
        holds=(),
        act=with_a_flood_of_signatures,
        refused=None,
        expect=None,
        facts={"via": ("targets", "team")},
    ),
    Attack(
        name="somebody adds more signatures than anybody has",
        ids=("CVE-2020-6173", "T-01"),
        goal=ENDLESS,
        holds=(),
        act=with_more_signatures_than_anybody_has,
        refused=ROOT,
        expect=MalformedError,
        facts={"document": "root.json", "path": "$.signatures"},
        beyond="it only costs time, and a limit on bytes limits that",
    ),
)
