"""What is signed is what the pusher knows; what the registry says must be the same."""

import pytest
from core.worlds import NOW, signer
from publish.desks import digest
from registry.contents import OCI_INDEX, OCI_MANIFEST
from registry.trusting import collection, publisher, pushed, registry_at, updater

from trustlib import (
    Authority,
    Digest,
    ImageReference,
    MemoryStorage,
    MismatchError,
    NotFoundError,
    PathPatterns,
    PerOrganisation,
    PerRepository,
    SigningError,
    ThresholdError,
)
from trustlib.publish.meaning import meaning
from trustlib.registry import (
    TAG,
    Descriptor,
    RegistryStorage,
    RegistryTransport,
    described,
    revoke,
    sign_remote,
    trusted_push,
)

pytestmark = pytest.mark.servers
_count = iter(range(10**6))


@pytest.fixture
def desk(plain):
    return Desk(plain)


class Desk:
    """Somebody with a registry, a repository in it that nobody else uses, and a collection."""

    def __init__(self, place):
        self.registry, self.path = registry_at(place), f"push{next(_count)}/app"
        self.image = f"{place.domain}/{self.path}"
        self.storage = MemoryStorage()
        self.anchor = collection(self.storage, place.domain)

    def publisher(self, *names):
        return publisher(self.anchor, *names)

    def push(self, content, *names, tag="1.4"):
        return trusted_push(
            f"{self.image}:{tag}",
            content,
            registry=self.registry,
            publisher=self.publisher(*names),
            storage=self.storage,
        )

    def edit(self, edit, *names):
        return self.publisher(*names).retrying(edit, self.storage).repository

    def delegating(self, *keys, name="releases", threshold=1, also=(), **more):
        """Let *keys* speak for the image; *also* are those of others who must sign that."""
        authority = Authority.of(*(signer(key).key for key in keys), threshold=threshold)
        grant = PathPatterns((f"{self.path}:*",))
        return self.edit(
            lambda before: before.with_delegation(name, keys=authority, grant=grant, **more),
            *("root", "alice", "online", *also, *keys),
        )

    def revoke(self, *names, tag="1.4"):
        return revoke(f"{self.image}:{tag}", publisher=self.publisher(*names), storage=self.storage)


def test_what_was_pushed_is_what_the_tag_stands_for(desk):
    content = pushed(desk.registry, desk.path, "1.4")

    vouched = desk.push(content)

    assert (content.digest, content.size, content.media_type, ("targets",)) == (
        vouched.binding.digest,
        vouched.binding.size,
        vouched.binding.media_type,
        vouched.roles,
    )


def moved(content, **what):
    return Descriptor(
        media_type=what.get("media_type", content.media_type),
        digest=what.get("digest", content.digest),
        size=what.get("size", content.size),
    )


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"digest": Digest.parse(digest("b"))}, "digest"),
        ({"digest": Digest.of(b"x", "sha512")}, "digest"),
        ({"size": 1}, "size"),
        ({"media_type": OCI_INDEX}, "media type"),
    ],
)
def test_a_registry_that_answers_with_something_else_is_not_signed_for(desk, what, named):
    content = pushed(desk.registry, desk.path, "1.4")

    with pytest.raises(MismatchError, match=named):
        desk.push(moved(content, **what))
    with pytest.raises(NotFoundError):
        meaning(desk.edit(lambda repository: repository), f"{desk.image}:1.4")


def test_a_tag_that_was_moved_since_is_not_signed_for(desk):
    content = pushed(desk.registry, desk.path, "1.4")
    pushed(desk.registry, desk.path, "1.4", b"somebody else's")

    with pytest.raises(MismatchError, match="digest") as caught:
        desk.push(content)
    assert "Nothing was signed" in caught.value.__notes__[0]


def test_a_tag_that_is_not_there_is_not_signed_for(desk):
    content = pushed(desk.registry, desk.path, "1.4")

    with pytest.raises(NotFoundError, match="push it first"):
        desk.push(content, tag="1.5")


@pytest.mark.parametrize("suffix", ["", ":_trust", f":1.4@{digest()}", f"@{digest()}"])
def test_a_tag_is_what_is_signed_and_never_the_collections_own(desk, suffix):
    content = pushed(desk.registry, desk.path, "1.4")
    settings = {"publisher": desk.publisher(), "storage": desk.storage}

    with pytest.raises(ValueError, match="tag"):
        trusted_push(f"{desk.image}{suffix}", content, registry=desk.registry, **settings)
    with pytest.raises(ValueError, match="tag"):
        sign_remote(f"{desk.image}{suffix}", lambda *_: True, registry=desk.registry, **settings)
    with pytest.raises(ValueError, match="tag"):
        revoke(f"{desk.image}{suffix}", **settings)


def test_what_one_registry_has_is_not_signed_for_another(desk):
    content = pushed(desk.registry, desk.path, "1.4")
    storage = MemoryStorage()
    settings = {
        "registry": desk.registry,
        "publisher": publisher(collection(storage, "docker.io")),
        "storage": storage,
    }

    with pytest.raises(ValueError, match="write the registry's domain before"):
        trusted_push(f"{desk.path}:1.4", content, **settings)
    with pytest.raises(ValueError, match="expected an image of"):
        sign_remote(f"{desk.path}:1.4", pytest.fail, **settings)
    with pytest.raises(ValueError, match="expected an image of"):
        described(desk.registry, desk.path, content.digest)


