r"""OLPC canonical JSON, the bytes that TUF signatures cover (§4.1).

Canonical JSON is for signing only. It escapes ``"`` and ``\`` and nothing
else, so a string with a line feed in it (a PEM key) makes canonical bytes that
are not JSON. Apart from that, Python's own encoder writes the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from trustlib._frozen import JsonLike

_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
_CONTROL = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\f": "\f", r"\b": "\b"}


def canonical(value: JsonLike) -> bytes:
    """Return the one byte string that stands for *value* (§4.1).

    *value* has been read by :mod:`trustlib._json` or frozen by
    :func:`trustlib._frozen.freeze`, which both refuse fractions.

    Raises:
        UnicodeEncodeError: a string holds half a surrogate pair.
    """
    text = compact(value)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    return text.encode()


def compact(value: JsonLike) -> str:
    """Return *value* as ordinary JSON with sorted members and no white space.

    The same characters as the canonical form, unless a string holds a control
    character: those are escaped here, so this is always JSON.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_members
    )


def _unescaped(escape: re.Match[str]) -> str:
    text = escape[0]
    if text.startswith(r"\u"):
        return chr(int(text[2:], 16))
    return _CONTROL.get(text, text)


def _members(value: object) -> dict[str, JsonLike]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"TUF metadata cannot hold {value!r}")
