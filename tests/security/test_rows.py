"""The index of what must not succeed is whole, and what it names is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from security.rows import COUNTED_WITH, ELSEWHERE, ROWS

from trustlib.testing.attacks import CATALOGUE, OVER_HTTP, PATIENT

TESTS = Path(__file__).parent.parent


@cache
def docstrings_in(file):
    """What each test of *file* says that it is about."""
    functions = ast.parse((TESTS / file).read_text(encoding="utf-8")).body
    return {f.name: ast.get_docstring(f) or "" for f in functions if isinstance(f, ast.FunctionDef)}


def attacks_of(row):
    return [attack for attack in CATALOGUE if {row.id, *row.also} & {*attack.ids}]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_proved_by_tests_that_exist(row):
    for test in row.tests:
        file, name = test.split("::")
        assert name.startswith("test_"), test
        assert name in docstrings_in(file), test
    assert row.tests or attacks_of(row)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_whoever_looks_for_a_row_finds_what_proves_it(row):
    """By its id, in the docstring of a test or among the ids of an attack."""
    said = [docstrings_in(file)[name] for file, name in (test.split("::") for test in row.tests)]

    found = [text for text in said if re.search(rf"\b{row.id}\b", text)]
    assert found or attacks_of(row)


def test_every_row_is_there_once():
    ids = [row.id for row in ROWS] + [*COUNTED_WITH] + [*ELSEWHERE]
    names = [name for row in ROWS for name in row.also]

    assert len(ids) == len(set(ids))
    assert len(names) == len(set(names))
    assert {*COUNTED_WITH.values()} <= {row.id for row in ROWS}


def test_every_attack_is_in_a_row():
    known = {name for row in ROWS for name in (row.id, *row.also)}

    attacks = (*CATALOGUE, *OVER_HTTP, *PATIENT)
    assert set() == {name for attack in attacks for name in attack.ids} - known


def test_every_id_that_a_test_names_is_in_the_index():
    """So whoever adds a test for something new adds its row."""
    known = {row.id for row in ROWS} | {*COUNTED_WITH} | {*ELSEWHERE}
    named = {
        name
        for path in TESTS.rglob("test_*.py")
        for text in docstrings_in(path.relative_to(TESTS)).values()
        for name in re.findall(r"\b(?:T-\d+|P\d{2}[a-z]?)\b", text)
    }

    assert set() == named - known
