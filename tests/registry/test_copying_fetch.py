"""Out of a registry into a layout: whatever a registry does, what is listed is what was verified."""

import asyncio
import itertools
import threading

import pytest
from attrs import evolve
from registry.images import CONFIG, Content, Serving, on, rendered
from transport.servers import answer

from trustlib import (
    Digest,
    LimitError,
    MalformedError,
    MismatchError,
    NotFoundError,
    TooLongError,
    TransportError,
    TrustError,
)
from trustlib.registry.copying import CopyLimits, afetched_into, fetched_into
from trustlib.registry.layout import NAME, Layout
from trustlib.registry.manifests import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, Platform

ARM = Platform.parse("linux/arm64")


@pytest.fixture
def content():
    return Content()


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "layout")


@pytest.fixture(params=["waiting", "awaiting"])
def fetched(request, layout):
    def fetch(server, wanted, **more):
        if request.param == "waiting":
            with server.registry as registry:
                return fetched_into(layout, registry, "acme/app", wanted, **more)

        async def run():
            async with server.awaited as registry:
                return await afetched_into(layout, registry, "acme/app", wanted, **more)

        return asyncio.run(run())

    return fetch


def names(layout):
    return [entry.annotations.get(NAME) for entry in layout.entries()]


def nothing_is_listed(layout):
    try:
        return layout.entries() == ()
    except NotFoundError:
        return True


@pytest.mark.parametrize("by", ["digest", "descriptor", "manifest"])
def test_an_image_arrives_with_all_that_it_needs(content, layout, fetched, by):
    image = content.image("the release")
    wanted = {"digest": image.digest, "descriptor": image.descriptor, "manifest": image}[by]
    told = []
    with Serving(content) as server:
        got = fetched(server, wanted, name="1.4", progress=lambda *now: told.append(now))

        assert ([] if by == "manifest" else [str(image.digest)]) == server.fetched("manifests")
    assert image == got == layout.manifest("1.4")
    assert [content.blobs[need.digest] for need in image.needs] == [
        layout.read_blob(need) for need in image.needs
    ]
    total = sum(need.size for need in image.needs)
    assert (total, total) == told[-1]
    assert told == sorted(told)


def test_an_index_arrives_with_all_its_images(content, layout, fetched):
    index = content.index(content.platforms("linux/amd64", "linux/arm64"), content.image("more"))
    with Serving(content) as server:
        assert index == fetched(server, index.digest)

        assert len(set(server.fetched("blobs"))) == len(server.fetched("blobs")) == 6
    assert [None] == names(layout)
    for manifest in content.manifests.values():
        assert manifest == layout.described(manifest.descriptor)
        assert all(layout.read_blob(need) for need in manifest.needs)


def test_what_is_there_already_is_hashed_and_not_fetched_again(content, layout, fetched):
    image = content.image("the release")
    with Serving(content) as server:
        fetched(server, image)
        wrong = layout.place(image.layers[1])
        wrong.write_bytes(b"x" * image.layers[1].size)
        server.asked.clear()
        fetched(server, image)

        assert [str(image.layers[1].digest)] == server.fetched("blobs")
    assert b"the release" == layout.read_blob(image.layers[1])


# -- one platform -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_an_image_is_for_exactly_this_platform(content, layout, fetched, platform, expected):
    index = content.platforms(
        "linux/arm/v6",
        "linux/arm/v7",
        "windows/amd64",
        "linux/amd64/v3",
        "linux/amd64",
        "linux/arm64/v8",
    )
    with Serving(content) as server:
        got = fetched(server, index, platform=Platform.parse(platform), name="app")

        assert 1 == len(server.fetched("manifests"))
    assert content.blobs[got.layers[1].digest] == expected.encode()
    assert got == layout.manifest("app")
    with pytest.raises(NotFoundError):
        layout.described(index.descriptor)


def test_of_two_images_for_one_platform_the_first_is_meant(content, fetched):
    first, second = content.image("first"), content.image("second")
    index = content.index(on(first, "linux/arm64/v8"), on(second, "linux/arm64"))
    with Serving(content) as server:
        assert first == fetched(server, index, platform=ARM)


@pytest.mark.parametrize("wanted", ["linux/arm/v5", "linux/riscv64", "windows/amd64"])
def test_nothing_near_is_taken_instead(content, layout, fetched, wanted):
    index = content.platforms("linux/arm/v6", "linux/amd64")
    with (
        Serving(content) as server,
        pytest.raises(
            NotFoundError,
            match=f"has nothing for {wanted}; there is linux/arm/v6, linux/amd64",
        ),
    ):
        fetched(server, index, platform=Platform.parse(wanted))
    assert nothing_is_listed(layout)


