"""Times digit for digit: strict unless somebody asks for what Go writes, and never without end."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from core.worlds import SECOND, World, as_json, only_version, refreshed, signed_json, signer
from hypothesis import given
from hypothesis import strategies as st

from trustlib import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TUF_JSON,
    TUF_JSON_RFC3339,
    Anchor,
    Authority,
    ExpiredError,
    MalformedError,
    ThresholdError,
)
from trustlib._json import Cursor
from trustlib._times import RFC_3339, WHOLE_SECONDS
from trustlib._types import TOP_LEVEL
from trustlib.roles import Root, Snapshot, Targets, Timestamp
from trustlib.verify import verify

KINDS = {ROOT: Root, TIMESTAMP: Timestamp, SNAPSHOT: Snapshot, TARGETS: Targets}


def utc(*fields):
    return datetime(*fields, tzinfo=UTC)


# -- the grammar ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-12-18T13:28:12.99008-06:00", utc(2021, 12, 18, 19, 28, 12)),  # Sigstore's first
        ("2022-05-11T19:09:02.663975009Z", utc(2022, 5, 11, 19, 9, 2)),
        ("2030-01-31T00:00:00Z", utc(2030, 1, 31)),
        ("2030-01-31T00:00:00+00:00", utc(2030, 1, 31)),
        ("2030-01-31T00:00:00-00:00", utc(2030, 1, 31)),  # RFC 3339, 4.3: the time in UTC is known
        ("2030-01-31T00:00:00.0Z", utc(2030, 1, 31)),
        ("2030-01-31T00:00:00.999999999Z", utc(2030, 1, 31)),
        ("2030-01-31T23:59:59.999999999+23:59", utc(2030, 1, 31, 0, 0, 59)),
        ("2030-01-31T00:00:00-23:59", utc(2030, 1, 31, 23, 59)),
        ("2028-02-29T23:30:00-00:30", utc(2028, 3, 1)),
        ("0001-01-01T00:00:00Z", utc(1, 1, 1)),
        ("9999-12-31T23:59:59.9Z", utc(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_the_wider_reader_takes_fractions_and_offsets(text, moment):
    """P18."""
    read = RFC_3339.read(text)

    assert moment == read
    assert UTC is read.tzinfo


@pytest.mark.parametrize(
    "text",
    [
        # what the RFC has and nobody is known to write
        "2030-01-31t00:00:00Z", "2030-01-31T00:00:00z", "2030-01-31 00:00:00Z",
        "2030-12-31T23:59:60Z", "2030-01-31T00:00:00.0000000001Z",
        # what neither has
        "2030-1-1T0:0:0Z", "２030-01-31T00:00:00Z", "2030-01-31T00:00:00.٣Z", "2030-01-31T00:00:00+٠0:00",
        "2030-01-31T00:00:00,5Z", "2030-01-31T00:00:00.Z", "2030-01-31T00:00:00.-06:00",
        "2030-01-31T00:00:00.5", "2030-01-31T00:00:00", "2030-01-31", "2030-01-31T00:00Z",
        "2030-01-31T00:00+06:00", "20300131T000000Z", "2030-W01-1T00:00:00Z", "2030-031T00:00:00Z",
        "2030-01-31T24:00:00Z", "2030-01-31T23:60:00Z", "2030-01-31T23:59:61Z",
        "2030-02-30T00:00:00Z", "2030-02-29T00:00:00Z", "2030-04-31T00:00:00.5Z",
        "2030-00-01T00:00:00Z", "2030-13-01T00:00:00Z", "2030-01-00T00:00:00Z", "2030-01-32T00:00:00Z",
        "2030-01-31T00:00:00+24:00", "2030-01-31T00:00:00-06:60", "2030-01-31T00:00:00-6:00",
        "2030-01-31T00:00:00-0600", "2030-01-31T00:00:00-06", "2030-01-31T00:00:00-06:00:00",
        "2030-01-31T00:00:00Z+00:00", "2030-01-31T00:00:00 Z", "2030-01-31T00:00:00−06:00",
        "2030-01-31T00:00:00UTC", "2030-01-31T00:00:00.5.5Z", "2030-01-31T00:00:00.5ZZ",
        "2030-01-31T00:00:00.5Z\n", "\n2030-01-31T00:00:00.5Z", " 2030-01-31T00:00:00Z", "2030-01-31T00:00:00.5Z\0",
        # what lies outside of the years that there are, its offset taken off
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "+2030-01-31T00:00:00Z",
        "never", "", "0", "null", "Infinity", "1893456000", "9" * 5_000,
    ],
)  # fmt: skip
def test_what_neither_reader_takes_is_malformed(text):
    """P18: what cannot be read is not without end."""
    for spelling in (WHOLE_SECONDS, RFC_3339):
        assert None is spelling.read(text)
        with pytest.raises(MalformedError) as error:
            Cursor(text, "x.json").time(spelling)
        assert spelling.like in str(error.value)


@pytest.mark.parametrize(
    "text", ["2030-01-31T00:00:00.5Z", "2030-01-31T00:00:00+00:00", "2030-01-31T00:00:00-06:00"]
)
def test_the_strict_reader_takes_whole_seconds_in_utc_only(text):
    """P18."""
    assert None is WHOLE_SECONDS.read(text)
    assert RFC_3339.read(text)


@pytest.mark.parametrize("hour", range(100))
def test_every_field_ends_where_a_clock_does(hour):
    """Newer versions of Python read 24 o'clock as the next day; then a signature would grow old later."""
    for at in ("2030-01-31T{}:00:00Z", "2030-01-31T00:{}:00Z", "2030-01-31T00:00:{}Z"):
        bound = 24 if at.index("{") == 11 else 60
        for spelling in (WHOLE_SECONDS, RFC_3339):
            assert (hour < bound) == (spelling.read(at.format(f"{hour:02}")) is not None)


