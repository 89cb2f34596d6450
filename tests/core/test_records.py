"""What a store remembers for itself; damage says nothing."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib._frozen import FrozenMap
from trustlib.records import Floors, parse_clock, render_clock

MOMENT = datetime(2030, 1, 31, 12, 30, 59, tzinfo=UTC)


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


@given(st.dictionaries(st.binary(max_size=3).map(sha256), st.integers(1, 2**53 - 1), max_size=4))
def test_floors_are_read_as_they_were_written(accepted):
    floors = Floors(FrozenMap(accepted))

    assert floors == Floors.parse(floors.render())


def test_floors_know_files_by_their_hash():
    floors = Floors().knowing(b"new", 3, stored=())

    assert 3 == floors.accepted_by(b"new")
    assert None is floors.accepted_by(b"old")
    assert f"{sha256(b'new')} 3\n".encode() == floors.render()
    assert None is Floors().accepted_by(b"new")


def test_floors_keep_what_is_stored_and_forget_what_is_not():
    floors = Floors().knowing(b"a", 1, stored=()).knowing(b"b", 2, stored=(b"a",))

    assert (1, 2) == (floors.accepted_by(b"a"), floors.accepted_by(b"b"))
    floors = floors.knowing(b"c", 3, stored=(b"b", b"never seen"))
    assert (None, 2, 3) == tuple(map(floors.accepted_by, (b"a", b"b", b"c")))
    assert None is floors.accepted_by(b"never seen")


def test_a_file_accepted_again_is_known_by_the_later_root():
    floors = Floors().knowing(b"a", 1, stored=()).knowing(b"a", 2, stored=(b"a",))

    assert 2 == floors.accepted_by(b"a")


GOOD = f"{'a' * 64} 7"


@pytest.mark.parametrize(
    "line",
    [
        "", " ", "a 7", f"{'a' * 63} 7", f"{'a' * 65} 7", f"{'A' * 64} 7", f"{'g' * 64} 7",
        f"{'a' * 64} 0", f"{'a' * 64} 07", f"{'a' * 64} -1", f"{'a' * 64} +1", f"{'a' * 64}  7",
        f"{'a' * 64} 7 ", f" {'a' * 64} 7", f"{'a' * 64}", f"{'a' * 64} {'9' * 17}", f"{'a' * 64} 7x",
        f"{'a' * 64} 1.0",
    ],
)  # fmt: skip
def test_lines_that_were_not_written_so_are_skipped(line):
    other = f"{'b' * 64} 8"

    assert FrozenMap({"b" * 64: 8}) == Floors.parse(f"{line}\n{other}\n".encode()).accepted
    assert (
        FrozenMap({"a" * 64: 7, "b" * 64: 8}) == Floors.parse(f"{GOOD}\n{other}".encode()).accepted
    )


@given(st.none() | st.binary())
def test_no_record_is_too_damaged_to_read(raw):
    assert isinstance(Floors.parse(raw), Floors)
    assert parse_clock(raw) is None or parse_clock(raw).tzinfo is UTC


def test_a_damaged_byte_says_nothing_of_a_line():
    assert Floors() == Floors.parse(GOOD.encode().replace(b"a", b"\xe1", 1))


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_clock_is_read_as_it_was_written(moment):
    assert moment == parse_clock(render_clock(moment))


def test_the_clock_is_written_for_people_too():
    assert b"2030-01-31T12:30:59+00:00\n" == render_clock(MOMENT)


@pytest.mark.parametrize(
    "raw",
    [None, b"", b"\n", b"never", b"2030-01-31T12:30:59", b"2030-01-31", b"\xff", b"0",
     b"2030-01-31T12:30:59+01:00", "２030-01-31T12:30:59+00:00".encode(), b"2030-02-30T00:00:00+00:00"],
)  # fmt: skip
def test_a_damaged_clock_says_nothing(raw):
    assert None is parse_clock(raw)


def test_a_clock_is_in_utc():
    assert timedelta() == parse_clock(b"2030-01-31T12:30:59Z").utcoffset()
