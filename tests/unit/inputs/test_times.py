"""Moments and lengths of time, as they are shown."""

import pytest

from ringfence.inputs.times import duration, moment


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (1_700_000_000, "2023-11-14 22:13:20 UTC"),  # `date -u -d @1700000000`
        (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        (253_402_300_800, "after the year 9999"),
        (2**256 - 1, "after the year 9999"),
    ],
)
def test_moments(timestamp: int, shown: str) -> None:
    """In UTC, to the second, as far as the calendar goes."""
    assert moment(timestamp) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 seconds"), (1, "1 second"), (3_600, "1 hour"), (604_800, "7 days"), (93_784, "1 day 2 hours 3 minutes 4 seconds")],
)
def test_durations(seconds: int, shown: str) -> None:
    """Every unit that counts something, the largest first."""
    assert duration(seconds) == shown
