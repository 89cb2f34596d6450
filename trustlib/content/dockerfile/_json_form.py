"""Whether arguments are in JSON form: ``["a", "b"]``, and nothing else.

What is no JSON at all is text to BuildKit, so this has to tell the two apart
as Go's reader does. It matters: text may announce a heredoc, and JSON may not.
"""

from __future__ import annotations

import re

from trustlib.content.dockerfile._reading import SPACES, UnreadableError

_BLANK = "[ \t\n\r]*"
_STRING = r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"'
_STRINGS = re.compile(rf"\[{_BLANK}(?:{_STRING}{_BLANK}(?:,{_BLANK}{_STRING}{_BLANK})*)?\]{_BLANK}")
_PIECE = re.compile(
    rf"{_BLANK}({_STRING}|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
    rf"|true|false|null|[\[\]{{}},:]){_BLANK}"
)
_ITEM = re.compile(_STRING)


def json_items(args: str) -> int | None:
    """Return how many strings the JSON array *args* has, or None if it is no JSON array.

    Raises:
        UnreadableError: it is an array of something other than strings.
    """
    text = args.lstrip(SPACES)
    if not text.startswith("["):
        return None
    if _STRINGS.fullmatch(text):
        return sum(1 for _ in _ITEM.finditer(text))
    if _is_json(text):
        raise UnreadableError("an array of strings only", args)
    return None


def _is_json(text: str) -> bool:
    """Return whether *text* is a JSON array, by a stack of what may come next."""
    at, state = 0, "value"
    open_: list[str] = []
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            return False
        at, spelled = piece.end(), piece[1]
        after = _after(state, spelled, open_)
        if after is None:
            return False
        state = after
        if state == "end" and not open_:
            break
    return state == "end" and not open_ and at == len(text)


def _after(state: str, piece: str, open_: list[str]) -> str | None:
    """Return what may follow *piece* where *state* was expected, or None if it may not stand."""
    after = None
    match state, piece[0]:
        case (("end" | "first" | "first key"), ("]" | "}")):
            after = "end" if open_ and open_.pop() == piece else None
        case (("value" | "first"), ("[" | "{")):
            open_.append("]" if piece == "[" else "}")
            after = "first" if piece == "[" else "first key"
        case (("value" | "first"), char) if char not in ",:]}":
            after = "end"
        case (("key" | "first key"), '"'):
            after = "colon"
        case "colon", ":":
            after = "value"
        case "end", "," if open_:
            after = "value" if open_[-1] == "]" else "key"
    return after
