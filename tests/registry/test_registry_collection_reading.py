"""A client reads a collection out of a registry: how often it asks, and what it refuses."""

import asyncio
import base64
import json
import pickle
from datetime import timedelta
from functools import cache

import pytest
from core.worlds import NOW
from publish.desks import anchor_of, authority, created, digest, opened, publish, tagged
from registry.honest import REPOSITORY, Honest, aclient, client, served, sha256, talking_to

from trustlib import (
    AsyncUpdater,
    FileStorage,
    Freshness,
    LimitError,
    MalformedError,
    MemoryStorage,
    MismatchError,
    NoTrustDataError,
    OverwrittenError,
    PathPatterns,
    Request,
    RollbackError,
    TooLongError,
    TransportError,
    Updater,
    UrlPath,
    WrongCollectionError,
)
from trustlib.registry._artifact import ARTIFACT, FILE, HISTORY, TAG, TITLE
from trustlib.registry.client import Registry
from trustlib.registry.manifests import OCI_INDEX, OCI_MANIFEST
from trustlib.registry.reading import AsyncRegistryTransport, RegistryTransport
from trustlib.registry.storing import RegistryStorage
from trustlib.storage import ThreadedStorage

ALWAYS = Freshness(max_age=timedelta(0))
LATER = UrlPath("timestamp.json")


def storage_at(registry, repository=REPOSITORY):
    return RegistryStorage(talking_to(registry), repository)


@cache
def beginning():
    """A registry with a collection of a hundred tags, in several states; and its anchor."""
    registry = Honest()
    storage = storage_at(registry)
    before = created()
    after = tagged(before)
    for number in range(100):
        after = after.with_tag(f"acme/many:{number}", digest=digest("b"), size=1)
    publish(storage, before, after, now=NOW)
    for letter in "bcd":
        before = opened(storage)
        publish(storage, before, tagged(before, letter=letter), now=NOW)
    before = opened(storage)
    with_team = before.with_delegation(
        "team", keys=authority("team"), grant=PathPatterns(("acme/*",))
    )
    publish(storage, before, with_team, now=NOW)
    return registry, anchor_of(storage)


@pytest.fixture
def registry():
    return beginning()[0].copied()


def reading(transport, memory, policy=ALWAYS):
    return Updater(
        anchor=beginning()[1], transport=transport, storage=memory, policy=policy, clock=lambda: NOW
    )


def client_of(registry, memory=None):
    memory = MemoryStorage() if memory is None else memory
    return reading(RegistryTransport(talking_to(registry), REPOSITORY), memory)


# -- how often it asks ------------------------------------------------------------------


def asked_since(registry):
    """What was asked since the last time, in words."""
    asked, registry.asked = registry.asked, []
    return [f"{method} {target.partition('?')[0]}" for method, target in asked]


MANIFEST = f"GET /v2/{REPOSITORY}/manifests/{TAG}"


@pytest.mark.parametrize("tokens", [None, "somewhere"])
def test_a_refresh_is_one_request_and_three_with_a_challenge(registry, tokens):
    challenged = [MANIFEST, "GET /token", MANIFEST] if tokens else [MANIFEST]
    big = [f"GET /v2/{REPOSITORY}/blobs/{sha256(targets_of(registry))}"]
    asked_since(registry)
    registry.tokens = tokens
    with served(registry) as domain, client(domain) as talking:
        transport = RegistryTransport(talking, REPOSITORY)
        updater = reading(transport, MemoryStorage(), Freshness(max_age=timedelta(hours=1)))

        updater.refresh()
        assert challenged + big == asked_since(registry), "targets are too many to be embedded"
        updater.refresh()
        assert [MANIFEST] == asked_since(registry)
        registry._granted.clear()
        updater.refresh()
        assert challenged == asked_since(registry)

        for number in range(100):
            assert "b" == updater.resolve(f"acme/many:{number}").digest.hex[0]
        updater.resolve_all(["acme/app:1.4", "acme/many:7"])
        assert [] == asked_since(registry)


def targets_of(registry):
    return storage_at(registry).read("5.targets.json").data


def test_the_first_refresh_of_a_small_collection_is_one_request_too():
    registry = Honest()
    storage = storage_at(registry)
    publish(storage, created(), tagged(created()), now=NOW)
    asked_since(registry)

    Updater(
        anchor=anchor_of(storage),
        transport=RegistryTransport(talking_to(registry), REPOSITORY),
        storage=MemoryStorage(),
        clock=lambda: NOW,
    ).refresh()

    assert 2 == len(asked_since(registry)), "the anchor was read before"


