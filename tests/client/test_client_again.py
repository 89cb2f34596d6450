"""The same question again is answered from memory, and from nothing that no longer holds."""

from datetime import timedelta

import pytest
from client.servers import FACES, AtOnce, client, world_of
from core.worlds import DAY, MINUTE, NOW, SECOND, World, grant, targets_role

from trustlib import (
    TIMESTAMP,
    Digest,
    ExpiredError,
    Freshness,
    FromRepository,
    ImageReference,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    PerOrganisation,
    TransportError,
)
from trustlib.events import Refreshed, Refused
from trustlib.updater.answered import Answered

FACE = pytest.mark.parametrize(("face", "at_once"), FACES, ids=["sync", "async"])
IMAGE = "acme/x:1"
OTHER = f"sha256:{'0' * 64}"


class Clock:
    """Says what it is told to say, and counts how often it is asked."""

    def __init__(self, now=NOW):
        self.now, self.asked = now, 0

    def __call__(self):
        self.asked += 1
        return self.now


@FACE
def test_the_same_question_gets_the_same_binding_and_is_told_to_nobody(face, at_once):
    world, clock, told = world_of(IMAGE), Clock(), []
    server = at_once(world.files())
    updater = client(world, server, face=face, clock=clock, on_event=told.append)
    first = updater.resolve(IMAGE)
    flights, looked = len(server.flights), clock.asked
    told.clear()
    clock.now += MINUTE

    again = updater.resolve(IMAGE)

    assert again is first
    assert (flights, []) == (len(server.flights), told)
    assert looked + 1 == clock.asked
    assert str(first.explain()) == str(again.explain())


@FACE
@pytest.mark.parametrize("later", [timedelta(0), MINUTE, 5 * MINUTE - SECOND])
def test_an_answer_is_said_again_while_it_is_young_enough(face, at_once, later):
    world, clock = world_of(IMAGE), Clock()
    server = at_once(world.files())
    updater = client(world, server, face=face, clock=clock)
    updater.resolve(IMAGE)
    server.files = None
    clock.now += later

    assert FromRepository(NOW) == updater.resolve(IMAGE).source


@FACE
@pytest.mark.parametrize("moved", [5 * MINUTE, DAY, -SECOND], ids=["old", "very old", "set back"])
def test_an_answer_that_is_too_old_or_not_yet_given_is_looked_up(face, at_once, moved):
    """A clock that is set back says nothing of how old the answer is."""
    world, clock = world_of(IMAGE), Clock()
    server = at_once(world.files())
    updater = client(world, server, face=face, clock=clock)
    updater.resolve(IMAGE)
    clock.now += moved

    assert FromRepository(clock.now) == updater.resolve(IMAGE).source
    server.files, clock.now = None, clock.now + 6 * MINUTE
    with pytest.raises(TransportError):
        updater.resolve(IMAGE)


def test_however_long_answers_may_be_given_none_is_given_that_has_expired():
    world = world_of(IMAGE).edited(TIMESTAMP, expires=NOW + DAY)
    clock, server = Clock(), AtOnce(world.files())
    for_ever = Freshness(max_age=timedelta.max)
    updater = client(world, server, clock=clock, policy=for_ever)
    updater.resolve(IMAGE)
    clock.now += DAY - SECOND
    assert FromRepository(NOW) == updater.resolve(IMAGE).source
    clock.now += SECOND

    with pytest.raises(ExpiredError, match="timestamp"):
        updater.resolve(IMAGE)


def test_what_a_delegated_role_said_is_not_said_again_once_that_role_expired():
    """Its own expiry counts, which no top-level role knows of."""
    short = targets_role(IMAGE, expires=NOW + MINUTE)
    world = World.create().delegating(grant("x", "acme/x:*"), x=short).next()
    clock = Clock()
    server = AtOnce(world.files())
    updater = client(world, server, clock=clock)
    first = updater.resolve(IMAGE)
    clock.now += MINUTE
    with pytest.raises(ExpiredError, match="x: expired"):
        updater.resolve(IMAGE)
    server.files |= world.edited("x", expires=NOW + DAY).next().files()
    clock.now += SECOND

    fresh = updater.resolve(IMAGE)

    assert NOW + DAY == fresh.valid_until
    assert fresh is not first
    server.files = None
    assert updater.resolve(IMAGE) is fresh  # remembered under the update that found it


def test_questions_that_are_asked_together_are_answered_under_one_update():
    """A role that expired calls for an update; one is enough, and nobody is asked what was before."""
    short, tags = (
        targets_role("acme/x:1", "acme/x:2", expires=NOW + MINUTE),
        ("acme/x:1", "acme/x:2"),
    )
    world = World.create().delegating(
        grant("y", "acme/y:*"), grant("x", "acme/x:*"), x=short, y=targets_role("acme/y:1")
    )
    world, clock, told = world.next(), Clock(), []
    server = AtOnce(world.files())
    updater = client(world, server, clock=clock, on_event=told.append)
    questions = ("acme/y:1", *tags)
    updater.resolve_all(questions)
    moved = targets_role("acme/y:1", "acme/y:2").targets
    server.files |= world.edited("x", expires=NOW + DAY).edited("y", targets=moved).next().files()
    clock.now += MINUTE
    told.clear()

    answers = updater.resolve_all(questions)

    assert {FromRepository(clock.now)} == {each.source for each in answers}
    assert 1 == sum(isinstance(each, Refreshed) for each in told)


