"""Whom to talk to, and how patiently: values, and a conversation without a network."""

import pytest
from registry.contents import OCI_MANIFEST, manifest, raw
from registry.scripted import Scripted, served

from trustlib import TransportError
from trustlib._frozen import FrozenMap
from trustlib.limits import Limits
from trustlib.registry import WITH_TLS, WITHOUT_TLS
from trustlib.registry import _operations as say
from trustlib.registry._conversation import held
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.registry.credentials import anonymous
from trustlib.transport import NO_RETRIES, Retries
from trustlib.transport.exchange import Heard

MANIFEST = raw(manifest(b"a layer"))
FOUND = Heard(status=200, headers=FrozenMap({"content-type": (OCI_MANIFEST,)}), body=MANIFEST)
FIVE_TIMES = Retries(attempts=5)
URL = "https://registry.example/v2/acme/app/manifests/1"


def _busy(status: int = 429, *after: str) -> Heard:
    return Heard(status=status, headers=FrozenMap({"retry-after": after} if after else {}))


def _pauses(*answers: Heard | Exception, retries: Retries = FIVE_TIMES) -> list[float]:
    """Return how long it was waited before the last of *answers* was the manifest."""
    registry, pauses, coming = Registry("registry.example", retries=retries), [], list(answers)

    def heard(question):
        assert URL == question.where
        answer = coming.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    speaking = say.manifest(registry._at("acme/app"), "1")
    received = held(speaking, heard, anonymous, pauses.append)
    assert (MANIFEST, []) == (received.manifest.raw, coming)
    return pauses


def test_who_is_busy_is_asked_later_and_later():
    assert [0.5, 1.0, 2.0, 4.0] == _pauses(*map(_busy, (429, 502, 503, 504)), FOUND)


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        *(("3", 3.0), ("0", 0.5), ("10", 10.0), ("100000", 10.0), ("999999999", 10.0)),
        *(
            ("9" * 10, 0.5),
            ("-1", 0.5),
            ("1.5", 0.5),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0.5),
            ("", 0.5),
        ),
        *(("٣", 0.5), ("1e9", 0.5), ("inf", 0.5), ("nan", 0.5), ("3, 4", 0.5)),
    ],
)
def test_when_to_ask_again_is_the_registrys_wish_within_bounds(after, seconds):
    assert [seconds] == _pauses(_busy(429, after), FOUND)


def test_what_may_pass_is_asked_again_and_nothing_else():
    passing, final = TransportError(URL, "broke"), TransportError(URL, "is not that")
    passing.__cause__ = ConnectionResetError()

    assert [0.5] == _pauses(passing, FOUND)
    with pytest.raises(TransportError, match="is not that"):
        _pauses(final, FOUND)


def test_patience_ends():
    for retries in (NO_RETRIES, Retries(attempts=2)):
        with pytest.raises(TransportError, match="busy"):
            _pauses(*[_busy()] * retries.attempts, FOUND, retries=retries)


@pytest.mark.parametrize(
    "domain",
    ["", "acme", "index.docker.io", "registry.example/x", "a@registry.example", "registry.example:x",
     "registry.example:99999", "https://registry.example", "registry.example?", "registry_x.example", "[::1"],
)  # fmt: skip
@pytest.mark.parametrize("kind", [Registry, AsyncRegistry])
def test_what_is_no_domain_of_a_registry_is_a_mistake(kind, domain):
    with pytest.raises(ValueError):
        kind(domain)


@pytest.mark.parametrize(
    "realm", ["x", "https://a.example/token", "https://a@b.example", "ftp://a.example"]
)
def test_what_is_no_origin_of_a_token_server_is_a_mistake(realm):
    with pytest.raises(ValueError):
        Registry("registry.example", realms={realm})


@pytest.mark.parametrize("scheme", ["HTTP", "ftp", ""])
def test_there_is_tls_or_there_is_not(scheme):
    assert WITH_TLS == Registry("registry.example").scheme
    with pytest.raises(ValueError):
        Registry("registry.example", scheme=scheme)


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("docker.io", "https://registry-1.docker.io/v2/"),
        ("registry-1.docker.io", "https://registry-1.docker.io/v2/"),
        ("registry.example:5000", "https://registry.example:5000/v2/"),
        ("[::1]:5000", "https://[::1]:5000/v2/"),
    ],
)
def test_where_a_registry_is_follows_from_its_domain(domain, url):
    assert url == Registry(domain)._session.base_url
    assert url.replace("https", "http") == Registry(domain, scheme=WITHOUT_TLS)._session.base_url


def test_a_registry_is_a_value():
    assert Registry("registry.example") == Registry("registry.example")
    assert Registry("registry.example") != Registry("registry.example", scheme=WITHOUT_TLS)


def test_a_manifest_that_drips_is_an_error(without_tls):
    def drips(_):
        yield served(MANIFEST, OCI_MANIFEST)[: -len(MANIFEST)]
        for at in range(len(MANIFEST)):
            yield MANIFEST[at : at + 1]

    with Scripted({"GET *": drips}) as server, pytest.raises(TransportError, match="a second"):
        without_tls(server, pace=Limits(patience=1e-9, minimum_rate=1e12)).manifest("acme/app", "1")


def test_a_registry_that_was_closed_opens_again(speaking):
    with Scripted({"GET *": served(MANIFEST, OCI_MANIFEST)}) as server:
        registry = speaking(server.domain, scheme=WITHOUT_TLS)
        registry.manifest("acme/app", "1")
        registry.spoken_to.close()
        registry.manifest("acme/app", "1")
        assert 2 == server.connections


def test_a_block_closes_what_it_opened():
    with Scripted({"GET *": served(MANIFEST, OCI_MANIFEST)}) as server:
        with Registry(server.domain, scheme=WITHOUT_TLS) as registry:
            registry.manifest("acme/app", "1")
        registry.manifest("acme/app", "1")
        assert 2 == server.connections
        registry.close()
