"""Until when clients believe what there is: too short is an outage, too long a present.

Whoever can withhold updates can do so for as long as the timestamp is good.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import ClassVar, Final

from attrs import field, frozen

from trustlib._types import RoleName
from trustlib.errors import ExpiredError, moment, shortened
from trustlib.publish.examining.finding import Finding, Severity, signers
from trustlib.publish.examining.survey import Survey
from trustlib.publish.expiry import Expiry, ExpiryPolicy
from trustlib.roles import Authority

SOON: Final = Expiry(
    root=timedelta(days=60),
    targets=timedelta(days=30),
    snapshot=timedelta(days=2),
    timestamp=timedelta(hours=8),
)
"""How long before the end somebody should know: a ceremony needs weeks, a robot hours."""

LONG: Final = Expiry(
    root=timedelta(days=3 * 366),
    targets=timedelta(days=2 * 366),
    snapshot=timedelta(days=100),
    timestamp=timedelta(days=32),
)
"""What is longer than anybody needs."""


@frozen(kw_only=True)
class Expired(Finding):
    """Clients refuse a role because nobody signed it in time.

    Attributes:
        expired: when (UTC).
        authorities: who must sign; all of them.
        error: what a client raises.
    """

    severity: ClassVar[Severity] = Severity.REFUSED

    role: RoleName
    expired: datetime
    authorities: tuple[Authority, ...] = field(repr=False)
    error: ExpiredError

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} expired {moment(self.expired)}:"
            f" have it signed by {_who(self.authorities)}, and publish it"
        )


@frozen(kw_only=True)
class Expiring(Finding):
    """Clients will refuse a role soon.

    Attributes:
        expires: when (UTC).
        authorities: who must sign; all of them.
    """

    severity: ClassVar[Severity] = Severity.MEND

    role: RoleName
    expires: datetime
    authorities: tuple[Authority, ...] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} expires {moment(self.expires)}:"
            f" have it signed by {_who(self.authorities)}, and publish it before"
        )


@frozen(kw_only=True)
class LongLived(Finding):
    """Clients would believe a role for very long if nobody told them better.

    Attributes:
        expires: until when (UTC).
    """

    severity: ClassVar[Severity] = Severity.KNOW

    role: RoleName
    expires: datetime

    def __str__(self) -> str:
        return (
            f"{shortened(self.role, str)} is good until {moment(self.expires)}: for so long,"
            " whoever can withhold updates can show it to clients; sign it for less"
        )


def lifetimes(
    survey: Survey, now: datetime, soon: ExpiryPolicy, long: ExpiryPolicy
) -> Iterator[Finding]:
    """Return what has expired, will soon, or lives for very long."""
    for lying in survey.documents:
        if lying.good is None:
            continue
        name, expires = lying.name, lying.good.unverified.expires
        if expires <= now:  # §4.3
            yield Expired(
                role=name,
                expired=expires,
                authorities=lying.authorities,
                error=ExpiredError(name, expires, now),
            )
        elif expires <= soon.until(name, now):
            yield Expiring(role=name, expires=expires, authorities=lying.authorities)
        elif expires > long.until(name, now):
            yield LongLived(role=name, expires=expires)


def _who(authorities: tuple[Authority, ...]) -> str:
    return ", and by ".join(map(signers, dict.fromkeys(authorities)))
