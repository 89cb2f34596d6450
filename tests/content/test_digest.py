"""A digest is one of two hashes, spelled in one way."""

import hashlib
import operator
import pickle

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from trustlib.content import Digest

A = "a" * 64

algorithms = st.sampled_from([("sha256", 64), ("sha512", 128)])
digests = algorithms.flatmap(
    lambda known: st.text("0123456789abcdef", min_size=known[1], max_size=known[1]).map(
        lambda digits: Digest(known[0], digits)
    )
)


@given(digests)
def test_what_str_writes_parse_reads(digest):
    assert digest == Digest.parse(str(digest))


def test_a_digest_is_read_into_its_parts():
    digest = Digest.parse(f"sha256:{A}")

    assert "sha256" == digest.algorithm
    assert A == digest.hex
    assert f"sha256:{A}" == str(digest)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_digest_of_bytes_is_their_hash(algorithm):
    expected = hashlib.new(algorithm, b"manifest").hexdigest()

    assert Digest(algorithm, expected) == Digest.of(b"manifest", algorithm)


def test_bytes_are_hashed_with_sha256_unless_told_otherwise():
    """The value is the published one for the empty input."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert f"sha256:{empty}" == str(Digest.of(b""))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "sha256",
        "sha256:",
        f":{A}",
        A,
        f"sha256:{A[1:]}",
        f"sha256:{A}a",
        f"sha256:{A.upper()}",
        f"SHA256:{A}",
        f"Sha256:{A}",
        f"sha256:{'g' * 64}",
        f"sha256:{'a' * 128}",
        f"sha512:{A}",
        f"sha256:{A}\n",
        f" sha256:{A}",
        f"sha256: {A[1:]}",
        f"sha256::{A}",
        f"sha256:sha256:{A}",
        f"sha256:{'١' * 64}",
        f"sha256:{'ａ' * 64}",
        f"sha256-{A}",
        f"sha256+b64:{A}",
        f"sha256:../../{A[6:]}",
        "md5:" + "a" * 32,
        "sha1:" + "a" * 40,
        "sha224:" + "a" * 56,
        "sha384:" + "a" * 96,
        f"blake2s:{A}",
        f"sha3_256:{A}",
        f"sha512_256:{A}",
        f"__class__:{A}",
    ],
)
def test_anything_but_a_listed_algorithm_and_its_digits_is_refused(text):
    with pytest.raises(ValueError, match="digest: expected sha256:<64 lower-case hex digits>"):
        Digest.parse(text)


def test_a_digest_cannot_be_made_around_the_parser():
    with pytest.raises(ValueError, match="got 'md5:aaaa"):
        Digest("md5", "a" * 32)
    with pytest.raises(ValueError, match="lower-case hex digits"):
        Digest("sha256", A.upper())


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "SHA256", "shake_128", "", "nonsense"])
def test_a_weak_or_unknown_hash_is_not_computed(algorithm):
    with pytest.raises(ValueError, match="digest: expected the algorithm sha256 or sha512, got"):
        Digest.of(b"manifest", algorithm)


@given(st.text())
def test_arbitrary_text_is_a_digest_or_a_value_error(text):
    try:
        digest = Digest.parse(text)
    except ValueError:
        return

    assert text == str(digest)


@given(st.text("aAfFgG09:_-\n", max_size=80))
def test_text_after_the_algorithm_is_hex_or_refused(digits):
    try:
        digest = Digest.parse(f"sha256:{digits}")
    except ValueError:
        return

    assert 32 == len(bytes.fromhex(digest.hex))


def test_endless_digits_are_refused_with_a_short_sentence():
    for text in ("sha256:" + "a" * 100_000, "a" * 100_000, ":" * 100_000, "\ud800" * 100_000):
        with pytest.raises(ValueError) as error:
            Digest.parse(text)

        assert len(str(error.value)) < 400
        assert str(error.value).isprintable()


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_digests_have_no_order(compare):
    with pytest.raises(TypeError):
        compare(Digest.of(b"a"), Digest.of(b"b"))


def test_a_digest_is_a_value():
    digest = Digest.parse(f"sha256:{A}")

    assert {digest} == {Digest("sha256", A)}
    assert digest != Digest.of(b"other")
    assert digest == pickle.loads(pickle.dumps(digest))
    with pytest.raises(FrozenInstanceError):
        digest.hex = "b" * 64
