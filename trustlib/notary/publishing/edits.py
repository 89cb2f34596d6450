"""What can be edited of a collection: every edit returns a new one.

Roles are named after those that delegate to them: ``targets/alice`` is below
``targets``, and ``targets/alice/nightly`` below ``targets/alice``. What nobody
could sign for, and what Go programs would choke on, is refused here, before
anyone is asked to sign it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self, TypeVar

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._json import VERSIONS
from trustlib._types import ROOT, TARGETS, TOP_LEVEL, CollectionName, RoleName, TargetPath, Version
from trustlib.content import ImageReference
from trustlib.errors import NotFoundError, SigningError
from trustlib.keys import Key
from trustlib.notary.certificates import bundle, unfit
from trustlib.notary.content_trust import ContentTrust
from trustlib.notary.public_keys import METHODS, PublicKey
from trustlib.notary.publishing.plain import require_harmless
from trustlib.notary.reading import is_delegated
from trustlib.notary.searching import RELEASES
from trustlib.publish.edits import UNPUBLISHED, Edits
from trustlib.publish.grants import targets_granting, with_grant, without_grant
from trustlib.publish.opening import BEGINNING
from trustlib.publish.reach import reachable
from trustlib.roles import Authority, Delegation, Delegations, PathPrefixes, Target, Targets
from trustlib.workflow import delegated_by

_SHA256: Final = re.compile("[0-9a-f]{64}")

EVERYTHING: Final = ("",)
"""Paths of a delegation: all of them, as every path begins with nothing."""

E = TypeVar("E", bound="NotaryEdits")


@frozen(kw_only=True)
class NotaryEdits(Edits):
    """The roles that people edit. Tags and keys are edited as in a :class:`trustlib.Repository`.

    Attributes:
        format: the collection.
        unvouched: delegated roles that are there, and that none of the keys
            signed which may; see :meth:`with_witness`.
        numbers: up to which version the server has roles that are no part of
            the collection (any more).
    """

    format: ContentTrust
    unvouched: FrozenMap[RoleName, Targets] = field(factory=FrozenMap[RoleName, Targets])
    numbers: FrozenMap[RoleName, Version] = field(factory=FrozenMap[RoleName, Version])

    # -- what tags stand for ------------------------------------------------------------

    def with_targets(self, targets: Mapping[str, Target], *, role: str = TARGETS) -> Self:
        """Return this collection with *role* listing all of *targets*, by path.

        Raises:
            ValueError: a path is none that a target should have, or none that
                *role* may speak for; or one has no SHA-256, which Docker pulls by.
            SigningError: custom data would break Go programs that sign the role.
            NotFoundError: there is no such role.
        """
        for path, target in targets.items():
            if _SHA256.fullmatch(target.hashes.get("sha256", "")) is None:
                raise ValueError(f"{path}: expected a hash by sha256, which is what Docker pulls")
            if not 0 <= target.length < VERSIONS:
                raise ValueError(f"{path}: expected a length, got {target.length}")
            require_harmless(path, target.custom)
        return super().with_targets(targets, role=role)

    def without_tag_anywhere(self, reference: str | ImageReference) -> Self:
        """Return this collection with no role saying what the tag stands for.

        As long as one does, it may be pulled: what ``targets`` said years ago
        comes back once ``targets/releases`` says nothing more.

        Raises:
            NotFoundError: none of them does.
        """
        parsed = ImageReference.parse(reference) if isinstance(reference, str) else reference
        return self.without_target_anywhere(self.names.target_path(parsed))

    def without_target_anywhere(self, path: str) -> Self:
        """Return this collection with no role listing *path*.

        Raises:
            NotFoundError: none of them does.
        """
        saying = [name for name, role in self.targets.items() if TargetPath(path) in role.targets]
        if not saying:
            raise NotFoundError(path, "no role lists it; check its name")
        after = self
        for name in saying:
            after = after.without_target(path, role=name)
        return after

    # -- who may sign -------------------------------------------------------------------

    def with_delegation(
        self, name: str, *, keys: Authority, paths: Iterable[str] = EVERYTHING
    ) -> Self:
        """Return this collection with one more delegated role.

        Its file is there once it lists something, or is renewed.

        Args:
            name: ``targets/releases``, or ``targets/alice/nightly`` below ``targets/alice``.
            keys: who may sign for it.
            paths: what the paths begin with that it may speak for; all those
                above it must be granted them, too.

        Raises:
            ValueError: *name* is no name for a role, or taken.
            SigningError: nobody could sign for the role.
            NotFoundError: there is no role above it.
        """
        role = _role_name(name)
        require_usable(role, keys, self.format.name)
        grant = PathPrefixes(_prefixes(paths))
        delegation = Delegation(name=role, keyids=(), threshold=1, grant=grant)
        after = self._editing(_above(role), lambda before: with_grant(before, delegation, keys))
        empty = unpublished(self.format.name)
        return attrs.evolve(after, targets=after.targets.including({role: empty}))

    def without_delegation(self, name: str) -> Self:
        """Return this collection without the delegated role *name*, and those below it.

        Raises:
            ValueError: there is no such delegation.
            NotFoundError: there is no role above it.
        """
        role = _role_name(name)
        after = self._editing(_above(role), lambda before: without_grant(before, role))
        kept = reachable(after.targets)
        gone = {name: role.version for name, role in self.targets.items() if name not in kept}
        numbers = {n: max(v, self.numbers.get(n, UNPUBLISHED)) for n, v in gone.items()}
        return attrs.evolve(after, targets=kept, numbers=self.numbers.including(numbers))

    def with_paths(self, name: str, *paths: str) -> Self:
        """Return this collection with *name* speaking for what begins with *paths* as well.

        Raises:
            NotFoundError: there is no such delegation.
            ValueError: *name* is no name for a role.
        """
        return self._with_grant(name, lambda before: (*before, *paths))

    def without_paths(self, name: str, *paths: str) -> Self:
        """Return this collection with *paths* no longer among what *name* speaks for.

        Raises:
            NotFoundError: there is no such delegation.
            ValueError: *name* is no name for a role.
        """
        return self._with_grant(name, lambda before: (one for one in before if one not in paths))

    def with_signer(self, name: str, *keys: Key) -> Self:
        """Return this collection with a signer as Docker has them.

        Their keys may sign ``targets/<name>`` and ``targets/releases``, and for every tag.

        Raises:
            SigningError: one of *keys* cannot be used, or there is none.
            ValueError: *name* is no name for a signer.
        """
        own = _role_name(f"{TARGETS}/{name}")
        if own == RELEASES or "/" in name:
            raise ValueError(f"{name!r} is no name for a signer")
        after = self
        for role in (own, RELEASES):
            if _grants(after, role):
                after = after.with_keys(role, *keys)
            else:
                after = after.with_delegation(role, keys=Authority.of(*keys))
        return after

    def without_signer(self, name: str) -> Self:
        """Return this collection without the signer *name*: what :meth:`with_signer` did.

        Others who hold the same keys keep them. ``targets/releases`` goes with
        its last key.

        Raises:
            NotFoundError: there is no such signer.
            ValueError: *name* is no name for a signer.
        """
        own = _role_name(f"{TARGETS}/{name}")
        if own == RELEASES or not _grants(self, own):
            raise NotFoundError(name, "is no signer of the collection; check the name")
        keys = self.targets[TARGETS].authority(own).keys
        after = self.without_delegation(own)
        granted = [a for by, a in after.targets[TARGETS].granted() if by != RELEASES]
        others = {key.material for authority in granted for key in authority.keys.values()}
        gone = [key for key in keys.values() if key.material not in others]
        return _without_keys_of(after, RELEASES, gone)

    def without_key(self, key: Key) -> Self:
        """Return this collection with no delegated role that *key* may sign for.

        A role whose last key it is goes.

        Raises:
            SigningError: there is no role that it may sign for.
        """
        after = self
        for by in self.targets.values():
            for name in delegated_by(by):
                after = _without_keys_of(after, name, [key])
        if after == self:
            raise SigningError(
                f"key {key.id[:8]}",
                "may sign for no delegated role: there is nothing to take from it",
            )
        return after

    def with_witness(self, *names: str) -> Self:
        """Return this collection with roles in it that nobody vouches for, as they are listed.

        Read what they say first: none of those who may sign has signed it. It
        is what is left when the keys of a role are exchanged by somebody who
        does not have the new ones; whoever signs the role now takes it over.

        Raises:
            NotFoundError: one of them is not among :attr:`unvouched`.
        """
        for name in names:
            if name not in self.unvouched:
                raise NotFoundError(
                    name, "is no role that nobody vouches for; only those can be witnessed"
                )
        taken = {RoleName(name): self.unvouched[RoleName(name)] for name in names}
        return attrs.evolve(
            self,
            targets=self.targets.including(taken),
            unvouched=self.unvouched.excluding(*taken),
        )

    # -- how edits are made -------------------------------------------------------------

    def _granting(self, role: str, edit: Callable[[Authority], Authority]) -> Self:
        name = RoleName(role)

        def edited(before: Authority) -> Authority:
            after = edit(before)
            require_usable(name, after, self.format.name)
            return after

        if name in TOP_LEVEL or name in self.targets:
            return super()._granting(role, edited)
        if not _grants(self, name):
            raise NotFoundError(role, "the collection has no such role; delegate to it first")
        return self._editing(  # a role that nobody vouches for, or that was never published
            _above(name),
            lambda before: targets_granting(before, name, edited(before.authority(name))),
        )

    def _with_grant(self, name: str, edit: Callable[[tuple[str, ...]], Iterable[str]]) -> Self:
        role = _role_name(name)
        if not _grants(self, role):
            raise NotFoundError(name, "the collection has no such delegation; delegate to it first")

        def edited(grant: Delegation) -> Delegation:
            if grant.name != role or not isinstance(grant.grant, PathPrefixes):
                return grant
            prefixes = _prefixes(edit(grant.grant.prefixes))
            return attrs.evolve(grant, grant=PathPrefixes(prefixes))

        def editing(by: Targets) -> Targets:
            if by.delegations is None or not isinstance(by.delegations.roles, tuple):
                return by
            roles = tuple(edited(grant) for grant in by.delegations.roles)
            return attrs.evolve(by, delegations=attrs.evolve(by.delegations, roles=roles))

        return self._editing(_above(role), editing)


def _grants(collection: NotaryEdits, name: RoleName) -> bool:
    by = collection.targets.get(_above(name))
    return by is not None and name in set(delegated_by(by))


def _without_keys_of(collection: E, name: RoleName, keys: Iterable[Key]) -> E:
    if not _grants(collection, name):
        return collection
    listed = collection.targets[_above(name)].authority(name).keys.values()
    there = {key.material for key in listed}
    gone = [key for key in keys if key.material in there]
    if not gone:
        return collection
    if there <= {key.material for key in gone}:
        return collection.without_delegation(name)
    return collection.without_keys(name, *gone)


def unpublished(collection: CollectionName) -> Targets:
    """Return a role that lists nothing, and that nobody signed yet."""
    nobody = Delegations(keys=FrozenMap(), roles=())
    return Targets(
        version=UNPUBLISHED, expires=BEGINNING, collection=collection, delegations=nobody
    )


def _role_name(name: str) -> RoleName:
    if not is_delegated(name):
        raise ValueError(
            f"role: expected targets/ and lower-case letters, digits, - and _, got {name!r}"
        )
    return RoleName(name)


def _above(name: RoleName) -> RoleName:
    return RoleName(name.rpartition("/")[0])


def _prefixes(paths: Iterable[str]) -> tuple[str, ...]:
    """Return *paths* as Go programs keep them: sorted, each once."""
    return tuple(sorted(set(paths)))


def require_usable(role: RoleName, authority: Authority, collection: CollectionName) -> None:
    """Make sure that readers of the format take the keys of *authority* for *role*.

    Raises:
        SigningError: they do not.
    """
    for keyid, key in authority.keys.items():
        what = f"{role}: key {keyid[:8]}"
        if not isinstance(key, PublicKey) or key.keytype not in METHODS:
            raise SigningError(
                what, "is none of this format; unlock it from a NotaryKeyFile, or ask the server"
            )
        if role == ROOT:
            problem = "is no certificate" if key.pem is None else unfit(key.pem, collection)
            if problem is not None:
                raise SigningError(what, f"{problem}; a root's keys are certificates for it")
        elif key.pem is not None:
            leaf, *_ = bundle(key.pem) or (None,)
            if leaf is None or leaf.weakness is not None:
                problem = "cannot be read" if leaf is None else leaf.weakness
                raise SigningError(what, f"its certificate {problem}; use another")
