"""Docker's daemon, its client and its package for Python, and a registry: all of them real."""

import json

import pytest
from docker import DockerClient
from registry.images import Content, Serving, on
from registry.trusting import (
    NOW,
    RegistryStorage,
    RegistryTransport,
    collection,
    publisher,
    registry_at,
    updater,
)

from examples._registry import built
from trustlib import (
    Digest,
    ImageReference,
    PerOrganisation,
    TagBinding,
    TransportError,
)
from trustlib.registry import described, trusted_pull, trusted_push
from trustlib.registry.copying import pushed_from
from trustlib.registry.layout import Layout
from trustlib.registry.runtimes import DockerCli, DockerSdk

pytestmark = pytest.mark.servers
_count = iter(range(10**6))


@pytest.fixture(params=["client", "package"])
def docker(request, docker_engine, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    if request.param == "client":
        yield DockerCli(options=["--host", docker_engine.url])
    else:
        client = DockerClient(base_url=docker_engine.url)
        yield DockerSdk(client)
        client.close()


@pytest.fixture
def name(plain):
    """A repository that nobody used before."""
    return f"{plain.domain}/engine{next(_count)}/app"


def make(engine, folder, tag, text):
    """Have *engine* build an image of a file that says *text*, and call it *tag*."""
    (folder / "said.txt").write_text(text)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY said.txt /\n")
    engine.docker("build", "--quiet", f"--tag={tag}", str(folder))


def digests(engine, image):
    return json.loads(engine.docker("image", "inspect", "--format={{json .RepoDigests}}", image))


def images(engine, name):
    """Return the tags and digests under which *engine* has images of *name*."""
    listed = engine.docker("images", "--digests", "--format={{.Tag}} {{.Digest}}", name)
    return {tuple(line.split()) for line in listed.splitlines()}


def forgotten(engine, *references):
    engine.docker("rmi", *map(str, references))


def binding(reference, digest):
    return TagBinding(reference=ImageReference.parse(reference), digest=Digest.parse(str(digest)))


def test_a_push_says_what_the_registry_has_now(docker, docker_engine, plain, name, tmp_path):
    make(docker_engine, tmp_path, f"{name}:1.4", "the release")

    pushed = docker.push(ImageReference.parse(f"{name}:1.4"))

    path = name.partition("/")[2]
    there = registry_at(plain).manifest(path, "1.4")
    assert ("1.4", there.digest, len(there.raw)) == (pushed.tag, pushed.digest, pushed.size)
    assert there.descriptor == pushed.described_by(there)


def test_what_docker_pushed_is_signed_and_pulled_although_the_tag_was_moved(
    docker, docker_engine, plain, name, tmp_path
):
    registry, trust = registry_at(plain), f"{name.split('/')[1]}/trust"
    storage = RegistryStorage(registry, trust)
    anchor = collection(storage, plain.domain)
    reference = ImageReference.parse(f"{name}:1.4")
    make(docker_engine, tmp_path, reference, "the release")
    ours = docker.push(reference)
    trusted_push(
        reference,
        described(registry, reference, ours.digest),
        registry=registry,
        publisher=publisher(anchor, now=NOW),
        storage=storage,
    )
    make(docker_engine, tmp_path, reference, "something else")
    theirs = docker.push(reference)
    forgotten(docker_engine, reference)
    client = updater(anchor, RegistryTransport(registry, trust), PerOrganisation(plain.domain))

    trusted_pull(reference, client.resolve, docker)

    assert ours.digest != theirs.digest
    assert f"{name}@{ours.digest}" in digests(docker_engine, str(reference))
    assert f"{name}@{theirs.digest}" not in digests(docker_engine, str(reference))


def test_a_name_that_docker_had_for_something_else_is_taken_from_it(
    docker, docker_engine, name, tmp_path
):
    make(docker_engine, tmp_path, f"{name}:1", "the release")
    pushed = docker.push(ImageReference.parse(f"{name}:1"))
    make(docker_engine, tmp_path, f"{name}:1", "not the release")

    docker.pull(binding(f"{name}:1", pushed.digest))

    assert f"{name}@{pushed.digest}" in digests(docker_engine, f"{name}:1")


def test_without_a_tag_nothing_is_tagged(docker, docker_engine, name, tmp_path):
    make(docker_engine, tmp_path, f"{name}:1", "the release")
    pushed = docker.push(ImageReference.parse(f"{name}:1"))
    forgotten(docker_engine, f"{name}:1")

    docker.pull(binding(f"{name}@{pushed.digest}", pushed.digest))

    assert {("<none>", str(pushed.digest))} == images(docker_engine, name)


@pytest.mark.parametrize("which", ["index", "image"])
def test_an_index_is_called_by_its_own_digest(docker, docker_engine, plain, name, tmp_path, which):
    layout = Layout(tmp_path / "image")
    built(layout.path, "the release")
    image = layout.manifest()
    index = Content().index(on(image, "linux/amd64"), on(image, "linux/arm64"))
    layout.add(index, "index")
    wanted = {"index": index, "image": image}[which]
    path = name.partition("/")[2]
    pushed_from(layout, registry_at(plain), path, image.digest, "image")
    pushed_from(layout, registry_at(plain), path, "index", "index")

    docker.pull(binding(f"{name}:1", wanted.digest))

    assert f"{name}@{wanted.digest}" in digests(docker_engine, f"{name}:1")


def test_what_the_registry_does_not_have_is_not_pulled(docker, docker_engine, name, tmp_path):
    make(docker_engine, tmp_path, f"{name}:1", "the release")
    docker.push(ImageReference.parse(f"{name}:1"))
    forgotten(docker_engine, f"{name}:1")

    with pytest.raises(TransportError, match="manifest unknown"):
        docker.pull(binding(f"{name}:1", Digest.of(b"unknown")))
    assert set() == images(docker_engine, name)


def test_a_registry_that_gives_something_else_for_a_digest_gets_nowhere(docker, docker_engine):
    content = Content()
    honest, other = content.image("the release"), content.image("something else")
    with Serving(content, {}) as registry:
        registry.content.manifests[honest.digest] = other
        name = f"{registry.domain}/acme/app"

        with pytest.raises(TransportError, match="manifest verification failed"):
            docker.pull(binding(f"{name}:1", honest.digest))
        assert [str(honest.digest)] == list(dict.fromkeys(registry.fetched("manifests")))
        assert set() == images(docker_engine, name)


def test_what_docker_does_not_have_is_not_pushed(docker, name):
    with pytest.raises(TransportError, match="does not exist"):
        docker.push(ImageReference.parse(f"{name}:none"))


def test_a_registry_that_is_not_there_is_said(docker, docker_engine, tmp_path):
    name = "127.0.0.1:1/acme/app"
    make(docker_engine, tmp_path, f"{name}:1", "the release")

    with pytest.raises(TransportError, match="connection refused"):
        docker.push(ImageReference.parse(f"{name}:1"))
    with pytest.raises(TransportError, match="connection refused"):
        docker.pull(binding(f"{name}:1", Digest.of(b"the release")))


def test_a_daemon_that_is_not_there_is_said(docker_engine, tmp_path):
    docker = DockerCli(options=["--host", f"unix://{tmp_path}/none.sock"])

    with pytest.raises(TransportError, match="daemon running"):
        docker.pull(binding("registry.example/acme/app:1", Digest.of(b"the release")))
    with pytest.raises(TransportError, match="daemon running"):
        docker.push(ImageReference.parse("registry.example/acme/app:1"))
