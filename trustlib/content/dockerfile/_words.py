"""Quotes and variables as BuildKit's word lexer reads them, its oddities included.

It looks like a shell and is none, and what it does with a quote that is never
closed decides where a heredoc ends. So this follows it step by step, a shared
buffer that forgets half a word included (:meth:`_Lexer.word`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.content.dockerfile import _patterns
from trustlib.content.dockerfile._reading import (
    BOM,
    DEEPEST,
    LONGEST_EXPANSION,
    SPACES,
    WIDER,
    UnreadableError,
)
from trustlib.errors import LimitError


@frozen
class Unknown:
    """The value of a variable that the text alone does not tell.

    Attributes:
        names: what it hangs on.
    """

    names: tuple[str, ...]


Value: TypeAlias = str | Unknown
Variables: TypeAlias = Mapping[str, Value]


@frozen(kw_only=True)
class Dialect:
    """How one caller of the lexer wants its words.

    Attributes:
        escape: the escape character.
        quotes: kept, or taken off.
        escapes: kept, or taken off.
        unset: a variable that has no value is kept as it is written, or is empty.
    """

    escape: str = "\\"
    quotes: bool = False
    escapes: bool = False
    unset: bool = False


_MODIFIERS: Final = "one of the modifiers - + ? :- :+ :? # % /"

HEREDOC_LINE: Final = Dialect(quotes=True, escapes=True, unset=True)
HEREDOC_NAME: Final = Dialect(unset=True)
HEREDOC_NAME_AS_WRITTEN: Final = Dialect(quotes=True, unset=True)


@frozen
class Expanded:
    """A word after expansion.

    Attributes:
        text: the word.
        words: what it falls into at spaces that are not quoted.
        unset: variables that were read, have no value, and for which the text
            says no other.
        unknown: variables that were read, and whose value hangs on something
            that nobody said.
    """

    text: str
    words: tuple[str, ...]
    unset: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Variables without which nobody can say what the word is."""
        return (*self.unknown, *self.unset)


def expanded(word: str, variables: Variables, dialect: Dialect) -> Expanded:
    """Return *word* with its quotes read and its *variables* replaced.

    Raises:
        UnreadableError: BuildKit would refuse it.
        LimitError: it grows too long, or is nested too deeply.
    """
    lexer = _Lexer(word.removeprefix(BOM), variables, dialect)
    text, words = lexer.word("", escapes=dialect.escapes)
    return Expanded(text, tuple(words), tuple(lexer.unset), tuple(lexer.unknown))


def heredoc_words(text: str, dialect: Dialect) -> tuple[str, ...]:
    """Return the words of *text*, in which no variable has a value."""
    return expanded(text, FrozenMap[str, Value](), dialect).words


class _Words:
    """The words so far, over the buffer of the half-finished one."""

    def __init__(self, buffer: list[str]) -> None:
        self.buffer = buffer
        self.found: list[str] = []
        self._inside = False

    def spell(self, text: str) -> None:
        for char in text:
            if char not in SPACES:
                self.keep(char)
            elif self._inside and self.buffer:
                self.end()
                self._inside = False

    def keep(self, text: str) -> None:
        if text:
            self.buffer.append(text)
        self._inside = True

    def end(self) -> None:
        if self.buffer:
            self.found.append("".join(self.buffer))
            self.buffer.clear()


@frozen
class _Read:
    """What ``$name`` gave: a value, and whether there is one."""

    value: str = ""
    there: bool = field(default=False)


