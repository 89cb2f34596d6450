"""HttpTransport and honest servers: files, their absence, and the connections they come over."""

import gc
import threading
import time

import pytest
from transport.reading import PATIENTLY, QUICKLY, asking, read, refused
from transport.servers import HangUpError, Server, answer, files, says

from trustlib.transport import NO_RETRIES, HttpTransport, Pool

# -- files and their absence ---------------------------------------------------------------


def test_a_file_is_read_as_it_is():
    data = bytes(range(256)) * 2_000
    with Server(files({"/timestamp.json": data})) as server:
        assert data == read(server)


def test_an_empty_file_is_a_file():
    with Server(files({"/timestamp.json": b""})) as server:
        assert b"" == read(server)


def test_a_chunked_file_is_put_together():
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
    )
    with Server(says(chunked)) as server:
        assert b"abcde" == read(server)


def test_a_file_without_a_length_ends_with_the_connection():
    with Server(says(b"HTTP/1.0 200 OK\r\n\r\nabc")) as server:
        assert b"abc" == read(server)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_not_found_is_an_absence(status):
    with Server(says(answer(b"sorry", status=status))) as server:
        assert read(server) is None


@pytest.mark.parametrize(
    "status",
    [
        *("201 Created", "203 Non-Authoritative Information", "204 No Content"),
        *("206 Partial Content", "300 Multiple Choices", "304 Not Modified"),
        *("400 Bad Request", "401 Unauthorized", "403 Forbidden", "407 Proxy Authentication"),
        *("408 Request Timeout", "416 Range Not Satisfiable", "421 Misdirected Request"),
        *("500 Internal Server Error", "501 Not Implemented", "999 Who Knows"),
    ],
)
def test_every_other_answer_is_neither_a_file_nor_an_absence(status):
    """P77: 204, and 206 to a question for everything. 403 is what a server says that locked us out."""
    with Server(says(answer(b"", status=status))) as server:
        error = refused(server)

        assert f"the server answered with HTTP status {status[:3]}" == error.reason


# -- continuing ----------------------------------------------------------------------------


def test_a_file_is_continued_where_it_broke():
    with Server(files({"/timestamp.json": b"0123456789"})) as server:
        assert b"456789" == read(server, offset=4)
        assert "bytes=4-" == server.asked[0].headers["range"]


def test_a_server_that_cannot_continue_is_read_from_its_start():
    with Server(says(answer(b"0123456789"))) as server:
        assert b"456789" == read(server, offset=4)
        assert b"" == read(server, offset=10)


def test_a_server_that_cannot_continue_and_has_less_is_an_error():
    with Server(says(answer(b"0123"))) as server:
        assert "no byte 5 to continue at" in refused(server, offset=5).reason


def test_a_server_that_starts_again_slowly_is_given_up():
    """Nothing is handed on while bytes are skipped, so nobody else could stop it."""

    def dripping(_):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
        for _ in range(100):
            time.sleep(0.03)
            yield b"x"

    with Server(dripping) as server:
        assert "too slow" in refused(server, offset=99, timeout=QUICKLY).reason


@pytest.mark.parametrize(
    "content_range",
    [
        *("bytes 3-9/10", "bytes 5-9/10", "bytes 0-9/10", "bytes 4-7/10", "bytes 4-3/10"),
        *("bytes */10", "4-9/10", "bytes 4-9", "lines 4-9/10", "", "bytes 4-9/11"),
    ],
)
def test_a_part_that_was_not_asked_for_is_refused(content_range):
    part = answer(b"456789", status="206 Partial Content", Content_Range=content_range)
    with Server(says(part)) as server:
        refused(server, offset=4)


def test_a_part_is_as_long_as_its_range_says():
    part = answer(b"45", status="206 Partial Content", Content_Range="bytes 4-9/10")
    with Server(says(part)) as server:
        assert "2 of the 6 bytes" in refused(server, offset=4).reason


def test_an_offset_below_0_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="offset"):
        HttpTransport("http://127.0.0.1:1/").fetch(asking(offset=-1))


# -- connections ---------------------------------------------------------------------------


def test_files_one_after_the_other_use_one_connection():
    with (
        Server(files({"/a": b"a" * 100_000, "/b": b"", "/c": b"c"})) as server,
        HttpTransport(server.url) as transport,
    ):
        for path in ("a", "b", "c", "a"):
            b"".join(transport.fetch(asking(path)))

        assert (1, 4) == (server.connections, len(server.asked))


def test_chunked_files_use_one_connection_too():
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    with Server(says(chunked, then=None)) as server, HttpTransport(server.url) as transport:
        for _ in range(3):
            assert b"abc" == b"".join(transport.fetch(asking()))

        assert 1 == server.connections


