"""The hostile servers are hostile: each lie is noticed by a client that looks, and kept for proof."""

import json
import socket
import time
from contextlib import closing

import pytest

from trustlib import Digest, Limits, MismatchError, TransportError, TrustError
from trustlib.registry import WITHOUT_TLS, Registry
from trustlib.registry.credentials import Always, Password
from trustlib.testing import FileServer, HostileRegistry
from trustlib.testing.behaviours import dripping, honest, stalled
from trustlib.testing.servers import BEHAVIOURS, LIES, SLOW, Server, answer, answering
from trustlib.testing.servers.registry import (
    OCI_MANIFEST,
    another_manifest,
    foreign_realm,
    lying_digest,
    redirected_to_a_stranger,
)
from trustlib.transport import NO_RETRIES, Timeouts

MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/json", "digest": f"sha256:{64 * '0'}", "size": 2},
        "layers": [],
    }
).encode()


@pytest.fixture
def registry():
    with HostileRegistry() as registry:
        registry.holding("acme/app", "1.4", MANIFEST)
        yield registry


def client(registry):
    return closing(
        Registry(
            registry.domain,
            scheme=WITHOUT_TLS,
            retries=NO_RETRIES,
            credentials=Always(registry.domain, Password("ann", "s3cret")),
        )
    )


def test_it_says_the_truth_until_it_is_told_to_lie(registry):
    with client(registry) as honest:
        assert MANIFEST == honest.manifest("acme/app", "1.4").raw
        assert MANIFEST == honest.manifest("acme/app", Digest.of(MANIFEST)).raw
        assert honest.manifest("acme/app", "1.5") is None


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_no_lie_is_believed(registry, lie):
    registry.lie = lie
    with client(registry) as ours:
        try:
            got = ours.manifest("acme/app", Digest.of(MANIFEST)).raw
        except TrustError:
            got = MANIFEST

    assert MANIFEST == got
    assert 1 <= len(registry.asked)


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=lambda each: each.__name__)
def test_what_a_hostile_server_does_a_registry_does_as_well(registry, behaviour):
    registry.lie = answering(behaviour)
    with client(registry) as ours, pytest.raises(TrustError):
        ours.manifest("acme/app", "1.4")


def test_what_is_answered_honestly_is_believed(registry):
    registry.lie = answering(honest)
    with client(registry) as ours:
        assert MANIFEST == ours.manifest("acme/app", "1.4").raw


@pytest.mark.parametrize(("behaviour", "seconds"), [(dripping, 60), (stalled, 3)])
def test_a_registry_that_takes_its_time_is_given_up(registry, behaviour, seconds):
    registry.lie = answering(behaviour)
    pace = Limits(patience=1.5, minimum_rate=20)
    ours = Registry(
        registry.domain,
        scheme=WITHOUT_TLS,
        retries=NO_RETRIES,
        timeout=Timeouts(read=seconds),
        pace=pace,
    )
    with closing(ours), pytest.raises(TransportError):
        ours.manifest("acme/app", "1.4")


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=lambda each: each.__name__)
def test_a_slow_server_ends_with_whoever_listened(behaviour):
    """Nobody waits for two minutes until a test with a slow server is over."""
    with FileServer() as server:
        server.files = {"timestamp.json": bytes(1_000)}
        server.behaviours = {"metadata/timestamp.json": behaviour}
        with socket.create_connection(server.address) as listening:
            listening.sendall(b"GET /metadata/timestamp.json HTTP/1.1\r\n\r\n")
            assert listening.recv(1)
        began = time.monotonic()
        for thread in list(server.threads)[1:]:
            thread.join()
        assert time.monotonic() - began < 60
        with socket.create_connection(server.address) as listening:
            listening.sendall(b"GET /metadata/timestamp.json HTTP/1.1\r\n\r\n")
            assert listening.recv(1)
            began = time.monotonic()
            server.__exit__()
    assert time.monotonic() - began < 9  # and not until it gives up on a connection
    assert not any(thread.is_alive() for thread in server.threads)


def test_another_manifest_is_another_whatever_it_is_called(registry):
    registry.lie = another_manifest
    with client(registry) as ours, pytest.raises(MismatchError):
        ours.manifest("acme/app", Digest.of(MANIFEST))


@pytest.mark.parametrize("lie", [foreign_realm, redirected_to_a_stranger])
def test_credentials_are_not_shown_to_a_stranger(registry, lie):
    registry.lie = lie
    with client(registry) as ours, pytest.raises(TrustError):
        ours.manifest("acme/app", "1.4")

    assert [] == registry.leaked


def test_whoever_shows_them_is_caught(registry):
    from urllib.request import Request, urlopen

    registry.lie = lying_digest
    asked = Request(f"{registry.stranger.url}token", headers={"Authorization": "Basic c2VjcmV0"})
    urlopen(asked).close()

    assert ["Basic c2VjcmV0"] == registry.leaked


def test_whoever_tries_tls_first_hears_at_once_that_it_is_not_spoken():
    with Server(lambda _: [answer(b"")]) as server:
        with socket.create_connection(server.address, timeout=5) as connection:
            connection.sendall(b"\x16")  # the first byte of any handshake

            assert b"" == connection.recv(1)
        assert [] == server.asked
