"""§5.1: time stands still while an update goes on."""

from datetime import timedelta

import pytest
from core.worlds import LATER, NOW, World, grant, targets_role

from trustlib import Anchor, ExpiredError, MemoryStorage, Updater

FILES = World.create().delegating(grant("team", "a/*"), team=targets_role("a/x")).files()


class Slow:
    """A repository so slow that everything has expired before the second file is there."""

    def __init__(self):
        self.now, self.looks = NOW, 0

    def clock(self):
        self.looks += 1
        return self.now

    def fetch(self, request):
        self.now += LATER - NOW
        raw = FILES.get(request.path)
        return None if raw is None else iter([raw])


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def updater(slow):
    anchor = Anchor.root(FILES["1.root.json"])
    return Updater(anchor=anchor, transport=slow, storage=MemoryStorage(), clock=slow.clock)


def test_the_clock_is_looked_at_once_however_long_an_update_takes(slow, updater):
    trusted = updater.refresh()

    assert 1 == slow.looks
    assert NOW == trusted.now
    assert slow.now - NOW > timedelta(days=100)


def test_the_roles_below_are_looked_at_at_that_time_too(slow, updater):
    assert ("targets", "team") == updater.find("a/x").via
    assert 1 == slow.looks


def test_the_next_question_looks_again(slow, updater):
    updater.refresh()

    with pytest.raises(ExpiredError):
        updater.refresh()
    assert 2 == slow.looks
