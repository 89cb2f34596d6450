"""What every part of the reader shares: spaces as BuildKit counts them, and refusals.

Everything here follows BuildKit, and refuses where BuildKit does. Where one
spelling was read in two ways by two of its versions, it is refused too: a text
that means two things cannot be pinned.
"""

from __future__ import annotations

from typing import Final

LONGEST_DOCKERFILE: Final = 262_144
"""Characters of a Dockerfile; those that people write have a tenth of that."""

LONGEST_LINE: Final = 65_535
"""Bytes of a line, its end not counted: BuildKit reads no longer one."""

LONGEST_EXPANSION: Final = 65_536
"""Characters of a word after expansion: ``ARG B=$A$A`` doubles, line after line."""

MOST_IMAGES: Final = 1_000
"""Places in one file that name an image: each may cost a question to a repository."""

DEEPEST: Final = 32
"""Levels of ``${a:-${b:-…}}``."""

WIDER: Final = "no Dockerfile that people write comes near it; split it if yours does"

# Unicode's White_Space, and not str.isspace(), which also has U+001C to U+001F.
SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)

# Words are split at these alone: an argument may hold a no-break space.
BLANKS: Final = "\t\v\f\r "

BOM: Final = "\ufeff"


class UnreadableError(Exception):
    """BuildKit would refuse this. Whoever knows the file and the line says so to the caller.

    Attributes:
        expected: what has to stand there.
        got: what does.
    """

    def __init__(self, expected: str, got: object) -> None:
        super().__init__(expected, got)
        self.expected, self.got = expected, got
