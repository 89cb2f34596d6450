"""Somebody who follows a page word for word, at a terminal."""

import os
import pty
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

_BLOCK = re.compile(r"^```(\S+)(?: \S+)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CAPTION = re.compile(r"\A:caption: (\S+)\n")
_ASKED = re.compile(rb"(?:assphrase for [^\n]*|The same once more): $")


@frozen
class File:
    """A file that the page wants to be written."""

    name: str
    text: str


@frozen
class Typed:
    """A line that the page wants to be typed, and what it says will come of it."""

    command: str
    answer: str

    def answered_by(self, said: str) -> bool:
        """Return whether *said* is the answer, where ``…`` stands for anything on a line."""
        pieces = [re.escape(piece) for piece in self.answer.split("…")]
        return re.fullmatch("[^\n]*".join(pieces), said) is not None


def steps(page: str) -> Iterator[File | Typed]:
    """Return what the page wants to be done, in its order."""
    for kind, text in _BLOCK.findall(page):
        if kind == "console":
            for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, answer = step.partition("\n")
                yield Typed(command, answer)
        elif caption := _CAPTION.match(text):
            yield File(caption[1], text[caption.end() :])


def said(
    command: str,
    folder: Path,
    environment: dict[str, str],
    passphrase: str,
    inside: Sequence[str] = (),
) -> str:
    """Type *command* at a terminal, answer its questions, and return what can be read there then."""
    line = [*inside, "bash", "-c", command]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe(line[0], line, environment)
    seen = b""
    answered = 0
    while piece := _read(terminal):
        seen += piece
        if _ASKED.search(seen) and len(seen) > answered:
            answered = len(seen)
            os.write(terminal, f"{passphrase}\n".encode())
    os.close(terminal)
    os.waitpid(child, 0)
    return seen.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # whoever wrote has ended (Linux)
        return b""
