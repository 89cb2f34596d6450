"""Flags and arguments of one instruction, with where each character stands.

BuildKit takes flags off the front of an instruction, quotes and escapes in
them read; what is left are its arguments. A flag's value is rewritten in
place, so every character of it remembers its position.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from attrs import frozen

from trustlib.content.dockerfile._reading import BLANKS, SPACES, UnreadableError

_BLANK = re.compile(f"[{BLANKS}]+")
_WORD = re.compile(f"[^{BLANKS}]+")


class Word(NamedTuple):
    """A run of characters and where it stands in its line."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@frozen(kw_only=True)
class Flag:
    """``--name=value``, its quotes and escapes read.

    Attributes:
        text: all of it.
        at: where in the line each character of ``text`` stands.
        start: where it begins in the line.
        end: where it ends, a closing quote included.
    """

    text: str
    at: tuple[int, ...]
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.text.partition("=")[0][2:]

    @property
    def value(self) -> str | None:
        """What follows the first ``=``, or None where there is none."""
        _, equals, value = self.text.partition("=")
        return value if equals else None


class Split(NamedTuple):
    """An instruction in three parts."""

    name: str
    flags: tuple[Flag, ...]
    args: Word


def split(line: Word, escape: str) -> Split:
    """Return what *line* asks for, with which flags, and of what.

    Raises:
        UnreadableError: a flag is not ASCII: BuildKit reads flags byte by byte.
    """
    text = trimmed(line)
    blank = _BLANK.search(text.text)
    if blank is None:
        return Split(text.text, (), Word("", text.end))
    flags, at = _flags(text.text, blank.end(), text.start, escape)
    return Split(text.text[: blank.start()], flags, trimmed(Word(text.text[at:], text.start + at)))


def trimmed(word: Word) -> Word:
    """Return *word* without the spaces around it."""
    text = word.text.lstrip(SPACES)
    return Word(text.rstrip(SPACES), word.start + len(word.text) - len(text))


def _flags(line: str, at: int, offset: int, escape: str) -> tuple[tuple[Flag, ...], int]:
    """Return the flags of *line* from *at* on, and where its arguments begin."""
    found: list[Flag] = []
    while True:
        while at < len(line) and line[at] in "\t\n\v\f\r ":
            at += 1
        if not line.startswith("--", at):
            return tuple(found), at
        start, chars = at, list[tuple[str, int]]()
        at, quoted = _flag(line, at, escape, chars)
        text = "".join(char for char, _ in chars)
        if not text.isascii():
            raise UnreadableError("flags in ASCII", text)
        if text == "--":
            return tuple(found), at
        if text or quoted:
            places = tuple(offset + place for _, place in chars)
            found.append(Flag(text=text, at=places, start=offset + start, end=offset + at))


def _flag(line: str, at: int, escape: str, chars: list[tuple[str, int]]) -> tuple[int, bool]:
    """Add the characters of the flag at *at* to *chars*; return its end, and if it has quotes."""
    quote, quoted = "", False
    while at < len(line):
        char = line[at]
        if not quote and char in "\t\n\v\f\r ":
            break
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, quoted = char, True
        elif char != escape:
            chars.append((char, at))
        elif at + 1 < len(line):
            at += 1
            chars.append((line[at], at))
        else:
            quote = ""
        at += 1
    return at, quoted


def words(args: Word) -> tuple[Word, ...]:
    """Return *args* split at blanks, in which quotes mean nothing."""
    return tuple(Word(m[0], args.start + m.start()) for m in _WORD.finditer(args.text))


def two_parts(text: str) -> list[str]:
    """Return *text* split at its first run of blanks."""
    return _BLANK.split(text, maxsplit=1)


def quoted_words(text: str, escape: str) -> Iterator[str]:
    """Yield the words of *text*; quotes hold words together, and stay."""
    at = 0
    while at < len(text):
        if text[at] in SPACES:
            at += 1
            continue
        start_of_next, word = _quoted_word(text, at, escape)
        if word:
            yield word
        at = start_of_next


def _quoted_word(text: str, at: int, escape: str) -> tuple[int, str]:
    word, quote = list[str](), ""
    while at < len(text) and (quote or text[at] not in SPACES):
        char = text[at]
        if char == escape and quote != "'":
            # At the very end of the line it is dropped; elsewhere both stay.
            word += text[at : at + 2] if at + 1 < len(text) else ""
            at += 2
            continue
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        word.append(char)
        at += 1
    return at, "".join(word)


class Part(NamedTuple):
    """One part between commas, and where each of its characters stands in the text."""

    text: str
    at: tuple[int, ...]


def comma_separated(text: str) -> tuple[Part, ...]:
    """Return the fields of the one CSV record *text*.

    Raises:
        UnreadableError: it is empty, or a quote stands where none may.
    """
    if not text:
        raise UnreadableError("fields separated by commas", text)
    parts, at = list[Part](), 0
    while True:
        part, at = _quoted(text, at) if text.startswith('"', at) else _bare(text, at)
        parts.append(part)
        if at == len(text):
            return tuple(parts)
        at += 1


def _bare(text: str, at: int) -> tuple[Part, int]:
    end = text.find(",", at)
    end = len(text) if end < 0 else end
    if '"' in text[at:end]:
        raise UnreadableError("a field without a quote in it", text[at:end])
    return Part(text[at:end], tuple(range(at, end))), end


def _quoted(text: str, at: int) -> tuple[Part, int]:
    start, places = at, list[int]()
    at += 1
    while True:
        closed = text.find('"', at)
        if closed < 0:
            raise UnreadableError("a closing quote", text[start:])
        places.extend(range(at, closed))
        at = closed + 1
        if not text.startswith('"', at):
            break
        places.append(at)
        at += 1
    if at < len(text) and text[at] != ",":
        raise UnreadableError("a comma behind a quoted field", text[at:])
    return Part("".join(text[place] for place in places), tuple(places)), at
