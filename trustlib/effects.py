"""What a workflow can ask for.

A workflow is a generator that yields effects and is sent their answers. It
decides everything and touches nothing; whoever drives it is the other way
round.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from attrs import field, frozen

from trustlib._types import StoredName, UrlPath

T = TypeVar("T")


@frozen
class Fetch:
    """Get a file from the repository. Answered with its bytes, or None if it is absent.

    Attributes:
        max_length: how many bytes it may have; the driver counts them.
        held: the file as an earlier update stored it, if it did.
    """

    path: UrlPath
    max_length: int
    held: bytes | None = field(default=None, repr=False)


@frozen
class Load:
    """Read a file of the local store. Answered with its bytes, or None if it is absent."""

    name: StoredName


@frozen
class Save:
    """Write a file of the local store if it still is what *replacing* says.

    Answered with ``data`` if it now holds that, or None if somebody else wrote
    in between.
    """

    name: StoredName
    data: bytes = field(repr=False)
    replacing: bytes | None = field(repr=False)


Effect: TypeAlias = Fetch | Load | Save
Workflow: TypeAlias = Generator[Effect, "bytes | None", T]
