"""Which heredocs a line announces, and so which lines after it are no instructions."""

from __future__ import annotations

import re

from attrs import frozen

from trustlib.content.dockerfile import _words
from trustlib.content.dockerfile._reading import UnreadableError

_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)")


@frozen
class Heredoc:
    """``<<name``: the lines up to *name* are data.

    Attributes:
        name: the line that ends it.
        tabs: a hyphen was written: tabs before the closing name do not count.
    """

    name: str
    tabs: bool

    def ends_with(self, line: str) -> bool:
        """Return whether *line* closes it."""
        line = line.rstrip("\r\n")
        return self.name == (line.lstrip("\t") if self.tabs else line)


def heredocs(line: str) -> tuple[Heredoc, ...]:
    """Return the heredocs that *line* announces, in order.

    The escape character is always the backslash here, whatever the file says.
    A line with a quote that is never closed announces none.

    Raises:
        UnreadableError: one of them has a name that cannot be read.
    """
    if "<<" not in line:
        return ()
    try:
        words = _words.heredoc_words(line, _words.HEREDOC_LINE)
    except UnreadableError:
        return ()
    return tuple(found for word in words if (found := heredoc(word)) is not None)


def heredoc(word: str) -> Heredoc | None:
    """Return the heredoc that *word* is, or None.

    Raises:
        UnreadableError: its name cannot be read.
    """
    match = _HEREDOC.fullmatch(word)
    if match is None or not match[3]:
        return None
    names = _words.heredoc_words(match[3], _words.HEREDOC_NAME)
    if len(names) != 1:
        return None
    as_written = _words.heredoc_words(match[3], _words.HEREDOC_NAME_AS_WRITTEN)
    if len(as_written) != 1:
        raise UnreadableError("the name of a heredoc", word)
    return Heredoc(names[0], match[2] == "-")
