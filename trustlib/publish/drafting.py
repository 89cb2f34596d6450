"""From the difference of two repositories to new versions of roles.

Decided role by role, from the leaves up: what is above lists what is below. A
number is never used twice, not even one that a publisher who was killed left
behind, because somebody may have seen the file. But such a file is unsigned for
all we know, so it moves the number by one and no further: else whoever can put
a file there could use up all numbers there are.

What was not edited is the same object before and after, and is looked at no
closer, unless those who must vouch for it are others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast

import attrs
from attrs import define, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, RoleName, Version
from trustlib.errors import SigningError, TrustError
from trustlib.publish.drafts import Draft
from trustlib.publish.edits import UNPUBLISHED
from trustlib.publish.expiry import ExpiryPolicy
from trustlib.publish.handover import bridging, narrowed
from trustlib.publish.opening import BEGINNING, signed_as_before
from trustlib.publish.partly import at_hand, require, require_all
from trustlib.publish.reach import Answering, regranted
from trustlib.publish.repository import Repository
from trustlib.roles import Authority, MetaFile, R, Role, Root, Snapshot, Targets, Timestamp
from trustlib.verify import verify
from trustlib.wire import TUF_JSON

_LAST = 2**53 - 1
"""The highest version: beyond it, JSON's readers no longer agree on numbers."""


@frozen(kw_only=True)
class Terms:
    """What is asked of a plan besides the edit itself.

    Attributes:
        now: the time from which new signatures are good (UTC).
        expiry: for how long.
        renewing: roles to sign again though nothing changed in them.
        restarting: roles whose versions begin anew (§5.3.11).
        lost: the material of keys that cannot sign any more.
    """

    now: datetime
    expiry: ExpiryPolicy
    renewing: frozenset[RoleName] = frozenset()
    restarting: frozenset[RoleName] = frozenset()
    lost: frozenset[bytes] = frozenset()


def drafted(
    before: Repository, after: Repository, terms: Terms, drafts: Mapping[RoleName, Draft]
) -> tuple[FrozenMap[RoleName, Draft], Repository]:
    """Return the drafts that lead from *before* to *after*, and what they lead to.

    Those that are among *drafts* stay. A snapshot that lists hashes is only
    there once all that it lists is signed, and so is its timestamp.

    Raises:
        SigningError: a version cannot be followed by another.
        ValueError: one is to begin anew that clients remember.
    """
    drafting = _Drafting(before=before, after=after, terms=terms, drafts=dict(drafts))
    for name in sorted(terms.restarting):
        drafting.forgotten(name)
    root = drafting.root()
    new = {name: drafting.role(name, after.targets[name]) for name in drafting.concerned()}
    outcome = attrs.evolve(after, root=root, targets=after.targets.including(new))
    if drafting.waiting():
        return FrozenMap(drafting.drafts), outcome
    outcome = attrs.evolve(outcome, snapshot=drafting.snapshot())
    if drafting.waiting():
        return FrozenMap(drafting.drafts), outcome
    outcome = attrs.evolve(outcome, timestamp=drafting.timestamp())
    return FrozenMap(drafting.drafts), outcome


def known_to_be_enough(before: Repository, drafts: Mapping[RoleName, Draft]) -> bool:
    """Return whether nobody who was not read can ask for another signature in *drafts*.

    Where a part was read, others may delegate to a role that has a new version.
    They accept it if those whom they may have counted signed again, and nobody
    else is asked for than before.
    """
    read = at_hand(before.targets)
    if read is before.targets:
        return True
    asked = Answering.to(before.root, read).asked
    return all(
        draft.authorities == asked(name)
        and signed_as_before(before.published, name, draft.signatures)
        for name, draft in drafts.items()
        if name not in (ROOT, SNAPSHOT, TIMESTAMP)
    )


def _same(new: Role, old: Role) -> bool:
    """Return whether the two say the same; ``==`` takes True for 1, and JSON does not."""
    return new is old or (new == old and TUF_JSON.payload(new) == TUF_JSON.payload(old))


