"""What a server may answer, and what it means: a file, no file, or nothing at all.

Only what is said clearly counts. "Not found" is an absence; "forbidden",
"nothing to say" and "here is some part" are not, and whoever holds up, cuts
off or re-labels a file must not be able to make it look absent or whole.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from http import HTTPStatus
from time import monotonic
from typing import Final

from urllib3 import BaseHTTPResponse

from trustlib.errors import TransportError
from trustlib.transport._connections import FAILURES, explained
from trustlib.transport._line import PIECE
from trustlib.transport.policies import Timeouts

ABSENT: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
"""What means that there is no such file. 403 is not among them: object stores
that may not say "absent" say 403, and so does one that locked us out."""

MOVED: Final = frozenset({301, 302, 303, 307, 308})
BUSY: Final = frozenset({429, 502, 503, 504})

_SLOWEST_SKIP: Final = 100_000  # bytes per second
_UNWANTED: Final = 65_536  # bytes that cost less than a new connection
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


def drain(response: BaseHTTPResponse, seconds: float) -> None:
    """Read what nobody wants, so that the connection can be used again.

    If that is much, broken, or takes more than *seconds*, the connection is
    closed instead. Neither changes what the answer meant.
    """
    left, deadline = _UNWANTED, monotonic() + seconds
    try:
        while left > 0 and monotonic() < deadline and (piece := response.read1(left)):
            left -= len(piece)
    except FAILURES:
        pass
    finally:
        let_go(response)


def let_go(response: BaseHTTPResponse) -> None:
    """Return the connection if the answer was read to its end; close it otherwise."""
    # A complete answer has handed its connection back, so this closes no good one.
    response.close()
    response.release_conn()


def body(
    response: BaseHTTPResponse, where: str, offset: int, timeouts: Timeouts
) -> Iterator[bytes]:
    """Return the file from *offset* on, out of an answer that is no absence.

    Raises:
        TransportError: the answer is not that; here or while iterating. The
            connection is not used again then.
    """
    try:
        skip, length = _framing(response, where, offset)
    except TransportError:
        let_go(response)
        raise
    pieces = _pieces(response, where, length, timeouts)
    return _after(pieces, where, skip, timeouts) if skip else pieces


def whole(response: BaseHTTPResponse, where: str, timeouts: Timeouts) -> Generator[bytes]:
    """Return the body of an answer, whatever its status says.

    Raises:
        TransportError: it is packed, or breaks off; here or while iterating.
            The connection is not used again then.
    """
    try:
        _unpacked(response, where)
    except TransportError:
        let_go(response)
        raise
    return _pieces(response, where, None, timeouts)


def _unpacked(response: BaseHTTPResponse, where: str) -> None:
    headers = response.headers
    codings = headers.getlist("Transfer-Encoding")
    encodings = {value.strip().lower() for value in headers.getlist("Content-Encoding")}
    if not encodings <= {"", "identity"}:
        raise TransportError(where, "the server compressed the file, which was not asked for")
    if [value.strip().lower() for value in codings] not in ([], ["chunked"]):
        raise TransportError(where, "the answer has a transfer coding other than chunked")


def _framing(response: BaseHTTPResponse, where: str, offset: int) -> tuple[int, int | None]:
    """Return how many bytes to skip, and how many there are, where the answer says so."""
    _unpacked(response, where)
    status = response.status
    if status == HTTPStatus.OK:
        return offset, None
    if status == HTTPStatus.PARTIAL_CONTENT and offset > 0:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if match is None or int(match[1]) != offset:
            raise TransportError(where, f"the answer does not start at byte {offset}, as asked")
        length = int(match[2]) + 1 - offset
        if length < 1 or match[3] not in ("*", str(offset + length)):
            raise TransportError(where, "the answer leaves out the end of the file")
        return 0, length
    raise TransportError(where, f"the server answered with HTTP status {status}")


def _pieces(
    response: BaseHTTPResponse, where: str, length: int | None, timeouts: Timeouts
) -> Generator[bytes]:
    received = 0
    try:
        # stream() collects a dripping body for as long as it takes to fill a piece.
        while piece := response.read1(PIECE):
            received += len(piece)
            yield piece
    except FAILURES as error:
        raise TransportError(where, explained(error, timeouts)) from error
    finally:
        let_go(response)
    if length is not None and received != length:
        raise TransportError(where, f"the answer has {received} of the {length} bytes announced")


def _after(pieces: Generator[bytes], where: str, skip: int, timeouts: Timeouts) -> Iterator[bytes]:
    """Yield what follows the first *skip* bytes: the server ignores Range.

    Nothing is handed on meanwhile, so it may not take for ever.
    """
    left, deadline = skip, monotonic() + timeouts.read + skip / _SLOWEST_SKIP
    with closing(pieces):
        for piece in pieces:
            if left < len(piece):
                yield piece[left:]
            left = max(0, left - len(piece))
            if left and monotonic() > deadline:
                raise TransportError(where, "the server cannot continue a file, and is too slow")
    if left:
        raise TransportError(where, f"the file has no byte {skip} to continue at")
