"""The trust data that Docker left on a disk, as a place to read a collection from.

``~/.docker/trust`` and ``~/.notary`` keep the newest file of each role, and
nothing else. What is asked for by its hash is the newest, and whoever asked finds
out whether it is the right one. By a number there is nothing: which one a file has
is inside it, and nobody has looked there yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
from attrs import field, frozen

from trustlib._types import CollectionName, UrlPath
from trustlib.notary.format import ContentTrustFormat
from trustlib.ports import Request
from trustlib.transport import DirectoryTransport

_BY_HASH: Final = re.compile(r"(?P<role>[-a-z0-9_/]+)\.[0-9a-f]{64}\.json", re.ASCII)


def _expanded(directory: str | Path) -> Path:
    return Path(directory).expanduser().absolute()


def _collection(name: str) -> CollectionName:
    return ContentTrustFormat(name).name


@frozen
class DockerCache:
    """Reads what Docker's or notary's cache in *directory* holds of the collection *name*.

    A :class:`~trustlib.ports.Transport`: what it holds is verified as if a
    server had sent it, and is as old as it is. It never writes there.

    Attributes:
        directory: ``~/.docker/trust`` or ``~/.notary``; ``~`` is the user's home.
        name: the collection.

    Raises:
        ValueError: *name* is no name of a collection.
    """

    directory: Path = field(converter=_expanded)
    name: CollectionName = field(converter=_collection)

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return the newest file of the role that is asked for, in pieces; None if there is none.

        Raises:
            TransportError: there is no cache, or the file cannot be read.
        """
        named = _BY_HASH.fullmatch(request.path)
        if named is not None:
            request = attrs.evolve(request, path=UrlPath(f"{named['role']}.json"))
        return self._files.fetch(request)

    @property
    def _files(self) -> DirectoryTransport:
        return DirectoryTransport(self.directory.joinpath("tuf", *self.name.split("/"), "metadata"))
