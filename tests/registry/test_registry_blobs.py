"""A blob is what its descriptor names, or an error; whatever the registry sends, and how slowly."""

import pytest
from attrs import evolve
from registry.contents import LAYER_TYPE, blob, digest
from registry.scripted import NOT_FOUND, Scripted, answer
from transport.servers import HangUpError

from trustlib import (
    Digest,
    Limits,
    MismatchError,
    NotFoundError,
    TooLongError,
    TransportError,
    TrustError,
)
from trustlib.registry import RegistryLimits
from trustlib.registry._arriving import Arriving
from trustlib.registry.manifests import Descriptor
from trustlib.transport import Retries

LAYER = bytes(range(256)) * 1_000
THE_BLOB = blob(LAYER)
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def sent(without_tls):
    """What becomes of an answer about a blob."""

    def ask(made, descriptor=THE_BLOB, offset=0, **settings):
        with Scripted({"GET *": made}) as server:
            return b"".join(without_tls(server, **settings).blob("acme/app", descriptor, offset))

    return ask


def test_a_blob_is_read(sent):
    assert LAYER == sent(answer(LAYER))
    assert b"" == sent(answer(b""), blob(b""))
    by_sha512 = Descriptor(media_type="x", digest=Digest.of(LAYER, "sha512"), size=len(LAYER))
    assert LAYER == sent(answer(LAYER), by_sha512)


@pytest.mark.parametrize("data", [LAYER[:-1] + b"x", b"x" + LAYER[1:], LAYER[:-1], b""])
def test_other_bytes_are_refused(sent, data):
    with pytest.raises(MismatchError):
        sent(answer(data))


def test_what_comes_before_the_end_is_not_verified_and_the_end_says_so(without_tls):
    received = []
    with Scripted({"GET *": answer(LAYER[:-1] + b"x")}) as server:
        registry = without_tls(server)
        if hasattr(registry.spoken_to, "__enter__"):
            with pytest.raises(MismatchError):
                received.extend(registry.spoken_to.blob("acme/app", blob(LAYER)))
            assert len(LAYER) == sum(map(len, received))
        with pytest.raises(MismatchError):
            registry.read_blob("acme/app", blob(LAYER))


def test_more_bytes_are_refused_and_not_read(sent):
    def endless(_):
        yield LONG % 10**15
        while True:
            yield LAYER

    with pytest.raises(TooLongError):
        sent(answer(LAYER + b"x"))
    with pytest.raises(TooLongError):
        sent(endless)
    with pytest.raises(TooLongError):
        sent(answer(b"x"), blob(b""))


@pytest.mark.parametrize(
    "made",
    [
        answer(LAYER, Content_Encoding="gzip"),
        answer(LAYER, Transfer_Encoding="gzip, chunked"),
        answer(LAYER, status="206 Partial Content", Content_Range=f"bytes 0-9/{len(LAYER)}"),
        *[answer(LAYER, status=f"{code} X") for code in (201, 203, 204, 304, 400, 416, 500)],
    ],
)
def test_what_is_no_clear_answer_is_none(sent, made):
    with pytest.raises(TransportError):
        sent(made)


def test_a_blob_that_says_that_it_is_long_is_not_read_into_memory(without_tls):
    """CVE-2023-25153: how long it is, somebody else has written."""
    enough = RegistryLimits(blob=len(LAYER))
    with Scripted({"GET *": answer(LAYER)}) as server:
        assert LAYER == without_tls(server, limits=enough).read_blob("acme/app", blob(LAYER))
        for descriptor, limits in (
            (blob(LAYER + b"x"), enough),
            (evolve(blob(LAYER), size=2**50), RegistryLimits()),
        ):
            with pytest.raises(TooLongError):
                without_tls(server, limits=limits).read_blob("acme/app", descriptor)
        assert 1 == len(server.heard)


def test_a_blob_that_breaks_off_is_no_short_one(sent):
    def cut_off(_):
        yield LONG % len(LAYER) + LAYER[:100]
        raise HangUpError

    with pytest.raises(TransportError):
        sent(cut_off)


def test_a_blob_whose_first_byte_does_not_come_is_asked_for_again(sent):
    made = [_hangs_up, answer(LAYER)]
    assert LAYER == sent(made, retries=Retries(backoff=0))


def _hangs_up(_):
    raise HangUpError
    yield b""


