"""Real registries and real tools: docker-registry keeps images, skopeo reads and writes layouts."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from registry.images import Content

from trustlib import Digest, MismatchError, NotFoundError, TransportError
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.registry.copying import afetched_into, apushed_from, fetched_into, pushed_from
from trustlib.registry.layout import Layout
from trustlib.registry.manifests import DOCKER_MANIFEST, OCI_INDEX, Platform

pytestmark = pytest.mark.servers

EXAMPLES = Path(__file__).parents[2] / "examples"
PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7")


@pytest.fixture(scope="module")
def host(require_servers, tmp_path_factory):
    require_servers("docker-registry", "skopeo")
    sys.path.insert(0, str(EXAMPLES))
    try:
        import _registry

        with _registry.registry(tmp_path_factory.mktemp("registry")) as host:
            yield host
    finally:
        sys.path.remove(str(EXAMPLES))


@pytest.fixture
def registry(host):
    with Registry(host, scheme="http") as registry:
        yield registry


@pytest.fixture
def pushed(registry):
    return lambda layout, *where, **more: pushed_from(layout, registry, *where, **more)


@pytest.fixture(params=["waiting", "awaiting"])
def pushed_in_both_ways(request, host, pushed):
    def push(layout, *where, **more):
        async def run():
            async with AsyncRegistry(host, scheme="http") as registry:
                return await apushed_from(layout, registry, *where, **more)

        return asyncio.run(run())

    return pushed if request.param == "waiting" else push


def skopeo(*arguments):
    done = subprocess.run(
        ["skopeo", "--insecure-policy", *map(str, arguments)], capture_output=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


@pytest.fixture
def theirs(tmp_path):
    """A layout that our code did not write, with an index of images."""
    content = Content()
    index = content.platforms(*PLATFORMS)
    return Layout(content.written(tmp_path / "theirs", app=index, one=content.image("one"))), index


def test_an_index_goes_there_and_comes_back(pushed_in_both_ways, registry, theirs, tmp_path):
    layout, index = theirs
    told = []

    got = pushed_in_both_ways(
        layout, "acme/there", "app", "1.4", progress=lambda *now: told.append(now)
    )
    ours = Layout(tmp_path / "ours")
    back = fetched_into(ours, registry, "acme/there", got, name="1.4")

    assert (index.digest, len(index.raw), OCI_INDEX) == (got.digest, got.size, got.media_type)
    assert index == back == registry.manifest("acme/there", "1.4")
    assert told[-1][0] == told[-1][1] == sum(b.size for b in needs(layout, index))
    assert index.raw == skopeo("inspect", "--raw", f"oci:{ours.path}:1.4")
    for platform in PLATFORMS:
        os, architecture, *variant = platform.split("/")
        options = ["--override-os", os, "--override-arch", architecture]
        options += ["--override-variant", variant[0]] if variant else []
        seen = json.loads(skopeo(*options, "inspect", f"oci:{ours.path}:1.4"))
        assert (os, architecture) == (seen["Os"], seen["Architecture"])


def needs(layout, index):
    found = [need for child in index.manifests for need in layout.described(child).needs]
    return {need.digest: need for need in found}.values()


def test_skopeo_reads_and_copies_what_we_fetched(pushed, registry, theirs, host, tmp_path):
    layout, index = theirs
    pushed(layout, "acme/one", "app", "1.4")
    ours = Layout(tmp_path / "ours")
    arm = fetched_into(
        ours, registry, "acme/one", index, platform=Platform.parse("linux/arm64"), name="arm"
    )
    skopeo("copy", "--preserve-digests", f"oci:{ours.path}:arm", f"dir:{tmp_path / 'dir'}")

    assert arm.raw == (tmp_path / "dir" / "manifest.json").read_bytes()
    assert {need.digest.hex for need in arm.needs} <= {
        path.name for path in (tmp_path / "dir").iterdir()
    }


def test_we_read_and_push_what_skopeo_wrote(pushed, registry, theirs, host, tmp_path):
    layout, index = theirs
    pushed(layout, "acme/two", "app", "1.4")
    written = tmp_path / "written"
    source = f"docker://{host}/acme/two:1.4"
    skopeo(
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        source,
        f"oci:{written}:many",
    )
    skopeo("copy", "--preserve-digests", "--src-tls-verify=false", source, f"oci:{written}:single")
    ours = Layout(written)

    assert index == ours.manifest("many")
    assert {need.digest for need in ours.manifest("single").needs} <= {
        need.digest for need in needs(layout, index)
    }
    assert index.descriptor == pushed(ours, "acme/two-again", "many", "1.4")


def test_we_write_into_what_skopeo_wrote_and_it_into_ours(registry, pushed, theirs, tmp_path):
    layout, _ = theirs
    pushed(layout, "acme/three", "one", "1")
    written = tmp_path / "written"
    skopeo("copy", "--preserve-digests", f"oci:{layout.path}:one", f"oci:{written}:theirs")
    fetched_into(Layout(written), registry, "acme/three", layout.entry("one"), name="ours")
    skopeo("copy", "--preserve-digests", f"oci:{layout.path}:one", f"oci:{written}:again")

    for name in ("theirs", "ours", "again"):
        assert layout.manifest("one") == Layout(written).manifest(name)


def test_docker_manifests_stay_what_they_are(registry, pushed, theirs, host, tmp_path):
    layout, _ = theirs
    docker = f"docker://{host}/acme/docker:1"
    skopeo("copy", "--format=v2s2", "--dest-tls-verify=false", f"oci:{layout.path}:one", docker)
    there = registry.manifest("acme/docker", "1")
    ours = Layout(tmp_path / "ours")
    fetched_into(ours, registry, "acme/docker", there.digest, name="1")

    assert DOCKER_MANIFEST == ours.manifest("1").media_type
    # skopeo gives names to OCI's own media types only.
    assert there.raw == skopeo("inspect", "--raw", f"oci:{ours.path}")
    assert there.descriptor == pushed(ours, "acme/docker-again", "1", "1")


def test_without_a_tag_it_is_there_by_digest(registry, pushed, theirs):
    layout, _ = theirs
    got = pushed(layout, "acme/untagged", "one")

    assert layout.manifest("one") == registry.manifest("acme/untagged", got.digest)
    assert () == registry.tags("acme/untagged")


def test_blobs_are_taken_over_from_another_repository(pushed_in_both_ways, theirs, tmp_path):
    """docker-registry has each blob once, and by mounting it never sees the bytes again."""
    layout, index = theirs
    pushed_in_both_ways(layout, "acme/origin", "app", "1")
    blob = next(iter(needs(layout, index)))
    layout.place(blob).unlink()

    assert index.descriptor == pushed_in_both_ways(
        layout, f"acme/{tmp_path.name}", "app", "1", origin="acme/origin"
    )
    with pytest.raises(NotFoundError):
        pushed_in_both_ways(layout, "acme/fresh", "app", "1", origin="acme/nobody")


def test_what_the_registry_has_is_not_sent_again(pushed_in_both_ways, theirs, tmp_path):
    layout, index = theirs
    pushed_in_both_ways(layout, f"acme/{tmp_path.name}", "app", "1")
    for blob in needs(layout, index):
        layout.place(blob).unlink()

    assert index.descriptor == pushed_in_both_ways(layout, f"acme/{tmp_path.name}", "app", "2")


def test_what_the_layout_has_wrong_does_not_get_there(registry, pushed_in_both_ways, theirs):
    layout, _ = theirs
    blob = layout.manifest("one").layers[1]
    layout.place(blob).write_bytes(b"!" * blob.size)

    with pytest.raises(MismatchError, match="sha256"):
        pushed_in_both_ways(layout, "acme/wrong", "one", "1")
    assert registry.manifest("acme/wrong", "1") is None
    assert not registry.has_blob("acme/wrong", Digest.of(b"!" * blob.size))


def test_children_are_there_before_their_index(registry, pushed_in_both_ways, theirs, tmp_path):
    """docker-registry refuses an index whose images it does not have."""
    layout, index = theirs
    early = f"acme/{tmp_path.name}"
    with pytest.raises(TransportError):
        registry.push_manifest(early, "1", index.raw, index.media_type)

    pushed_in_both_ways(layout, early, "app", "1")

    assert index == registry.manifest(early, "1")


def test_awaited_downloads_are_the_same(host, pushed, theirs, tmp_path):
    layout, index = theirs
    pushed(layout, "acme/awaited", "app", "1")

    async def run():
        async with AsyncRegistry(host, scheme="http") as registry:
            return await afetched_into(
                Layout(tmp_path / "ours"), registry, "acme/awaited", index.digest, name="1"
            )

    assert index == asyncio.run(run()) == Layout(tmp_path / "ours").manifest("1")
