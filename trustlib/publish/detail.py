"""How much a snapshot says of each file, and a timestamp of the snapshot.

With versions only, everybody can sign at once, in any order. With hashes, a file
that was signed under the same number and never published cannot be shown in the
published one's place; but a snapshot can only be signed once all that it lists
has its signatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from attrs import frozen

from trustlib._frozen import FrozenMap, Json
from trustlib._types import Version
from trustlib.roles import MetaFile


@frozen
class Detail:
    """What is said of a file besides its version (§4.4).

    Attributes:
        algorithms: the hashes to list, by :mod:`hashlib`'s names; with any of
            them, the length as well.
    """

    algorithms: tuple[str, ...] = ()

    def entry(self, before: MetaFile | None, version: Version, raw: bytes) -> MetaFile:
        """Return what is said of *raw*; what others said *before* besides is kept."""
        extra = FrozenMap[str, Json]() if before is None else before.extra
        if not self.algorithms:
            return MetaFile(version=version, extra=extra)
        hashes = {name: hashlib.new(name, raw).hexdigest() for name in self.algorithms}
        return MetaFile(version=version, length=len(raw), hashes=FrozenMap(hashes), extra=extra)


VERSIONS: Final = Detail()
"""Nothing but versions, as most repositories of today."""

HASHES: Final = Detail(("sha256",))
"""Length and SHA-256, too: only the very file that was published is accepted."""


def detail_of(entries: tuple[MetaFile, ...]) -> Detail:
    """Return the detail in which *entries* were listed; that of those who say most."""
    return listing(name for entry in entries for name in entry.hashes)


def listing(algorithms: Iterable[str]) -> Detail:
    """Return the detail that lists those of *algorithms* that are known here, each once."""
    known = tuple(
        name
        for name in dict.fromkeys(algorithms)
        if name in hashlib.algorithms_guaranteed and not name.startswith("shake_")  # of any length
    )
    return Detail(known) if known else VERSIONS
