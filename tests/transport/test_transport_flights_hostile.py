"""Several files in one round trip, from servers that are broken, slow or hostile.

Without pipelining such a server can say what it likes under the name of any file. With it, it
cannot do more: no error that fetching alone would not give, and no answer that outlives its flight.
"""

import random
import socket
import threading
import time
from contextlib import closing

import pytest
from transport.reading import AT_ONCE, CHUNKED, PATIENTLY, QUICKLY, TEN, asking
from transport.servers import HangUpError, ResetError, Server, answer, files

from trustlib.errors import TransportError
from trustlib.transport import NO_RETRIES, HttpTransport, Pool
from trustlib.transport._line import PIECE, STEP, Connection, Flight, Line

HONEST = {"/a": b"b" * 9, "/b": b"b" * 10, "/c": b"b" * 11}
FORGED = answer(b"forged")


def transport_to(server: Server, **settings) -> HttpTransport:
    return HttpTransport(server.url, **{"timeout": PATIENTLY, "retries": NO_RETRIES} | settings)


def all_of(transport, *paths: str) -> list[bytes | None]:
    answers = transport.fetch_all([asking(path) for path in paths])
    return [pieces if pieces is None else b"".join(pieces) for pieces in answers]


def once(target: str, *parts: bytes, then: type[Exception] | None = None):
    """Return the script that says *parts* to the first who asks for *target*, and is honest else."""
    said = []

    def script(asked):
        if asked.target == target and not said:
            said.append(parts)
            yield from parts
            if then:
                raise then
        else:
            yield from files(HONEST)(asked)

    return script


# -- an answer that is broken ends the flight, and only that -------------------------------


@pytest.mark.parametrize("then", [HangUpError, ResetError])
@pytest.mark.parametrize(
    "parts",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConte",
        TEN,
        TEN + b"bbbb",
        CHUNKED,
        CHUNKED + b"5\r\nbb",
        CHUNKED + b"5\r\nbbbbb\r\nzz\r\n",
        CHUNKED + b"5\r\nbbbbb\r\n-1\r\n" + b"x" * 1_000,
        b"hello\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 900_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * STEP * 2,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
        answer(b"x", status="500 Oops"),
        answer(b"x", status="101 Switching Protocols"),
        answer(b"x", Content_Encoding="gzip"),
        answer(b"x", status="206 Partial Content", Content_Range="bytes 0-0/10"),
        answer(b"", status="302 Found", Location="http://elsewhere.example/b"),
    ],
    ids=lambda parts: parts[:60].decode(),
)
@pytest.mark.parametrize("target", ["/a", "/b", "/c"])
def test_what_is_garbled_in_a_flight_is_asked_for_again(target, parts, then):
    if b"302" in parts:
        then = None  # a whole answer: that its connection ends may show with the next request only
    with Server(once(target, parts, then=then)) as server, transport_to(server) as transport:
        assert list(HONEST.values()) == all_of(transport, "a", "b", "c")


@pytest.mark.parametrize("target", ["/a", "/b", "/c"])
def test_what_stays_garbled_is_an_error_in_its_turn(target):
    def script(asked):
        yield b"hello\r\n\r\n" if asked.target == target else answer(HONEST[asked.target])

    with Server(script) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking(path) for path in ("a", "b", "c")])
        for path in [path for path in HONEST if path < target]:
            assert HONEST[path] == b"".join(next(answers))
        with pytest.raises(TransportError):
            next(answers)
        assert [] == list(answers)


def test_what_goes_wrong_alone_as_well_says_nothing_of_the_way_it_was_asked_for():
    said = iter([b"hello\r\n\r\n"])

    def script(asked):
        yield answer(b"a") if asked.target == "/a" else next(said, answer(b"", status="503 Busy"))

    with Server(script) as server, transport_to(server) as transport:
        with pytest.raises(TransportError, match="busy"):
            all_of(transport, "a", "b", "c")
        assert transport._connections.pipelines is None


# -- an answer says clearly where it ends, or is the last one ------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: gzip, chunked\r\nContent-Length: 0\r\n\r\n",
        b"Transfer-Encoding: x\r\nContent-Length: 0\r\n\r\n",
        b"Content-Length: 0\r\nno colon\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding : chunked\r\n\r\n",
    ],
)
def test_nothing_is_believed_behind_an_answer_whose_end_is_unclear(head):
    """It is an absence all the same: an answer that nobody reads, so nothing else would notice."""
    unclear = b"HTTP/1.1 404 Not Found\r\n" + head + FORGED
    with Server(once("/a", unclear)) as server, transport_to(server) as transport:
        assert [None, HONEST["/b"], HONEST["/c"]] == all_of(transport, "a", "b", "c")

    with Server(once("/a", unclear)) as server, transport_to(server) as transport:
        assert transport.fetch(asking("a")) is None
        assert HONEST["/b"] == b"".join(transport.fetch(asking("b")))


def test_a_connection_with_answers_to_come_is_of_no_use_to_others():
    with Server(files(HONEST)) as server:
        connection, flight = Connection(*server.address, timeout=30), Flight()
        flight.next(["/b", "/c"])
        with flight.asking():
            connection.request("GET", "/a", headers={"X": "y"}, preload_content=False)
            response = connection.getresponse()
            assert (HONEST["/a"], b"") == (response.read1(PIECE), response.read1(PIECE))
        assert not connection.is_connected
        connection.close()

        assert flight.lost


