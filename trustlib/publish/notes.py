"""What a renewer is about to remember, and does once it has not refused it.

A client stores each role as it accepts it. A renewer that did so would know a
collection by the very state that it refuses to sign, and sign it the next time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from attrs import define, field

from trustlib._types import SNAPSHOT, TIMESTAMP, StoredName
from trustlib.ports import Storage
from trustlib.records import parse_clock, render_clock
from trustlib.wire import TUF_JSON
from trustlib.workflow import CLOCK, FLOORS


@define
class Notes:
    """A client's ``Storage`` over *memory*, which is not written to before :meth:`keep`."""

    memory: Storage
    read: dict[StoredName, bytes | None] = field(factory=dict[StoredName, "bytes | None"])
    new: dict[StoredName, bytes] = field(factory=dict[StoredName, bytes])

    def load(self, name: StoredName) -> bytes | None:
        """See :meth:`trustlib.ports.Storage.load`."""
        if name in self.new:
            return self.new[name]
        if name not in self.read:
            self.read[name] = self.memory.load(name)
        return self.read[name]

    def save(self, name: StoredName, data: bytes, *, replacing: bytes | None) -> bool:
        """Note *data*; what it replaces is what was loaded, for nobody else writes here."""
        del replacing
        self.new[name] = data
        return True

    def note_time(self, now: datetime) -> None:
        """Note that it was *now* when something was signed, if it was not later already."""
        floor = parse_clock(self.load(CLOCK))
        if floor is None or floor < now:
            self.save(CLOCK, render_clock(now), replacing=self.load(CLOCK))

    def forget(self) -> None:
        """Note nothing of what was looked at so far."""
        self.new.clear()

    def keep(self) -> None:
        """Remember all of it, as far as nobody else remembered something newer."""
        self._keep(self.new)

    def keep_roots(self) -> None:
        """Remember the roots only: each was signed for by the one before it (§5.3.8)."""
        floors = (TUF_JSON.stored(TIMESTAMP), TUF_JSON.stored(SNAPSHOT), FLOORS)
        self._keep([name for name in self.new if name not in floors])

    def _keep(self, names: Collection[StoredName]) -> None:
        for name in names:
            if not self.memory.save(name, self.new[name], replacing=self.read.get(name)):
                return  # theirs will do as well, and what follows belongs to it
