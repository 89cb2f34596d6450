"""HttpTransport against servers that are honest, broken and hostile."""

import gc
import pickle
import random
import subprocess
import sys
import threading
import time
import traceback

import pytest
from transport.servers import HangUpError, ResetError, Server, answer, files, says

from trustlib._types import UrlPath
from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport import NO_RETRIES, HttpTransport, Pool, Retries, Timeouts

QUICKLY = Timeouts(connect=5, read=0.3)
PATIENTLY = Timeouts(connect=5, read=30)
AT_ONCE = Retries(backoff=0, longest=0)


def asking(path: str = "timestamp.json", offset: int = 0) -> Request:
    return Request(path=UrlPath(path), offset=offset)


def read(server: Server, path: str = "timestamp.json", offset: int = 0, **settings) -> bytes | None:
    settings = {"timeout": PATIENTLY, "retries": NO_RETRIES} | settings
    with HttpTransport(server.url, **settings) as transport:
        pieces = transport.fetch(asking(path, offset))
        return None if pieces is None else b"".join(pieces)


def refused(server: Server, offset: int = 0, **settings) -> TransportError:
    """Return the error that fetching from *server* ends with."""
    with pytest.raises(TransportError) as error:
        read(server, offset=offset, **settings)
    return error.value


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


def test_no_piece_is_longer_than_64_kib():
    with Server(files({"/a": b"x" * 1_000_000})) as server, HttpTransport(server.url) as transport:
        assert 65_536 >= max(map(len, transport.fetch(asking("a"))))


# -- answers that are cut off, held up or broken -------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TEN = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


@pytest.mark.parametrize(
    "script",
    [
        says(TEN),
        says(TEN + b"01234"),
        says(TEN + b"01234", then=ResetError),
        says(CHUNKED),
        says(CHUNKED + b"5\r\n012"),
        says(CHUNKED + b"5\r\n01234\r\n"),
        says(CHUNKED + b"5\r\n01234\r\n", then=ResetError),
        says(CHUNKED + b"5\r\n01234\r\nzz\r\nabc"),
        says(CHUNKED + b"5\r\n01234\r\n-1\r\nabc" + b"x" * 10_000),
        says(CHUNKED + b"5\r\n01234\r\n" + b"9" * 100_000),
        says(b""),
        says(b"", then=ResetError),
        says(b"hello\r\n\r\n"),
        says(b"HTTP/1.1 abc OK\r\n\r\n"),
        says(b"HTTP/2 200 OK\r\n\r\n"),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 3"),
        says(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ],
)
def test_what_is_cut_off_or_garbled_is_never_a_file(script):
    """T-08, P75."""
    with Server(script) as server:
        refused(server)


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nConte", TEN, TEN + b"01234", CHUNKED, CHUNKED + b"3\r\nab"]
)
def test_a_server_that_stalls_is_given_up(start):
    """T-08: before the head, in it, before the body, in it."""
    over = threading.Event()

    def stalling(_):
        yield start
        over.wait(60)

    with Server(stalling) as server:
        error = refused(server, timeout=QUICKLY)
        over.set()

        assert "within 0.3 seconds" in error.reason


def _drip(start: bytes, drop: bytes, end: bytes):
    """Send *drop* a hundred times, three hundredths of a second apart: ten times the timeout."""

    def script(_):
        yield start
        for _ in range(100):
            time.sleep(0.03)
            yield drop
        yield end

    return script


@pytest.mark.parametrize(
    "script",
    [
        _drip(b"HTTP/1.1 200 OK\r\nX: ", b"x", b"\r\nContent-Length: 0\r\n\r\n"),
        _drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", b"Content-Length: 0\r\n\r\n"),
        _drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", answer(b"")),
        _drip(CHUNKED + b"1;", b"x", b"\r\nx\r\n0\r\n\r\n"),
        _drip(CHUNKED + b"0\r\n", b"X: y\r\n", b"\r\n"),
    ],
    ids=["header", "headers", "continue", "chunk extension", "trailers"],
)
def test_a_server_that_drips_gets_no_more_time_than_a_silent_one(script):
    """Each byte comes well before a timeout that starts again with each byte."""
    with Server(script) as server:
        assert "within 0.3 seconds" in refused(server, timeout=QUICKLY).reason


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 900_000,
        b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 60_000 + b"\r\n") * 90,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 5_000_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000,
        CHUNKED + b"1;" + b"x" * 60_000 + b"\r\nx\r\n0\r\n" + b"X: y\r\n" * 900_000,
    ],
    ids=["many", "long", "one", "continue", "trailers"],
)
def test_a_flood_of_headers_is_refused(flood):
    """P78: 5 MB of headers."""
    ending = b"Content-Length: 0\r\n\r\n"
    with Server(says(flood, ending, answer(b""))) as server:
        refused(server)


