"""What is too much for a page is counted: whoever writes much metadata makes no long pictures."""

import attrs
import pytest
from core.worlds import LATER, NOW
from pictures import samples
from pictures.reading import elements, words_of
from publish.desks import authority, created, planned

from trustlib import FrozenMap, PathPatterns, Snapshot, SuccinctRoles, Target, Targets
from trustlib.inspect import Scale, collection_of, drawing, mermaid, page, shown, timeline
from trustlib.publish import changes
from trustlib.roles import MetaFile


def forest(width):
    """A repository in which *width* roles delegate to *width* roles each."""
    repository = created().with_delegation("r", keys=authority("team"), grant=PathPatterns(("*",)))
    one = repository.targets["targets"].delegations

    def delegating(*names):
        roles = tuple(attrs.evolve(one.roles[0], name=name) for name in names)
        return Targets(version=1, expires=LATER, delegations=attrs.evolve(one, roles=roles))

    upper = [f"u{n}" for n in range(width)]
    roles = {"targets": delegating(*upper)}
    for name in upper:
        lower = [f"{name}-{n}" for n in range(width)]
        roles[name] = delegating(*lower)
        roles.update(dict.fromkeys(lower, Targets(version=1, expires=LATER)))
    return attrs.evolve(repository, targets=FrozenMap(roles))


@pytest.fixture(scope="module")
def wide():
    return collection_of(forest(24))


def chips(document):
    return [one for one in elements(document, "span") if one.get("class") == "chip"]


def rows(document):
    return len(elements(document, "tr")) - len(elements(document, "thead"))


def test_a_forest_is_drawn_to_its_bound(wide):
    assert 24 * 25 + 2 == wide.roles  # and the two top-level ones that somebody signed
    assert 200 <= len(wide.parts) < 250
    assert 60 > len(collection_of(forest(24), scale=Scale(parts=20)).drawn)
    assert LATER == wide.undrawn


def test_mermaid_draws_a_hundred_roles_and_counts_the_rest(wide):
    lines = mermaid(wide, now=NOW).splitlines()

    assert 101 == sum("[" in line for line in lines)
    assert f"and {len(wide.parts) - 100} more" in lines[-5]


def test_a_time_line_has_forty_lines_and_counts_the_rest(wide):
    svg = timeline(wide, now=NOW)

    assert 40 == sum(one.get("class") == "name" for one in elements(svg, "text"))
    assert "roles more, none of which ends before these" in words_of(svg)


def test_a_role_by_itself_shows_the_first_of_each_list():
    listed = FrozenMap({f"p{n}": Target.of(b"") for n in range(100)})
    meta = FrozenMap({f"r{n}": MetaFile(version=1) for n in range(100)})
    for role in (
        Targets(version=1, expires=LATER, targets=listed),
        Snapshot(version=1, expires=LATER, meta=meta),
    ):
        made = shown(role, now=NOW).html

        assert 20 == rows(made)
        assert "100, the first 20" in words_of(made)


def test_billions_of_bins_are_one_line():
    repository = created().with_bins(keys=authority("team"), bits=1)
    targets = repository.targets["targets"]
    bins = SuccinctRoles(
        keyids=targets.delegations.roles.keyids, threshold=1, bit_length=32, name_prefix="b"
    )
    many = attrs.evolve(targets, delegations=attrs.evolve(targets.delegations, roles=bins))
    facts = collection_of(
        attrs.evolve(repository, targets=repository.targets.including({"targets": many}))
    )

    assert "4,294,967,296 bins" in words_of(drawing(facts, now=NOW))
    assert "4,294,967,296 bins by the hash" in words_of(shown(many, now=NOW).html)


def test_a_flood_of_changes_is_cut_off():
    after = created().with_targets({f"acme/app:{n}": Target.of(b"") for n in range(50)})
    made = page(collection_of(after), now=NOW, changes=changes(created(), after))

    assert 20 == words_of(made).count("is new: sha256")


def test_a_plan_for_hundreds_of_roles_is_cut_off():
    after = created().with_bins(keys=authority("team"), bits=7)
    made = shown(planned(created(), after, now=NOW), now=NOW).html

    assert 100 == rows(made)
    assert "32 roles more are not shown" in words_of(made)


def test_many_keys_are_dots_and_a_number():
    people = [f"person-{n}" for n in range(150)]
    facts = collection_of(created(targets=authority(*people, threshold=2)))
    svg, made = drawing(facts, now=NOW), page(facts, now=NOW)

    assert "+142" in words_of(svg)
    assert 40 > len(elements(svg, "circle"))
    assert "52 keys more are not shown" in words_of(made)
    assert 99 >= sum("2 of 150" in "".join(one.itertext()) for one in chips(made))
    assert "and 138 more" in words_of(made)


def test_a_name_of_a_megabyte_is_spelled_out_at_its_ends():
    name = "é" * 1_000_000
    repository = attrs.evolve(
        created(), root=attrs.evolve(created().root, collection=name, version=1, expires=LATER)
    )

    assert "#" in words_of(page(collection_of(repository), now=samples.TODAY))
