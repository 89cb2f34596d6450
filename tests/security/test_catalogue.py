"""Every attack, on every kind of client: refused, nothing kept of it, and no harm done for later."""

import asyncio
import hashlib
import re
from functools import cache

import pytest
from core.worlds import NOW
from security.clients import FACES, Client

from trustlib import TUF_JSON, Found, MemoryStorage, TagBinding, TrustError
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, TOP_LEVEL
from trustlib.testing.attacks.catalogue import (
    CATALOGUE,
    FIRST,
    KEPT,
    LISTINGS,
    MEMORIES,
    MOUNTED,
    NEEDLESS,
    ON_KEPT,
)
from trustlib.testing.attacks.scenes import LIMITS, path_of

ORDER = (ROOT, TIMESTAMP, SNAPSHOT, TARGETS)
ANSWERS = (Found, TagBinding)
CLOCK = ".trustlib/clock"
NUMBERED = re.compile(r"\.trustlib/\d+\.root\.json")


@pytest.fixture(scope="module")
def run():
    """Carries coroutines out, all in one loop."""
    with asyncio.Runner() as runner:
        yield runner.run


def named(combination):
    return f"{combination.attack.name}, {combination.memory}, {combination.listing}"


@cache
def remembered(scene):
    """The store of a client that asked what was seen, while the repository was honest."""
    client = Client(scene, FACES[0], asyncio.run, MemoryStorage())
    client.asks(scene.seen, scene.files_before, NOW)
    return client.storage.files


def attacked(combination, face, run):
    """A client as it is when the attack begins."""
    scene = combination.scene
    if combination.memory == FIRST:
        return Client(scene, face, run, MemoryStorage())
    if combination.memory == KEPT:
        client = Client(scene, face, run, MemoryStorage())
        client.asks(scene.seen, scene.files_before, NOW)
        return client
    return Client(scene, face, run, MemoryStorage(remembered(scene)))


def accepted_in(scene, refused):
    """The roles that are accepted before the file of *refused* is not."""
    if refused in ORDER:
        return ORDER[: ORDER.index(refused)]
    return (*ORDER, *scene.visited) if refused is None or refused not in TOP_LEVEL else ()


def roots_of(scene, start):
    """The numbered roots that a client holds after it walked those that it is shown."""
    known = {name.removeprefix(".trustlib/"): raw for name, raw in start.items() if is_root(name)}
    roots = {"1.root.json": scene.files_before["1.root.json"], **known}
    last = min(scene.root, len(roots) + LIMITS.root_rotations)
    while len(roots) < last and (following := f"{len(roots) + 1}.root.json") in scene.files:
        roots[following] = scene.files[following]
    return roots


def expected_files(scene, refused, start):
    """What the store holds after the attack, but for our own records: file by file."""
    roots = roots_of(scene, start)
    files = {name: raw for name, raw in start.items() if not name.startswith(".trustlib/")}
    files |= {f".trustlib/{name}": raw for name, raw in roots.items() if name != "1.root.json"}
    if start or refused != ROOT or len(roots) > 1:
        files["root.json"] = roots[f"{len(roots)}.root.json"]
    for name in accepted_in(scene, refused)[1:]:
        files[TUF_JSON.stored(name)] = scene.files[path_of(scene.shown, name)]
    return files


def is_root(name):
    return NUMBERED.fullmatch(name) is not None


def is_file(name):
    return not name.startswith(".trustlib/") or is_root(name)


def traces(raw, store):
    """Files of *store* that hold *raw*, and records of ours that know its hash."""
    digest = hashlib.sha256(raw).hexdigest().encode()
    return [
        name
        for name, data in store.items()
        if raw == data or (not is_file(name) and digest in data)
    ]


def mounted(combination, face, run):
    """The client after the attack, what its store held before, and what it answered."""
    client = attacked(combination, face, run)
    start = client.storage.files
    scene = combination.scene
    try:
        return client, start, client.asks(scene.asked, scene.files, scene.now)
    except TrustError as error:
        return client, start, error