def test_a_blob_that_drips_is_an_error(sent):
    def drips(_):
        yield LONG % len(LAYER)
        while True:
            yield b"x"

    with pytest.raises(TransportError, match="a second"):
        sent(drips, pace=Limits(patience=0.05, minimum_rate=1e12))


def test_a_blob_that_is_not_there_is_not_found(sent):
    with pytest.raises(NotFoundError, match="the registry does not have it") as error:
        sent(NOT_FOUND)
    assert str(digest(LAYER)) in str(error.value)


def test_a_blob_is_read_from_the_middle(sent):
    rest = f"bytes 100-{len(LAYER) - 1}/{len(LAYER)}"
    partial = answer(LAYER[100:], status="206 Partial Content", Content_Range=rest)
    assert LAYER[100:] == sent(partial, offset=100)
    assert LAYER[100:] == sent(answer(LAYER), offset=100)


@pytest.mark.parametrize(
    "span", ["bytes 0-9/*", "bytes 99-255999/*", "bytes 100-200/256000", "", "x"]
)
def test_another_part_than_was_asked_for_is_refused(sent, span):
    with pytest.raises(TransportError):
        sent(answer(LAYER[100:], status="206 Partial Content", Content_Range=span), offset=100)


def test_a_rest_that_is_too_long_or_too_short_is_refused(sent):
    with pytest.raises(TooLongError):
        sent(answer(LAYER + b"x"), offset=100)
    with pytest.raises(MismatchError) as error:
        sent(answer(LAYER[:-10]), offset=100)
    assert (len(LAYER), len(LAYER) - 10) == (error.value.expected, error.value.got)


@pytest.mark.parametrize("offset", [-1, len(LAYER) + 1])
def test_a_rest_that_cannot_be_is_not_asked_for(without_tls, offset):
    with Scripted({}) as server:
        with pytest.raises(ValueError, match="offset"):
            without_tls(server).blob("acme/app", blob(LAYER), offset)
        assert [] == without_tls(server).blob("acme/app", blob(LAYER), len(LAYER))
    assert [] == server.heard


def test_a_reader_who_takes_time_is_no_slow_registry():
    now = [0.0]
    limits = Limits(patience=15, minimum_rate=1_000)
    arriving = Arriving("acme/app", blob(LAYER), 0, limits, lambda: now[0])
    for at in range(0, len(LAYER), 10):
        arriving.wait()
        arriving.take(LAYER[at : at + 10])
        now[0] += 1_000
    arriving.complete()

    slow = Arriving("acme/app", blob(LAYER), 0, limits, lambda: now[0])
    slow.wait()
    now[0] += 16
    with pytest.raises(TransportError, match="10 bytes in 16 seconds"):
        slow.take(LAYER[:10])


def test_a_download_is_verified_and_continued(without_tls, tmp_path):
    def cut_off(_):
        yield LONG % len(LAYER) + LAYER[:100_000]
        raise HangUpError

    span = f"bytes 100000-{len(LAYER) - 1}/{len(LAYER)}"
    rest = answer(LAYER[100_000:], status="206 X", Content_Range=span)
    with Scripted({"GET *": [cut_off, rest]}) as server:
        place = without_tls(server).download_blob("acme/app", blob(LAYER), str(tmp_path / "x"))
        assert LAYER == place.read_bytes()
        assert "bytes=100000-" == server.heard[1].headers["range"]


@pytest.mark.parametrize(
    "made", [answer(LAYER + b"x"), answer(LAYER[1:]), answer(b"x" * len(LAYER))]
)
def test_a_download_of_something_else_leaves_nothing(without_tls, tmp_path, made):
    with Scripted({"GET *": made}) as server, pytest.raises(TrustError):
        without_tls(server).download_blob("acme/app", blob(LAYER), tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_download_that_is_not_there_is_not_found(without_tls, tmp_path):
    with Scripted({}) as server, pytest.raises(NotFoundError):
        without_tls(server).download_blob("acme/app", blob(LAYER), tmp_path / "x")


def test_a_connection_is_used_again_after_what_nobody_reads_to_its_end(without_tls):
    with Scripted({"GET *": answer(LAYER)}) as server:
        registry = without_tls(server)
        for _ in range(3):
            registry.read_blob("acme/app", Descriptor.of(LAYER, LAYER_TYPE))
        assert 1 == server.connections
