"""A source offers what it was pointed to, says clearly what is wrong with it, and shows nothing."""

import copy
import os
import pickle
import stat
import sys
import time
import traceback

import keyring
import pytest
from keyring.backend import KeyringBackend

from trustlib.errors import SigningError
from trustlib.signing.passphrases import (
    FirstOf,
    FromCommand,
    FromDescriptor,
    FromEnvironment,
    FromFile,
    FromKeyring,
    Prompt,
    Purpose,
    Question,
    Remembered,
)

SECRET = "correct horse"
ALICE = Question(name="alice.key", where="/keys/alice.key", role="targets", why="to sign version 3")
BOB = Question(name="bob.key", where="/keys/bob.key", role="targets")


def offers(source, question=ALICE):
    return list(source.passphrases(question))


def refusal(source, question=ALICE):
    """Why *source* cannot be asked; nothing that it knows is in the error or its traceback."""
    with pytest.raises(SigningError) as caught:
        offers(source, question)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    theirs = [frame for frame in shown.stack if "/trustlib/" in frame.filename]
    told = "".join(str(frame.locals) for frame in theirs) + repr(caught.value)
    assert theirs
    assert SECRET not in told
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


# -- questions ----------------------------------------------------------------------------


def test_a_question_names_the_key_its_role_and_the_reason():
    assert "/keys/alice.key (targets), to sign version 3" == str(ALICE)
    assert "/keys/bob.key" == str(Question(name="bob.key", where="/keys/bob.key"))


def test_a_question_cannot_play_with_a_terminal():
    """The names may come from somebody's metadata."""
    hostile = Question(name="k", where="k", role="\x1b[2Jroot", why="\r" + "x" * 1000)

    assert str(hostile).isprintable()
    assert len(str(hostile)) < 200


# -- the environment ----------------------------------------------------------------------


def test_a_variable_is_found_by_the_key_and_else_by_its_role():
    environment = {"ALICE": "one", "TARGETS": "two"}
    source = FromEnvironment({"alice.key": "ALICE", "targets": "TARGETS"}, environment)

    assert [b"one"] == offers(source)
    assert [b"two"] == offers(source, BOB)
    assert [] == offers(source, Question(name="carol.key", where="carol.key"))


def test_a_variable_that_is_not_set_is_no_answer():
    assert [] == offers(FromEnvironment({"targets": "TARGETS"}, {}))


def test_only_named_variables_are_read(monkeypatch):
    monkeypatch.setenv("targets", SECRET)
    monkeypatch.setenv("TARGETS", "another")

    assert [] == offers(FromEnvironment({"root": "targets"}))
    assert [b"another"] == offers(FromEnvironment({"targets": "TARGETS"}))


def test_a_variable_that_is_empty_is_a_mistake():
    assert "$TARGETS: is empty" in refusal(FromEnvironment({"targets": "TARGETS"}, {"TARGETS": ""}))


def test_a_variable_with_two_lines_is_a_mistake():
    source = FromEnvironment({"targets": "TARGETS"}, {"TARGETS": f"{SECRET}\nmore"})

    assert "more than one line" in refusal(source)
    assert SECRET not in repr(source)


# -- files --------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    def write(data, mode=0o600):
        path = tmp_path / "passphrase"
        path.write_bytes(data)
        path.chmod(mode)
        return FromFile(path)

    return write


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_holds_one_passphrase_with_or_without_a_line_end(written, end):
    assert [SECRET.encode()] == offers(written(f"{SECRET}{end}".encode()))


def test_spaces_belong_to_the_passphrase(written):
    assert [b" two words "] == offers(written(b" two words \n"))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(written, mode):
    assert "can be read or written by others" in refusal(written(SECRET.encode(), mode))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (f"{SECRET}\nmore".encode(), "more than one line"),
        (f"{SECRET}\n\n".encode(), "more than one line"),
        (SECRET.encode() * 100, "longer than the 1024 bytes"),
        (b"x" * 100_000, "longer than the"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(written, data, problem):
    assert problem in refusal(written(data))


def test_a_passphrase_may_have_1024_bytes(written):
    assert [b"x" * 1024] == offers(written(b"x" * 1024 + b"\n"))
    assert "longer" in refusal(written(b"x" * 1025))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "there is no such file" in refusal(FromFile(tmp_path / "nothing"))


def test_a_tilde_is_the_home_directory():
    assert os.path.expanduser("~/p") == str(FromFile("~/p").path)


# -- descriptors --------------------------------------------------------------------------


@pytest.fixture
def piped():
    opened = []

    def pipe(data):
        reading, writing = os.pipe()
        opened.append(reading)
        os.write(writing, data)
        os.close(writing)
        return FromDescriptor(reading)

    yield pipe
    for descriptor in opened:
        os.close(descriptor)


def test_a_descriptor_is_read_once_to_its_end(piped):
    source = piped(f"{SECRET}\n".encode())

    assert [SECRET.encode()] == offers(source)
    assert [] == offers(source)


def test_what_comes_in_pieces_is_one_passphrase():
    script = "import os,sys,time; os.write(1, b'two '); time.sleep(0.05); os.write(1, b'pieces')"
    reading, writing = os.pipe()
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", script], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1)]
    )  # fmt: skip
    os.close(writing)

    assert [b"two pieces"] == offers(FromDescriptor(reading))
    os.close(reading)
    os.waitpid(pid, 0)


