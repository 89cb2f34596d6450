"""A registry, for a program that awaits: the conversations of ``_operations``, held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

from trustlib._types import UrlPath
from trustlib.content import Digest
from trustlib.downloads.run import arun
from trustlib.downloads.steps import obtaining
from trustlib.downloads.telling import Progress, nobody
from trustlib.ports import Request
from trustlib.registry import _lists
from trustlib.registry import _operations as say
from trustlib.registry._arriving import Arriving, expected_blob
from trustlib.registry._conversation import Speaking, aheld
from trustlib.registry._operations import Received
from trustlib.registry._settings import OCTETS, Fetching, Speaker, absent, bearable
from trustlib.registry._sources import Flow, body, described
from trustlib.registry.credentials import Credentials
from trustlib.registry.manifests import Descriptor, Manifest
from trustlib.transport._held import HeldPieces
from trustlib.transport.exchange import ThreadedExchange

T = TypeVar("T")


class AsyncRegistry(Speaker):
    """:class:`Registry`, to await."""

    async def manifest(self, repository: str, reference: str | Digest) -> Manifest | None:
        """See :meth:`Registry.manifest`."""
        received = await self.held(say.manifest(self._at(repository), reference))
        return None if received is None else received.manifest

    async def received(
        self, repository: str, reference: str | Digest, held: Received | None = None
    ) -> Received | None:
        """See :meth:`Registry.received`."""
        return await self.held(say.manifest(self._at(repository), reference, held))

    async def push_manifest(
        self, repository: str, reference: str | Digest, raw: bytes, media_type: str
    ) -> Descriptor:
        """See :meth:`Registry.push_manifest`."""
        return await self.held(say.pushed(self._at(repository), reference, raw, media_type))

    async def delete(self, repository: str, reference: str | Digest) -> None:
        """See :meth:`Registry.delete`."""
        await self.held(say.deleted(self._at(repository), reference))

    async def blob(
        self, repository: str, descriptor: Descriptor, offset: int = 0
    ) -> AsyncGenerator[bytes]:
        """See :meth:`Registry.blob`."""
        arriving = Arriving(repository, descriptor, offset, self.pace)
        if arriving.all_was_there:
            return
        answer = await self.held(say.blob(self._at(repository), descriptor.digest, offset))
        if answer is None:
            raise absent(repository, descriptor)
        pieces = cast("HeldPieces", answer.pieces)
        arriving.wait()
        async with aclosing(pieces):
            async for piece in pieces:
                arriving.take(piece)
                yield piece
                arriving.wait()
        arriving.complete()

    async def read_blob(self, repository: str, descriptor: Descriptor) -> bytes:
        """See :meth:`Registry.read_blob`."""
        bearable(descriptor, self.limits)
        async with aclosing(self.blob(repository, descriptor)) as pieces:
            return b"".join([piece async for piece in pieces])

    async def download_blob(
        self,
        repository: str,
        descriptor: Descriptor,
        place: str | PathLike[str],
        *,
        progress: Progress = nobody,
    ) -> Path:
        """See :meth:`Registry.download_blob`."""
        expected = expected_blob(repository, descriptor)
        files = (UrlPath(str(descriptor.digest)),)
        steps = obtaining(expected, files, Path(place), limits=self.pace)

        async def fetch(request: Request) -> AsyncIterator[bytes] | None:
            asking = say.blob(self._at(repository), descriptor.digest, request.offset)
            answer = await self.held(asking)
            return None if answer is None else cast("AsyncIterator[bytes]", answer.pieces)

        return await arun(steps, Fetching(fetch), progress)

    async def has_blob(self, repository: str, digest: Digest) -> bool:
        """See :meth:`Registry.has_blob`."""
        return await self.held(say.has_blob(self._at(repository), digest))

    async def mount_blob(self, repository: str, digest: Digest, origin: str) -> bool:
        """See :meth:`Registry.mount_blob`."""
        return await self.held(say.mounted(self._at(repository), digest, origin))

    async def upload_blob(
        self,
        repository: str,
        source: bytes | str | PathLike[str],
        media_type: str = OCTETS,
        *,
        progress: Progress = nobody,
    ) -> Descriptor:
        """See :meth:`Registry.upload_blob`. *progress* is called in a worker thread."""
        descriptor = await asyncio.to_thread(described, source, media_type)
        at = self._at(repository)
        if not await self.held(say.has_blob(at, descriptor.digest)):
            sending = body(source, descriptor.size, progress)
            await self.held(say.uploaded(at, sending, descriptor.digest))
        return descriptor

    async def upload_stream(
        self, repository: str, pieces: Iterable[bytes], media_type: str = OCTETS
    ) -> Descriptor:
        """See :meth:`Registry.upload_stream`. *pieces* are made in a worker thread."""
        flow = Flow(pieces)
        await self.held(say.sent(self._at(repository), flow.body, flow.digest))
        return Descriptor(media_type=media_type, digest=flow.digest(), size=flow.size)

    async def tags(self, repository: str) -> tuple[str, ...]:
        """See :meth:`Registry.tags`."""
        return await self.held(_lists.tags(self._at(repository)))

    async def referrers(
        self, repository: str, digest: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """See :meth:`Registry.referrers`."""
        return await self.held(_lists.referrers(self._at(repository), digest, artifact_type))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def held(self, speaking: Speaking[T]) -> T:
        """Hold a conversation with this registry, and return what it returns."""
        exchange = ThreadedExchange(self._exchange)
        return await aheld(speaking, exchange.heard, self._identified, asyncio.sleep)

    async def _identified(self, domain: str) -> Credentials | None:
        return await asyncio.to_thread(self.credentials, domain)