def believes_the_honest_again(client, face):
    honest = client.scene.files_afterwards
    client.asks(client.scene.then, honest, client.scene.later)
    store = client.storage.files
    assert honest["timestamp.json"] == store["timestamp.json"], face.name
    assert {store[TUF_JSON.stored(name)] for name in ORDER} <= {*honest.values()}, face.name


def is_refused_and_leaves_nothing(combination, face, run):
    """The client afterwards; whatever is not as it should be has failed the test."""
    scene, outcome = combination.scene, combination.outcome
    client, start, answer = mounted(combination, face, run)
    store = client.storage.files
    # It is noticed, as documented.
    assert type(answer) in ((outcome.expect,) if outcome.expect else ANSWERS), (face.name, answer)
    assert dict(outcome.facts) == {name: getattr(answer, name) for name in outcome.facts}
    # What was accepted is stored, and nothing of what was refused or comes after it.
    files = expected_files(scene, outcome.refused, start)
    assert files == {name: data for name, data in store.items() if is_file(name)}, face.name
    served = {raw for raw in scene.files.values() if isinstance(raw, bytes)}
    kept = {*files.values(), *start.values(), scene.files_before["1.root.json"]}
    assert [] == [raw for raw in served - kept if traces(raw, store)], face.name
    if outcome.refused in ORDER:
        assert start.get(CLOCK) == store.get(CLOCK), face.name
    return client


def comes_to_nothing(combination, faces, run):
    """Through each of the faces, the first of which is asked for the honest repository again."""
    clients = [is_refused_and_leaves_nothing(combination, face, run) for face in faces]

    # Stores are the same to the byte, so what follows need not be seen through every face.
    assert 1 == len({client.storage.files for client in clients})
    believes_the_honest_again(clients[0], faces[0])


def two_faces(combination):
    """The first face, and each of the others in turn: they all see the attack in the end."""
    turn = 2 * MEMORIES.index(combination.memory) + [*LISTINGS].index(combination.listing)
    turn += CATALOGUE.index(combination.attack)
    return FACES[0], FACES[1 + turn % (len(FACES) - 1)]


@pytest.mark.parametrize("combination", MOUNTED, ids=named)
def test_an_attack_is_refused_and_leaves_nothing_behind(combination, run):
    """Whatever is remembered, whatever is listed, whichever face the library is used through."""
    comes_to_nothing(combination, two_faces(combination), run)


def test_every_attack_is_seen_through_every_face_or_as_many_as_there_are_combinations():
    seen = {}
    for each in MOUNTED:
        seen.setdefault(each.attack.name, []).append(two_faces(each)[1])

    assert {len(FACES) - 1} == {len({*faces}) for faces in seen.values() if len(faces) == 4}
    assert {1, 2} >= {len({*faces}) for faces in seen.values() if len(faces) < 4}
    assert len(FACES) - 1 == len({face for faces in seen.values() for face in faces})


@pytest.mark.slow
def test_every_combination_comes_to_nothing_through_every_face(run):
    for combination in MOUNTED:
        comes_to_nothing(combination, FACES, run)


@pytest.mark.parametrize("combination", ON_KEPT, ids=named)
@pytest.mark.slow
def test_an_updater_that_is_kept_running_refuses_it_as_well(combination, run):
    client = is_refused_and_leaves_nothing(combination, FACES[-1], run)

    believes_the_honest_again(client, FACES[-1])


@pytest.mark.parametrize("combination", NEEDLESS, ids=named)
def test_where_nothing_is_expected_there_is_nothing_to_notice(combination, run):
    """A combination that is left out is not one in which we would rather not look."""
    for face in FACES:
        _, _, answer = mounted(combination, face, run)
        assert type(answer) in ANSWERS, (face.name, answer)
