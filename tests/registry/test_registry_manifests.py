"""A manifest is one thing, to every program that reads it (CVE-2021-41190, T-64)."""

import base64

import pytest
from registry.contents import (
    CONFIG,
    CONFIG_TYPE,
    DOCKER_MANIFEST,
    LAYER_TYPE,
    OCI_INDEX,
    OCI_MANIFEST,
    described,
    index,
    manifest,
    raw,
)

from trustlib import Digest, MalformedError
from trustlib.registry.manifests import DOCKER_LIST, Descriptor, Platform, parsed

LAYER = b"a layer"


def _refused(value, kind=OCI_MANIFEST) -> MalformedError:
    with pytest.raises(MalformedError) as error:
        parsed(value if isinstance(value, bytes) else raw(value), kind, "manifest")
    return error.value


def test_a_manifest_is_read():
    data = raw(manifest(LAYER, artifactType="text/x", annotations={"a": "b"}, unknown=[1]))

    read = parsed(data, OCI_MANIFEST, "manifest")

    assert (data, OCI_MANIFEST, Digest.of(data)) == (read.raw, read.media_type, read.digest)
    assert (Descriptor.of(LAYER, LAYER_TYPE),) == read.layers
    assert (Descriptor.of(CONFIG, CONFIG_TYPE), *read.layers) == read.needs
    assert ("text/x", {"a": "b"}, None) == (
        read.artifact_type,
        dict(read.annotations),
        read.subject,
    )
    assert Descriptor.of(data, OCI_MANIFEST) == read.descriptor


def test_an_index_is_read_with_its_platforms():
    platform = {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1"}
    value = index(manifests=[described(b"x", OCI_MANIFEST, platform=platform)])

    (entry,) = parsed(raw(value), OCI_INDEX, "index").manifests

    assert Platform.parse("linux/arm64/v8") == entry.platform
    assert "linux/arm64/v8" == str(entry.platform)


@pytest.mark.parametrize("text", ["linux", "linux/", "/amd64", "a/b/c/d", ""])
def test_what_names_no_platform_is_a_mistake(text):
    with pytest.raises(ValueError, match="a platform"):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (manifest(LAYER), f" {OCI_MANIFEST.upper()} ; charset=utf-8"),
        (manifest(LAYER, mediaType=None), OCI_MANIFEST),
        (manifest(LAYER, mediaType=DOCKER_MANIFEST), DOCKER_MANIFEST),
        (manifest(annotations=None), OCI_MANIFEST),
        (manifest() | {"annotations": None}, OCI_MANIFEST),
        (index(mediaType=DOCKER_LIST), DOCKER_LIST),
        (index(mediaType=None), OCI_INDEX),
    ],
)
def test_what_the_world_writes_is_read(value, kind):
    assert kind.strip().partition(" ")[0].lower() == parsed(raw(value), kind, "m").media_type


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (manifest(LAYER, manifests=[]), OCI_MANIFEST),
        (manifest(LAYER, manifests=[], mediaType=None), OCI_MANIFEST),
        (index(layers=[]), OCI_INDEX),
        (index(config=described(CONFIG, CONFIG_TYPE)), OCI_INDEX),
        (index(blobs=[]), OCI_INDEX),
        *[(manifest(**{name: []}), OCI_MANIFEST) for name in ("fsLayers", "history", "signatures")],
        *[(index(**{name: []}), OCI_INDEX) for name in ("fsLayers", "history", "signatures")],
    ],
)
def test_what_could_be_two_things_is_neither(value, kind):
    assert "which" in _refused(value, kind).expected


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (manifest(LAYER), DOCKER_MANIFEST),
        (manifest(LAYER), OCI_INDEX),
        (manifest(LAYER, mediaType=OCI_INDEX), OCI_MANIFEST),
        (manifest(LAYER, mediaType=OCI_MANIFEST.upper()), OCI_MANIFEST),
        (manifest(LAYER) | {"mediaType": None}, OCI_MANIFEST),
        (index(), DOCKER_LIST),
    ],
)
def test_what_calls_itself_something_else_is_refused(value, kind):
    assert "$.mediaType" == _refused(value, kind).path


@pytest.mark.parametrize(
    "kind",
    [
        *("", "application/json", "text/html", "*/*", f"x{OCI_MANIFEST}", f"{OCI_MANIFEST}x"),
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        f"{OCI_MANIFEST}, {OCI_INDEX}",
        f"{OCI_MANIFEST}, {OCI_MANIFEST}",
    ],
)
def test_what_is_served_as_something_else_is_refused(kind):
    assert "Content-Type" == _refused(manifest(LAYER), kind).path


