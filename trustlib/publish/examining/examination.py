"""A published repository, looked at as a stranger would and more.

Nothing is signed, nothing is written, and nothing that is found there is raised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import frozen

from trustlib._paths import plain
from trustlib._types import TIMESTAMP
from trustlib.anchors import Anchor
from trustlib.documents import Format
from trustlib.errors import ConflictError, moment
from trustlib.limits import Limits
from trustlib.ports import AsyncRepositoryStorage, RepositoryStorage
from trustlib.publish.examining.chain import chain
from trustlib.publish.examining.files import files
from trustlib.publish.examining.finding import Finding, Severity
from trustlib.publish.examining.keys import keys
from trustlib.publish.examining.lifetimes import LONG, SOON, lifetimes
from trustlib.publish.examining.reach import reach
from trustlib.publish.examining.refusals import refusals
from trustlib.publish.examining.signatures import signatures
from trustlib.publish.examining.survey import Survey
from trustlib.publish.examining.surveying import Surveying, Work
from trustlib.publish.expiry import ExpiryPolicy
from trustlib.publish.storing import Job, adone, done, revised
from trustlib.wire import TUF_JSON

_MOVES: Final = 100
"""How often others may publish while we read, before that is an error."""

_ALIKE: Final = 8
"""How many findings of one kind are printed."""


@frozen(kw_only=True)
class Examination:
    """What was found; ``str()`` is for people.

    Attributes:
        findings: the worst first.
        now: the reference time (UTC).
        valid_until: the earliest expiry (UTC) of the roles that clients accept,
            or None if there are none.
    """

    findings: tuple[Finding, ...]
    now: datetime
    valid_until: datetime | None

    @property
    def sound(self) -> bool:
        """Whether there is nothing that a client would refuse."""
        return all(finding.severity != Severity.REFUSED for finding in self.findings)

    def __str__(self) -> str:
        return "\n".join([self._headline(), *self._lines()])

    def _headline(self) -> str:
        verdict = "sound" if self.sound else "not sound"
        until = "" if self.valid_until is None else f", valid until {moment(self.valid_until)}"
        if not self.findings:
            return f"{verdict} at {moment(self.now)}{until}: nothing to remark"
        counts = Counter(finding.severity for finding in self.findings)
        told = ", ".join(f"{counts[severity]} {severity}" for severity in sorted(counts))
        return f"{verdict} at {moment(self.now)}{until}: {told}"

    def _lines(self) -> Iterator[str]:
        total = Counter(type(finding) for finding in self.findings)
        shown: Counter[type[Finding]] = Counter()
        for finding in self.findings:
            kind = type(finding)
            shown[kind] += 1
            if shown[kind] <= _ALIKE:
                yield f"- {finding.severity}: {finding}"
            elif shown[kind] == _ALIKE + 1:
                yield f"- {finding.severity}: and {total[kind] - _ALIKE} more of that kind"


@frozen(kw_only=True)
class _Examining:
    anchor: Anchor
    now: datetime
    limits: Limits
    format: Format
    soon: ExpiryPolicy
    long: ExpiryPolicy
    work: Work

    def __attrs_post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("now must say which time zone it is in")

    def examined(self) -> Job[Examination]:
        path = plain(self.format.published(TIMESTAMP, None))
        for _ in range(_MOVES):
            before = yield from revised(path)
            looking = Surveying(
                anchor=self.anchor, limits=self.limits, format=self.format, work=self.work
            )
            survey = yield from looking.surveyed()
            if (yield from revised(path)) == before:
                return self._told(survey)
            # Somebody published while we read: what we saw never was.
        raise ConflictError(path)

    def _told(self, survey: Survey) -> Examination:
        found = (
            *refusals(survey, self.limits),
            *lifetimes(survey, self.now, self.soon, self.long),
            *chain(survey, self.limits, self.format),
            *keys(survey),
            *signatures(survey),
            *reach(survey, self.anchor, self.limits, self.format, self.work),
            *files(survey, self.format),
        )
        expiries = [x.good.unverified.expires for x in survey.documents if x.good is not None]
        return Examination(
            findings=tuple(sorted(found, key=lambda finding: finding.severity)),
            now=self.now,
            valid_until=min(expiries, default=None),
        )


def fsck(
    storage: RepositoryStorage,
    *,
    anchor: Anchor,
    now: datetime,
    limits: Limits | None = None,
    format: Format = TUF_JSON,
    soon: ExpiryPolicy = SOON,
    long: ExpiryPolicy = LONG,
    work: Work | None = None,
) -> Examination:
    """Return what is wrong, weak or odd about the repository in *storage*.

    Every file of metadata that matters is read, and no artifact's. Nothing is
    remembered from one time to the next: that a storage shows an older state
    than it did is seen by clients, and by ``Repository.open(memory=)``.

    Args:
        storage: where the repository is published.
        anchor: what its clients trust to begin with.
        now: the reference time (UTC).
        limits: those of the clients; the default ones if nothing is said.
        format: how files are written.
        soon: what expires within these times is told.
        long: what expires after these times is told.
        work: how much the repository may make us do.

    Raises:
        ValueError: *now* has no time zone.
        ConflictError: others publish faster than this machine reads.
        StorageError: the storage itself failed.
    """
    examining = _Examining(
        anchor=anchor,
        now=now,
        limits=limits or Limits(),
        format=format,
        soon=soon,
        long=long,
        work=work or Work(),
    )
    return done(examining.examined(), storage)


async def afsck(
    storage: AsyncRepositoryStorage,
    *,
    anchor: Anchor,
    now: datetime,
    limits: Limits | None = None,
    format: Format = TUF_JSON,
    soon: ExpiryPolicy = SOON,
    long: ExpiryPolicy = LONG,
    work: Work | None = None,
) -> Examination:
    """:func:`fsck`, to await."""
    examining = _Examining(
        anchor=anchor,
        now=now,
        limits=limits or Limits(),
        format=format,
        soon=soon,
        long=long,
        work=work or Work(),
    )
    return await adone(examining.examined(), storage)
