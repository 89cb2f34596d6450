"""Keys that live in memory and end with the process."""

from __future__ import annotations

from typing import Self

from attrs import frozen

from trustlib.signing.algorithms import Algorithm
from trustlib.signing.unlocked import UnlockedKey


@frozen(eq=False, repr=False)
class MemorySigner(UnlockedKey):
    """A key that was never on a disk: for tests, and for services that make their own."""

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.ED25519) -> Self:
        """Return a signer with a new key."""
        return cls.of(algorithm.generate())
