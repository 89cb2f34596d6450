"""One updater, any number of threads: nobody gets an answer that was never published, or an older one."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from threading import Barrier, Lock, Thread

import pytest

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    Freshness,
    MemoryStorage,
    Repository,
    SigningPlan,
    Updater,
)
from trustlib.signing import MemorySigner
from trustlib.testing.worlds import NOW

THREADS, QUESTIONS, EDITIONS = 8, 40, 5
TAGS = [f"acme/app-{number}:1" for number in range(6)]
SIGNER = MemorySigner.generate()


class Site:
    """A repository that is published again whenever it was asked for its timestamp some times."""

    def __init__(self):
        by = Authority.of(SIGNER.key)
        self.storage, self.lock, self.asked = MemoryStorage(), Lock(), count(1)
        empty = Repository.create("docker.io/acme", root=by, targets=by, snapshot=by, timestamp=by)
        self.now = self.published(empty, empty.with_bins(keys=by, bits=2), 0)
        self.edition = 0
        self.states = [dict(self.storage.files)]
        for number in range(1, EDITIONS):
            self.now = self.published(self.now, self.now, number)
            self.states.append(dict(self.storage.files))

    def published(self, before, after, number):
        for tag in TAGS:
            after = after.with_tag(tag, digest=digest(number), size=number + 1)
        plan = SigningPlan.between(before, after, now=NOW, expiry=BY_HAND).signed_by(SIGNER)
        return plan.publication().apply(self.storage).repository

    def fetch(self, request):
        with self.lock:
            if request.path == "timestamp.json" and next(self.asked) % 30 == 0:
                self.edition = min(self.edition + 1, EDITIONS - 1)
            raw = self.states[self.edition].get(request.path)
        return None if raw is None else iter((raw,))


def digest(number):
    return f"sha256:{number:064x}"


def test_eight_threads_ask_one_updater_while_the_repository_moves_on():
    site, storage, ticks = Site(), MemoryStorage(), count()
    updater = Updater(
        anchor=Anchor.root(site.states[0]["1.root.json"]),
        transport=site,
        storage=storage,
        policy=Freshness(max_age=timedelta(seconds=3)),
        clock=lambda: (
            NOW + timedelta(seconds=next(ticks))
        ),  # every few questions ask the repository
    )
    begin = Barrier(THREADS)

    def ask(first):
        begin.wait()
        asked = (TAGS[(first + number) % len(TAGS)] for number in range(QUESTIONS))
        return [updater.resolve(tag) for tag in asked]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, range(THREADS)))

    for each in answers:
        editions = [binding.size - 1 for binding in each]
        assert sorted(editions) == editions  # nothing that a thread was told goes back
        assert [digest(number) for number in editions] == [str(binding.digest) for binding in each]
        assert [TAGS[(answers.index(each) + n) % len(TAGS)] for n in range(QUESTIONS)] == [
            binding.reference.familiar for binding in each
        ]
    assert site.edition > 0
    later = Updater(
        anchor=updater.anchor,
        transport=site,
        storage=storage,
        clock=lambda: NOW + timedelta(hours=1),
    )
    assert digest(site.edition) == str(later.resolve(TAGS[0]).digest)


def test_an_update_that_another_one_overtook_is_not_what_is_remembered():
    site, times = Site(), iter((2, 1, 3))

    class Slow:
        """While the first update waits for targets, one that began before it asks, and ends."""

        waits = True

        def fetch(self, request):
            raw = site.states[site.edition].get(request.path)
            if self.waits and request.path.endswith("targets.json"):
                self.waits, site.edition = False, 2
                overtaking.append(updater.resolve(TAGS[0]))
            return None if raw is None else iter((raw,))

    overtaking = []
    updater = Updater(
        anchor=Anchor.root(site.states[0]["1.root.json"]),
        transport=Slow(),
        storage=MemoryStorage(),
        clock=lambda: NOW + timedelta(seconds=next(times)),
    )
    slow = updater.resolve(TAGS[0])

    assert [digest(2)] == [str(binding.digest) for binding in overtaking]
    assert digest(0) == str(slow.digest)
    assert digest(2) == str(updater.resolve(TAGS[0]).digest)


class Floor:
    """The newest edition that anybody was told of by now."""

    def __init__(self):
        self.edition, self.lock = 0, Lock()

    def raise_to(self, edition):
        with self.lock:
            self.edition = max(self.edition, edition)


@pytest.fixture
def restless():
    """Threads take turns as often as the interpreter lets them."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_nobody_is_told_what_is_older_than_what_anybody_was_told_before():
    """Eight threads ask the same over and over, most of it from memory, while updates come in."""
    site, floor, asked = Site(), Floor(), 500
    now = [NOW]
    updater = Updater(
        anchor=Anchor.root(site.states[0]["1.root.json"]),
        transport=site,
        storage=MemoryStorage(),
        clock=lambda: now[0],
    )
    updater.resolve_all(TAGS)
    begin = Barrier(THREADS + 1)

    def ask(first):
        begin.wait()
        told = []
        for number in range(asked):
            tag = TAGS[(first + number) % len(TAGS)]
            before = floor.edition
            binding = updater.resolve(tag)
            floor.raise_to(binding.size - 1)
            told.append((before, binding, tag))
        return told

    def publish_and_refresh():
        begin.wait()
        for edition in range(1, EDITIONS):
            for _ in range(5):
                now[0] += timedelta(seconds=1)
                updater.refresh()
            site.edition = edition

    with ThreadPoolExecutor(THREADS + 1) as pool:
        moving = pool.submit(publish_and_refresh)
        answers = [told for each in pool.map(ask, range(THREADS)) for told in each]
        moving.result()

    assert THREADS * asked == len(answers)
    for before, binding, tag in answers:
        assert before <= binding.size - 1
        assert (digest(binding.size - 1), tag) == (
            str(binding.digest),
            binding.reference.familiar,
        )
    updater.refresh()
    assert {digest(EDITIONS - 1)} == {str(each.digest) for each in updater.resolve_all(TAGS)}


class Overtaken(datetime):
    """A moment; whoever compares it with another is overtaken by an update meanwhile."""

    def __eq__(self, other):
        overtake, self.overtake = self.overtake, None
        if overtake is not None:
            overtake()
        return datetime.__eq__(self, other)

    __hash__ = datetime.__hash__


def test_what_is_remembered_does_not_go_back_though_two_updates_end_together():
    """Which one is later and which one is kept is one step."""
    site, now = Site(), [NOW]
    updater = Updater(
        anchor=Anchor.root(site.states[0]["1.root.json"]),
        transport=site,
        storage=MemoryStorage(),
        clock=lambda: now[0],
    )
    updater.refresh()
    moment = NOW + timedelta(seconds=1)
    slow = Overtaken.combine(moment.date(), moment.timetz())

    def overtake():
        site.edition, now[0] = EDITIONS - 1, NOW + timedelta(seconds=2)
        faster.start()
        faster.join(1)  # it ends if nobody keeps it from ending, and else right afterwards

    faster = Thread(target=updater.refresh)
    slow.overtake, now[0] = overtake, slow
    updater.refresh()
    faster.join()

    assert digest(EDITIONS - 1) == str(updater.resolve(TAGS[0]).digest)
