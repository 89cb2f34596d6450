"""What a client does, in which order; TUF's way, and whatever another format's readers do.

The order is part of what a format's publishers rely on: whether a new root is
looked for first or when something calls for it, and who has the first say about
a target. A format that has an order of its own says so by having these methods;
all others are read in the order of the specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from attrs import frozen

from trustlib._types import TargetPath
from trustlib.anchors import Anchor, Pin
from trustlib.documents import Format
from trustlib.effects import Workflow
from trustlib.limits import Limits
from trustlib.trust import Trusted
from trustlib.workflow.agreement import Agreed, RolesAgree, find_agreed
from trustlib.workflow.remembered import remembered
from trustlib.workflow.search import Found, Known, find, walk
from trustlib.workflow.update import refresh


@runtime_checkable
class Procedure(Protocol):
    """What a :class:`~trustlib.Format` may offer besides: an order of its own.

    Whatever the order, what is returned was verified from the anchor on, and no
    version that an earlier update trusted goes back.
    """

    def refresh(
        self,
        anchor: Anchor | Pin,
        *,
        now: datetime,
        limits: Limits,
        wanted: Sequence[TargetPath] = (),
    ) -> Workflow[Trusted]:
        """See :func:`trustlib.workflow.refresh`.

        Raises:
            TypeError: the format does not know such an anchor.
        """
        ...

    def remembered(
        self, anchor: Anchor | Pin, *, now: datetime, limits: Limits, at_most: timedelta | None
    ) -> Workflow[Trusted]:
        """See :func:`trustlib.workflow.remembered`.

        Raises:
            TypeError: the format does not know such an anchor.
        """
        ...

    def find(
        self, trusted: Trusted, path: TargetPath, *, limits: Limits, known: Known
    ) -> Workflow[Found]:
        """See :func:`trustlib.workflow.find`."""
        ...

    def find_agreed(
        self,
        trusted: Trusted,
        path: TargetPath,
        agreement: RolesAgree,
        *,
        limits: Limits,
        known: Known,
    ) -> Workflow[Agreed]:
        """See :func:`trustlib.workflow.find_agreed`."""
        ...

    def paths(
        self, trusted: Trusted, *, limits: Limits, known: Known
    ) -> Workflow[frozenset[TargetPath]]:
        """Return every path that :meth:`find` may find; some that nobody may speak for are fine.

        Raises:
            TrustError: a role that has a say cannot be had or is not to be trusted.
        """
        ...


@frozen
class Tuf:
    """The order of the specification, for any format."""

    format: Format

    def refresh(
        self,
        anchor: Anchor | Pin,
        *,
        now: datetime,
        limits: Limits,
        wanted: Sequence[TargetPath] = (),
    ) -> Workflow[Trusted]:
        """See :meth:`Procedure.refresh`."""
        return refresh(_anchor(anchor), now=now, limits=limits, format=self.format, wanted=wanted)

    def remembered(
        self, anchor: Anchor | Pin, *, now: datetime, limits: Limits, at_most: timedelta | None
    ) -> Workflow[Trusted]:
        """See :meth:`Procedure.remembered`."""
        return remembered(
            _anchor(anchor), now=now, limits=limits, format=self.format, at_most=at_most
        )

    def find(
        self, trusted: Trusted, path: TargetPath, *, limits: Limits, known: Known
    ) -> Workflow[Found]:
        """See :meth:`Procedure.find`."""
        return find(trusted, path, limits=limits, known=known)

    def find_agreed(
        self,
        trusted: Trusted,
        path: TargetPath,
        agreement: RolesAgree,
        *,
        limits: Limits,
        known: Known,
    ) -> Workflow[Agreed]:
        """See :meth:`Procedure.find_agreed`."""
        return find_agreed(trusted, path, agreement, limits=limits, known=known)

    def paths(
        self, trusted: Trusted, *, limits: Limits, known: Known
    ) -> Workflow[frozenset[TargetPath]]:
        """See :meth:`Procedure.paths`."""
        del known
        roles = yield from walk(trusted, limits=limits)
        return frozenset(path for proof in roles.values() for path in proof.role.targets)


def procedure_of(format: Format) -> Procedure:
    """Return the order in which repositories of *format* are read."""
    return format if isinstance(format, Procedure) else Tuf(format)


def _anchor(anchor: Anchor | Pin) -> Anchor:
    if isinstance(anchor, Anchor):
        return anchor
    raise TypeError(f"expected an Anchor, got {anchor!r}, which is for another format")
