"""The four top-level roles and what is in them, as immutable values (§4.3–§4.6).

Nothing here knows how it is written down or whether it is signed. Members that
TUF does not define are kept in ``extra``, so that an edit of somebody else's
repository loses nothing.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import ClassVar, Final, Self, TypeAlias, TypeVar

from attrs import field, frozen

from trustlib._frozen import FrozenMap, Json
from trustlib._globs import literal_ends, matches
from trustlib._lookup import Lookup, Reading, backwards, forwards, hash_of
from trustlib._types import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    CollectionName,
    KeyId,
    RoleName,
    TargetPath,
    Version,
)
from trustlib.keys import Key

SPEC_VERSION: Final = "1.0.34"

MEDIA_TYPE: Final = "mediaType"
"""The member of a target's ``custom`` that binds the media type of its bytes."""

Extra: TypeAlias = FrozenMap[str, Json]


def _nothing() -> Extra:
    return FrozenMap()


@frozen
class Authority:
    """Who may sign for a role: the keys, by the ids they go by, and how many must."""

    keys: FrozenMap[KeyId, Key]
    threshold: int

    @classmethod
    def of(cls, *keys: Key, threshold: int = 1) -> Self:
        """Return the authority of *keys* under their ids (§4.3), *threshold* of which must sign."""
        return cls(FrozenMap({key.id: key for key in keys}), threshold)


@frozen(kw_only=True)
class KeySet:
    """A role's entry in root: key ids and a threshold (§4.3)."""

    keyids: tuple[KeyId, ...]
    threshold: int
    extra: Extra = field(factory=_nothing)


@frozen(kw_only=True)
class MetaFile:
    """What a timestamp or snapshot says of another metadata file (§4.4).

    Attributes:
        version: of the file, or None where it is not said; TUF says it always.
        length: in bytes, or None where it is not said.
        hashes: lower-case hex by algorithm; empty where none are said.
    """

    version: Version | None
    length: int | None = None
    hashes: FrozenMap[str, str] = field(factory=FrozenMap[str, str])
    extra: Extra = field(factory=_nothing)


@frozen(kw_only=True)
class Target:
    """What a targets role says of one target (§4.5).

    Attributes:
        length: in bytes.
        hashes: lower-case hex by algorithm, at least one.
        custom: what the publisher adds for applications, or None.
    """

    length: int
    hashes: FrozenMap[str, str]
    custom: Extra | None = None
    extra: Extra = field(factory=_nothing)

    @classmethod
    def of(cls, data: bytes, *, custom: Extra | None = None) -> Self:
        """Return what a targets role says of a file that holds *data*."""
        hashes = FrozenMap({"sha256": hashlib.sha256(data).hexdigest()})
        return cls(length=len(data), hashes=hashes, custom=custom)


# -- delegations ------------------------------------------------------------------------


@frozen
class PathPatterns:
    """Shell patterns of target paths; ``*`` and ``?`` stop at a slash (§4.5)."""

    patterns: tuple[str, ...]

    def covers(self, path: TargetPath) -> bool:
        """Return whether one of the patterns matches *path*."""
        return any(matches(pattern, path) for pattern in self.patterns)

    def beginnings(self) -> Iterable[tuple[Reading, Collection[str]]]:
        """Return what paths begin or end with that a pattern matches, whichever says more."""
        ends = [*map(literal_ends, self.patterns)]
        if first := [first for first, last in ends if len(first) >= len(last)]:
            yield forwards, first
        if last := [last[::-1] for first, last in ends if len(first) < len(last)]:
            yield backwards, last