def test_an_endless_descriptor_is_not_read_to_its_end():
    with open("/dev/zero", "rb") as zeroes:
        assert "longer than the 1024 bytes" in refusal(FromDescriptor(zeroes.fileno()))


def test_a_descriptor_with_two_lines_is_a_mistake(piped):
    assert "more than one line" in refusal(piped(f"{SECRET}\nmore".encode()))


def test_a_descriptor_that_is_closed_is_an_error():
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)

    assert "cannot be read" in refusal(FromDescriptor(reading))


# -- the keyring --------------------------------------------------------------------------


class InMemory:
    """A keyring's backend."""

    def __init__(self, passwords):
        self.passwords = passwords

    def get_password(self, service, username):
        return self.passwords.get((service, username))


class Locked:
    def get_password(self, service, username):
        raise RuntimeError(f"{SECRET} cannot be had: locked")


def test_a_keyring_is_asked_for_the_name_of_the_key():
    source = FromKeyring("trust", InMemory({("trust", "alice.key"): SECRET}))

    assert [SECRET] == offers(source)
    assert [] == offers(source, BOB)
    assert SECRET not in repr(source)


def test_a_locked_keyring_is_an_error():
    assert "the keyring does not answer: RuntimeError" in refusal(FromKeyring("trust", Locked()))


def test_the_keyring_package_is_asked_where_no_backend_is_named():
    """The real package, with a backend of its own that has no keyring."""

    class Mine(KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            return f"{service} {username}"

        def set_password(self, service, username, password): ...

        def delete_password(self, service, username): ...

    before = keyring.get_keyring()
    keyring.set_keyring(Mine())
    try:
        assert ["trust alice.key"] == offers(FromKeyring("trust"))
    finally:
        keyring.set_keyring(before)


def test_without_the_package_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert "trustlib-tuf[keyring]" in refusal(FromKeyring("trust"))


# -- commands -----------------------------------------------------------------------------


def python(script, **more):
    return FromCommand([sys.executable, "-c", script], **more)


def test_a_command_prints_the_passphrase():
    source = python(f"print({SECRET!r})")

    assert [SECRET.encode()] == offers(source)


def test_a_command_is_told_which_key_it_is_about():
    script = (
        "import os; print([os.environ['TRUSTLIB_' + n] for n in ('KEY', 'ROLE', 'WHY', 'PURPOSE')])"
    )

    assert [b"['/keys/alice.key', 'targets', 'to sign version 3', 'unlock']"] == offers(
        python(script)
    )


def test_a_hostile_role_cannot_break_the_environment_of_a_command():
    question = Question(name="k", where="k", role="a\0b=c")

    assert [b"a\\x00b=c"] == offers(
        python("import os; print(os.environ['TRUSTLIB_ROLE'])"), question
    )


def test_no_shell_reads_a_command():
    assert [b"$HOME; `id` *"] == offers(FromCommand(["printf", "%s", "$HOME; `id` *"]))
    with pytest.raises(TypeError, match="no shell"):
        FromCommand("pass show trust")
    with pytest.raises(ValueError, match="a program and its arguments"):
        FromCommand([])


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (f"print({SECRET!r}); raise SystemExit(3)", "failed with status 3"),
        (f"print({SECRET!r}); print('more')", "more than one line"),
        ("pass", "is empty"),
        (f"while True: print({SECRET!r} * 100)", "more than the 1024 bytes"),
        (f"print({SECRET!r}, flush=True); import time; time.sleep(60)", "took longer than 1 seconds"),
        (f"import os, time; print({SECRET!r}, flush=True); os.close(1); time.sleep(60)", "took longer than 1 seconds"),
    ],
)  # fmt: skip
def test_a_command_that_does_something_else_is_refused(script, problem):
    began = time.monotonic()

    assert problem in refusal(python(script, seconds=1))
    assert time.monotonic() - began < 30


def test_a_command_whose_child_keeps_its_output_open_is_left_behind():
    """Killing the command does not end its children; nobody waits for those."""
    script = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])"

    assert "took longer" in refusal(python(script, seconds=0.5))


def test_a_command_that_is_not_there_is_refused(tmp_path):
    assert "cannot be run: No such file" in refusal(FromCommand([str(tmp_path / "nothing")]))


def test_a_command_gets_no_standard_input():
    assert [b"''"] == offers(python("import sys; print(repr(sys.stdin.read()))"))


