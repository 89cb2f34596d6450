"""A collection as a value: made, or read back from its server.

Versions and snapshots are never typed in. They follow from the difference
between two of these values when that is signed and published
(:class:`~trustlib.notary.publishing.plan.NotaryPlan`). The timestamp is always
the server's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import TARGETS, TOP_LEVEL, RoleName
from trustlib.anchors import Anchor, Pin
from trustlib.drive import arun, run
from trustlib.limits import Limits
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.publishing.edits import NotaryEdits, require_usable, unpublished
from trustlib.notary.publishing.naming import names_of
from trustlib.notary.publishing.opening import Opened, last_number, opened
from trustlib.ports import AsyncTransport, Storage, Transport
from trustlib.publish.edits import UNPUBLISHED
from trustlib.publish.grants import root_granting
from trustlib.publish.opening import BEGINNING, Timeless
from trustlib.roles import Authority, Root, Snapshot, Timestamp
from trustlib.storage import MemoryStorage
from trustlib.updater.awaited import awaited_storage, awaited_transport
from trustlib.workflow import delegated_by


@frozen(kw_only=True)
class NotaryRepository(NotaryEdits):
    """The roles of one collection, as a trust server has them or as it should.

    Made by :meth:`create` or :meth:`open`; edited by methods that return
    another one.

    Attributes:
        snapshot: as last published.
        timestamp: as last published.
        files: what the server had when the collection was opened.
    """

    snapshot: Snapshot | None = None
    timestamp: Timestamp | None = None
    files: FrozenMap[RoleName, bytes] = field(factory=FrozenMap[RoleName, bytes], repr=False)

    @classmethod
    def create(
        cls,
        name: str,
        *,
        root: Authority,
        targets: Authority,
        snapshot: Authority,
        timestamp: Authority,
    ) -> Self:
        """Return a collection that nobody has signed yet.

        Args:
            name: what it is called, for an image its fully qualified
                repository: ``docker.io/acme/app``.
            root: who may sign for root: keys inside certificates for *name*,
                such as :meth:`.NotarySigner.under` has.
            targets: who may say what tags stand for.
            snapshot: who may say which files belong together: a key of yours,
                or the server's (:meth:`.NotaryServer.key`), as Docker does it.
            timestamp: who may say that this is the latest: the server's key.

        Raises:
            SigningError: nobody could sign for one of the roles, or a key is
                of a kind that it is not signed with.
            ValueError: *name* is no name of a collection.
        """
        named = ContentTrust(name)
        empty = Root(
            version=UNPUBLISHED,
            expires=BEGINNING,
            collection=named.name,
            keys=FrozenMap(),
            roles=FrozenMap(),
            consistent_snapshot=False,
        )
        granted = (root, timestamp, snapshot, targets)
        for role, authority in zip(TOP_LEVEL, granted, strict=True):
            require_usable(role, authority, named.name)
            empty = root_granting(empty, role, authority)
        return cls(
            root=empty,
            targets=FrozenMap({TARGETS: unpublished(named.name)}),
            collection=named.name,
            names=names_of(named),
            format=named,
        )

    @classmethod
    def open(
        cls,
        server: Transport,
        *,
        anchor: Anchor | Pin,
        name: str,
        limits: Limits | None = None,
        memory: Storage | None = None,
        now: datetime | None = None,
    ) -> Self:
        """Return the collection that *server* has, verified as a client would verify it.

        Only the time is not looked at, unless *now* is given: a collection that
        has expired can be opened, so that it can be signed again.

        Args:
            server: where it is published.
            anchor: what is trusted to begin with.
            name: what it is called.
            limits: how much may be read.
            memory: a client's store on the publisher's own machine, used for
                nothing else. With it, a server that shows an older state than
                last time is refused; without it, an older state is as good as
                any, and signing on top of it would make it the newest.
            now: when it must not have expired (UTC).

        Raises:
            NoTrustDataError: the server has nothing of that name.
            TrustError: as :meth:`trustlib.Updater.refresh`.
            ValueError: *name* is no name of a collection.
        """
        named, limits = ContentTrust(name), limits or Limits()
        memory = MemoryStorage() if memory is None else memory
        reading = opened(named, anchor, now=now or BEGINNING, limits=limits)
        found = run(reading, server, memory if now is not None else Timeless(memory), limits)
        return cls._of(found, named)

    @classmethod
    async def aopen(
        cls,
        server: AsyncTransport | Transport,
        *,
        anchor: Anchor | Pin,
        name: str,
        limits: Limits | None = None,
        memory: Storage | None = None,
        now: datetime | None = None,
    ) -> Self:
        """:meth:`open`, to await; a *server* that blocks is asked in threads."""
        named, limits = ContentTrust(name), limits or Limits()
        memory = MemoryStorage() if memory is None else memory
        reading = opened(named, anchor, now=now or BEGINNING, limits=limits)
        kept = awaited_storage(memory if now is not None else Timeless(memory))
        found = await arun(reading, awaited_transport(server), kept, limits)
        return cls._of(found, named)

    def knowing(self, server: Transport, *names: str, limits: Limits | None = None) -> Self:
        """Return this collection, knowing up to which version *server* has the roles *names*.

        To be asked before a delegation comes back that another program removed:
        servers take no version of a role again that they ever had.
        """
        limits = limits or Limits()
        found = {
            RoleName(name): run(
                last_number(self.format, RoleName(name), limits), server, MemoryStorage(), limits
            )
            for name in names
        }
        return attrs.evolve(self, numbers=self.numbers.including(found))

    @classmethod
    def _of(cls, found: Opened, format: ContentTrust) -> Self:
        upper = found.trusted.snapshot
        roles = {name: proof.role for name, proof in found.roles.items()}
        new = {name: unpublished(format.name) for name in _never_published(found)}
        return cls(
            root=upper.root.root.role,
            targets=FrozenMap({**roles, **new}),
            collection=format.name,
            names=names_of(format),
            format=format,
            snapshot=upper.snapshot.role,
            timestamp=upper.timestamp.timestamp.role,
            unvouched=FrozenMap(found.unvouched),
            numbers=found.numbers,
            files=found.files,
        )


def _never_published(found: Opened) -> Iterable[RoleName]:
    granted = {name for proof in found.roles.values() for name in delegated_by(proof.role)}
    return sorted(granted - {*found.roles, *found.unvouched})
