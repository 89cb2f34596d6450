"""Hints change when a file is asked for, and nothing else."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib.drive import arun, run
from trustlib.effects import Ahead, Fetch, Load, Tell
from trustlib.errors import TooLongError, TransportError, TrustError
from trustlib.events import AnchorFetched
from trustlib.limits import Limits
from trustlib.storage import MemoryStorage, ThreadedStorage

LIMITS = Limits()
EVENT = AnchorFetched(sha256="00", version=1)


class InTurn:
    """Has *files*, and remembers what it was asked for. An error among them is raised."""

    def __init__(self, **files):
        self.files, self.asked = files, []

    def answer(self, request):
        data = self.files.get(request.path)
        if isinstance(data, Exception):
            raise data
        return None if data is None else iter([data])

    def fetch(self, request):
        self.asked.append(request.path)
        return self.answer(request)


class AtOnce(InTurn):
    """The same, and several in one go; remembers which generators were closed."""

    def __init__(self, **files):
        super().__init__(**files)
        self.flights, self.closed = [], 0

    def fetch_all(self, requests):
        self.flights.append(",".join(request.path for request in requests))
        try:
            for request in requests:
                yield self.answer(request)
        finally:
            self.closed += 1


class AsyncInTurn(InTurn):
    async def fetch(self, request):
        return awaited(super().fetch(request))


class AsyncAtOnce(AtOnce):
    async def fetch(self, request):
        return awaited(super().fetch(request))

    async def fetch_all(self, requests):
        self.flights.append(",".join(request.path for request in requests))
        try:
            for request in requests:
                yield awaited(self.answer(request))
        finally:
            self.closed += 1


def awaited(pieces):
    async def generator():
        for piece in pieces:
            yield piece

    return None if pieces is None else generator()


def drive(workflow, transport, tell=lambda event: None, limits=LIMITS):
    return run(workflow, transport, MemoryStorage(), limits, tell)


def adrive(workflow, transport, tell=lambda event: None, limits=LIMITS):
    return asyncio.run(arun(workflow, transport, ThreadedStorage(MemoryStorage()), limits, tell))


BOTH = pytest.mark.parametrize(
    ("drive", "at_once", "in_turn"),
    [(drive, AtOnce, InTurn), (adrive, AsyncAtOnce, AsyncInTurn)],
    ids=["run", "arun"],
)


def asking(*paths, ahead=(), limit=10):
    """Hint at *ahead*, then ask for *paths* in turn; an error takes a file's place."""
    if ahead:
        yield Ahead(tuple(Fetch(path, limit) for path in ahead))
    answers = []
    for path in paths:
        try:
            answers.append((yield Fetch(path, limit)))
        except TrustError as error:
            answers.append(type(error))
    return answers


@BOTH
def test_what_was_hinted_at_is_asked_for_at_once(drive, at_once, in_turn):
    transport = at_once(a=b"1", c=b"3")

    assert [b"1", None, b"3"] == drive(asking(*"abc", ahead="abc"), transport)
    assert (["a,b,c"], []) == (transport.flights, transport.asked)
    assert 1 == transport.closed


@BOTH
def test_a_transport_that_cannot_is_asked_in_turn(drive, at_once, in_turn):
    transport = in_turn(a=b"1", c=b"3")

    assert [b"1", None, b"3"] == drive(asking(*"abc", ahead="abc"), transport)
    assert ["a", "b", "c"] == transport.asked


@BOTH
def test_what_was_not_hinted_at_is_asked_for_as_ever(drive, at_once, in_turn):
    transport = at_once(a=b"1", x=b"9")

    assert [b"9", b"1"] == drive(asking(*"xa", ahead="a"), transport)
    assert ["x"] == transport.asked


@BOTH
def test_what_came_too_early_is_handed_out_later_and_once(drive, at_once, in_turn):
    transport = at_once(a=b"1", b=b"2")

    assert [b"2", b"1", b"1"] == drive(asking(*"baa", ahead="ab"), transport)
    assert ["a"] == transport.asked


@BOTH
def test_an_earlier_hint_is_forgotten(drive, at_once, in_turn):
    """What was asked for before something new was known is asked for again."""

    def workflow():
        yield Ahead((Fetch("a", 10), Fetch("b", 10)))
        first = yield Fetch("a", 10)
        transport.files["b"] = b"new"
        yield Ahead((Fetch("c", 10), Fetch("b", 10)))
        return first, (yield Fetch("b", 10))

    transport = at_once(a=b"1", b=b"old", c=b"3")

    assert (b"1", b"new") == drive(workflow(), transport)
    assert ["a,b", "c,b"] == transport.flights
    assert 2 == transport.closed


