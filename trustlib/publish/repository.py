"""A repository as a value: every edit returns a new one.

Versions, snapshot and timestamp are never typed in. They follow from the
difference between two of these values when that is signed and published
(:class:`~trustlib.publish.plan.SigningPlan`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Self

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap, Json, JsonLike, freeze
from trustlib._types import (
    TARGETS,
    TOP_LEVEL,
    CollectionName,
    RoleName,
    TargetPath,
    Version,
)
from trustlib.anchors import Anchor
from trustlib.content import MEDIA_TYPE, Digest, ImageReference, Naming, PerOrganisation
from trustlib.documents import Format
from trustlib.errors import MalformedError, NotFoundError
from trustlib.keys import Key
from trustlib.limits import Limits
from trustlib.ports import RepositoryStorage
from trustlib.publish import names as names_
from trustlib.publish.grants import (
    authority_with,
    authority_without,
    root_granting,
    targets_granting,
    with_grant,
    without_grant,
)
from trustlib.publish.opening import BEGINNING, Published, read_back
from trustlib.publish.reach import reachable, speaking_for
from trustlib.roles import (
    Authority,
    Delegation,
    HashPrefixes,
    PathPatterns,
    Root,
    Snapshot,
    Target,
    Targets,
    Timestamp,
)
from trustlib.trust import HASHES
from trustlib.wire import COLLECTION, TUF_JSON
from trustlib.workflow import delegated_by

UNPUBLISHED: Final = Version(0)


@frozen(kw_only=True)
class Repository:
    """The roles of one repository, as they are published or as they should be.

    Made by :meth:`create` or :meth:`open`; edited by methods that return
    another repository.

    Attributes:
        root: who may sign for the top-level roles.
        targets: ``targets`` and every delegated role, by name.
        snapshot: as last published.
        timestamp: as last published.
        collection: what the repository is called, under every signature.
        names: what images are called in it.
        published: what the storage held.
    """

    root: Root
    targets: FrozenMap[RoleName, Targets]
    snapshot: Snapshot | None = None
    timestamp: Timestamp | None = None
    collection: CollectionName | None
    names: Naming
    format: Format = TUF_JSON
    published: Published = field(factory=Published, repr=False)

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
            targets=FrozenMap({TARGETS: _empty(collection)}),
            collection=collection,
            names=names,
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
    ) -> Self:
        """Return the repository that *storage* holds, verified as a client would verify it.

        Only the time is not looked at: a repository that has expired can be
        opened, so that it can be signed again.

        Args:
            storage: where the repository is published.
            anchor: what is trusted to begin with.
            names: what images are called in it; all images of the registry
                that the collection's name begins with, if nothing is said.
            limits: how much may be read.
            format: how its files are written.

        Raises:
            MalformedError: the collection is called something else than a
                registry's domain or a path below it, and *names* was not given.
            TrustError: as :meth:`trustlib.Updater.refresh`.
        """
        opened = read_back(storage, anchor=anchor, limits=limits or Limits(), format=format)
        upper = opened.trusted.snapshot
        collection = upper.root.root.role.collection
        return cls(
            root=upper.root.root.role,
            timestamp=upper.timestamp.timestamp.role,
            snapshot=upper.snapshot.role,
            targets=FrozenMap({name: proof.role for name, proof in opened.targets.items()}),
            collection=collection,
            names=names or _default_names(collection),
            format=format,
            published=opened.published,
        )

    # -- what tags stand for ------------------------------------------------------------

    def with_tag(
        self,
        reference: str | ImageReference,
        *,
        digest: str | Digest,
        size: int,
        media_type: str | None = None,
        custom: Mapping[str, JsonLike] | None = None,
        role: str = TARGETS,
    ) -> Self:
        """Return this repository with the tag standing for *digest*.

        Args:
            reference: the image and its tag.
            digest: of the manifest or index.
            size: of that manifest in bytes.
            media_type: of that manifest; say it, so that nobody can have the
                same bytes read as something else.
            custom: more to say about the tag, under the signature.
            role: which role says so.

        Raises:
            ValueError: a value is not what it should be.
            NotFoundError: the repository does not speak for that image, or has
                no such role.
        """
        parsed = ImageReference.parse(reference) if isinstance(reference, str) else reference
        sha = digest if isinstance(digest, Digest) else Digest.parse(digest)
        if size < 1:
            raise ValueError(f"size: expected at least one byte, got {size}")
        said: dict[str, JsonLike] = {**(custom or {})}
        if MEDIA_TYPE in said:
            raise ValueError(f"custom: say {MEDIA_TYPE} with media_type=")
        if media_type is not None:
            said[MEDIA_TYPE] = media_type
        target = Target(
            length=size,
            hashes=FrozenMap({sha.algorithm: sha.hex}),
            custom=_frozen_members(said) if said else None,
        )
        return self.with_target(self.names.target_path(parsed), target, role=role)

    def without_tag(self, reference: str | ImageReference, *, role: str = TARGETS) -> Self:
        """Return this repository with *role* no longer saying what the tag stands for.

        Raises:
            NotFoundError: the role does not say so now, or there is no such role.
        """
        parsed = ImageReference.parse(reference) if isinstance(reference, str) else reference
        return self.without_target(self.names.target_path(parsed), role=role)

    def with_target(self, path: str, target: Target, *, role: str = TARGETS) -> Self:
        """Return this repository with *role* listing *target* at *path*.

        Raises:
            ValueError: *path* is no path that a target should have, or none that
                *role* may speak for; or *target* has no hash that clients check.
            NotFoundError: there is no such role.
        """
        if not any(algorithm in target.hashes for algorithm in HASHES):
            raise ValueError(f"{path}: expected a hash by {' or '.join(HASHES)}")
        listed = {names_.target_path(path): target}
        self._role(role)
        if role not in speaking_for(self.targets, TargetPath(path)):
            raise ValueError(
                f"{path}: no delegation lets {role} speak for it; in a pattern, '*' ends at a slash"
            )
        return self._editing(
            role, lambda before: attrs.evolve(before, targets=before.targets.including(listed))
        )

    def without_target(self, path: str, *, role: str = TARGETS) -> Self:
        """Return this repository with *role* no longer listing *path*.

        Raises:
            NotFoundError: the role does not list it, or there is no such role.
        """
        if TargetPath(path) not in self._role(role).targets:
            raise NotFoundError(path, f"{role} does not list it")
        return self._editing(
            role,
            lambda before: attrs.evolve(before, targets=before.targets.excluding(TargetPath(path))),
        )

    # -- who may sign -------------------------------------------------------------------

    def authorities(self, role: str) -> tuple[Authority, ...]:
        """Return who must vouch for *role*: root's word, or that of all who delegate to it."""
        name = RoleName(role)
        if name in TOP_LEVEL:
            return (self.root.authority(name),)
        return tuple(
            by.authority(name) for by in self.targets.values() if name in set(delegated_by(by))
        )

    def with_keys(self, role: str, *keys: Key, threshold: int | None = None) -> Self:
        """Return this repository with *keys* added for *role*.

        To replace a key, add the new one first and then remove the old one.

        Args:
            role: a top-level or delegated role.
            *keys: those that may sign for it from now on, besides the others.
            threshold: how many must sign; as many as before, if nothing is said.

        Raises:
            SigningError: the threshold could not be met, or another key goes by
                the id of one of *keys*.
            NotFoundError: there is no such role.
        """
        name = RoleName(role)
        return self._granting(role, lambda before: authority_with(name, before, keys, threshold))

    def without_keys(self, role: str, *keys: Key, threshold: int | None = None) -> Self:
        """Return this repository with *keys* removed from *role*.

        Raises:
            SigningError: the threshold could no longer be met, or one of *keys*
                is none of the role's.
            NotFoundError: there is no such role.
        """
        name = RoleName(role)
        return self._granting(role, lambda before: authority_without(name, before, keys, threshold))

    def with_delegation(
        self,
        name: str,
        *,
        keys: Authority,
        grant: PathPatterns | HashPrefixes,
        terminating: bool = False,
        by: str = TARGETS,
    ) -> Self:
        """Return this repository with one more delegation, trusted less than those before it.

        The new role lists nothing; its keys sign that first version as well.

        Args:
            name: what the role is called.
            keys: who may sign for it.
            grant: which targets it may speak for; for images, see
                :meth:`trustlib.content.PerOrganisation.tag_pattern`.
            terminating: what this role does not list, no later one may.
            by: the role that delegates.

        Raises:
            ValueError: *name* is no name for a role, or taken, or *grant* has a
                pattern that no target could match.
            SigningError: nobody could sign for the role.
            NotFoundError: there is no role *by*.
        """
        role = names_.role_name(name)
        delegation = Delegation(
            name=role, keyids=(), threshold=1, grant=grant, terminating=terminating
        )
        after = self._editing(by, lambda before: with_grant(before, delegation, keys))
        if role in after.targets:
            return after
        return attrs.evolve(after, targets=after.targets.including({role: _empty(self.collection)}))

    def without_delegation(self, name: str, *, by: str = TARGETS) -> Self:
        """Return this repository with *by* no longer delegating to *name*.

        Clients remember that the role was there, so the snapshot goes on
        listing its last version (§5.5.5).

        Raises:
            ValueError: there is no such delegation.
            NotFoundError: there is no role *by*.
        """
        role = RoleName(name)
        after = self._editing(by, lambda before: without_grant(before, role))
        return attrs.evolve(after, targets=reachable(after.targets))

    # -- how edits are made -------------------------------------------------------------

    def _role(self, role: str) -> Targets:
        try:
            return self.targets[RoleName(role)]
        except KeyError:
            raise NotFoundError(role, "the repository has no such role") from None

    def _editing(self, role: str, edit: Callable[[Targets], Targets]) -> Self:
        edited = {RoleName(role): edit(self._role(role))}
        return attrs.evolve(self, targets=self.targets.including(edited))

    def _granting(self, role: str, edit: Callable[[Authority], Authority]) -> Self:
        name = RoleName(role)
        if name in TOP_LEVEL:
            granted = root_granting(self.root, name, edit(self.root.authority(name)))
            return attrs.evolve(self, root=granted)
        self._role(role)
        edited = {
            by: targets_granting(targets, name, edit(targets.authority(name)))
            for by, targets in self.targets.items()
            if name in set(delegated_by(targets))
        }
        return attrs.evolve(self, targets=self.targets.including(edited))


def _default_names(collection: CollectionName | None) -> PerOrganisation:
    if collection is None:
        return PerOrganisation()
    try:
        return PerOrganisation(collection.partition("/")[0])
    except ValueError:
        raise MalformedError(
            "root.json", f"$.signed[{COLLECTION!r}]", "a name that is a registry's", collection
        ) from None


def _empty(collection: CollectionName | None) -> Targets:
    return Targets(version=UNPUBLISHED, expires=BEGINNING, collection=collection)


def _frozen_members(members: Mapping[str, JsonLike]) -> FrozenMap[str, Json]:
    return FrozenMap({name: freeze(value) for name, value in members.items()})
