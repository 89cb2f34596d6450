"""Many processes on one store, killed ones, and clocks that differ: plays, each on its stage."""

import os
import tempfile
from pathlib import Path

import pytest
from machines.stage import played

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes of POSIX")

STORIES = ["first_run", "ordinary_update", "recovery", "partial_recovery", "three_rotations"]


@pytest.fixture
def directory():
    """An empty directory, in memory where that can be had: these plays write and sync a lot.

    What SIGKILL leaves behind does not depend on what a disk has written yet.
    """
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


def test_eight_processes_keep_one_store_up_to_date(directory):
    """P79, a tenth of it."""
    versions, *_ = played("crowd", directory, 8, 20).split()

    assert int(versions) > 15


@pytest.mark.slow
def test_eight_processes_refresh_a_store_two_thousand_times(directory):
    """P79."""
    versions, *_ = played("crowd", directory, 8, 250).split()

    assert int(versions) > 15


@pytest.mark.parametrize(
    "story",
    [
        name if name == "recovery" else pytest.param(name, marks=pytest.mark.slow)
        for name in STORIES
    ],
)
def test_a_client_that_is_killed_between_any_two_effects_leaves_a_good_store(story, directory):
    """The next run succeeds and uses the store; older files stay refused; recovery is not lost."""
    assert int(played("killed", directory, story, "at")) > 15


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
def test_a_client_that_is_killed_inside_any_write_leaves_a_good_store(story, directory):
    """Killed at each call that the file system gets."""
    assert int(played("killed", directory, story, "inside")) > 50


def test_clients_that_are_killed_at_random_lose_nothing(directory):
    assert played("struck", directory, 25, 1).endswith(" killed\n")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_many_clients_that_are_killed_at_random_lose_nothing(seed, directory):
    assert played("struck", directory, 400, seed).endswith(" killed\n")


def test_clocks_that_differ_by_minutes_raise_no_false_alarm(directory):
    """P56, T-100: the record never goes back, and a clock that is too late is noticed."""
    assert played("clocks", directory, 8)
