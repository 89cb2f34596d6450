"""A blob that is arriving: it is what its descriptor names, comes fast enough, and ends."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from trustlib._frozen import FrozenMap
from trustlib._types import RoleName, TargetPath
from trustlib.downloads.expected import Checked, Expected
from trustlib.errors import MismatchError, TooLongError
from trustlib.limits import Limits
from trustlib.metering import Pace
from trustlib.registry.manifests import Descriptor


def expected_blob(repository: str, descriptor: Descriptor) -> Expected:
    """Return what the bytes of *descriptor* must be."""
    digest = descriptor.digest
    return Expected(
        path=TargetPath(str(digest)),
        role=RoleName(repository),
        length=descriptor.size,
        hashes=FrozenMap({digest.algorithm: digest.hex}),
    )


class Arriving:
    """What has arrived of a blob from *offset* on.

    Raises:
        ValueError: *offset* is not within the blob.
    """

    def __init__(
        self,
        repository: str,
        descriptor: Descriptor,
        offset: int,
        limits: Limits,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if not 0 <= offset <= descriptor.size:
            raise ValueError(f"offset: expected 0 to {descriptor.size}, got {offset}")
        self._expected = expected_blob(repository, descriptor)
        self._checked = Checked(self._expected)
        self._left = descriptor.size - offset
        self._offset = offset
        self._pace = Pace(str(descriptor.digest), limits)
        self._clock = clock
        self.wait()

    @property
    def all_was_there(self) -> bool:
        """Whether there is nothing to ask for, because nothing is left."""
        return bool(self._offset) and not self._left

    def wait(self) -> None:
        """Begin to wait for the next piece; what the caller did until now was no wait."""
        self._since = self._clock()

    def take(self, piece: bytes) -> None:
        """Take the next *piece*.

        Raises:
            TooLongError: there must not be so many bytes.
            TransportError: they come too slowly.
        """
        self._left -= len(piece)
        if self._left < 0:
            raise TooLongError(
                self._expected.path,
                self._expected.length,
                advice="this is not what its descriptor names",
            )
        if not self._offset:
            self._checked.take(piece)
        self._pace.add(len(piece), self._clock() - self._since)

    def complete(self) -> None:
        """Find that all of it has arrived.

        Raises:
            MismatchError: it is something else, or not all.
        """
        if self._left:
            what, length = f"length of {self._expected.path}", self._expected.length
            raise MismatchError(self._expected.role, what, length, length - self._left)
        if not self._offset:
            self._checked.complete()
