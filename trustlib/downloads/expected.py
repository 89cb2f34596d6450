"""What the bytes of an artifact must be. They are checked here and nowhere else.

No file, no network and no clock: pieces come in, and a verdict goes out.
"""

from __future__ import annotations

import hashlib
from typing import Protocol, Self

from attrs import define, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import RoleName, TargetPath
from trustlib.downloads.beside import Beside, Hash
from trustlib.errors import MismatchError, TooLongError, shortened
from trustlib.trust.agreeing import HASHES
from trustlib.workflow import Found

STEP = "§5.7.3"


class _Hash(Hash, Protocol):
    def hexdigest(self) -> str: ...


@frozen(kw_only=True)
class Expected:
    """An artifact, as far as its bytes can be held to it.

    Attributes:
        path: what the artifact is called.
        role: who vouches for it.
        length: in bytes.
        hashes: lower-case hex by algorithm, those that count; at least one.
    """

    path: TargetPath
    role: RoleName
    length: int
    hashes: FrozenMap[str, str]

    @classmethod
    def of(cls, found: Found) -> Self:
        """Return what the bytes of what was *found* must be.

        Raises:
            MismatchError: none of the hashes that are listed is one that counts.
        """
        path, role, listed = found.path, found.via[-1], found.target.hashes
        hashes = FrozenMap({name: listed[name] for name in HASHES if name in listed})
        if not hashes:
            what = f"a hash of {shortened(path, str)} by"
            raise MismatchError(role, what, " or ".join(HASHES), ", ".join(listed), step=STEP)
        return cls(path=path, role=role, length=found.target.length, hashes=hashes)

    @property
    def identity(self) -> str:
        """A short name for the content: no two contents have the same, and it is safe to use."""
        # A hash of the hashes: what metadata lists never becomes a part of a file's name.
        content = (self.length, *sorted(self.hashes.items()))
        return hashlib.sha256(repr(content).encode()).hexdigest()[:32]


@define
class Checked:
    """The beginning of an artifact, up to the last piece that was taken.

    Attributes:
        so_far: how many bytes were taken; never more than there must be.
        beside: hashes what is much while more is taken; None: each piece is
            hashed when it is taken.
    """

    expected: Expected
    beside: Beside | None = None
    so_far: int = field(default=0, init=False)
    _hashing: FrozenMap[str, _Hash] = field(init=False)

    @_hashing.default
    def _begun(self) -> FrozenMap[str, _Hash]:
        return FrozenMap({name: hashlib.new(name) for name in self.expected.hashes})

    def take(self, piece: bytes) -> None:
        """Take the next *piece*.

        Raises:
            TooLongError: there must not be so many bytes; *piece* was not taken.
        """
        if self.so_far + len(piece) > self.expected.length:  # §5.7.3
            raise TooLongError(
                self.expected.path,
                self.expected.length,
                step=STEP,
                advice="this is not the file that the repository vouched for",
            )
        self.so_far += len(piece)
        hashes = self._hashing.values()
        if self.beside is not None:
            self.beside.update(hashes, piece)
            return
        for hashing in hashes:
            hashing.update(piece)

    def complete(self) -> None:
        """Find that what was taken is the artifact.

        Raises:
            MismatchError: it is not; the first of ``length``, ``sha256`` and
                ``sha512`` that differs is named.
        """
        self._same("length", self.expected.length, self.so_far)
        if self.beside is not None:
            self.beside.settle(self._hashing.values())
        for name, hashing in self._hashing.items():  # every one that is listed (§5.7.3)
            self._same(name, self.expected.hashes[name], hashing.hexdigest())

    def _same(self, what: str, expected: object, got: object) -> None:
        if expected != got:
            what = f"{what} of {shortened(self.expected.path, str)}"
            raise MismatchError(self.expected.role, what, expected, got, step=STEP)
