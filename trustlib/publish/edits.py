"""What can be edited of a repository: every edit returns a new one.

An edit that nobody could sign for, or that clients would not understand, is
refused here, before anyone is asked to sign it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Self

import attrs
from attrs import frozen

from trustlib._frozen import FrozenMap, Json, JsonLike, freeze
from trustlib._types import TARGETS, TOP_LEVEL, CollectionName, RoleName, TargetPath, Version
from trustlib.content import MEDIA_TYPE, Digest, ImageReference, Naming
from trustlib.errors import NotFoundError
from trustlib.keys import Key
from trustlib.publish import names as names_
from trustlib.publish.bins import responsible
from trustlib.publish.grants import (
    authority_with,
    authority_without,
    root_granting,
    targets_granting,
)
from trustlib.publish.opening import BEGINNING
from trustlib.publish.reach import may_speak
from trustlib.roles import (
    Authority,
    Root,
    Target,
    Targets,
)
from trustlib.trust.agreeing import HASHES
from trustlib.workflow import delegated_by

UNPUBLISHED: Final = Version(0)


@frozen(kw_only=True)
class Edits:
    """The roles that people edit, and what can be done to them in every format.

    Attributes:
        root: who may sign for the top-level roles.
        targets: ``targets`` and every delegated role, by name.
        collection: what the repository is called, under every signature.
        names: what images are called in it.
    """

    root: Root
    targets: FrozenMap[RoleName, Targets]
    collection: CollectionName | None
    names: Naming

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

        If *role* has bins, the one for *path* lists it.

        Raises:
            ValueError: *path* is no path that a target should have, or none that
                *role* may speak for; or *target* has no hash that clients check.
            NotFoundError: there is no such role.
        """
        return self.with_targets({path: target}, role=role)

    def with_targets(self, targets: Mapping[str, Target], *, role: str = TARGETS) -> Self:
        """Return this repository with *role* listing all of *targets*, by path.

        As :meth:`with_target` for each; but many in one step take far less time.

        Raises:
            ValueError: as :meth:`with_target`, for one of them.
            NotFoundError: there is no such role.
        """
        self._role(role)
        listed: dict[RoleName, dict[TargetPath, Target]] = {}
        for path, target in targets.items():
            if not any(algorithm in target.hashes for algorithm in HASHES):
                raise ValueError(f"{path}: expected a hash by {' or '.join(HASHES)}")
            name = names_.target_path(path)
            by = responsible(self.targets, RoleName(role), name)
            if not may_speak(self.targets, by, name):
                raise ValueError(
                    f"{path}: no delegation lets {role} speak for it;"
                    " in a pattern, '*' ends at a slash"
                )
            listed.setdefault(by, {})[name] = target
        edited = {
            by: attrs.evolve(self.targets[by], targets=self.targets[by].targets.including(new))
            for by, new in listed.items()
        }
        return attrs.evolve(self, targets=self.targets.including(edited))

    def without_target(self, path: str, *, role: str = TARGETS) -> Self:
        """Return this repository with *role*, or its bin for *path*, no longer listing *path*.

        Raises:
            NotFoundError: the role does not list it, or there is no such role.
        """
        self._role(role)
        name = TargetPath(path)
        by = responsible(self.targets, RoleName(role), name)
        if name not in self._role(by).targets:
            raise NotFoundError(
                path, f"{by} does not list it; check the path, or say by whom it is listed"
            )
        return self._editing(
            by, lambda before: attrs.evolve(before, targets=before.targets.excluding(name))
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

    def with_authority(self, role: str, authority: Authority) -> Self:
        """Return this repository with *authority* for *role*, whoever had it before.

        Said twice, it changes nothing: the edit to use where it may be applied
        again to what others published in between.

        Raises:
            SigningError: the threshold could not be met, or another key goes by
                the id of one of the keys.
            NotFoundError: there is no such role.
        """
        return self._granting(role, lambda _: authority)

    # -- how edits are made -------------------------------------------------------------

    def _role(self, role: str) -> Targets:
        try:
            return self.targets[RoleName(role)]
        except KeyError:
            raise NotFoundError(role, "the repository has no such role; check its name") from None

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


def unpublished(collection: CollectionName | None) -> Targets:
    """Return a targets role that lists nothing, and that nobody signed yet."""
    return Targets(version=UNPUBLISHED, expires=BEGINNING, collection=collection)


def _frozen_members(members: Mapping[str, JsonLike]) -> FrozenMap[str, Json]:
    return FrozenMap({name: freeze(value) for name, value in members.items()})