def test_a_client_that_awaits_asks_as_often(registry):
    async def refreshed():
        with aclient(domain) as talking:
            updater = AsyncUpdater(
                anchor=beginning()[1],
                transport=AsyncRegistryTransport(talking, REPOSITORY),
                storage=ThreadedStorage(MemoryStorage()),
                policy=ALWAYS,
                clock=lambda: NOW,
            )
            await updater.refresh()
            first = asked_since(registry)
            await updater.refresh()
            return first, asked_since(registry), await updater.resolve("acme/app:1.4")

    with served(registry) as domain:
        first, second, binding = asyncio.run(refreshed())

    assert 2 == len(first)
    assert [MANIFEST] == second
    assert "d" == binding.digest.hex[0]


def test_without_etags_it_is_one_request_as_well(registry):
    registry.etags = False
    updater = client_of(registry)
    updater.refresh()
    asked_since(registry)
    updater.refresh()
    assert [MANIFEST] == asked_since(registry)


def test_the_next_state_is_seen_by_the_next_refresh(registry):
    updater = client_of(registry)
    assert "d" == updater.resolve("acme/app:1.4").digest.hex[0]
    storage = storage_at(registry)
    before = opened(storage)
    publish(storage, before, tagged(before, letter="e"), now=NOW)

    assert "e" == updater.resolve("acme/app:1.4").digest.hex[0]


def test_an_update_goes_on_in_the_state_that_it_began_in(registry):
    """Another publisher comes in the middle of it, and none of its files is named any more."""
    transport = RegistryTransport(talking_to(registry), REPOSITORY)
    old = {path: storage_at(registry).read(path).data for path in storage_at(registry).list()}
    assert transport.fetch(Request(path=UrlPath("2.root.json"))) is None
    storage = storage_at(registry)
    before = opened(storage)
    publish(storage, before, tagged(before, letter="e"), now=NOW)

    for path in ("timestamp.json", "5.snapshot.json", "5.targets.json"):
        assert old[path] == b"".join(transport.fetch(Request(path=UrlPath(path))))


def test_whoever_begins_with_another_root_looks_again(registry):
    """Of several updaters that share a transport, each sees the state of its own beginning."""
    transport = RegistryTransport(talking_to(registry), REPOSITORY)
    for path in ("2.root.json", "3.root.json", "timestamp.json"):
        transport.fetch(Request(path=UrlPath(path)))
    assert [MANIFEST] == asked_since(registry)[-1:]
    transport.fetch(Request(path=UrlPath("4.root.json")))
    assert [MANIFEST] == asked_since(registry)


def test_what_the_registry_has_is_not_sent_nor_asked_for(registry):
    storage = storage_at(registry)
    before = opened(storage)
    asked_since(registry)
    publish(storage, before, tagged(before, letter="e"), now=NOW)
    asked = asked_since(registry)
    assert 3 == len([line for line in asked if line.startswith("HEAD")]), "three new files"
    assert 3 == len([line for line in asked if line.startswith("PATCH")])

    revision = storage.read("timestamp.json").revision
    same = {"again.json": storage.read("1.root.json").data}
    asked_since(registry)
    storage.write_all(same, dropping=(), path="timestamp.json", replacing=revision)
    assert 4 == len(asked_since(registry)), "three looks, and one move"


def test_a_thread_that_moves_on_takes_no_files_from_the_others(registry):
    transport = RegistryTransport(talking_to(registry), REPOSITORY)
    asked = Request(path=UrlPath("5.targets.json"))
    old = b"".join(transport.fetch(asked))
    storage = storage_at(registry)
    before = opened(storage)
    publish(storage, before, tagged(before, letter="e"), now=NOW)
    for _ in range(2):
        transport.fetch(Request(path=UrlPath("timestamp.json")))

    assert old == b"".join(transport.fetch(asked))
    assert b"" != b"".join(transport.fetch(Request(path=UrlPath("6.targets.json"))))


def test_a_file_can_be_read_from_the_middle(registry):
    transport = RegistryTransport(talking_to(registry), REPOSITORY)
    whole = b"".join(transport.fetch(Request(path=LATER)))

    assert whole[5:] == b"".join(transport.fetch(Request(path=LATER, offset=5)))


def test_a_transport_can_be_sent_to_another_process(tmp_path):
    transport = RegistryTransport(Registry("r.example"), REPOSITORY)
    storage = RegistryStorage(transport.registry, REPOSITORY, receipts=FileStorage(tmp_path))

    assert transport == pickle.loads(pickle.dumps(transport))
    assert REPOSITORY == pickle.loads(pickle.dumps(storage)).repository


@pytest.mark.parametrize("bad", [("A/b", "x"), ("a", "x/y"), ("a", "")])
def test_names_that_no_registry_can_have_are_refused(bad):
    repository, tag = bad
    for kind in (RegistryTransport, RegistryStorage):
        with pytest.raises(ValueError):
            kind(talking_to(Honest()), repository, tag=tag)


# -- what it refuses --------------------------------------------------------------------


