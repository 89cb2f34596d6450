"""A collection's metadata, read from the registry in which its images are.

All files of one update come from one state of the tag: what another publisher
does meanwhile is not mixed with it. An update that finds nothing new is one
request.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._paths import plain
from trustlib.ports import Request
from trustlib.registry._artifact import NUMBERED, TAG, View
from trustlib.registry._collections import Place, content, seen
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
        over = path.endswith(".root.json") and any(
            not answered.endswith(".root.json") for answered in self.answered
        )
        return not over and path not in self.answered and now < self.since + _OPEN


class Looking:
    """The state of the tag that an update is read from: the only thing here that changes."""

    def __init__(self) -> None:
        self._looked = _Looked()

    def __reduce__(self) -> tuple[type[Looking], tuple[()]]:
        return Looking, ()

    def fetched(self, place: Place, path: str) -> Speaking[bytes | None]:
        """Return the file *path*, or None."""
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
        view = looked.view
        if path not in view.files and NUMBERED.fullmatch(path):
            # Another thread's update has moved on, and ours goes on from what it was told.
            for files in looked.earlier:
                view = evolve(view, files=files) if path in files else view
        return (yield from content(place, view, path))


@frozen
class RegistryTransport:
    """Reads a collection out of a registry; a :class:`~trustlib.ports.Transport`.

    A value: safe to share between threads.

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
        data = self.registry.held(self._looking.fetched(self._place, plain(request.path)))
        return None if data is None else iter((data[request.offset :],))


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
        data = await self.registry.held(self._looking.fetched(self._place, plain(request.path)))
        return None if data is None else _one(data[request.offset :])


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
