"""A key file is opened with the first passphrase that is right, and none that was wrong is seen again."""

import logging
import traceback

import pytest

from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.signing import Algorithm, KeyFile
from trustlib.signing.passphrases import (
    FirstOf,
    FromEnvironment,
    Purpose,
    Question,
    Remembered,
    chosen,
    generated,
    reencrypted,
    unlocked,
)

RIGHT = "correct horse"  # what the fixtures' keys are under
WRONG = "hunter2 hunter2"


class Asked:
    """A source that keeps the questions."""

    def __init__(self, *answers):
        self.answers, self.questions, self.offered = answers, [], 0

    def passphrases(self, question):
        self.questions.append(question)
        for answer in self.answers:
            self.offered += 1
            yield answer


class Failing:
    def passphrases(self, question):
        raise SigningError("source", "cannot be asked")
        yield


@pytest.fixture
def file(quick, placed):
    return placed(*quick)


def silent(caught):
    """Check that no passphrase is in the error, in its traceback with variables, or in its attributes."""
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in shown.stack if "/trustlib/" in frame.filename]
    told = repr(caught.value.__dict__) + repr(caught.value) + "".join(str(f.locals) for f in frames)
    assert frames
    assert WRONG not in told
    assert RIGHT not in told
    return caught.value


def test_the_first_right_passphrase_opens_a_key(file):
    source = Asked(WRONG, RIGHT.encode(), "never asked for")

    assert file.key == unlocked(file, source).key
    assert 2 == source.offered


def test_whoever_is_asked_is_told_which_key_it_is_and_why(file):
    source = Asked(RIGHT)
    unlocked(file, source, role="root", why="to sign version 3")
    [question] = source.questions

    assert ("alice.key", str(file.path)) == (question.name, question.where)
    assert ("root", "to sign version 3", Purpose.UNLOCK) == (
        question.role,
        question.why,
        question.purpose,
    )


def test_wrong_passphrases_are_a_typed_error_that_repeats_none(file, caplog):
    """T-70."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(WrongPassphraseError) as caught:
        unlocked(file, Asked(WRONG, WRONG.encode(), WRONG))

    assert str(file.path) == silent(caught).what
    assert caught.value.__context__ is None
    assert "" == caplog.text


def test_nobody_is_asked_about_a_key_that_has_no_passphrase(openssl, placed):
    """T-70."""
    source = Asked(RIGHT)
    file = placed(openssl("genpkey", "-algorithm", "ed25519"))

    with pytest.raises(SigningError, match="is not encrypted, so nobody was asked"):
        unlocked(file, source)

    assert [] == source.questions


def test_nobody_is_asked_about_a_key_that_others_can_read(quick, placed):
    source = Asked(RIGHT)

    with pytest.raises(SigningError, match="can be read or written by others"):
        unlocked(placed(*quick, mode=0o644), source)

    assert [] == source.questions


def test_a_source_that_knows_nothing_is_said_to_know_nothing(file):
    with pytest.raises(SigningError, match="no source had a passphrase") as caught:
        unlocked(file, FirstOf(Asked(), FromEnvironment({"root": "ROOT"}, {})), role="root")

    assert not isinstance(caught.value, WrongPassphraseError)


def test_a_passphrase_that_opens_another_key_is_not_tried_further(quick, placed, made):
    """It is right; the public half beside it is another's."""
    source = Asked(RIGHT, WRONG)
    file = placed(quick[0], made.public_path.read_bytes())

    with pytest.raises(SigningError, match="holds another key than") as caught:
        unlocked(file, source)

    silent(caught)
    assert 1 == source.offered


def test_no_passphrase_is_in_the_traceback_of_the_source_that_fails_next(file):
    with pytest.raises(SigningError, match="cannot be asked") as caught:
        unlocked(file, Remembered(FirstOf(Asked(WRONG), Failing())))

    silent(caught)


def test_a_session_asks_once_for_each_key(quick, placed):
    source = Asked(RIGHT)
    session = Remembered(source)
    one, two = placed(*quick), placed(*quick, name="bob.key")
    for _ in range(3):
        unlocked(one, session)
        unlocked(two, session)

    assert 2 == len(source.questions)


def test_a_robot_is_given_its_passphrases_by_role(quick, placed):
    robot = FromEnvironment({"root": "ACME_ROOT", "targets": "ACME_TARGETS"}, {"ACME_ROOT": RIGHT})
    file = placed(*quick)

    assert file.key == unlocked(file, robot, role="root").key
    with pytest.raises(SigningError, match="no source"):
        unlocked(file, robot, role="targets")


# -- new passphrases ----------------------------------------------------------------------


def test_a_new_key_is_under_a_new_passphrase(tmp_path):
    source = Asked(RIGHT, "never asked for")
    file = generated(tmp_path / "carol.key", source, algorithm=Algorithm.ECDSA_P256, role="root")
    [question] = source.questions

    assert ("carol.key", Purpose.CREATE, "root") == (question.name, question.purpose, question.role)
    assert file.key == KeyFile(tmp_path / "carol.key").unlock(RIGHT).key
    assert "ecdsa-sha2-nistp256" == file.key.scheme


def test_without_a_new_passphrase_there_is_no_new_key(tmp_path):
    with pytest.raises(SigningError, match="no source had a passphrase for the new key"):
        generated(tmp_path / "carol.key", Asked())

    assert [] == list(tmp_path.iterdir())


def test_a_key_that_cannot_be_written_gives_no_passphrase_away(made):
    with pytest.raises(SigningError, match="exists already") as caught:
        generated(made.path, Asked(RIGHT))

    silent(caught)


def test_a_key_gets_a_new_passphrase_from_another_source(file):
    old, new = Asked(WRONG, RIGHT), Asked("a new passphrase")
    reencrypted(file, old=old, new=new, role="root")

    assert [Purpose.UNLOCK] == [q.purpose for q in old.questions]
    assert [Purpose.CREATE] == [q.purpose for q in new.questions]
    assert file.key == file.unlock("a new passphrase").key


def test_no_new_passphrase_is_asked_for_where_the_old_one_is_wrong(file):
    before, new = file.path.read_bytes(), Asked("a new passphrase")

    with pytest.raises(WrongPassphraseError):
        reencrypted(file, old=Asked(WRONG), new=new)

    assert [] == new.questions
    assert before == file.path.read_bytes()


@pytest.mark.parametrize("new", [Asked(), Failing()], ids=["nothing", "a failure"])
def test_a_key_stays_as_it_was_where_no_new_passphrase_is_had(file, new):
    before = file.path.read_bytes()

    with pytest.raises(SigningError) as caught:
        reencrypted(file, old=Asked(RIGHT), new=new)

    silent(caught)
    assert before == file.path.read_bytes()


def test_a_session_remembers_the_new_passphrase_and_not_the_old_one(file):
    class Human:
        def passphrases(self, question):
            yield RIGHT if question.purpose is Purpose.UNLOCK else "a new passphrase"

    session = Remembered(Human())
    unlocked(file, session)
    reencrypted(file, old=session, new=session)

    assert file.key == unlocked(file, session).key


def test_what_is_new_gets_the_first_passphrase_that_is_known():
    question = Question(name="a backup", where="a backup", purpose=Purpose.CREATE)
    silence = Asked()

    assert b"first" == chosen(FirstOf(silence, Asked(b"first", b"second")), question)
    with pytest.raises(SigningError, match="a backup: no source had a passphrase"):
        chosen(silence, question)