def refused(registry, error, **more):
    """See a client that has seen the collection refuse what is there, with nothing changed."""
    memory = MemoryStorage()
    client_of(beginning()[0].copied(), memory).refresh()
    before = dict(memory.files)

    with pytest.raises(error, **more) as caught:
        client_of(registry, memory).refresh()

    assert before == dict(memory.files)
    assert error is type(caught.value)
    return caught.value


def test_every_old_state_is_a_rollback(registry):
    """T-62: whoever owns the registry points the tag at what they once published."""
    tags = registry.tags[REPOSITORY]
    old = [named for _, _, named in beginning()[0].moves[:-1]]
    assert 4 == len(old)
    for named in old:
        tags[TAG] = named
        refused(registry, RollbackError)


def test_a_tag_that_is_gone_is_no_absence_of_trust(registry):
    registry.tags[REPOSITORY].clear()
    assert "withholds" in str(refused(registry, NoTrustDataError))


def test_the_collection_of_another_repository_is_refused(registry):
    """The same people sign it, with the same keys."""
    other = "acme/other"
    storage = storage_at(registry, other)
    before = created("docker.io/other")
    publish(storage, before, before, now=NOW)
    for _ in range(6):
        before = opened(storage)
        publish(storage, before, tagged_elsewhere(before), now=NOW)
    registry.blobs[REPOSITORY] |= registry.blobs[other]
    registry.manifests[REPOSITORY] |= registry.manifests[other]
    registry.tags[REPOSITORY][TAG] = registry.tags[other][TAG]

    refused(registry, WrongCollectionError)


def tagged_elsewhere(repository):
    number = 0 if repository.timestamp is None else repository.timestamp.version
    return repository.with_tag(f"other/app:{number}", digest=digest(), size=1)


