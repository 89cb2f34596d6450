"""Reading around the entries of a large file is reading it, or it is not done."""

import os
from random import Random

import pytest
from wire.large_files import compared, damaged, seeds, spaced

from trustlib._times import WHOLE_SECONDS
from trustlib._types import TARGETS
from trustlib.wire.large import read_around

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
