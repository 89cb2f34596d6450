"""What one complete update answered, as long as it may be said again.

An answer is said again without looking anything up only to the very same
question, while the update is young enough and nothing that it rests on has
expired: the clock is looked at every time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from attrs import field, frozen

from trustlib._types import TargetPath
from trustlib.content import ImageReference, TagBinding
from trustlib.trust import Trusted
from trustlib.workflow import Found, Known

Question: TypeAlias = str | ImageReference
"""What was asked, as it was asked."""

_REMEMBERED: Final = 65_536  # answers of each kind under one update; then they are looked up again


@frozen
class Answered:
    """One complete update, and what was found under it.

    Its dictionaries only ever gain what was found under this very update, so
    threads may share it.

    Attributes:
        known: delegated roles that were verified.
        found: targets, by path.
        bindings: what tags stand for, by question, and until when that may be believed.
        began: when the update began (UTC).
        valid_until: the earliest expiry of the top-level roles (UTC).
    """

    trusted: Trusted
    known: Known = field(factory=dict, init=False)
    found: dict[TargetPath, Found] = field(factory=dict[TargetPath, Found], init=False)
    bindings: dict[Question, tuple[TagBinding, datetime]] = field(
        factory=dict[Question, "tuple[TagBinding, datetime]"], init=False
    )
    began: datetime = field(init=False)
    valid_until: datetime = field(init=False)

    @began.default
    def _now(self) -> datetime:
        return self.trusted.now

    @valid_until.default
    def _first_expiry(self) -> datetime:
        return self.trusted.valid_until

    def holds(self, now: datetime, max_age: timedelta) -> bool:
        """Return whether this may be answered from at *now*, without asking the repository."""
        return self.began <= now < self.valid_until and now - self.began < max_age

    def again(self, question: Question, now: datetime, max_age: timedelta) -> TagBinding | None:
        """Return the answer to the very same *question*, if it holds at *now*; else None."""
        remembered = self.bindings.get(question)
        if remembered is None or not self.holds(now, max_age):
            return None
        binding, until = remembered
        return binding if now < until else None

    def remember(self, path: TargetPath, found: Found) -> None:
        """Remember what was *found* at *path* under this update."""
        if len(self.found) >= _REMEMBERED:
            self.found.clear()
        self.found[path] = found

    def remember_binding(self, question: Question, binding: TagBinding, found: Found) -> None:
        """Remember the *binding* that answers *question*, made of what was *found* here."""
        if len(self.bindings) >= _REMEMBERED:
            self.bindings.clear()
        self.bindings[question] = binding, found.valid_until
