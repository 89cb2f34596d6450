"""What Docker's users have in their environment, for callers who want to honour it.

Nothing in trustlib reads an environment by itself, and what this returns turns
nothing off: it is an answer, and the caller decides what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

CONTENT_TRUST: Final = "DOCKER_CONTENT_TRUST"

_OFF: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class ContentTrust(Enum):
    """What an environment asks for."""

    ENFORCED = "enforced"
    NOT_ASKED_FOR = "not asked for"
    SWITCHED_OFF = "switched off"


def content_trust(environment: Mapping[str, str]) -> ContentTrust:
    """Return what *environment* (``os.environ``, say) asks for, as Docker read it.

    What cannot be understood asks for enforcement: a slip of the keyboard must
    not turn verification off.
    """
    value = environment.get(CONTENT_TRUST, "")
    if not value:
        return ContentTrust.NOT_ASKED_FOR
    return ContentTrust.SWITCHED_OFF if value in _OFF else ContentTrust.ENFORCED