def test_headers_within_the_limits_are_fine():
    many = "".join(f"X-{n}: {'y' * 500}\r\n" for n in range(90)).encode()
    with Server(says(b"HTTP/1.1 200 OK\r\n" + many + b"Content-Length: 2\r\n\r\nok")) as server:
        assert b"ok" == read(server)


def test_noise_raises_nothing_but_transport_errors():
    """Every answer below is an honest one with some bytes changed, dropped or repeated."""
    dice = random.Random(1)
    honest = [
        answer(b"0123456789"),
        CHUNKED + b"5\r\n01234\r\n3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
        answer(b"456789", status="206 Partial Content", Content_Range="bytes 4-9/10"),
        answer(b"", status="302 Found", Location="/timestamp.json?x=y"),
        answer(b"no", status="404 Not Found", Content_Encoding="identity"),
        answer(b"", status="503 Busy", Retry_After="3"),
    ]

    def noise(_):
        data = bytearray(dice.choice(honest))
        for _ in range(dice.randrange(1, 6)):
            place = dice.randrange(len(data))
            match dice.randrange(4):
                case 0:
                    data[place] = dice.randrange(256)
                case 1:
                    del data[place : place + dice.randrange(20)]
                case 2:
                    data[place:place] = data[place : place + dice.randrange(40)]
                case 3:
                    data[place:place] = dice.choice(
                        [b"-", b"9" * 5_000, b"\r\n", b"\0", b"%", b"[", b"//"]
                    )
            data = data or bytearray(b"x")
        yield bytes(data)
        raise HangUpError

    texts = set()
    with Server(noise) as server:
        transport = HttpTransport(server.url, timeout=PATIENTLY, retries=AT_ONCE)
        for offset in [0, 4] * 300:
            try:
                pieces = transport.fetch(asking(offset=offset))
                assert pieces is None or b"".join(pieces) is not None
            except TransportError as error:
                texts.add(str(error))
        transport.close()

    assert texts
    assert all(map(str.isprintable, texts))


# -- what was not asked for ----------------------------------------------------------------


def test_a_file_is_asked_for_as_it_is():
    with Server(files({"/timestamp.json": b"{}"})) as server:
        read(server)

        assert "identity" == server.asked[0].headers["accept-encoding"]
        assert "range" not in server.asked[0].headers
        assert "trustlib" == server.asked[0].headers["user-agent"]


@pytest.mark.parametrize(
    "encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip", "x"]
)
def test_compressed_files_are_refused_and_never_unpacked(encoding):
    """P70, P71: a bomb of 300 MB costs nothing where nobody unpacks."""
    with Server(says(answer(b"\x1f\x8b broken gzip", Content_Encoding=encoding))) as server:
        assert "compressed" in refused(server).reason


@pytest.mark.parametrize(
    "coding", ["gzip, chunked", "gzip", "identity", "chunked, chunked", "xchunked"]
)
def test_other_transfer_codings_are_refused(coding):
    with Server(says(answer(b"abc", Transfer_Encoding=coding))) as server:
        assert "transfer coding" in refused(server).reason


@pytest.mark.parametrize("length", ["abc", "-1", "+3", "3, 4", "3_0", "0x3", "", "9" * 5_000])
def test_an_unclear_length_is_refused(length):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
    with Server(says(head.encode() + b"abc")) as server:
        refused(server)


def test_two_lengths_are_refused():
    with Server(
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc")
    ) as server:
        refused(server)


# -- retries -------------------------------------------------------------------------------


def _first(failures: int, failure):
    """Fail that often, and answer then."""
    left = [failures]

    def script(_):
        if left[0]:
            left[0] -= 1
            yield from failure(_)
        else:
            yield answer(b"at last")

    return script


@pytest.mark.parametrize(
    "failure",
    [
        *(says(answer(b"", status=f"{status} X"), then=None) for status in (429, 502, 503, 504)),
        says(b"", then=HangUpError),
        says(b"", then=ResetError),
        says(b"HTTP/1.1 200 OK\r\nContent-Le", then=ResetError),
    ],
)
def test_what_can_pass_is_asked_again(failure):
    """P76."""
    with Server(_first(2, failure)) as server:
        assert b"at last" == read(server, retries=AT_ONCE)
        assert 3 == len(server.asked)


def test_a_server_that_stays_busy_is_an_error_and_never_an_absence():
    with Server(says(answer(b"", status="503 X"), then=None)) as server:
        error = refused(server, retries=AT_ONCE)

        assert "the server is busy (status 503)" == error.reason
        assert (3, 1) == (len(server.asked), server.connections)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 410, 416, 421, 451, 500, 501, 505])
def test_every_other_answer_is_given_once(status):
    """T-29: 4xx never retried."""
    with Server(says(answer(b"", status=f"{status} X"))) as server:
        if status in {404, 410}:
            assert read(server, retries=AT_ONCE) is None
        else:
            refused(server, retries=AT_ONCE)

        assert 1 == len(server.asked)


def test_nothing_is_asked_again_once_a_piece_was_handed_on():
    with Server(says(TEN + b"01234", then=ResetError)) as server:
        refused(server, retries=AT_ONCE)

        assert 1 == len(server.asked)