@pytest.fixture
def own(plain):
    """A desk whose collection is called as its image is, and lies in the same repository."""
    desk = Desk(plain)
    desk.names = PerRepository(desk.image)
    desk.storage = RegistryStorage(desk.registry, desk.path)
    desk.anchor = collection(desk.storage, desk.image, names=desk.names)
    return desk


def test_an_image_with_a_collection_of_its_own_has_its_tags_where_clients_look(own):
    """A tag that is signed under another path is signed for nobody, and nobody would be told."""
    content = pushed(own.registry, own.path, "1.4")
    before = own.registry.manifest(own.path, TAG)

    for signing in (
        lambda: own.push(content),
        lambda: sign_remote(
            f"{own.image}:1.4",
            lambda *_: True,
            registry=own.registry,
            publisher=own.publisher(),
            storage=own.storage,
        ),
        own.revoke,
    ):
        with pytest.raises(ValueError, match=r"names=PerRepository\('.*/app'\)"):
            signing()
    assert before == own.registry.manifest(own.path, TAG)

    own.publisher = lambda *_: publisher(own.anchor, names=own.names)
    own.push(content)
    asked = updater(own.anchor, RegistryTransport(own.registry, own.path), own.names)
    assert content.digest == asked.resolve(f"{own.image}:1.4").digest
    assert ("targets",) == own.revoke().roles


def test_who_says_that_it_has_other_images_too_is_believed(own):
    names = PerOrganisation(own.registry.domain)
    own.publisher = lambda *_: publisher(own.anchor, names=names)

    own.push(pushed(own.registry, own.path, "1.4"))

    asked = updater(own.anchor, RegistryTransport(own.registry, own.path), names)
    assert "1.4" == asked.resolve(f"{own.image}:1.4").reference.tag


def test_who_knows_the_digest_alone_reads_the_rest_off_the_bytes(desk):
    content = pushed(desk.registry, desk.path, "1.4")

    assert content == described(desk.registry, f"{desk.image}:1.4", str(content.digest))
    with pytest.raises(NotFoundError):
        described(desk.registry, f"{desk.image}:1.4", digest("b"))


# -- what a tag says today -----------------------------------------------------------------


def test_what_a_tag_says_is_signed_when_somebody_agrees(desk):
    content, shown = pushed(desk.registry, desk.path, "1.4"), []

    def agreed(reference, descriptor):
        shown.append((reference, descriptor))
        return True

    vouched = sign_remote(
        f"{desk.image}:1.4",
        agreed,
        registry=desk.registry,
        publisher=desk.publisher(),
        storage=desk.storage,
    )

    assert [(ImageReference.parse(f"{desk.image}:1.4"), content)] == shown
    assert content.digest == vouched.binding.digest


def test_and_not_when_nobody_does(desk):
    pushed(desk.registry, desk.path, "1.4")
    before = dict(desk.storage.files)

    with pytest.raises(SigningError, match="nobody agreed"):
        sign_remote(
            f"{desk.image}:1.4",
            lambda *_: False,
            registry=desk.registry,
            publisher=desk.publisher(),
            storage=desk.storage,
        )
    assert before == dict(desk.storage.files)


def test_a_tag_that_says_nothing_is_shown_to_nobody(desk):
    with pytest.raises(NotFoundError):
        sign_remote(
            f"{desk.image}:none",
            pytest.fail,
            registry=desk.registry,
            publisher=desk.publisher(),
            storage=desk.storage,
        )


# -- as which role -------------------------------------------------------------------------


def test_a_delegated_signer_signs_as_the_delegated_role(desk):
    desk.delegating("team")
    content = pushed(desk.registry, desk.path, "1.4")

    assert ("releases",) == desk.push(content, "team", "online").roles


def test_so_does_one_whom_a_delegated_role_lets_speak(desk):
    desk.delegating("org", name="organisation")
    desk.delegating("team", by="organisation", also=["org"])
    content = pushed(desk.registry, desk.path, "1.4")

    vouched = desk.push(content, "team", "online")

    assert (("releases",), ("targets", "organisation", "releases")) == (
        vouched.roles,
        vouched.binding.via,
    )


def test_a_role_whose_bins_list_the_tag_is_not_said_to_list_it(desk):
    desk.delegating("team")
    bins = Authority.of(signer("team").key)
    desk.edit(lambda before: before.with_bins(keys=bins, bits=1, by="releases"), "team", "online")
    content = pushed(desk.registry, desk.path, "1.4")

    vouched = desk.push(content, "team", "online")

    assert vouched.roles == vouched.binding.via[-1:]
    assert vouched.roles[0].startswith("bin-")