def test_a_command_is_asked_again_only_as_often_as_its_owner_says(tmp_path):
    script = f"f = open({str(tmp_path / 'log')!r}, 'a+'); f.write('x'); print('answer', f.tell())"

    assert [b"answer 1"] == offers(python(script))
    assert [b"answer 2", b"answer 3"] == offers(python(script, tries=2))


def test_the_arguments_of_a_command_are_not_printed():
    """Nobody should put a secret there; somebody will."""
    assert SECRET not in repr(FromCommand(["vault", f"--token={SECRET}"]))


# -- mixtures -----------------------------------------------------------------------------


class Counting:
    """A source that says how often it was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = answers, 0

    def passphrases(self, question):
        for answer in self.answers:
            self.asked += 1
            yield answer


class Failing:
    def passphrases(self, question):
        raise SigningError("source", "cannot be asked")
        yield


def test_sources_are_asked_in_their_order_and_only_if_needed():
    one, two = Counting("a", b"b"), Counting("c")

    assert ["a", b"b", "c"] == offers(FirstOf(one, two))
    assert "a" == next(FirstOf(one, two).passphrases(ALICE))
    assert 1 == two.asked
    assert [] == offers(FirstOf())


def test_what_was_right_is_not_asked_again():
    source = Counting("wrong", "right")
    remembered = Remembered(source)
    first = remembered.passphrases(ALICE)
    next(first), next(first)
    first.close()

    assert b"right" == next(remembered.passphrases(ALICE))
    assert 2 == source.asked


def test_what_was_wrong_is_forgotten():
    source = Counting("wrong")
    remembered = Remembered(source)

    assert ["wrong"] == offers(remembered)
    assert ["wrong"] == offers(remembered)
    assert 2 == source.asked


def test_a_remembered_answer_that_became_wrong_is_replaced():
    answers = iter(["old", "new"])

    class Changing:
        def passphrases(self, question):
            yield next(answers)

    remembered = Remembered(Changing())
    assert "old" == next(remembered.passphrases(ALICE))
    again = remembered.passphrases(ALICE)

    assert [b"old", "new"] == [next(again), next(again)]
    again.close()
    assert b"new" == next(remembered.passphrases(ALICE))


def test_a_remembered_answer_that_became_wrong_is_forgotten_where_nobody_knows_better():
    answers = ["old"]

    class Drained:
        def passphrases(self, question):
            while answers:
                yield answers.pop()

    remembered = Remembered(Drained())
    next(remembered.passphrases(ALICE))

    assert [b"old"] == offers(remembered)
    assert [] == offers(remembered)


def test_one_key_is_not_opened_with_the_answer_for_another():
    remembered = Remembered(FromEnvironment({"alice.key": "A"}, {"A": SECRET}))
    next(remembered.passphrases(ALICE))

    assert [] == offers(remembered, BOB)


def test_a_new_passphrase_is_never_one_that_is_remembered():
    remembered = Remembered(Counting("old"))
    next(remembered.passphrases(ALICE))
    creating = Question(name=ALICE.name, where=ALICE.where, purpose=Purpose.CREATE)

    assert ["old"] == offers(remembered, creating)
    assert 2 == remembered._source.asked


@pytest.mark.parametrize("forget", [lambda r: r.forget(ALICE), lambda r: r.forget_all()])
def test_what_is_remembered_can_be_forgotten_and_is_overwritten(forget):
    source = Counting(SECRET)
    remembered = Remembered(source)
    next(remembered.passphrases(ALICE))
    [kept] = remembered._known.values()
    forget(remembered)
    next(remembered.passphrases(ALICE))

    assert b"" == kept
    assert 2 == source.asked


def test_a_mixture_forgets_what_its_parts_remember():
    source = Counting(SECRET)
    mixture = FirstOf(FromEnvironment({}), Remembered(source))
    next(mixture.passphrases(ALICE))
    mixture.forget(ALICE)
    next(mixture.passphrases(ALICE))

    assert 2 == source.asked


def test_a_memory_shows_nothing_and_is_not_copied():
    remembered = Remembered(FromEnvironment({"alice.key": "A"}, {"A": SECRET}))
    next(remembered.passphrases(ALICE))

    assert SECRET not in repr(remembered) + repr(FirstOf(remembered))
    assert not hasattr(remembered, "__dict__")
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not pickled or copied"):
            duplicate(remembered)


def test_no_wrong_answer_is_in_the_traceback_when_the_next_source_fails():
    assert "cannot be asked" in refusal(Remembered(FirstOf(Counting(SECRET), Failing())))


def test_a_prompt_says_where_it_would_ask():
    assert "/dev/tty" in repr(Prompt())
    with pytest.raises(ValueError):
        Prompt(minimum=0)


def test_a_file_is_left_as_it_was(written):
    source = written(b"x")
    offers(source)

    assert 0o600 == stat.S_IMODE(source.path.stat().st_mode)
