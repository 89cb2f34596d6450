"""Two who publish into one registry at the same time, in every order of their requests.

Either both edits are there, or one publisher is told so: at once, or at its
next look, with its manifest kept. No client refuses a state that it may meet.
"""

import json
import random
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import frozen
from core.worlds import NOW, signer
from interop.peers import Ours, Theirs
from publish.desks import (
    PEOPLE,
    anchor_of,
    authority,
    created,
    opened,
    planned,
    publish,
    signed,
    tagged,
)
from registry.honest import REPOSITORY, Honest, sha256, talking_to
from registry.led import Led, every_order, led_to_their_ends, publishing

from trustlib import (
    BY_HAND,
    TIMESTAMP,
    ConflictError,
    MemoryStorage,
    OverwrittenError,
    PathPatterns,
    RollbackError,
    StorageError,
    ThresholdError,
    TransportError,
)
from trustlib.publish import Publisher
from trustlib.registry._artifact import TAG, TITLE
from trustlib.registry.storing import RegistryStorage
from trustlib.transport import Retries


def storage_at(registry, receipts=None, **more):
    receipts = MemoryStorage() if receipts is None else receipts
    return RegistryStorage(talking_to(registry), REPOSITORY, receipts=receipts, **more)


def one_more_tag(state):
    return tagged(state, "1.5", "b")


def another_tag(state):
    return tagged(state, "1.6", "c")


def a_tag_of_the_team(state):
    return state.with_tag("acme/team:1", digest="sha256:" + "d" * 64, size=1, role="team")


def another_online_key(state):
    return state.with_authority(TIMESTAMP, authority("online2"))


@cache
def beginning():
    """A registry with a collection in it, and that."""
    registry = Honest()
    storage = storage_at(registry)
    before = created()
    after = tagged(before).with_delegation(
        "team", keys=authority("team"), grant=PathPatterns(("acme/*",))
    )
    publish(storage, before, after, now=NOW)
    return registry, opened(storage)


@cache
def publication(edit):
    _, before = beginning()
    return signed(planned(before, edit(before), now=NOW)).publication()


def publisher(storage):
    return Publisher(
        anchor=anchor_of(storage),
        signers=[signer(name) for name in PEOPLE],
        expiry=BY_HAND,
        clock=lambda: NOW,
    )


@frozen
class Race:
    """How one order of requests went: who published where, and how that ended."""

    registry: Honest
    storages: tuple
    leds: tuple

    @property
    def told(self):
        """What the two were told, at once or at their next look."""
        return tuple(map(self._told, self.storages, self.leds))

    def _told(self, storage, led):
        if isinstance(led.error, ConflictError):
            return "conflict"
        assert led.error is None, led.error
        try:
            storage.read("timestamp.json")
        except OverwrittenError:
            return "overwritten"
        return "published"


def raced(edits, choose, *, everywhere=False, etags=True):
    registry = beginning()[0].copied()
    registry.etags = etags
    storages = tuple(storage_at(registry) for _ in edits)
    leds = tuple(
        Led(publishing(publication(edit), storage._shelf), registry, everywhere)
        for edit, storage in zip(edits, storages, strict=True)
    )
    led_to_their_ends(leds, choose)
    return Race(registry, storages, leds)


def states(registry):
    """What clients could see, one after the other: the files of each state."""

    shown = [beginning()[0].tags[REPOSITORY][TAG]]
    shown += [digest for name, tag, digest in registry.moves if (name, tag) == (REPOSITORY, TAG)]
    return tuple(files_of(registry, digest) for digest in shown)


def files_of(registry, digest):
    layers = json.loads(registry.manifests[REPOSITORY][digest][1])["layers"]
    blobs = registry.blobs[REPOSITORY]
    return tuple((layer["annotations"][TITLE], blobs[layer["digest"]]) for layer in layers)


@cache
def refusals(shown):
    """Return whatever a client of ours, or python-tuf, refuses of the states *shown*.

    A client may have missed any of them, but not the last one.
    """
    refused = []
    *earlier, last = shown
    for number in range(len(earlier) + 1):
        for some in combinations(earlier, number):
            with TemporaryDirectory() as memory:
                anchor = dict(shown[0])["1.root.json"]
                clients = Ours(anchor), Theirs(anchor, Path(memory))
                for state in (*some, last):
                    answers = [client.ask(dict(state), ["acme/app:1.4"]) for client in clients]
                    refused += [a["why"] for a in answers if not isinstance(a["refresh"], list)]
    return tuple(refused)


