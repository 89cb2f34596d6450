"""The client that is awaited: the same questions, the same answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import cast

from attrs import define, field

from trustlib._clock import utcnow
from trustlib.anchors import Anchor, Pin
from trustlib.content import Digest, ImageReference, Naming, PerOrganisation, TagBinding
from trustlib.documents import Format
from trustlib.downloads.telling import AT_ONCE, Progress, nobody
from trustlib.drive import arun, ignored
from trustlib.effects import T, Workflow
from trustlib.events import Event
from trustlib.limits import Limits
from trustlib.ports import AsyncStorage, AsyncTransport, Storage, Transport
from trustlib.storage import ThreadedStorage
from trustlib.transport import Offline, awaited
from trustlib.trust import Trusted
from trustlib.updater.client import ARTIFACTS, Client
from trustlib.updater.freshness import Freshness
from trustlib.updater.journal import refusals_told_to, told_to
from trustlib.wire import TUF_JSON
from trustlib.workflow import Agreed, Found, RolesAgree


@define(kw_only=True, eq=False)
class AsyncUpdater:
    """:class:`Updater`, to await.

    Takes the same arguments. A transport or storage without ``async`` methods
    is run in threads.
    """

    anchor: Anchor | Pin
    transport: AsyncTransport | Transport
    storage: AsyncStorage | Storage
    names: Naming = field(factory=PerOrganisation)
    limits: Limits = field(factory=Limits)
    policy: Freshness = field(factory=Freshness)
    format: Format = TUF_JSON
    clock: Callable[[], datetime] = utcnow
    on_event: Callable[[Event], None] = ignored
    artifacts: AsyncTransport | Transport | None = None
    _client: Client = field(init=False, repr=False)

    def __repr__(self) -> str:
        return f"<AsyncUpdater {self.transport!r}, {self.storage!r}: {self._client.standing}>"

    @_client.default
    def _decisions(self) -> Client:
        return Client(
            anchor=self.anchor,
            names=self.names,
            limits=self.limits,
            policy=self.policy,
            format=self.format,
            clock=self.clock,
            offline=self.transport if isinstance(self.transport, Offline) else None,
        )

    async def refresh(self) -> Trusted:
        """See :meth:`Updater.refresh`."""
        return await self._run(self._client.refreshing())

    async def resolve(self, reference: str | ImageReference) -> TagBinding:
        """See :meth:`Updater.resolve`."""
        before = self._client.resolved_before(reference)
        if before is not None:
            return before
        return await self._run(self._client.resolving_one(reference))

    async def resolve_all(
        self, references: Iterable[str | ImageReference]
    ) -> tuple[TagBinding, ...]:
        """See :meth:`Updater.resolve_all`."""
        return await self._run(self._client.resolving(references))

    async def tags(self, image: str | ImageReference | None = None) -> tuple[TagBinding, ...]:
        """See :meth:`trustlib.Updater.tags`."""
        return await self._run(self._client.listing(image))

    async def verify(self, reference: str | ImageReference, digest: str | Digest) -> TagBinding:
        """See :meth:`Updater.verify`."""
        return await self._run(self._client.verifying(reference, digest))

    async def find(self, path: str) -> Found:
        """See :meth:`Updater.find`."""
        return await self._run(self._client.finding(path))

    async def find_agreed(self, path: str, agreement: RolesAgree) -> Agreed:
        """See :meth:`Updater.find_agreed`."""
        return await self._run(self._client.finding_agreed(path, agreement))

    async def resolve_agreed(
        self, reference: str | ImageReference, agreement: RolesAgree
    ) -> TagBinding:
        """See :meth:`Updater.resolve_agreed`."""
        return await self._run(self._client.resolving_agreed(reference, agreement))

    async def download(
        self, found: Found, place: str | Path, *, progress: Progress = nobody
    ) -> Path:
        """See :meth:`Updater.download`; cancelling keeps what has arrived."""
        from trustlib.downloads import adownloaded  # not every client downloads

        await self._run(self._client.believing(found))
        transport, folder = self._artifacts()
        with refusals_told_to(self.on_event):
            return await adownloaded(
                found,
                Path(place),
                transport=transport,
                folder=folder,
                limits=self.limits,
                progress=progress,
            )

    async def download_all(
        self,
        wanted: Iterable[tuple[Found, str | Path]],
        *,
        progress: Progress = nobody,
        at_once: int = AT_ONCE,
    ) -> tuple[Path, ...]:
        """See :meth:`Updater.download_all`."""
        from trustlib.downloads import adownloaded_all

        listed = [(found, Path(place)) for found, place in wanted]
        await self._run(self._client.believing(*(found for found, _ in listed)))
        transport, folder = self._artifacts()
        with refusals_told_to(self.on_event):
            return await adownloaded_all(
                listed,
                transport=transport,
                folder=folder,
                limits=self.limits,
                progress=progress,
                at_once=at_once,
            )

    def _artifacts(self) -> tuple[AsyncTransport, str]:
        if self.artifacts is None:
            return awaited_transport(self.transport), ARTIFACTS
        return awaited_transport(self.artifacts), ""

    async def _run(self, workflow: Workflow[T]) -> T:
        transport, storage = awaited_transport(self.transport), awaited_storage(self.storage)
        told = partial(told_to, self.on_event)
        return await arun(workflow, transport, storage, self.limits, told)


# Which of the two ports an object fills shows in its method; a type checker
# cannot see that, hence the casts.


def awaited_transport(transport: AsyncTransport | Transport) -> AsyncTransport:
    """Return *transport*, to await; in threads if it blocks."""
    if inspect.iscoroutinefunction(transport.fetch):
        return cast("AsyncTransport", transport)
    return awaited(cast("Transport", transport))


def awaited_storage(storage: AsyncStorage | Storage) -> AsyncStorage:
    """Return *storage*, to await; in threads if it blocks."""
    if inspect.iscoroutinefunction(storage.load):
        return cast("AsyncStorage", storage)
    return ThreadedStorage(cast("Storage", storage))
