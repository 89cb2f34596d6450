"""Somebody owns the registry, its token server's address included: nothing of theirs arrives.

Real HTTP servers; a client who waits and one who awaits, who has met the collection
before or not. What is signed lies in the registry itself, beside the image.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from attrs import define, field, frozen
from registry.contents import CONFIG, OCI_INDEX, OCI_MANIFEST, digest, index, manifest, raw
from registry.honest import AT_ONCE, Honest, served, sha256, talking_to
from registry.scripted import Scripted
from registry.trusting import NOW, collection, publisher

from trustlib import (
    AsyncUpdater,
    DeniedError,
    ExpiredError,
    Freshness,
    LimitError,
    MalformedError,
    MemoryStorage,
    MismatchError,
    NoTrustDataError,
    PerOrganisation,
    RollbackError,
    TooLongError,
    TransportError,
    WrongCollectionError,
)
from trustlib.registry import (
    TAG,
    WITHOUT_TLS,
    Always,
    AsyncRegistry,
    AsyncRegistryTransport,
    Descriptor,
    Enforcer,
    IntoLayout,
    Layout,
    Password,
    Platform,
    Policy,
    Registry,
    RegistryLimits,
    RegistryStorage,
    SpokenFor,
    afetched_into,
    trusted_pull,
)
from trustlib.storage import ThreadedStorage

APP, TRUST, OTHER = "acme/app", "acme/trust", "other/trust"
AMD64 = Platform.parse("linux/amd64")
LAYERS = {name: f"the layer for {name}".encode() for name in ("amd64", "arm64")}
CHILDREN = {name: raw(manifest(layer)) for name, layer in LAYERS.items()}
INDEX = raw(
    index(
        manifests=[
            {
                "mediaType": OCI_MANIFEST,
                "digest": sha256(child),
                "size": len(child),
                "platform": {"os": "linux", "architecture": name},
            }
            for name, child in CHILDREN.items()
        ]
    )
)
EVIL = raw(manifest(b"what nobody signed"))
SECRET = "s3cret"


@define(eq=False)
class Malicious(Honest):
    """A registry that does what it should, and then says something else.

    Attributes:
        lie: is given the target, and what an honest registry would have said.
    """

    lie: Callable = field(default=lambda _, said: said)

    def answer(self, method, target, headers, body=b""):
        return self.lie(target, Honest.answer(self, method, target, headers, body))


@frozen
class World:
    """A malicious registry, and who believes what.

    Attributes:
        registry: the registry.
        domain: where it is.
        elsewhere: another server of the same owner.
        anchor: of the collection.
    """

    registry: Malicious
    domain: str
    elsewhere: Scripted
    anchor: object

    @property
    def settings(self):
        return {
            "scheme": WITHOUT_TLS,
            "retries": AT_ONCE,
            "credentials": Always(self.domain, Password("ann", SECRET)),
        }

    @property
    def image(self):
        return f"{self.domain}/{APP}:1.4"


def put(registry, repository, document, media_type, tag):
    """Have *document* there, whatever a registry would say to it."""
    registry.manifests[repository][sha256(document)] = (media_type, document)
    registry.tags[repository][tag] = sha256(document)


def told(registry, target):
    """Tell a lie about what is at *target*, and the truth about the rest."""

    def lying(lie):
        registry.lie = lambda asked, said: lie(said) if asked.startswith(target) else said

    return lying


@pytest.fixture(scope="module")
def begun():
    """A world in which nothing has happened yet, and what is in its registry then."""
    registry = Malicious(tokens="somewhere")
    for data in (CONFIG, *LAYERS.values(), b"what nobody signed"):
        registry.blobs[APP][sha256(data)] = data
    for child in CHILDREN.values():
        registry.manifests[APP][sha256(child)] = (OCI_MANIFEST, child)
    put(registry, APP, INDEX, OCI_INDEX, "1.4")
    with served(registry) as domain, Scripted({}) as elsewhere:
        world = World(registry, domain, elsewhere, _signed(registry, domain))
        yield world, registry.copied()


@pytest.fixture
def world(begun):
    world, then = begun
    world.registry.lie = lambda _, said: said
    had = then.copied()
    for what in ("blobs", "manifests", "tags"):
        setattr(world.registry, what, getattr(had, what))
    world.registry.asked.clear()
    world.elsewhere.heard.clear()
    return world


def _signed(registry, domain):
    """Publish five states of the collection, and another one by the same people."""

    def states(repository, name, *tags):
        storage = RegistryStorage(talking_to(registry, domain, scheme=WITHOUT_TLS), repository)
        anchor = collection(storage, f"{domain}/{name}")
        for tag in tags:
            publisher(anchor).retrying(
                lambda before, tag=tag: before.with_tag(
                    f"{domain}/{name}/app:{tag}",
                    digest=digest(INDEX),
                    size=len(INDEX),
                    media_type=OCI_INDEX,
                ),
                storage,
            )
        return anchor

    states(OTHER, "other", *"123456")
    registry.moves.clear()
    return states(TRUST, "acme", "1.1", "1.2", "1.3", "1.4")


# -- who pulls ----------------------------------------------------------------------------


def waits(world, memory, layout, now):
    anchored = SpokenFor(
        f"{world.domain}/acme",
        anchor=world.anchor,
        repository=TRUST,
        freshness=Freshness(max_age=timedelta(0)),
    )
    with closing(Registry(world.domain, **world.settings)) as registry:
        enforcer = Enforcer(
            policy=Policy([anchored]),
            registry=lambda _: registry,
            store=lambda _: memory,
            clock=lambda: now,
        )
        into = IntoLayout(layout, registry, platform=AMD64)
        return trusted_pull(world.image, enforcer.resolve, into).place


def awaits(world, memory, layout, now):
    async def pulled():
        with closing(AsyncRegistry(world.domain, **world.settings)) as registry:
            updater = AsyncUpdater(
                anchor=world.anchor,
                transport=AsyncRegistryTransport(registry, TRUST),
                storage=ThreadedStorage(memory),
                names=PerOrganisation(world.domain),
                policy=Freshness(max_age=timedelta(0)),
                clock=lambda: now,
            )
            binding = await updater.resolve(world.image)
            wanted = Descriptor(
                media_type=binding.media_type, digest=binding.digest, size=binding.size
            )
            return await afetched_into(
                layout, registry, APP, wanted, platform=AMD64, name=binding.reference.tag
            )

    return asyncio.run(pulled())


# -- what the owner does --------------------------------------------------------------------


def points_the_tag_at_something_else(world):
    put(world.registry, APP, EVIL, OCI_MANIFEST, "1.4")


def points_the_tag_at_something_else_while_somebody_pulls(world):
    """T-105: between the question who vouches, and the download."""

    def moving(target, said):
        if TAG in target:
            put(world.registry, APP, EVIL, OCI_MANIFEST, "1.4")
        return said

    world.registry.lie = moving


def replays(state):
    def act(world):
        _, _, named = world.registry.moves[state]
        world.registry.tags[TRUST][TAG] = named

    return act


def deletes_the_newest(world):
    del world.registry.tags[TRUST][TAG]


def withholds_what_its_manifest_names(world):
    document = _collection(world)
    for layer in document["layers"]:
        layer.pop("data", None)
        world.registry.blobs[TRUST].pop(layer["digest"], None)
    put(world.registry, TRUST, raw(document), OCI_MANIFEST, TAG)


def serves_the_collection_of_another(world):
    registry = world.registry
    registry.blobs[TRUST] |= registry.blobs[OTHER]
    registry.manifests[TRUST] |= registry.manifests[OTHER]
    registry.tags[TRUST][TAG] = registry.tags[OTHER][TAG]


def embeds_other_bytes(world):
    document = _collection(world)
    for layer in document["layers"]:
        layer["data"] = "e30="
    put(world.registry, TRUST, raw(document), OCI_MANIFEST, TAG)


def calls_the_collection_an_index(world):
    put(world.registry, TRUST, raw(_collection(world)), OCI_INDEX, TAG)


def makes_the_collection_an_index_too(world):
    put(world.registry, TRUST, raw({**_collection(world), "manifests": []}), OCI_MANIFEST, TAG)


def _collection(world):
    _, document = world.registry.manifests[TRUST][world.registry.tags[TRUST][TAG]]
    return json.loads(document)


def has(document, media_type, in_place_of):
    """T-61, CVE-2021-41190: another manifest, or another kind, at the digest that was signed."""

    def act(world):
        world.registry.manifests[APP][sha256(in_place_of)] = (media_type, document)

    return act


def says_another_digest(world):
    tell = told(world.registry, f"/v2/{APP}/manifests/{sha256(INDEX)}")
    tell(lambda said: (said[0], said[1] | {"Docker-Content-Digest": sha256(EVIL)}, said[2]))


def has_a_layer(data):
    def act(world):
        world.registry.blobs[APP][sha256(LAYERS["amd64"])] = data

    return act


def sends(*pieces, of):
    def act(world):
        told(world.registry, of)(lambda said: (said[0], said[1], b"".join(pieces)))

    return act


def sends_us_elsewhere(of):
    """T-65."""

    def act(world):
        moved = {"Location": f"{world.elsewhere.origin}/x"}
        told(world.registry, of)(lambda _: (307, moved, b""))

    return act


def wants_us_to_say_elsewhere_who_we_are(world):
    """T-65, CVE-2020-15157."""
    wanted = f'Bearer realm="{world.elsewhere.origin}/token",service="honest"'
    told(world.registry, "/v2/")(lambda _: (401, {"WWW-Authenticate": wanted}, b""))


def nothing(_):
    """It is all there, and nothing new comes."""


ENDLESS = b"x" * 5_000_000
ANYBODY = {
    "another manifest": (has(EVIL, OCI_MANIFEST, INDEX), MismatchError),
    "another index": (has(raw(index(EVIL)), OCI_INDEX, INDEX), MismatchError),
    "one of its images in place of the index": (
        has(CHILDREN["amd64"], OCI_MANIFEST, INDEX),
        MismatchError,
    ),
    "the index as a manifest": (has(INDEX, OCI_MANIFEST, INDEX), MalformedError),
    "an image as an index": (has(CHILDREN["amd64"], OCI_INDEX, CHILDREN["amd64"]), MalformedError),
    "the image for another platform": (
        has(CHILDREN["arm64"], OCI_MANIFEST, CHILDREN["amd64"]),
        MismatchError,
    ),
    "a header about something else": (says_another_digest, MismatchError),
    "another layer": (has_a_layer(b"the layer from EVIL"), MismatchError),
    "a layer that is cut": (has_a_layer(b"the"), MismatchError),
    "a layer without an end": (has_a_layer(ENDLESS), TooLongError),
    "a manifest without an end": (sends(ENDLESS, of=f"/v2/{APP}/manifests/"), TooLongError),
    "a collection without an end": (sends(ENDLESS, of=f"/v2/{TRUST}/manifests/"), TooLongError),
    "a token without an end": (sends(ENDLESS, of="/token"), TooLongError),
    "no collection": (deletes_the_newest, NoTrustDataError),
    "a collection without its files": (withholds_what_its_manifest_names, TransportError),
    "the collection of another": (serves_the_collection_of_another, WrongCollectionError),
    "other bytes in the manifest": (embeds_other_bytes, MalformedError),
    "the collection as an index": (calls_the_collection_an_index, MalformedError),
    "a collection that is an index too": (makes_the_collection_an_index_too, MalformedError),
    "a manifest elsewhere": (sends_us_elsewhere(f"/v2/{APP}/manifests/"), TransportError),
    "a collection elsewhere": (sends_us_elsewhere(f"/v2/{TRUST}/"), TransportError),
    "a layer elsewhere, without TLS": (sends_us_elsewhere(f"/v2/{APP}/blobs/"), TransportError),
    "a token server elsewhere": (wants_us_to_say_elsewhere_who_we_are, DeniedError),
}
"""What it does, and what each client says to it."""

WHO_WAS_HERE = {f"state {n} of five": (replays(n), RollbackError) for n in range(4)}
"""T-62: the same for clients who have seen a later state; others see that it expires."""


def refused(world, pulls, memory, tmp_path, act, error, *, now=NOW):
    """See that *act* is answered with *error*, and that nothing of it is kept."""
    act(world)
    layout, before = Layout(tmp_path / "images"), dict(memory.files)

    with pytest.raises(error) as caught:
        pulls(world, memory, layout, now)

    assert error is type(caught.value)
    assert not (layout.path / "index.json").exists(), "no image has a name"
    for path in layout.path.glob("blobs/sha256/[0-9a-f]*"):
        assert f"sha256:{path.name}" == sha256(path.read_bytes())
    assert not before or before == dict(memory.files)
    assert [] == world.elsewhere.heard, "nobody else was asked anything"
    assert SECRET not in str(caught.value)


PULLS = pytest.mark.parametrize("pulls", [waits, awaits])


@PULLS
@pytest.mark.parametrize(
    "act",
    [
        nothing,
        points_the_tag_at_something_else,
        points_the_tag_at_something_else_while_somebody_pulls,
    ],
)
def test_whatever_a_tag_is_pointed_at_what_was_signed_is_pulled(world, pulls, act, tmp_path):
    act(world)

    pulled = pulls(world, MemoryStorage(), Layout(tmp_path), NOW)

    assert digest(CHILDREN["amd64"]) == pulled.digest
    assert CHILDREN["amd64"] == Layout(tmp_path).manifest("1.4").raw
    assert LAYERS["amd64"] == Layout(tmp_path).read_blob(pulled.layers[0])


@PULLS
@pytest.mark.parametrize("met", [False, True], ids=["first", "again"])
@pytest.mark.parametrize(("act", "error"), ANYBODY.values(), ids=ANYBODY)
def test_what_it_says_is_refused(world, pulls, met, act, error, tmp_path):
    memory = MemoryStorage()
    if met:
        pulls(world, memory, Layout(tmp_path / "before"), NOW)

    refused(world, pulls, memory, tmp_path, act, error)


@PULLS
@pytest.mark.parametrize(("act", "error"), WHO_WAS_HERE.values(), ids=WHO_WAS_HERE)
def test_whoever_has_seen_more_is_shown_nothing_old(world, pulls, act, error, tmp_path):
    memory = MemoryStorage()
    pulls(world, memory, Layout(tmp_path / "before"), NOW)

    refused(world, pulls, memory, tmp_path, act, error)


@PULLS
@pytest.mark.parametrize("act", [nothing, *(act for act, _ in WHO_WAS_HERE.values())])
def test_what_is_kept_from_everybody_expires(world, pulls, act, tmp_path):
    later = NOW + timedelta(days=15)
    refused(world, pulls, MemoryStorage(), tmp_path, act, ExpiredError, now=later)


def test_lists_that_do_not_end_are_not_read_to_their_end(world):
    """T-60. Each page says that there is another."""
    limits = RegistryLimits(pages=20)

    def another(target, said):
        last = f'<{target.partition("?")[0]}?n=1&last={len(world.registry.asked)}>; rel="next"'
        return said[0], said[1] | {"Link": last}, said[2]

    world.registry.lie = lambda target, said: another(target, said) if "/tags/" in target else said
    with (
        closing(Registry(world.domain, limits=limits, **world.settings)) as registry,
        pytest.raises(LimitError, match="pages"),
    ):
        registry.tags(APP)
    asked = [target for _, target in world.registry.asked if "/tags/" in target]
    assert 1 + 20 == len(asked), "the first one is answered with a challenge"
