"""What a client's store remembers besides the trusted roles.

Two small records. The *clock* says when the last complete update began, so that
a clock which is set back is noticed. The *floors* say which root accepted the
stored timestamp and snapshot, so that removing a key in a later root makes
versions fall that the key may have inflated (§5.3.11), also when a crash or
another process came in between.

Records are only hints to ourselves: one that is damaged says nothing.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Self

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import Version

_FLOOR = re.compile(r"([0-9a-f]{64}) ([1-9][0-9]{0,15})", re.ASCII)


@frozen
class Floors:
    """Which root version accepted which file, by the SHA-256 of the file."""

    accepted: FrozenMap[str, Version] = field(factory=FrozenMap[str, Version])

    @classmethod
    def parse(cls, raw: bytes | None) -> Self:
        """Return what :meth:`render` wrote; lines that it did not write are skipped."""
        lines = (raw or b"").decode("ascii", "replace").splitlines()
        found = filter(None, map(_FLOOR.fullmatch, lines))
        return cls(FrozenMap({line[1]: Version(int(line[2])) for line in found}))

    def render(self) -> bytes:
        """Return the record, a line for each file."""
        return "".join(f"{digest} {by}\n" for digest, by in self.accepted.items()).encode()

    def accepted_by(self, raw: bytes) -> Version | None:
        """Return the version of the root that accepted the file *raw*, if that is known."""
        return self.accepted.get(_sha256(raw))

    def knowing(self, raw: bytes, version: Version, *, stored: tuple[bytes, ...]) -> Self:
        """Return the record that knows *raw* as well as the files that are *stored* now.

        It is written before *raw* is, so it knows the file that is there
        whenever a crash comes.
        """
        kept = {
            digest: self.accepted[digest]
            for digest in map(_sha256, stored)
            if digest in self.accepted
        }
        return type(self)(FrozenMap({**kept, _sha256(raw): version}))


def parse_clock(raw: bytes | None) -> datetime | None:
    """Return the moment that :func:`render_clock` wrote (UTC), or None."""
    try:
        moment = datetime.fromisoformat((raw or b"").decode("ascii").strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is UTC else None


def render_clock(moment: datetime) -> bytes:
    """Return the record that says *moment* (UTC)."""
    return f"{moment.isoformat()}\n".encode("ascii")


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
