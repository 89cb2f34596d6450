"""One signer of each source, opened once for all tests: some take seconds to start."""

import pytest
from signers.sources import SOURCES, opened


@pytest.fixture(scope="module", params=SOURCES)
def signer(request, require_servers):
    with opened(request.param, require_servers) as one:
        yield one
