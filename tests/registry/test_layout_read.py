"""A layout from somebody else: what it says is hashed, and nothing leads out of it."""

import contextlib
import json
import os
import sys

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registry.images import Content, on, rendered

from trustlib import (
    Digest,
    MalformedError,
    MismatchError,
    NotFoundError,
    StorageError,
    TooLongError,
    TrustError,
)
from trustlib.registry.layout import NAME, Layout
from trustlib.registry.manifests import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and FIFOs as POSIX has them")


@pytest.fixture
def content():
    return Content()


@pytest.fixture
def image(content):
    return content.image("the release")


@pytest.fixture
def path(content, image, tmp_path):
    return content.written(tmp_path / "layout", release=image)


def listing(path, *entries):
    value = {"schemaVersion": 2, "manifests": list(entries)}
    (path / "index.json").write_text(json.dumps(value))


def called(descriptor, name):
    return rendered(descriptor, annotations={NAME: name})


def blob(path, digest):
    return path / "blobs" / digest.algorithm / digest.hex


@pytest.mark.parametrize("by", ["name", "digest", "nothing"])
def test_an_image_is_found_by_name_or_digest_or_alone(path, image, by):
    name = {"name": "release", "digest": image.digest, "nothing": None}[by]

    assert image == Layout(path).manifest(name)


def test_a_blob_comes_in_pieces(path, content):
    data = os.urandom(600_000)
    descriptor = content.blob(data)
    content.written(path)

    pieces = list(Layout(path).blob(descriptor))

    assert 1 < len(pieces)
    assert data == b"".join(pieces)


def test_a_relative_path_means_the_same_place_after_the_program_moved(path, image, monkeypatch):
    monkeypatch.chdir(path.parent)
    layout = Layout("layout")
    monkeypatch.chdir("/")

    assert image == layout.manifest()


def test_nothing_is_not_a_layout(tmp_path):
    with pytest.raises(NotFoundError, match="there is no image layout; check the path"):
        Layout(tmp_path / "missing").entries()
    with pytest.raises(NotFoundError, match="no image layout"):
        Layout(tmp_path).manifest()


def test_a_name_that_is_not_there_is_answered_with_those_that_are(path):
    with pytest.raises(NotFoundError, match="latest: not listed; there is release"):
        Layout(path).manifest("latest")
    with pytest.raises(NotFoundError, match="not listed; there is release"):
        Layout(path).manifest(Digest.of(b"another"))


def test_of_several_images_one_must_be_named(content, image, tmp_path):
    path = content.written(tmp_path / "two", one=image, other=content.image("another"))

    with pytest.raises(NotFoundError, match="expected one image, there is one, other; name one"):
        Layout(path).manifest()


def test_one_image_under_two_names_is_still_the_only_one(content, image, tmp_path):
    path = content.written(tmp_path / "two", one=image, other=image)

    assert image == Layout(path).manifest()


def test_an_empty_list_has_nothing_to_name(path):
    listing(path)

    with pytest.raises(NotFoundError, match="there is nothing"):
        Layout(path).manifest()


def test_a_name_for_two_images_stands_for_neither(path, content, image):
    another = content.image("another")
    content.written(path)
    listing(path, called(image.descriptor, "app"), called(another.descriptor, "app"))

    with pytest.raises(MalformedError, match="one image called app, got 2"):
        Layout(path).manifest("app")


def test_names_that_flood_a_log_are_shortened(path, image):
    listing(path, called(image.descriptor, "\x1b[31m" + "x" * 5000), called(image.descriptor, "b"))

    with pytest.raises(NotFoundError) as error:
        Layout(path).manifest("c")

    assert len(str(error.value)) < 400
    assert str(error.value).isprintable()


# -- what the bytes must be ---------------------------------------------------------------


def test_a_manifest_with_other_bytes_is_not_read(path, image):
    blob(path, image.digest).write_bytes(image.raw.replace(b"release", b"esaeler") + b"")
    blob(path, image.digest).write_bytes(image.raw[:-1] + b" ")

    with pytest.raises(MismatchError, match="expected sha256"):
        Layout(path).manifest()


@pytest.mark.parametrize("size", [-1, 1])
def test_a_manifest_of_another_size_is_not_read(path, image, size):
    listing(path, rendered(evolve(image.descriptor, size=len(image.raw) + size)))

    with pytest.raises(MismatchError, match="length of sha256"):
        Layout(path).manifest()


@pytest.mark.parametrize("kind", [OCI_INDEX, DOCKER_MANIFEST, "text/plain"])
def test_a_manifest_of_another_kind_is_not_read(path, image, kind):
    listing(path, rendered(evolve(image.descriptor, media_type=kind)))

    with pytest.raises(MalformedError):
        Layout(path).manifest()


def test_a_blob_that_is_cut_while_it_is_read_is_not_complete(path, content):
    descriptor = content.blob(b"x" * 600_000)
    content.written(path)
    pieces = Layout(path).blob(descriptor)
    next(pieces)
    os.truncate(blob(path, descriptor.digest), 300_000)

    with pytest.raises(MismatchError, match="length"):
        list(pieces)


