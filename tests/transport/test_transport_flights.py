"""Several files in one round trip, from servers that are honest."""

import contextlib
import gc
import socket
import threading
import time

import pytest
from transport.reading import AT_ONCE, PATIENTLY, QUICKLY, asking
from transport.servers import (
    Authority,
    Flights,
    HangUpError,
    Proxy,
    ResetError,
    Server,
    answer,
    files,
    says,
)

from trustlib.errors import TransportError
from trustlib.ports import AsyncPipelining, Pipelining
from trustlib.transport import (
    NO_RETRIES,
    DirectoryTransport,
    HttpTransport,
    Pool,
    Sequential,
    Tls,
    redirects_to,
)

CONTENTS = {"/a": b"A" * 10, "/b": b"", "/c": b"C" * 300_000, "/d%20d": b"D"}


def transport_to(server: Server, **settings) -> HttpTransport:
    return HttpTransport(server.url, **{"timeout": PATIENTLY, "retries": NO_RETRIES} | settings)


def all_of(transport, *paths: str) -> list[bytes | None]:
    answers = transport.fetch_all([asking(path) for path in paths])
    return [pieces if pieces is None else b"".join(pieces) for pieces in answers]


# -- order, round trips, connections -------------------------------------------------------


def test_several_files_take_one_round_trip_and_one_connection():
    with Flights(files(CONTENTS), 5) as server, transport_to(server) as transport:
        got = all_of(transport, "a", "2.root.json", "c", "b", "d%20d")

        assert [b"A" * 10, None, b"C" * 300_000, b"", b"D"] == got
        assert ["/a", "/2.root.json", "/c", "/b", "/d%20d"] == server.targets
        assert (1, 1) == (server.rounds, server.connections)


def test_all_requests_of_a_flight_have_the_same_headers():
    with (
        Flights(files(CONTENTS), 3) as server,
        transport_to(server, headers={"Authorization": "Bearer x"}) as transport,
    ):
        all_of(transport, "a", "b", "c")
        all_of(Sequential(transport).transport, "a")

        assert [server.asked[0].headers] * 4 == [asked.headers for asked in server.asked]
        assert "Bearer x" == server.asked[2].headers["authorization"]


def test_files_before_and_after_a_flight_use_its_connection():
    with Flights(files(CONTENTS), 1, 3, 2, 1) as server, transport_to(server) as transport:
        b"".join(transport.fetch(asking("c")))
        all_of(transport, "a", "b", "c")
        all_of(transport, "x", "b")
        b"".join(transport.fetch(asking("a")))

        assert (4, 1) == (server.rounds, server.connections)


def test_chunked_files_and_notices_to_go_on_stay_apart():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n"
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    with Flights(says(go_on, chunked, then=None), 3) as server, transport_to(server) as transport:
        assert [b"abcde"] * 3 == all_of(transport, "a", "b", "c")
        assert (1, 1) == (server.rounds, server.connections)


def test_answers_that_arrive_in_one_packet_stay_apart():
    """What is read ahead of one answer is the beginning of the next."""
    together = []

    def script(asked):
        together.append(answer(asked.target.encode()))
        if len(together) == 3:
            yield b"".join(together)

    with Server(script) as server, transport_to(server) as transport:
        assert [b"/a", b"/b", b"/c"] == all_of(transport, "a", "b", "c")


def test_answers_that_arrive_byte_by_byte_stay_apart():
    def script(asked):
        for byte in answer(asked.target.encode()):
            yield bytes([byte])

    with Flights(script, 3) as server, transport_to(server) as transport:
        assert [b"/a", b"/b", b"/c"] == all_of(transport, "a", "b", "c")


def test_more_requests_than_a_server_has_room_for_go_in_several_flights():
    long_names = {f"/{n:0>1000}": b"%d" % n for n in range(40)}
    with Flights(files(long_names), 14, 14, 12) as server, transport_to(server) as transport:
        got = all_of(transport, *(name[1:] for name in long_names))

        assert list(long_names.values()) == got
        assert (3, 1) == (server.rounds, server.connections)


def test_the_same_file_may_be_asked_for_twice():
    with Flights(files(CONTENTS), 3) as server, transport_to(server) as transport:
        assert [b"A" * 10] * 3 == all_of(transport, "a", "a", "a")


