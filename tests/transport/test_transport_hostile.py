"""HttpTransport and servers that are broken, slow or hostile."""

import random
import threading
import time

import pytest
from transport.reading import AT_ONCE, CHUNKED, PATIENTLY, QUICKLY, TEN, asking, read, refused
from transport.servers import HangUpError, ResetError, Server, answer, files, says

from trustlib.errors import TransportError
from trustlib.transport import NO_RETRIES, HttpTransport

# -- answers that are cut off, held up or broken -------------------------------------------


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
        says(b"HTTP/1.1 200"),
        says(b"HTTP/1.1 200 OK\r\n"),
        says(b"HTTP/1.1 200 OK\r\nConte"),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 3"),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
        says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"),
        says(b"HTTP/1.1 404"),
        says(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ],
)
def test_what_is_cut_off_or_garbled_is_never_a_file(script):
    """T-08, P75."""
    with Server(script) as server:
        refused(server)


def test_a_chunk_of_less_than_nothing_does_not_make_the_rest_a_file():
    """To ``int(size, 16)``, "-1" is a number, and then the file has no end."""
    got = []
    endless = CHUNKED + b"5\r\n01234\r\n-1\r\n" + b"x" * 100_000
    with (
        Server(says(endless)) as server,
        HttpTransport(server.url, retries=NO_RETRIES) as transport,
    ):
        pieces = transport.fetch(asking())
        with pytest.raises(TransportError):
            got.extend(iter(pieces.__next__, None))

    assert b"x" not in b"".join(got)


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
