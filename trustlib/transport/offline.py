"""No network, and said so.

What can be answered without one is answered by the store, which the client
verifies as it verifies a repository; what would have to be fetched is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from attrs import frozen

from trustlib.errors import TransportError
from trustlib.ports import Request


@frozen
class Offline:
    """The transport of a client that must do with what its store holds.

    Attributes:
        at_most: how long ago the repository may have been heard last; None: as
            long as nothing has expired.
    """

    at_most: timedelta | None = None

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Raise, whatever is asked for.

        Raises:
            TransportError: always.
        """
        missing = "this client is offline, and its store has no such file"
        raise TransportError(
            request.path,
            missing,
            advice="refresh where the repository can be reached, and ask again",
        )
