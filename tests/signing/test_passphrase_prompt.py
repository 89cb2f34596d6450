"""A human types at a real pseudo-terminal, and the program's own streams lead elsewhere."""

import os
import select
import subprocess
import sys
import termios

import pytest

from trustlib.errors import SigningError
from trustlib.signing.passphrases import Prompt, Purpose, Question

SECRET = "correct horse battery"

# A session leader that opens a terminal gets it as /dev/tty (Linux, BSD with TIOCSCTTY).
PROGRAM = """
import fcntl, os, sys, termios
terminal = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
except OSError:
    pass
from trustlib.errors import SigningError
from trustlib.signing.passphrases import Prompt, Purpose, Question
question = Question(name="k", where="alice.key", role="root", purpose=Purpose(sys.argv[2]))
try:
    for offered in Prompt().passphrases(question):
        print("offered", offered, flush=True)
        if offered == b"correct horse battery":
            break
    print("done", sys.stdin.read(), flush=True)
except SigningError as error:
    print("refused", error)
"""


class Terminal:
    """The human's end of a pseudo-terminal whose other end a program has."""

    def __init__(self, purpose, ahead=""):
        self.shown = b""
        self.human, self.other = os.openpty()
        self.types(ahead)
        self.program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, os.ttyname(self.other), purpose],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def sees(self, text):
        """Wait until *text* is on the screen, below what was seen before."""
        while text.encode() not in self.shown:
            assert select.select([self.human], [], [], 30)[0], f"{text!r} is not in {self.shown!r}"
            self.shown += os.read(self.human, 1024)
        before, _, self.shown = self.shown.partition(text.encode())
        return before + text.encode()

    def types(self, text):
        os.write(self.human, text.encode())

    def end(self, piped=b"piped"):
        """Let the program finish; returns what it printed."""
        printed, _ = self.program.communicate(piped, timeout=60)
        while select.select([self.human], [], [], 0)[0]:
            self.shown += os.read(self.human, 1024)
        return printed.decode()

    @property
    def echoes(self):
        return bool(termios.tcgetattr(self.other)[3] & termios.ECHO)


@pytest.fixture
def sitting_at():
    there = []

    def sit(purpose, **more):
        there.append(Terminal(purpose, **more))
        return there[-1]

    yield sit
    for terminal in there:
        terminal.program.kill()
        terminal.program.communicate()
        os.close(terminal.human)
        os.close(terminal.other)


def test_a_passphrase_is_asked_for_though_standard_input_is_a_pipe(sitting_at):
    terminal = sitting_at("unlock")
    terminal.sees("Passphrase for alice.key (root): ")
    assert not terminal.echoes
    terminal.types(f"{SECRET}\n")

    assert f"offered {SECRET.encode()!r}\ndone piped\n" == terminal.end()
    assert terminal.echoes


def test_nothing_that_is_typed_is_echoed(sitting_at):
    terminal = sitting_at("unlock")
    seen = terminal.sees("(root): ")
    terminal.types("hunter2\n")
    seen += terminal.sees("That was wrong (2 of 3). Passphrase for alice.key (root): ")
    terminal.types(f"{SECRET}\n")
    terminal.end()
    seen += terminal.shown

    assert b"hunter2" not in seen
    assert SECRET.encode() not in seen


def test_after_three_tries_nobody_is_asked_any_more(sitting_at):
    terminal = sitting_at("unlock")
    for told in ("", "That was wrong (2 of 3). ", "That was wrong (3 of 3). "):
        terminal.sees(f"{told}Passphrase for alice.key (root): ")
        terminal.types("wrong\n")

    assert 3 * "offered b'wrong'\n" + "done piped\n" == terminal.end()


@pytest.mark.parametrize("nothing", ["\n", "\x04"], ids=["an empty line", "the end"])
def test_nothing_typed_is_no_answer(sitting_at, nothing):
    terminal = sitting_at("unlock")
    terminal.sees("(root): ")
    terminal.types(nothing)

    assert "done piped\n" == terminal.end()


def test_a_line_that_is_too_long_is_refused_and_reaches_nobody(sitting_at):
    terminal = sitting_at("unlock")
    terminal.sees("(root): ")
    terminal.types("x" * 1500 + "\n")

    assert "is no line of at most 1024 bytes" in terminal.end()
    assert terminal.echoes
    assert not select.select([terminal.other], [], [], 0)[0]


def test_a_new_passphrase_is_typed_twice(sitting_at):
    terminal = sitting_at("create")
    terminal.sees("New passphrase for alice.key (root): ")
    terminal.types(f"{SECRET}\n")
    terminal.sees("The same once more: ")
    assert not terminal.echoes
    terminal.types(f"{SECRET}\n")

    assert f"offered {SECRET.encode()!r}\ndone piped\n" == terminal.end()


def test_a_short_or_mistyped_new_passphrase_is_asked_for_again(sitting_at):
    terminal = sitting_at("create")
    terminal.sees("(root): ")
    terminal.types("elf letters\n")
    terminal.sees("That has fewer than 12 characters. New passphrase for alice.key (root): ")
    terminal.types(f"{SECRET}\n")
    terminal.sees("The same once more: ")
    terminal.types(f"{SECRET}!\n")
    terminal.sees("The two were different. New passphrase for alice.key (root): ")
    terminal.types(f"{SECRET}\n")
    terminal.sees("The same once more: ")
    terminal.types(f"{SECRET}\n")

    assert f"offered {SECRET.encode()!r}\ndone piped\n" == terminal.end()


def test_characters_are_counted_and_not_bytes(sitting_at):
    terminal = sitting_at("create")
    terminal.sees("(root): ")
    terminal.types("äöüäöüäöü\n")
    terminal.sees("fewer than 12 characters")

    terminal.types("\n")
    assert "done" in terminal.end()


def test_a_new_passphrase_is_given_up_after_three_tries(sitting_at):
    terminal = sitting_at("create")
    for _ in range(3):
        terminal.sees("New passphrase")
        terminal.types("short\n")

    assert (
        "refused alice.key (root): no new passphrase after 3 tries; nothing was changed\n"
        == terminal.end()
    )


def test_an_interrupt_leaves_a_terminal_that_echoes(sitting_at):
    terminal = sitting_at("unlock")
    terminal.sees("(root): ")
    terminal.types("\x03")
    terminal.end()

    assert 0 != terminal.program.returncode
    assert terminal.echoes


def test_what_was_typed_ahead_is_no_passphrase(sitting_at):
    """Somebody was typing into another program when this one began to ask."""
    terminal = sitting_at("unlock", ahead="ls -l\n")
    terminal.sees("(root): ")
    terminal.types(f"{SECRET}\n")

    assert f"offered {SECRET.encode()!r}\ndone piped\n" == terminal.end()


def test_without_a_terminal_the_error_says_what_to_use_instead(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "nothing", tmp_path / "file", "/dev/null"):
        for purpose in Purpose:
            question = Question(name="k", where="k", purpose=purpose)
            with pytest.raises(SigningError, match="there is no terminal to ask on; take"):
                list(Prompt(terminal=path).passphrases(question))
