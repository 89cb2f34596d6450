"""Reading around the entries of a large file is reading it, or it is not done."""

import copy
import os
import pickle
import tracemalloc
from random import Random

import pytest
from core.worlds import LATER, listing, signer
from wire.large_files import compared, damaged, large, seeds, spaced

from trustlib._frozen import FrozenMap
from trustlib._times import WHOLE_SECONDS
from trustlib._types import TARGETS
from trustlib.roles import Authority, Root, Snapshot, Targets, Timestamp
from trustlib.verify import verify
from trustlib.wire import TUF_JSON
from trustlib.wire.large import read_around
from trustlib.wire.listings import META_LISTED, TARGETS_LISTED

SEEDS = seeds()
TRIES = int(os.environ.get("TRUSTLIB_DAMAGED_FILES", "4000"))
SEED = int(os.environ.get("TRUSTLIB_DAMAGED_SEED", "1"))


def around(kind, raw, **more):
    return read_around(kind, raw, name=TARGETS, times=WHOLE_SECONDS, **more)


@pytest.mark.parametrize(("kind", "raw"), SEEDS)
@pytest.mark.parametrize("block", [16, 400, 1000, 16_384])
def test_a_canonical_file_is_read_around_its_entries(kind, raw, block):
    assert compared(kind, raw, WHOLE_SECONDS, block=block) == (block > 16)


