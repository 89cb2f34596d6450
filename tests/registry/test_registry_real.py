"""A real registry, and skopeo as another reader and writer of the same images."""

import pytest
from registry.contents import CONFIG, CONFIG_TYPE, LAYER_TYPE, described, index, manifest, raw
from registry.processes import PASSWORD, USER, skopeo
from registry.tokens import REFRESH

from examples._registry import built
from trustlib import DeniedError, Digest, NotFoundError, TransportError
from trustlib.registry.credentials import Always, IdentityToken, Password
from trustlib.registry.manifests import OCI_INDEX, OCI_MANIFEST, Descriptor
from trustlib.transport import Tls

pytestmark = pytest.mark.servers

ANN = Password(USER, PASSWORD)
LAYER = b"a layer" * 50_000


@pytest.fixture(params=["plain", "secure", "tokens"])
def place(request):
    """Each kind of registry, and the settings of somebody who may do everything there."""
    if request.param == "plain":
        here = request.getfixturevalue("plain")
        return here, here.settings
    if request.param == "secure":
        here = request.getfixturevalue("secure")
        return here, here.settings | {"credentials": Always(here.domain, ANN)}
    here, tokens = request.getfixturevalue("with_tokens")
    more = {"credentials": Always(here.domain, ANN), "realms": {tokens.origin}}
    return here, here.settings | more


@pytest.fixture
def registry(place, speaking):
    here, settings = place
    return speaking(here.domain, **settings)


@pytest.fixture
def name(request):
    """A repository of this test's own."""
    return "acme/" + "".join(c for c in request.node.name.lower() if c.isalnum())[-60:]


def _pushed(registry, name: str, tag: str = "1") -> Descriptor:
    registry.upload_blob(name, CONFIG, CONFIG_TYPE)
    registry.upload_blob(name, LAYER, LAYER_TYPE)
    return registry.push_manifest(name, tag, raw(manifest(LAYER)), OCI_MANIFEST)


def test_what_we_push_skopeo_reads_and_what_skopeo_pushes_we_read(place, registry, name, tmp_path):
    here, settings = place
    known = f"--creds={USER}:{PASSWORD}" if "credentials" in settings else "--no-creds"
    image = built(tmp_path / "theirs", "hello from skopeo\n")
    where = f"docker://{here.domain}/{name}"
    to = [option.replace("--", "--dest-", 1) for option in (*here.skopeo, known)]
    skopeo("copy", *to, f"oci:{image.layout}", f"{where}:theirs")

    theirs = registry.manifest(name, "theirs")
    assert (image.digest, image.size) == (str(theirs.digest), theirs.descriptor.size)
    for needed in theirs.needs:
        assert needed == Descriptor.of(registry.read_blob(name, needed), needed.media_type)

    ours = _pushed(registry, name, "ours")
    printed = skopeo("inspect", *here.skopeo, known, "--raw", f"{where}:ours")
    assert raw(manifest(LAYER)) == printed.encode()
    assert ours.digest == registry.manifest(name, "ours").digest
    assert {"ours", "theirs"} == set(registry.tags(name))


def test_an_image_that_we_pushed_can_be_copied_whole(plain, speaking, name, tmp_path):
    registry = speaking(plain.domain, **plain.settings)
    pushed = _pushed(registry, name)

    skopeo(
        "copy", "--src-tls-verify=false", f"docker://{plain.domain}/{name}:1", f"dir:{tmp_path}/x"
    )

    assert LAYER == (tmp_path / "x" / Descriptor.of(LAYER, "").digest.hex).read_bytes()
    assert pushed.digest == Digest.of((tmp_path / "x" / "manifest.json").read_bytes())


def test_an_index_is_read_as_one(registry, name):
    one = _pushed(registry, name)
    data = raw(index(raw(manifest(LAYER))))

    registry.push_manifest(name, "all", data, OCI_INDEX)

    read = registry.manifest(name, "all")
    assert (OCI_INDEX, (one.digest,)) == (read.media_type, tuple(m.digest for m in read.manifests))
    assert read == registry.manifest(name, read.digest)


def test_what_is_not_there_is_not_there(registry, name):
    nowhere = Descriptor.of(b"nowhere", LAYER_TYPE)

    assert registry.manifest(name, "1") is None
    assert registry.manifest(name, nowhere.digest) is None
    assert () == registry.tags(name)
    assert () == registry.referrers(name, nowhere.digest)
    assert not registry.has_blob(name, nowhere.digest)
    with pytest.raises(NotFoundError, match=nowhere.digest.hex):
        registry.read_blob(name, nowhere)


def test_an_unchanged_manifest_is_not_sent_again(registry, name):
    _pushed(registry, name)
    first = registry.received(name, "1")

    assert first is registry.received(name, "1", first)
    registry.push_manifest(name, "1", raw(manifest()), OCI_MANIFEST)
    assert raw(manifest()) == registry.received(name, "1", first).manifest.raw


def test_a_blob_is_read_from_the_middle_and_downloaded_whole(registry, name, tmp_path):
    blob = registry.upload_blob(name, LAYER, LAYER_TYPE)
    told = []

    assert LAYER[1_000:] == b"".join(registry.blob(name, blob, 1_000))
    assert [] == registry.blob(name, blob, len(LAYER))
    path = registry.download_blob(name, blob, tmp_path / "x", progress=lambda *n: told.append(n))
    assert (LAYER, (len(LAYER), len(LAYER))) == (path.read_bytes(), told[-1])


