"""What a market pays, against closed forms: of the constant product market (b = 1), and of the definitions for any other b."""

import math

import pytest

from ringfence.decisions.depth import marginal_plain, most_sold_plain, proceeds_plain, recovered_plain

SHAPES = [(a, b) for a in (1e-6, 1e-3, 0.3) for b in (0.4, 0.8, 1.0)]


def test_constant_product_by_hand() -> None:
    """A market of 100 tokens (a = 0.01) at 20: 25 bring 20 * 25 / 1.25 = 400, then 75 more 20 * (100 / 2 - 25 / 1.25) = 600."""
    assert proceeds_plain(25.0, 0.0, 20.0, 0.01, 1.0) == pytest.approx(400.0)
    assert proceeds_plain(75.0, 25.0, 20.0, 0.01, 1.0) == pytest.approx(600.0)
    assert proceeds_plain(75.0, 25.0, 20.0, 0.0, 1.0) == 1500.0
    assert marginal_plain(100.0, 0.01, 1.0) == 0.25
    assert most_sold_plain(0.25, 0.01, 1.0) == pytest.approx(100.0)


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_the_next_unit_brings_the_slope_of_the_proceeds(a: float, b: float) -> None:
    """g = F': a small sale after `used` brings its part of the price, to second order; nothing used, all of it."""
    for used in (0.5, 30.0, 4e4):
        small = used * 1e-5
        slope = proceeds_plain(small, used - small / 2, 3.0, a, b) / (3.0 * small)
        assert marginal_plain(used, a, b) == pytest.approx(slope, rel=1e-6)
    assert marginal_plain(0.0, a, b) == 1.0


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_as_much_is_sold_as_brings_the_part(a: float, b: float) -> None:
    """most_sold undoes marginal, on both sides of where its root changes form."""
    for part in (0.01, 0.05, 0.3, 0.5, 0.9, 0.999):
        assert marginal_plain(most_sold_plain(part, a, b), a, b) == pytest.approx(part, rel=1e-9)


def test_the_edges_of_what_can_be_sold() -> None:
    """Nothing at the whole price, anything for nothing, anything in a market without an end."""
    assert most_sold_plain(1.0, 0.01, 0.5) == most_sold_plain(1.0, 0.0, 0.5) == most_sold_plain(1.5, 0.0, 0.5) == 0.0
    assert most_sold_plain(0.0, 0.01, 0.5) == most_sold_plain(0.9, 0.0, 1.0) == math.inf


def test_a_market_forgets() -> None:
    """The part that is kept still weighs, until it is negligible: at the limit it is."""
    assert recovered_plain(8.0, 0.5, 1.0) == 4.0
    assert recovered_plain(2.0, 0.5, 1.0) == 0.0