def test_an_update_forgets_what_the_one_before_it_answered():
    world, clock = world_of(IMAGE), Clock()
    server = AtOnce(world.files())
    updater = client(world, server, clock=clock)
    before = updater.resolve(IMAGE)
    server.files = world.edited("x", targets=targets_role("acme/x:2").targets).next().files()
    assert updater.resolve(IMAGE) is before
    updater.refresh()

    with pytest.raises(NotFoundError):
        updater.resolve(IMAGE)
    assert "acme/x:2" == updater.resolve("acme/x:2").reference.familiar


def test_each_spelling_of_a_question_is_answered_as_it_was_asked():
    world = world_of("acme/x:latest", IMAGE)
    updater = client(world, AtOnce(world.files()))
    digest = updater.resolve(IMAGE).digest
    spellings = (
        (IMAGE, IMAGE),
        (f"docker.io/{IMAGE}", IMAGE),
        ("acme/x", "acme/x:latest"),
        (f"{IMAGE}@{digest}", f"{IMAGE}@{digest}"),
        (ImageReference.parse(IMAGE), IMAGE),
        (ImageReference.parse("acme/x"), "acme/x:latest"),
    )

    for _ in range(3):
        for question, meant in spellings:
            assert ImageReference.parse(meant) == updater.resolve(question).reference


@FACE
def test_what_was_refused_is_refused_again_and_told_again(face, at_once):
    """Nothing that was answered to another question answers this one."""
    world, told = world_of(IMAGE), []
    updater = client(world, at_once(world.files()), face=face, on_event=told.append)
    digest = updater.resolve(IMAGE).digest
    for question, kind in (
        (f"{IMAGE}@{OTHER}", MismatchError),
        ("acme/x:9", NotFoundError),
        ("elsewhere.example/x:1", NotFoundError),
    ):
        for _ in range(3):
            told.clear()
            with pytest.raises(kind) as error:
                updater.resolve(question)
            assert [Refused(error=error.value)] == told
    with pytest.raises(MismatchError):
        updater.verify(IMAGE, OTHER)

    assert digest == updater.verify(IMAGE, digest).digest


@FACE
def test_a_clock_without_time_zone_is_refused_each_time(face, at_once):
    world, clock = world_of(IMAGE), Clock()
    updater = client(world, at_once(world.files()), face=face, clock=clock)
    updater.resolve(IMAGE)
    clock.now = NOW.replace(tzinfo=None)

    for _ in range(2):
        with pytest.raises(ValueError, match="time zone"):
            updater.resolve(IMAGE)


def test_many_at_once_are_answered_in_the_order_in_which_they_were_asked():
    world = world_of(IMAGE, "acme/x:2")
    server = AtOnce(world.files())
    updater = client(world, server)
    by_digest = f"acme/x@{OTHER}"
    asked = [by_digest, "acme/x:2", IMAGE, "acme/x:2", ImageReference.parse(IMAGE)]
    for _ in range(2):
        answers = updater.resolve_all(iter(asked))
        assert [by_digest, "acme/x:2", IMAGE, "acme/x:2", IMAGE] == [
            answer.reference.familiar for answer in answers
        ]
    server.files = None
    assert answers[1] is updater.resolve("acme/x:2")
    assert Digest.parse(OTHER) == updater.resolve(by_digest).digest


def test_a_digest_is_answered_without_a_clock_before_and_after():
    """Nobody needs to vouch for it, so there is nothing to be too old."""
    world = world_of(IMAGE)
    updater = client(world, AtOnce(None))

    for _ in range(2):
        assert updater.resolve(f"acme/x@{OTHER}").valid_until is None


def test_an_update_holds_from_when_it_began_until_it_is_too_old_or_something_expires():
    answered = Answered(world_of(IMAGE).edited(TIMESTAMP, expires=NOW + DAY).trusted())

    assert answered.holds(NOW, SECOND)
    assert not answered.holds(NOW, timedelta(0))
    assert not answered.holds(NOW - SECOND, DAY)
    assert answered.holds(NOW + MINUTE - SECOND, MINUTE)
    assert not answered.holds(NOW + MINUTE, MINUTE)
    assert answered.holds(NOW + DAY - SECOND, timedelta.max)
    assert not answered.holds(NOW + DAY, timedelta.max)


def test_what_is_remembered_has_an_end():
    """Whoever asks for other tags all day must not fill the memory."""
    world = world_of(IMAGE)
    updater = client(world, AtOnce(world.files()), storage=MemoryStorage())
    binding = updater.resolve(IMAGE)
    answered = Answered(world.trusted())
    found = updater.find(PerOrganisation().target_path(binding.reference))
    for number in range(65_536):
        answered.remember_binding(f"acme/x:{number}", binding, found)
        answered.remember(f"acme/x:{number}", found)
    assert (65_536, 65_536) == (len(answered.bindings), len(answered.found))

    answered.remember_binding(IMAGE, binding, found)
    answered.remember(found.path, found)

    assert ({IMAGE: (binding, found.valid_until)}, {found.path: found}) == (
        answered.bindings,
        answered.found,
    )