def test_a_platform_is_found_in_an_index_of_an_index(content, fetched):
    index = content.index(
        content.platforms("linux/amd64"), content.platforms("linux/s390x", "linux/arm64")
    )
    with Serving(content) as server:
        got = fetched(server, index, platform=ARM)

    assert b"linux/arm64" == content.blobs[got.layers[1].digest]


def test_an_index_may_be_for_a_platform_itself(content, fetched):
    inner = content.platforms("linux/amd64", "linux/arm64")
    index = content.index(on(inner, "linux/arm64"))
    with Serving(content) as server:
        got = fetched(server, index, platform=ARM)

    assert b"linux/arm64" == content.blobs[got.layers[1].digest]


def test_a_single_image_must_be_for_the_platform_itself(content, layout, fetched):
    arm, amd = content.image("for arm", "linux/arm64"), content.image("for amd")
    with Serving(content) as server:
        assert arm == fetched(server, arm, platform=ARM)
        with pytest.raises(NotFoundError, match="nothing for linux/arm64; there is linux/amd64"):
            fetched(server, amd, platform=ARM)
    with pytest.raises(NotFoundError):
        layout.manifest(amd.digest)


def test_what_does_not_say_what_it_runs_on_is_for_no_platform(content, fetched):
    config = rendered(content.blob(b'{"os": "linux"}', CONFIG))
    artifact = content.manifest({"config": config, "layers": []}, DOCKER_MANIFEST)
    index = content.index(content.image("without"))
    with Serving(content) as server:
        for root in (artifact, index):
            with pytest.raises(NotFoundError, match="there is nothing that says so"):
                fetched(server, root, platform=ARM)


def test_a_config_that_is_too_long_is_not_read(content, fetched):
    config = evolve(content.blob(b"{}", CONFIG), size=5_000_000)
    image = content.manifest({"config": rendered(config), "layers": []}, DOCKER_MANIFEST)
    with Serving(content) as server, pytest.raises(TooLongError):
        fetched(server, image, platform=ARM)


# -- what a registry may try ----------------------------------------------------------------


@pytest.mark.parametrize("platform", [None, ARM])
@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (lambda other: answer(other.raw, Content_Type=other.media_type), MismatchError),
        (lambda other: answer(b"{}", Content_Type=other.media_type), MismatchError),
        (lambda other: answer(other.raw, Content_Type="text/html"), MismatchError),
        (lambda other: answer(b"", status="404 Not Found"), TransportError),
        (lambda other: answer(b" " * 4_194_305, Content_Type=other.media_type), TooLongError),
    ],
)
def test_a_child_is_what_the_index_says(content, layout, fetched, platform, lie, error):
    index = content.platforms("linux/arm64")
    child, other = index.manifests[0], content.image("another")
    with (
        Serving(content, {child.digest: lie(other)}) as server,
        pytest.raises(error),
    ):
        fetched(server, index, platform=platform)
    assert nothing_is_listed(layout)


@pytest.mark.parametrize("platform", [None, ARM])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"size": 1}, MismatchError),
        ({"media_type": OCI_INDEX}, MismatchError),
        ({"media_type": DOCKER_MANIFEST}, MismatchError),
        ({"media_type": "application/octet-stream"}, MalformedError),
        ({"size": 4_194_305}, TooLongError),
    ],
)
def test_an_index_must_say_what_its_child_is(content, layout, fetched, platform, changes, error):
    entry = evolve(on(content.image("x", "linux/arm64"), "linux/arm64"), **changes)
    with Serving(content) as server, pytest.raises(error):
        fetched(server, content.index(entry), platform=platform)
    assert nothing_is_listed(layout)


@pytest.mark.parametrize("changes", [{"size": 1}, {"media_type": OCI_INDEX}])
def test_a_root_is_what_its_descriptor_says(content, layout, fetched, changes):
    image = content.image("x")
    with Serving(content) as server, pytest.raises(MismatchError):
        fetched(server, evolve(image.descriptor, **changes))
    assert nothing_is_listed(layout)


def test_an_index_must_not_contradict_itself(content, fetched):
    image = content.image("x")
    index = content.index(image, evolve(image.descriptor, size=image.descriptor.size + 1))
    with Serving(content) as server, pytest.raises(MismatchError, match="size"):
        fetched(server, index)


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (b"y" * 11, MismatchError),
        (b"short", TransportError),
        (b"the release and more", TooLongError),
        (None, NotFoundError),
    ],
)
def test_a_blob_is_what_the_manifest_says(content, layout, fetched, lie, error):
    image = content.image("the release")
    wrong = answer(b"", status="404 Not Found") if lie is None else answer(lie)
    with (
        Serving(content, {image.layers[1].digest: wrong}) as server,
        pytest.raises(TrustError) as e,
    ):
        fetched(server, image, name="app")

    assert isinstance(e.value, error | MismatchError)
    assert nothing_is_listed(layout)
    assert not layout.place(image.layers[1]).exists()


