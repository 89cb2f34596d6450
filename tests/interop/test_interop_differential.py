"""Hundreds of repositories, valid and broken: two clients, one verdict.

Where the verdicts differ, the difference is in a list with the reason why.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from core.worlds import World
from interop.differences import DIFFERENCES, page
from interop.documents import EDITS, SPELLINGS, Files, edited, spelled
from interop.generated import PATHS, Dice, a_world
from interop.histories import HISTORIES
from interop.peers import REFUSES, Ours, Theirs, disagreement
from interop.shapes import SHAPES

TRIES = 4  # as many as there are roles besides root
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "differences.md"


def _one_state(change: Callable, kind: str, how: Callable, world: World, rng: Dice) -> list:
    return [change(world, kind, how, rng)]


CASES: dict[str, Callable[[World, Dice], list[Files]]] = {
    **{name: partial(_one_state, edited, kind, edit) for name, (kind, edit) in EDITS.items()},
    **{name: partial(_one_state, spelled, kind, how) for name, (kind, how) in SPELLINGS.items()},
    **HISTORIES,
    **SHAPES,
}


def first_root(files: Files) -> bytes:
    numbered = {int(path.split(".")[0]): path for path in files if path.endswith(".root.json")}
    return files[numbered[min(numbered)]]


@pytest.mark.parametrize("name", CASES)
def test_both_clients_say_the_same_or_differ_as_listed(name, tmp_path):
    seen = set()
    for turn in range(TRIES):
        rng = Dice(name, turn)
        states = CASES[name](a_world(rng), rng)
        anchor = first_root(states[0])
        (tmp_path / str(turn)).mkdir()
        ours, theirs = Ours(anchor), Theirs(anchor, tmp_path / str(turn))
        for files in states:
            words = disagreement(ours.ask(files, PATHS), theirs.ask(files, PATHS))
            if words is not None:
                seen.add(words)
                break  # they remember different things from here on

    if name not in DIFFERENCES:
        assert set() == seen
    else:
        listed = {(DIFFERENCES[name].ours, word) for word in DIFFERENCES[name].theirs}
        assert seen
        assert seen <= listed


def test_the_valid_repositories_are_accepted_by_both(tmp_path):
    """Or agreement would mean little."""
    for seed in range(20):
        files = a_world(Dice("valid", seed)).files()
        (tmp_path / str(seed)).mkdir()
        answers = Ours(first_root(files)).ask(files, PATHS)

        assert REFUSES not in answers.values()
        assert answers == Theirs(first_root(files), tmp_path / str(seed)).ask(files, PATHS)


def test_every_kind_of_case_has_a_name_of_its_own():
    assert len(CASES) == len(EDITS) + len(SPELLINGS) + len(HISTORIES) + len(SHAPES)


def test_every_listed_difference_is_tried():
    assert set() == set(DIFFERENCES) - set(CASES)


def test_the_page_for_readers_lists_exactly_the_differences():
    assert page() == PAGE.read_text(encoding="utf-8")