def test_nothing_is_asked_for_before_the_first_answer_is_taken():
    with Server(files(CONTENTS)) as server, transport_to(server) as transport:
        transport.fetch_all([asking("a"), asking("b")])
        assert [] == list(transport.fetch_all([]))

        assert 0 == server.connections


def test_a_flight_goes_over_tls_and_through_a_tunnel(tmp_path):
    authority = Authority(directory=tmp_path)
    with (
        Flights(files(CONTENTS), 3, 3, tls=authority.server()) as server,
        Proxy(server) as proxy,
        transport_to(server, tls=Tls(ca_file=authority.file), proxy=proxy.url) as transport,
    ):
        for _ in range(2):
            assert [b"A" * 10, None, b""] == all_of(transport, "a", "x", "b")
        assert (2, 1) == (server.rounds, server.connections)


def test_a_connection_that_carries_a_flight_through_a_tunnel_is_opened_anew_through_it(tmp_path):
    """Whoever closes a tunnel in the middle of a request would ask the proxy itself."""
    authority = Authority(directory=tmp_path)
    with (
        Flights(files(CONTENTS), 3, tls=authority.server()) as server,
        Proxy(server) as proxy,
        transport_to(server, tls=Tls(ca_file=authority.file), proxy=proxy.url) as transport,
    ):
        answers = transport.fetch_all([asking("a"), asking("b"), asking("c")])
        next(answers)
        assert b"D" == b"".join(transport.fetch(asking("d%20d")))
        assert [b"", b"C" * 300_000] == [b"".join(pieces) for pieces in answers]
        assert ["CONNECT"] * 2 == [asked.method for asked in proxy.asked]


# -- what is not written ahead -------------------------------------------------------------


def test_continued_files_are_asked_for_alone():
    with Flights(files(CONTENTS), 2, 1, 2) as server, transport_to(server) as transport:
        requests = [asking("a"), asking("x"), asking("c", offset=299_999), asking("a"), asking("b")]
        got = [pieces and b"".join(pieces) for pieces in transport.fetch_all(requests)]

        assert [b"A" * 10, None, b"C", b"A" * 10, b""] == got
        assert (3, 1) == (server.rounds, server.connections)


def test_a_path_that_is_refused_is_refused_in_its_turn():
    with Flights(files(CONTENTS), 2) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking("a"), asking("b"), asking("../x"), asking("c")])

        assert [b"A" * 10, b""] == [b"".join(next(answers)) for _ in range(2)]
        with pytest.raises(TransportError, match="dot segment"):
            next(answers)
        assert [] == list(answers)
        assert ["/a", "/b"] == server.targets


def test_a_proxy_that_reads_requests_gets_them_one_by_one():
    with Server(files({"http://nowhere.example/a": b"a"})) as proxy:
        transport = HttpTransport("HTTP://nowhere.example/", proxy=proxy.url, retries=NO_RETRIES)
        with transport:
            answers = transport.fetch_all([asking("a"), asking("b")])
            assert b"a" == b"".join(next(answers))
            assert 1 == len(proxy.asked)
            assert [None] == list(answers)


# -- answers that nobody takes -------------------------------------------------------------


@pytest.mark.parametrize("letting_go", ["close", "drop"])
@pytest.mark.parametrize("taken", [1, 2, 3])
def test_short_answers_that_nobody_took_do_not_cost_the_connection(letting_go, taken):
    with Flights(files(CONTENTS), 4) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking(path) for path in ("a", "x", "b", "a")])
        for _ in range(taken):
            next(answers)
        if letting_go == "close":
            answers.close()
        del answers
        gc.collect()

        assert b"D" == b"".join(transport.fetch(asking("d%20d")))
        assert 1 == server.connections


def test_a_long_answer_that_nobody_took_costs_the_connection_only():
    big = CONTENTS | {"/big": b"B" * 3_000_000}
    with Flights(files(big), 3) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking("a"), asking("big"), asking("b")])
        next(answers)
        answers.close()

        assert b"D" == b"".join(transport.fetch(asking("d%20d")))
        assert 2 == server.connections


