"""What Docker says is not believed: its client and its package are real, the daemon lies.

An honest daemon is in ``test_runtimes_engine.py``.
"""

import pytest
from docker import DockerClient
from registry.daemons import Daemon
from registry.images import Content
from urllib3.exceptions import ProtocolError

from trustlib import (
    Digest,
    ImageReference,
    MalformedError,
    MismatchError,
    TagBinding,
    TransportError,
)
from trustlib.registry.runtimes import DockerCli, DockerSdk, PushResult

DIGEST = Digest.of(b"the release")
REPOSITORY = "registry.example/acme/app"
PINNED = f"{REPOSITORY}@{DIGEST}"


def binding(text=f"{REPOSITORY}:1.4", digest=DIGEST):
    return TagBinding(reference=ImageReference.parse(text), digest=digest)


@pytest.fixture
def daemon():
    with Daemon({PINNED: PINNED, f"{REPOSITORY}:1.4": f"{REPOSITORY}@sha256:{'0' * 64}"}) as daemon:
        yield daemon


@pytest.fixture(params=["client", "package"])
def docker(request, daemon, tmp_path, monkeypatch, require_servers):
    if request.param == "client":
        require_servers("docker")
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        yield DockerCli(options=["--host", daemon.url])
    else:
        client = DockerClient(base_url=daemon.url)
        yield DockerSdk(client)
        client.close()


def test_what_docker_has_afterwards_must_be_that(docker, daemon):
    daemon.gives = f"{REPOSITORY}@{Digest.of(b'another')}"

    with pytest.raises(MismatchError, match="to have the digest") as error:
        docker.pull(binding())
    assert DIGEST == error.value.expected


@pytest.mark.parametrize(
    "there",
    ["<none>@<none>", f"registry.example/acme/other@{DIGEST}", f"acme/app@{DIGEST}", "", "x"],
)
def test_the_right_digest_of_another_name_does_not_count(docker, daemon, there):
    daemon.gives = there or "<none>"

    with pytest.raises(MismatchError):
        docker.pull(binding())


def test_what_docker_shortens_is_the_same_name(docker, daemon):
    daemon.remote[f"alpine@{DIGEST}"] = f"alpine@{DIGEST}"

    docker.pull(binding("alpine:3.20"))

    assert [f"alpine@{DIGEST}"] == daemon.images["alpine:3.20"]


# -- pushing --------------------------------------------------------------------------------


def aux(tag="1.4", digest=str(DIGEST), size=1573):
    return {"progressDetail": {}, "aux": {"Tag": tag, "Digest": digest, "Size": size}}


def pushing(tag="1.4", digest=str(DIGEST), size=1573):
    """Return what a daemon says about a push that went well."""
    return [
        {"status": f"The push refers to repository [{REPOSITORY}]"},
        {"status": "Pushed", "progressDetail": {}, "id": "2c26b46b68ff"},
        {"status": f"{tag}: digest: {digest} size: {size}"},
        aux(tag, digest, size),
    ]


@pytest.mark.parametrize(
    ("records", "error"),
    [
        ([{"errorDetail": {"message": "denied"}, "error": "denied"}], TransportError),
        ([*pushing(), {"errorDetail": {"message": "late"}, "error": "late"}], TransportError),
        ([], MalformedError),
        (pushing(tag="1.5"), MalformedError),
        (pushing(digest="sha256:1234"), MalformedError),
        ([*pushing(), *pushing(digest=str(Digest.of(b"another")))], MalformedError),
        ([*pushing(), *pushing(size=1574)], MalformedError),
    ],
)
def test_a_push_that_does_not_say_what_was_pushed_is_none(docker, daemon, records, error):
    daemon.records = records

    with pytest.raises(error):
        docker.push(ImageReference.parse(f"{REPOSITORY}:1.4"))


def test_a_push_has_a_tag(docker, daemon):
    with pytest.raises(ValueError, match="expected a tag"):
        docker.push(ImageReference.parse(PINNED))

    assert [] == daemon.client_told


# -- the package, as far as it needs no daemon ------------------------------------------------


class Images:
    """What Docker's package has: a stream of records, or an error of the HTTP client."""

    def __init__(self, records):
        self.records = records
        self.images = self.api = self

    def push(self, repository, tag, *, stream, decode):
        assert stream is decode is True
        if isinstance(self.records, Exception):
            raise self.records
        return iter(self.records)

    pull = get = push


@pytest.mark.parametrize(
    "records",
    [
        ["text"],
        [None],
        [aux(digest=None)],
        [aux(digest=["sha256"])],
        [aux(size="1573")],
        [aux(size=-1)],
        [aux(size=True)],
        [aux(), aux(size=1574)],
        [{"aux": []}, {"aux": {"Tag": ["1.4"]}}],
    ],
)
def test_records_that_are_not_dockers_are_refused(records):
    with pytest.raises(MalformedError):
        DockerSdk(Images(records)).push(ImageReference.parse(f"{REPOSITORY}:1.4"))


@pytest.mark.parametrize(
    "error", [ConnectionError("gone"), RuntimeError("no JSON\n" * 999), ProtocolError("broke off")]
)
def test_what_the_package_raises_is_said_in_our_words(error):
    with pytest.raises(TransportError, match="Docker says") as caught:
        DockerSdk(Images(error)).push(ImageReference.parse(f"{REPOSITORY}:1.4"))
    assert len(str(caught.value)) < 500


# -- what was pushed, and what the registry has -----------------------------------------------


def test_the_kind_of_what_was_pushed_is_what_its_bytes_say():
    image = Content().image("the release")
    pushed = PushResult(tag="1.4", digest=image.digest, size=len(image.raw))

    assert image.descriptor == pushed.described_by(image)


@pytest.mark.parametrize("changes", [{"digest": DIGEST}, {"size": 1}])
def test_what_the_registry_has_must_be_what_was_pushed(changes):
    image = Content().image("the release")
    facts = {"digest": image.digest, "size": len(image.raw), **changes}

    with pytest.raises(MismatchError, match="pushed"):
        PushResult(tag="1.4", **facts).described_by(image)
