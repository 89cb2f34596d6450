"""The catalogue is honest: nobody signs with a key that he does not have, and nothing gets lost."""

import json
from collections import Counter

import pytest
from core.worlds import signer
from security.clients import FACES

import trustlib
from trustlib import TUF_JSON, TrustError
from trustlib._canonical import canonical
from trustlib._types import TOP_LEVEL
from trustlib.testing.attacks.catalogue import (
    CATALOGUE,
    LISTINGS,
    MEMORIES,
    MOUNTED,
    NEEDLESS,
    ON_KEPT,
    scene_of,
)
from trustlib.testing.attacks.delegations import HOSTILE
from trustlib.testing.attacks.scenes import LIMITS, ROLES, STRANGER

PEOPLE = {
    signer(name).key.id: name
    for name in (
        *ROLES, *HOSTILE, "deputy", "fresh", "second", "third", "shared", "rival", "bins",
        "a", "b", "c", "d", "r", "ka", "kb", *(f"r{n}" for n in range(LIMITS.delegations)),
    )
}  # fmt: skip


def payload_in(raw):
    """What the signatures of a file cover, and the signatures; nothing where it is no file."""
    try:
        envelope = json.loads(raw)
        return canonical(envelope["signed"]), envelope["signatures"] or []
    except (ValueError, TypeError, KeyError, RecursionError):
        return None, []


def published_by(world):
    roots = {payload_in(raw)[0] for raw in world.history.values()}
    names = (*TOP_LEVEL, *world.delegated)
    return roots | {TUF_JSON.payload(world.role(name)) for name in names}


def forgers_in(scene):
    """Whose keys signed something that the honest repository never said."""
    before = scene.before
    honest = (before, before.next(), before.rotated(), scene.afterwards, *scene.honest)
    said = set().union(*map(published_by, honest))
    found = set()
    for raw in scene.files.values():
        payload, signatures = payload_in(raw) if isinstance(raw, bytes) else (None, [])
        if payload is None or payload in said:
            continue
        for one in signatures:
            name = PEOPLE.get(one["keyid"])
            if name and signer(name).key.verifies(bytes.fromhex(one["sig"]), payload):
                found.add(name)
    return found


@pytest.mark.parametrize("attack", CATALOGUE, ids=lambda attack: attack.name)
def test_nobody_signs_with_a_key_that_he_does_not_have(attack):
    assert set() == forgers_in(scene_of(attack, "versions only")) - {*attack.holds}


def test_every_attack_says_what_it_is_and_what_must_come_of_it():
    for attack in CATALOGUE:
        assert attack.ids, attack.name
        assert attack.facts, attack.name
        assert STRANGER not in attack.holds, attack.name  # his own key is nobody's secret
        if attack.expect is not None:
            assert issubclass(attack.expect, TrustError), attack.name
            assert attack.expect is getattr(trustlib, attack.expect.__name__), attack.name


def test_every_attack_has_a_name_of_its_own():
    assert [] == [name for name, n in Counter(a.name for a in CATALOGUE).items() if n > 1]


def test_no_combination_gets_lost():
    """Whoever adds an attack, or leaves a combination out, says so here."""
    assert {
        "arbitrary software": 120,
        "endless data": 16,
        "fast-forward": 7,
        "indefinite freeze": 28,
        "key compromise": 98,
        "malicious mirrors": 16,
        "mix-and-match": 25,
        "rollback": 22,
        "wrong software": 33,
    } == Counter(attack.goal for attack in CATALOGUE)
    assert {
        "whoever never saw the later version cannot miss it": 28,
        "whoever never saw the root that removed a key believes the key": 6,
        "whoever never looked at a clock cannot see it go back": 4,
        "the client has a snapshot of that version, and keeps it": 2,
        "a version is all that is known of the file, and both have it:"
        " docs/decisions/0003, what is still open": 6,
        "nothing is listed that the file could differ from": 24,
    } == Counter(each.needless for each in NEEDLESS)
    assert (4, 2, 2) == (len(FACES), len(MEMORIES), len(LISTINGS))
    assert len(CATALOGUE) * len(MEMORIES) * len(LISTINGS) == len(MOUNTED) + len(NEEDLESS)
    assert len(CATALOGUE) == len(ON_KEPT)
