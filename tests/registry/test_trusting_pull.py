"""A pull is handed a digest that somebody vouches for, and never a tag."""

import os

import pytest
from attrs import evolve
from registry import contents
from registry.contents import OCI_INDEX, OCI_MANIFEST, index, raw
from registry.trusting import (
    RegistryTransport,
    collection,
    publisher,
    pushed,
    registry_at,
    updater,
)

from trustlib import (
    Digest,
    ImageReference,
    MismatchError,
    NotFoundError,
    NoTrustDataError,
    PerOrganisation,
    TagBinding,
    TransportError,
)
from trustlib.events import Untrusted
from trustlib.registry import (
    ContentTrust,
    Enforcer,
    Holders,
    IntoLayout,
    Layout,
    Platform,
    Policy,
    RegistryStorage,
    content_trust,
    inspected,
    trusted_pull,
    trusted_push,
    untrusted_pull,
)
from trustlib.registry.layout import NAME
from trustlib.storage import MemoryStorage

pytestmark = pytest.mark.servers
_count = iter(range(10**6))


class Hands:
    """Whoever fetches an image: remembers what it was handed."""

    def __init__(self, problem=None):
        self.handed, self.problem = [], problem

    def pull(self, binding):
        self.handed.append(binding.pinned)
        if self.problem:
            raise self.problem
        return "here"


@pytest.fixture
def signed(plain):
    """An image with a collection in its organisation's repository: updater, reference, digest."""
    registry, organisation = registry_at(plain), f"pull{next(_count)}"
    storage = RegistryStorage(registry, f"{organisation}/trust")
    anchor = collection(storage, plain.domain)
    reference = f"{plain.domain}/{organisation}/app:1.4"
    content = pushed(registry, f"{organisation}/app", "1.4")
    trusted_push(
        reference, content, registry=registry, publisher=publisher(anchor), storage=storage
    )
    client = updater(
        anchor,
        RegistryTransport(registry, f"{organisation}/trust"),
        PerOrganisation(plain.domain),
    )
    return client, reference, content.digest, registry


def test_the_digest_that_somebody_vouches_for_is_fetched(signed):
    client, reference, digest, _ = signed
    hands = Hands()

    pulled = trusted_pull(reference, client.resolve, hands)

    assert [f"{reference.removesuffix(':1.4')}@{digest}"] == hands.handed
    assert ("here", digest) == (pulled.place, pulled.binding.digest)


def test_whatever_the_tag_says_by_then(signed):
    client, reference, digest, registry = signed
    path = reference.partition("/")[2].removesuffix(":1.4")
    pushed(registry, path, "1.4", b"the attacker's")
    hands = Hands()

    trusted_pull(reference, client.resolve, hands)

    assert hands.handed == [f"{reference.removesuffix(':1.4')}@{digest}"]


def test_nothing_is_fetched_of_what_nobody_vouches_for(signed):
    client, reference, _, _ = signed
    hands = Hands()

    with pytest.raises(NotFoundError):
        trusted_pull(reference.replace("1.4", "9"), client.resolve, hands)
    with pytest.raises(NotFoundError, match="latest"):
        trusted_pull(reference.removesuffix(":1.4"), client.resolve, hands)
    guard = Enforcer(policy=Policy([]), store=lambda _: MemoryStorage())
    with pytest.raises(NoTrustDataError):
        trusted_pull(reference, guard.resolve, hands)
    assert [] == hands.handed


def test_what_cannot_be_fetched_is_the_pullers_error(signed):
    client, reference, _, _ = signed

    with pytest.raises(TransportError, match="no room"):
        trusted_pull(reference, client.resolve, Hands(TransportError("disk", "no room")))


def test_an_untrusted_pull_is_told_to_somebody(signed):
    _, reference, digest, registry = signed
    hands, events = Hands(), []

    pulled = untrusted_pull(reference, registry, hands, told=events.append)

    assert [f"{reference.removesuffix(':1.4')}@{digest}"] == hands.handed
    (event,) = events
    assert (reference, str(digest), ()) == (event.reference, event.digest, pulled.binding.via)
    assert isinstance(event, Untrusted)
    assert "nobody vouches for it" in str(event)


def test_an_untrusted_pull_by_digest_asks_nobody_what_the_tag_says(signed):
    _, reference, digest, registry = signed
    path = reference.partition("/")[2].removesuffix(":1.4")
    pushed(registry, path, "1.4", b"the attacker's")
    hands = Hands()

    untrusted_pull(f"{reference}@{digest}", registry, hands, told=lambda event: None)

    assert [f"{reference.removesuffix(':1.4')}@{digest}"] == hands.handed


def test_an_untrusted_pull_of_nothing_fetches_nothing(signed):
    _, reference, _, registry = signed
    hands = Hands()

    with pytest.raises(NotFoundError):
        untrusted_pull(reference.replace("1.4", "9"), registry, hands, told=pytest.fail)
    assert [] == hands.handed


def test_an_untrusted_pull_asks_the_registry_that_the_image_is_in(signed):
    _, reference, _, registry = signed
    hands = Hands()

    with pytest.raises(ValueError, match="expected an image of"):
        untrusted_pull(reference.partition("/")[2], registry, hands, told=pytest.fail)
    assert [] == hands.handed


def test_an_untrusted_pull_cannot_be_silent(signed):
    _, reference, _, registry = signed

    with pytest.raises(TypeError, match="told"):
        untrusted_pull(reference, registry, Hands())


# -- into a directory ----------------------------------------------------------------------