def tags_that_clients_see(registry):
    files = dict(files_of(registry, registry.tags[REPOSITORY][TAG]))
    ours = Ours(files["1.root.json"])
    names = ("acme/app:1.4", "acme/app:1.5", "acme/app:1.6", "acme/team:1")
    answers = ours.ask(files, names)
    return {name for name in names if isinstance(answers[name], tuple)}


@pytest.mark.parametrize(
    ("edits", "names", "etags"),
    [
        ((one_more_tag, another_tag), {"acme/app:1.5", "acme/app:1.6"}, True),
        ((a_tag_of_the_team, another_tag), {"acme/team:1", "acme/app:1.6"}, False),
    ],
    ids=["one role", "two roles"],
)
def test_in_every_order_both_edits_are_there_or_somebody_is_told(edits, names, etags):
    seen = Counter()
    for race in every_order(lambda choose: raced(edits, choose, etags=etags)):
        told, shown = race.told, states(race.registry)
        assert "published" in told
        seen[told, shown] += 1
        if seen[told, shown] > 1:
            continue  # what follows is the same as before
        for storage, edit, how in zip(race.storages, edits, told, strict=True):
            if how == "overwritten":
                kept_as_it_was(race, storage)
                storage.concede()
            publisher(storage).retrying(edit, storage)

        assert {"acme/app:1.4", *names} == tags_that_clients_see(race.registry)
        assert () == refusals(states(race.registry))

    assert 70 <= seen.total(), "of four requests each, seventy orders"
    assert {
        ("published", "conflict"),
        ("conflict", "published"),
        ("published", "overwritten"),
        ("overwritten", "published"),
    } == {told for told, _ in seen}, "each of these happens, and nothing else"


def kept_as_it_was(race, storage):
    """What was overwritten has a tag of its own, and is all there."""
    with pytest.raises(OverwrittenError) as caught:
        storage.list()
    error = caught.value
    tags = race.registry.tags[REPOSITORY]
    assert error.ours == tags[error.kept]
    assert error.theirs == tags[TAG]
    assert error.kept.startswith("_trust.lost.")
    assert files_of(race.registry, error.ours) in states(race.registry)


def test_it_does_not_matter_when_files_are_uploaded():
    """Every single request, in orders by chance; beside the exhaustive test above."""
    dice = random.Random(7)
    edits = (one_more_tag, another_tag)
    for _ in range(60):
        race = raced(edits, dice.choice, everywhere=True)
        assert "published" in race.told
        assert () == refusals(states(race.registry))


@pytest.mark.parametrize("edit", [one_more_tag, another_online_key])
def test_killed_at_any_request_it_was_published_or_was_not(edit):
    steps, ended = 0, False
    old, new = set(), set()
    while not ended:
        registry = beginning()[0].copied()
        led = Led(publishing(publication(edit), storage_at(registry)._shelf), registry, True)
        ended = led.stopped_after(steps)
        (new if len(states(registry)) == 2 else old).add(steps)
        assert () == refusals(states(registry))

        publication(edit).apply(storage_at(registry))

        assert 2 == len(states(registry)), "once, and not twice"
        assert () == refusals(states(registry))
        steps += 1
    assert max(old) < min(new)
    assert 2 == len(new), "it may be killed before it has looked at what it published"


def test_a_publication_whose_answer_was_lost_is_not_taken_for_somebody_elses():
    """The tag was moved, and nobody said so: it is looked at, and not moved again."""
    registry = beginning()[0].copied()
    storage = storage_at(Forgetting(registry))

    publication(one_more_tag).apply(storage)

    assert 2 == len(states(registry))
    assert {"acme/app:1.4", "acme/app:1.5"} == tags_that_clients_see(registry)


def test_what_others_made_of_it_while_the_answer_was_lost_is_not_undone():
    registry = beginning()[0].copied()

    def overtake():
        other = storage_at(registry)
        publisher(other).retrying(another_tag, other)

    receipt = publication(one_more_tag).apply(storage_at(Forgetting(registry, overtake)))

    assert 3 == len(states(registry))
    assert {"acme/app:1.4", "acme/app:1.5", "acme/app:1.6"} == tags_that_clients_see(registry)
    assert () == refusals(states(registry))
    assert 2 == receipt.repository.timestamp.version, "ours, not what came after it"
    with pytest.raises(ConflictError):
        stale = receipt.repository
        publish(storage_at(registry), stale, a_tag_of_the_team(stale), now=NOW)