def test_an_answer_that_is_read_in_part_is_lost_and_the_next_one_comes():
    big = CONTENTS | {"/big": b"B" * 3_000_000}
    with Flights(files(big), 3) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking("big"), asking("a"), asking("b")])
        pieces = next(answers)
        next(pieces)

        assert b"A" * 10 == b"".join(next(answers))
        assert [] == list(pieces)
        assert b"" == b"".join(next(answers))
        assert 2 == server.connections


def test_closing_lets_go_of_the_answer_in_hand():
    big = CONTENTS | {"/big": b"B" * 3_000_000}
    with Flights(files(big), 3) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking("big"), asking("a"), asking("b")])
        pieces = next(answers)
        next(pieces)
        answers.close()

        assert [] == list(pieces)
        assert b"D" == b"".join(transport.fetch(asking("d%20d")))
        assert ["/big", "/a", "/b", "/d%20d"] == server.targets


def test_an_answer_that_was_taken_and_not_read_is_lost():
    with Flights(files(CONTENTS), 2) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking("a"), asking("d%20d")])
        first, second = next(answers), next(answers)

        assert ([], [b"D"]) == (list(first), list(second))
        assert 1 == server.connections


def test_other_files_may_be_fetched_while_answers_wait():
    with Flights(files(CONTENTS), 3) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking("a"), asking("b"), asking("c")])
        got = [b"".join(next(answers))]
        got.append(b"".join(transport.fetch(asking("d%20d"))))
        got += [b"".join(pieces) for pieces in answers]

        assert [b"A" * 10, b"D", b"", b"C" * 300_000] == got


def test_flights_may_cross_each_other():
    with Server(files(CONTENTS)) as server, transport_to(server) as transport:
        requests = [asking(path) for path in ("a", "b", "d%20d")]
        flights = [transport.fetch_all(requests) for _ in range(3)]
        got = [[b"".join(next(flight)) for flight in flights] for _ in requests]

        assert [[b"A" * 10] * 3, [b""] * 3, [b"D"] * 3] == got


def test_two_connections_with_answers_to_come_are_not_taken_for_each_other():
    """Both are in the pool, at the same turn of two flights, and the wrong one is on top."""
    big = {f"/{name}": name.encode() * 1_000_000 for name in "xy"}
    small = {f"/{name}": name.encode() for name in "abcd"}
    with Server(files(big | small)) as server, transport_to(server) as transport:
        flights = [
            transport.fetch_all([asking(path) for path in paths])
            for paths in (["x", "a", "b"], ["y", "c", "d"])
        ]
        firsts = [next(flight) for flight in flights]
        assert list(big.values()) == [b"".join(first) for first in firsts]
        rest = [[b"".join(pieces) for pieces in flight] for flight in flights]

        assert [[b"a", b"b"], [b"c", b"d"]] == rest


def test_a_connection_that_was_passed_over_once_is_not_taken_for_a_later_file():
    big = {"/big": b"B" * 1_000_000}
    small = {f"/{name}": name.encode() for name in "abc"}
    with Server(files(big | small)) as server, transport_to(server) as transport:
        another = transport.fetch(asking("big"))
        answers = transport.fetch_all([asking(path) for path in "abc"])
        got = [b"".join(next(answers))]  # its connection has b and c to come,
        b"".join(another)  # and this one is on top of it now:
        got.append(b"".join(next(answers)))  # b comes over this,
        another = transport.fetch(asking("big"))  # which is busy
        got.append(b"".join(next(answers)))  # when c is asked for.
        another.close()

        assert [b"a", b"b", b"c"] == got
        assert (2, 2) == (server.targets.count("/b"), server.targets.count("/c"))


def test_threads_share_a_transport_for_their_flights():
    contents = {f"/{n}": bytes([n]) * (n * 3_000) for n in range(40)}
    got, wrong = {}, []
    with Server(files(contents)) as server, transport_to(server, pool=Pool(2)) as transport:

        def work(first):
            names = [f"/{n}" for n in range(first, 40, 4)]
            for name, pieces in zip(
                names, transport.fetch_all([asking(n[1:]) for n in names]), strict=True
            ):
                got[name] = b"".join(pieces)
                if b"".join(transport.fetch(asking("7"))) != contents["/7"]:
                    wrong.append(name)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert contents == got
    assert [] == wrong


