"""What is sent to a trust server: all files that are new, in one request.

A server takes all of it or nothing, and refuses what does not follow the files
that it has. It does not look at everything a client looks at: that is done here,
before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, RoleName, UrlPath
from trustlib.drive import run
from trustlib.effects import Fetch, Workflow
from trustlib.errors import ConflictError, TooLongError, TrustError
from trustlib.limits import Limits
from trustlib.notary.publishing.repository import NotaryRepository
from trustlib.notary.roots import first_root, next_root, require_current
from trustlib.ports import Request
from trustlib.roles import Snapshot, Targets
from trustlib.sources import FromRepository
from trustlib.storage import MemoryStorage
from trustlib.trust import verify
from trustlib.trust.agreeing import not_expired


class TrustServer(Protocol):
    """What a collection is published to: :class:`~trustlib.notary.NotaryServer`."""

    def fetch(self, request: Request) -> Iterator[bytes] | None:
        """See :meth:`trustlib.ports.Transport.fetch`."""
        ...

    def post(self, files: Mapping[RoleName, bytes]) -> None:
        """Publish *files*, by the roles that they are of.

        Raises:
            ConflictError: the server has one of them in that version already.
            TrustError: it refuses them, or cannot be asked.
        """
        ...


@frozen(kw_only=True)
class NotaryReceipt:
    """What a publication did.

    Attributes:
        repository: the collection as it now is published; the next edit's
            start, until the server made a snapshot that you want to follow
            with one of your own: then open the collection again.
        written: the roles that were sent.
    """

    repository: NotaryRepository = field(repr=False)
    written: tuple[RoleName, ...]


@frozen(kw_only=True)
class NotaryPublication:
    """Files that clients will accept.

    Attributes:
        files: by the role that they are of. Without a snapshot the server makes
            one, as it always does with the timestamp.
        outcome: the collection as it will be.
    """

    files: FrozenMap[RoleName, bytes] = field(repr=False)
    outcome: NotaryRepository = field(repr=False)

    def apply(self, server: TrustServer) -> NotaryReceipt:
        """Send the files, and return what is published now.

        Where nobody heard whether they arrived, the same publication can be
        applied again. Without files, the server signs its own roles again.

        Raises:
            ConflictError: somebody published in between.
            RefusedUpdateError: the server refuses them; it says why.
            DeniedError: the server does not let us.
            TransportError: the server cannot be asked, or fails.
        """
        try:
            server.post(self.files)
        except ConflictError:
            if not self.files or not all(self._there(server, name) for name in self.files):
                raise
        return NotaryReceipt(repository=self.outcome, written=tuple(self.files))

    async def aapply(self, server: TrustServer) -> NotaryReceipt:
        """:meth:`apply`, to await: in a thread, since a server blocks.

        Cancelled, nobody knows whether the files arrived; apply it again.
        """
        from asyncio import to_thread

        return await to_thread(self.apply, server)

    def _there(self, server: TrustServer, name: RoleName) -> bool:
        """Return whether the newest file that the server has of *name* is ours."""
        ours = self.files[name]
        path = self.outcome.format.published(name, None)
        try:
            return ours == run(_newest(path, len(ours)), server, MemoryStorage(), Limits())
        except TrustError:
            return False


def _newest(path: UrlPath, most: int) -> Workflow[bytes | None]:
    return (yield Fetch(path, most))


def checked(
    before: NotaryRepository,
    outcome: NotaryRepository,
    files: Mapping[RoleName, bytes],
    *,
    now: datetime,
    limits: Limits,
) -> NotaryPublication:
    """Return the publication of *files*, once they were looked at as clients do.

    Raises:
        TrustError: a client that has seen *before* would refuse them at *now*.
    """
    most = {ROOT: limits.root, SNAPSHOT: limits.snapshot}
    for name, raw in files.items():
        if len(raw) > most.get(name, limits.targets):
            raise TooLongError(f"{name}.json", most.get(name, limits.targets))
    _root_followed(before, outcome, files, now)
    for name, raw in files.items():
        if name not in (ROOT, SNAPSHOT):
            _require_vouched(outcome, name, raw, now)
    if SNAPSHOT in files:
        snapshot = outcome.format.parse(Snapshot, files[SNAPSHOT])
        not_expired(verify(snapshot, outcome.root.authority(SNAPSHOT)), now)
    kept = {ROOT, SNAPSHOT, *outcome.targets}
    new = {name: raw for name, raw in {**before.files, **files}.items() if name in kept}
    if SNAPSHOT not in files:
        new.pop(SNAPSHOT, None)
    return NotaryPublication(
        files=FrozenMap(files), outcome=attrs.evolve(outcome, files=FrozenMap(new))
    )


def _require_vouched(outcome: NotaryRepository, name: RoleName, raw: bytes, now: datetime) -> None:
    document = outcome.format.parse(Targets, raw, name=name)
    for authority in outcome.authorities(name):
        not_expired(verify(document, authority), now)


def _root_followed(
    before: NotaryRepository,
    outcome: NotaryRepository,
    files: Mapping[RoleName, bytes],
    now: datetime,
) -> None:
    collection = outcome.format
    stage = first_root(
        before.files.get(ROOT, files.get(ROOT, b"")),
        format=collection,
        collection=collection.name,
        now=now,
        source=FromRepository(now),
    )
    if ROOT in files and ROOT in before.files:
        stage = next_root(stage, files[ROOT], collection.name)
    not_expired(stage.root, now)
    require_current(stage, collection.name)
