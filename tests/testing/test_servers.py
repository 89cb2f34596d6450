"""The hostile servers are hostile: each lie is noticed by a client that looks, and kept for proof."""

import json
from contextlib import closing

import pytest

from trustlib import Digest, MismatchError, TrustError
from trustlib.registry import WITHOUT_TLS, Registry
from trustlib.registry.credentials import Always, Password
from trustlib.testing import HostileRegistry
from trustlib.testing.servers import LIES
from trustlib.testing.servers.registry import (
    OCI_MANIFEST,
    another_manifest,
    foreign_realm,
    lying_digest,
    redirected_to_a_stranger,
)
from trustlib.transport import NO_RETRIES

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
