"""What a workflow can ask for.

A workflow is a generator that yields effects and is sent their answers, or is
thrown the error with which one ended. It decides everything and touches
nothing; whoever drives it is the other way round.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from attrs import field, frozen

from trustlib._types import StoredName, UrlPath
from trustlib.events import Event

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
class Ahead:
    """A hint: these are probably fetched next, in this order. Answered with None.

    A driver may ask for all of them at once, and hand each out when it is asked
    for, or ignore the hint. Those that nobody asks for are thrown away, and so
    are those of an earlier hint.
    """

    fetches: tuple[Fetch, ...]


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


@frozen
class Tell:
    """Let whoever watches know what happened. Answered with None."""

    event: Event


Effect: TypeAlias = Fetch | Ahead | Load | Save | Tell
Workflow: TypeAlias = Generator[Effect, "bytes | None", T]