@pytest.mark.parametrize(
    ("target", "headers"), [("/c", {"X": "y"}), ("/b", {"X": "z"}), ("/b", {})]
)
def test_another_request_never_gets_an_answer_that_was_written_ahead(target, headers):
    """The last line of defence: even if such a connection were handed out to it."""
    with Server(files(HONEST)) as server:
        connection, flight = Connection(*server.address, timeout=30), Flight()
        flight.next(["/b"])
        with flight.asking():
            connection.request("GET", "/a", headers={"X": "y"}, preload_content=False)
            connection.getresponse().read1(PIECE)
            flight.next([])
            assert connection.is_connected
            with pytest.raises(ConnectionAbortedError):
                connection.request("GET", target, headers=headers)
        connection.close()


def test_no_more_is_written_ahead_than_any_server_has_room_for():
    """One that does not read while it writes would wait for us, and we for it."""
    ours, theirs = socket.socketpair()
    with ours, theirs, closing(Line(ours)) as line:
        flight = Flight()
        flight.next([f"/{n:0>500}" for n in range(1_000)])
        written = line.unwritten(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", flight)

        assert 15_000 < len(written) <= 16_384
        assert written.count(b"GET /") == len(line.unanswered) + 1


# -- slow ----------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nConte"])
def test_a_server_that_stalls_in_a_flight_is_asked_again_once(start):
    over, stalled = threading.Event(), []

    def stalling(asked):
        if asked.target == "/b" and not stalled:
            stalled.append(asked)
            yield start
            over.wait(60)
        yield from files(HONEST)(asked)

    with Server(stalling) as server, transport_to(server, timeout=QUICKLY) as transport:
        assert list(HONEST.values()) == all_of(transport, "a", "b", "c")
        # From here on, this one is asked for one file after the other.
        assert transport._connections.pipelines is False
        over.set()


def test_an_answer_behind_another_is_not_waited_for_as_long_as_one_alone():
    """It would be a long wait for the first answer of every program that talks to such a server."""
    again, waited = threading.Event(), []

    def stalling(asked):
        if asked.target == "/b" and not waited:
            waited.append(True)
            waited[0] = again.wait(25)
            raise HangUpError
        again.set()
        yield from files(HONEST)(asked)

    def script(asked):
        if asked.target == "/a":
            yield from files(HONEST)(asked)
        else:
            yield from stalling(asked)

    with Server(script) as server, transport_to(server) as transport:
        assert list(HONEST.values()) == all_of(transport, "a", "b", "c")
    assert [True] == waited


def test_a_server_that_drips_in_a_flight_gets_no_more_time_than_a_silent_one():
    dripped = []

    def script(asked):
        if asked.target == "/b" and not dripped:
            dripped.append(asked)
            yield b"HTTP/1.1 200 OK\r\nX: "
            for _ in range(100):
                time.sleep(0.03)
                yield b"x"
        else:
            yield from files(HONEST)(asked)

    with Server(script) as server, transport_to(server, timeout=QUICKLY) as transport:
        assert list(HONEST.values()) == all_of(transport, "a", "b", "c")


def test_answers_that_nobody_took_are_not_waited_for_long():
    over = threading.Event()

    def stalling(asked):
        if asked.target != "/a":
            over.wait(60)
        yield from files(HONEST)(asked)

    with Server(stalling) as server, transport_to(server, timeout=QUICKLY) as transport:
        answers = transport.fetch_all([asking(path) for path in ("a", "b", "c")])
        next(answers)
        answers.close()
        over.set()

        assert HONEST["/a"] == b"".join(transport.fetch(asking("a")))


def test_many_answers_that_nobody_took_are_not_waited_for_much_longer():
    over = threading.Event()

    def slow(asked):
        if asked.target != "/a":
            over.wait(0.2)
        yield answer(b"x")

    with Server(slow) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking(path) for path in ["a", *"b" * 60]])
        next(answers)
        answers.close()

        # Twelve seconds would be needed for all.
        assert len(server.asked) < 60
        over.set()


# -- noise ---------------------------------------------------------------------------------


def test_noise_in_flights_raises_nothing_but_transport_errors():
    """Every flight below is answered by honest answers with some bytes changed or dropped."""
    dice = random.Random(1)
    honest = [
        answer(b"0123456789"),
        CHUNKED + b"5\r\n01234\r\n3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
        answer(b"", status="302 Found", Location="/timestamp.json?x=y"),
        answer(b"no", status="404 Not Found", Content_Encoding="identity"),
        answer(b"", status="503 Busy", Retry_After="3"),
    ]

    def noise(_):
        data, changes = bytearray(dice.choice(honest)), dice.randrange(3)
        for _ in range(changes):
            place = dice.randrange(len(data))
            match dice.randrange(3):
                case 0:
                    data[place] = dice.randrange(256)
                case 1:
                    del data[place : place + dice.randrange(20)]
                case 2:
                    data[place:place] = dice.choice([b"-", b"9" * 5_000, b"\r\n", b"\0"])
        yield bytes(data)
        if changes:
            raise dice.choice([HangUpError, ResetError])

    texts = set()
    with Server(noise) as server:
        for _ in range(60):
            with transport_to(server, timeout=QUICKLY, retries=AT_ONCE, pool=Pool(1)) as transport:
                try:
                    all_of(transport, "a", "b", "c", "d")
                except TransportError as error:
                    texts.add(str(error))

    assert texts
    assert all(map(str.isprintable, texts))