class Forgetting:
    """A registry that carries the first move of the tag out, and breaks the connection."""

    def __init__(self, registry, meanwhile=lambda: None):
        self.registry, self.meanwhile = registry, meanwhile

    def answer(self, method, target, headers, body):
        answered = self.registry.answer(method, target, headers, body)
        if method == "PUT" and target.endswith(f"/manifests/{TAG}"):
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile()
                broken = ConnectionResetError()
                raise TransportError(target, "the connection broke") from broken
        return answered


def test_a_registry_that_does_not_take_it_is_asked_as_often_as_was_said():
    class Refusing(Forgetting):
        def answer(self, method, target, headers, body):
            if method == "PUT" and target.endswith(f"/manifests/{TAG}"):
                puts.append(target)
                return 400, {}, b'{"errors": [{"code": "TAG_IMMUTABLE"}]}'
            return self.registry.answer(method, target, headers, body)

    puts = []
    registry = beginning()[0].copied()
    client = talking_to(Refusing(registry), retries=Retries(attempts=2))
    with pytest.raises(TransportError, match="TAG_IMMUTABLE"):
        publication(one_more_tag).apply(RegistryStorage(client, REPOSITORY))
    assert 2 == len(puts)
    assert 1 == len(states(registry))


def test_a_registry_that_does_not_show_what_it_took_has_not_published_it():
    class Hiding(Forgetting):
        def answer(self, method, target, headers, body):
            if method == "PUT" and target.endswith(f"/manifests/{TAG}"):
                return 201, {"Docker-Content-Digest": sha256(body)}, b""
            return self.registry.answer(method, target, headers, body)

    registry = beginning()[0].copied()
    with pytest.raises(TransportError, match="does not show it"):
        publication(one_more_tag).apply(storage_at(Hiding(registry)))


# -- what the window costs --------------------------------------------------------------


def overwritten(first, second):
    """The two edits, where the second publisher did not see the first one, and neither knows."""

    def choose(alive):
        ours, theirs = leds
        if not looked:
            looked.append(theirs.step() or theirs.step())
        return ours if not ours.done else theirs

    looked = []
    registry = beginning()[0].copied()
    storages = tuple(storage_at(registry) for _ in range(2))
    leds = tuple(
        Led(publishing(publication(edit), storage._shelf), registry)
        for edit, storage in zip((first, second), storages, strict=True)
    )
    led_to_their_ends(leds, choose)
    assert [None, None] == [led.error for led in leds]
    assert 3 == len(states(registry))
    return registry, storages


def test_what_was_published_on_top_of_an_overwritten_edit_waits_for_that():
    """Whoever saw the team's edit is not led back behind it: that would be a rollback."""
    registry, (ours, theirs) = overwritten(a_tag_of_the_team, another_tag)
    publisher(theirs).retrying(one_more_tag, theirs)
    assert {RollbackError} == {
        type(e) for e in refusals(states(registry)) if e.__module__.startswith("trustlib")
    }

    with pytest.raises(OverwrittenError):
        publisher(ours).retrying(a_tag_of_the_team, ours)
    ours.concede()
    publisher(ours).retrying(a_tag_of_the_team, ours)

    assert () == refusals((states(registry)[1], states(registry)[-1]))
    assert 4 == len(tags_that_clients_see(registry))


def test_a_root_that_was_overwritten_can_be_published_again():
    """Whoever saw the new root takes no timestamp that only the old one vouches for."""
    registry, (ours, _) = overwritten(another_online_key, another_tag)
    assert ThresholdError in {type(error) for error in refusals(states(registry))}

    ours.concede()
    publisher(ours).retrying(another_online_key, ours)

    shown = states(registry)
    assert () == refusals((shown[0], shown[1], shown[-1]))
    assert () == refusals((shown[0], shown[2], shown[-1]))


# -- receipts ---------------------------------------------------------------------------


