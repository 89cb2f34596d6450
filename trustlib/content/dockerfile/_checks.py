"""What BuildKit refuses of an instruction when it reads it, whatever the build is given.

A flag that is not on the list is refused: a frontend of tomorrow may read an
image in it.
"""

from __future__ import annotations

import re
from typing import Final

from trustlib._frozen import FrozenMap
from trustlib.content.dockerfile._flags import quoted_words, two_parts, words
from trustlib.content.dockerfile._heredocs import heredoc
from trustlib.content.dockerfile._json_form import json_items
from trustlib.content.dockerfile._lines import Instruction
from trustlib.content.dockerfile._reading import SPACES, UnreadableError

_TRUTH: Final = "a truth value"
_ONE: Final = "one value"
_MANY: Final = "values"

_NONE: Final = FrozenMap[str, str]()
_FLAGS: Final = FrozenMap(
    {
        "add": FrozenMap(
            {
                "chown": _ONE,
                "chmod": _ONE,
                "link": _TRUTH,
                "keep-git-dir": _TRUTH,
                "checksum": _ONE,
                "unpack": _TRUTH,
                "exclude": _MANY,
            }
        ),
        "copy": FrozenMap(
            {
                "chown": _ONE,
                "from": _ONE,
                "chmod": _ONE,
                "link": _TRUTH,
                "exclude": _MANY,
                "parents": _TRUTH,
            }
        ),
        "from": FrozenMap({"platform": _ONE}),
        "run": FrozenMap({"mount": _MANY, "network": _ONE, "security": _ONE, "device": _MANY}),
        "healthcheck": FrozenMap(
            {
                "interval": _ONE,
                "timeout": _ONE,
                "start-period": _ONE,
                "start-interval": _ONE,
                "retries": _ONE,
            }
        ),
    }
)
_WITHOUT_FLAGS: Final = frozenset(
    {"cmd", "entrypoint", "env", "expose", "label", "maintainer"}
    | {"onbuild", "shell", "user", "volume", "workdir"}
)
_FLAGS_UNREAD: Final = frozenset({"arg", "stopsignal"})  # as in BuildKit, which drops them
_INSTRUCTIONS: Final = frozenset(_FLAGS) | _WITHOUT_FLAGS | _FLAGS_UNREAD
_JSON: Final = frozenset({"add", "cmd", "copy", "entrypoint", "run", "shell", "volume"})
_NOT_ALONE: Final = (_WITHOUT_FLAGS | _FLAGS_UNREAD) - {"cmd", "entrypoint", "shell"}
_LEAST: Final = 2  # a source and a destination, a name and a value
_STAGE = re.compile(r"[a-z][a-z0-9-_.]*")
_NO_TRIGGER = frozenset({"onbuild", "from", "maintainer"})


def accept(instruction: Instruction) -> None:
    """Refuse an *instruction* that BuildKit would refuse.

    Raises:
        UnreadableError: what is wrong with it.
    """
    name = instruction.name
    if name not in _INSTRUCTIONS:
        raise UnreadableError("an instruction", name or "nothing")
    if name not in _FLAGS_UNREAD:
        _accept_flags(instruction)
    if name in _NOT_ALONE and not instruction.args.text:
        raise UnreadableError(f"arguments of {name.upper()}", "none")
    items = json_items(instruction.args.text) if name in _JSON else None
    match name:
        case "add" | "copy":
            _accept_copy(instruction, items)
        case "shell" if not items:
            raise UnreadableError("SHELL with a JSON array", instruction.args.text)
        case "healthcheck":
            _accept_healthcheck(instruction)
        case "env" | "label":
            _accept_pairs(instruction)
        case "arg":
            arguments(instruction)
        case "onbuild":
            _accept_trigger(instruction)


def _accept_trigger(instruction: Instruction) -> None:
    trigger = instruction.trigger
    if trigger is None or trigger.name in _NO_TRIGGER:
        raise UnreadableError("a trigger that ONBUILD may have", instruction.args.text)
    accept(trigger)


def _accept_flags(instruction: Instruction) -> None:
    known = _FLAGS.get(instruction.name, _NONE)
    seen = set()
    for flag in instruction.flags:
        kind = known.get(flag.name)
        if kind is None:
            raise UnreadableError(f"a flag of {instruction.name.upper()}", f"--{flag.name}")
        if flag.name in seen and kind != _MANY:
            raise UnreadableError(f"--{flag.name} once", "twice")
        seen.add(flag.name)
        if kind != _TRUTH:
            if flag.value is None:
                raise UnreadableError(f"a value of --{flag.name}", "none")
        elif flag.value is not None and flag.value.lower() not in ("true", "false"):
            raise UnreadableError(f"true or false for --{flag.name}", flag.value)


def _accept_copy(instruction: Instruction, items: int | None) -> None:
    listed = words(instruction.args)
    if (len(listed) if items is None else items) < _LEAST:
        raise UnreadableError("a source and a destination", instruction.args.text)
    if items is None and _is_heredoc(listed[-1].text):
        raise UnreadableError("a destination that is no heredoc", listed[-1].text)


def _is_heredoc(word: str) -> bool:
    try:
        return heredoc(word) is not None
    except UnreadableError:
        return False


def _accept_healthcheck(instruction: Instruction) -> None:
    kind, *rest = instruction.args.text.split(None, 1) or [""]
    if kind.upper() not in ("NONE", "CMD"):
        raise UnreadableError("HEALTHCHECK NONE or CMD", kind)
    if kind.upper() == "NONE" and rest:
        raise UnreadableError("no arguments of HEALTHCHECK NONE", rest[0])
    if kind.upper() == "CMD" and not rest:
        raise UnreadableError("a command of HEALTHCHECK CMD", "none")
    if rest:
        json_items(rest[0])


def _accept_pairs(instruction: Instruction) -> None:
    name, text = instruction.name.upper(), instruction.args.text
    first, *more = quoted_words(text, instruction.escape)
    if "=" not in first:
        if len(two_parts(text)) < _LEAST:
            raise UnreadableError(f"two arguments of {name}", text)
        return
    for pair in (first, *more):
        if "=" not in pair:
            raise UnreadableError(f"name=value in {name}", pair)
        if pair.startswith("="):
            raise UnreadableError(f"a name in {name}", pair)


def arguments(instruction: Instruction) -> tuple[tuple[str, str | None], ...]:
    """Return the names that an ARG *instruction* declares, and their defaults as written.

    Raises:
        UnreadableError: a default without a name.
    """
    pairs = []
    for word in quoted_words(instruction.args.text, instruction.escape):
        name, equals, default = word.partition("=")
        if equals and not name:
            raise UnreadableError("a name in ARG", word)
        pairs.append((name, default if equals else None))
    return tuple(pairs)


def stage_name(instruction: Instruction) -> str:
    """Return how a FROM *instruction* names its stage, in lower case; empty where it does not.

    Raises:
        UnreadableError: it is not ``FROM image`` or ``FROM image AS name``.
    """
    listed = words(instruction.args)
    if len(listed) == 1:
        return ""
    rest = listed[1:]
    if [word.text.casefold() for word in rest[:1]] != ["as"] or len(rest) != _LEAST:
        raise UnreadableError("FROM image, or FROM image AS name", instruction.args.text)
    name = rest[1].text.lower()
    if not _STAGE.fullmatch(name):
        raise UnreadableError(
            "a stage name of letters, digits, '-', '_' and '.', a letter first", name.strip(SPACES)
        )
    return name
