"""The rate of each stretch of time is looked at, and none pays for another."""

import pytest

from trustlib.errors import TransportError
from trustlib.limits import Limits
from trustlib.metering import Pace

LIMITS = Limits(patience=10.0, minimum_rate=100.0)


def test_a_slow_start_is_given_some_patience():
    pace = Pace("a/file", LIMITS)
    pace.add(0, 10.0)

    with pytest.raises(
        TransportError, match=r"99 bytes in 11 seconds, which is below 100"
    ) as error:
        pace.add(99, 1.0)
    assert "a/file" == error.value.where


def test_what_is_fast_enough_may_go_on_for_ever():
    pace = Pace("a/file", LIMITS)

    for _ in range(1000):
        pace.add(101, 1.0)


def test_a_fast_start_buys_no_time_to_drip():
    """T-93."""
    pace = Pace("a/file", LIMITS)
    pace.add(1_000_000_000, 10.1)
    pace.add(0, 9.0)

    with pytest.raises(TransportError):
        pace.add(1, 2.0)


def test_time_without_a_byte_counts():
    pace = Pace("a/file", LIMITS)

    with pytest.raises(TransportError):
        for _ in range(11):
            pace.add(0, 1.0)
