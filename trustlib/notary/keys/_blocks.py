"""PEM blocks with headers, as Go writes them and as strictly as ours are read.

A header says what a key is for, and how an old file is encrypted (RFC 1421). A
file that could be read in two ways would be a different key for two programs:
no header is said twice, and nothing stands around or between the blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError, shortened
from trustlib.signing._pem import pem, pem_block

ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
PLAIN: Final = "PRIVATE KEY"
EC: Final = "EC PRIVATE KEY"
RSA: Final = "RSA PRIVATE KEY"
ED25519: Final = "ED25519 PRIVATE KEY"
PRIVATE: Final = (ENCRYPTED, PLAIN, EC, RSA, ED25519)
PUBLIC: Final = "PUBLIC KEY"

ROLE: Final = "role"
GUN: Final = "gun"
PATH: Final = "path"
PROC_TYPE: Final = "Proc-Type"
DEK_INFO: Final = "DEK-Info"

LONGEST: Final = 500  # characters of what a header says

_END: Final = re.compile(rb"-----END [^\r\n]{0,50}-----[ \t\r\n]*")
_HEADER: Final = rb"[A-Za-z][A-Za-z0-9-]{0,39}:[^\r\n]*\r?\n"
_HEAD: Final = re.compile(rb"(\s*-----BEGIN [^\r\n]{1,50}-----\r?\n)((?:%b)+)\r?\n" % _HEADER)


def is_sayable(value: str) -> bool:
    """Return whether *value* can stand in a header and come out again as it was."""
    return 1 <= len(value) <= LONGEST and value.isprintable() and value == value.strip()


@frozen
class Block:
    """A block.

    Attributes:
        label: what is in it.
        content: its bytes.
        headers: what stands above them.
    """

    label: str
    content: bytes = field(repr=False)
    headers: FrozenMap[str, str] = field(factory=FrozenMap[str, str])

    def said(self, name: str) -> str | None:
        """Return what the header *name* says, if it says anything."""
        return self.headers.get(name) or None

    def rendered(self) -> bytes:
        """Return the block as Go writes it: ``Proc-Type`` first, the rest by name."""
        begin, rest = pem(self.label, self.content).split(b"\n", 1)
        if not self.headers:
            return begin + b"\n" + rest
        names = sorted(self.headers, key=lambda name: (name != PROC_TYPE, name))
        lines = "".join(f"{name}: {self.headers[name]}\n" for name in names)
        return begin + b"\n" + lines.encode() + b"\n" + rest


def blocks(data: bytes, labels: tuple[str, ...], *, what: str) -> Iterator[Block]:
    """Return the blocks of which *data* consists.

    Args:
        data: the whole file, from anybody.
        labels: those that are welcome.
        what: the file's name, for the error.

    Raises:
        SigningError: a block is damaged or not welcome, or something else is
            in the file too.
    """
    start = 0
    while start < len(data) or not start:
        end = _END.search(data, start)
        stop = len(data) if end is None else end.end()
        yield _block(data[start:stop], labels, what=what)
        start = stop


def block(data: bytes, labels: tuple[str, ...], *, what: str) -> Block:
    """Return the one block in *data*; see :func:`blocks`.

    Raises:
        SigningError: as :func:`blocks`, or there is more than one.
    """
    first, *others = blocks(data, labels, what=what)
    if others:
        raise SigningError(
            what, f"holds {1 + len(others)} PEM blocks, expected one: split the file"
        )
    return first


def _block(data: bytes, labels: tuple[str, ...], *, what: str) -> Block:
    head = _HEAD.match(data)
    if head is None:
        return Block(*pem_block(data, labels, what=what))
    label, content = pem_block(head[1] + data[head.end() :], labels, what=what)
    return Block(label, content, _headers(head[2], what=what))


def _headers(lines: bytes, *, what: str) -> FrozenMap[str, str]:
    headers: dict[str, str] = {}
    for line in lines.splitlines():
        try:
            name, _, value = line.decode().partition(":")
        except UnicodeDecodeError:
            raise SigningError(what, "is damaged: a header is not text") from None
        value = value.strip(" \t")
        if name in headers:
            raise SigningError(what, f"is damaged: it says {shortened(name)} twice")
        if value and not is_sayable(value):
            raise SigningError(
                what,
                f"is damaged: its header {shortened(name)} says {shortened(value)},"
                f" expected up to {LONGEST} printable characters",
            )
        headers[name] = value
    return FrozenMap(headers)