# -- servers that do not take it -----------------------------------------------------------


@pytest.mark.parametrize("then", [HangUpError, ResetError])
def test_a_server_that_hangs_up_after_each_answer_is_asked_again(then):
    with Server(lambda asked: says(answer(asked.target.encode()), then=then)(asked)) as server:
        # It does not say so, and one that has not hung up yet looks as one that will not.
        with transport_to(server, retries=AT_ONCE) as transport:
            for _ in range(3):
                assert [b"/a", b"/b", b"/c"] == all_of(transport, "a", "b", "c")
        assert {"/a", "/b", "/c"} == set(server.targets)


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"],
)
def test_a_server_that_announces_its_last_answer_is_not_asked_so_again(head):
    def script(asked):
        yield head + b"Content-Length: 2\r\n\r\n" + asked.target.encode()
        raise HangUpError

    with Server(script) as server, transport_to(server) as transport:
        for _ in range(2):
            assert [b"/a", b"/b", b"/c"] == all_of(transport, "a", "b", "c")
        assert 6 == server.connections
        assert transport._connections.pipelines is False


def test_a_server_that_counts_requests_is_given_another_chance():
    """Many servers close a connection after so many answers, which says nothing of the next."""
    count = iter(range(1_000))

    def script(asked):
        last = next(count) % 5 == 4
        yield answer(asked.target.encode(), **({"Connection": "close"} if last else {}))
        if last:
            raise HangUpError

    with Server(script) as server, transport_to(server) as transport:
        for _ in range(10):
            assert [b"/a", b"/b", b"/c"] == all_of(transport, "a", "b", "c")
        assert transport._connections.pipelines is not False


