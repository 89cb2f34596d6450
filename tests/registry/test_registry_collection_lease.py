"""Publishers who take turns lose nothing, in whatever order their requests arrive."""

import asyncio
import json
import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from core.worlds import NOW, SECOND, signer
from publish.desks import PEOPLE, anchor_of, created, opened, publish, tagged
from registry.honest import REPOSITORY, Honest, aclient, client, served, sha256, talking_to
from registry.led import Led, every_order, led_to_their_ends
from registry.processes import running

from trustlib import BY_HAND, TARGETS, DeniedError, MemoryStorage, StorageError, TransportError
from trustlib.publish import Publisher
from trustlib.registry._artifact import TAG
from trustlib.registry.lease import LEASE, NAME, Lease
from trustlib.registry.manifests import OCI_MANIFEST
from trustlib.registry.storing import AsyncRegistryStorage, RegistryStorage

MINUTE = Lease(seconds=60, clock=lambda: NOW)


def storage_at(registry, lease=MINUTE):
    return RegistryStorage(talking_to(registry), REPOSITORY, receipts=MemoryStorage(), lease=lease)


@pytest.fixture
def registry():
    registry = Honest()
    storage_at(registry, None).write("a", b"", replacing=None)
    registry.asked.clear()
    return registry


def ready(registry):
    """A storage that has found out already that this registry deletes."""
    storage = storage_at(registry)
    storage._shelf._deletes = True
    return storage


def raced(registry, choose, names):
    registry = registry.copied()
    storages = [ready(registry) for _ in names]
    leds = [
        Led(storage._shelf.write_all({name: b""}, (), name, None), registry)
        for storage, name in zip(storages, names, strict=True)
    ]
    led_to_their_ends(leds, choose)
    published = {name for name, led in zip(names, leds, strict=True) if led.result is not None}
    assert not any(led.error for led in leds)
    assert {"a", *published} == {*storages[0].list()}, "nobody is told what is not so"
    for storage in storages:
        storage.list()
    assert [TAG] == list(registry.tags[REPOSITORY]), "and nothing is left behind"
    return len(published)


def test_in_no_order_anything_is_lost(registry):
    published = Counter(every_order(lambda choose: raced(registry, choose, "bc")))
    assert 350 < published.total()
    assert {0, 1, 2} == published.keys(), "nobody was first, somebody, or one after the other"


def test_nor_among_three(registry):
    dice = random.Random(3)
    published = Counter(raced(registry, dice.choice, "bcd") for _ in range(150))
    assert {0, 1} <= published.keys()


@pytest.mark.parametrize("steps", range(9))
def test_who_is_killed_keeps_others_waiting_for_a_minute_at_most(registry, steps):
    led = Led(storage_at(registry)._shelf.write_all({"b": b""}, (), "b", None), registry)
    ended = led.stopped_after(steps)
    published = "b" in storage_at(registry).list()
    assert published == (steps >= 6)
    waiting = any(".lease." in tag for tag in registry.tags[REPOSITORY])
    assert waiting == (3 <= steps < 8)
    assert ended == (steps == 8)

    written = storage_at(registry).write("c", b"", replacing=None)
    assert (written is None) == waiting
    if waiting:
        later = storage_at(registry, Lease(seconds=60, clock=lambda: NOW + 60 * SECOND))
        assert later.write("c", b"", replacing=None)
    assert [TAG] == list(registry.tags[REPOSITORY]), "whoever comes next clears it away"


def test_nothing_is_published_in_the_second_half_of_a_lease(registry):
    """Somebody whose clock is ahead may have taken the next one."""
    times = iter([NOW, NOW, NOW + 30 * SECOND])
    late = storage_at(registry, Lease(seconds=60, clock=lambda: next(times)))
    assert late.write("b", b"", replacing=None) is None
    assert ("a",) == late.list()
    assert [TAG] == list(registry.tags[REPOSITORY])


def test_nothing_is_published_when_the_clock_was_set_back_meanwhile(registry):
    times = iter([NOW, NOW, NOW - SECOND])
    late = storage_at(registry, Lease(seconds=60, clock=lambda: next(times)))
    assert late.write("b", b"", replacing=None) is None


@pytest.mark.parametrize("seconds", [0.5, 0, -1, 3601, float("nan"), float("inf")])
def test_a_lease_lasts_between_a_second_and_an_hour(seconds):
    with pytest.raises(ValueError, match="seconds"):
        Lease(seconds=seconds)


# -- registries at which it does not work -----------------------------------------------


def test_a_registry_that_does_not_delete_is_told_apart(registry):
    registry.deletes = False
    with pytest.raises(StorageError, match="does not delete"):
        storage_at(registry).write("b", b"", replacing=None)
    assert ("a",) == storage_at(registry).list()
    assert [TAG] == list(registry.tags[REPOSITORY]), "nothing that could not be taken back"


def test_who_may_not_delete_is_told_so(registry):
    class Denying:
        def answer(self, method, *rest):
            return (403, {}, b"") if method == "DELETE" else registry.answer(method, *rest)

    with pytest.raises(DeniedError):
        storage_at(Denying()).write("b", b"", replacing=None)
    assert ("a",) == storage_at(registry).list()


