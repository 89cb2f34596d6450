"""One collection of Docker Content Trust, as the value that an updater is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import frozen

from trustlib._types import TargetPath
from trustlib.anchors import Anchor, Pin
from trustlib.effects import Workflow
from trustlib.limits import Limits
from trustlib.notary.format import ContentTrustFormat
from trustlib.notary.searching import found, found_agreed, paths
from trustlib.notary.updating import remembered, updated
from trustlib.trust import Trusted
from trustlib.workflow import Agreed, Found, Known, RolesAgree


@frozen
class ContentTrust(ContentTrustFormat):
    """The collection *name*: its format, and the order in which it is read.

    ``Updater(format=ContentTrust("docker.io/acme/app"), …)``. What is verified
    carries the name as its collection: a reference to another image is refused.
    """

    def refresh(
        self,
        anchor: Anchor | Pin,
        *,
        now: datetime,
        limits: Limits,
        wanted: Sequence[TargetPath] = (),
    ) -> Workflow[Trusted]:
        """Bring every top-level role up to date: see ``notary.updating.updated``."""
        del wanted
        return updated(anchor, collection=self.name, now=now, limits=limits, format=self)

    def remembered(
        self, anchor: Anchor | Pin, *, now: datetime, limits: Limits, at_most: timedelta | None
    ) -> Workflow[Trusted]:
        """Return what is stored, if it may be believed, with nobody asked."""
        return remembered(
            anchor, collection=self.name, now=now, limits=limits, format=self, at_most=at_most
        )

    def find(
        self, trusted: Trusted, path: TargetPath, *, limits: Limits, known: Known
    ) -> Workflow[Found]:
        """Return what ``targets/releases`` says of the tag *path*, or else ``targets``."""
        return found(trusted, path, limits=limits, known=known)

    def find_agreed(
        self,
        trusted: Trusted,
        path: TargetPath,
        agreement: RolesAgree,
        *,
        limits: Limits,
        known: Known,
    ) -> Workflow[Agreed]:
        """Return what :meth:`find` finds, if enough of the roles of *agreement* say the same."""
        return found_agreed(trusted, path, agreement, limits=limits, known=known)

    def paths(
        self, trusted: Trusted, *, limits: Limits, known: Known
    ) -> Workflow[frozenset[TargetPath]]:
        """Return the tags that ``targets/releases`` and ``targets`` list; nobody else is asked."""
        return paths(trusted, limits=limits, known=known)
