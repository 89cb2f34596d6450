"""As much of DER (X.690) as an encrypted private key needs, and strictly that.

Every value has one spelling: lengths are definite and as short as they can be,
integers too, and nothing may follow the last element. What else DER can say is
an error here, so that two readers cannot read two keys out of one file.
"""

from __future__ import annotations

from typing import Final, final

INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30

_LONG_FORM = 0x80
_SIGN = 0x80
_MAX_INTEGER = 8  # bytes; parameters and lengths need no more, numbers of an RSA key do


class DerError(ValueError):
    """The bytes are not the DER that was expected."""


@final
class DerReader:
    """Reads the elements of one encoded value, one after the other."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, tag: int) -> bytes:
        """Return the contents of the next element, which must be a *tag*.

        Raises:
            DerError: it is something else, or reaches beyond the end.
        """
        if self.tag != tag:
            raise DerError(f"expected tag 0x{tag:02x} at byte {self._at}, got {self.tag}")
        self._at += 1
        length = self._length()
        if length > len(self._data) - self._at:
            raise DerError(
                f"an element of {length} bytes at byte {self._at} reaches beyond the end"
            )
        start, self._at = self._at, self._at + length
        return self._data[start : self._at]

    def within(self) -> DerReader:
        """Return a reader for the contents of the next element, a SEQUENCE."""
        return DerReader(self.take(SEQUENCE))

    def integer(self, longest: int = _MAX_INTEGER) -> int:
        """Return the next element, a non-negative INTEGER of at most *longest* bytes."""
        content = self.take(INTEGER)
        if not content or content[0] & _SIGN or len(content.lstrip(b"\0")) > longest:
            raise DerError(f"expected an integer from 0 to 2**{8 * longest} - 1, got another")
        if len(content) > 1 and content[0] == 0 and not content[1] & _SIGN:
            raise DerError("an integer is longer than it has to be")
        return int.from_bytes(content)

    @property
    def tag(self) -> int | None:
        """What comes next, or None at the end."""
        return self._data[self._at] if self._at < len(self._data) else None

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            DerError: something is.
        """
        if self.tag is not None:
            raise DerError(f"{len(self._data) - self._at} bytes too many")

    def _length(self) -> int:
        first = self._byte()
        if first < _LONG_FORM:
            return first
        size = first - _LONG_FORM
        if not 1 <= size <= _MAX_INTEGER:
            raise DerError(f"a length of {size} bytes")
        octets = bytes(self._byte() for _ in range(size))
        length = int.from_bytes(octets)
        if octets[0] == 0 or length < _LONG_FORM:
            raise DerError("a length is longer than it has to be")
        return length

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise DerError("it ends within a length")
        self._at += 1
        return self._data[self._at - 1]


def der(tag: int, *contents: bytes) -> bytes:
    """Return one element: *tag*, length, and *contents* one after the other."""
    content = b"".join(contents)
    length = len(content)
    if length < _LONG_FORM:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, _LONG_FORM + len(octets))) + octets + content


def der_integer(number: int) -> bytes:
    """Return the INTEGER *number*, which must not be negative."""
    return der(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))