@BOTH
def test_a_file_is_held_to_the_limit_of_whoever_asks(drive, at_once, in_turn):
    """Not of the guess; also if it came before it was needed."""

    def workflow(order, hinted, limit):
        yield Ahead(tuple(Fetch(path, hinted) for path in "ab"))
        first = yield Fetch(order[0], limit)
        return first, (yield Fetch(order[1], limit))

    for order in ("ab", "ba"):
        with pytest.raises(TooLongError) as error:
            drive(workflow(order, 10, 3), at_once(a=b"1234", b=b"12"))
        assert ("a", 3) == (error.value.path, error.value.limit)
        assert 2 == len(drive(workflow(order, 3, 10), at_once(a=b"1234", b=b"12")))


@BOTH
def test_an_error_of_what_nobody_needs_is_nobodys(drive, at_once, in_turn):
    for wrong in (TransportError("b", "reset"), b"far too long for this"):
        transport = at_once(a=b"1", b=wrong, c=b"3")

        assert [b"1", b"3"] == drive(asking(*"ac", ahead="abc"), transport)
        assert ["c"] == transport.asked  # behind an answer that went wrong there are no others


@BOTH
def test_an_error_of_what_is_needed_is_raised(drive, at_once, in_turn):
    for wrong in (TransportError("b", "reset"), b"far too long for this"):
        transport = at_once(a=b"1", b=wrong, c=b"3")
        kind = type(wrong) if isinstance(wrong, Exception) else TooLongError

        assert [b"1", kind, b"3"] == drive(asking(*"abc", ahead="abc"), transport)
        assert ["c"] == transport.asked


@BOTH
def test_a_transport_that_gives_too_few_answers_did_not_say_absent(drive, at_once, in_turn):
    class Short(at_once):
        pass

    transport = Short(a=b"1", b=b"2")
    everything, transport.fetch_all = transport.fetch_all, lambda rs: everything(rs[:1])

    assert [b"1", TransportError] == drive(asking(*"ab", ahead="ab"), transport)
    assert [b"1", b"2"] == drive(asking(*"ab", ahead="ac"), transport)


@BOTH
def test_what_nobody_needed_is_read_so_that_a_connection_can_go_on(drive, at_once, in_turn):
    read = []

    class Counting(at_once):
        def answer(self, request):
            read.append(request.path)
            return super().answer(request)

    drive(asking("a", ahead="abc"), Counting(a=b"1", b=b"2"))

    assert ["a", "b", "c"] == read


@BOTH
def test_after_an_error_nothing_more_is_read(drive, at_once, in_turn):
    def workflow():
        yield Ahead((Fetch("a", 10), Fetch("b", 10)))
        yield Fetch("a", 10)
        raise LookupError

    transport = at_once(a=b"1", b=TransportError("b", "read"))
    with suppress(LookupError):
        drive(workflow(), transport)

    assert 1 == transport.closed


@BOTH
def test_what_happened_is_told(drive, at_once, in_turn):
    def workflow():
        return (yield Tell(EVENT)), (yield Load("x"))

    told = []

    assert (None, None) == drive(workflow(), in_turn(), told.append)
    assert [EVENT] == told


@BOTH
def test_a_listener_that_fails_ends_the_workflow(drive, at_once, in_turn):
    def fail(event):
        raise LookupError("mine")

    def workflow():
        yield Tell(EVENT)

    with pytest.raises(LookupError, match="mine"):
        drive(workflow(), in_turn(), fail)


FILES = st.dictionaries(
    st.sampled_from("abcd"), st.binary(max_size=12) | st.just(TransportError("x", "reset"))
)


@given(FILES, st.lists(st.sampled_from("abcde")), st.lists(st.sampled_from("abcde"), unique=True))
def test_hints_change_no_answer(files, asked, ahead):
    plain = drive(asking(*asked, ahead=ahead), InTurn(**files))

    assert plain == drive(asking(*asked, ahead=ahead), AtOnce(**files))
    assert plain == adrive(asking(*asked, ahead=ahead), AsyncAtOnce(**files))
