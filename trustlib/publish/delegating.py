"""Delegations as TUF has them: by patterns of paths or prefixes of hashes, or into bins."""

from __future__ import annotations

from typing import Self

import attrs
from attrs import frozen

from trustlib._types import TARGETS, RoleName
from trustlib.publish import names as names_
from trustlib.publish.bins import in_bins, without_bins
from trustlib.publish.edits import Edits, unpublished
from trustlib.publish.grants import with_grant, without_grant
from trustlib.publish.reach import reachable
from trustlib.roles import Authority, Delegation, HashPrefixes, PathPatterns


@frozen(kw_only=True)
class Delegating(Edits):
    """Roles that people edit, and that delegate as the specification says."""

    def with_delegation(
        self,
        name: str,
        *,
        keys: Authority,
        grant: PathPatterns | HashPrefixes,
        terminating: bool = False,
        by: str = TARGETS,
    ) -> Self:
        """Return this repository with one more delegation, trusted less than those before it.

        The new role lists nothing; its keys sign that first version as well.

        Args:
            name: what the role is called.
            keys: who may sign for it.
            grant: which targets it may speak for; for images, see
                :meth:`trustlib.content.PerOrganisation.tag_pattern`.
            terminating: what this role does not list, no later one may.
            by: the role that delegates.

        Raises:
            ValueError: *name* is no name for a role, or taken, or *grant* has a
                pattern that no target could match.
            SigningError: nobody could sign for the role.
            NotFoundError: there is no role *by*.
        """
        role = names_.role_name(name)
        delegation = Delegation(
            name=role, keyids=(), threshold=1, grant=grant, terminating=terminating
        )
        after = self._editing(by, lambda before: with_grant(before, delegation, keys))
        if role in after.targets:
            return after
        return attrs.evolve(
            after, targets=after.targets.including({role: unpublished(self.collection)})
        )

    def without_delegation(self, name: str, *, by: str = TARGETS) -> Self:
        """Return this repository with *by* no longer delegating to *name*.

        Clients remember that the role was there, so the snapshot goes on
        listing its last version (§5.5.5).

        Raises:
            ValueError: there is no such delegation.
            NotFoundError: there is no role *by*.
        """
        role = RoleName(name)
        after = self._editing(by, lambda before: without_grant(before, role))
        return attrs.evolve(after, targets=reachable(after.targets))

    def with_bins(
        self, *, keys: Authority, bits: int, prefix: str = "bin", by: str = TARGETS
    ) -> Self:
        r"""Return this repository with *by*'s targets spread over 2**\*bits* bins (TAP 15).

        Each target's bin follows from the hash of its path, so that clients
        read one small file instead of one large one. If *by* has bins already,
        everything in them moves to the new ones: all in one publication, so that
        clients see the old ones or the new ones.

        Args:
            keys: who may sign for each of the bins.
            bits: from 1 to 16.
            prefix: what their names begin with; ``-`` and a number follow.
            by: the role whose targets they take over.

        Raises:
            ValueError: *by* delegates to other roles, which it cannot besides;
                or a name is taken, or none; or *bits* is too many or too few.
            SigningError: nobody could sign for the bins.
            NotFoundError: there is no role *by*.
        """
        self._role(by)
        empty = unpublished(self.collection)
        spread = in_bins(self.targets, RoleName(by), keys, bits=bits, prefix=prefix, empty=empty)
        return attrs.evolve(self, targets=spread)

    def without_bins(self, *, by: str = TARGETS) -> Self:
        """Return this repository with everything in *by*'s bins listed by itself again.

        Raises:
            ValueError: it has none.
            NotFoundError: there is no role *by*.
        """
        self._role(by)
        return attrs.evolve(self, targets=without_bins(self.targets, RoleName(by)))
