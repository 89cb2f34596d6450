"""Clients are judged: what withstands, what is deceived, what leaves something, what gets stuck."""

from functools import partial

import pytest

from trustlib import Anchor, FileStorage, HttpTransport, Limits, MemoryStorage, Updater
from trustlib.testing import CATALOGUE, OVER_HTTP, FileServer, Siege, Verdict, judged, mountable
from trustlib.testing.attacks import PATIENT
from trustlib.testing.siege import CrashedError, HungError, LeftBehindError, SilentError
from trustlib.transport import NO_RETRIES, Timeouts

DEFAULT = Limits()
ALL = {attack.name: attack for attack in (*CATALOGUE, *OVER_HTTP, *PATIENT)}
REPLAY = ALL["everything is shown as it was"]
HARMLESS = ALL["somebody adds members around what was signed"]


class Ours:
    """An updater, started again for every question; *storage* makes what it remembers in."""

    def __init__(self, directory, storage, *, timeout=60, limits=DEFAULT):
        self.directory, self.storage = directory, storage
        self.timeout, self.limits = timeout, limits

    def http(self, url):
        return HttpTransport(url, retries=NO_RETRIES, timeout=Timeouts(read=self.timeout))

    def __call__(self, place):
        with (
            self.http(place.metadata_url) as metadata,
            self.http(place.targets_url) as artifacts,
        ):
            updater = Updater(
                anchor=Anchor.root(place.root),
                transport=metadata,
                artifacts=artifacts,
                storage=self.storage(),
                clock=lambda: place.now,
                limits=self.limits,
            )
            artifact = self.directory / "artifact"
            artifact.unlink(missing_ok=True)  # what is there already would not be fetched
            return updater.download(updater.find(place.target), artifact).read_bytes()


@pytest.fixture
def server():
    with FileServer() as server:
        yield server


@pytest.fixture
def careful(tmp_path):
    return Ours(tmp_path, lambda: FileStorage(tmp_path / "store"))


@pytest.fixture
def careless(tmp_path):
    return Ours(tmp_path, MemoryStorage)


@pytest.mark.parametrize("attack", OVER_HTTP, ids=lambda attack: attack.name)
def test_an_attack_that_needs_http_is_refused_as_documented(attack, server, careful):
    siege = Siege.clocked_at(attack)
    careful(siege.before(server))
    with pytest.raises(attack.expect) as error:
        careful(siege.during(server))

    assert attack.expect is type(error.value)
    assert dict(attack.facts) == {name: getattr(error.value, name) for name in attack.facts}
    assert b"team/app" == careful(siege.afterwards(server))


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=attack.name, marks=[pytest.mark.slow] if tried_again else [])
        for attack in PATIENT
        for tried_again in [attack.name == "the artifact stops half way"]
    ],
)
def test_an_attack_that_takes_its_time_is_refused_as_documented(attack, server, tmp_path):
    """Those who stop are noticed by a timeout, and those who drip by the rate."""
    store = partial(FileStorage, tmp_path / "store")
    slow = Limits(patience=1.5, minimum_rate=20)
    seconds = 60 if "a byte a second" in attack.name else 3
    siege = Siege.clocked_at(attack)
    Ours(tmp_path, store)(siege.before(server))
    with pytest.raises(attack.expect):
        Ours(tmp_path, store, timeout=seconds, limits=slow)(siege.during(server))

    assert b"team/app" == Ours(tmp_path, store)(siege.afterwards(server))


@pytest.mark.parametrize(
    "name",
    [
        "everything is shown as it was",
        "the clock is set back",
        "everything has expired",
        "team is the one of yesterday",
        "somebody adds members around what was signed",
    ],
)
def test_an_updater_withstands(name, server, careful):
    judgement = judged(Siege.clocked_at(ALL[name]), careful, server)

    assert Verdict.WITHSTOOD is judgement.verdict, judgement


def test_whoever_forgets_is_deceived_by_a_replay(server, careless):
    assert Verdict.DECEIVED is judged(Siege.clocked_at(REPLAY), careless, server).verdict


def test_whoever_believes_the_server_is_deceived(server):
    judgement = judged(Siege.clocked_at(REPLAY), lambda place: place.target.encode(), server)

    assert Verdict.DECEIVED is judgement.verdict


def test_whoever_refuses_everything_is_no_use(server):
    def refuses(_):
        raise ValueError("no")

    judgement = judged(Siege.clocked_at(REPLAY), refuses, server)
    assert (Verdict.UNUSABLE, "ValueError: no") == (judgement.verdict, judgement.detail)


class Answering:
    """Answers the acts of a siege one after the other: with the artifact, or an error."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self, place):
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer
        return place.target.encode()


@pytest.mark.parametrize(
    ("attack", "answers", "verdict"),
    [
        (REPLAY, (None, ValueError(), None), Verdict.WITHSTOOD),
        (REPLAY, (None, ValueError(), ValueError()), Verdict.STUCK),
        (REPLAY, (None, LeftBehindError(), None), Verdict.LEFT),
        (REPLAY, (None, SilentError(), None), Verdict.SILENT),
        (REPLAY, (None, CrashedError(), None), Verdict.CRASHED),
        (REPLAY, (None, HungError(), None), Verdict.HUNG),
        (HARMLESS, (None, None, None), Verdict.WITHSTOOD),
        (HARMLESS, (None, ValueError(), None), Verdict.FELL),
    ],
    ids=[
        "withstood",
        "stuck",
        "left",
        "silent",
        "crashed",
        "hung",
        "harmless",
        "harmless and refused",
    ],
)
def test_a_verdict_says_what_happened(attack, answers, verdict, server):
    assert verdict is judged(Siege.clocked_at(attack), Answering(*answers), server).verdict


def test_whoever_says_what_his_refusals_are_crashes_with_anything_else(server):
    """A KeyError stops an attack as well, until somebody catches it."""

    def judge(raised):
        client = Answering(None, raised, None)
        return judged(Siege.clocked_at(REPLAY), client, server, refusing=(OSError, ValueError))

    assert Verdict.WITHSTOOD is judge(UnicodeError("no")).verdict
    crashed = judge(KeyError("signed"))
    assert (Verdict.CRASHED, "KeyError: 'signed'") == (crashed.verdict, crashed.detail)


def test_a_wrong_file_is_no_answer(server):
    judgement = judged(Siege.clocked_at(HARMLESS), lambda _: b"evil", server)

    assert (Verdict.UNUSABLE, "got b'evil'") == (judgement.verdict, judgement.detail)


def test_what_needs_another_clock_is_mounted_where_there_is_one(server, careful):
    attack = ALL["the clock is set back"]
    now = Siege.clocked_at(attack).scene.before.now

    judgement = judged(Siege.at(attack, now), careful, server)
    assert Verdict.NOT_MOUNTED is judgement.verdict
    assert "clock" in judgement.detail


def test_what_has_expired_has_expired_on_every_clock():
    """Whoever has a clock of its own sees it for the first time when it is too late."""
    attack = ALL["everything has expired"]
    now = Siege.clocked_at(attack).scene.before.now

    siege = Siege.at(attack, now)
    assert (False, now) == (siege.remembered, siege.scene.now)
    assert siege.scene.shown.root.expires <= now


def test_every_attack_of_the_network_that_is_demanded_can_be_mounted():
    assert 95 < len(mountable())
    assert [] == [attack.name for attack in mountable() if attack.holds or attack.beyond]
