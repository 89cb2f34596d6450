"""From the difference of two collections to new versions of roles.

Decided role by role, from the leaves up. The snapshot lists hashes of whole
files, signatures included: it is there once all that it lists is signed. Who
signs it, its key decides: where the server has that one, nobody here does, and
the server makes the snapshot itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

import attrs
from attrs import define, frozen

from trustlib._frozen import FrozenMap
from trustlib._json import VERSIONS
from trustlib._types import ROOT, SNAPSHOT, TARGETS, RoleName, Version
from trustlib.errors import SigningError, TrustError
from trustlib.notary.publishing.draft import NotaryDraft
from trustlib.notary.publishing.plain import plain
from trustlib.notary.publishing.repository import NotaryRepository
from trustlib.publish.edits import UNPUBLISHED
from trustlib.publish.expiry import ExpiryPolicy
from trustlib.publish.opening import BEGINNING
from trustlib.publish.reach import Answering
from trustlib.roles import Authority, MetaFile, Role, Root, Snapshot, Targets
from trustlib.trust import verify


@frozen(kw_only=True)
class NotaryTerms:
    """What is asked of a plan besides the edit itself.

    Attributes:
        now: the time from which new signatures are good (UTC).
        expiry: for how long.
        renewing: roles to sign again though nothing changed in them.
        waiting: roles that are to wait for their signatures.
    """

    now: datetime
    expiry: ExpiryPolicy
    renewing: frozenset[RoleName] = frozenset()
    waiting: frozenset[RoleName] = frozenset()


def drafted(
    before: NotaryRepository,
    after: NotaryRepository,
    terms: NotaryTerms,
    drafts: Mapping[RoleName, NotaryDraft],
) -> FrozenMap[RoleName, NotaryDraft]:
    """Return the drafts that lead from *before* to *after*; those in *drafts* stay.

    Raises:
        SigningError: a role says what breaks Go programs, or has no next version.
        ValueError: a role says what the format has no words for.
    """
    drafting = _Drafting(before=before, after=after, terms=terms, drafts=dict(drafts))
    drafting.root()
    for name, role in after.targets.items():
        drafting.role(name, role)
    if not any(any(one.missing) for name, one in drafting.drafts.items() if name != SNAPSHOT):
        drafting.snapshot()
    return FrozenMap(drafting.drafts)


@define(kw_only=True)
class _Drafting:
    before: NotaryRepository
    after: NotaryRepository
    terms: NotaryTerms
    drafts: dict[RoleName, NotaryDraft]

    def root(self) -> None:
        old, new = self.before.root, self.after.root
        own = new.authority(ROOT)
        if old.version == UNPUBLISHED:
            self._draft(ROOT, new, (own,), UNPUBLISHED)
        elif not self._same(old, new) or self._due(ROOT, old):
            both = (old.authority(ROOT), own)
            self._draft(ROOT, new, both, old.version)

    def role(self, name: RoleName, new: Targets) -> None:
        if name in self.terms.waiting:
            return
        asked = Answering.to(self.after.root, self.after.targets).asked(name)
        old = self.before.targets.get(name)
        seen = (one.numbers.get(name, UNPUBLISHED) for one in (self.before, self.after))
        version = max(new.version, *seen)
        if new.version == UNPUBLISHED:
            # Nobody need sign a delegated role that never said anything; but what was there before
            # under that name is listed still, by keys that no longer may.
            silent = name != TARGETS and version == UNPUBLISHED and _says_nothing(new)
            needed = not silent or name in self.terms.renewing
        elif old is not None and self._same(old, new):
            needed = self._due(name, old) or not self._vouched(name, old, asked)
        else:
            needed = True
        if needed:
            self._draft(name, new, asked, version)

    def snapshot(self) -> None:
        old = self.before.snapshot or Snapshot(
            version=UNPUBLISHED, expires=BEGINNING, meta=FrozenMap()
        )
        new = {name: described(one.raw) for name, one in self.drafts.items() if name != SNAPSHOT}
        if not new and SNAPSHOT not in self.terms.renewing:
            return
        there = {
            name: described(raw)
            for name, raw in self.before.files.items()
            if name == ROOT or name in self.before.targets
        }
        # What was listed once stays listed: so the next publisher knows its version.
        self._draft(
            SNAPSHOT,
            attrs.evolve(old, meta=old.meta.including({**there, **new})),
            (self.after.root.authority(SNAPSHOT),),
            old.version,
        )

    def _same(self, old: Role, new: Role) -> bool:
        if new is old:
            return True
        payload = self.before.format.payload
        return payload(old) == payload(new)

    def _due(self, name: RoleName, role: Role) -> bool:
        return role.expires <= self.terms.now or name in self.terms.renewing

    def _vouched(self, name: RoleName, role: Targets, asked: tuple[Authority, ...]) -> bool:
        raw = self.before.files.get(name)
        if raw is None:
            return False
        try:
            verify(self.before.format.parse(type(role), raw, name=name), *asked)
        except TrustError:
            return False
        return True

    def _draft(
        self,
        name: RoleName,
        role: Root | Targets | Snapshot,
        authorities: tuple[Authority, ...],
        version: Version,
    ) -> None:
        if name in self.drafts:
            return
        if version + 1 >= VERSIONS:
            raise SigningError(
                name,
                f"no version comes after {version}: create the collection anew, under another name",
            )
        files, terms = self.after.format, self.terms
        following = attrs.evolve(
            plain(name, role),
            version=Version(version + 1),
            expires=terms.expiry.until(name, terms.now),
        )
        document = files.parse(type(following), files.render(following), name=name)
        self.drafts[name] = NotaryDraft(
            name=name, format=files, document=document, authorities=authorities
        )


def _says_nothing(role: Targets) -> bool:
    return not role.targets and not (role.delegations and role.delegations.roles)


def described(raw: bytes) -> MetaFile:
    """Return what a snapshot says of the file *raw*."""
    hashes = {one: hashlib.new(one, raw).hexdigest() for one in ("sha256", "sha512")}
    return MetaFile(version=None, length=len(raw), hashes=FrozenMap(hashes))
