"""The pages of the reference are what the code says today; ``make pages`` writes them."""

import re

import attrs
import pytest
from reference import errors, limits
from reference.made import DOCS, pages
from reference.names import home as home_of
from reference.names import listed, names, packages

import trustlib
from trustlib import TrustError

PAGES = pages()


@pytest.mark.parametrize("place", sorted(PAGES))
def test_a_page_is_what_the_code_says(place):
    assert PAGES[place] == (DOCS / place).read_text(encoding="utf-8")


def test_no_page_of_the_api_was_left_behind():
    there = {f"reference/api/{page.name}" for page in (DOCS / "reference" / "api").iterdir()}

    assert there == {place for place in PAGES if place.startswith("reference/api/")}


@pytest.mark.parametrize("package", packages())
def test_every_public_name_of_a_package_has_an_entry(package):
    text = "".join(PAGES.values())
    documented = set(re.findall(r"^\.\. (?:py:|auto)\w+:: (\S+)$", text, re.MULTILINE))
    entries = {(name.home, name.own): name.path for name in names()}
    here = {n: entries[home] for n in listed(package) for home in [home_of(package, n)]}

    assert set() == {name for name, path in here.items() if path not in documented}


def test_every_name_that_most_programs_import_is_a_name_of_the_reference():
    assert set() == {f"trustlib.{n}" for n in trustlib.__all__} - {n.path for n in names()}


def test_every_public_name_says_what_it_is():
    assert [] == [name.path for name in names() if not name.said.strip()]


def test_every_error_says_why_and_what_to_do():
    assert set(errors.ADVICE) == {kind.__name__ for kind in errors.tree()}
    assert set(errors.ADVICE) == set(re.findall(r"^#{2,4} (\w+)$", errors.page(), re.MULTILINE))


def test_every_error_that_a_caller_may_meet_is_public():
    """An error of a module that is not for users would be one that nobody can catch by its name."""

    def below(kind):
        return {kind}.union(*map(below, kind.__subclasses__()))

    kinds = {kind for kind in below(TrustError) if kind.__module__.startswith("trustlib.")}
    inside = {kind for kind in kinds if kind not in errors.tree()}

    assert set() == {kind for kind in inside if kind.__base__ is TrustError}


@pytest.mark.parametrize("kind", limits.VALUES, ids=lambda kind: kind.__name__)
def test_every_limit_is_explained(kind):
    simple = {f.name for f in attrs.fields(kind) if f.init and f.name != "clock"}

    assert set() == {name for name in simple if f"| `{name}` |" not in limits.page()}