def test_a_blob_is_sent_from_a_file_in_pieces_or_as_it_is_made(registry, name, tmp_path):
    file, told = tmp_path / "layer", []
    file.write_bytes(LAYER)

    first = registry.upload_blob(name, file, LAYER_TYPE, progress=lambda *n: told.append(n))
    made = registry.upload_stream(
        name, (LAYER[at : at + 1_000] for at in range(0, len(LAYER), 1_000))
    )
    again = registry.upload_blob(name, str(file), LAYER_TYPE)

    assert first == again == Descriptor.of(LAYER, LAYER_TYPE)
    assert first.digest == made.digest
    assert [(262_144, len(LAYER)), (len(LAYER), len(LAYER))] == told
    empty = registry.upload_stream(name, [])
    assert (b"", 0) == (registry.read_blob(name, empty), empty.size)


def test_a_blob_is_taken_over_from_another_repository(registry, name):
    blob = registry.upload_blob(name, LAYER, LAYER_TYPE)

    assert registry.mount_blob(f"{name}/copy", blob.digest, name)
    assert LAYER == registry.read_blob(f"{name}/copy", blob)
    assert not registry.mount_blob(f"{name}/copy", Digest.of(b"nowhere"), name)


def test_tags_come_in_pages(plain, speaking, name):
    registry = speaking(plain.domain, **plain.settings)
    wanted = tuple(sorted(f"t{number:03}" for number in range(12)))
    pushed = _pushed(registry, name, wanted[0])
    for tag in wanted[1:]:
        registry.push_manifest(name, tag, raw(manifest(LAYER)), OCI_MANIFEST)

    assert wanted == tuple(sorted(registry.tags(name)))
    assert pushed.digest == registry.manifest(name, "t011").digest


def test_what_refers_to_a_manifest_is_found_under_the_tag_that_clients_leave(registry, name):
    """The Debian registry has no referrers API."""
    about = _pushed(registry, name)
    refers = raw(manifest(subject=described(raw(manifest(LAYER)), OCI_MANIFEST)))
    entries = [described(refers, OCI_MANIFEST, artifactType=f"text/{kind}") for kind in "ab"]
    registry.push_manifest(name, "refers", refers, OCI_MANIFEST)
    data = raw(index(manifests=entries))
    registry.push_manifest(name, f"sha256-{about.digest.hex}", data, OCI_INDEX)

    assert ["text/a", "text/b"] == [d.artifact_type for d in registry.referrers(name, about.digest)]
    (only,) = registry.referrers(name, about.digest, "text/b")
    assert "text/b" == only.artifact_type


def test_a_manifest_is_deleted_with_its_tags_and_once_is_enough(registry, name):
    pushed = _pushed(registry, name)

    registry.delete(name, pushed.digest)
    registry.delete(name, pushed.digest)

    assert registry.manifest(name, "1") is None


def test_nobody_in_particular_may_read_where_everybody_may(with_tokens, speaking, name):
    here, tokens = with_tokens
    settings = here.settings | {"realms": {tokens.origin}}
    pushed = _pushed(speaking(here.domain, **settings, credentials=Always(here.domain, ANN)), name)
    anonymous = speaking(here.domain, **settings)

    assert pushed.digest == anonymous.manifest(name, "1").digest
    with pytest.raises(DeniedError, match="says no"):
        anonymous.upload_blob(name, b"x")


def test_a_token_that_docker_keeps_is_exchanged(with_tokens, speaking, name):
    here, tokens = with_tokens
    identity = Always(here.domain, IdentityToken(REFRESH))
    registry = speaking(here.domain, **here.settings, realms={tokens.origin}, credentials=identity)

    _pushed(registry, name)

    assert f"repository:{name}:pull,push" in tokens.asked_for


def test_a_token_is_asked_for_once_and_for_no_more_than_is_needed(with_tokens, speaking, name):
    here, tokens = with_tokens
    registry = speaking(
        *(here.domain,),
        **(here.settings | {"realms": {tokens.origin}, "credentials": Always(here.domain, ANN)}),
    )
    before = len(tokens.asked_for)

    pushed = _pushed(registry, name)
    registry.manifest(name, "1")
    registry.delete(name, pushed.digest)

    wanted = [f"repository:{name}:{what}" for what in ("pull", "pull,push", "delete")]
    assert wanted == tokens.asked_for[before:]


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_who_is_not_known_is_denied_and_not_asked_again(
    secure, with_tokens, speaking, secret, name
):
    stranger = Password(USER, secret)
    registry = speaking(
        secure.domain, **secure.settings, credentials=Always(secure.domain, stranger)
    )
    with pytest.raises(DeniedError):
        registry.tags(name)
    here, tokens = with_tokens
    registry = speaking(
        *(here.domain,),
        **here.settings,
        realms={tokens.origin},
        credentials=Always(here.domain, stranger),
    )
    with pytest.raises(DeniedError, match=r"gives no token to the user ann .*who is that"):
        registry.tags(name)


def test_a_registry_that_wants_a_certificate_wants_one(secure, speaking, name):
    settings = secure.settings | {"credentials": Always(secure.domain, ANN)}

    with pytest.raises(TransportError):
        speaking(secure.domain, **settings | {"tls": secure.settings["tls"].without_client()}).tags(
            name
        )
    with pytest.raises(TransportError, match="TLS failed"):
        speaking(secure.domain, **settings | {"tls": Tls()}).tags(name)
    assert () == speaking(secure.domain, **settings).tags(name)
