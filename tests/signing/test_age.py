"""Backups are age files: age opens ours, we open age's, and nothing else gets through."""

import os
import pty

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st
from signing.ages import PASSPHRASE, written

from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.signing import _age


@pytest.fixture(scope="module")
def small():
    return written(b"what was backed up")


def respelled(data, before):
    """The same file, with one bit set that base64 does not use."""
    at = data.index(before) - 1
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return data[:at] + letters[letters.index(data[at]) ^ 1 :][:1] + data[at + 1 :]


def refusal(data, passphrase=PASSPHRASE):
    with pytest.raises(SigningError) as error:
        _age.decrypted(data, passphrase, what="keys.age")
    assert "keys.age" == error.value.what
    assert error.value.__context__ is None
    return error.value


# -- ours ---------------------------------------------------------------------------------


_SLOW = [
    pytest.param(length, marks=pytest.mark.slow) for length in (1, 65_535, 65_536, 65_537, 131_072)
]


@pytest.mark.parametrize("length", [0, *_SLOW])
def test_what_is_encrypted_is_decrypted(length):
    data = os.urandom(length)

    assert data == _age.decrypted(_age.encrypted(data, PASSPHRASE), PASSPHRASE, what="k")


@pytest.mark.slow
def test_two_files_of_one_content_have_nothing_in_common():
    one, two = (_age.encrypted(b"the same", PASSPHRASE) for _ in range(2))

    assert one[:32] == two[:32]  # the kind of file
    assert one[60:] != two[60:]
    assert b"the same" not in one


def test_a_wrong_passphrase_is_an_error_of_its_own(small):
    assert isinstance(refusal(small, b"wrong"), WrongPassphraseError)


# -- age's --------------------------------------------------------------------------------


def with_terminal(command, answers):
    """Run a program that insists on asking a person; returns what the person sees."""
    child, terminal = pty.fork()
    if not child:
        os.execv(command[0], [str(part) for part in command])
    seen = b""
    while True:
        try:
            seen += (piece := os.read(terminal, 4096))
        except OSError:  # what Linux says when the program has ended
            break
        if not piece:
            break
        if answers and seen.rstrip().endswith(b":"):
            os.write(terminal, answers.pop(0) + b"\n")
            seen += b"\n"
    os.close(terminal)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen.decode()
    return seen


@pytest.mark.slow
def test_age_opens_what_we_write(tmp_path, require_servers):
    [age] = require_servers("age")
    data = os.urandom(150_000)
    (tmp_path / "a").write_bytes(_age.encrypted(data, PASSPHRASE))
    with_terminal([age, "--decrypt", "-o", tmp_path / "b", tmp_path / "a"], [PASSPHRASE])

    assert data == (tmp_path / "b").read_bytes()


@pytest.mark.slow
def test_we_open_what_age_writes(tmp_path, require_servers):
    [age] = require_servers("age")
    data = os.urandom(150_000)
    (tmp_path / "a").write_bytes(data)
    with_terminal(
        [age, "--passphrase", "-o", tmp_path / "b", tmp_path / "a"], [PASSPHRASE, PASSPHRASE]
    )

    assert data == _age.decrypted((tmp_path / "b").read_bytes(), PASSPHRASE, what="k")


# -- hostile ones -------------------------------------------------------------------------


@pytest.mark.parametrize("work", [19, 22, 30, 64, 99])
def test_work_is_bounded_before_it_is_done(work):
    """2**30 would take a terabyte."""
    said = refusal(written(b"x", work=work)).reason

    assert f"N=2**{work}; N ≤ 2**18 is allowed" in said


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[:20],
        lambda data: data.replace(b"v1", b"v2", 1),
        lambda data: data.replace(b"scrypt", b"X25519", 1),
        lambda data: data.replace(b" 1\n", b" 01\n", 1),
        lambda data: data.replace(b" 1\n", b" 100\n", 1),
        lambda data: data.replace(b" 1\n", b" -1\n", 1),
        lambda data: data.replace(b" 1\n", b" 0\n", 1),
        lambda data: data.replace(b"\n---", b"\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 1\n\n---", 1),
        lambda data: data.replace(b"--- ", b"---  ", 1),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"x" + data,
        lambda data: respelled(data, b" 1\n"),
        lambda data: respelled(data, b"\n---"),
        lambda data: respelled(data, b"\nnnnnnn"),
    ],
)
def test_another_header_is_no_file_of_ours(small, change):
    assert "or its header is damaged" in refusal(change(small)).reason


def test_a_header_that_was_changed_is_noticed():
    assert "is damaged" in refusal(written(b"x", mac=bytes(32))).reason


def test_a_file_key_of_another_length_is_no_key():
    """Otherwise one file might open under two passphrases."""
    key = _age._wrapping(PASSPHRASE, b"s" * 16, 1)
    wrapped = ChaCha20Poly1305(key).encrypt(bytes(12), bytes(15), None)

    assert "header is damaged" in refusal(written(b"x", wrapped=wrapped)).reason


@pytest.mark.parametrize(
    "chunks",
    [
        [],
        [(b"x" * 65_536, False)],
        [(b"x" * 65_536, False), (b"", True)],
        [(b"x" * 65_536, True), (b"y", True)],
        [(b"x", False), (b"y", True)],
        [(b"x" * 65_537, True)],
    ],
    ids=["none", "last one cut off", "empty last one", "goes on", "short first one", "long one"],
)
def test_chunks_that_nobody_writes_are_damage(chunks):
    assert "is damaged" in refusal(written(b"", chunks=chunks)).reason


def test_a_flipped_bit_is_noticed_wherever_it_is(small):
    for at in range(len(small)):
        flipped = bytearray(small)
        flipped[at] ^= 1
        refusal(bytes(flipped))


def test_a_file_that_was_cut_short_is_noticed_at_every_length(small):
    for length in range(len(small)):
        refusal(small[:length])


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(data):
    refusal(data)
    refusal(b"age-encryption.org/v1\n-> scrypt " + data)