def test_a_server_that_is_not_there_is_a_transport_error():
    with Server(says()) as server:
        pass

    error = refused(server, retries=AT_ONCE)

    assert error.reason.startswith("no connection")


def test_a_host_that_nobody_knows_is_a_transport_error():
    with pytest.raises(TransportError, match="host name is not known"):
        HttpTransport("http://trust.invalid/", retries=AT_ONCE).fetch(asking())


def test_pauses_grow_and_are_bounded():
    retries = Retries(attempts=9, backoff=0.5, longest=3)

    assert [0.5, 1.0, 2.0, 3.0] == [retries.pause(n, None) for n in (1, 2, 3, 4)]
    assert 3.0 == retries.pause(2_000, None)


def test_a_server_may_ask_for_a_pause_but_not_for_a_long_one():
    retries = Retries(attempts=3, backoff=0.5, longest=3)

    assert [2.0, 3.0, 0.5] == [retries.pause(1, asked) for asked in (2.0, 999_999_999.0, 0.0)]


@pytest.mark.parametrize(
    "asked", ["86400", "9" * 5_000, "-1", "soon", "Thu, 01 Jan 2099 00:00:00 GMT"]
)
def test_no_retry_after_holds_us_up(asked):
    busy = says(answer(b"", status="503 X", Retry_After=asked), then=None)
    with Server(_first(2, busy)) as server:
        assert b"at last" == read(server, retries=AT_ONCE)


def test_a_retry_after_is_honoured():
    busy = says(answer(b"", status="503 X", Retry_After="1"), then=None)
    with Server(_first(1, busy)) as server:
        before = time.monotonic()
        read(server, retries=Retries(backoff=0, longest=1))

        assert time.monotonic() - before >= 1


# -- as a value ----------------------------------------------------------------------------


def test_a_transport_is_a_value():
    one, two = (
        HttpTransport("http://a.example", headers={"X": "y"}),
        HttpTransport("http://a.example/", headers={"X": "y"}),
    )

    assert one == two
    assert hash(one) == hash(two)
    assert one != HttpTransport("http://a.example/")


def test_a_transport_goes_to_another_process_without_its_connections():
    with Server(files({"/a": b"a"})) as server, HttpTransport(server.url) as transport:
        b"".join(transport.fetch(asking("a")))
        with pickle.loads(pickle.dumps(transport)) as copy:
            b"".join(copy.fetch(asking("a")))

        assert transport == copy
        assert 2 == server.connections


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "range",
        "Accept-Encoding",
        "Transfer-Encoding",
        "a b",
        "",
        "é",
        "a:b",
        "Proxy-Authorization",
    ],
)
def test_headers_that_would_change_the_question_are_a_mistake(name):
    with pytest.raises(ValueError, match="header"):
        HttpTransport("http://a.example/", headers={name: "x"})


@pytest.mark.parametrize(
    "value", ["s3cret\r\nX: y", "s3cret\n", "s3cret\0", " s3cret", "s3cret ", "s3cret€"]
)
def test_header_values_cannot_start_another_header_and_are_not_printed(value):
    with pytest.raises(ValueError, match="Authorization") as error:
        HttpTransport("http://a.example/", headers={"Authorization": value})

    assert "s3cret" not in str(error.value)


def test_headers_are_sent_and_not_printed():
    with Server(files({"/timestamp.json": b"{}"})) as server:
        headers = {"Authorization": "Bearer s3cret", "user-agent": "acme/1"}
        read(server, headers=headers)

        assert "Bearer s3cret" == server.asked[0].headers["authorization"]
        assert "acme/1" == server.asked[0].headers["user-agent"]
        assert "s3cret" not in repr(HttpTransport(server.url, headers=headers))


@pytest.mark.parametrize("settings", [
    lambda: Timeouts(connect=0), lambda: Timeouts(read=-1), lambda: Timeouts(read=float("inf")),
    lambda: Timeouts(read=float("nan")), lambda: Retries(attempts=0), lambda: Retries(backoff=-1),
    lambda: Retries(longest=float("inf")), lambda: Pool(0),
])  # fmt: skip
def test_nobody_waits_for_ever_by_mistake(settings):
    with pytest.raises(ValueError, match="number"):
        settings()


def test_importing_transports_costs_no_more_than_it_must():
    code = (
        "import sys, trustlib.transport as t; t.HttpTransport('https://a.example');"
        " print(sorted({'urllib3', 'http.client'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


def test_errors_hold_no_secret_of_the_url():
    """Signed URLs of object stores are credentials, and errors go into logs."""

    def script(asked):
        if "?" in asked.target:
            yield TEN
            raise HangUpError
        yield answer(b"", status="302 Found", Location="/x?signature=s3cret#s3cret")

    with Server(script) as server:
        error = refused(server)

        assert f"{server.url}x" == error.where
        assert "s3cret" not in "".join(traceback.format_exception(error))
