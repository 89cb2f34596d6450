"""Files of the world, which are not ours to pass on: whoever has them says where.

``make test WILD=<folder>`` runs these tests, and so does ``TRUSTLIB_WILD=<folder>``
before ``pytest``.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wild() -> Callable[[str], Path]:
    """A function that finds a collection of files by its name, or skips the test that needs it.

    Where a folder was named, a collection that is not in it fails the test:
    there, a skipped test would pass for a test that ran.
    """

    def find(collection: str) -> Path:
        folder = os.environ.get("TRUSTLIB_WILD")
        if not folder:
            pytest.skip(f"make test WILD=<a folder that holds {collection}/> runs this")
        place = Path(folder) / collection
        if not place.is_dir():
            pytest.fail(f"TRUSTLIB_WILD={folder}, and there is no {collection}/", pytrace=False)
        return place

    return find
