"""A repository as a value: made, or read back from where it is published.

Versions, snapshot and timestamp are never typed in. They follow from the
difference between two of these values when that is signed and published
(:class:`~trustlib.publish.plan.SigningPlan`).
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Final, Self

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import TARGETS, TOP_LEVEL, CollectionName
from trustlib.anchors import Anchor
from trustlib.content import Naming, PerOrganisation
from trustlib.documents import Format
from trustlib.errors import MalformedError
from trustlib.limits import Limits
from trustlib.ports import AsyncRepositoryStorage, RepositoryStorage, Storage
from trustlib.publish import names as names_
from trustlib.publish.delegating import Delegating
from trustlib.publish.detail import VERSIONS, Detail, detail_of
from trustlib.publish.edits import UNPUBLISHED, unpublished
from trustlib.publish.grants import root_granting
from trustlib.publish.opening import BEGINNING, Opened, Published, Reading
from trustlib.publish.partly import at_hand
from trustlib.publish.storing import adone, done
from trustlib.roles import Authority, Root, Snapshot, Timestamp
from trustlib.wire import COLLECTION, TUF_JSON

_SHOWN: Final = 6  # targets roles that a repr names


@frozen(kw_only=True)
class Repository(Delegating):
    """The roles of one repository, as they are published or as they should be.

    Made by :meth:`create` or :meth:`open`; edited by methods that return
    another repository.

    Attributes:
        snapshot: as last published.
        timestamp: as last published.
        detail: how much its snapshots say of the files that they list.
        published: what the storage held.
    """

    snapshot: Snapshot | None = None
    timestamp: Timestamp | None = None
    detail: Detail = VERSIONS
    format: Format = TUF_JSON
    published: Published = field(factory=Published, repr=False)

    def __repr__(self) -> str:
        top = [("root", self.root), ("timestamp", self.timestamp), ("snapshot", self.snapshot)]
        told = [f"{name} {role.version}" for name, role in top if role is not None]
        targets = at_hand(self.targets)
        told += [f"{name} {role.version}" for name, role in islice(targets.items(), _SHOWN)]
        more = len(targets) - _SHOWN
        told += [f"{more} more roles"] * (more > 0)
        told += ["others that were not read"] * (targets is not self.targets)
        listed = sum(len(role.targets) for role in targets.values())
        name = self.collection or "without a name"
        return f"<Repository {name}: {', '.join(told)}; {listed} targets>"

    @classmethod
    def create(
        cls,
        name: str,
        *,
        root: Authority,
        targets: Authority,
        snapshot: Authority,
        timestamp: Authority,
        names: Naming | None = None,
        detail: Detail = VERSIONS,
    ) -> Self:
        """Return a repository that nobody has signed yet.

        Args:
            name: what it is called: a registry's domain, alone or with a path
                below it, such as ``docker.io/acme``. It stands under every
                signature, so that metadata of one repository cannot be served
                as another's, even where they share keys.
            root: who may sign for root, and so change all of this.
            targets: who may say what tags stand for.
            snapshot: who may say which versions belong together.
            timestamp: who may say that this is the latest.
            names: what images are called in it; all images of the registry
                that *name* begins with, if nothing is said.
            detail: how much snapshots say of what they list: ``VERSIONS``, so
                that all can sign at once, or ``HASHES``, so that no file which
                was signed and not published can take a published one's place.

        Raises:
            ValueError: *name* is no such name, or *names* is for another.
            SigningError: nobody could sign for one of the roles.
        """
        collection = names_.collection_name(name)
        names = names or PerOrganisation(collection.partition("/")[0])
        if not names.speaks_for(collection):
            raise ValueError(f"{names} does not speak for {collection}")
        empty = Root(
            version=UNPUBLISHED,
            expires=BEGINNING,
            collection=collection,
            keys=FrozenMap(),
            roles=FrozenMap(),
        )
        granted = (root, timestamp, snapshot, targets)
        for role, authority in zip(TOP_LEVEL, granted, strict=True):
            empty = root_granting(empty, role, authority)
        return cls(
            root=empty,
            targets=FrozenMap({TARGETS: unpublished(collection)}),
            collection=collection,
            names=names,
            detail=detail,
        )

    @classmethod
    def open(
        cls,
        storage: RepositoryStorage,
        *,
        anchor: Anchor,
        names: Naming | None = None,
        limits: Limits | None = None,
        format: Format = TUF_JSON,
        memory: Storage | None = None,
        now: datetime | None = None,
    ) -> Self:
        """Return the repository that *storage* holds, verified as a client would verify it.

        Only the time is not looked at, unless *now* is given: a repository that
        has expired can be opened, so that it can be signed again.

        Args:
            storage: where the repository is published.
            anchor: what is trusted to begin with.
            names: what images are called in it; all images of the registry
                that the collection's name begins with, if nothing is said.
            limits: how much may be read.
            format: how its files are written.
            memory: a client's store on the publisher's own machine, used for
                nothing else. With it, a storage that shows an older state than
                last time is refused; without it, an older state is as good as
                any, and signing on top of it would make it the newest. What you
                publish is remembered once you open it again.
            now: when it must not have expired (UTC).

        Raises:
            MalformedError: the collection is called something else than a
                registry's domain or a path below it, and *names* was not given.
            ConflictError: others publish faster than this machine reads.
            TrustError: as :meth:`trustlib.Updater.refresh`.
        """
        limits = limits or Limits()
        reading = Reading(anchor=anchor, limits=limits, format=format, memory=memory, now=now)
        return cls.found(done(reading.opened(), storage), names, format)

    @classmethod
    async def aopen(
        cls,
        storage: AsyncRepositoryStorage,
        *,
        anchor: Anchor,
        names: Naming | None = None,
        limits: Limits | None = None,
        format: Format = TUF_JSON,
        memory: Storage | None = None,
        now: datetime | None = None,
    ) -> Self:
        """:meth:`open`, to await; *memory* is local, and is not awaited."""
        limits = limits or Limits()
        reading = Reading(anchor=anchor, limits=limits, format=format, memory=memory, now=now)
        return cls.found(await adone(reading.opened(), storage), names, format)

    def with_detail(self, detail: Detail) -> Self:
        """Return this repository whose snapshots will say so much of the files they list.

        It changes what is signed next, and is no reason to sign by itself: name
        ``snapshot`` and what it lists in *renewing* to have all of it at once.

        Args:
            detail: ``VERSIONS`` or ``HASHES``.
        """
        return attrs.evolve(self, detail=detail)

    @classmethod
    def found(cls, opened: Opened, names: Naming | None, format: Format) -> Self:
        """Return the repository that was *opened*; :meth:`open` is the way to one."""
        upper = opened.trusted.snapshot
        timestamp, snapshot = upper.timestamp.timestamp.role, upper.snapshot.role
        collection = upper.root.root.role.collection
        return cls(
            root=upper.root.root.role,
            timestamp=timestamp,
            snapshot=snapshot,
            targets=opened.targets,
            collection=collection,
            names=names or _default_names(collection),
            detail=detail_of((timestamp.snapshot, *snapshot.meta.values())),
            format=format,
            published=opened.published,
        )


def _default_names(collection: CollectionName | None) -> PerOrganisation:
    if collection is None:
        return PerOrganisation()
    try:
        return PerOrganisation(collection.partition("/")[0])
    except ValueError:
        raise MalformedError(
            "root.json", f"$.signed[{COLLECTION!r}]", "a name that is a registry's", collection
        ) from None