def put(registry, document, media_type=OCI_MANIFEST):
    """Put what a registry's owner made up under the tag, whatever a registry would say to it."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    registry.manifests[REPOSITORY][sha256(raw)] = (media_type, raw)
    registry.tags[REPOSITORY][TAG] = sha256(raw)
    return raw


def current(registry):
    return json.loads(registry.manifests[REPOSITORY][registry.tags[REPOSITORY][TAG]][1])


def layer_of(document, path):
    [layer] = [one for one in document["layers"] if one["annotations"][TITLE] == path]
    return layer


@pytest.mark.parametrize("artifact_type", [None, "application/vnd.oci.image.config.v1+json", FILE])
def test_an_image_under_the_tag_is_no_collection(registry, artifact_type):
    document = {**current(registry), "artifactType": artifact_type}
    put(registry, {name: value for name, value in document.items() if value is not None})
    assert "$.artifactType" == refused(registry, MalformedError).path


def test_an_index_under_the_tag_is_no_collection(registry):
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [],
        "artifactType": ARTIFACT,
    }
    put(registry, document, OCI_INDEX)
    assert "$.artifactType" == refused(registry, MalformedError).path


def test_a_collection_that_is_also_an_index_is_neither(registry):
    """T-64, CVE-2021-41190."""
    put(registry, {**current(registry), "manifests": []})
    refused(registry, MalformedError)
    put(registry, current(registry), OCI_INDEX)
    refused(registry, MalformedError)


@pytest.mark.parametrize(
    "title",
    [
        "../timestamp.json", "/etc/passwd", "a/../b", ".", "", "a//b", "a\\b", "C:x", "a\0b",
        "\ud800", ".trustlib/clock", ".TRUSTLIB/x",
    ],
)  # fmt: skip
def test_a_title_that_is_no_path_is_refused(registry, title):
    document = current(registry)
    document["layers"].append({**document["layers"][0], "annotations": {TITLE: title}})
    put(registry, document)
    refused(registry, MalformedError)


def test_a_file_that_is_there_twice_is_refused(registry):
    """Though both are the same: who takes the first and who takes the last must agree."""
    document = current(registry)
    document["layers"].append(layer_of(document, "timestamp.json"))
    put(registry, document)
    assert "timestamp.json" == refused(registry, MalformedError).got


def test_a_layer_without_a_title_or_of_another_kind_is_refused(registry):
    document = current(registry)
    document["layers"].append({**document["layers"][0], "annotations": {}})
    put(registry, document)
    refused(registry, MalformedError)
    document["layers"][-1] |= {
        "annotations": {TITLE: "new"},
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
    }
    put(registry, document)
    assert refused(registry, MalformedError).path.endswith(".mediaType")


@pytest.mark.parametrize("lie", [b"", b"{}", b"not base64"])
def test_what_is_embedded_must_be_what_is_named(registry, lie):
    document = current(registry)
    data = lie.decode() if lie.startswith(b"not") else base64.b64encode(lie).decode()
    layer_of(document, "timestamp.json")["data"] = data
    put(registry, document)
    refused(registry, MalformedError)


def without_data(registry):
    document = current(registry)
    for layer in document["layers"]:
        layer.pop("data", None)
    return document


def test_what_is_not_embedded_is_fetched(registry):
    put(registry, without_data(registry))
    client_of(registry).refresh()


def test_a_blob_that_is_withheld_is_no_absence(registry):
    document = without_data(registry)
    put(registry, document)
    del registry.blobs[REPOSITORY][layer_of(document, "timestamp.json")["digest"]]
    assert "does not have" in refused(registry, TransportError).reason


def test_who_awaits_a_blob_that_is_withheld_is_told_the_same(registry):
    async def fetched():
        with aclient(domain) as talking:
            pieces = await AsyncRegistryTransport(talking, REPOSITORY).fetch(Request(path=LATER))
            return b"".join([piece async for piece in pieces])

    document = without_data(registry)
    put(registry, document)
    with served(registry) as domain:
        assert layer_of(document, "timestamp.json")["size"] == len(asyncio.run(fetched()))
        del registry.blobs[REPOSITORY][layer_of(document, "timestamp.json")["digest"]]
        with pytest.raises(TransportError, match="does not have"):
            asyncio.run(fetched())


def test_a_blob_of_other_bytes_is_refused(registry):
    """T-61: whatever the header says."""
    document = without_data(registry)
    put(registry, document)
    named = layer_of(document, "timestamp.json")
    registry.blobs[REPOSITORY][named["digest"]] = b"x" * named["size"]
    refused(registry, MismatchError)
    registry.blobs[REPOSITORY][named["digest"]] = b"x"
    refused(registry, MismatchError)


@pytest.mark.parametrize("stated", [10**6, 10**15])
def test_an_endless_blob_is_left_where_the_client_has_had_enough(registry, stated):
    """Whatever the manifest says its size is."""
    document = without_data(registry)
    named = layer_of(document, "timestamp.json")
    named["size"] = stated
    put(registry, document)
    registry.blobs[REPOSITORY][named["digest"]] = b"x" * 1_000_000
    assert "timestamp.json" == refused(registry, TooLongError).path


def test_a_publisher_does_not_take_what_is_too_long_for_its_memory(registry):
    document = without_data(registry)
    layer_of(document, "timestamp.json")["size"] = 32_000_001
    put(registry, document)
    with pytest.raises(TooLongError):
        storage_at(registry).read("timestamp.json")


def test_sixteen_thousand_files_can_be_read(registry):
    document = current(registry)
    first = document["layers"][0]
    document["layers"] += [
        {**first, "annotations": {TITLE: f"{number}.x.json"}} for number in range(8_000)
    ]
    for layer in document["layers"][:-8_000]:
        layer.pop("data", None)
    few = {"mediaType": FILE, "digest": first["digest"], "size": first["size"]}
    document["layers"][-8_000:] = [
        {**few, "annotations": {TITLE: f"{number}.x.json"}} for number in range(16_000)
    ]
    raw = put(registry, document)
    assert len(raw) < 4_194_304
    client_of(registry).refresh()


def test_a_manifest_beyond_what_registries_take_is_not_read(registry):
    put(registry, {**current(registry), "annotations": {"x": "x" * 4_194_304}})
    with served(registry) as domain, client(domain) as talking, pytest.raises(TooLongError):
        reading(RegistryTransport(talking, REPOSITORY), MemoryStorage()).refresh()


def test_more_files_than_a_manifest_can_name_are_not_published(registry):
    """Nor is anything sent: that would have been in vain."""
    storage = storage_at(registry)
    revision = storage.read("timestamp.json").revision
    asked_since(registry)
    files = {f"{number}.{'x' * 100}.json": b"" for number in range(15_000)}
    with pytest.raises(LimitError, match="4194304"):
        storage.write_all(files, dropping=(), path="timestamp.json", replacing=revision)
    assert [MANIFEST] == asked_since(registry)


@pytest.mark.parametrize(
    "history",
    [" ".join([digest("a")] * 50_000), "x" * 4_000_000, " " * 100_000, f"{digest('a')}@nobody"],
)
def test_no_history_makes_anybody_ask_for_more(registry, history):
    document = current(registry)
    document["annotations"] = {HISTORY: history}
    put(registry, document)
    asked_since(registry)
    client_of(registry).refresh()
    assert 2 == len(asked_since(registry))

    storage = RegistryStorage(
        talking_to(beginning()[0].copied()), REPOSITORY, receipts=MemoryStorage()
    )
    storage.write("a", b"", replacing=None)
    late = RegistryStorage(talking_to(registry), REPOSITORY, receipts=storage.receipts)
    with pytest.raises(OverwrittenError):
        late.list()
    assert 2 == len(asked_since(registry)), "it looks, and looks for what it published"
