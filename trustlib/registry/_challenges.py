"""What a server that wants to know who asks says it wants (RFC 9110, section 11.6.1).

It is the text of somebody who is not trusted yet: it is read strictly, and what
is not understood is as good as not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from attrs import frozen

from trustlib._frozen import FrozenMap

_LONGEST: Final = 8_192  # characters in one header
_MOST: Final = 16  # challenges in one answer

_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_SCHEME: Final = re.compile(rf"({_WORD})(?=[ ]|,|$)")
_PARAMETER: Final = re.compile(rf"({_WORD})[ \t]*=[ \t]*({_WORD}|{_QUOTED})(?=[ \t,]|$)", re.DOTALL)
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t,]|$)")
_GAP: Final = re.compile(r"[ \t,]*")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@frozen
class Challenge:
    """One way to say who asks.

    Attributes:
        scheme: in lower case, ``"bearer"`` or ``"basic"`` for example.
        parameters: by name, in lower case; the first value of each.
    """

    scheme: str
    parameters: FrozenMap[str, str]


def challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return what the values of ``WWW-Authenticate`` say; what cannot be read is left out."""
    found: list[Challenge] = []
    for header in headers:
        if len(header) <= _LONGEST:
            found += islice(_read(header), _MOST - len(found))
    return tuple(found)


def _read(text: str) -> Iterator[Challenge]:
    scheme, parameters = "", dict[str, str]()
    at = _end(_GAP, text, 0)
    while at < len(text):
        if (match := _PARAMETER.match(text, at)) and scheme:
            parameters.setdefault(match[1].lower(), _plain(match[2]))
        elif match := _SCHEME.match(text, at):
            if scheme:
                yield Challenge(scheme, FrozenMap(parameters))
            scheme, parameters = match[1].lower(), {}
        elif not (match := _CREDENTIAL.match(text, at)):
            return  # the one that is broken is left out, and what follows it
        at = _end(_GAP, text, match.end())
    if scheme:
        yield Challenge(scheme, FrozenMap(parameters))


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()


def _plain(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
