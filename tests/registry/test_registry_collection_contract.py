"""A collection in a registry keeps what every storage promises to publishers."""

import itertools
from contextlib import ExitStack
from inspect import signature
from types import FunctionType

import pytest
from registry.honest import Honest, aclient, client, served
from registry.processes import running
from storage import test_storage_contract as contract
from storage.awaiting import Publisher

from trustlib import MemoryStorage
from trustlib.registry.storing import AsyncRegistryStorage, RegistryStorage

_NUMBERS = itertools.count()


def on_ours(test):
    """Return *test*, for the storages here and not for those that it names itself."""
    copy = FunctionType(test.__code__, test.__globals__, test.__name__)
    marks = getattr(test, "pytestmark", [])
    copy.pytestmark = [mark for mark in marks if mark.args[:1] != ("repositories",)]
    return copy


# Those of the contract's tests that ask for a publisher's port, and for nothing else. Without a
# lease, a registry may lose one of two writes: test_registry_collection_races.py has when.
globals().update(
    {
        name: on_ours(test)
        for name, test in vars(contract).items()
        if name.startswith("test_") and "publisher" in signature(test).parameters
    }
)


@pytest.fixture(scope="module")
def domains(tmp_path_factory):
    """A registry by its kind; one process each, for all tests."""
    with ExitStack() as stack:
        started = {}

        def domain(kind, require_servers):
            if kind not in started:
                if kind == "docker-registry":
                    require_servers("docker-registry")
                    running_one = running(tmp_path_factory.mktemp("registry"))
                else:
                    running_one = served(Honest(etags=kind == "honest"))
                started[kind] = stack.enter_context(running_one)
            return started[kind]

        yield domain


DOCKER = pytest.param("docker-registry", marks=pytest.mark.servers)
AWAITED = pytest.param("docker-registry, awaited", marks=[pytest.mark.servers, pytest.mark.slow])


@pytest.fixture
def both(domains, require_servers):
    """A function that makes a new collection in a registry: to be called, and to be awaited."""
    with ExitStack() as stack:

        def made(kind):
            domain, name = domains(kind, require_servers), f"acme/trust{next(_NUMBERS)}"
            return (
                RegistryStorage(
                    stack.enter_context(client(domain)), name, receipts=MemoryStorage()
                ),
                AsyncRegistryStorage(
                    stack.enter_context(aclient(domain)), name, receipts=MemoryStorage()
                ),
            )

        yield made


@pytest.fixture(params=["honest", "honest, awaited", "without ETags", DOCKER, AWAITED])
def publisher(request, both):
    kind, _, awaited = request.param.partition(", ")
    called, twin = both(kind)
    return Publisher(twin) if awaited else called
