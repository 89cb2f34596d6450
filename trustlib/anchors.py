"""Where trust starts: a root, or what identifies one, that came out of band (§5.2).

A cache is no anchor. Every update starts at the anchor again, so a program that
ships a new anchor is rid of whatever the old one led to: but for the versions of
files that the new root's own keys vouch for. Those stay a floor.
"""

from __future__ import annotations

import hashlib
import re
from typing import Protocol, Self

from attrs import field, frozen

from trustlib._types import ROOT, Version
from trustlib.errors import MismatchError

_SHA256 = re.compile("[0-9a-f]{64}", re.ASCII)


class Pin(Protocol):
    """What some format's roots can be told by besides their hash: a certificate, who came first.

    How, that format knows, and no other does.
    """

    @property
    def identity(self) -> str:
        """What a store calls the root that was accepted for it: 64 lower-case hex digits."""
        ...


@frozen
class Anchor:
    """What the caller trusts to begin with (§2.1.1). Made by :meth:`root` or :meth:`pinned`.

    Attributes:
        sha256: what the first root hashes to, in lower-case hex.
        version: the number under which the repository keeps that root.
        raw: the root itself, or None where it may be fetched.
    """

    sha256: str
    version: Version
    raw: bytes | None = field(repr=False)

    @property
    def identity(self) -> str:
        """The same as ``sha256``."""
        return self.sha256

    @classmethod
    def root(cls, raw: bytes) -> Self:
        """Trust the root file *raw*, which ships with the program.

        It is looked at when the first update begins: a file that is no root
        raises :class:`~trustlib.MalformedError` there.
        """
        return cls(hashlib.sha256(raw).hexdigest(), Version(0), bytes(raw))

    @classmethod
    def pinned(cls, *, sha256: str, version: int = 1) -> Self:
        """Trust the root that hashes to *sha256*; it is fetched once and then stored.

        Args:
            sha256: 64 lower-case hex digits, over the bytes of the file.
            version: which numbered root of the repository that is.

        Raises:
            ValueError: *sha256* is no such digest, or *version* is below 1.
        """
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"expected 64 lower-case hex digits, got {sha256!r}")
        if version < 1:
            raise ValueError(f"expected a version of at least 1, got {version}")
        return cls(sha256, Version(version), None)

    def check(self, raw: bytes) -> bytes:
        """Return *raw* if it is the root that was pinned.

        Raises:
            MismatchError: it is another one.
        """
        got = hashlib.sha256(raw).hexdigest()
        if got != self.sha256:
            raise MismatchError(ROOT, "sha256", self.sha256, got, step="§5.2")
        return raw