@pytest.mark.parametrize("body", [b"", b"no such file", b"x" * 60_000])
def test_an_absence_does_not_cost_a_connection(body):
    def script(asked):
        yield (
            answer(body, status="404 Not Found") if asked.target == "/2.root.json" else answer(b"")
        )

    with Server(script) as server, HttpTransport(server.url) as transport:
        for path in ("timestamp.json", "2.root.json", "snapshot.json", "2.root.json", "x"):
            b"".join(transport.fetch(asking(path)) or ())

        assert (1, 5) == (server.connections, len(server.asked))


def test_an_absence_with_an_endless_body_is_still_only_an_absence():
    def endless(_):
        yield b"HTTP/1.1 404 Not Found\r\n\r\n"
        while True:
            yield b"x" * 65_536

    with Server(endless) as server:
        assert read(server) is None


def test_an_absence_with_a_dripping_body_is_not_waited_for():
    def dripping(_):
        yield b"HTTP/1.1 404 Not Found\r\nContent-Length: 60000\r\n\r\n"
        for _ in range(60_000):
            time.sleep(0.01)
            yield b"x"

    with Server(dripping) as server:
        assert read(server, timeout=QUICKLY) is None


def test_an_absence_that_is_cut_off_is_still_an_absence():
    with Server(says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nx")) as server:
        assert read(server) is None


@pytest.mark.parametrize("letting_go", ["close", "drop"])
def test_a_file_that_is_given_up_does_not_poison_the_next_one(letting_go):
    with (
        Server(files({"/big": b"b" * 3_000_000, "/small": b"s"})) as server,
        HttpTransport(server.url, pool=Pool(1), timeout=PATIENTLY) as transport,
    ):
        for _ in range(3):
            pieces = transport.fetch(asking("big"))
            next(pieces)
            if letting_go == "close":
                pieces.close()
                pieces.close()
                assert [] == list(pieces)
            del pieces
            gc.collect()

            assert b"s" == b"".join(transport.fetch(asking("small")))


def test_a_file_that_nobody_looked_at_is_let_go():
    with Server(files({"/big": b"b" * 3_000_000})) as server:
        with HttpTransport(server.url) as transport:
            transport.fetch(asking("big")).close()
            transport.fetch(asking("big"))
        gc.collect()

        assert 2 == server.connections


def test_threads_share_a_transport():
    contents = {f"/{n}": bytes([n]) * (n * 3_000) for n in range(40)}
    got = {}
    with Server(files(contents)) as server, HttpTransport(server.url, pool=Pool(4)) as transport:

        def work(first):
            for n in range(first, 40, 4):
                got[f"/{n}"] = b"".join(transport.fetch(asking(str(n))))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert contents == got
        assert server.connections <= 4


def test_a_closed_transport_opens_new_connections():
    with Server(files({"/a": b"a"})) as server, HttpTransport(server.url) as transport:
        b"".join(transport.fetch(asking("a")))
        transport.close()
        b"".join(transport.fetch(asking("a")))

        assert 2 == server.connections


def test_the_pool_is_there_for_requests_of_another_kind():
    with Server(files({"/a": b"a"})) as server, HttpTransport(server.url) as transport:
        b"".join(transport.fetch(asking("a")))
        response = transport.get_pool().request("GET", f"{server.url}a")

        assert (b"a", 1) == (response.data, server.connections)


# -- pieces --------------------------------------------------------------------------------


def test_pieces_are_handed_on_as_they_arrive():
    """P72b: whoever collects a dripping body hides it from those who watch the rate."""
    seen = threading.Semaphore(0)

    def one_by_one(_):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"
        for _ in range(3):
            yield b"piece"
            if not seen.acquire(timeout=20):
                raise HangUpError

    with Server(one_by_one) as server, HttpTransport(server.url, retries=NO_RETRIES) as transport:
        got = []
        for piece in transport.fetch(asking()):
            got.append(piece)
            seen.release()

        assert [b"piece"] * 3 == got


def test_chunks_are_handed_on_as_they_arrive():
    seen = threading.Semaphore(0)

    def one_by_one(_):
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in range(3):
            yield b"5\r\npiece\r\n"
            if not seen.acquire(timeout=20):
                raise HangUpError
        yield b"0\r\n\r\n"

    with Server(one_by_one) as server, HttpTransport(server.url, retries=NO_RETRIES) as transport:
        got = []
        for piece in transport.fetch(asking()):
            got.append(piece)
            seen.release()

        assert [b"piece"] * 3 == got


def test_no_piece_is_longer_than_256_kib():
    with Server(files({"/a": b"x" * 1_000_000})) as server, HttpTransport(server.url) as transport:
        assert 262_144 >= max(map(len, transport.fetch(asking("a"))))
