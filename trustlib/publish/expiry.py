"""How long signatures are worth something.

Short lives make a freeze attack short and a holiday dangerous: which of the two
to fear more depends on whether something renews the signatures by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Protocol

from attrs import frozen

from trustlib._types import ROOT, SNAPSHOT, TIMESTAMP, RoleName


class ExpiryPolicy(Protocol):
    """Says until when each role is signed. :class:`Expiry` is one; yours may be another."""

    def until(self, role: RoleName, now: datetime) -> datetime:
        """Return when *role*, signed at *now*, expires (UTC, whole seconds)."""
        ...


@frozen(kw_only=True)
class Expiry:
    """For how long each role is signed; delegated roles as ``targets``."""

    root: timedelta
    targets: timedelta
    snapshot: timedelta
    timestamp: timedelta

    def until(self, role: RoleName, now: datetime) -> datetime:
        """Return when *role*, signed at *now*, expires (whole seconds)."""
        life = {ROOT: self.root, SNAPSHOT: self.snapshot, TIMESTAMP: self.timestamp}
        return (now + life.get(role, self.targets)).replace(microsecond=0)


RENEWED: Final = Expiry(
    root=timedelta(days=365),
    targets=timedelta(days=90),
    snapshot=timedelta(days=7),
    timestamp=timedelta(days=1),
)
"""For collections whose snapshot and timestamp something re-signs by itself."""

BY_HAND: Final = Expiry(
    root=timedelta(days=365),
    targets=timedelta(days=365),
    snapshot=timedelta(days=30),
    timestamp=timedelta(days=14),
)
"""For collections that only change when a person signs."""
