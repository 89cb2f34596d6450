"""DER has one spelling for each value, and only that is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib.signing._der import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    DerReader,
    der,
    der_integer,
)


@given(st.integers(0, 2**64 - 1))
def test_what_is_written_as_an_integer_is_read_as_it(number):
    assert number == DerReader(der_integer(number)).integer()


@given(st.binary(max_size=300))
def test_what_is_written_as_octets_is_read_as_them(octets):
    reader = DerReader(der(SEQUENCE, der(OCTET_STRING, octets)))

    assert octets == reader.within().take(OCTET_STRING)
    reader.finish()


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x04", id="no length"),
        pytest.param(b"\x04\x82\x01", id="half a length"),
        pytest.param(b"\x04\x02a", id="cut short"),
        pytest.param(b"\x04\x80a\x00\x00", id="indefinite length"),
        pytest.param(b"\x04\x81\x01a", id="long form of a short length"),
        pytest.param(b"\x04\x82\x00\x81" + b"a" * 129, id="leading zero in a length"),
        pytest.param(b"\x04\x89" + b"\xff" * 9, id="length of nine bytes"),
        pytest.param(b"\x24\x03\x04\x01a", id="constructed octets"),
        pytest.param(b"\x05\x00", id="another tag"),
    ],
)
def test_octets_are_not_read_from(encoded):
    with pytest.raises(DerError):
        DerReader(encoded).take(OCTET_STRING)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="negative"),
        pytest.param(b"\x00\x01", id="leading zero"),
        pytest.param(b"\x01" + b"\x00" * 8, id="2**64"),
        pytest.param(b"\x01" * 5000, id="long"),
        pytest.param(b"\x00" * 5000, id="zeros"),
    ],
)
def test_an_integer_is_not_read_from(content):
    with pytest.raises(DerError):
        DerReader(der(INTEGER, content)).integer()


def test_nothing_may_follow_the_last_element():
    reader = DerReader(der_integer(1) + b"\x00")
    reader.integer()

    with pytest.raises(DerError, match="1 bytes too many"):
        reader.finish()


@given(st.binary(max_size=12))
def test_an_integer_that_is_read_is_spelled_as_we_would(data):
    reader = DerReader(data)
    try:
        number = reader.integer()
        reader.finish()
    except DerError:
        return

    assert data == der_integer(number)