class Peeking(Server):
    """Knows of each request whether another one was there already when it was answered."""

    def __init__(self, script):
        super().__init__(script)
        self.followed, self.met = [], []

    def talk(self, connection, asked):
        connection.setblocking(False)
        try:
            followed = bool(connection.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            followed = False
        finally:
            connection.setblocking(True)
        self.followed.append(followed)
        self.met.append((asked.target, followed))
        super().talk(connection, asked)


def test_after_a_connection_was_lost_each_file_is_asked_for_alone():
    """RFC 9112, section 9.3.2: not at once again, before it is known that connections persist."""
    last = iter([False, True])

    def script(asked):
        if next(last, False):
            yield answer(asked.target.encode(), Connection="close")
            raise HangUpError
        yield answer(asked.target.encode())

    with Peeking(script) as server, transport_to(server) as transport:
        assert [b"/a", b"/b", b"/c", b"/d"] == all_of(transport, "a", "b", "c", "d")
        assert [False, False] == server.followed[-2:]


def test_so_it_is_after_the_last_answer_that_was_written_ahead():
    names = [f"{n:0>1000}" for n in range(17)]  # fourteen of them fit
    broken = iter([False] * 13 + [True])

    def script(asked):
        if next(broken, False):
            raise HangUpError
        yield answer(asked.target.encode())

    with Peeking(script) as server, transport_to(server) as transport:
        assert [f"/{name}".encode() for name in names] == all_of(transport, *names)
        assert [False] * 4 == server.followed[-4:]


def test_a_server_that_forgets_what_it_was_asked_early_costs_one_wait():
    """It reads what there is, takes the first request out of it, and drops the rest."""

    class Forgetful(Server):
        def talk(self, connection, asked):
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                connection.recv(100_000)
            connection.setblocking(True)
            super().talk(connection, asked)

    with Forgetful(files(CONTENTS)) as server, transport_to(server, timeout=QUICKLY) as transport:
        for _ in range(3):
            assert [b"A" * 10, None, b""] == all_of(transport, "a", "x", "b")
        # The first flight: the connection that forgot, and the one after it, which stays.
        assert 2 == server.connections
        assert ["/a", "/x", "/b"] * 3 == server.targets


def test_a_server_that_chokes_on_two_requests_is_asked_again():
    class Choking(Server):
        def talk(self, connection, asked):
            connection.setblocking(False)
            try:
                if connection.recv(100_000):
                    connection.sendall(answer(b"", status="400 Bad Request"))
                    raise HangUpError
            except BlockingIOError:
                pass
            connection.setblocking(True)
            super().talk(connection, asked)

    with Choking(files(CONTENTS)) as server, transport_to(server) as transport:
        assert [b"A" * 10, None, b""] == all_of(transport, "a", "x", "b")
        assert transport._connections.pipelines is False


BIG = bytes(range(256)) * 2_000


def cut_off_then(then, *later):
    """Return the script of a server that hangs up in the first answer and then has *later*."""
    rest = iter(later)

    def script(asked):
        if asked.target != "/big":
            yield answer(b"a")
        elif len(server_saw) == 0:
            server_saw.append(asked)
            yield answer(BIG)[:200_000]
            raise then
        else:
            yield next(rest)

    server_saw = []
    return script


@pytest.mark.parametrize("then", [HangUpError, ResetError])
def test_a_file_that_is_cut_off_by_a_server_that_did_not_read_on_is_read_again(then):
    """Who closes with requests unread resets the connection, and drops what it has not sent."""
    with Server(cut_off_then(then, answer(BIG))) as server, transport_to(server) as transport:
        assert [BIG, b"a"] == all_of(transport, "big", "a")
        assert transport._connections.pipelines is False


@pytest.mark.parametrize(
    "later",
    [
        answer(b"", status="404 Not Found"),
        answer(b""),
        answer(BIG[:1_000]),
        answer(b"x" + BIG[1:]),
        answer(b"x" * len(BIG)),
    ],
    ids=["gone", "empty", "shorter", "changed in its first byte", "another"],
)
def test_two_files_are_never_put_together(later):
    """A file that was replaced meanwhile is an error of the transport, and no forgery."""
    got = []
    with (
        Server(cut_off_then(HangUpError, later)) as server,
        transport_to(server) as transport,
        pytest.raises(TransportError, match=r"cut off|broke"),
    ):
        for pieces in transport.fetch_all([asking("big"), asking("a")]):
            got.extend(pieces)

    assert BIG.startswith(b"".join(got))


def test_a_file_that_is_read_again_slowly_is_given_up():
    """Nothing is handed on while bytes are skipped, so nobody else could stop it."""

    def dripping(asked):
        if len(server.asked) == 1:
            yield answer(BIG)[:200_000]
            raise HangUpError
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 512000\r\n\r\n"
        for place in range(100):
            time.sleep(0.03)
            yield BIG[place : place + 1]

    with (
        Server(dripping) as server,
        transport_to(server, timeout=QUICKLY) as transport,
        pytest.raises(TransportError, match=r"cut off|broke"),
    ):
        all_of(transport, "big", "a")


# -- answers that are no files -------------------------------------------------------------


@pytest.mark.parametrize(("place", "pipelines"), [(0, False), (1, None), (2, True)])
def test_a_redirect_is_followed_alone(place, pipelines):
    """What was written behind it is in the way, and lost; behind the last one, nothing was."""

    def script(asked):
        if asked.target == paths[place]:
            yield answer(b"", status="302 Found", Location="/d%20d")
        else:
            yield from files(CONTENTS)(asked)

    paths = ["/a", "/b", "/c"]
    expected = [CONTENTS[path] for path in paths]
    expected[place] = b"D"
    with Server(script) as server, transport_to(server) as transport:
        for _ in range(3):
            assert expected == all_of(transport, "a", "b", "c")
        assert ("/d%20d", 3) == (server.targets[-1 - 2 + place], server.targets.count("/d%20d"))
        assert transport._connections.pipelines is pipelines


def test_a_redirect_elsewhere_takes_no_other_requests_along():
    with Peeking(files({"/a": b"elsewhere"})) as other:

        def script(asked):
            if asked.target == "/a":
                yield answer(b"", status="302 Found", Location=f"{other.url}a")
            else:
                yield from files(CONTENTS)(asked)

        redirects = redirects_to(other.origin)
        with Server(script) as server, transport_to(server, redirects=redirects) as transport:
            assert [b"elsewhere", b"", b"D"] == all_of(transport, "a", "b", "d%20d")
            assert ([False], ["/a"]) == (other.followed, other.targets)


def test_a_redirect_elsewhere_takes_no_credentials_along():
    with Server(files({"/b": b"elsewhere"})) as other:

        def script(asked):
            if asked.target == "/b":
                yield answer(b"", status="302 Found", Location=f"{other.url}b")
            else:
                yield from files(CONTENTS)(asked)

        with (
            Server(script) as server,
            transport_to(
                server, redirects=redirects_to(other.origin), headers={"Authorization": "secret"}
            ) as transport,
        ):
            assert [b"A" * 10, b"elsewhere", b"D"] == all_of(transport, "a", "b", "d%20d")
            assert ["/b"] == other.targets
            assert "authorization" not in other.asked[0].headers
            assert 1 == server.connections


def test_a_busy_server_is_asked_again_as_often_as_was_said():
    busy = iter([True, False])

    def script(asked):
        if asked.target == "/b" and next(busy, True):
            yield answer(b"", status="503 Busy", Retry_After="0")
        else:
            yield answer(asked.target.encode())

    with Server(script) as server:
        with transport_to(server, retries=AT_ONCE) as transport:
            assert [b"/a", b"/b", b"/c"] == all_of(transport, "a", "b", "c")
        assert 2 == server.targets.count("/b")
        with transport_to(server) as transport, pytest.raises(TransportError, match="busy"):
            all_of(transport, "a", "b", "c")
        assert 3 == server.targets.count("/b")


def test_a_busy_server_is_asked_for_one_file_then():
    busy = iter([True])

    def script(asked):
        if next(busy, False):
            yield answer(b"", status="503 Busy")
        else:
            yield answer(asked.target.encode())

    with Peeking(script) as server, transport_to(server, retries=AT_ONCE) as transport:
        answers = transport.fetch_all([asking("a"), asking("b"), asking("c")])
        assert b"/a" == b"".join(next(answers))
        # What is left of the first flight is read by another thread of the server, at any time.
        assert [("/a", True), ("/a", False)] == [met for met in server.met if "/a" in met]


@pytest.mark.parametrize("status", ["403 Forbidden", "204 No Content", "103 Early Hints"])
def test_an_answer_that_is_neither_file_nor_absence_is_an_error_in_its_turn(status):
    def script(asked):
        yield answer(b"", status=status) if asked.target == "/b" else answer(asked.target.encode())

    with Server(script) as server, transport_to(server) as transport:
        answers = transport.fetch_all([asking("a"), asking("b"), asking("c")])
        assert b"/a" == b"".join(next(answers))
        with pytest.raises(TransportError, match=f"status {status[:3]}"):
            next(answers)
        assert [] == list(answers)
        # It does not say anything of the way we asked.
        assert transport._connections.pipelines is None


def test_what_was_asked_for_alone_is_not_asked_for_again():
    with (
        Server(says(answer(b"", status="403 Forbidden"), then=None)) as server,
        transport_to(server, retries=AT_ONCE) as transport,
    ):
        with pytest.raises(TransportError, match="status 403"):
            all_of(transport, "a")
        assert ["/a"] == server.targets


def test_a_server_that_is_not_there_is_tried_as_often_as_for_one_file():
    with Server(files({})) as gone:
        url = gone.url
    with HttpTransport(url, retries=NO_RETRIES) as transport:
        with pytest.raises(TransportError, match="no connection"):
            all_of(transport, "a", "b")
        assert transport._connections.pipelines is None


# -- who pipelines -------------------------------------------------------------------------


def test_only_http_looks_as_if_it_pipelined(tmp_path):
    assert isinstance(HttpTransport("http://127.0.0.1:1/"), Pipelining)
    assert not isinstance(DirectoryTransport(tmp_path), Pipelining)
    assert not isinstance(Sequential(HttpTransport("http://127.0.0.1:1/")), Pipelining)
    assert not isinstance(Sequential(DirectoryTransport(tmp_path)), AsyncPipelining)


def test_sequential_asks_for_each_file_in_turn():
    with Server(files(CONTENTS)) as server, transport_to(server) as transport:
        assert b"A" * 10 == b"".join(Sequential(transport).fetch(asking("a")))
        assert Sequential(transport).fetch(asking("x")) is None
        assert Sequential(transport) == Sequential(transport)
