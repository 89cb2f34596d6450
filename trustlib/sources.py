"""Who answered, and as of when.

An answer out of the store is verified as one from the repository is, and it is
not the same: somebody may keep the repository from us.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from trustlib.errors import moment


@frozen
class FromRepository:
    """The repository itself was asked, and answered completely.

    Attributes:
        heard: when (UTC): the reference time of the update.
    """

    heard: datetime

    def __str__(self) -> str:
        return f"as the repository had it at {moment(self.heard)}"


@frozen
class FromStore:
    """Nobody was asked: what an earlier update stored was verified again.

    Attributes:
        heard: when the last complete update of the store began (UTC).
    """

    heard: datetime

    def __str__(self) -> str:
        return f"from the store, which last heard the repository at {moment(self.heard)}"


Source: TypeAlias = FromRepository | FromStore
"""Who answered, and as of when."""
