"""Several files in one round trip, to await."""

import asyncio
import threading
from contextlib import aclosing

import pytest
from transport.reading import PATIENTLY, asking
from transport.servers import Flights, Server, answer, files

from trustlib.errors import TransportError
from trustlib.ports import AsyncPipelining
from trustlib.transport import (
    NO_RETRIES,
    DirectoryTransport,
    HttpTransport,
    Sequential,
    Threaded,
    awaited,
)

CONTENTS = {"/a": b"A" * 10, "/b": b"", "/c": b"C" * 300_000}


def transport_to(server: Server) -> HttpTransport:
    return HttpTransport(server.url, timeout=PATIENTLY, retries=NO_RETRIES)


async def joined(pieces) -> bytes | None:
    return None if pieces is None else b"".join([piece async for piece in pieces])


def requests(*paths: str):
    return [asking(path) for path in paths]


def test_only_what_pipelines_pipelines_when_it_is_awaited(tmp_path):
    http = HttpTransport("http://127.0.0.1:1/")

    assert isinstance(awaited(http), AsyncPipelining)
    assert not isinstance(awaited(DirectoryTransport(tmp_path)), AsyncPipelining)
    assert not isinstance(awaited(Sequential(http)), AsyncPipelining)
    assert not isinstance(Threaded(http), AsyncPipelining)
    assert awaited(http) == awaited(http)
    assert Threaded(DirectoryTransport(tmp_path)) == awaited(DirectoryTransport(tmp_path))


def test_several_awaited_files_take_one_round_trip_and_one_connection():
    async def main(transport):
        answers = awaited(transport).fetch_all(requests("a", "x", "c", "b"))
        got = [await joined(pieces) async for pieces in answers]
        return [*got, await joined(await awaited(transport).fetch(asking("a")))]

    with Flights(files(CONTENTS), 4) as server, transport_to(server) as transport:
        assert [b"A" * 10, None, b"C" * 300_000, b"", b"A" * 10] == asyncio.run(main(transport))
        assert (2, 1) == (server.rounds, server.connections)


def test_an_awaited_answer_may_be_given_up_and_the_next_one_comes():
    async def main(transport):
        async with aclosing(awaited(transport).fetch_all(requests("c", "a", "b"))) as answers:
            pieces = await anext(answers)
            await anext(pieces)
            await pieces.aclose()
            await pieces.aclose()
            assert [] == [piece async for piece in pieces]
            return await joined(await anext(answers))

    with Server(files(CONTENTS)) as server, transport_to(server) as transport:
        assert b"A" * 10 == asyncio.run(main(transport))


def test_awaited_answers_that_nobody_took_do_not_cost_the_connection():
    async def main(transport):
        answers = awaited(transport).fetch_all(requests("a", "x", "b"))
        await joined(await anext(answers))
        await answers.aclose()
        await answers.aclose()
        return await joined(await awaited(transport).fetch(asking("a")))

    with Flights(files(CONTENTS), 3) as server, transport_to(server) as transport:
        assert b"A" * 10 == asyncio.run(main(transport))
        assert 1 == server.connections


def test_errors_of_awaited_answers_arrive_in_their_turn():
    async def main(transport):
        answers = awaited(transport).fetch_all(requests("a", "b", "a"))
        assert b"" == await joined(await anext(answers))
        with pytest.raises(TransportError, match="status 500"):
            await anext(answers)
        return [pieces async for pieces in answers]

    def script(asked):
        yield answer(b"", status="500 Oops" if asked.target == "/b" else "200 OK")

    with Server(script) as server, transport_to(server) as transport:
        assert [] == asyncio.run(main(transport))


class Slow:
    """A transport that blocks where it was told to, until it is let go."""

    def __init__(self, where: str):
        self.where = where
        self.reached, self.go, self.closed = threading.Event(), threading.Event(), threading.Event()

    def fetch(self, request):
        raise AssertionError

    def fetch_all(self, requests):
        self.kept = self._answers()  # so that only close() closes it
        return self.kept

    def _answers(self):
        try:
            yield self._pieces()
            self._block("answer")
            yield None
        finally:
            self.closed.set()

    def _pieces(self):
        yield b"started"
        self._block("piece")
        yield b"too late"

    def _block(self, where):
        if where == self.where:
            self.reached.set()
            assert self.go.wait(20)


@pytest.mark.parametrize("where", ["answer", "piece"])
def test_who_is_cancelled_in_a_flight_does_not_wait_and_leaves_nothing_open(where):
    slow = Slow(where)

    async def read():
        async with aclosing(awaited(slow).fetch_all(requests("a", "b"))) as answers:
            async for pieces in answers:
                try:
                    await joined(pieces)
                finally:
                    if pieces is not None:
                        await pieces.aclose()

    async def main():
        task = asyncio.create_task(read())
        await asyncio.to_thread(slow.reached.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # We are back, and the worker thread is still inside the transport.
        assert not slow.closed.is_set()
        slow.go.set()
        assert await asyncio.to_thread(slow.closed.wait, 20)

    asyncio.run(main())
