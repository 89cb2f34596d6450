"""The nouns of the TUF specification that are plain values.

Strings that mean different things get different types, so that a file name
can never be handed over where a role name is meant.
"""

from __future__ import annotations

from typing import Final, NewType, TypeAlias

KeyId = NewType("KeyId", str)
"""What a key is called in a file: an opaque, unique name."""

RoleName = NewType("RoleName", str)
"""What a role is called: ``"root"``, ``"acme/releases"``."""

TargetPath = NewType("TargetPath", str)
"""What a target is called: ``"acme/app:1.4"``."""

Version = NewType("Version", int)
"""Which edition of a role's file this is, counted from 1."""

UrlPath = NewType("UrlPath", str)
"""A path relative to a repository's base URL, percent-encoded already."""

StoredName = NewType("StoredName", str)
"""What a file is called in a client's local store; at most one ``/`` deep."""

Covered: TypeAlias = bytes | memoryview
"""What a signature covers; of a large file a view, so that it is not there twice."""

CollectionName = NewType("CollectionName", str)
"""What a repository calls itself under its signatures, domain included."""

ROOT: Final = RoleName("root")
"""The role that says who signs for all others."""

TIMESTAMP: Final = RoleName("timestamp")
"""The role that says which snapshot is the newest, signed most often."""

SNAPSHOT: Final = RoleName("snapshot")
"""The role that says which editions belong together."""

TARGETS: Final = RoleName("targets")
"""The role that says what targets are, and who else may."""

TOP_LEVEL: Final = (ROOT, TIMESTAMP, SNAPSHOT, TARGETS)
