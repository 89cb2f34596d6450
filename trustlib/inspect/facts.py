"""What there is to draw, as frozen values: every picture is made from these and from nothing else.

A collection may have a hundred thousand roles, and a person looks at one page.
What is too much for a page is counted here, once, so that all pictures leave out
the same and none of them leaves out that something expires.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from trustlib._types import CollectionName, RoleName, Version


@frozen(kw_only=True)
class Scale:
    """How much is drawn before it is counted instead.

    Attributes:
        children: roles to which one role delegates.
        depth: delegations below one another.
        parts: roles in all; once there are so many, nothing below another role is begun.
    """

    children: int = 24
    depth: int = 8
    parts: int = 200


@frozen(kw_only=True)
class Holder:
    """A key that may sign for something.

    Attributes:
        fingerprint: the beginning of its hash, worked out from the key.
        kind: the signature scheme that it is used with.
        counts: whether any signature of it can; keys of unknown kinds never do.
    """

    fingerprint: str
    kind: str
    counts: bool


@frozen(kw_only=True)
class Seen:
    """A role that was read.

    Attributes:
        version: of the role.
        expires: when its signatures stop to count (UTC).
        targets: how many it lists.
        signed_by: fingerprints of the keys whose signatures were counted; None
            where that is not known any more.
    """

    version: Version
    expires: datetime
    targets: int = 0
    signed_by: tuple[str, ...] | None = None


@frozen(kw_only=True)
class Unsigned:
    """A role that nobody has signed yet."""

    targets: int = 0


@frozen
class Unread:
    """A role that was not read: nobody asked for it, or it does not exist."""


@frozen
class Above:
    """A role that is drawn above already: several delegate to it."""


@frozen(kw_only=True)
class Bins:
    """Many roles under one set of keys, each for some of the hashes of paths.

    Attributes:
        count: how many there are.
        read: how many of them were read.
        versions: the lowest and the highest; None where none was read.
        expires: the earliest of those that were read (UTC).
        targets: how many they list together.
    """

    count: int
    read: int
    versions: tuple[Version, Version] | None
    expires: datetime | None
    targets: int


State: TypeAlias = Seen | Unsigned | Unread | Above | Bins


@frozen(kw_only=True)
class Part:
    """A role, or bins together, at the place where it gets its power.

    Attributes:
        by: the role that says who may sign it; None for root.
        depth: how many roles are between it and root.
        threshold: how many different keys must sign.
        keys: fingerprints of those that may.
        able: how many of them can, and are different.
        paths: what it may speak for, in words; empty where it has no bounds.
        final: whether nobody after it is asked about those.
    """

    name: RoleName
    by: RoleName | None
    depth: int
    threshold: int
    keys: tuple[str, ...]
    able: int
    paths: tuple[str, ...] = ()
    final: bool = False
    state: State

    @property
    def expires(self) -> datetime | None:
        """The earliest moment at which it expires, as far as that is known (UTC)."""
        return self.state.expires if isinstance(self.state, Seen | Bins) else None


@frozen(kw_only=True)
class More:
    """Roles that were left out, because there are so many.

    Attributes:
        by: the role that delegates to them.
        count: how many it does; those below them are not counted.
    """

    by: RoleName
    depth: int
    count: int


@frozen(kw_only=True)
class Collection:
    """A collection as a page can show it.

    Attributes:
        name: what it calls itself, if it does.
        parts: root first, each role before those to whom it gives power.
        keys: every key of *parts*, in the order in which they come.
        roles: how many roles were read, those that are not drawn included.
        targets: how many they list.
        valid_until: the earliest expiry (UTC) of all that were read; None: nothing was signed yet.
        undrawn: the earliest expiry (UTC) of the roles that were left out.
    """

    name: CollectionName | None
    parts: tuple[Part | More, ...]
    keys: tuple[Holder, ...]
    roles: int
    targets: int
    valid_until: datetime | None
    undrawn: datetime | None = None

    @property
    def drawn(self) -> tuple[Part, ...]:
        """The roles and bins among the parts."""
        return tuple(part for part in self.parts if isinstance(part, Part))
