"""From lines to instructions: comments, continuations, heredocs.

What is data here and what is an instruction decides everything after it, so
the order is BuildKit's: a comment inside a continuation is no end of it, an
empty line is none either, and the lines of a heredoc are never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

from attrs import field, frozen

from trustlib.content.dockerfile._flags import Flag, Split, Word, split
from trustlib.content.dockerfile._head import Head, Physical
from trustlib.content.dockerfile._heredocs import Heredoc, heredocs
from trustlib.content.dockerfile._json_form import json_items
from trustlib.content.dockerfile._reading import LONGEST_LINE, SPACES, UnreadableError

_MAY_HAVE_HEREDOCS = frozenset({"add", "copy", "run"})


class Span(NamedTuple):
    """Where something stands in the text of the file."""

    start: int
    end: int


class _Piece(NamedTuple):
    at: int  # in the logical line
    start: int  # in the file
    length: int


@frozen(kw_only=True)
class Instruction:
    """One instruction, continuation lines joined.

    Attributes:
        name: in lower case.
        flags: what was taken off its front.
        args: the rest.
        line: the number of its first line.
        last: the number of its last line, heredocs not counted.
        start: where its first line begins in the file: a comment may stand there.
        newline: how that line ends.
        escape: the escape character in force.
        trigger: what an ONBUILD will do, or None.
    """

    name: str
    flags: tuple[Flag, ...]
    args: Word
    line: int
    last: int
    start: int
    newline: str
    escape: str
    trigger: Instruction | None = None
    pieces: tuple[_Piece, ...] = field(repr=False)

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """Return where *start* to *end* of the joined line stand in the file."""
        found = []
        for piece in self.pieces:
            first, last = max(start, piece.at), min(end, piece.at + piece.length)
            if first < last:
                offset = piece.start - piece.at
                found.append(Span(first + offset, last + offset))
        return tuple(found)


@frozen(kw_only=True)
class Rules:
    """What versions of BuildKit, and the builder before it, do not agree on.

    Attributes:
        heredocs: are read; else their lines are instructions.
        indented_comments: are comments inside a continuation; else they end it.
        doubled_escapes: continue no line; else they do as single ones would.
    """

    heredocs: bool = True
    indented_comments: bool = True
    doubled_escapes: bool = True


TODAY: Final = Rules()
_INDENTED_COMMENT = re.compile(f"^[{SPACES}]+#", re.MULTILINE)


def earlier(text: str, escape: str) -> Iterator[Rules]:
    """Yield other rules than today's by which *text* might mean something else."""
    choices = (
        (True, False) if "<<" in text else (True,),
        (True, False) if _INDENTED_COMMENT.search(text) else (True,),
        (True, False) if escape * 2 in text else (True,),
    )
    for documents, comments, escapes in product(*choices):
        rules = Rules(heredocs=documents, indented_comments=comments, doubled_escapes=escapes)
        if rules != TODAY:
            yield rules


class BadLineError(Exception):
    """An :class:`UnreadableError` that knows its line."""

    def __init__(self, line: int, why: UnreadableError) -> None:
        super().__init__(line, why)
        self.line, self.why = line, why


def instructions(
    lines: tuple[Physical, ...], head: Head, rules: Rules = TODAY
) -> Iterator[Instruction]:
    """Yield what *lines* ask for by *rules*, in order.

    Raises:
        BadLineError: a line that BuildKit would refuse.
    """
    newline = "\r\n" if lines and lines[0].text.endswith("\r\n") else "\n"
    rest = iter(lines)
    for line in rest:
        try:
            text = _content(line, line.text.lstrip(SPACES))
            joined = _Joined(head.escape, rules)
            if not text:
                continue
            for following in () if joined.takes(line, text) else rest:
                text = _continued(following, rules)
                if text.strip(SPACES) and joined.takes(following, text):
                    break
            own = newline if not line.text.endswith("\n") else "\n"
            own = "\r\n" if line.text.endswith("\r\n") else own
            found = joined.instruction(line, own)
            yield found
            for heredoc in _heredocs_of(found, joined.text) if rules.heredocs else ():
                _passed(heredoc, rest)
        except UnreadableError as why:
            raise BadLineError(line.number, why) from None


def _passed(heredoc: Heredoc, rest: Iterator[Physical]) -> None:
    if not any(heredoc.ends_with(_measured(data).text) for data in rest):
        raise UnreadableError(f"a line {heredoc.name} that ends the heredoc", "none")


def _content(line: Physical, text: str) -> str:
    """Return what *text* of *line* says; nothing, if it is a comment."""
    _measured(line)
    text = text.rstrip("\r\n")
    return "" if text.lstrip(SPACES).startswith("#") else text


def _continued(line: Physical, rules: Rules) -> str:
    if rules.indented_comments or line.text.startswith("#"):
        return _content(line, line.text)
    return _measured(line).text.rstrip("\r\n")


def _measured(line: Physical) -> Physical:
    size = len(line.text.removesuffix("\n").encode())
    if size > LONGEST_LINE:
        raise UnreadableError(f"lines of at most {LONGEST_LINE} bytes", size)
    return line


def _heredocs_of(found: Instruction, line: str) -> tuple[Heredoc, ...]:
    acting = found.trigger or found
    if acting.name not in _MAY_HAVE_HEREDOCS or json_items(acting.args.text) is not None:
        return ()
    return heredocs(line)


class _Joined:
    """A logical line while it grows."""

    def __init__(self, escape: str, rules: Rules) -> None:
        self._escape = escape
        self._rules = rules
        self._texts: list[str] = []
        self._pieces: list[_Piece] = []
        self._length = 0
        self._last = 0

    def takes(self, line: Physical, text: str) -> bool:
        """Add *text* of *line*; return whether the logical line ends here."""
        bare = text.rstrip(" \t")
        goes_on = bare.endswith(self._escape)
        if self._rules.doubled_escapes and bare[-2:-1] == self._escape:
            goes_on = False
        kept = bare[:-1] if goes_on else text
        start = line.start + len(line.text.rstrip("\r\n")) - len(text)
        self._texts.append(kept)
        self._pieces.append(_Piece(self._length, start, len(kept)))
        self._length += len(kept)
        self._last = line.number
        return not goes_on

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def instruction(self, line: Physical, newline: str) -> Instruction:
        parts = split(Word(self.text, 0), self._escape)
        trigger = None
        if parts.name.lower() == "onbuild" and parts.args.text:
            trigger = self._made(line, newline, self._agreed(parts.args), None)
        return self._made(line, newline, parts, trigger)

    def _agreed(self, trigger: Word) -> Split:
        """Return what *trigger* will be, read now and read again by whoever builds upon it.

        BuildKit keeps it as text, and reads that with a backslash as its escape
        character whatever this file says.
        """
        now, then = split(trigger, self._escape), split(trigger, "\\")
        if now != then or (self._escape != "\\" and trigger.text.endswith("\\")):
            raise UnreadableError("a trigger that reads the same with \\ as escape", trigger.text)
        return now

    def _made(
        self, line: Physical, newline: str, parts: Split, trigger: Instruction | None
    ) -> Instruction:
        return Instruction(
            name=parts.name.lower(),
            flags=parts.flags,
            args=parts.args,
            line=line.number,
            last=self._last,
            start=line.start,
            newline=newline,
            escape=self._escape,
            trigger=trigger,
            pieces=tuple(self._pieces),
        )
