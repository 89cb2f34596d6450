"""The bytes are checked piece by piece, and nothing is let through at the end."""

import hashlib

import pytest
from downloads.artifacts import DATA, OTHER, found
from hypothesis import given
from hypothesis import strategies as st

from trustlib import MismatchError, TooLongError
from trustlib.downloads.expected import Checked, Expected


def checked(wanted, *pieces):
    running = Checked(Expected.of(wanted))
    for piece in pieces:
        running.take(piece)
    running.complete()


@given(st.lists(st.binary(max_size=20)))
def test_the_right_bytes_are_right_however_they_come(pieces):
    checked(found(b"".join(pieces)), *pieces)


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_only_the_right_bytes_are_right(right, other):
    if right == other:
        checked(found(right), other)
    else:
        with pytest.raises((MismatchError, TooLongError)):
            checked(found(right), other)


@pytest.mark.parametrize("by", [("sha256",), ("sha512",)])
def test_each_hash_that_is_listed_alone_is_checked(by):
    checked(found(DATA, by=by), DATA)
    with pytest.raises(MismatchError) as error:
        checked(found(DATA, by=by), OTHER)

    expected = hashlib.new(by[0], DATA).hexdigest()
    got = hashlib.new(by[0], OTHER).hexdigest()
    assert (f"{by[0]} of tools/app.tgz", expected, got) == (
        error.value.what,
        error.value.expected,
        error.value.got,
    )
    assert ("acme", "§5.7.3") == (error.value.role, error.value.step)


@pytest.mark.parametrize("wrong", ["sha256", "sha512"])
def test_each_of_several_hashes_is_checked(wrong):
    """T-44."""
    with pytest.raises(MismatchError, match=f"{wrong} of"):
        checked(found(DATA, **{wrong: hashlib.new(wrong, OTHER).hexdigest()}), DATA)


def test_a_hash_that_is_not_known_here_does_not_count():
    checked(found(DATA, by=("sha256",), blake9="00"), DATA)
    with pytest.raises(MismatchError) as error:
        Expected.of(found(DATA, by=(), blake9="00", md5="11"))

    assert (
        "acme: expected a hash of tools/app.tgz by sha256 or sha512, got blake9, md5;"
        " this is not what the repository vouched for"
    ) == str(error.value)


def test_too_few_bytes_are_named_before_their_hashes():
    with pytest.raises(MismatchError, match=r"length of tools/app.tgz 3, got 2"):
        checked(found(b"abc"), b"ab")


def test_a_byte_too_many_is_refused_at_once_and_not_counted():
    running = Checked(Expected.of(found(b"abc")))
    running.take(b"ab")
    with pytest.raises(TooLongError) as error:
        running.take(b"cd")

    assert 2 == running.so_far
    assert ("tools/app.tgz", 3, "§5.7.3") == (
        error.value.path,
        error.value.limit,
        error.value.step,
    )
    assert "this is not the file that the repository vouched for" in str(error.value)


def test_a_length_that_is_not_that_of_the_hashed_bytes_is_no_way_in():
    for length in (len(DATA) - 1, len(DATA) + 1):
        with pytest.raises((MismatchError, TooLongError)):
            checked(found(DATA, length=length), DATA)


def test_no_two_contents_share_a_draft():
    """Not even where one lists more hashes: a wrong one among them would poison the other's draft."""
    listed = [
        found(DATA),
        found(OTHER),
        found(DATA, by=("sha256",)),
        found(DATA, by=("sha512",)),
        found(DATA, length=5),
        found(DATA, sha256="../../etc/passwd"),
    ]
    names = {Expected.of(one).identity for one in listed}

    assert len(listed) == len(names)
    assert all(name.isalnum() and len(name) == 32 for name in names)
    assert Expected.of(found(DATA)).identity == Expected.of(found(DATA, path="other")).identity


def test_hostile_names_do_not_flood_an_error():
    with pytest.raises(MismatchError) as error:
        checked(found(b"abc", path="a\n\x1b[31m" + "x" * 10_000), b"ab")

    assert len(str(error.value)) < 400
    assert str(error.value).isprintable()
