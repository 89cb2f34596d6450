"""Who must sign what, so that one repository value becomes another.

The difference between two repositories decides which roles get a new version;
a new targets role pulls a new snapshot behind it, and a new snapshot a new
timestamp (§6.3). Signatures may be gathered in any order, on different
machines; every plan is a value, and adding a signature makes another.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Self

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName
from trustlib.errors import SigningError, shortened
from trustlib.keys import Key, Signature, Signer
from trustlib.limits import Limits
from trustlib.publish.drafts import Draft, drafted
from trustlib.publish.expiry import Expiry
from trustlib.publish.publication import Publication, checked
from trustlib.publish.repository import Repository
from trustlib.publish.request import SigningRequest


@frozen(kw_only=True)
class SigningPlan:
    """New versions of some roles, and the signatures gathered so far.

    Attributes:
        before: the repository as it is published.
        outcome: the repository as it will be.
        drafts: the roles that get a new version, by name.
        now: the time the plan was made at (UTC).
    """

    before: Repository = field(repr=False)
    outcome: Repository = field(repr=False)
    drafts: FrozenMap[RoleName, Draft]
    now: datetime

    @classmethod
    def between(
        cls,
        before: Repository,
        after: Repository,
        *,
        now: datetime,
        expiry: Expiry,
        renewing: Collection[str] = (),
    ) -> Self:
        """Return what must be signed so that *before* becomes *after*.

        A role gets a new version if it was edited, if its keys changed so that
        the published signatures no longer do, if it has expired, or if it is
        named in *renewing*.

        Args:
            before: the repository as it is published.
            after: an edit of it, or *before* itself to renew signatures only.
            now: the time from which new signatures are good (UTC).
            expiry: for how long.
            renewing: roles to sign again though nothing changed in them.

        Raises:
            ValueError: *after* is not an edit of *before*, or without consistent
                snapshots (§6.2.1), or *now* has no time zone, or a name in
                *renewing* is no role.
            MalformedError: the edit says something that no reader would accept.
        """
        if after.published != before.published:
            raise ValueError("the two repositories were not opened from one state of one storage")
        if now.tzinfo is None:
            raise ValueError("now must say which time zone it is in")
        if not after.root.consistent_snapshot:
            raise ValueError(
                "the repository has no consistent snapshots; trustlib publishes with them only"
            )
        names = {ROOT, TIMESTAMP, SNAPSHOT, *after.targets}
        if unknown := sorted(set(renewing) - names):
            raise ValueError(f"there is no role {unknown[0]!r} to renew")
        drafts, outcome = drafted(
            before, after, now=now, expiry=expiry, renewing=frozenset(map(RoleName, renewing))
        )
        return cls(before=before, outcome=outcome, drafts=drafts, now=now)

    @property
    def requests(self) -> tuple[SigningRequest, ...]:
        """What somebody must still sign."""
        return tuple(draft.request for draft in self.drafts.values() if any(draft.missing))

    def with_signature(self, *signatures: Signature) -> Self:
        """Return this plan with *signatures*, each of which says itself what it is for.

        Raises:
            SigningError: one of them fits none of the plan's bytes: made for an
                earlier plan, damaged, or by a key that nobody asked.
        """
        drafts = dict(self.drafts)
        for signature in signatures:
            signed = {name: draft.signed(signature) for name, draft in drafts.items()}
            fits = {name: draft for name, draft in signed.items() if draft is not None}
            if not fits:
                raise SigningError(
                    f"signature by {shortened(signature.keyid[:8], str)}",
                    "fits nothing in this plan; was it made for an earlier request?",
                )
            drafts.update(fits)
        return attrs.evolve(self, drafts=FrozenMap(drafts))

    def signed_by(self, *signers: Signer) -> Self:
        """Return this plan with every signature that *signers* are asked for.

        Raises:
            SigningError: one of *signers* is asked for nothing, or cannot sign.
        """
        plan = self
        for signer in signers:
            asked = plan.requested(signer.key)
            plan = plan.with_signature(*(request.sign(signer) for request in asked))
        return plan

    def requested(self, key: Key) -> tuple[SigningRequest, ...]:
        """Return what *key* is asked to sign, whether or not others suffice.

        Raises:
            SigningError: nothing; it is the wrong key, or the wrong plan.
        """
        asked = tuple(d.request for d in self.drafts.values() if d.request.asks(key))
        if not asked:
            raise SigningError(f"key {key.id[:8]}", "nobody asked it to sign anything in this plan")
        return asked

    def merged(self, *others: SigningPlan) -> Self:
        """Return this plan with the signatures gathered in copies of it.

        Raises:
            SigningError: one of *others* is about other bytes.
        """
        gathered = (
            signature
            for other in others
            for draft in other.drafts.values()
            for signature in draft.signatures.values()
        )
        return self.with_signature(*gathered)

    def publication(
        self, limits: Limits | None = None, *, now: datetime | None = None
    ) -> Publication:
        """Return the files to publish, after looking at them as a client would.

        Args:
            limits: those of the clients; the default ones if nothing is said.
            now: when it will be published (UTC); the time the plan was made at,
                if nothing is said. Say it where signatures took days to gather.

        Raises:
            ThresholdError: a role lacks signatures.
            TrustError: a client would refuse the outcome, for the same reason.
        """
        files = {name: draft.verified for name, draft in self.drafts.items()}
        return checked(
            self.before, self.outcome, files, now=now or self.now, limits=limits or Limits()
        )

    def __str__(self) -> str:
        """Say what changes, and who must still sign."""
        if not self.drafts:
            return "nothing changes"
        return "\n".join(line for draft in self.drafts.values() for line in draft.described())
