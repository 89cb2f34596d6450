"""Nobody is asked for the passphrase of a key before that key has something to sign."""

import copy
import pickle

import pytest
from signing.kinds import PASSPHRASE, light_file

from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.signing import Label, StoredKey
from trustlib.signing.passphrases import KeyOnDemand, unlocked


class Asked:
    def __init__(self, *answers):
        self.answers, self.questions = answers, []

    def passphrases(self, question):
        self.questions.append(question)
        yield from self.answers


@pytest.fixture
def stored(tmp_path):
    file = light_file(tmp_path / "key", PASSPHRASE)
    label = Label(role="targets", owner="alice", collection="docker.io/acme")
    return StoredKey(file.key, label, file)


def test_a_key_is_asked_for_by_its_first_signature_and_once(stored):
    source = Asked(PASSPHRASE)
    signer = KeyOnDemand(stored, source, why="to sign acme/app:1.4")

    assert (stored.key, []) == (signer.key, source.questions)
    first, second = signer.sign(b"one"), signer.sign(b"two")
    assert stored.key.verifies(first.value, b"one")
    assert stored.key.verifies(second.value, b"two")
    (question,) = source.questions
    assert stored.id == question.name
    assert f"key {stored.id[:8]} of docker.io/acme (targets), to sign acme/app:1.4" == str(question)


def test_a_key_for_whichever_collection_is_called_by_its_owner(stored):
    source = Asked(PASSPHRASE)
    label = Label(role="alice", owner="alice at work")
    KeyOnDemand(StoredKey(stored.key, label, stored.file), source).sign(b"")

    assert f"key {stored.id[:8]} of alice at work (alice)" == str(source.questions[0])


def test_who_was_wrong_is_asked_again_by_the_next_signature(stored):
    source = Asked("wrong", "wrong again")
    signer = KeyOnDemand(stored, source)

    for _ in range(2):
        with pytest.raises(WrongPassphraseError):
            signer.sign(b"one")
    assert 2 == len(source.questions)


def test_a_file_that_holds_another_key_than_the_store_says_does_not_sign(stored, tmp_path):
    other = light_file(tmp_path / "other", PASSPHRASE)

    with pytest.raises(SigningError, match="holds another key"):
        KeyOnDemand(StoredKey(stored.key, stored.label, other), Asked(PASSPHRASE)).sign(b"one")


def test_it_shows_nothing_and_is_not_copied(stored):
    signer = KeyOnDemand(stored, Asked(PASSPHRASE))
    signer.sign(b"one")

    assert PASSPHRASE not in repr(signer)
    for copied in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not pickled or copied"):
            copied(signer)


def test_a_key_of_a_store_is_opened_like_a_file(stored):
    assert stored.key == unlocked(stored, Asked(PASSPHRASE)).key