@frozen
class PathPrefixes:
    """What target paths begin with, slashes and all; not TUF's, but of formats before it."""

    prefixes: tuple[str, ...]

    def covers(self, path: TargetPath) -> bool:
        """Return whether *path* begins with one of the prefixes."""
        place = bisect_right(self._shortest, path)
        return place > 0 and path.startswith(self._shortest[place - 1])

    def beginnings(self) -> Iterable[tuple[Reading, Collection[str]]]:
        """Return what covered paths begin with."""
        yield forwards, self._shortest

    @cached_property
    def _shortest(self) -> tuple[str, ...]:
        """Those that begin with no other, sorted: what begins a path comes right before it.

        There may be a million, and as many paths that somebody wants to know of.
        """
        kept: list[str] = []
        for prefix in sorted(self.prefixes):
            if not (kept and prefix.startswith(kept[-1])):
                kept.append(prefix)
        return tuple(kept)


@frozen
class HashPrefixes:
    """Prefixes of the SHA-256 of target paths, in lower-case hex (§4.5)."""

    prefixes: tuple[str, ...]

    def covers(self, path: TargetPath) -> bool:
        """Return whether the hash of *path* begins with one of the prefixes."""
        return hash_of(path).startswith(self.prefixes)

    def beginnings(self) -> Iterable[tuple[Reading, Collection[str]]]:
        """Return what the hashes of covered paths begin with."""
        yield hash_of, self.prefixes


@frozen(kw_only=True)
class Delegation:
    """A targets role's grant to another: who may sign, and for which paths (§4.5).

    Attributes:
        terminating: what this delegation does not list, no later one may.
    """

    name: RoleName
    keyids: tuple[KeyId, ...]
    threshold: int
    grant: PathPatterns | HashPrefixes | PathPrefixes
    terminating: bool = False
    extra: Extra = field(factory=_nothing)

    def covers(self, path: TargetPath) -> bool:
        """Return whether the delegated role may speak for *path*."""
        return self.grant.covers(path)


@frozen(kw_only=True)
class SuccinctRoles:
    """2**bit_length bins under one set of keys, named by the path's hash (TAP 15)."""

    keyids: tuple[KeyId, ...]
    threshold: int
    bit_length: int
    name_prefix: str
    extra: Extra = field(factory=_nothing)

    def bin_for(self, path: TargetPath) -> RoleName:
        """Return the one bin that may speak for *path*."""
        first = int.from_bytes(hashlib.sha256(path.encode()).digest()[:4], "big")
        return self._named(first >> (32 - self.bit_length))

    def names(self) -> Iterator[RoleName]:
        """Return the names of all bins, in order."""
        return map(self._named, range(2**self.bit_length))

    def __contains__(self, name: object) -> bool:
        """Return whether *name* is exactly one of :meth:`names`; ``int()`` would be lenient."""
        if not isinstance(name, str) or not name.startswith(f"{self.name_prefix}-"):
            return False
        suffix = name.removeprefix(f"{self.name_prefix}-")
        if len(suffix) != self._digits or not set(suffix) <= set("0123456789abcdef"):
            return False
        return int(suffix, 16) >> self.bit_length == 0

    @property
    def _digits(self) -> int:
        return len(f"{2**self.bit_length - 1:x}")

    def _named(self, number: int) -> RoleName:
        return RoleName(f"{self.name_prefix}-{number:0{self._digits}x}")


@frozen(kw_only=True)
class Delegations:
    """The keys and grants of a delegating role, most trusted first (§4.5)."""

    keys: FrozenMap[KeyId, Key]
    roles: tuple[Delegation, ...] | SuccinctRoles
    extra: Extra = field(factory=_nothing)

    @cached_property
    def by_name(self) -> FrozenMap[RoleName, Delegation]:
        """Return the grants by the role they are for; there may be a hundred thousand."""
        if isinstance(self.roles, SuccinctRoles):
            return FrozenMap()
        return FrozenMap({grant.name: grant for grant in reversed(self.roles)})

    def covering(self, path: TargetPath) -> tuple[RoleName, ...]:
        """Return who may speak for *path*, in order, up to the one who has the last word."""
        if isinstance(self.roles, SuccinctRoles):
            return (self.roles.bin_for(path),)
        names: list[RoleName] = []
        for place in self._lookup.covering(path):
            grant = self.roles[place]
            names.append(grant.name)
            if grant.terminating:
                break
        return tuple(names)

    @cached_property
    def _lookup(self) -> Lookup:
        """What says which grants cover a path; no part of the value."""
        roles = () if isinstance(self.roles, SuccinctRoles) else self.roles
        return Lookup(tuple(role.grant for role in roles))