def test_what_the_registry_does_not_have_is_not_found(content, fetched):
    with Serving(content) as server, pytest.raises(NotFoundError, match="does not have it"):
        fetched(server, Digest.of(b"another"))


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ],
)
def test_a_layer_that_lies_elsewhere_is_refused_before_anything_is_fetched(
    content, layout, fetched, kind
):
    index = content.index(content.image("free"), content.image("not free", layer=kind))
    with Serving(content) as server:
        with pytest.raises(NotFoundError, match="does not let registries have this layer"):
            fetched(server, index)

        assert [] == server.fetched("blobs")
    assert nothing_is_listed(layout)


def test_urls_are_not_followed(content, layout, fetched):
    reached = []
    layer = content.blob(b"a layer")
    del content.blobs[layer.digest]
    with (
        Serving(content) as server,
        Serving(Content(), {layer.digest: answer(b"a layer")}) as elsewhere,
    ):
        url = f"{elsewhere.origin}/v2/acme/app/blobs/{layer.digest}"
        config = rendered(content.blob(b"{}", CONFIG))
        image = content.manifest(
            {"config": config, "layers": [rendered(layer, urls=[url])]}, DOCKER_MANIFEST
        )
        with pytest.raises(NotFoundError):
            fetched(server, image)
        reached = elsewhere.asked

    assert [] == reached


# -- how much there may be ------------------------------------------------------------------


@pytest.mark.parametrize("platform", [None, ARM])
def test_indexes_lie_in_one_another_only_so_deep(content, layout, fetched, platform):
    arm = content.platforms("linux/arm64")
    for _ in range(2):
        arm = content.index(arm)
    with Serving(content) as server:
        fetched(server, arm, platform=platform, limits=CopyLimits(depth=3))
        with pytest.raises(LimitError, match="indexes in one another"):
            fetched(server, arm, platform=platform, limits=CopyLimits(depth=2))


@pytest.mark.parametrize("platform", [None, Platform.parse("linux/amd64")])
def test_there_are_only_so_many_manifests(content, fetched, platform):
    index = content.index(*(content.platforms(f"linux/arm/v{n}") for n in range(20)))
    with Serving(content) as server:
        with pytest.raises(LimitError, match="manifests in one image"):
            fetched(server, index, platform=platform, limits=CopyLimits(manifests=10))

        assert 10 == len(server.fetched("manifests"))


def test_manifests_are_only_so_long_together(content, fetched):
    index = content.index(*(content.image(str(n)) for n in range(20)))
    with Serving(content) as server, pytest.raises(LimitError, match="bytes of manifests"):
        fetched(server, index, limits=CopyLimits(bytes=5000))


def test_the_same_image_in_many_indexes_is_copied_once(content, layout, fetched):
    image = content.image("the release")
    inner = [content.index(image, evolve(image.descriptor)) for _ in range(3)]
    index = content.index(*inner)
    with Serving(content) as server:
        fetched(server, index)

        assert 1 == server.fetched("manifests").count(str(image.digest))


def test_blobs_come_side_by_side_and_one_that_is_wrong_is_the_end(content, layout):
    index = content.index(*(content.image(f"text {n}") for n in range(30)))
    first_four, turns = threading.Barrier(4), itertools.count()

    class Slow(Serving):
        def _answered(self, asked):
            if "/blobs/" in asked.target and next(turns) < 4:
                first_four.wait(60)  # none is answered before four are on their way
            yield from super()._answered(asked)

    wrong = content.manifests[index.manifests[0].digest].layers[1]
    content.blobs[wrong.digest] = b"!" * wrong.size
    with Slow(content) as server, server.registry as registry, pytest.raises(MismatchError):
        fetched_into(layout, registry, "acme/app", index)

    assert not first_four.broken
    assert nothing_is_listed(layout)


@pytest.mark.parametrize("repository", ["", "UPPER", "../x", "a b"])
def test_a_repository_has_a_name(content, fetched, repository, layout):
    with Serving(content) as server, pytest.raises(ValueError):
        fetched_into(layout, server.registry, repository, Digest.of(b""))


def test_docker_lists_are_indexes_too(content, layout, fetched):
    image = content.image("x", "linux/arm64")
    raw = {"manifests": [rendered(on(image, "linux/arm64"))]}
    index = content.manifest(raw, DOCKER_LIST)
    with Serving(content) as server:
        assert index == fetched(server, index.digest, name="list")
        assert image == fetched(server, index.digest, platform=ARM, name="arm")
    assert DOCKER_LIST == layout.entry("list").media_type


def test_a_digest_by_sha512_is_held_to_it(content, layout, fetched):
    image = content.image("x")
    digest = Digest.of(image.raw, "sha512")
    content.manifests[digest] = image
    with Serving(content) as server:
        got = fetched(server, digest, name="long")

    assert digest == got.digest == layout.manifest("long").digest
