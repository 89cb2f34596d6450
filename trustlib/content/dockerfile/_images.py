"""Which words of a Dockerfile name an image of somebody else's.

A name is a stage, an index, ``scratch``, a build context, or an image; which
of them is decided by BuildKit's order, and each instruction has another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.content.dockerfile._checks import accept, arguments, stage_name
from trustlib.content.dockerfile._flags import Flag, Part, Word, comma_separated, words
from trustlib.content.dockerfile._lines import BadLineError, Instruction, Span
from trustlib.content.dockerfile._reading import UnreadableError
from trustlib.content.dockerfile._words import Dialect, Expanded, Unknown, Value, expanded
from trustlib.content.dockerfile.build import Build

SCRATCH: Final = "scratch"

_INDEX = re.compile(r"([+-]?)0*([0-9]{1,19})")  # more digits are no number to BuildKit
_LARGEST: Final = 2**63 - 1
_EPOCH: Final = "SOURCE_DATE_EPOCH"  # BuildKit computes it anew between ARG and FROM
_MOUNT_FLAGS: Final = frozenset({"readonly", "ro", "readwrite", "rw", "required"})
_MOUNT_KEYS: Final = _MOUNT_FLAGS | frozenset(
    {"type", "from", "source", "src", "target", "dst", "destination"}
    | {"size", "id", "sharing", "mode", "uid", "gid", "env"}
)


@frozen(kw_only=True)
class Named:
    """One place where an image is named.

    Attributes:
        name: the image as the build will look it up, variables replaced.
        where: the instruction, in words.
        line: the line of that instruction.
        comment_at: where a line of its own may be put in front of it.
        newline: how that line is to end.
        spans: what is to be replaced; all but the last of it goes.
        before: what has to stand in front of the new name there.
        after: and what behind it.
        doubts: variables that would have to be known to say which image it is.
    """

    name: str
    where: str
    line: int
    comment_at: int
    newline: str
    spans: tuple[Span, ...] = field(repr=False)
    before: str = ""
    after: str = ""
    doubts: tuple[str, ...] = ()


@frozen(kw_only=True)
class Stage:
    """One ``FROM`` and what follows it.

    Attributes:
        name: as others may call it, or empty.
        base: what it is built from, variables replaced.
        line: where it begins.
    """

    name: str
    base: str
    line: int


@frozen
class Read:
    """The stages of a Dockerfile, and where it names images."""

    stages: tuple[Stage, ...]
    named: tuple[Named, ...]


def read(found: Sequence[Instruction], build: Build) -> Read:
    """Return what *found* refers to when it is built as *build* says.

    Raises:
        BadLineError: BuildKit would refuse a line.
    """
    reader = _Reader(found, build)
    named: list[Named] = []
    for instruction in found:
        try:
            named += reader.named_by(instruction)
        except UnreadableError as why:
            raise BadLineError(instruction.line, why) from None
    if not reader.stages:
        raise BadLineError(1, UnreadableError("an instruction FROM", "none"))
    return Read(tuple(reader.stages), tuple(named))


class _Reader:
    def __init__(self, found: Sequence[Instruction], build: Build) -> None:
        self._build = build
        self.stages: list[Stage] = []
        self._bases: set[str] = set()
        self._names: dict[str, int] = {}
        bases = [instruction for instruction in found if instruction.name == "from"]
        last = ""
        for index, base in enumerate(bases):
            try:
                last = stage_name(base)
            except UnreadableError as why:
                raise BadLineError(base.line, why) from None
            if last:
                self._names[last] = index
        self._variables: dict[str, Value] = build.variables(last)
        self._count = len(bases)

    def named_by(self, instruction: Instruction) -> Iterator[Named]:
        accept(instruction)
        if instruction.name == "from":
            yield from self._from(instruction)
        elif self.stages:
            yield from self._copied_or_mounted(instruction)
        elif instruction.name == "arg":
            self._declare(instruction)
        else:
            raise UnreadableError("FROM or ARG before any other instruction", instruction.name)

    # -- before the first stage -----------------------------------------------------------

    def _declare(self, instruction: Instruction) -> None:
        for name, default in arguments(instruction):
            given = self._build.args.get(name)
            if given is not None:
                self._variables[name] = given
            elif default is not None:
                word = self._expanded(default, instruction)
                self._variables[name] = Unknown(word.doubts) if word.doubts else word.text

    def _expanded(self, word: str, instruction: Instruction) -> Expanded:
        return expanded(word, FrozenMap(self._variables), Dialect(escape=instruction.escape))

    # -- FROM -------------------------------------------------------------------------------

    def _from(self, instruction: Instruction) -> Iterator[Named]:
        written = words(instruction.args)[0]
        word = self._expanded(written.text, instruction)
        doubts = (*word.doubts, *((_EPOCH,) if _EPOCH in written.text else ()))
        if not word.text and not doubts:
            raise UnreadableError("the name of an image or a stage", written.text)
        self._platform(instruction)
        name = stage_name(instruction)
        known = not doubts and (word.text == SCRATCH or word.text in self._bases)
        self.stages.append(Stage(name=name, base=word.text, line=instruction.line))
        if name:
            self._bases.add(name)
        if not known:
            yield _in_place(instruction, "FROM", word.text, written, doubts)

    def _platform(self, instruction: Instruction) -> None:
        for flag in instruction.flags:
            platform = self._expanded(flag.value or "", instruction)
            if not platform.text and not platform.unknown:
                raise UnreadableError("a platform", flag.value)

    # -- COPY --from and RUN --mount ------------------------------------------------------

    def _copied_or_mounted(self, instruction: Instruction) -> Iterator[Named]:
        acting = instruction.trigger or instruction
        for flag in acting.flags:
            if acting.name == "copy" and flag.name == "from" and flag.value:
                yield from self._copied(instruction, flag, flag.value)
            elif acting.name == "run" and flag.name == "mount":
                yield from self._mounted(instruction, flag, flag.value or "")

    def _copied(self, instruction: Instruction, flag: Flag, name: str) -> Iterator[Named]:
        empty = FrozenMap[str, Value]()
        if expanded(name, empty, Dialect(escape=instruction.escape)).text != name:
            raise UnreadableError("--from without variables and quotes", name)
        index = _INDEX.fullmatch(name)
        if index is not None and int(index[2]) <= _LARGEST:
            if instruction.trigger is None:
                self._stage(int(index[1] + index[2]), name)
        elif not self._is_stage(instruction, name):
            start = len("--from=")
            yield _in_flag(instruction, "COPY --from", flag, Part(name, flag.at[start:]))

    def _mounted(self, instruction: Instruction, flag: Flag, text: str) -> Iterator[Named]:
        source: Part | None = None
        offset = len("--mount=")
        for part in comma_separated(text):
            key, equals, value = part.text.partition("=")
            key = key.lower()
            if key not in (_MOUNT_KEYS if equals else _MOUNT_FLAGS):
                raise UnreadableError("a key that a mount has", part.text)
            if key != "from":
                continue
            if source is not None:
                raise UnreadableError("one from= in a mount", "two")
            source = Part(value, tuple(flag.at[offset + at] for at in part.at[len("from=") :]))
        if source is None or not source.text:
            return
        if "$" in source.text[:-1]:
            raise UnreadableError("from= without variables", source.text)
        if not self._is_stage(instruction, source.text):
            yield _in_flag(instruction, "RUN --mount", flag, source)

    def _is_stage(self, instruction: Instruction, name: str) -> bool:
        index = self._names.get(name.lower())
        if index is None:
            return name == SCRATCH
        if instruction.trigger is None:
            self._stage(index, name)
        return True

    def _stage(self, index: int, name: str) -> None:
        if not 0 <= index < len(self.stages) - 1:
            raise UnreadableError("a stage before this one", name)


def _in_place(
    instruction: Instruction, where: str, name: str, word: Word, doubts: tuple[str, ...]
) -> Named:
    return Named(
        name=name,
        where=where,
        line=instruction.line,
        comment_at=instruction.start,
        newline=instruction.newline,
        spans=instruction.spans(word.start, word.end),
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _in_flag(instruction: Instruction, where: str, flag: Flag, value: Part) -> Named:
    """Return the place of *value* in *flag*; the whole flag where quotes run through it."""
    where = where if instruction.trigger is None else f"ONBUILD {where}"
    start, end = value.at[0], value.at[-1] + 1
    before = after = ""
    if value.at != tuple(range(start, end)):
        inside = flag.at.index(start), flag.at.index(end - 1) + 1
        before = f'"{_escaped(flag.text[: inside[0]], instruction.escape)}'
        after = f'{_escaped(flag.text[inside[1] :], instruction.escape)}"'
        # A word that begins with a quote would be an argument and no flag.
        before = f"--{before.replace('--', '', 1)}"
        start, end = flag.start, flag.end
    return Named(
        name=value.text,
        where=where,
        line=instruction.line,
        comment_at=instruction.start,
        newline=instruction.newline,
        spans=instruction.spans(start, end),
        before=before,
        after=after,
    )


def _escaped(text: str, escape: str) -> str:
    return "".join(f"{escape}{char}" if char in ('"', escape) else char for char in text)