def test_a_person_is_not_pushed_out_by_a_robot():
    """Nor by everything that is deleted between the two: nothing but the tag is looked at."""
    registry = beginning()[0].copied()
    person, robots = storage_at(registry), [storage_at(registry) for _ in range(5)]
    person.write("notes", b"", replacing=None)
    last = None
    for number in range(100):
        last = robots[number % 5].write("hourly", b"%d" % number, replacing=last)
    for digest in [
        d for d in registry.manifests[REPOSITORY] if d != registry.tags[REPOSITORY][TAG]
    ]:
        del registry.manifests[REPOSITORY][digest]

    assert b"99" == person.read("hourly").data
    assert person.write("notes", b"more", replacing=person.read("notes").revision)


def test_a_tag_that_was_put_back_is_found_out():
    """Restored from a backup, or by whoever owns it."""
    registry = beginning()[0].copied()
    backup = registry.tags[REPOSITORY][TAG]
    storage = storage_at(registry)
    publication(one_more_tag).apply(storage)
    registry.tags[REPOSITORY][TAG] = backup

    with pytest.raises(OverwrittenError) as caught:
        opened(storage, anchor_of(storage_at(registry)))
    assert backup == caught.value.theirs


def test_a_tag_that_was_deleted_is_found_out():
    registry = beginning()[0].copied()
    storage = storage_at(registry)
    publication(one_more_tag).apply(storage)
    registry.tags[REPOSITORY].clear()
    registry.manifests[REPOSITORY].clear()

    with pytest.raises(OverwrittenError, match="nothing is there") as caught:
        storage.list()
    assert "nothing, any more" == caught.value.kept


def test_processes_that_share_their_receipts_do_not_cover_up_what_one_lost():
    """Both were told that they published; the second one overwrote the first."""
    registry = beginning()[0].copied()
    receipts = MemoryStorage()
    storages = tuple(storage_at(registry, receipts) for _ in range(2))
    first, second = (
        Led(storage._shelf.write_all({name: b""}, (), name, None), registry)
        for storage, name in zip(storages, ("a", "b"), strict=True)
    )
    second.step()
    second.step()
    while not first.done:
        first.step()
    while not second.done:
        second.step()

    for storage in storages:
        with pytest.raises(OverwrittenError):
            storage.list()


def test_what_another_process_publishes_between_two_looks_is_not_taken_for_lost():
    registry = beginning()[0].copied()
    receipts = MemoryStorage()
    looking = storage_at(registry, receipts)
    led = Led(looking._shelf.listed(), registry)
    storage_at(registry, receipts).write("a", b"", replacing=None)

    led.step()

    assert led.error is None
    assert "a" in led.result


def test_without_receipts_nobody_finds_out():
    registry = beginning()[0].copied()
    storage = RegistryStorage(talking_to(registry), REPOSITORY)
    storage.write("a", b"", replacing=None)
    del registry.tags[REPOSITORY][TAG]

    assert () == storage.list()
    storage.concede()


@pytest.mark.parametrize("written", [b"not a digest", b"\xff", b"sha256:12"])
def test_receipts_that_are_none_are_an_error_of_this_machines(written):
    registry = beginning()[0].copied()
    storage = storage_at(registry)
    storage.write("a", b"", replacing=None)
    [name] = [name for name in storage.receipts.files if "published." in name]
    storage.receipts.save(name, written, replacing=storage.receipts.load(name))

    with pytest.raises(StorageError, match="remove it") as caught:
        storage.list()
    assert name == caught.value.where


def test_a_publisher_whose_name_is_none_is_an_error_of_this_machines():
    registry = beginning()[0].copied()
    receipts = MemoryStorage({".trustlib/publisher": b"alice"})
    with pytest.raises(StorageError, match="remove it"):
        storage_at(registry, receipts).write("a", b"", replacing=None)


def test_each_collection_has_receipts_of_its_own():
    registry, receipts = Honest(), MemoryStorage()
    storages = [
        RegistryStorage(talking_to(registry), name, tag=tag, receipts=receipts)
        for name, tag in (("acme/a", TAG), ("acme/b", TAG), ("acme/b", "other"))
    ]
    for storage in storages:
        storage.write("a", b"", replacing=None)
    assert [("a",)] * 3 == [storage.list() for storage in storages]


def test_a_file_cannot_be_deleted_while_somebody_else_publishes_all_the_time():
    registry = beginning()[0].copied()
    storage = storage_at(registry)
    with storage._shelf._moving, pytest.raises(ConflictError):
        storage.delete("1.snapshot.json")
    storage.delete("1.snapshot.json")
    assert storage.read("1.snapshot.json") is None
