"""One file after the other, whatever the transport could do besides."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from trustlib.ports import Request, Transport


@frozen
class Sequential:
    """*transport*, asked for each file when it is needed and not before.

    For servers, and tests, that look at the order of requests. A client does
    the same with it, in more round trips.
    """

    transport: Transport

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return what *transport* does, or raise it."""
        return self.transport.fetch(request)