# -- the roles --------------------------------------------------------------------------


@frozen(kw_only=True)
class _Head:
    """What every role says of itself.

    Attributes:
        version: at least 1; 0 in a role that was never published.
        expires: when its signatures stop to count (UTC, whole seconds).
        collection: the name of the repository it belongs to, where it says so.
    """

    NAME: ClassVar[RoleName]

    version: Version
    expires: datetime
    collection: CollectionName | None = None
    spec_version: str = SPEC_VERSION
    extra: Extra = field(factory=_nothing)


@frozen(kw_only=True)
class Root(_Head):
    """Who may sign for the top-level roles (§4.3)."""

    NAME: ClassVar[RoleName] = ROOT

    keys: FrozenMap[KeyId, Key]
    roles: FrozenMap[RoleName, KeySet]
    consistent_snapshot: bool = True

    def authority(self, role: RoleName) -> Authority:
        """Return who may sign for the top-level *role*.

        Raises:
            KeyError: root knows no such role.
        """
        return _authority(self.keys, self.roles[role])


@frozen(kw_only=True)
class Timestamp(_Head):
    """Which snapshot is the latest (§4.6)."""

    NAME: ClassVar[RoleName] = TIMESTAMP

    snapshot: MetaFile


@frozen(kw_only=True)
class Snapshot(_Head):
    """Which versions of the targets roles belong together (§4.4)."""

    NAME: ClassVar[RoleName] = SNAPSHOT

    meta: FrozenMap[RoleName, MetaFile]


@frozen(kw_only=True)
class Targets(_Head):
    """Targets, and who else may speak for some; delegated roles are the same (§4.5).

    Attributes:
        called: the role's own name, where it says so. TUF knows a role by the
            name of its file, which nobody signs: where two roles have a key in
            common, either's file could be served as the other's.
    """

    NAME: ClassVar[RoleName] = TARGETS

    called: RoleName | None = None
    targets: FrozenMap[TargetPath, Target] = field(factory=FrozenMap[TargetPath, Target])
    delegations: Delegations | None = None

    def granted(self) -> Iterator[tuple[RoleName, Authority]]:
        """Return everybody to whom this role delegates, in order, and who may sign for them."""
        if self.delegations is None:
            return
        keys = self.delegations.keys
        match self.delegations.roles:
            case SuccinctRoles() as bins:
                shared = _authority(keys, bins)  # there may be billions
                yield from ((name, shared) for name in bins.names())
            case grants:
                yield from ((grant.name, _authority(keys, grant)) for grant in grants)

    def authority(self, role: RoleName) -> Authority:
        """Return who may sign for *role*, to which this role delegates.

        Raises:
            KeyError: this role does not delegate to *role*.
        """
        if self.delegations is not None:
            match self.delegations.roles:
                case SuccinctRoles() as bins:
                    if role in bins:
                        return _authority(self.delegations.keys, bins)
                case _:
                    if (grant := self.delegations.by_name.get(role)) is not None:
                        return _authority(self.delegations.keys, grant)
        raise KeyError(role)


def _authority(
    keys: FrozenMap[KeyId, Key], grant: KeySet | Delegation | SuccinctRoles
) -> Authority:
    named = {keyid: keys[keyid] for keyid in grant.keyids if keyid in keys}
    return Authority(FrozenMap(named), grant.threshold)


Role: TypeAlias = Root | Timestamp | Snapshot | Targets
R = TypeVar("R", bound=Role)
R_co = TypeVar("R_co", bound=Role, covariant=True)
