"""Every test that asks for ``download`` runs twice."""

import pytest
from downloads.artifacts import Async, AsyncScripted, Scripted, Sync


@pytest.fixture(params=["sync", "async"])
def way(request):
    return request.param


@pytest.fixture
def download(way):
    """Both ways to download; what they do must not differ."""
    return Sync() if way == "sync" else Async()


@pytest.fixture
def scripted(way):
    """Somebody's own transport, of the kind that fits."""
    return Scripted if way == "sync" else AsyncScripted
