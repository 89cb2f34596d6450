"""A connection is used again only if nothing is left on it, wherever it is kept."""

import select
import threading

import pytest
from transport.reading import PATIENTLY, asking
from transport.servers import (
    Authority,
    Flights,
    HangUpError,
    ResetError,
    Server,
    answer,
    files,
)

from trustlib.transport import NO_RETRIES, HttpTransport, Tls
from trustlib.transport._line import PIECE, Connection

HONEST = {"/a": b"b" * 9, "/b": b"b" * 10, "/c": b"b" * 11}
FORGED = answer(b"forged")


def transport_to(server: Server, **settings) -> HttpTransport:
    return HttpTransport(server.url, **{"timeout": PATIENTLY, "retries": NO_RETRIES} | settings)


def all_of(transport, *paths: str) -> list[bytes | None]:
    answers = transport.fetch_all([asking(path) for path in paths])
    return [pieces if pieces is None else b"".join(pieces) for pieces in answers]


def once(target: str, said: bytes):
    """Return the script that says *said* to the first who asks for *target*, and is honest else."""
    left = [said]

    def script(asked):
        if asked.target == target and left:
            yield left.pop()
        else:
            yield from files(HONEST)(asked)

    return script


def test_an_answer_to_no_request_is_never_one_to_the_next():
    """It came in one packet with an answer that was asked for, and lies in the same buffer."""
    with (
        Server(once("/a", answer(HONEST["/a"]) + FORGED)) as server,
        transport_to(server) as transport,
    ):
        assert HONEST["/a"] == b"".join(transport.fetch(asking("a")))
        assert HONEST["/b"] == b"".join(transport.fetch(asking("b")))
        assert 2 == server.connections


@pytest.mark.parametrize("then", [None, HangUpError, ResetError])
def test_what_nobody_asked_for_is_noticed_when_it_came_by_itself(then):
    """Nobody has read it, so it is where the operating system keeps it."""
    taken = threading.Event()

    def script(_):
        yield answer(b"x")
        taken.wait(60)
        if then:
            raise then
        yield FORGED

    with Server(script) as server:
        connection = Connection(*server.address, timeout=30)
        connection.request("GET", "/a", preload_content=False)
        response = connection.getresponse()
        assert (b"x", b"") == (response.read1(PIECE), response.read1(PIECE))
        patience = connection.sock.gettimeout()
        assert connection.is_connected
        taken.set()
        select.select([connection.sock], [], [], 30)

        for _ in range(2):
            assert not connection.is_connected
        assert patience == connection.sock.gettimeout()
        connection.close()


def test_an_answer_to_no_request_is_noticed_when_tls_has_decrypted_it(tmp_path):
    """It came in one record with the end of a file, so no socket has it any more, nor our buffer."""
    authority, large = Authority(directory=tmp_path), b"b" * 9_000
    with (
        Server(once("/a", answer(large) + FORGED), tls=authority.server()) as server,
        transport_to(server, tls=Tls(ca_file=authority.file)) as transport,
    ):
        assert large == b"".join(transport.fetch(asking("a")))
        assert HONEST["/b"] == b"".join(transport.fetch(asking("b")))
        assert 2 == server.connections


def test_an_answer_too_many_in_a_flight_does_not_outlive_it():
    """The server says under another file's name what it could have said there, and no more."""
    said = b"".join([answer(HONEST["/a"]), FORGED, answer(HONEST["/b"]), answer(HONEST["/c"])])

    def script(asked):
        if server.connections == 1:
            yield said if asked.target == "/c" else b""
        else:
            yield from files(HONEST)(asked)

    with Server(script) as server, transport_to(server) as transport:
        assert [HONEST["/a"], b"forged", HONEST["/b"]] == all_of(transport, "a", "b", "c")

        assert list(HONEST.values()) == all_of(transport, "a", "b", "c")
        assert 2 == server.connections


def test_an_answer_that_comes_too_late_to_be_noticed_does_not_come_twice():
    """Nothing tells it from the answer to the next request, but a surplus is noticed after that."""
    asked_for = []

    def script(asked):
        asked_for.append(asked.target)
        if len(asked_for) == 1:
            yield answer(HONEST["/a"])
        elif len(asked_for) == 2:
            yield FORGED + answer(HONEST["/b"])
        else:
            yield from files(HONEST)(asked)

    with Server(script) as server, transport_to(server) as transport:
        got = [b"".join(transport.fetch(asking(path))) for path in ("a", "b", "c", "b")]

        assert [HONEST["/a"], b"forged", HONEST["/c"], HONEST["/b"]] == got
        assert 2 == server.connections


def test_a_file_that_is_longer_than_it_says_does_not_outlive_its_flight():
    script = once("/a", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na" + FORGED)
    with Flights(script, 2) as server, transport_to(server) as transport:
        assert [b"a", b"forged"] == all_of(transport, "a", "b")
        assert HONEST["/b"] == b"".join(transport.fetch(asking("b")))
