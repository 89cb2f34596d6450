"""A collection's metadata, read from the registry in which its images are.

All files of one update come from one state of the tag: what another publisher
does meanwhile is not mixed with it. (Where several updates go on at once over
one transport, that holds for files whose names have numbers.) An update that
finds nothing new is one request.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing
from typing import Final

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib.errors import NotFoundError, TransportError
from trustlib.ports import Request
from trustlib.registry._artifact import NUMBERED, ROOTS, TAG, View
from trustlib.registry._collections import Place, seen
from trustlib.registry._conversation import Speaking
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.registry.manifests import Descriptor

_OPEN: Final = 30.0  # seconds after which another update has begun, whatever was asked
_EARLIER: Final = 4


@frozen(kw_only=True)
class _Looked:
    """What was seen, and what was answered out of it."""

    view: View | None = None
    answered: frozenset[str] = frozenset()
    since: float = float("-inf")
    earlier: tuple[FrozenMap[str, Descriptor], ...] = ()

    def serves(self, path: str, now: float) -> bool:
        """Return whether the answer for *path* is to be taken from what was seen.

        What never changes is. Of what may, each file is answered once: who asks
        again has begun another update, and so has who asks for a root when all
        was answered.
        """
        if NUMBERED.fullmatch(path):
            return self.view is not None
        over = ROOTS.fullmatch(path) and not all(map(ROOTS.fullmatch, self.answered))
        return not over and path not in self.answered and now < self.since + _OPEN


class Looking:
    """The state of the tag that an update is read from: the only thing here that changes."""

    def __init__(self) -> None:
        self._looked = _Looked()

    def __reduce__(self) -> tuple[type[Looking], tuple[()]]:
        return Looking, ()

    def found(self, place: Place, path: str) -> Speaking[Descriptor | None]:
        """Return what names the file *path*, or None."""
        looked, now = self._looked, time.monotonic()
        if not looked.serves(path, now):
            view = yield from seen(place, looked.view)
            earlier = looked.earlier
            if looked.view is not None and view is not looked.view:
                earlier = (looked.view.files, *earlier)[:_EARLIER]
            looked = _Looked(view=view, since=now, earlier=earlier)
        if not NUMBERED.fullmatch(path):
            looked = evolve(looked, answered=looked.answered | {path})
        self._looked = looked  # another thread may be ahead; then somebody asks once more
        if looked.view is None:
            return None
        # Another thread's update may have moved on, and ours goes on from what it was told.
        others = looked.earlier if NUMBERED.fullmatch(path) else ()
        states = (looked.view.files, *others)
        return next((files[path] for files in states if path in files), None)


@frozen
class RegistryTransport:
    """Reads a collection out of a registry; a :class:`~trustlib.ports.Transport`.

    A value: safe to share between threads. Nothing that it returns is to be
    believed before it was verified; what it makes sure of is that whoever can
    change what a registry sends cannot make it read what the manifest does not
    name.

    Attributes:
        registry: the registry.
        repository: the repository that has the collection: the image's own, or
            one for all images of an organisation.
        tag: the tag under which it is found.

    Raises:
        ValueError: *repository* or *tag* are no such names.
    """

    registry: Registry
    repository: str
    tag: str = field(default=TAG, kw_only=True)
    _place: Place = field(init=False, eq=False, repr=False)
    _looking: Looking = field(factory=Looking, init=False, eq=False, repr=False)

    @_place.default
    def _found(self) -> Place:
        return self.registry.collection(self.repository, self.tag)

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """Return the file, or None if the collection has none such.

        Raises:
            MalformedError: what has the tag is no collection.
            MismatchError: a file is not what the manifest names.
            TransportError: the registry has lost what its manifest names, or
                could not be asked.
        """
        named = self.registry.held(self._looking.found(self._place, plain(request.path)))
        if named is None:
            return None
        if named.data is not None:
            return iter((named.data[request.offset :],))
        return _there(self.registry.blob(self.repository, named, request.offset))


@frozen
class AsyncRegistryTransport:
    """:class:`RegistryTransport`, to await."""

    registry: AsyncRegistry
    repository: str
    tag: str = field(default=TAG, kw_only=True)
    _place: Place = field(init=False, eq=False, repr=False)
    _looking: Looking = field(factory=Looking, init=False, eq=False, repr=False)

    @_place.default
    def _found(self) -> Place:
        return self.registry.collection(self.repository, self.tag)

    async def fetch(self, request: Request) -> AsyncIterator[bytes] | None:
        """See :meth:`RegistryTransport.fetch`."""
        named = await self.registry.held(self._looking.found(self._place, plain(request.path)))
        if named is None:
            return None
        if named.data is not None:
            return _one(named.data[request.offset :])
        return _athere(self.registry.blob(self.repository, named, request.offset))


def _there(pieces: Generator[bytes]) -> Generator[bytes]:
    try:
        yield from pieces
    except NotFoundError as error:
        raise _lost(error) from error


async def _athere(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(pieces):
        try:
            async for piece in pieces:
                yield piece
        except NotFoundError as error:
            raise _lost(error) from error


def _lost(error: NotFoundError) -> TransportError:
    # No absence: a manifest names it, so somebody has lost it or withholds it.
    return TransportError(error.name, "the registry does not have what its manifest names")


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
