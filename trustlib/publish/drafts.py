"""From the difference of two repositories to new versions of roles.

Decided role by role, from the leaves up: what is above lists what is below. A
number is never used twice, not even one that a publisher who was killed left
behind, because somebody may have seen the file. But such a file is unsigned for
all we know, so it moves the number by one and no further: else whoever can put
a file there could use up all numbers there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import attrs
from attrs import define, field, frozen

from trustlib._frozen import FrozenMap, Json
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, KeyId, RoleName, Version
from trustlib.documents import Document
from trustlib.errors import TrustError, shortened
from trustlib.keys import Signature
from trustlib.publish.expiry import Expiry
from trustlib.publish.opening import BEGINNING
from trustlib.publish.repository import UNPUBLISHED, Repository
from trustlib.publish.request import SigningRequest
from trustlib.roles import Authority, MetaFile, R, Role, Root, Snapshot, Targets, Timestamp
from trustlib.verify import verify
from trustlib.wire import TUF_JSON


@frozen(kw_only=True)
class Draft:
    """A new version of one role, and the signatures it has so far."""

    name: RoleName
    document: Document[Role] = field(repr=False)
    authorities: tuple[Authority, ...] = field(repr=False)
    signatures: FrozenMap[KeyId, Signature] = field(factory=FrozenMap[KeyId, Signature])

    @property
    def request(self) -> SigningRequest:
        """What to send to those who are to sign."""
        return SigningRequest(
            role=self.name,
            document=self.document,
            authorities=self.authorities,
            signed_by=frozenset(self.signatures),
        )

    @property
    def verified(self) -> bytes:
        """The file to publish.

        Raises:
            ThresholdError: it lacks signatures.
        """
        raw = TUF_JSON.render(self.document.unverified, tuple(self.signatures.values()))
        kind = type(self.document.unverified)
        verify(TUF_JSON.parse(kind, raw, name=self.name), *self.authorities)
        return raw

    @property
    def missing(self) -> tuple[int, ...]:
        """How many more keys must sign, for each authority."""
        return tuple(
            max(0, authority.threshold - len(_signers(authority, self.signatures)))
            for authority in self.authorities
        )

    def signed(self, signature: Signature) -> Draft | None:
        """Return this draft with *signature*, or None if it is not over these bytes.

        One key may go by different ids in the old root and in the new one; its
        signature is recorded under each.
        """
        payload = self.document.payload
        materials = {
            key.material
            for authority in self.authorities
            for keyid, key in authority.keys.items()
            if keyid == signature.keyid and key.verifies(signature.value, payload)
        }
        ids = {
            keyid
            for authority in self.authorities
            for keyid, key in authority.keys.items()
            if key.material in materials
        }
        if not ids:
            return None
        more = {keyid: Signature(keyid, signature.value) for keyid in sorted(ids)}
        return attrs.evolve(self, signatures=self.signatures.including(more))

    def described(self) -> Iterator[str]:
        """Say which version this is, and which keys may still sign it."""
        yield f"{self.name} version {self.document.unverified.version}"
        # A root after the first one answers to two: the keys of the root before it, and its own.
        several = self.name == ROOT and len(self.authorities) > 1
        whose = ("the old root's ", "the new root's ") if several else ("",) * len(self.authorities)
        for authority, missing, of in zip(self.authorities, self.missing, whose, strict=True):
            keys = [shortened(k[:8], str) for k in authority.keys if k not in self.signatures]
            done = len(_signers(authority, self.signatures))
            line = f"  signed by {done} of {of}{authority.threshold} keys"
            yield f"{line}, {missing} more of: {', '.join(keys)}" if missing else line


def _signers(authority: Authority, signatures: Collection[KeyId]) -> set[bytes | None]:
    return {key.material for keyid, key in authority.keys.items() if keyid in signatures}


def drafted(
    before: Repository,
    after: Repository,
    *,
    now: datetime,
    expiry: Expiry,
    renewing: frozenset[RoleName],
) -> tuple[FrozenMap[RoleName, Draft], Repository]:
    """Return the drafts that lead from *before* to *after*, and what they lead to."""
    drafting = _Drafting(before=before, after=after, now=now, expiry=expiry, renewing=renewing)
    root = drafting.root()
    targets = {name: drafting.role(name, role) for name, role in after.targets.items()}
    snapshot = drafting.snapshot()
    timestamp = drafting.timestamp(snapshot.version)
    outcome = attrs.evolve(
        after, root=root, targets=FrozenMap(targets), snapshot=snapshot, timestamp=timestamp
    )
    return FrozenMap(drafting.drafts), outcome


def _same(new: Role, old: Role) -> bool:
    """Return whether the two say the same; ``==`` takes True for 1, and JSON does not."""
    return new is old or TUF_JSON.payload(new) == TUF_JSON.payload(old)


@define(kw_only=True)
class _Drafting:
    """The drafts so far, in the order in which they depend on one another."""

    before: Repository
    after: Repository
    now: datetime
    expiry: Expiry
    renewing: frozenset[RoleName]
    drafts: dict[RoleName, Draft] = field(factory=dict[RoleName, Draft])

    def root(self) -> Root:
        old, new = self.before.root, self.after.root
        own = new.authority(ROOT)
        if old.version == UNPUBLISHED:
            return self._draft(ROOT, new, (own,))
        if _same(new, old) and not self._must_renew(ROOT, old, (own,)):
            return old
        return self._draft(ROOT, new, (old.authority(ROOT), own))  # §6.1: both sign

    def role(self, name: RoleName, new: R) -> R:
        """Return the targets role, in a new version where it was edited or must be (§6.3.1)."""
        authorities = self.after.authorities(name)
        old = self.before.targets.get(name)
        if old is not None and _same(new, old) and not self._must_renew(name, new, authorities):
            return new
        return self._draft(name, new, authorities)

    def snapshot(self) -> Snapshot:
        """Return the snapshot, in a new version where a targets role has one (§4.4, §6.3.2)."""
        old = self.before.snapshot or Snapshot(
            version=UNPUBLISHED, expires=BEGINNING, meta=FrozenMap()
        )
        changed = {
            name: _listing(old.meta.get(name), draft.document.unverified.version)
            for name, draft in self.drafts.items()
            if name != ROOT
        }
        authorities = self.after.authorities(SNAPSHOT)
        if not changed and not self._must_renew(SNAPSHOT, old, authorities):
            return old
        new = attrs.evolve(old, meta=old.meta.including(changed))
        return self._draft(SNAPSHOT, new, authorities)

    def timestamp(self, version: Version) -> Timestamp:
        """Return the timestamp, in a new version where the snapshot has one (§6.3.3)."""
        old = self.before.timestamp or Timestamp(
            version=UNPUBLISHED, expires=BEGINNING, snapshot=MetaFile(version=UNPUBLISHED)
        )
        authorities = self.after.authorities(TIMESTAMP)
        if SNAPSHOT not in self.drafts and not self._must_renew(TIMESTAMP, old, authorities):
            return old
        new = attrs.evolve(old, snapshot=_listing(old.snapshot, version))
        return self._draft(TIMESTAMP, new, authorities)

    def _must_renew(self, name: RoleName, role: Role, authorities: Collection[Authority]) -> bool:
        if role.version == UNPUBLISHED or name in self.renewing or role.expires <= self.now:
            return True
        raw = self.before.published.files[name]
        try:
            verify(self.before.format.parse(type(role), raw, name=name), *authorities)
        except TrustError:
            return True  # signed by keys that no longer do
        return False

    def _draft(self, name: RoleName, role: R, authorities: tuple[Authority, ...]) -> R:
        """Return the next version of *role*, and keep it among the drafts."""
        if isinstance(role, Targets) and self.after.collection is not None:
            role = attrs.evolve(role, called=name)
        following = attrs.evolve(
            role,
            version=self._following(name),
            expires=self.expiry.until(name, self.now),
            collection=self.after.collection,
        )
        raw = TUF_JSON.render(following)
        document = TUF_JSON.parse(type(following), raw, name=name)
        self.drafts[name] = Draft(name=name, document=document, authorities=authorities)
        return following

    def _following(self, name: RoleName) -> Version:
        """Return a number that no file of *name* ever had: it says which file is meant (§4.4)."""
        published = self.before.published
        if name == ROOT:  # clients count roots one by one (§5.3.5)
            return Version(self.before.root.version + 1)
        listed = self.before.snapshot.meta.get(name) if self.before.snapshot else None
        current = self.before.timestamp.version if self.before.timestamp else UNPUBLISHED
        known = [UNPUBLISHED]
        if listed is not None:
            known.append(listed.version)
        if name == SNAPSHOT and self.before.snapshot is not None:
            known.append(self.before.snapshot.version)
        if name == TIMESTAMP:
            known.append(current)
        following = Version(max(known) + 1)
        # The timestamp's file has no number: one beside it is nobody's, and must not lift ours.
        taken = frozenset() if name == TIMESTAMP else published.taken.get(name, frozenset())
        while following in taken:
            following = Version(following + 1)
        return following


def _listing(before: MetaFile | None, version: Version) -> MetaFile:
    """Return what is said of a new version: its number, and what others said besides."""
    extra = FrozenMap[str, Json]() if before is None else before.extra
    return MetaFile(version=version, extra=extra)