class _Lexer:
    def __init__(self, source: str, variables: Variables, dialect: Dialect) -> None:
        self._source, self._at = source, 0
        self._variables, self._dialect = variables, dialect
        self._escapes = dialect.escapes
        self._buffer: list[str] = []
        self._depth = self._grown = 0
        self.unset: dict[str, None] = {}
        self.unknown: dict[str, None] = {}

    def _peek(self) -> str:
        """Return the next character, or an empty string at the end."""
        return self._source[self._at : self._at + 1]

    def _next(self) -> str:
        char = self._peek()
        self._at += len(char)
        return char

    def word(self, stop: str, *, escapes: bool) -> tuple[str, list[str]]:
        """Read until *stop*, or until the end if that is empty."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise LimitError("levels of ${…} in each other", DEEPEST, advice=WIDER)
        before, self._escapes = self._escapes, escapes
        try:
            return self._word(stop)
        finally:
            self._escapes = before
            self._depth -= 1

    def _word(self, stop: str) -> tuple[str, list[str]]:
        # One buffer for all levels, as in BuildKit: a word that goes on behind
        # ${x:-y} has lost what came before. Heredocs are found by such words.
        self._buffer.clear()
        words, result = _Words(self._buffer), list[str]()
        special: dict[str, Callable[[], str]] = {
            "$": self._dollar,
            "<": self._angle,
            "'": self._single,
            '"': self._double,
        }
        while char := self._peek():
            if char == stop:
                self._next()
                words.end()
                return "".join(result), words.found
            if char in special:
                piece = special[char]()
                result.append(piece)
                (words.spell if char == "$" else words.keep)(piece)
                continue
            self._next()
            if char != self._dialect.escape:
                words.spell(char)
                result.append(char)
                continue
            if self._escapes:
                words.keep(char)
                result.append(char)
            escaped = self._next()
            if not escaped:
                break
            words.keep(escaped)
            result.append(escaped)
        if stop:
            raise UnreadableError(f"a matching {stop}", "the end")
        words.end()
        return "".join(result), words.found

    def _grow(self, value: str) -> None:
        self._grown += len(value)
        if self._grown > LONGEST_EXPANSION:
            raise LimitError("characters of expanded variables", LONGEST_EXPANSION, advice=WIDER)

    def _single(self) -> str:
        opened = self._at
        closed = self._source.find("'", opened + 1)
        if closed < 0:
            raise UnreadableError("a matching single quote", "the end")
        self._at = closed + 1
        quote = "'" if self._dialect.quotes else ""
        return quote + self._source[opened + 1 : closed] + quote

    def _double(self) -> str:
        self._next()
        quote = '"' if self._dialect.quotes else ""
        result = [quote]
        while char := self._peek():
            if char == "$":
                result.append(self._dollar())
                continue
            self._next()
            if char == '"':
                return "".join([*result, quote])
            if char == self._dialect.escape:
                if self._escapes:
                    result.append(char)
                following = self._peek()
                if not following:
                    continue
                if following in ('"', "$", self._dialect.escape):
                    char = self._next()
            result.append(char)
        raise UnreadableError("a matching double quote", "the end")

    def _angle(self) -> str:
        self._next()
        if self._peek() != "<":
            return "<"
        self._next()
        start = self._at
        while self._peek() and self._peek() in "\t\r ":
            self._next()
        return "<<" + self._source[start : self._at]

    def _dollar(self) -> str:
        self._next()
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            return self._plain(name, f"${name}")
        self._next()
        if not self._peek():
            raise UnreadableError("a matching }", "the end")
        if self._peek() in "{}:":
            raise UnreadableError("a variable in ${…}", "a bad substitution")
        name = self._name()
        modifier = self._next()
        if modifier == "}":
            return self._plain(name, f"${{{name}}}")
        if modifier == "/":
            return self._replaced(name)
        if modifier == ":":
            modifier += self._next()
        elif not modifier or modifier not in "+-?#%":
            raise UnreadableError(_MODIFIERS, modifier)
        if modifier in (":#", ":%"):
            raise UnreadableError(_MODIFIERS, modifier)
        return self._modified(name, modifier)

    def _modified(self, name: str, modifier: str) -> str:
        word, _ = self.word("}", escapes=modifier in ("#", "%"))
        read = self._read(name)
        kept = f"${{{name}{modifier}{word}}}"
        if self._dialect.unset and not read.there:
            return kept
        counts = read.there and not (modifier.startswith(":") and not read.value)
        match modifier[-1]:
            case "-":
                return read.value if counts else word
            case "+":
                return word if counts else ""
            case "?":
                if not counts and name not in self.unknown:
                    raise UnreadableError(f"a value for {name}", word or "none")
                return read.value
            case "#" | "%" as kind:
                return self._trimmed(kind, name, word, read)
        raise UnreadableError(_MODIFIERS, modifier)

    def _trimmed(self, kind: str, name: str, word: str, read: _Read) -> str:
        self._needs(name, read)
        longest = word.startswith(kind)
        pattern = _patterns.tokens(word[1:] if longest else word)
        trim = _patterns.without_suffix if kind == "%" else _patterns.without_prefix
        return trim(pattern, read.value, -1 if longest else 0)

    def _replaced(self, name: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self._next()
        pattern, _ = self.word("/", escapes=True)
        by, _ = self.word("}", escapes=True)
        read = self._read(name)
        if self._dialect.unset and not read.there:
            return f"${{{name}/{pattern}/{by}}}"
        self._needs(name, read)
        replace = _patterns.replaced_everywhere if everywhere else _patterns.replaced_once
        return replace(_patterns.tokens(pattern), read.value, by)

    def _plain(self, name: str, kept: str) -> str:
        read = self._read(name)
        if self._dialect.unset and not read.there:
            return kept
        self._needs(name, read)
        return read.value

    def _needs(self, name: str, read: _Read) -> None:
        if not read.there and name not in self.unknown:
            self.unset[name] = None

    def _read(self, name: str) -> _Read:
        value = self._variables.get(name)
        if isinstance(value, Unknown):
            self.unknown.update(dict.fromkeys((name, *value.names)))
            return _Read()
        if value is None:
            return _Read()
        self._grow(value)
        return _Read(value, there=True)

    def _name(self) -> str:
        if self._peek().isdecimal():
            start = self._at
            while self._peek().isdecimal():
                self._next()
            return self._source[start : self._at]
        if self._peek() and self._peek() in "@*#?-$!":
            return self._next()
        start = self._at
        while (char := self._peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
            self._next()
        return self._source[start : self._at]
