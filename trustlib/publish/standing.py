"""What comes of looking at a collection that is to be renewed.

Everything that a person must do is data: who must sign what, and until when.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import field, frozen

from trustlib._types import RoleName
from trustlib.errors import ExpiredError, moment, shortened
from trustlib.roles import Authority


class LapsedError(ExpiredError):
    """The timestamp has expired for too long to be signed again unseen.

    Attributes:
        grace: how long ago it may have expired; None: this renewer has not
            seen the collection before, and then it may not have at all.
    """

    def __init__(
        self, role: RoleName, expired: datetime, now: datetime, grace: timedelta | None
    ) -> None:
        super().__init__(role, expired, now, step="§5.4.4")
        self.grace = grace
        why = (
            "and nobody here remembers the collection"
            if grace is None
            else f"longer ago than the {grace} that are allowed for"
        )
        self.args = (
            f"{shortened(role, str)}: expired {moment(expired)}, it is {moment(now)}, {why}; an old"
            " state that somebody put back looks the same: see that what is published is the"
            " latest, and then publish it again",
        )


@frozen(kw_only=True)
class Ending:
    """A role that expires soon, and that others must sign.

    Attributes:
        expires: until when they must have (UTC).
        authority: who can.
    """

    role: RoleName
    expires: datetime
    authority: Authority = field(repr=False)

    def __str__(self) -> str:
        ids = ", ".join(shortened(keyid[:8], str) for keyid in self.authority.keys)
        return (
            f"{self.role}: expires {moment(self.expires)}; before then it must be signed by"
            f" {self.authority.threshold} of {ids}"
        )


@frozen(kw_only=True)
class Standing:
    """How a collection stands.

    Attributes:
        valid_until: when the first of root, timestamp and snapshot expires
            (UTC). Targets roles were not looked at.
        due: when there is something to renew at the earliest (UTC).
        ending: what this renewer cannot renew and expires soon.
    """

    valid_until: datetime
    due: datetime
    ending: tuple[Ending, ...] = ()


@frozen(kw_only=True)
class Unchanged(Standing):
    """Nothing was due, or somebody else was faster; nothing was written."""


@frozen(kw_only=True)
class Renewed(Standing):
    """The timestamp was signed again, and maybe the snapshot.

    Attributes:
        written: the paths of the files, in the order they were written.
    """

    written: tuple[str, ...]
