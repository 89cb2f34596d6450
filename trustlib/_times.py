"""How metadata spells a moment, digit for digit (§4.2.3).

Every field is bounded by the pattern itself: what a library's reader takes
besides (24 o'clock, digits of other scripts, weeks) differs from one version of
Python to the next. What cannot be read is an error for whoever asked, never a
moment without end.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from attrs import field, frozen

_MOMENT = (
    r"(?P<moment>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
)
_OFFSET = r"(?P<offset>Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"


@frozen
class TimeSpelling:
    """One way to spell moments, and what it looks like.

    Attributes:
        like: an example, for whoever wrote something else.
    """

    _pattern: re.Pattern[str] = field(repr=False)
    like: str

    def read(self, text: str) -> datetime | None:
        """Return the moment that *text* spells, in UTC and whole seconds; None if it spells none.

        A fraction is cut off: nothing may hold longer than was signed, and the
        moment can be written again as the specification spells it.
        """
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        try:
            return datetime.fromisoformat(found["moment"] + found["offset"]).astimezone(UTC)
        except (ValueError, OverflowError):  # 30 February, or not between the years 1 and 9999
            return None


WHOLE_SECONDS: Final = TimeSpelling(
    re.compile(_MOMENT + "(?P<offset>Z)", re.ASCII), "2030-01-31T00:00:00Z"
)
"""As the specification has it: UTC, whole seconds."""

RFC_3339: Final = TimeSpelling(
    re.compile(_MOMENT + r"(?:\.[0-9]{1,9})?" + _OFFSET, re.ASCII),
    "2030-01-31T00:00:00Z or 2030-01-31T00:00:00.123-06:00",
)
"""As programs written in Go spell them: a fraction down to nanoseconds, any offset.

Narrower than the RFC, which has lower-case letters, leap seconds and fractions
without end as well: nobody is known to write those.
"""
