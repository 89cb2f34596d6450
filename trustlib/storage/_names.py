"""A name is refused, never rewritten.

What leads out of the store, into its bookkeeping, or means something else on
another file system is no name at all. Both ports take the same care; they
differ only in whom they blame: a client's names come from our own encoder, so
a bad one is a programming error, a publisher's paths come from a person.
"""

from __future__ import annotations

import os
import re
from typing import Final, TypeAlias

from trustlib._paths import PRIVATE
from trustlib._types import StoredName
from trustlib.errors import StorageError, shortened

Place: TypeAlias = tuple[str, ...]
"""The segments of a name that was checked; the last one is the file."""

RESERVED: Final = PRIVATE
"""The directory inside a store that holds what is not a file of its user."""

LOCK: Final = "lock"
DRAFTS: Final = "tmp"

_DRIVE: Final = re.compile("[A-Za-z]:")
_DEPTH: Final = 2
_ON_WINDOWS: Final = os.name == "nt"


def client_place(name: StoredName) -> Place:
    """Return where a client's file is kept.

    A client's own bookkeeping may live in ``.trustlib/``, beside the lock and
    the drafts but never in their place.

    Raises:
        ValueError: *name* has more than one ``/``, or is no name at all.
    """
    place = tuple(name.split("/"))
    complaint = _complaint(name, place)
    if complaint is None and len(place) > _DEPTH:
        complaint = "has more than one '/'"
    if complaint is None and _folded(place[0]) == RESERVED:
        own = place[0] == RESERVED and len(place) > 1
        if not own or _folded(place[-1]) in {LOCK, DRAFTS}:
            complaint = "is reserved for the store itself"
    if complaint is not None:
        raise ValueError(f"{shortened(name)} {complaint}")
    return place


def repository_place(path: str) -> Place:
    """Return where a repository's file is kept.

    Raises:
        StorageError: *path* does not name a file inside the repository.
    """
    place = tuple(path.split("/"))
    complaint = _complaint(path, place)
    if complaint is None and _folded(place[0]) == RESERVED:
        complaint = "is reserved for the store itself"
    if complaint is not None:
        raise StorageError(shortened(path), f"the path {complaint}; name it otherwise")
    return place


def is_listed(path: str) -> bool:
    """Say whether *path* is one that :func:`repository_place` accepts."""
    place = tuple(path.split("/"))
    return _complaint(path, place) is None and _folded(place[0]) != RESERVED


def _complaint(name: str, place: Place) -> str | None:
    if not all(place):
        return "is empty, is absolute, or has an empty segment"
    if not {".", ".."}.isdisjoint(place):
        return "has a '.' or '..' segment"
    if "\\" in name or "\0" in name:
        return "has a backslash or a NUL"
    # "C:x" leaves the directory on Windows, and "x:y" is a second stream of x.
    if any(_DRIVE.match(segment) or (_ON_WINDOWS and ":" in segment) for segment in place):
        return "has a drive letter"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is not Unicode text"
    return None


def _folded(segment: str) -> str:
    # Windows and macOS ignore case; Windows also drops dots and blanks at the end.
    return segment.casefold().rstrip(". ")
