"""One PEM block per file, with one spelling (RFC 7468, the strict grammar).

A key file that could be read in two ways would be a different key for two
programs. Line ends and line lengths are free, everything else is not.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection

from trustlib.errors import SigningError

_BEGIN = re.compile(rb"\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n")
_REST = re.compile(rb"([A-Za-z0-9+/=\r\n]*)-----END ([A-Z0-9 ]{1,40})-----\s*")
_LINE = 64  # characters


def pem(label: str, der: bytes) -> bytes:
    """Return *der* as a PEM file."""
    text = base64.b64encode(der)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return b"\n".join(
        (f"-----BEGIN {label}-----".encode(), *lines, f"-----END {label}-----".encode(), b"")
    )


def pem_block(data: bytes, labels: Collection[str], *, what: str) -> tuple[str, bytes]:
    """Return the label and the contents of the one block in *data*.

    Args:
        data: the whole file.
        labels: the labels that are welcome.
        what: the file's name, for the error.

    Raises:
        SigningError: there is no such block, it is cut short or damaged, or
            something else is in the file too.
    """
    begin = _BEGIN.match(data)
    if begin is None:
        raise SigningError(what, "is not a PEM file: it does not begin with a BEGIN line")
    label = begin[1].decode()
    if label not in labels:
        raise SigningError(
            what, f"is labelled {label}, expected {_either(labels)}; take another file"
        )
    if b"-----END" not in data:
        raise SigningError(what, "is cut short: the END line is missing; restore it from a copy")
    rest = _REST.fullmatch(data, begin.end())
    if rest is None or rest[2] != begin[1]:
        raise SigningError(
            what, "is damaged, or holds more than one PEM block; restore it from a copy"
        )
    text = rest[1].replace(b"\r", b"").replace(b"\n", b"")
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise SigningError(what, f"is damaged: {error}; restore it from a copy") from None
    if base64.b64encode(content) != text:
        raise SigningError(what, "is damaged: its base64 is not how anybody writes it")
    return label, content


def _either(labels: Collection[str]) -> str:
    return " or ".join(sorted(labels))
