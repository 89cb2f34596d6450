"""If it is printed, it is run: README, documentation and docstrings are tests.

In Markdown, blocks fenced as ``python`` are run from the top of the page to its
end, in one namespace and in an empty directory of their own. What a page needs
but should not show goes into a comment, ``<!-- invisible-code: python … -->``;
a block that only shows something is fenced as ``text``. In docstrings, ``>>>``
examples are run.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser
from sybil.sybil import SybilCollection


@pytest.fixture(scope="module")
def working_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The empty directory that a page's examples write into."""
    with contextlib.chdir(tmp_path_factory.mktemp("page")):
        yield Path.cwd()


pytest_collect_file = SybilCollection(
    [
        Sybil(
            parsers=[PythonCodeBlockParser(), SkipParser()],
            patterns=["README.md", "docs/*.md", "docs/*/*.md"],
            fixtures=["working_directory"],
        ),
        Sybil(parsers=[DocTestParser()], path="trustlib", patterns=["*.py"]),
    ]
).pytest()


_READABLE = 60  # characters of a name of a case


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Number the cases that are made of bytes: those may be random, and nobody reads them."""
    long = isinstance(val, str) and len(val) > _READABLE
    return argname if long or isinstance(val, bytes) else None
