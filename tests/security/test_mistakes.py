"""The page of mistakes has all that have a number, and says what is so."""

from pathlib import Path

import pytest
from security.mistakes import CHAPTERS, REGISTRY, WHOSE
from security.rows import ROWS
from security.test_rows import docstrings_in

ON_PAGE = {each for chapter in CHAPTERS for each in chapter.rows}


def test_every_mistake_with_a_number_is_on_the_page():
    numbered = {row.id for row in (*ROWS, *REGISTRY) if row.also}

    assert set() == numbered - ON_PAGE
    assert {name for row in (*ROWS, *REGISTRY) for name in row.also} == set(WHOSE)


def test_no_mistake_is_on_the_page_twice():
    assert len(ON_PAGE) == sum(len(chapter.rows) for chapter in CHAPTERS)


@pytest.mark.parametrize("test", [test for row in REGISTRY for test in row.tests])
def test_the_tests_of_registries_are_there(test):
    file, name = test.split("::")

    assert name in docstrings_in(Path(file))
