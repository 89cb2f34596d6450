"""The next timestamp and snapshot: another number, another expiry, and nothing else.

Who renews decides nothing. Every entry of a snapshot stays as it was, members
that nobody here knows included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs
from attrs import frozen

from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, Version
from trustlib.errors import SigningError
from trustlib.keys import Signer
from trustlib.publish.detail import detail_of
from trustlib.publish.drafts import Draft
from trustlib.roles import R, Root, Snapshot, Timestamp
from trustlib.trust import SnapshotTrusted
from trustlib.wire import TUF_JSON


@frozen
class Next:
    """What the next file of a role says of itself."""

    version: Version
    expires: datetime


def signable(root: Root, signers: Sequence[Signer]) -> frozenset[RoleName]:
    """Return which of timestamp and snapshot *signers* can sign without anybody else.

    Raises:
        SigningError: one of them could sign root or targets, too; or they
            cannot sign the timestamp.
    """
    held = {signer.key.material: signer.key for signer in signers}
    for role in (ROOT, TARGETS):
        for key in root.authority(role).keys.values():
            if key.material is not None and key.material in held:
                raise SigningError(
                    f"key {held[key.material].id[:8]}",
                    f"may sign {role} here, which whoever renews must not be able to; take it off"
                    " this machine, and have a key listed for timestamp and snapshot alone",
                )
    able = set()
    for role in (TIMESTAMP, SNAPSHOT):
        authority = root.authority(role)
        materials = {key.material for key in authority.keys.values()} - {None}
        if len(materials & held.keys()) >= authority.threshold:
            able.add(role)
        elif role == TIMESTAMP:
            raise SigningError(
                role,
                f"expected {authority.threshold} of its keys, got {len(materials & held.keys())};"
                " use the key that root lists for it, or have root list this one",
            )
    if not root.consistent_snapshot:  # §6.2.1: its file has one name, and clients may be reading it
        able.discard(SNAPSHOT)
    return frozenset(able)


def resigned(
    found: SnapshotTrusted, following: Mapping[RoleName, Next], signers: Sequence[Signer]
) -> dict[RoleName, bytes]:
    """Return the next files of the roles in *following*, signed; the timestamp is one of them.

    Raises:
        SigningError: a key cannot be used.
        TrustError: what would be written is no such file.
    """
    root = found.root.root.role
    timestamp, files = found.timestamp.timestamp.role, dict[RoleName, bytes]()
    listing = timestamp.snapshot
    if SNAPSHOT in following:
        snapshot = _following(found.snapshot.role, following[SNAPSHOT])
        files[SNAPSHOT] = _signed(root, snapshot, signers)
        detail = detail_of((listing,))
        listing = detail.entry(listing, snapshot.version, files[SNAPSHOT])
    timestamp = attrs.evolve(_following(timestamp, following[TIMESTAMP]), snapshot=listing)
    files[TIMESTAMP] = _signed(root, timestamp, signers)
    return files


def _following(role: R, following: Next) -> R:
    return attrs.evolve(role, version=following.version, expires=following.expires)


def _signed(root: Root, role: Snapshot | Timestamp, signers: Sequence[Signer]) -> bytes:
    document = TUF_JSON.parse(type(role), TUF_JSON.render(role))
    draft = Draft(name=role.NAME, document=document, authorities=(root.authority(role.NAME),))
    for signer in signers:
        if draft.request.asks(signer.key):
            after = draft.signed(draft.request.sign(signer))
            if after is None:
                raise SigningError(
                    f"key {signer.key.id[:8]}",
                    "made a signature that does not verify;"
                    " look at whether it holds the key that it names",
                )
            draft = after
    return draft.verified
