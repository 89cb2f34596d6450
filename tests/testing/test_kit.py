"""What the fixtures hand out: a repository over HTTP, a clock, and one attack."""

from http.client import IncompleteRead
from urllib.request import urlopen

import pytest

from trustlib import (  # fmt: skip
    Anchor,
    ExpiredError,
    HttpTransport,
    MemoryStorage,
    RollbackError,
    TrustError,
    Updater,
)
from trustlib.testing import (
    CATALOGUE,
    PATIENT,
    Clock,
    FileServer,
    MountedAttack,
    TrustRepository,
    Verdict,
)
from trustlib.testing.kit import judgements_of
from trustlib.testing.worlds import DAY

APP = "acme/app:1.4"
REPLAY = next(attack for attack in CATALOGUE if attack.name == "everything is shown as it was")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def repository(clock):
    with TrustRepository(clock) as repository:
        repository.publish({APP: b"old"})
        repository.publish({APP: b"new"})
        yield repository


@pytest.fixture
def ask(repository, clock):
    store = MemoryStorage()

    def size():
        with HttpTransport(repository.url) as http, HttpTransport(repository.targets_url) as files:
            updater = Updater(
                anchor=Anchor.root(repository.root),
                transport=http,
                artifacts=files,
                storage=store,
                clock=clock,
            )
            return updater.find(APP).target.length

    return size


def test_what_is_published_is_served(repository, ask, tmp_path):
    repository.publish({APP: b"newer"})

    assert 5 == ask()
    assert "timestamp.json" in repository.server.paths
    with HttpTransport(repository.url) as http, HttpTransport(repository.targets_url) as files:
        updater = Updater(
            anchor=Anchor.root(repository.root),
            transport=http,
            artifacts=files,
            storage=MemoryStorage(),
        )
        path = updater.download(updater.find(APP), tmp_path / "app")
    assert b"newer" == path.read_bytes()


def test_a_replay_is_served_until_it_calms_down(repository, ask):
    assert 3 == ask()
    repository.replay()
    with pytest.raises(RollbackError):
        ask()
    repository.calm_down()
    assert 3 == ask()


def test_what_is_withheld_or_replaced_is_not_believed(repository, ask):
    repository.withhold("timestamp.json")
    with pytest.raises(TrustError):
        ask()
    repository.replace("timestamp.json", b"{}")
    with pytest.raises(TrustError):
        ask()


def test_the_clock_goes_on_when_it_is_told_to(repository, ask, clock):
    began = clock()
    clock.advance(days=20)
    assert began + 20 * DAY == clock()
    repository.renew()
    clock.advance(days=5)
    assert 3 == ask()
    clock.advance(days=60)
    with pytest.raises(ExpiredError):
        ask()


def test_an_attack_that_deceives_fails_the_test_and_is_noted():
    with FileServer() as server:
        noted = []
        mounted = MountedAttack(REPLAY, server, noted.append)
        with pytest.raises(AssertionError, match="everything is shown as it was: deceived"):
            mounted.withstood_by(lambda place: place.target.encode())

    assert [Verdict.DECEIVED] == [each.verdict for each in noted]


def test_whoever_would_wait_for_ever_is_cut_off_and_hung():
    """Nobody can end a function; but it hears nothing any more, however often it asks."""
    stalling = next(attack for attack in PATIENT if attack.name == "timestamp stops half way")
    asked, file = [], "timestamp.json"

    def waits_for_ever(place):
        asked.append(place)
        if len(asked) == 2:
            with pytest.raises(IncompleteRead), urlopen(place.metadata_url + file) as answer:
                answer.read()
            urlopen(place.metadata_url + file).close()  # and asks again
        return place.target.encode()

    with FileServer() as server:
        mounted = MountedAttack(stalling, server, [].append)
        with pytest.raises(AssertionError, match="hung: did not end in time"):
            mounted.withstood_by(waits_for_ever, patience=1.0)
        with urlopen(f"{server.targets_url}team/app") as answer:
            assert b"team/app" == answer.read()


def test_what_was_noted_is_judged_again():
    judged = judgements_of([("ours", REPLAY.name, "WITHSTOOD"), ("theirs", REPLAY.name, "STUCK")])

    assert ["ours", "theirs"] == [*judged]
    assert [(REPLAY, Verdict.STUCK)] == [(one.attack, one.verdict) for one in judged["theirs"]]