moments = st.datetimes().filter(lambda moment: 1 < moment.year < 9999)
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments, offsets, st.text("0123456789", min_size=1, max_size=9))
def test_a_moment_is_never_read_as_a_later_one_nor_a_second_earlier(moment, zone, fraction):
    local = moment.replace(microsecond=0, tzinfo=zone)
    head, tail = local.isoformat()[:19], local.isoformat()[19:]
    exact = local + timedelta(microseconds=int(fraction.ljust(9, "0")) // 1000)

    read = RFC_3339.read(f"{head}.{fraction}{tail}")

    assert read <= exact < read + SECOND
    assert 0 == read.microsecond


@given(st.text("0123456789-:.TtZz+ ", max_size=40) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", fullmatch=True))  # fmt: skip
def test_whatever_is_read_is_a_moment_and_the_wider_reader_agrees_with_the_strict(text):
    strict, wide = WHOLE_SECONDS.read(text), RFC_3339.read(text)

    assert strict in (None, wide)
    if wide is not None:
        assert text.isascii()
        assert timedelta(0) == wide.utcoffset()
        assert re.fullmatch(r"[0-9]{4}-.*", text)


# -- the format -------------------------------------------------------------------------

FRACTION = "2030-01-31T06:00:00.123456789-06:00"  # LATER is at 12:00


def as_go_writes(expires=FRACTION):
    """The files of a repository, every role of which expires at what *expires* spells."""
    world = World.create(listing=only_version)
    return {
        path: signed_json({**as_json(world.role(name)), "expires": expires}, world.by[name])
        for name, path in PATHS.items()
    }


PATHS = {
    ROOT: "1.root.json",
    TIMESTAMP: "timestamp.json",
    SNAPSHOT: "1.snapshot.json",
    TARGETS: "1.targets.json",
}


@pytest.fixture
def files():
    return as_go_writes()


def asked(files, format, **more):
    return refreshed(Anchor.root(files["1.root.json"]), files, {}, format=format, **more)


def test_a_repository_with_fractions_and_offsets_is_read_by_those_who_ask_for_it(files):
    """P18."""
    trusted = asked(files, TUF_JSON_RFC3339)

    assert utc(2030, 1, 31, 12) == trusted.valid_until
    with pytest.raises(MalformedError) as error:
        asked(files, TUF_JSON)
    assert "$.signed.expires" == error.value.path


def test_such_a_repository_expires_at_the_second_that_was_signed_and_not_a_fraction_later(files):
    """T-100: a fraction is cut off, so nothing holds longer than was said."""
    end = utc(2030, 1, 31, 12)

    asked(files, TUF_JSON_RFC3339, now=end - timedelta(microseconds=1))
    for late in (end, end + timedelta(microseconds=100_000), end + timedelta(hours=6)):
        with pytest.raises(ExpiredError) as error:
            asked(files, TUF_JSON_RFC3339, now=late)
        assert end == error.value.expired


@pytest.mark.parametrize("spelled", ["never", "", "2030-02-30T00:00:00.5Z", "2030-12-31T23:59:60Z", None, 0, {}, "9999-12-31T23:59:59-23:59"])  # fmt: skip
def test_no_time_that_cannot_be_read_means_for_ever(spelled):
    """P18: not to the wider reader either."""
    with pytest.raises(MalformedError):
        asked(as_go_writes(spelled), TUF_JSON_RFC3339)


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_a_time_that_is_spelled_anew_after_signing_spoils_the_signature(name):
    """P19: the wider reader takes every spelling of a moment, and signatures cover one."""
    who = Authority.of(signer(name).key)
    raw = World.create().raw(name)
    signed = TUF_JSON_RFC3339.parse(KINDS[name], raw)
    for spelling in (b"2030-01-31T12:00:00.0Z", b"2030-01-31T06:00:00-06:00"):
        anew = raw.replace(b"2030-01-31T12:00:00Z", spelling)
        read = TUF_JSON_RFC3339.parse(KINDS[name], anew)

        assert signed.unverified == read.unverified
        assert verify(signed, who)
        with pytest.raises(ThresholdError):
            verify(read, who)


def test_what_the_wider_format_writes_is_what_the_specification_says(files):
    role = TUF_JSON_RFC3339.parse(Timestamp, files["timestamp.json"]).unverified
    written = TUF_JSON_RFC3339.render(role)

    assert b'"expires":"2030-01-31T12:00:00Z"' in written
    assert role == TUF_JSON.parse(Timestamp, written).unverified
    assert TUF_JSON.payload(role) == TUF_JSON_RFC3339.payload(role)


def test_the_default_is_strict_and_the_two_formats_are_two_values():
    assert WHOLE_SECONDS is TUF_JSON.times
    assert TUF_JSON != TUF_JSON_RFC3339
    assert "123-06:00" in repr(TUF_JSON_RFC3339)