def test_an_image_is_pulled_into_a_layout_under_its_tag(signed, tmp_path):
    client, reference, digest, registry = signed
    layout, told = Layout(tmp_path / "images"), []

    pulled = trusted_pull(
        reference,
        client.resolve,
        IntoLayout(layout, registry, progress=lambda *so_far: told.append(so_far)),
    )

    assert digest == pulled.place.digest == layout.manifest("1.4").digest
    assert all(list(layout.blob(blob)) for blob in pulled.place.needs)
    assert told[-1][0] == told[-1][1] > 0


def test_it_may_be_called_something_else_there(signed, tmp_path):
    client, reference, digest, registry = signed
    layout = Layout(tmp_path / "images")

    trusted_pull(reference, client.resolve, IntoLayout(layout, registry, name="release"))

    assert ["release"] == [entry.annotations[NAME] for entry in layout.entries()]
    assert digest == layout.manifest("release").digest


def test_what_is_pulled_has_the_size_and_kind_that_were_signed(signed, tmp_path):
    client, reference, _, registry = signed
    binding = client.resolve(reference)
    into = IntoLayout(Layout(tmp_path / "images"), registry)

    for lie in (
        evolve(binding, size=binding.size + 1),
        evolve(binding, media_type=OCI_INDEX),
    ):
        with pytest.raises(MismatchError):
            into.pull(lie)
    with pytest.raises(NotFoundError):
        into.layout.entries()


def test_where_nobody_signed_a_kind_the_digest_is_all_there_is(signed, tmp_path):
    client, reference, digest, registry = signed
    layout = Layout(tmp_path / "images")

    IntoLayout(layout, registry).pull(evolve(client.resolve(reference), media_type=None))

    assert digest == layout.manifest("1.4").digest


def test_one_platform_is_pulled_of_an_index_that_was_signed(signed, tmp_path):
    _, reference, digest, registry = signed
    path = reference.partition("/")[2].removesuffix(":1.4")
    arm = {"platform": {"os": "linux", "architecture": "arm64"}}
    image = registry.manifest(path, digest).raw
    both = raw(index(manifests=[contents.described(image, OCI_MANIFEST, **arm)]))
    listed = registry.push_manifest(path, "both", both, OCI_INDEX)
    binding = TagBinding(
        reference=ImageReference.parse(reference),
        digest=listed.digest,
        size=listed.size,
        media_type=listed.media_type,
    )

    def pulled(platform):
        into = IntoLayout(Layout(tmp_path / "images"), registry, platform=Platform.parse(platform))
        return into.pull(binding).digest

    assert digest == pulled("linux/arm64")
    with pytest.raises(NotFoundError, match="has nothing for linux/amd64"):
        pulled("linux/amd64")


def test_a_layout_is_filled_from_the_registry_that_the_image_is_in(signed, tmp_path):
    client, reference, _, registry = signed
    binding = client.resolve(reference)
    elsewhere = evolve(binding, reference=evolve(binding.reference, domain="other.example"))

    with pytest.raises(ValueError, match="expected an image of"):
        IntoLayout(Layout(tmp_path / "images"), registry).pull(elsewhere)


# -- looking -------------------------------------------------------------------------------


def test_all_tags_of_an_image_and_who_vouches_for_them(signed):
    client, reference, digest, _ = signed
    image = reference.removesuffix(":1.4")

    found = inspected(image, client)

    assert [(reference, digest, "targets")] == [
        (str(tag.binding.reference), tag.binding.digest, tag.role) for tag in found.tags
    ]
    assert [("root", 1), ("targets", 1)] == [
        (holders.role, holders.threshold) for holders in found.administrators
    ]
    assert found.tags[0].signed_by == found.administrators[1].keys
    assert f"1.4  {digest}  targets, until 20" in str(found)
    assert "nobody but those who administer it" in str(found)


def test_what_a_collection_calls_roles_and_keys_moves_no_cursor():
    holders = Holders(role="\x1b[2Jreleases", threshold=1, keys=("\x1b[1A\u202e", "ab" * 32))

    assert str(holders).isprintable()
    assert "abababababab" in str(holders)


def test_an_image_without_tags_has_none(signed):
    client, reference, _, _ = signed

    assert "  none" in str(inspected(reference.replace("/app:1.4", "/other"), client))
    assert () == client.tags(reference.replace("/app:1.4", "/other"))
    assert (reference,) == tuple(str(binding.reference) for binding in client.tags())


@pytest.mark.parametrize("suffix", [":1.4", f"@{Digest.of(b'x')}"])
def test_an_image_is_asked_for_without_a_tag(signed, suffix):
    client, reference, _, _ = signed

    with pytest.raises(ValueError, match="without tag and digest"):
        client.tags(reference.removesuffix(":1.4") + suffix)


# -- the environment -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "asks"),
    [
        (None, ContentTrust.NOT_ASKED_FOR),
        ("", ContentTrust.NOT_ASKED_FOR),
        ("1", ContentTrust.ENFORCED),
        ("true", ContentTrust.ENFORCED),
        ("yes, please", ContentTrust.ENFORCED),
        ("fAlse", ContentTrust.ENFORCED),
        ("0", ContentTrust.SWITCHED_OFF),
        ("False", ContentTrust.SWITCHED_OFF),
        ("f", ContentTrust.SWITCHED_OFF),
    ],
)
def test_an_environment_asks_for_what_docker_would_read(value, asks):
    assert asks is content_trust({} if value is None else {"DOCKER_CONTENT_TRUST": value})


def test_nobody_reads_an_environment_who_was_not_told_to(signed, monkeypatch):
    client, reference, _, _ = signed
    monkeypatch.setitem(os.environ, "DOCKER_CONTENT_TRUST", "0")
    hands = Hands()

    with pytest.raises(NotFoundError):
        trusted_pull(reference.replace("1.4", "9"), client.resolve, hands)
    assert [] == hands.handed
