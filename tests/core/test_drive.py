"""The two loops count bytes and seconds, close what they opened, and hold no TUF."""

import asyncio
import itertools

import pytest

from trustlib.drive import arun, run
from trustlib.effects import Fetch, Load, Save
from trustlib.errors import StorageError, TooLongError, TransportError, TrustError
from trustlib.limits import Limits
from trustlib.ports import Request
from trustlib.storage import MemoryStorage, ThreadedStorage

LIMITS = Limits()


class Pieces:
    """Pieces as they arrive; remembers how many were taken, and whether it was closed."""

    def __init__(self, pieces, error=None):
        self.pieces, self.error = iter(pieces), error
        self.taken, self.closed = [], 0

    def __iter__(self):
        return self

    def __next__(self):
        try:
            piece = next(self.pieces)
        except StopIteration:
            if self.error is not None:
                raise self.error from None
            raise
        self.taken.append(piece)
        return piece

    def close(self):
        self.closed += 1


class AsyncPieces(Pieces):
    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        try:
            return super().__next__()
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self):
        self.closed += 1


class Transport:
    """Answers every request with the same thing, and remembers what was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def fetch(self, request):
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class AsyncTransport(Transport):
    async def fetch(self, request):
        return super().fetch(request)


def carry_out(workflow, answer, storage=None, limits=LIMITS):
    return run(workflow, Transport(answer), storage or MemoryStorage(), limits)


def acarry_out(workflow, answer, storage=None, limits=LIMITS):
    store = ThreadedStorage(storage or MemoryStorage())
    return asyncio.run(arun(workflow, AsyncTransport(answer), store, limits))


BOTH = pytest.mark.parametrize(
    ("drive", "pieces"), [(carry_out, Pieces), (acarry_out, AsyncPieces)], ids=["run", "arun"]
)


def fetching(max_length=10, outcome=None, held=None):
    """Ask for one file; *outcome* learns how the conversation ended."""
    outcome = [] if outcome is None else outcome
    try:
        answer = yield Fetch("a/file", max_length, held)
    except GeneratorExit:
        outcome.append("closed")
        raise
    except TrustError as error:
        outcome.append(type(error).__name__)
        raise
    outcome.append("answered")
    return answer


# -- effects ----------------------------------------------------------------------------


@BOTH
def test_a_file_is_put_together(drive, pieces):
    coming = pieces([b"ab", b"", b"c"])

    assert b"abc" == drive(fetching(), coming)
    assert 1 == coming.closed


@BOTH
def test_an_empty_file_is_not_an_absent_one(drive, pieces):
    assert b"" == drive(fetching(), pieces([]))
    assert None is drive(fetching(), None)


def test_what_is_asked_for_is_what_the_workflow_said():
    transport = Transport(iter([b"x"]))
    run(fetching(held=b"old"), transport, MemoryStorage(), LIMITS)

    assert [Request(path="a/file", offset=0, held=b"old")] == transport.asked
    transport = AsyncTransport(AsyncPieces([b"x"]))
    asyncio.run(arun(fetching(held=b"old"), transport, ThreadedStorage(MemoryStorage()), LIMITS))
    assert [Request(path="a/file", offset=0, held=b"old")] == transport.asked


@pytest.mark.parametrize("answer", [[b"x"], (b"x",), iter([b"x"])])
def test_pieces_need_not_be_closable(answer):
    assert b"x" == carry_out(fetching(), answer)


async def plain_pieces():
    for piece in (b"x", b"y"):
        yield piece


class Bare:
    """An asynchronous iterator with nothing to let go of."""

    def __init__(self):
        self.coming = iter([b"x", b"y"])

    def __aiter__(self):
        return self

    async def __anext__(self):
        for piece in self.coming:
            return piece
        raise StopAsyncIteration


def test_asynchronous_pieces_need_not_be_closable():
    assert b"xy" == acarry_out(fetching(), Bare())


def test_async_generators_are_pieces():
    assert b"xy" == acarry_out(fetching(), plain_pieces())


@BOTH
def test_files_are_loaded_and_saved_if_they_are_what_was_read(drive, pieces):
    def workflow():
        seen = [(yield Load("a.json"))]
        seen.append((yield Save("a.json", b"1", None)))
        seen.append((yield Load("a.json")))
        seen.append((yield Save("a.json", b"2", None)))
        seen.append((yield Save("a.json", b"3", b"1")))
        seen.append((yield Load("a.json")))
        return seen

    storage = MemoryStorage()

    assert [None, b"1", b"1", None, b"3", b"3"] == drive(workflow(), None, storage)
    assert {"a.json": b"3"} == dict(storage.files)


@BOTH
def test_a_workflow_that_asks_for_nothing_is_carried_out(drive, pieces):
    def workflow():
        return "at once"
        yield

    assert "at once" == drive(workflow(), None)


# -- bytes ------------------------------------------------------------------------------


@BOTH
def test_a_file_has_as_many_bytes_as_allowed(drive, pieces):
    assert b"0123456789" == drive(fetching(10), pieces([b"01234", b"56789"]))
    for too_long in ([b"01234", b"56789", b"x"], [b"0123456789x"], [b"0"] * 11):
        with pytest.raises(TooLongError) as error:
            drive(fetching(10), pieces(too_long))
        assert ("a/file", 10) == (error.value.path, error.value.limit)


@BOTH
def test_endless_data_is_left_at_the_first_piece_too_many(drive, pieces):
    """T-60."""
    coming, outcome = pieces(itertools.repeat(b"123")), []

    with pytest.raises(TooLongError):
        drive(fetching(10, outcome), coming)

    assert 4 == len(coming.taken)
    assert 1 == coming.closed
    assert ["TooLongError"] == outcome


@BOTH
def test_nothing_is_allowed_where_nothing_is(drive, pieces):
    assert b"" == drive(fetching(0), pieces([b""]))
    with pytest.raises(TooLongError):
        drive(fetching(0), pieces([b"x"]))


@BOTH
def test_each_file_is_counted_for_itself(drive, pieces):
    def workflow():
        first = yield Fetch("a", 5)
        return first, (yield Load("x"))

    assert (b"12345", None) == drive(workflow(), pieces([b"12345"]))


# -- time -------------------------------------------------------------------------------


@BOTH
def test_a_file_that_takes_longer_than_the_deadline_is_given_up(drive, pieces):
    """P72b: empty pieces are no progress."""
    coming, outcome = pieces(itertools.repeat(b"")), []

    with pytest.raises(TransportError, match=r"not complete after 0.01 seconds") as error:
        drive(fetching(10, outcome), coming, limits=Limits(deadline=0.01))

    assert "a/file" == error.value.where
    assert 1 == coming.closed
    assert ["TransportError"] == outcome


@BOTH
def test_a_file_that_drips_is_given_up(drive, pieces):
    """T-93."""
    coming = pieces(itertools.repeat(b""))
    limits = Limits(patience=0.01, minimum_rate=1e12)

    with pytest.raises(TransportError, match=r"below 1e\+12 a second"):
        drive(fetching(10), coming, limits=limits)
    assert 1 == coming.closed


@BOTH
def test_the_rate_is_not_looked_at_before_patience_ends(drive, pieces):
    limits = Limits(patience=500.0, minimum_rate=1e12)

    assert b"abc" == drive(fetching(), pieces([b"abc"]), limits=limits)


@BOTH
def test_a_file_that_is_fast_enough_is_read_beyond_patience(drive, pieces):
    limits = Limits(patience=0.0, minimum_rate=1e-9)

    assert b"abc" == drive(fetching(), pieces([b"abc"]), limits=limits)


@BOTH
def test_a_file_that_is_too_long_is_too_long_however_slow(drive, pieces):
    limits = Limits(deadline=-1.0)

    with pytest.raises(TooLongError):
        drive(fetching(1), pieces([b"abc"]), limits=limits)


# -- errors -----------------------------------------------------------------------------


@BOTH
def test_a_transport_that_fails_ends_the_workflow(drive, pieces):
    """T-08: never an absence, never a complete file."""
    failure = TransportError("a/file", "reset")
    for answer in (failure, pieces([b"ab"], failure)):
        outcome = []
        with pytest.raises(TransportError) as error:
            drive(fetching(10, outcome), answer)
        assert failure is error.value
        assert ["TransportError"] == outcome
        if not isinstance(answer, Exception):
            assert 1 == answer.closed


class BrokenStorage:
    def load(self, name):
        raise StorageError(name, "broken")

    def save(self, name, data, *, replacing):
        raise StorageError(name, "broken")


@BOTH
@pytest.mark.parametrize("effect", [Load("a"), Save("a", b"", None)], ids=["load", "save"])
def test_a_storage_that_fails_ends_the_workflow(drive, pieces, effect):
    closed = []

    def workflow():
        try:
            yield effect
        finally:
            closed.append(True)

    with pytest.raises(StorageError):
        drive(workflow(), None, BrokenStorage())
    assert [True] == closed


@BOTH
def test_a_workflow_may_go_on_after_an_error(drive, pieces):
    def workflow():
        try:
            yield Fetch("a", 1)
        except TooLongError as error:
            return error.path, (yield Load("a"))

    storage = MemoryStorage({"a": b"mine"})

    assert ("a", b"mine") == drive(workflow(), pieces([b"too long"]), storage)


@BOTH
def test_what_the_workflow_raises_is_raised(drive, pieces):
    def workflow():
        yield Load("a")
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        drive(workflow(), None)


def test_an_interrupt_closes_pieces_and_workflow():
    coming, outcome = Pieces([b"a"], KeyboardInterrupt()), []

    with pytest.raises(KeyboardInterrupt):
        carry_out(fetching(10, outcome), coming)
    assert 1 == coming.closed
    assert ["closed"] == outcome


def test_a_cancelled_task_closes_pieces_and_workflow():
    class Stuck(AsyncPieces):
        async def __anext__(self):
            started.set()
            await asyncio.Event().wait()

    async def scenario():
        task = asyncio.ensure_future(
            arun(
                fetching(10, outcome),
                AsyncTransport(coming),
                ThreadedStorage(MemoryStorage()),
                LIMITS,
            )
        )
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    started, outcome, coming = asyncio.Event(), [], Stuck([])
    asyncio.run(scenario())

    assert 1 == coming.closed
    assert ["closed"] == outcome
