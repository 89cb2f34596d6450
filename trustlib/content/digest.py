"""A digest names bytes, and says by which hash.

Only hashes that are collision resistant today are digests here: the allow-list
is short on purpose, and text that uses another algorithm is refused, not kept
for later.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from attrs import frozen

from trustlib.errors import shortened

_HEX = re.compile("[0-9a-f]+")
_HEX_DIGITS: Final = {"sha256": 64, "sha512": 128}
_EXPECTED: Final = " or ".join(
    f"{algorithm}:<{digits} lower-case hex digits>" for algorithm, digits in _HEX_DIGITS.items()
)


@frozen
class Digest:
    """The hash of some bytes, as the OCI image specification writes it.

    Digests are equal or different; there is no order among them.

    Attributes:
        algorithm: ``"sha256"`` or ``"sha512"``.
        hex: the hash, 64 or 128 lower-case hex digits.

    Raises:
        ValueError: an algorithm that is not on the list, or digits that
            cannot be of that algorithm.
    """

    algorithm: str
    hex: str

    def __attrs_post_init__(self) -> None:
        # The length comes first: it bounds what the expression has to read.
        if len(self.hex) != _HEX_DIGITS.get(self.algorithm) or not _HEX.fullmatch(self.hex):
            raise ValueError(f"digest: expected {_EXPECTED}, got {shortened(str(self))}")

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``algorithm:hex``, exactly as :func:`str` writes it.

        Raises:
            ValueError: *text* is no such thing. Where the text came from
                somebody else's document, whoever read the document says so
                with an error of its own.
        """
        algorithm, _, digits = text.partition(":")
        return cls(algorithm, digits)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Digest:
        """Return the digest of *data*.

        Raises:
            ValueError: *algorithm* is neither ``"sha256"`` nor ``"sha512"``.
        """
        if algorithm not in _HEX_DIGITS:
            raise ValueError(
                f"digest: expected the algorithm {' or '.join(_HEX_DIGITS)},"
                f" got {shortened(algorithm)}"
            )
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    def __repr__(self) -> str:
        return f"Digest({str(self)!r})"