def test_what_a_role_lists_that_may_not_speak_for_it_any_more_is_left_alone(desk):
    other = PathPatterns(("other/*",))
    desk.delegating("team")
    desk.push(pushed(desk.registry, desk.path, "1.4"), "team", "online")
    keys = Authority.of(signer("team").key)
    desk.edit(
        lambda before: (
            before.with_delegation("others", keys=keys, grant=other)
            .with_delegation("releases", keys=keys, grant=other, by="others")
            .without_delegation("releases")
        ),
        *("alice", "team", "online"),
    )
    content = pushed(desk.registry, desk.path, "1.4", b"the next one")

    vouched = desk.push(content, "alice", "team", "online")

    assert (("targets",), content.digest) == (vouched.roles, vouched.binding.digest)


def test_a_role_that_needs_more_keys_than_there_are_is_not_signed_as(desk):
    desk.delegating("team", "bob", threshold=2)
    content = pushed(desk.registry, desk.path, "1.4")

    with pytest.raises(ThresholdError):
        desk.push(content, "team", "online")
    assert ("releases",) == desk.push(content, "team", "bob", "online").roles


def test_a_role_that_our_keys_are_not_enough_for_is_left_to_others(desk):
    desk.delegating("team", "bob", threshold=2)
    content = pushed(desk.registry, desk.path, "1.4")

    assert ("targets",) == desk.push(content, "alice", "team", "online").roles


def test_nor_are_they_enough_for_one_of_two_that_let_it_speak(desk):
    desk.delegating("org", name="organisation")
    desk.delegating("team")
    desk.delegating("bob", by="organisation", also=["org", "team"])
    content = pushed(desk.registry, desk.path, "1.4")

    assert ("targets",) == desk.push(content, "alice", "team", "online").roles
    with pytest.raises(NotFoundError, match="targets"):
        desk.revoke("team", "online")


def test_whoever_listed_the_tag_before_lists_what_it_is_now(desk):
    content = pushed(desk.registry, desk.path, "1.4")
    desk.push(content)
    desk.delegating("team")
    other = pushed(desk.registry, desk.path, "1.4", b"the next one")

    vouched = desk.push(other, "alice", "team", "online")

    assert (("targets",), other.digest) == (vouched.roles, vouched.binding.digest)


def test_a_signature_that_nobody_would_look_at_is_said_to_be_one(desk):
    desk.push(pushed(desk.registry, desk.path, "1.4"))
    desk.delegating("team")
    other = pushed(desk.registry, desk.path, "1.4", b"the next one")

    with pytest.raises(MismatchError) as caught:
        desk.push(other, "team", "online")
    assert "signed and published as releases all the same" in caught.value.__notes__[-1]
    assert ("releases",) == desk.revoke("team", "online").roles


# -- revoking ------------------------------------------------------------------------------


def test_a_revoked_tag_is_vouched_for_by_nobody(desk):
    desk.push(pushed(desk.registry, desk.path, "1.4"))

    revoked = desk.revoke()

    assert (("targets",), None) == (revoked.roles, revoked.means)
    assert "no longer vouched for (targets), by anybody" in str(revoked)
    with pytest.raises(NotFoundError):
        meaning(revoked.receipt.repository, f"{desk.image}:1.4")


def test_every_signature_that_our_keys_made_is_removed(desk):
    content = pushed(desk.registry, desk.path, "1.4")
    desk.delegating("team")
    desk.push(content, "team", "online")
    desk.edit(
        lambda before: before.with_tag(
            f"{desk.image}:1.4", digest=content.digest, size=content.size
        )
    )

    revoked = desk.revoke("alice", "team", "online")

    assert (("releases", "targets"), None) == (revoked.roles, revoked.means)


def test_what_others_say_stays_and_is_told(desk):
    content = pushed(desk.registry, desk.path, "1.4")
    desk.delegating("team")
    desk.push(content, "team", "online")
    desk.edit(lambda before: before.with_tag(f"{desk.image}:1.4", digest=digest("c"), size=7))

    revoked = desk.revoke("alice", "online")

    assert ("targets",) == revoked.roles
    assert (content.digest, ("targets", "releases")) == (revoked.means.digest, revoked.means.via)
    assert f"it now is {content.digest}, says releases" in str(revoked)


def test_a_tag_that_our_keys_do_not_vouch_for_cannot_be_revoked(desk):
    content = pushed(desk.registry, desk.path, "1.4")
    desk.delegating("team")
    desk.push(content, "team", "online")

    with pytest.raises(NotFoundError, match=r"none of these keys signed it.*releases"):
        desk.revoke("alice", "online")
    with pytest.raises(NotFoundError, match="nobody"):
        desk.revoke(tag="none")


def test_tags_in_bins_are_signed_and_revoked_as_any(desk):
    bins = Authority.of(signer("alice").key)
    desk.edit(lambda before: before.with_bins(keys=bins, bits=2))
    content = pushed(desk.registry, desk.path, "1.4")

    vouched = desk.push(content)
    revoked = desk.revoke()

    assert content.digest == vouched.binding.digest
    assert (vouched.roles, None) == (revoked.roles, revoked.means)
    assert OCI_MANIFEST == vouched.binding.media_type
    assert vouched.binding.valid_until > NOW
