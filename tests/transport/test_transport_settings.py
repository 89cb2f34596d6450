"""HttpTransport as a value, and how often it asks."""

import pickle
import subprocess
import sys
import time
import traceback

import pytest
from transport.reading import AT_ONCE, TEN, asking, read, refused
from transport.servers import HangUpError, ResetError, Server, answer, files, says

from trustlib.errors import TransportError
from trustlib.transport import HttpTransport, Pool, Retries, Timeouts

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


@pytest.mark.parametrize("start", [b"", TEN, answer(b"", status="500 X")])
def test_errors_hold_no_secret_of_the_url(start):
    """Signed URLs of object stores are credentials, and errors go into logs."""

    def script(asked):
        if "?" in asked.target:
            yield start
            raise HangUpError
        yield answer(b"", status="302 Found", Location="/x?signature=s3cret#s3cret")

    with Server(script) as server:
        error = refused(server)

        assert f"{server.url}x" == error.where
        assert "s3cret" not in "".join(traceback.format_exception(error))
