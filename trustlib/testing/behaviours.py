"""How a hostile server answers, as values: each is given the honest file, and yields the answer.

A behaviour is a function from the bytes of the file that was asked for to the
parts of an HTTP answer, head included. What is slow is slow for as long as
somebody listens, and ends with him.
"""

import gzip
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from types import MappingProxyType

from trustlib.testing.scripted import HangUpError, Part, Pause, ResetError, answer

Behaviour = Callable[[bytes], Iterator[Part]]
"""The answer to whoever asks for a file, given the honest one."""

ENOUGH = 67_108_864
"""Bytes after which whoever still reads an endless file reads it for ever."""

_BLANKS = b" " * 65_536
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def honest(file: bytes) -> Iterator[bytes]:
    """Send the file."""
    yield answer(file)


def truncated(file: bytes) -> Iterator[bytes]:
    """Announce the file, send the half of it, and hang up."""
    whole = answer(file)
    yield whole[: len(whole) - len(file) // 2 - 1]
    raise HangUpError


def truncated_in_a_chunk(file: bytes) -> Iterator[bytes]:
    """Announce chunks, send the half of one, and hang up."""
    yield _CHUNKED + f"{len(file) + 1:x}\r\n".encode() + file[: len(file) // 2]
    raise HangUpError


def reset(file: bytes) -> Iterator[bytes]:
    """Announce the file, send the half of it, and reset the connection."""
    yield answer(file)[: -len(file) // 2]
    raise ResetError


def unavailable(file: bytes) -> Iterator[bytes]:
    """Say that it cannot be had just now, and send it all the same."""
    yield answer(file, status="503 Service Unavailable")


def partial_content(file: bytes) -> Iterator[bytes]:
    """Send the first half as 206, to somebody who asked for all of it."""
    half = file[: len(file) // 2]
    span = f"bytes 0-{len(half) - 1}/{len(file)}"
    yield answer(half, status="206 Partial Content", Content_Range=span)


def no_content(_: bytes) -> Iterator[bytes]:
    """Say 204, which is a success without a file."""
    yield b"HTTP/1.1 204 No Content\r\n\r\n"


def garbled(file: bytes) -> Iterator[bytes]:
    """Send chunks whose sizes are none."""
    yield _CHUNKED + b"zz\r\n" + file + b"\r\n0\r\n\r\n"
    raise HangUpError


def nonsense(_: bytes) -> Iterator[bytes]:
    """Say something that is not HTTP."""
    yield b"\x16\x03\x01\x02\x00 220 smtp ready\r\n\r\n"
    raise HangUpError


def endless(file: bytes) -> Iterator[bytes]:
    """Send the file, and then blanks without end."""
    yield _CHUNKED + f"{len(file):x}\r\n".encode() + file + b"\r\n"
    for _ in range(ENOUGH // len(_BLANKS)):
        yield f"{len(_BLANKS):x}\r\n".encode() + _BLANKS + b"\r\n"
    raise HangUpError


def header_flood(file: bytes) -> Iterator[bytes]:
    """Send five megabytes of headers before the file."""
    yield b"HTTP/1.1 200 OK\r\n"
    for _ in range(90):
        yield b"X: " + b"y" * 60_000 + b"\r\n"
    yield f"Content-Length: {len(file)}\r\n\r\n".encode() + file


def gzip_bomb(_: bytes) -> Iterator[bytes]:
    """Send a few kilobytes that unpack to sixty-four megabytes of blanks."""
    yield answer(_bomb(), Content_Encoding="gzip")


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * ENOUGH, compresslevel=1)


def redirected(to: str, _: bytes) -> Iterator[bytes]:
    """Send the client to another place: ``partial(redirected, "http://…")``."""
    yield answer(b"", status="302 Found", Location=to)


def redirected_in_a_circle(_: bytes) -> Iterator[bytes]:
    """Send the client to where it is, again and again."""
    yield answer(b"", status="302 Found", Location="?")


def stalled(file: bytes) -> Iterator[Part]:
    """Send the half of the file, and then nothing for two minutes."""
    yield answer(file)[: -len(file) // 2]
    yield Pause(120)
    raise HangUpError


def dripping(file: bytes) -> Iterator[Part]:
    """Send one byte a second: each well before a timeout that starts again with each."""
    whole = answer(file)
    yield whole[: -len(file)]
    for byte in file:
        yield bytes((byte,))
        yield Pause(1)


BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "is cut off": truncated,
        "is cut off in a chunk": truncated_in_a_chunk,
        "breaks with a reset": reset,
        "comes with status 503": unavailable,
        "is the first half, as 206": partial_content,
        "is nothing, as 204": no_content,
        "comes in chunks that are none": garbled,
        "is not HTTP": nonsense,
        "never ends": endless,
        "comes behind five megabytes of headers": header_flood,
        "is a compressed bomb": gzip_bomb,
        "is behind redirects in a circle": redirected_in_a_circle,
    }
)
"""What is noticed at once, by name."""

SLOW: Mapping[str, Behaviour] = MappingProxyType(
    {"stops half way": stalled, "comes a byte a second": dripping}
)
"""What is noticed by those who look at a clock, after some time."""


def elsewhere(url: str) -> Behaviour:
    """Return the behaviour that sends everybody to *url*."""
    return partial(redirected, url)