def test_a_blob_that_is_not_there_is_said_to_be_missing(path, image):
    blob(path, image.digest).unlink()

    with pytest.raises(NotFoundError, match="the image layout does not have it"):
        Layout(path).manifest()
    with pytest.raises(NotFoundError, match="does not have it"):
        Layout(path).read_blob(Descriptor(media_type="", digest=Digest.of(b"", "sha512"), size=0))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["mediaType", "digest", "size", "platform", "annotations", "os", "variant", "data"]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=JUNK, member=st.sampled_from(["manifests", "mediaType", "annotations", "subject"]))
def test_whatever_a_list_says_only_documented_errors_come_of_it(path, image, entry, member):
    value = {"schemaVersion": 2, "manifests": [rendered(image.descriptor)]}
    whole = entry if member != "manifests" or isinstance(entry, list) else [entry]
    (path / "index.json").write_text(json.dumps({**value, member: whole}))
    layout = Layout(path)
    for name in (None, "release", image.digest):
        with contextlib.suppress(TrustError):
            assert image == layout.manifest(name)


# -- how much of it there may be ----------------------------------------------------------


def test_a_huge_list_is_not_read(path):
    os.truncate(path / "index.json", 50_000_000_000)  # holes take no room

    with pytest.raises(TooLongError, match=r"index\.json"):
        Layout(path).entries()


def test_a_huge_mark_is_not_read(path):
    os.truncate(path / "oci-layout", 50_000_000_000)

    with pytest.raises(TooLongError, match="oci-layout"):
        Layout(path).entries()


def test_a_huge_manifest_is_not_read_though_it_has_the_size_that_it_is_to_have(path, image):
    listing(path, rendered(evolve(image.descriptor, size=50_000_000_000)))
    os.truncate(blob(path, image.digest), 50_000_000_000)

    with pytest.raises(TooLongError):
        Layout(path).manifest()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("oci-layout", ""),
        ("oci-layout", "{}"),
        ("oci-layout", '{"imageLayoutVersion": "2.0.0"}'),
        ("oci-layout", '{"imageLayoutVersion": 1}'),
        ("index.json", "[" * 1000),
        ("index.json", "{}"),
        ("index.json", '{"schemaVersion": 1, "manifests": []}'),
        ("index.json", '{"schemaVersion": 2, "manifests": {}}'),
        ("index.json", '{"schemaVersion": 2, "manifests": [], "layers": []}'),
        ("index.json", '{"schemaVersion": 2, "manifests": [], "manifests": []}'),
        ("index.json", '{"schemaVersion": 2, "mediaType": "text/plain", "manifests": []}'),
        ("index.json", '{"schemaVersion": 2, "manifests": [{}]}'),
    ],
)
def test_what_is_no_layout_is_said_to_be_none(path, file, text):
    (path / file).write_text(text)

    with pytest.raises(MalformedError):
        Layout(path).entries()


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:../../../../etc/passwd",
        "../x:" + "0" * 64,
        "sha256:" + "0" * 63 + "/",
        "sha256:" + "A" * 64,
        "md5:" + "0" * 32,
        "sha256:\0" + "0" * 63,
    ],
)
def test_nothing_but_hex_becomes_a_path(path, digest):
    listing(path, {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1})

    with pytest.raises(MalformedError, match="digest"):
        Layout(path).manifest()


# -- where it leads -----------------------------------------------------------------------


@posix
@pytest.mark.parametrize("what", ["blob", "blobs/sha256", "blobs", "index.json", "oci-layout"])
def test_no_link_is_followed_not_even_to_the_right_bytes(path, image, tmp_path, what):
    link = blob(path, image.digest) if what == "blob" else path / what
    link.rename(tmp_path / "elsewhere")
    link.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StorageError):
        Layout(path).manifest()


@posix
@pytest.mark.parametrize("what", ["blob", "index.json", "oci-layout"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_only_files_are_read_and_nobody_waits_for_a_fifo(path, image, what, make):
    place = blob(path, image.digest) if what == "blob" else path / what
    place.unlink()
    make(place)

    with pytest.raises(StorageError):
        Layout(path).manifest()


@posix
def test_the_directory_itself_may_be_reached_through_a_link(path, image, tmp_path):
    (tmp_path / "link").symlink_to(path)

    assert image == Layout(tmp_path / "link").manifest()


def test_a_file_is_not_a_directory(path):
    with pytest.raises(TrustError):
        Layout(path / "index.json").entries()


def test_what_an_index_lists_is_read_by_what_names_it(content, tmp_path):
    arm = content.image("for arm", "linux/arm64")
    index = content.index(on(arm, "linux/arm64"))
    path = content.written(tmp_path / "many", app=index)

    assert index == Layout(path).manifest("app")
    assert arm == Layout(path).described(index.manifests[0])
