"""How long something lasts, as people say it: "in 3 days". The time is handed in, never read."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from attrs import field, frozen

from trustlib._types import RoleName
from trustlib.publish import SOON, ExpiryPolicy

_UNITS: Final = (  # from so long on, in this unit
    (timedelta(days=730), timedelta(days=365), "year"),
    (timedelta(days=100), timedelta(days=30.4375), "month"),
    (timedelta(hours=48), timedelta(days=1), "day"),
    (timedelta(minutes=100), timedelta(hours=1), "hour"),
    (timedelta(minutes=1), timedelta(minutes=1), "minute"),
)


class Urgency(Enum):
    """Whether somebody must do something about an expiry."""

    EXPIRED = "expired"
    SOON = "soon"
    GOOD = "good"
    UNKNOWN = "unknown"


def _zoned(_: object, __: object, now: datetime) -> None:
    if now.tzinfo is None:
        raise ValueError("now must say which time zone it is in")


@frozen
class Moment:
    """The time that a picture is drawn for.

    Attributes:
        now: the reference time (UTC).
        soon: how long before the end somebody should know.

    Raises:
        ValueError: *now* has no time zone.
    """

    now: datetime = field(validator=_zoned)
    soon: ExpiryPolicy = SOON

    def urgency(self, role: RoleName, expires: datetime | None) -> Urgency:
        """Return whether *role* has expired (at the very second it has, §4.3), or will soon."""
        if expires is None:
            return Urgency.UNKNOWN
        if expires <= self.now:
            return Urgency.EXPIRED
        return Urgency.SOON if expires <= self.soon.until(role, self.now) else Urgency.GOOD

    def lasting(self, expires: datetime) -> str:
        """Return how long it is until then, or since then: never more than there is left."""
        left = expires - self.now
        past = left <= timedelta(0)
        for least, unit, name in _UNITS:
            if abs(left) >= least:
                count = abs(left) // unit
                span = f"{count} {name}{'' if count == 1 else 's'}"
                return f"{span} ago" if past else f"in {span}"
        return "just now" if past else "in less than a minute"
