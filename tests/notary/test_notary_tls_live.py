"""Certificates where docker keeps them, at a real server that wants to see who asks."""

import asyncio
import contextlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from notary.lab import certified, running

from trustlib import AsyncUpdater, MemoryStorage, TransportError, Updater
from trustlib._clock import utcnow
from trustlib.notary import (
    ContentTrust,
    NotaryPlan,
    NotaryRepository,
    NotaryServer,
    docker_tls,
    pinned_certificate,
)
from trustlib.notary.keys import NotarySigner
from trustlib.roles import Authority
from trustlib.transport import NO_RETRIES

pytestmark = pytest.mark.servers

NAME = "registry.example/lab/guarded"
DIGEST = "sha256:" + "5e" * 32


@pytest.fixture(scope="module")
def lab(require_servers, tmp_path_factory):
    server, client, _ = require_servers("notary-server", "notary", "docker")
    with running(tmp_path_factory.mktemp("lab"), server, client, mutual=True) as lab:
        yield lab


def server_of(lab, settings):
    return NotaryServer(lab.url, NAME, tls=docker_tls(settings, lab.url), retries=NO_RETRIES)


def signer():
    return NotarySigner.of(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="module")
def published(lab, tmp_path_factory):
    """A collection with one tag, the folder of docker's settings, and the root's pin."""
    settings = tmp_path_factory.mktemp("docker")
    lab.as_docker(settings)
    root, targets = signer(), signer()
    root = root.under(root.certificate(NAME, now=utcnow()))
    with server_of(lab, settings) as server:
        before = NotaryRepository.create(
            NAME,
            root=Authority.of(root.key),
            targets=Authority.of(targets.key),
            snapshot=Authority.of(server.key("snapshot")),
            timestamp=Authority.of(server.key("timestamp")),
        )
        after = before.with_tag(f"{NAME}:v1", digest=DIGEST, size=7)
        plan = NotaryPlan.between(before, after, now=utcnow()).signed_by(root, targets)
        plan.publication().apply(server)
    return settings, pinned_certificate(NAME, root.id)


def client(face, server, pin):
    app = ContentTrust(NAME)
    return face(anchor=pin, transport=server, storage=MemoryStorage(), format=app, names=app.names)


def test_who_shows_dockers_certificate_is_let_in(lab, published):
    settings, pin = published
    with server_of(lab, settings) as server:
        waited = client(Updater, server, pin).resolve(f"{NAME}:v1")
        awaited = asyncio.run(client(AsyncUpdater, server, pin).resolve(f"{NAME}:v1"))

    assert (DIGEST, DIGEST) == (str(waited.digest), str(awaited.digest))
    assert DIGEST in lab.notary("lookup", NAME, "v1")
    status, out, complaints = lab.docker("trust", "inspect", NAME)
    assert 0 == status, complaints
    assert [DIGEST.removeprefix("sha256:")] == [
        tag["Digest"] for tag in json.loads(out)[0]["SignedTags"]
    ]


@pytest.mark.parametrize("shown", ["none", "another"])
def test_who_does_not_is_not_and_hears_so(lab, published, tmp_path, shown):
    _, pin = published
    place = lab.as_docker(tmp_path)
    for file in (place / "client.cert", place / "client.key"):
        file.unlink()
    if shown == "another":
        for file, name in zip(certified(tmp_path, "mallory"), ("cert", "key"), strict=True):
            file.rename(place / f"client.{name}")

    with contextlib.closing(server_of(lab, tmp_path)) as server:
        with pytest.raises(TransportError):
            client(Updater, server, pin).refresh()
        with pytest.raises(TransportError):
            server.post({})


def test_a_server_that_nobody_vouches_for_is_not_asked(lab, published, tmp_path):
    settings, pin = published
    place = lab.as_docker(tmp_path)
    certified(tmp_path, "stranger")[0].rename(place / "ca.crt")

    with server_of(lab, tmp_path) as server, pytest.raises(TransportError, match="certificate"):
        client(Updater, server, pin).refresh()
    with server_of(lab, settings) as server:
        client(Updater, server, pin).refresh()
