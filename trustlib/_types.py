"""The nouns of the TUF specification that are plain values.

Strings that mean different things get different types, so that a file name
can never be handed over where a role name is meant.
"""

from __future__ import annotations

from typing import Final, NewType

KeyId = NewType("KeyId", str)
RoleName = NewType("RoleName", str)
TargetPath = NewType("TargetPath", str)
Version = NewType("Version", int)

UrlPath = NewType("UrlPath", str)
"""A path relative to a repository's base URL, percent-encoded already."""

StoredName = NewType("StoredName", str)
"""What a file is called in a client's local store; at most one ``/`` deep."""

CollectionName = NewType("CollectionName", str)
"""What a repository calls itself under its signatures, domain included."""

ROOT: Final = RoleName("root")
TIMESTAMP: Final = RoleName("timestamp")
SNAPSHOT: Final = RoleName("snapshot")
TARGETS: Final = RoleName("targets")

TOP_LEVEL: Final = (ROOT, TIMESTAMP, SNAPSHOT, TARGETS)
