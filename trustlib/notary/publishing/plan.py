"""Who must sign what, so that one collection becomes another.

As :class:`trustlib.SigningPlan`: a value; adding a signature makes another.
Different is the top. The timestamp is the server's. The snapshot is a request
like others once all below it is signed; where its key is the server's, nobody
answers it, and the server makes that, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Self

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, RoleName
from trustlib.errors import SigningError, shortened
from trustlib.keys import Key, Signature, Signer
from trustlib.limits import Limits
from trustlib.notary.publishing.draft import NotaryDraft, NotaryRequest
from trustlib.notary.publishing.drafting import NotaryTerms, drafted
from trustlib.notary.publishing.publication import NotaryPublication, checked
from trustlib.notary.publishing.repository import NotaryRepository
from trustlib.publish.change import Change
from trustlib.publish.differing import changed, told
from trustlib.publish.expiry import Expiry, ExpiryPolicy
from trustlib.roles import Role, Root, Snapshot, Targets

AS_DOCKER: Final = Expiry(
    root=timedelta(days=3650),
    targets=timedelta(days=1095),
    snapshot=timedelta(days=1095),
    timestamp=timedelta(days=14),
)
"""For how long docker and ``notary`` sign: ten years, three, three; servers sign for 14 days."""


@frozen(kw_only=True)
class NotaryPlan:
    """New versions of some roles, and the signatures gathered so far.

    Attributes:
        before: the collection as it is published.
        after: the edit of it.
        drafts: the roles that get a new version, by name.
        terms: what was asked for besides.
    """

    before: NotaryRepository = field(repr=False)
    after: NotaryRepository = field(repr=False)
    drafts: FrozenMap[RoleName, NotaryDraft]
    terms: NotaryTerms = field(repr=False)

    @classmethod
    def between(
        cls,
        before: NotaryRepository,
        after: NotaryRepository,
        *,
        now: datetime,
        expiry: ExpiryPolicy = AS_DOCKER,
        renewing: Collection[str] = (),
        waiting: Collection[str] = (),
    ) -> Self:
        """Return what must be signed so that *before* becomes *after*.

        A role gets a new version if it was edited, if its keys changed so that
        the published signatures no longer do, if it has expired, or if it is
        named in *renewing*.

        Args:
            before: the collection as it is published.
            after: an edit of it, or *before* itself to renew signatures only.
            now: the time from which new signatures are good (UTC).
            expiry: for how long.
            renewing: roles to sign again though nothing changed in them; what
                ``notary witness`` does.
            waiting: delegated roles whose keys changed, and whose new holders
                will sign later (:meth:`.NotaryRepository.with_witness`). Until they
                do, readers go on without the role; without ``targets/releases``
                they do not: ours refuse every tag that it may speak for, and Docker
                falls back to what ``targets`` says, which may be an older digest.

        Raises:
            ValueError: *after* is not an edit of *before*, *now* has no time
                zone, or a name is that of no role, or of one that cannot wait.
            SigningError: a role says what breaks Go programs.
        """
        if after.files != before.files or after.format != before.format:
            raise ValueError("the two collections were not opened from one state of one server")
        if now.tzinfo is None:
            raise ValueError("now must say which time zone it is in")
        if unknown := sorted({*renewing} - {ROOT, SNAPSHOT, *after.targets}):
            raise ValueError(f"there is no role {unknown[0]!r} to renew")
        for name in sorted(waiting):
            role = RoleName(name)
            same = before.targets.get(role) == after.targets.get(role)
            if role == TARGETS or role not in after.targets or not same:
                raise ValueError(f"{name!r} cannot wait: it was edited, or is no delegated role")
        terms = NotaryTerms(
            now=now,
            expiry=expiry,
            renewing=frozenset(map(RoleName, renewing)),
            waiting=frozenset(map(RoleName, waiting)),
        )
        return cls(
            before=before, after=after, drafts=drafted(before, after, terms, {}), terms=terms
        )

    @property
    def outcome(self) -> NotaryRepository:
        """The collection as it will be, without what the server makes."""
        new: dict[RoleName, Role] = {
            name: draft.document.unverified for name, draft in self.drafts.items()
        }
        root, snapshot = new.get(ROOT), new.get(SNAPSHOT)
        signed = SNAPSHOT in self.drafts and not any(self.drafts[SNAPSHOT].missing)
        return attrs.evolve(
            self.after,
            root=root if isinstance(root, Root) else self.after.root,
            targets=self.after.targets.including(
                {name: role for name, role in new.items() if isinstance(role, Targets)}
            ),
            snapshot=snapshot if signed and isinstance(snapshot, Snapshot) else self.after.snapshot,
        )

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is different in the outcome, worked out anew each time it is asked for."""
        return changed(_roles(self.before), _roles(self.outcome), self.after.names)

    @property
    def requests(self) -> tuple[NotaryRequest, ...]:
        """What somebody must still sign; for the snapshot that may be the server."""
        return tuple(draft.request for draft in self.drafts.values() if any(draft.missing))

    def with_signature(self, *signatures: Signature) -> Self:
        """Return this plan with *signatures*, each of which says itself what it is for.

        Raises:
            SigningError: one of them fits none of the plan's bytes: made for an
                earlier plan, damaged, or by a key that nobody asked.
        """
        drafts: Mapping[RoleName, NotaryDraft] = self.drafts
        for signature in signatures:
            signed = {name: draft.signed(signature) for name, draft in drafts.items()}
            fits = {name: draft for name, draft in signed.items() if draft is not None}
            if not fits:
                raise SigningError(
                    f"signature by {shortened(signature.keyid[:8], str)}",
                    "fits nothing in this plan; was it made for an earlier request?",
                )
            # A listed hash is that of the file with its signatures: no more of them then.
            late = SNAPSHOT in drafts and SNAPSHOT not in fits
            drafts = drafts if late else {**drafts, **fits}
        return attrs.evolve(self, drafts=drafted(self.before, self.after, self.terms, drafts))

    def signed_by(self, *signers: Signer) -> Self:
        """Return this plan with every signature that *signers* are asked for.

        Raises:
            SigningError: one of *signers* is asked for nothing, or cannot sign.
        """
        for signer in signers:
            if not self.asks(signer.key):  # before anybody is bothered
                raise SigningError(
                    f"key {signer.key.id[:8]}",
                    "nobody asked it to sign anything in this plan: leave it out",
                )
        plan, before = self, None
        while plan is not before:  # the snapshot is asked for once the rest is signed
            before = plan
            made = [
                draft.request.sign(signer)
                for name, draft in plan.drafts.items()
                if SNAPSHOT not in plan.drafts or name == SNAPSHOT
                for signer in signers
                if draft.request.asks(signer.key) and not draft.request.signed_with(signer.key)
            ]
            plan = plan.with_signature(*made) if made else plan
        return plan

    def asks(self, key: Key) -> bool:
        """Return whether *key* has something to sign in this plan, now or when others have."""
        if any(draft.request.asks(key) for draft in self.drafts.values()):
            return True
        later = self.after.root.authority(SNAPSHOT).keys.values()
        return bool(self.drafts) and any(one.material == key.material for one in later)

    def publication(
        self, limits: Limits | None = None, *, now: datetime | None = None
    ) -> NotaryPublication:
        """Return what to send to the server, after looking at it as a client would.

        Args:
            limits: those of the clients; the default ones if nothing is said.
            now: when it will be published (UTC); the time the plan was made at,
                if nothing is said.

        Raises:
            ThresholdError: a role lacks signatures.
            TrustError: a client would refuse the outcome, for the same reason.
        """
        files = {
            name: draft.verified
            for name, draft in self.drafts.items()
            if name != SNAPSHOT or draft.signatures
        }
        return checked(
            self.before, self.outcome, files, now=now or self.terms.now, limits=limits or Limits()
        )

    def __str__(self) -> str:
        """Say what changes, what is to be signed, by whom, and who already did."""
        if not self.drafts:
            return "nothing changes"
        lines = [line for draft in self.drafts.values() for line in draft.described()]
        if SNAPSHOT not in self.drafts:
            lines.append(f"{SNAPSHOT}, once the rest is signed")
        lines.append("(snapshot and timestamp: by the server, where it has their keys)")
        return "\n".join(
            (
                "what changes",
                *(f"  {line}" for line in told(self.changes)),
                "what is to be signed",
                *(f"  {line}" for line in lines),
            )
        )


def _roles(collection: NotaryRepository) -> dict[RoleName, Role]:
    """Return the roles, without how each spells its moment, and that nothing is nothing."""
    found: dict[RoleName, Role] = {ROOT: collection.root, **collection.targets}
    if collection.snapshot is not None:
        found[SNAPSHOT] = collection.snapshot
    return {name: _said(role) for name, role in found.items()}


def _said(role: Role) -> Role:
    said = attrs.evolve(role, extra=role.extra.excluding("expires", "targets", "delegations"))
    if not isinstance(said, Targets) or said.delegations is None:
        return said
    extra = said.delegations.extra.excluding("keys", "roles")
    return attrs.evolve(said, delegations=attrs.evolve(said.delegations, extra=extra))
