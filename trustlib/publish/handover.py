"""What a new root takes away, and what that asks of those who publish it.

Clients see a root as soon as it is there, and hold everything else against it.
Where it only lets more people sign, what is published stays good, and the root
comes first. Where it takes a key away, or asks for more of them, what is
published may be good no longer. So the new timestamp, snapshot and targets are
signed by the old keys as well as by the new ones, come first, and are good
before and after; the root follows.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from trustlib._types import SNAPSHOT, TARGETS, TIMESTAMP, RoleName
from trustlib.roles import Authority, Root

_BELOW: Final = (TIMESTAMP, SNAPSHOT, TARGETS)


def implies(old: Authority, new: Authority) -> bool:
    """Return whether whatever *old* vouches for, *new* vouches for as well.

    A signature says by a key's id whose it is (§4.3): under another id the same
    key's published signatures count no more.
    """
    usable = {(i, key.material, key.scheme) for i, key in old.keys.items() if key.material}
    counted = {(i, key.material, key.scheme) for i, key in new.keys.items()}
    return new.threshold <= old.threshold and usable <= counted


def narrowed(old: Root, new: Root) -> tuple[RoleName, ...]:
    """Return the roles for which *new* does not take everything that *old* took.

    There are none after a root that was never published: nobody has seen it.
    """
    if not old.version:
        return ()
    return tuple(role for role in _BELOW if not implies(old.authority(role), new.authority(role)))


def bridging(
    old: Root, new: Root, role: RoleName, lost: AbstractSet[bytes]
) -> tuple[Authority, ...]:
    """Return who should sign *role* besides *new*'s keys, so that *old*'s clients take it.

    Nobody, if too few of the old keys are left: *lost* has the material of those
    that cannot sign any more.
    """
    if not old.version or role not in _BELOW:
        return ()
    before, after = old.authority(role), new.authority(role)
    left = {key.material for key in before.keys.values() if key.material not in lost}
    if implies(after, before) or len(left) < before.threshold:
        return ()
    return (before,)
