"""Every test that asks for ``speaking`` runs twice: for who waits, and for who awaits."""

import pytest
from registry.processes import htpasswd, started
from registry.speakers import Async, Sync
from registry.tokens import TokenServer
from transport.servers import Authority

from trustlib.registry import WITHOUT_TLS
from trustlib.transport import NO_RETRIES


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def speaking(request):
    """A function that makes a registry out of its domain and settings."""
    made = []

    def make(domain, **settings):
        made.append(request.param(domain, **settings))
        return made[-1]

    yield make
    for registry in made:
        registry.spoken_to.close()


@pytest.fixture
def without_tls(speaking):
    """The same, for a server of the tests."""

    def make(server, **settings):
        settings = {"scheme": WITHOUT_TLS, "retries": NO_RETRIES} | settings
        return speaking(server.domain, **settings)

    return make


@pytest.fixture(scope="session")
def plain(require_servers, tmp_path_factory):
    """A registry that lets everybody do everything."""
    require_servers("docker-registry", "skopeo")
    with started(tmp_path_factory.mktemp("plain")) as place:
        yield place


@pytest.fixture(scope="session")
def secure(require_servers, tmp_path_factory):
    """One with TLS that wants to see a certificate, and a name and password."""
    require_servers("docker-registry", "skopeo")
    directory = tmp_path_factory.mktemp("secure")
    with started(directory, auth=htpasswd(directory), tls=Authority(directory=directory)) as place:
        yield place


@pytest.fixture(scope="session")
def with_tokens(require_servers, tmp_path_factory):
    """One that lets in who shows a token of its server; that server comes along."""
    require_servers("docker-registry", "skopeo")
    directory = tmp_path_factory.mktemp("tokens")
    with TokenServer(directory) as tokens, started(directory, auth=tokens.auth) as place:
        yield place, tokens
