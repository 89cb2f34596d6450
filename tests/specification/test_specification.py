"""The table of the specification is complete, and true of the code.

``TRUSTLIB_SPECIFICATION=<checkout of theupdateframework/specification>``, or
``make test SPECIFICATION=<it>``, compares the table with the text itself.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest
from specification import code, text
from specification.page import page
from specification.table import ROWS

from trustlib.roles import SPEC_VERSION

PAGE = code.PROJECT / "docs" / "reference" / "specification.md"
MARKS = {row.mark for row in ROWS}
ids = [f"{row.mark[1:]}-{number}" for number, row in enumerate(ROWS)]


# -- the table and the code -------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_what_does_a_step_bears_its_mark(row):
    for place in row.done:
        assert code.doing(place, row.mark), f"{place}: no {row.mark} in it"


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_the_tests_of_a_step_are_there(row):
    assert [] == sorted(set(row.tests) - code.tests())


@pytest.mark.parametrize("row", ROWS, ids=ids)
def test_a_step_is_done_and_held_by_tests_or_says_why_not(row):
    assert row.done or row.but
    assert row.tests or row.but
    assert row.tests or not row.demands


def test_every_mark_in_the_code_is_one_of_the_table():
    """A section stands for the steps in it."""
    sections = {mark[:at] for mark in MARKS for at in range(len(mark)) if mark[at] == "."}
    unknown = {
        (file, mark)
        for file, source in code.sources().items()
        for mark in code.marks(source) - MARKS - sections - {"§1.5.2"}  # goals, no demands
    }

    assert set() == unknown


def test_an_error_names_a_step_that_there_is():
    named = {
        (file, step)
        for file, source in code.sources().items()
        for step in re.findall(r'step="([^"]*)"', source)
    }

    assert named
    assert set() == {(file, step) for file, step in named if step not in MARKS}


def test_there_is_one_version_of_the_specification():
    # A layout of images has a version as well; that is another specification's.
    said = {
        (file, version)
        for file, source in code.sources().items()
        if file != "registry/layout.py"
        for version in re.findall(r"\b1\.0\.[0-9]+\b", source)
    }

    assert ("roles.py", SPEC_VERSION) in said
    assert set() == {(file, version) for file, version in said if version != SPEC_VERSION}


def test_the_page_for_readers_is_the_table():
    assert page() == PAGE.read_text(encoding="utf-8")


# -- what reads the code ----------------------------------------------------------------


def test_sections_of_other_documents_are_no_marks():
    said = "RFC 8032 §8.9, RFC 7914, §2 and FIPS 186-5 §A.1.1; §5.3.11–§5.3.12 (§4.3), §5"

    assert {"§5.3.11", "§5.3.12", "§4.3", "§5"} == code.marks(said)


def test_a_mark_belongs_to_what_it_stands_in():
    assert ["RootTrusted.accept_root"] == [
        each.name for each in code.doing("trust:accept_root", "§5.3.5")
    ]
    assert [] == code.doing("trust:accept_root", "§5.3")
    assert [] == code.doing("trust:accept_snapshot", "§5.3.5")
    assert [] == code.doing("verify:accept_root", "§5.3.5")


# -- the table and the text -------------------------------------------------------------

EXCERPT = """\
Text Macro: VERSION 1.0.99

# Introduction # {#introduction}
This MUST not be counted.
# System overview # {#system-overview}
# The repository # {#the-repository}
# Document formats # {#document-formats}
## Metaformat ## {#metaformat}
It SHOULD be, and it MUST NOT not be; it MAY.
# Detailed client workflow # {#detailed-client-workflow}
## Record ## {#fix-time}
##\N{NO-BREAK SPACE}Load\N{NO-BREAK SPACE}##\N{NO-BREAK SPACE}{#load}
1. One
  goes on, and MUST.

2. Two

  1. Two and a half
    1. Three REQUIRED

10. Ten
# Repository operations # {#repository-operations}
1. A list that is none of the workflow's
## Key management ## {#key-management}
It SHALL NOT.
# Future # {#future}
It MUST not be counted either.
"""


def test_the_text_is_read_as_it_is_printed():
    assert "1.0.99" == text.version(EXCERPT)
    assert ["§5.1", "§5.2.1", "§5.2.2", "§5.2.2.1", "§5.2.2.1.1", "§5.2.10"] == text.steps(EXCERPT)
    assert {"§4.1": 2, "§5.2.1": 1, "§5.2.2.1.1": 1, "§6.1": 1} == dict(text.demands(EXCERPT))


@pytest.fixture(scope="module")
def specification() -> str:
    folder = os.environ.get("TRUSTLIB_SPECIFICATION")
    if not folder:
        pytest.skip("make test SPECIFICATION=<its checkout> runs this")
    return (Path(folder) / "tuf-spec.md").read_text(encoding="utf-8")


def test_it_is_the_version_that_we_implement(specification):
    assert SPEC_VERSION == text.version(specification)


def test_every_step_of_the_workflow_is_in_the_table(specification):
    assert [] == [step for step in text.steps(specification) if step not in MARKS]


def test_every_demand_is_in_the_table_and_no_other(specification):
    counted = Counter()
    for row in ROWS:
        counted[row.mark] += row.demands

    assert dict(text.demands(specification)) == dict(+counted)
