"""What a role that was verified must agree with: its referrer, its collection, the time, the past.

Signatures say who spoke. These say whether that is what was asked for, and
whether it takes back what was said before.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from attrs import frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.errors import (
    ExpiredError,
    MismatchError,
    RollbackError,
    WrongCollectionError,
)
from trustlib.roles import MetaFile, R, Root, Snapshot, Timestamp
from trustlib.verify import Verified

HASHES: Final = ("sha256", "sha512")
"""The hash algorithms that count; every one that is listed is checked."""


@frozen(kw_only=True)
class Prior:
    """What earlier updates trusted: a floor for versions (§4.3) and nothing more."""

    timestamp: Verified[Timestamp] | None = None
    snapshot: Verified[Snapshot] | None = None

    @property
    def listed(self) -> Version | None:
        """The version of the snapshot that was trusted, or None.

        Not what the timestamp lists, if that snapshot was never seen: a version
        that a stolen snapshot key inflated would stay a floor for ever, although
        the key is gone and the timestamp's keys are the same (§5.3.11).
        """
        return None if self.snapshot is None else self.snapshot.role.version


def not_expired(proof: Verified[R], now: datetime, *, step: str | None = None) -> None:
    """Make sure that *proof* still holds at *now*; at the second it expires, it does not (§4.3).

    Raises:
        ExpiredError: it does not.
    """
    if proof.role.expires <= now:
        raise ExpiredError(proof.name, proof.role.expires, now, step=step)


def belonging(proof: Verified[R], root: Root) -> None:
    """Make sure that *proof* is of *root*'s collection: one key may sign for many.

    Raises:
        WrongCollectionError: it is of another, or of none.
    """
    if root.collection is not None and proof.role.collection != root.collection:
        raise WrongCollectionError(proof.name, root.collection, proof.role.collection)


def recovered(prior: Prior, old: Root, new: Root) -> Prior:
    """Return *prior* without the versions that keys removed since *old* may have inflated.

    §5.3.11: one key of timestamp or snapshot that is gone, and both floors fall.
    """
    for name in (TIMESTAMP, SNAPSHOT):
        before, after = old.authority(name), new.authority(name)
        kept = {key.material for key in after.keys.values()}
        usable = {key.material for key in before.keys.values() if key.material is not None}
        if not usable <= kept:
            return Prior()
    return prior


def matching(name: RoleName, raw: bytes, listed: MetaFile, *, step: str) -> None:
    """Make sure that *raw* has the length and the hashes that are *listed*.

    Raises:
        MismatchError: one of them is another, or no hash is listed that counts.
    """
    if listed.length is not None and len(raw) != listed.length:
        raise MismatchError(name, "length", listed.length, len(raw), step=step)
    if listed.hashes and not any(algorithm in listed.hashes for algorithm in HASHES):
        known, got = " or ".join(HASHES), ", ".join(listed.hashes)
        raise MismatchError(name, "a hash by", known, got, step=step)
    for algorithm in HASHES:
        if algorithm in listed.hashes:
            got = hashlib.new(algorithm, raw).hexdigest()
            if got != listed.hashes[algorithm]:
                raise MismatchError(name, algorithm, listed.hashes[algorithm], got, step=step)


def of_version(
    new: Verified[R], listed: MetaFile, before: Verified[R] | None, *, step: str
) -> None:
    """Make sure that *new* has the version that is listed, or comes after *before* if none is."""
    if listed.version is not None:
        if new.role.version != listed.version:
            raise MismatchError(new.name, "version", listed.version, new.role.version, step=step)
    elif before is not None:
        succeeding(new, before)


def succeeding(new: Verified[R], before: Verified[R]) -> None:
    """Make sure that *new* is of a later version than *before*, or says the same.

    Raises:
        RollbackError: it is of an earlier one.
        MismatchError: it is of the same version, and says something else.
    """
    if new.role.version < before.role.version:
        raise RollbackError(new.name, before.role.version, new.role.version)
    if new.role.version == before.role.version and new.role != before.role:
        version = new.role.version
        raise MismatchError(
            new.name,
            f"version {version} as it was seen before, sha256",
            hashlib.sha256(before.raw).hexdigest(),
            hashlib.sha256(new.raw).hexdigest(),
        )


def nothing_rolled_back(
    old: FrozenMap[RoleName, MetaFile], new: FrozenMap[RoleName, MetaFile]
) -> None:
    """Make sure that a snapshot that lists *new* takes nothing back that one listed as *old*.

    Raises:
        RollbackError: a role is listed at an earlier version, or no longer.
    """
    for name, was, now in old.differing(new):
        if name in (ROOT, TIMESTAMP, SNAPSHOT):
            continue  # some snapshots list root.json too; §5.5.5 is about targets roles
        if was is None or was.version is None:
            continue  # it is new, or what became of it the role itself must say
        if now is None:
            raise RollbackError(name, was.version, None, step="§5.5.5")
        offered = now.version
        if offered is None or offered < was.version:
            raise RollbackError(name, was.version, offered, step="§5.5.5")
