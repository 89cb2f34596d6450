"""Who must sign what, so that one repository value becomes another.

The difference between two repositories decides which roles get a new version;
a new targets role pulls a new snapshot behind it, and a new snapshot a new
timestamp (§6.3). Signatures may be gathered in any order, on different
machines; every plan is a value, and adding a signature makes another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

import attrs
from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName
from trustlib.errors import ConflictError, SigningError, shortened
from trustlib.keys import Key, Signature, Signer
from trustlib.limits import Limits
from trustlib.publish.change import Change
from trustlib.publish.differing import changes, told
from trustlib.publish.drafting import Terms, drafted, known_to_be_enough
from trustlib.publish.drafts import Draft
from trustlib.publish.expiry import ExpiryPolicy
from trustlib.publish.keeping import ABOVE, below, keep, resumed
from trustlib.publish.partly import require_all
from trustlib.publish.publication import Publication, checked
from trustlib.publish.repository import Repository
from trustlib.publish.request import SigningRequest


@frozen(kw_only=True)
class SigningPlan:
    """New versions of some roles, and the signatures gathered so far.

    Attributes:
        before: the repository as it is published.
        after: the edit of it.
        outcome: the repository as it will be, as far as that is known: what
            lists hashes comes once all that it lists is signed.
        drafts: the roles that get a new version, by name.
        terms: what was asked for besides.
    """

    before: Repository = field(repr=False)
    after: Repository = field(repr=False)
    outcome: Repository = field(repr=False)
    drafts: FrozenMap[RoleName, Draft]
    terms: Terms = field(repr=False)

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} ({len(d.signatures)} signed)" for n, d in self.drafts.items())
        return f"<SigningPlan {self.after.collection or 'without a name'}: {counts or 'nothing'}>"

    @property
    def now(self) -> datetime:
        """The time the plan was made at (UTC)."""
        return self.terms.now

    @classmethod
    def between(
        cls,
        before: Repository,
        after: Repository,
        *,
        now: datetime,
        expiry: ExpiryPolicy,
        renewing: Collection[str] = (),
        restarting: Collection[str] = (),
        lost: Collection[Key] = (),
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
            restarting: roles whose versions begin anew, after somebody else had
                made them so high that little is left (§5.3.11). Clients forget
                the high ones because *after* replaces the keys that vouched for
                them: those of timestamp, and for targets those of snapshot.
            lost: keys that *after* removes and that cannot sign any more. Those
                that can are asked once more, so that no client refuses
                anything while the root changes.

        Raises:
            ValueError: *after* is not an edit of *before*, or without consistent
                snapshots (§6.2.1), or *now* has no time zone, or a name in
                *renewing* or *restarting* is no role, or clients would still
                remember the version of one that is to begin anew.
            SigningError: no number is left for a version.
            MalformedError: the edit says something that no reader would accept.
        """
        if after.published is not before.published and after.published != before.published:
            raise ValueError("the two repositories were not opened from one state of one storage")
        if now.tzinfo is None:
            raise ValueError("now must say which time zone it is in")
        if not after.root.consistent_snapshot:
            raise ValueError(
                "the repository has no consistent snapshots; trustlib publishes with them only:"
                " publish trustlib.publish.with_consistent_snapshots(repository) first"
            )
        named = {*renewing, *restarting} - {ROOT, TIMESTAMP, SNAPSHOT}
        if unknown := sorted(name for name in named if name not in after.targets):
            raise ValueError(f"there is no role {unknown[0]!r} to renew")
        terms = Terms(
            now=now,
            expiry=expiry,
            renewing=frozenset(map(RoleName, renewing)),
            restarting=frozenset(map(RoleName, restarting)),
            lost=frozenset(key.material for key in lost if key.material is not None),
        )
        drafts, outcome = drafted(before, after, terms, FrozenMap())
        return cls(before=before, after=after, outcome=outcome, drafts=drafts, terms=terms)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is different in the outcome, worked out anew each time it is asked for."""
        return changes(self.before, self.outcome)

    @property
    def requests(self) -> tuple[SigningRequest, ...]:
        """What somebody must still sign, or should for the clients of the old root."""
        drafts = self.drafts.values()
        return tuple(d.request for d in drafts if any(d.missing) or not d.bridged)

    def with_signature(self, *signatures: Signature) -> Self:
        """Return this plan with *signatures*, each of which says itself what it is for.

        One more for a file whose hash is listed already is not needed, and left out.

        Raises:
            SigningError: one of them fits none of the plan's bytes: made for an
                earlier plan, damaged, or by a key that nobody asked.
        """
        drafts, alike = dict(self.drafts), self._alike()
        for signature in signatures:
            fits = next(
                (new for names in alike.values() if (new := _fitting(drafts, names, signature))),
                None,
            )
            if fits is None:
                raise _fits_nothing(signature)
            drafts.update({name: draft for name, draft in fits.items() if self._open(name)})
        return self._with(drafts)

    def with_answers(self, answers: Iterable[tuple[SigningRequest, Signature]]) -> Self:
        """Return this plan with signatures that are known to answer certain requests.

        As :meth:`with_signature`, which looks for what each of them is for; with
        thousands of roles, that takes a while.

        Raises:
            SigningError: one of them does not fit its request, or that request
                is none of this plan's.
        """
        drafts, alike = dict(self.drafts), self._alike()
        for request, signature in answers:
            fits = _fitting(drafts, alike.get(request.payload, ()), signature)
            if not fits:
                raise _fits_nothing(signature)
            drafts.update({name: draft for name, draft in fits.items() if self._open(name)})
        return self._with(drafts)

    def _alike(self) -> dict[bytes, list[RoleName]]:
        """Return the roles by what is signed of them; a signature is over one such payload."""
        alike: dict[bytes, list[RoleName]] = {}
        for name, draft in self.drafts.items():
            alike.setdefault(draft.document.payload, []).append(name)
        return alike

    def _open(self, name: RoleName) -> bool:
        """Return whether a signature more changes nothing but the file itself."""
        if not self.after.detail.algorithms or name == ROOT:
            return True
        return name == TIMESTAMP or (TIMESTAMP if name == SNAPSHOT else SNAPSHOT) not in self.drafts

    def _listable(self, name: RoleName, draft: Draft) -> bool:
        """Return whether no signature is awaited before the file can be listed."""
        return not self.after.detail.algorithms or name in (ROOT, TIMESTAMP) or draft.bridged

    def _with(self, drafts: Mapping[RoleName, Draft]) -> Self:
        if self.after.detail.algorithms:
            known, outcome = drafted(self.before, self.after, self.terms, drafts)
            return attrs.evolve(self, drafts=known, outcome=outcome)
        return attrs.evolve(self, drafts=FrozenMap(drafts))

    def signed_by(self, *signers: Signer) -> Self:
        """Return this plan with every signature that *signers* are asked for.

        Raises:
            SigningError: one of *signers* is asked for nothing, or cannot sign.
        """
        for signer in signers:
            self.requested(signer.key)  # before anybody is bothered
        plan, before = self, None
        while plan is not before:  # what lists hashes is asked for once the rest is signed
            before = plan
            for signer in signers:
                new = (r for r in plan.requested(signer.key) if not r.signed_with(signer.key))
                if answers := [(request, request.sign(signer)) for request in new]:
                    plan = plan.with_answers(answers)
        return plan

    def requested(self, key: Key) -> tuple[SigningRequest, ...]:
        """Return what *key* is asked to sign, whether or not others suffice.

        Nothing yet, if it is to sign what will list the hashes of files that
        others have not signed so far.

        Raises:
            SigningError: nothing; it is the wrong key, or the wrong plan.
        """
        if not self.asks(key):
            raise SigningError(
                f"key {key.id[:8]}",
                "nobody asked it to sign anything in this plan; look at whom plan.requests name",
            )
        drafts = self.drafts.items()
        return tuple(d.request for name, d in drafts if d.request.asks(key) and self._open(name))

    def asks(self, key: Key) -> bool:
        """Return whether *key* has something to sign in this plan, now or when others have."""
        if any(draft.request.asks(key) for draft in self.drafts.values()):
            return True
        if not self.after.detail.algorithms or not self.drafts.keys() - {ROOT}:
            return False
        later = map(self.after.root.authority, (SNAPSHOT, TIMESTAMP))
        return any(
            listed.material == key.material and key.material is not None
            for authority in later
            for listed in authority.keys.values()
        )

    def merged(self, *others: SigningPlan) -> Self:
        """Return this plan with the signatures gathered in copies of it.

        What lists hashes is there once all that it lists is signed; a copy may
        be further than this one.

        Raises:
            SigningError: one of *others* is about other bytes.
        """
        plan = self
        for other in others:
            below = [name for name in other.drafts if name not in (SNAPSHOT, TIMESTAMP)]
            for names in (below, [SNAPSHOT], [TIMESTAMP]):
                drafts = [other.drafts[name] for name in names if name in other.drafts]
                plan = plan.with_answers(
                    (draft.request, made) for draft in drafts for made in draft.signatures.values()
                )
        return plan

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
            SigningError: old keys that should sign a role have not, and are not
                said to be lost; until then its hash cannot be listed.
            UnreadError: a part of the repository was read, and somebody else may
                ask for signatures that this plan does not have.
            TrustError: a client would refuse the outcome, for the same reason.
        """
        files = {name: draft.verified for name, draft in self.drafts.items()}
        for name, draft in self.drafts.items():
            if not self._listable(name, draft):
                raise SigningError(
                    name,
                    "the old keys have not signed it, and its hash is listed once they have; have"
                    " them sign, or name those that cannot in lost= when you make the plan",
                )
        if not known_to_be_enough(self.before, self.drafts):
            require_all(self.before.targets)
        return checked(
            self.before, self.outcome, files, now=now or self.now, limits=limits or Limits()
        )

    def upon(self, before: Repository, *, now: datetime) -> Self:
        """Return this plan for *before*, in which nothing but snapshot and timestamp is another.

        They were signed again while this plan waited for its signatures, or
        would be no good any more at *now*. Those of the plan are made anew and
        are to be signed once more; all other signatures stay.

        Args:
            before: the repository as it is published now, opened again.
            now: from when they are good (UTC).

        Raises:
            ConflictError: root or a targets role is another, too: somebody
                published an edit.
            SigningError: no number is left for a version.
        """
        if below(before) != below(self.before):
            raise ConflictError("timestamp.json")
        lower = {name: draft for name, draft in self.drafts.items() if name not in ABOVE}
        after = attrs.evolve(
            self.after,
            snapshot=before.snapshot,
            timestamp=before.timestamp,
            published=before.published,
        )
        terms = attrs.evolve(self.terms, now=now)
        drafts, outcome = drafted(before, after, terms, lower)
        return attrs.evolve(
            self, before=before, after=after, outcome=outcome, drafts=drafts, terms=terms
        )

    def write(self, path: str | Path) -> None:
        """Keep the plan in a file, for as long as signatures take to come in.

        What was in the file is replaced in one step: a machine that loses its
        power has the plan as it was or as it is.

        Raises:
            StorageError: the file cannot be written.
        """
        keep(path, self.before, self.after, self.drafts, self.terms)

    @classmethod
    def read(cls, path: str | Path, *, before: Repository, now: datetime | None = None) -> Self:
        """Return the plan that :meth:`write` kept, with every signature verified again.

        Where snapshot or timestamp were signed again in the meantime, or would
        be no good any more at *now*, those of the plan are made anew, as with
        :meth:`upon`, and are to be signed once more.

        Args:
            path: the file.
            before: the repository as it is published now, opened again; for a
                first publication, as it was created.
            now: what time it is (UTC); the time the plan was made at, if nothing
                is said.

        Raises:
            MalformedError: the file holds something else.
            StorageError: the file cannot be read.
            WrongCollectionError: it is a plan for another repository.
            ConflictError: *before* is not what the plan was made for: somebody
                published an edit in between, or this plan is published already.
            SigningError: no number is left for a version.
        """
        plan = resumed(path, before, now)
        return cls(
            before=before,
            after=plan.after,
            outcome=plan.outcome,
            drafts=plan.drafts,
            terms=plan.terms,
        )

    def __str__(self) -> str:
        """Say what changes, what is to be signed, by whom, and who already did."""
        if not self.drafts:
            return "nothing changes"
        drafts = (line for draft in self.drafts.values() for line in draft.described())
        return "\n".join(
            (
                "what changes",
                *(f"  {line}" for line in told(self.changes)),
                "what is to be signed",
                *(f"  {line}" for line in drafts),
            )
        )


def _fitting(
    drafts: Mapping[RoleName, Draft], names: Iterable[RoleName], signature: Signature
) -> dict[RoleName, Draft]:
    """Return those of *names* that *signature* is over, with it."""
    signed = {name: drafts[name].signed(signature) for name in names}
    return {name: draft for name, draft in signed.items() if draft is not None}


def _fits_nothing(signature: Signature) -> SigningError:
    return SigningError(
        f"signature by {shortened(signature.keyid[:8], str)}",
        "fits nothing in this plan; was it made for an earlier request?",
    )
