"""Figures as a person reads them: enough digits, a unit, an interval, and never a minus before nothing."""

import math

import pytest

from ringfence.inputs.figure_text import GROUP, exact, figure, interval, number


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (45.8349, "bp of supply", "45.8"),
        (149.22, "bp of supply", "149"),
        (1.98, "bp of supply", "1.98"),
        (0.0361, "bp of supply", "0.036"),
        (0.0, "bp of supply", "0"),
        (7.0, "hours", "7"),
        (24508992.4, "asset", f"24{GROUP}508{GROUP}992"),
        (-1234.5, "asset", f"\N{MINUS SIGN}1{GROUP}234"),
        (-0.0, "asset", "0"),
        (-1e-9, "asset", "0.000"),
        (0.0061, "probability", "0.61"),
        (0.0311, "part a year", "3.11"),
        (1e18, "asset", "1e+18"),
        (math.nan, "asset", "not a number"),
        (math.inf, "asset", "more than can be said"),
        (-math.inf, "asset", "less than can be said"),
    ],
)
def test_a_number_has_the_digits_that_matter(value: float, unit: str, shown: str) -> None:
    """Three or so, whole from a hundred on, parts of one as hundredths, digits in groups."""
    assert number(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (50.0, "bp of supply", "50"),
        (50.25, "bp of supply", "50.25"),
        (0.001, "probability", "0.1"),
        (86.255, "", "86.255"),
        (1234567.0, "", f"1{GROUP}234{GROUP}567"),
        (-0.125, "", "\N{MINUS SIGN}0.125"),
        (0.0, "", "0"),
        (1e9, "", f"1{GROUP}000{GROUP}000{GROUP}000"),
    ],
)
def test_what_was_stated_keeps_its_digits(value: float, unit: str, shown: str) -> None:
    """A bound or a term is not rounded."""
    assert exact(value, unit) == shown


def test_an_interval_and_a_unit_follow() -> None:
    """As everywhere: value, from, to, unit."""
    assert interval(38.2, 54.1) == "38.2 to 54.1"
    assert figure(45.83, 38.2, 54.1, "bp of supply") == "45.8 (38.2 to 54.1) bp of supply"
    assert figure(0.0061, 0.0046, 0.0078, "probability") == "0.61 (0.46 to 0.78) % of futures"