@pytest.mark.parametrize(
    "spelling",
    ["Layers", "LAYERS", "layerſ", "mediatype", "Manifests", "CONFIG", "schemaversion", "Subject"],
)
def test_a_member_that_only_some_programs_read_is_refused(spelling):
    """Go's reader of JSON ignores the case of letters, and takes the last of both."""
    _refused(manifest(LAYER) | {spelling: manifest().get(spelling, [])})
    _refused(index() | {spelling: []}, OCI_INDEX)


@pytest.mark.parametrize("spelling", ["Digest", "SIZE", "mediatype", "URLs", "Data", "digeſt"])
def test_and_so_is_one_of_a_descriptor(spelling):
    _refused(manifest(layers=[described(LAYER, LAYER_TYPE, **{spelling: "x"})]))


def test_and_one_of_a_platform():
    platform = {"os": "linux", "architecture": "amd64", "Architecture": "arm64"}
    _refused(index(manifests=[described(b"", OCI_MANIFEST, platform=platform)]), OCI_INDEX)


@pytest.mark.parametrize("version", [1, 3, "2", True, None, 0])
def test_another_schema_is_refused(version):
    assert "$.schemaVersion" == _refused(manifest() | {"schemaVersion": version}).path


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (manifest(config=None), OCI_MANIFEST),
        (manifest(layers=None), OCI_MANIFEST),
        (manifest(schemaVersion=None), OCI_MANIFEST),
        (index(manifests=None), OCI_INDEX),
        (manifest() | {"layers": None}, OCI_MANIFEST),
        (manifest() | {"layers": {}}, OCI_MANIFEST),
        (manifest() | {"config": None}, OCI_MANIFEST),
        (manifest() | {"subject": None}, OCI_MANIFEST),
        (manifest() | {"artifactType": 1}, OCI_MANIFEST),
        (manifest() | {"annotations": {"a": 1}}, OCI_MANIFEST),
        (manifest() | {"annotations": []}, OCI_MANIFEST),
        (index() | {"manifests": ["x"]}, OCI_INDEX),
        ([], OCI_MANIFEST),
        (None, OCI_MANIFEST),
    ],
)
def test_what_is_not_all_there_is_refused(value, kind):
    _refused(raw(value), kind)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"schemaVersion": 2.0}'),
        raw(manifest()).replace(b'"layers"', b'"layers": [], "layers"'),
        raw(manifest()).replace(b'"digest"', b'"digest": "", "digest"'),
        raw(manifest()).replace(b'"schemaVersion": 2', b'"schemaVersion": 2, "a": NaN'),
    ],
)
def test_what_is_no_strict_json_is_refused(data):
    _refused(data)


@pytest.mark.parametrize(
    "change",
    [
        *[{"size": size} for size in (-1, "7", True, None, 2**60)],
        *[{"digest": text} for text in ("", "sha256:", "md5:" + "0" * 32, 1, None)],
        *[{"digest": f"sha256:{text}"} for text in ("A" * 64, "0" * 63, "0" * 64 + "\n")],
        *[{"mediaType": kind} for kind in (None, 1)],
        *[{"platform": platform} for platform in ({}, {"os": "linux"}, "linux", None)],
        *[{"data": data} for data in (1, None, "*", "YQ", "YQ==", "Yg==" * 1000)],
        {"data": base64.b64encode(b"A LAYER").decode()},
        {"data": base64.b64encode(LAYER).decode(), "size": len(LAYER) + 1},
        {"data": base64.b64encode(LAYER).decode() + "\n"},
        {"annotations": {"a": None}},
        {"artifactType": []},
    ],
)
def test_a_descriptor_that_is_none_is_refused(change):
    path = _refused(manifest(layers=[described(LAYER, LAYER_TYPE) | change])).path
    assert path.startswith("$.layers[0]")


def test_what_is_embedded_is_what_the_descriptor_names():
    entry = described(LAYER, LAYER_TYPE, data=base64.b64encode(LAYER).decode())

    (layer,) = parsed(raw(manifest(layers=[entry])), OCI_MANIFEST, "m").layers

    assert LAYER == layer.data


def test_nothing_long_is_printed():
    data = raw(manifest(annotations={"a" * 10_000: "b" * 10_000}, layers=[]))

    assert 500 > len(repr(parsed(data, OCI_MANIFEST, "m")))
    assert 500 > len(str(_refused(manifest() | {"mediaType": "x\n" * 10_000})))
