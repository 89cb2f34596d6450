"""Reading one file from a server of the tests, in one line."""

import pytest
from transport.servers import Server

from trustlib._types import UrlPath
from trustlib.errors import TransportError
from trustlib.ports import Request
from trustlib.transport import NO_RETRIES, HttpTransport, Retries, Timeouts

QUICKLY = Timeouts(connect=5, read=0.3)
PATIENTLY = Timeouts(connect=5, read=30)
AT_ONCE = Retries(backoff=0, longest=0)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TEN = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


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