def test_a_registry_that_cannot_be_asked_may_well_delete(registry):
    class Breaking:
        def answer(self, method, target, *rest):
            if method == "DELETE":
                raise TransportError(target, "no connection") from ConnectionRefusedError()
            return registry.answer(method, target, *rest)

    with pytest.raises(TransportError, match="no connection"):
        storage_at(Breaking()).write("b", b"", replacing=None)


def test_a_registry_that_lists_late_is_told_apart(registry):
    class Late:
        def answer(self, method, target, *rest):
            if "/tags/list" in target:
                return 200, {}, json.dumps({"tags": [TAG]}).encode()
            return registry.answer(method, target, *rest)

    with pytest.raises(StorageError, match="does not list a tag"):
        storage_at(Late()).write("b", b"", replacing=None)
    assert ("a",) == storage_at(registry).list()
    assert [TAG] == list(registry.tags[REPOSITORY])


def lease_tag(ends):
    return f"{TAG}.lease.{int(ends.timestamp())}.{'0' * 16}"


def put(registry, tag, document):
    raw = json.dumps(document).encode()
    registry.manifests[REPOSITORY][sha256(raw)] = (OCI_MANIFEST, raw)
    registry.tags[REPOSITORY][tag] = sha256(raw)


def test_a_lease_that_would_last_for_days_is_for_people_to_look_at(registry):
    tag = lease_tag(NOW + timedelta(hours=2, seconds=1))
    put(registry, tag, {})
    with pytest.raises(StorageError, match=f"{tag}.*remove that tag"):
        storage_at(registry).write("b", b"", replacing=None)
    assert {TAG, tag} == {*registry.tags[REPOSITORY]}


def test_what_is_no_lease_is_not_cleared_away(registry):
    """Else whoever may push could have those who may delete delete an image."""
    old = lease_tag(NOW - SECOND)
    current = registry.tags[REPOSITORY][TAG]
    [image] = [registry.manifests[REPOSITORY][current]]
    empty = json.loads(image[1])["config"]
    lookalikes = (
        json.loads(image[1]),
        {"artifactType": LEASE, "annotations": {NAME: f"{old}x"}},
        {"artifactType": "application/vnd.acme", "annotations": {NAME: old}},
    )
    for document in lookalikes:
        put(
            registry,
            old,
            {"schemaVersion": 2, "config": empty, "layers": [], **document},
        )
        assert storage_at(registry).write("b", b"", replacing=None)
        assert old in registry.tags[REPOSITORY]
        storage_at(registry).delete("b")

    document = {"schemaVersion": 2, "config": empty, "layers": [], "artifactType": LEASE}
    put(registry, old, {**document, "annotations": {NAME: old}})
    assert storage_at(registry).write("b", b"", replacing=None)
    assert old not in registry.tags[REPOSITORY]


def test_no_publication_clears_away_more_than_a_few(registry):
    current = registry.manifests[REPOSITORY][registry.tags[REPOSITORY][TAG]][1]
    document = {**json.loads(current), "artifactType": LEASE}
    for number in range(10):
        tag = f"{lease_tag(NOW - SECOND)[:-16]}{number:016x}"
        put(registry, tag, {**document, "annotations": {NAME: tag}})
    for name, left in (("b", 2), ("c", 0)):
        assert storage_at(registry).write(name, b"", replacing=None)
        assert left == len(registry.tags[REPOSITORY]) - 1


def test_a_lease_of_another_collection_is_none_of_ours(registry):
    put(registry, f"other{lease_tag(NOW + SECOND)}", {})
    assert storage_at(registry).write("b", b"", replacing=None)


# -- as it is used ----------------------------------------------------------------------


def test_it_is_awaited_as_well(registry):
    async def written():
        with aclient(domain) as talking:
            storage = AsyncRegistryStorage(talking, REPOSITORY, lease=Lease())
            return await storage.write("b", b"", replacing=None), await storage.list()

    with served(registry) as domain:
        revision, paths = asyncio.run(written())
    assert revision is not None
    assert ("a", "b") == paths


@pytest.mark.servers
def test_machines_that_take_turns_at_a_real_registry_lose_nothing(require_servers, tmp_path):
    require_servers("docker-registry")
    with running(tmp_path) as domain, client(domain) as talking:
        storage = RegistryStorage(talking, REPOSITORY)
        publish(storage, created(), tagged(created()), now=NOW)
        anchor = anchor_of(storage)

        def work(number):
            own = RegistryStorage(
                talking, REPOSITORY, receipts=MemoryStorage(), lease=Lease(seconds=60)
            )
            Publisher(
                anchor=anchor,
                signers=[signer(name) for name in PEOPLE],
                expiry=BY_HAND,
                clock=lambda: NOW,
            ).retrying(lambda state: tagged(state, f"t{number}"), own)

        threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        after = opened(storage)
        assert {f"acme/app:t{number}" for number in range(3)} < {*after.targets[TARGETS].targets}
        assert 4 == after.timestamp.version, "numbers without gaps"
        assert (TAG,) == talking.tags(REPOSITORY)


@pytest.mark.servers
def test_a_real_registry_that_does_not_delete_is_told_apart(require_servers, tmp_path):
    require_servers("docker-registry")
    with running(tmp_path, deletes=False) as domain, client(domain) as talking:
        with pytest.raises(StorageError, match="does not delete"):
            RegistryStorage(talking, REPOSITORY, lease=Lease()).write("a", b"", replacing=None)
        assert () == talking.tags(REPOSITORY)