CANONICAL = SEEDS[: len(SEEDS) // 2]


@pytest.mark.parametrize(("kind", "raw"), CANONICAL)
def test_what_is_signed_is_looked_at_where_it_stands(kind, raw):
    covered = around(kind, raw).covered

    assert isinstance(covered, memoryview)
    assert raw is covered.obj
    assert raw.endswith(bytes(covered) + b"}")


@pytest.mark.parametrize(("kind", "raw"), CANONICAL)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_what_was_read_can_be_copied(kind, raw, copied):
    document = around(kind, raw)

    assert document == copied(document)
    assert document.payload == copied(document).covered


@pytest.mark.parametrize(("kind", "raw"), CANONICAL)
@pytest.mark.parametrize(
    "how",
    [
        {"separators": (", ", ": ")},
        {"indent": "\t"},
        {"indent": 0},
        {"separators": (",\r\n", "\n:\n")},
    ],
)
def test_white_space_says_nothing(kind, raw, how):
    assert compared(kind, spaced(raw, **how), WHOLE_SECONDS, block=16_384)
    assert around(kind, raw).payload == around(kind, spaced(raw, **how)).covered


def test_damaged_files_are_read_as_without_it():
    """``TRUSTLIB_DAMAGED_FILES`` says how many, ``TRUSTLIB_DAMAGED_SEED`` which."""
    random, taken = Random(SEED), 0
    for _ in range(TRIES):
        kind, raw = random.choice(SEEDS)
        raw, block = damaged(raw, random), random.choice((200, 400, 16_384))
        try:
            taken += compared(kind, raw, WHOLE_SECONDS, block=block)
        except AssertionError as error:
            raise AssertionError(f"{kind.__name__}, block {block}: {raw!r}") from error

    assert taken > TRIES // 20  # else it was the reader who was tested


# -- what it takes ----------------------------------------------------------------------


def test_a_canonical_file_takes_no_memory_for_its_entries():
    """An order of magnitude: values of 20,000 targets are thirty megabytes, the file three."""
    many = FrozenMap({f"app-{n:05}": listing(str(n)) for n in range(20_000)})
    raw = large(Targets(version=1, expires=LATER, targets=many), "one")
    by = Authority.of(signer("one").key)
    verify(TUF_JSON.parse(Targets, raw), by)  # what is imported late is there now
    tracemalloc.start()
    try:
        proof = verify(TUF_JSON.parse(Targets, raw), by)
        found = proof.role.targets["app-12345"]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert listing("12345") == found
    assert peak < len(raw) // 4


# -- what is left to the reader ---------------------------------------------------------

HEAD = b'{"signatures":[],"signed":{"_type":"targets","expires":"2030-01-31T12:00:00Z","spec_version":"1.0.34",'
GOOD = b'"hashes":{"sha256":"' + b"0" * 64 + b'"},"length":1}'


def file_of(entries, before=b"", after=b""):
    return HEAD + before + b'"targets":{' + entries + b'},"version":1' + after + b"}}"


@pytest.mark.parametrize(
    "entries",
    [
        b"",
        b'"a":{' + GOOD + b",",
        b'"a":{' + GOOD + b',"a":{' + GOOD,
        b'"b":{' + GOOD + b',"a":{' + GOOD,
        b'"a":{' + GOOD + b'"b":{' + GOOD,
        b'"":{' + GOOD,
        b'"a\\u0062":{' + GOOD,
        b'"a":{"custom":{"b":1,"a":2},' + GOOD,
        b'"a":{"custom":{"a":1,"a":1},' + GOOD,
        b'"a":{"custom":{"a":1.0},' + GOOD,
        b'"a":{"custom":{"a":' + b"[" * 60 + b"]" * 60 + b"}," + GOOD,
        b'"a":{"custom":{"a":1},{"b":1},' + GOOD,
        b'"a":{"custom":{"a":{}}{}},' + GOOD,
        b'"a":{"custom":[],' + GOOD,
        b'"a":{' + GOOD.replace(b"0", b"A"),
        b'"a":{' + GOOD.replace(b"0", b'"'),
        b'"a":{' + GOOD.replace(b"0" * 64, b"0" * 63),
        b'"a":{' + GOOD.replace(b"sha256", b"sha257"),
        b'"a":{' + GOOD.replace(b'"sha256":"' + b"0" * 64 + b'"', b""),
        b'"a":{' + GOOD.replace(b"1}", b"01}"),
        b'"a":{' + GOOD.replace(b"1}", b"-0}"),
        b'"a":{' + GOOD.replace(b"1}", b"1000000000000000}"),
        b'"' + b"a" * 20_000 + b'":{' + GOOD,
    ],
)
def test_what_the_pattern_does_not_know_is_left_to_the_reader(entries):
    raw = file_of(entries)

    assert around(Targets, raw) is None
    assert not compared(Targets, raw, WHOLE_SECONDS, block=16_384)


def test_what_the_pattern_knows_is_not():
    for entries in (
        b'"a":{' + GOOD,
        b'"a":{"custom":{"a":' + b"[" * 59 + b"]" * 59 + b"}," + GOOD,
        b'"a":{' + GOOD.replace(b"1}", b"0}"),
        b'"a":{' + GOOD.replace(b"1}", b"999999999999999}"),
    ):
        assert compared(Targets, file_of(entries), WHOLE_SECONDS, block=16_384)


def test_no_row_of_spaces_is_looked_at_from_each_of_them():
    """That takes quadratic time, and a file may be made of them."""
    for listed in (TARGETS_LISTED, META_LISTED):
        for pattern in (listed.checked, listed.walked, listed.spaced):
            assert pattern.pattern.startswith(b'"')


@pytest.mark.parametrize("comma", [b",", b", ", b",\n", b" , "])
def test_nothing_follows_the_last_comma(comma):
    entries = b'"a": {' + GOOD
    more = b'"b": {' + GOOD

    assert compared(Targets, file_of(entries + comma + more), WHOLE_SECONDS, block=400)
    assert around(Targets, file_of(entries + comma)) is None
    assert around(Targets, file_of(entries + comma + more + comma)) is None
    assert around(Targets, file_of(entries + comma + comma + more)) is None


@pytest.mark.parametrize(
    "raw",
    [
        file_of(b'"a":{' + GOOD, before=b'"delegations":null,'),
        file_of(b'"a":{' + GOOD, before=b'"decoy":{"targets":{"b":{' + GOOD + b"}},"),
        file_of(b'"a":{' + GOOD, after=b',"x":"these entries are elsewhere"'),
        file_of(b'"a":{' + GOOD, after=b',"x":"\\u0061"'),
        file_of(b'"a":{' + GOOD, after=b',"targets":{"a":{' + GOOD + b"}"),
        b'{"decoy":{"targets":{"a":{' + GOOD + b"}}," + file_of(b"", after=b"")[1:],
        b'{"decoy":{"targets":{"a":{' + GOOD + b"}},"
        + file_of(b"").replace(b'{},"version"', b'"\\u0074hese entries are elsewhere","version"')[1:],
        file_of(b'"a":{' + GOOD).replace(b'"signed"', b'"signee"'),
        file_of(b'"a":{' + GOOD).replace(b'"version":1', b'"version":0'),
        file_of(b'"a":{' + GOOD).replace(b"[]", b"{}"),
        file_of(b'"a":{' + GOOD) + b"}",
        file_of(b'"a":{' + GOOD)[:-1],
    ],
)  # fmt: skip
def test_what_is_not_certainly_the_object_is_left_to_the_reader(raw):
    assert around(Targets, raw) is None


def test_a_file_in_another_order_is_signed_over_its_canonical_form():
    good = file_of(b'"a":{' + GOOD)
    other = good.replace(b'"_type":"targets",', b"").replace(
        b'"version":1', b'"version":1,"_type":"targets"'
    )
    last = b'{"signed":' + good[len(b'{"signatures":[],"signed":') : -1] + b',"signatures":[]}'

    for raw in (other, last):
        assert compared(Targets, raw, WHOLE_SECONDS, block=16_384)
        assert around(Targets, good).payload == around(Targets, raw).payload
    assert isinstance(around(Targets, other).covered, bytes)
    assert isinstance(around(Targets, last).covered, memoryview)


def test_only_roles_that_may_be_large_are_read_around_their_entries():
    raw = file_of(b'"a":{' + GOOD)

    assert around(Root, raw) is None
    assert around(Timestamp, raw) is None
    assert around(Snapshot, raw) is None


def test_texts_that_publishers_say_are_forgotten_after_a_while():
    many = FrozenMap({f"app-{n:05}": listing("x", custom={"n": n % 4_300}) for n in range(4_500)})
    raw = large(Targets(version=1, expires=LATER, targets=many), "one")

    assert many == around(Targets, raw).unverified.targets
    assert many == around(Targets, spaced(raw)).unverified.targets