@define(kw_only=True)
class _Drafting:
    """The drafts so far, in the order in which they depend on one another."""

    before: Repository
    after: Repository
    terms: Terms
    drafts: dict[RoleName, Draft]
    answering: Answering = field(init=False)
    was_answering: Answering = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.answering = Answering.to(self.after.root, at_hand(self.after.targets))
        self.was_answering = Answering.to(self.before.root, at_hand(self.before.targets))

    def concerned(self) -> list[RoleName]:
        """Return the targets roles that may have to be signed again, in their order."""
        old, new, now = at_hand(self.before.targets), at_hand(self.after.targets), self.terms.now
        named = {*self.drafts, *self.terms.renewing, *self.terms.restarting}
        edited = [name for name, role in new.items() if role is not old.get(name)]
        for by in edited:
            named.update(regranted(old.get(by), new[by]))
        if self.answering.asked(TARGETS) != self.was_answering.asked(TARGETS):
            named.add(TARGETS)
        for name in named - {ROOT, SNAPSHOT, TIMESTAMP}:
            require(self.after.targets, name)
        if any(name not in old for name in edited):
            require_all(self.after.targets)  # which numbers of a new role are taken, the files say
        if self.after.collection != self.before.collection:
            require_all(self.after.targets)  # every role says which one it belongs to
        named.update(edited)
        return [
            name
            for name, role in new.items()
            if name in named or role.expires <= now or role.version == UNPUBLISHED
        ]

    def forgotten(self, name: RoleName) -> None:
        """Make sure that clients forget the version of *name* with the new root (§5.3.11).

        They remember the timestamp, what it says of the snapshot, and what the
        snapshot says of the others, for as long as root's keys vouch for it.
        """
        if name == ROOT:
            raise ValueError("root's versions never begin anew: clients count them one by one")
        by: RoleName = TIMESTAMP if name in (TIMESTAMP, SNAPSHOT) else SNAPSHOT
        role = self.before.timestamp if by == TIMESTAMP else self.before.snapshot
        if role is None or self._vouched(by, role, self.answering.asked(by)):
            raise ValueError(
                f"{name} cannot begin anew: clients remember its version for as long as the keys"
                f" of {by} vouch for it; replace those first"
            )

    def waiting(self) -> bool:
        """Return whether what is above must wait until what is below has its signatures."""
        if not self.after.detail.algorithms:
            return False
        return any(
            any(draft.missing) or not draft.bridged
            for name, draft in self.drafts.items()
            if name not in (ROOT, TIMESTAMP)
        )

    def root(self) -> Root:
        old, new = self.before.root, self.after.root
        own = new.authority(ROOT)
        if old.version == UNPUBLISHED:
            return self._draft(ROOT, new, (own,))
        if ROOT in self.drafts or not _same(new, old) or self._must_renew(ROOT, old, (own,)):
            return self._draft(ROOT, new, (old.authority(ROOT), own))  # §6.1: both sign
        return old

    def role(self, name: RoleName, new: Targets) -> Targets:
        """Return the targets role, in a new version where it was edited or must be (§6.3.1)."""
        authorities = self.answering.asked(name)
        old = self.before.targets.get(name)
        if (
            name not in self.drafts
            and old is not None
            and _same(new, old)
            and not self._must_renew(name, new, authorities)
        ):
            return new
        return self._draft(name, new, authorities)

    def snapshot(self) -> Snapshot:
        """Return the snapshot, in a new version where a targets role has one (§4.4, §6.3.2)."""
        old = self.before.snapshot or Snapshot(
            version=UNPUBLISHED, expires=BEGINNING, meta=FrozenMap()
        )
        changed = {
            name: self._entry(old.meta.get(name), draft)
            for name, draft in self.drafts.items()
            if name not in (ROOT, SNAPSHOT, TIMESTAMP)
        }
        authorities = self.answering.asked(SNAPSHOT)
        if not changed and not self._must_renew(SNAPSHOT, old, authorities):
            return old
        new = attrs.evolve(old, meta=old.meta.including(changed))
        return self._draft(SNAPSHOT, new, authorities)

    def timestamp(self) -> Timestamp:
        """Return the timestamp, in a new version where the snapshot has one (§6.3.3).

        And where a root takes something away: of those who publish at the same
        time one can replace the timestamp, and only that one's root may follow.
        """
        old = self.before.timestamp or Timestamp(
            version=UNPUBLISHED, expires=BEGINNING, snapshot=MetaFile(version=UNPUBLISHED)
        )
        authorities = self.answering.asked(TIMESTAMP)
        if SNAPSHOT in self.drafts:
            listed = self._entry(old.snapshot, self.drafts[SNAPSHOT])
            return self._draft(TIMESTAMP, attrs.evolve(old, snapshot=listed), authorities)
        narrows = ROOT in self.drafts and narrowed(self.before.root, self.after.root)
        if narrows or self._must_renew(TIMESTAMP, old, authorities):
            return self._draft(TIMESTAMP, old, authorities)
        return old

    def _entry(self, before: MetaFile | None, draft: Draft) -> MetaFile:
        return self.after.detail.entry(before, draft.document.unverified.version, draft.raw)

    def _must_renew(self, name: RoleName, role: Role, authorities: tuple[Authority, ...]) -> bool:
        terms = self.terms
        if role.version == UNPUBLISHED or role.expires <= terms.now:
            return True
        if name in terms.renewing or name in terms.restarting:
            return True
        was_asked = self.was_answering.asked(name)
        return authorities != was_asked and not self._vouched(name, role, authorities)

    def _vouched(self, name: RoleName, role: Role, authorities: tuple[Authority, ...]) -> bool:
        raw = self.before.published.files[name]
        try:
            verify(self.before.format.parse(type(role), raw, name=name), *authorities)
        except TrustError:
            return False  # signed by keys that no longer do
        return True

    def _draft(self, name: RoleName, role: R, authorities: tuple[Authority, ...]) -> R:
        """Return the next version of *role*, and keep it among the drafts."""
        if name in self.drafts:
            return cast("R", self.drafts[name].document.unverified)  # a role has one type
        if isinstance(role, Targets) and self.after.collection is not None:
            role = attrs.evolve(role, called=name)
        following = attrs.evolve(
            role,
            version=self._following(name),
            expires=self.terms.expiry.until(name, self.terms.now),
            collection=self.after.collection,
        )
        raw = TUF_JSON.render(following)
        document = TUF_JSON.parse(type(following), raw, name=name)
        self.drafts[name] = Draft(
            name=name,
            document=document,
            authorities=authorities,
            bridging=bridging(self.before.root, self.after.root, name, self.terms.lost),
        )
        return following

    def _following(self, name: RoleName) -> Version:
        """Return a number that no file of *name* ever had: it says which file is meant (§4.4)."""
        before = self.before
        if name == ROOT:  # clients count roots one by one (§5.3.5)
            return Version(before.root.version + 1)
        known = self._known(name)
        # The timestamp's file has no number: one beside it is nobody's, and must not lift ours.
        taken = frozenset() if name == TIMESTAMP else before.published.taken.get(name, frozenset())
        if name in self.terms.restarting:
            # After the first numbers that are taken, and not after the highest: that may be junk.
            following = Version(min((n for n in taken if n < known), default=UNPUBLISHED) + 1)
        else:
            following = Version(known + 1)
        while following in taken:
            following = Version(following + 1)
        if following > _LAST:
            raise SigningError(
                name,
                f"no version comes after {known}; if somebody else made it that high, replace the"
                " keys of timestamp and snapshot, and name the role in restarting=",
            )
        return following

    def _known(self, name: RoleName) -> Version:
        before = self.before
        numbers = [UNPUBLISHED]
        listed = None if before.snapshot is None else before.snapshot.meta.get(name)
        if listed is not None and listed.version is not None:
            numbers.append(listed.version)
        if name == SNAPSHOT and before.snapshot is not None:
            numbers.append(before.snapshot.version)
        if name == TIMESTAMP and before.timestamp is not None:
            numbers.append(before.timestamp.version)
        return max(numbers)
