"""What a client refuses, role by role, whatever the time is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from attrs import field, frozen

from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName, Version
from trustlib.errors import LimitError, MismatchError, NotFoundError, TrustError, shortened
from trustlib.limits import Limits
from trustlib.publish.examining.finding import Finding, Severity, told
from trustlib.publish.examining.survey import Lying, Survey
from trustlib.roles import Snapshot, Targets, Timestamp


@frozen(kw_only=True)
class Refused(Finding):
    """Clients refuse a role's file.

    Attributes:
        by: who says who may sign the role, and so on whose word it is refused.
        error: what a client raises.
    """

    severity: ClassVar[Severity] = Severity.REFUSED

    role: RoleName
    by: RoleName
    error: TrustError

    def __str__(self) -> str:
        return f"clients refuse it: {self.error}; publish a good {shortened(self.role, str)}"


@frozen(kw_only=True)
class Dangling(Finding):
    """A file that is listed is not there.

    Attributes:
        path: where clients look for it.
        error: what a client raises.
    """

    severity: ClassVar[Severity] = Severity.REFUSED

    role: RoleName
    path: str
    error: NotFoundError

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)}: {shortened(self.path, str)} is listed and not there;"
            " bring the file back from a copy, or publish the role anew"
        )


@frozen(kw_only=True)
class Unlisted(Finding):
    """A role delegates to others that the snapshot does not list.

    Attributes:
        by: who delegates.
        roles: to whom.
        error: what a client raises for the first of them.
    """

    severity: ClassVar[Severity] = Severity.REFUSED

    by: RoleName
    roles: tuple[RoleName, ...] = field(repr=False)
    error: MismatchError

    def __str__(self) -> str:
        return (
            f"{shortened(self.by, str)} delegates to {told(self.roles)}, which the snapshot does"
            " not list: clients fail where they would ask; publish those roles,"
            " or stop delegating to them"
        )


@frozen(kw_only=True)
class LongChain(Finding):
    """More roots follow the anchor than a client walks in one update.

    Attributes:
        first: the anchor's version.
        last: the newest root's.
        error: what a client raises.
    """

    severity: ClassVar[Severity] = Severity.REFUSED

    first: Version
    last: Version
    error: LimitError

    def __str__(self) -> str:
        return (
            f"{self.last - self.first} roots follow root {self.first}, and clients walk"
            f" {self.error.limit} at once; ship a newer root with your programs"
        )


@frozen(kw_only=True)
class Unexamined(Finding):
    """There was more to look at than was allowed.

    Attributes:
        what: of what.
    """

    severity: ClassVar[Severity] = Severity.MEND

    what: str

    def __str__(self) -> str:
        return (
            f"not all {self.what} were looked at: there are more than is sane for most;"
            " find out who made so many, or allow more work"
        )


def refusals(survey: Survey, limits: Limits) -> Iterator[Finding]:
    """Return what clients refuse."""
    if survey.refused is not None:
        yield Refused(role=ROOT, by=ROOT, error=survey.refused)
    for lying in (survey.timestamp, survey.snapshot, *survey.targets.values()):
        yield from () if lying is None else _of(lying)
    for by, names in survey.unlisted.items():
        error = MismatchError(SNAPSHOT, "an entry for", names[0], "none", step="§5.6.1")
        yield Unlisted(by=by, roles=names, error=error)
    rotations = len(survey.roots) - 1
    if rotations > limits.root_rotations:
        yield LongChain(
            first=survey.roots[0].unverified.version,
            last=survey.roots[-1].unverified.version,
            error=LimitError("root rotations", limits.root_rotations, step="§5.3.3"),
        )
    if survey.cut_short:
        yield Unexamined(what="delegations")


def _of(lying: Lying[Timestamp] | Lying[Snapshot] | Lying[Targets]) -> Iterator[Finding]:
    for by, error in lying.errors:
        if isinstance(error, NotFoundError) and lying.name != TIMESTAMP:
            yield Dangling(role=lying.name, path=lying.path, error=error)
            return  # whoever else delegates there
        yield Refused(role=lying.name, by=by, error=error)
