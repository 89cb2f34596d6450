"""From a collection of Docker's to one of today's: the same answers, and nobody who may say more.

What a tag means is what a pull would have gone by, and goes on to be that. Roles
that were delegated to go on with their keys where the new collection can say what
they were granted. All else is named in a report, with what to do about it.

Two orders differ. There, ``targets/releases`` was asked first and ``targets``
next, and nobody else. Here ``targets`` is first, then delegations in their
order, all of them. So a tag is listed by the role that had the say; and a signer
goes on only if its keys could have said all of that in ``targets/releases``, as
Docker's signers can. It lists nothing but what is the answer anyhow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import attrs
from attrs import field, frozen

from trustlib._types import ROOT, RoleName
from trustlib.anchors import Anchor
from trustlib.content import Digest
from trustlib.keys import Signature
from trustlib.limits import Limits
from trustlib.notary.bridges import Succession, bridge, taking_over
from trustlib.notary.leaving import Departing
from trustlib.notary.moving import Moving
from trustlib.notary.reports import Report
from trustlib.publish import Publication, Repository, SigningPlan
from trustlib.roles import Root
from trustlib.wire import TUF_JSON


@frozen(kw_only=True)
class Migration:
    """A repository as it should be, and what that means for each collection that moves.

    Nothing was signed. Printing it says what would be.

    Attributes:
        before: the repository that they move to.
        after: the same, with what they say.
        collections: those that move.
        reports: one for each.
    """

    before: Repository = field(repr=False)
    after: Repository = field(repr=False)
    collections: tuple[Departing, ...] = field(repr=False)
    reports: tuple[Report, ...]

    def publication(
        self,
        plan: SigningPlan,
        *signatures: Signature,
        limits: Limits | None = None,
        now: datetime | None = None,
    ) -> Publication:
        """Return the publication of *plan*, its root signed by the old root keys as well.

        Args:
            plan: what leads to :attr:`after`, signed by its own keys.
            *signatures: of the old root keys, from
                :func:`~trustlib.notary.bridge_signatures`.
            limits: as for :meth:`trustlib.SigningPlan.publication`.
            now: likewise.

        Raises:
            ThresholdError: a role lacks signatures; or for one of the
                collections, too few of its last root's keys signed.
            TrustError: a client would refuse the outcome.
            ValueError: *plan* does not make a new root.
        """
        if ROOT not in plan.drafts:
            raise ValueError("expected a plan with a new root: that is what a bridge leads to")
        made = plan.publication(limits, now=now)
        old = made.outcome.published.files[ROOT]
        document = plan.drafts[ROOT].document
        own = TUF_JSON.parse(Root, old).signatures
        new = TUF_JSON.render(document.unverified, _once(*own, *signatures))
        for one in self.collections:
            bridge(
                new,
                anchor=Anchor.root(one.root.raw),
                collection=one.collection,
                roots=(),
                successor=str(self.after.collection),
                now=one.verified,
            )
        writes = tuple(
            attrs.evolve(write, data=new) if write.data == old else write for write in made.writes
        )
        files = made.outcome.published.files.including({ROOT: new})
        published = attrs.evolve(made.outcome.published, files=files)
        outcome = attrs.evolve(made.outcome, published=published)
        return attrs.evolve(made, writes=writes, outcome=outcome)

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.reports))


def migrate(
    before: Repository,
    *collections: Departing,
    media_types: Mapping[Digest, str] | None = None,
    without: Collection[str] = (),
) -> Migration:
    """Return how *collections* move to *before*. A pure function: nothing is signed or written.

    *before* is new, or has others in it already. Its ``names`` decide what tags
    are called: one collection of an organisation for many images, or one for
    each image, as it was.

    Args:
        before: the repository that they move to.
        *collections: what moves, from :func:`departing`.
        media_types: what registries have under the digests
            (:func:`media_types`); what is not in it is bound by its digest and
            its length alone.
        without: names of delegated roles (``targets/alice``) that nobody can
            sign for today. What ``targets/releases`` said is then said by
            ``targets``.

    Raises:
        ValueError: a collection is named twice, or *before* has no name.
    """
    if before.collection is None:
        raise ValueError("the repository has no name; a bridge must say where it leads")
    types = media_types or {}
    after, reports = before, list[Report]()
    for one in collections:
        moving = Moving(one, after, types, frozenset(map(RoleName, without)))
        after = moving.moved()
        reports.append(moving.report(before))
    successions = [Succession.of(one.collection, one.root) for one in collections]
    after = attrs.evolve(after, root=taking_over(after.root, *successions))
    return Migration(before=before, after=after, collections=collections, reports=tuple(reports))


def _once(*signatures: Signature) -> tuple[Signature, ...]:
    """Return the first of *signatures* for each key id: a file has one."""
    found: dict[str, Signature] = {}
    for one in signatures:
        found.setdefault(one.keyid, one)
    return tuple(found.values())
