"""The rule in floats where it turns: what rest a sale to a target leaves, and when it takes all."""

import pytest

from ringfence.lab.rule import close_amount, incentive, phase_in


def test_a_rest_of_exactly_the_least_debt_stays() -> None:
    """Of 100 at a value of 110 a target of half, without incentive and penalty, repays (100 - 55) / (1 - 0.5) = 90 and leaves 10."""
    assert close_amount(0.5, 10.0, 110.0, 100.0, 0.0, 0.0) == 90.0
    assert close_amount(0.5, 10.5, 110.0, 100.0, 0.0, 0.0) == 100.0


def test_a_target_that_no_sale_reaches_takes_all() -> None:
    """Where a sale hands out more than the target leaves for it, 0.9 * 1.1 * 1.02 > 1, no part of the debt is enough."""
    assert close_amount(0.9, 0.0, 130.0, 120.0, 0.1, 0.02) == 120.0
    assert close_amount(0.0, 0.0, 130.0, 120.0, 0.1, 0.02) == 120.0


def test_an_incentive_by_hand() -> None:
    """1 % and 0.001 % a second for 100 s and a tenth of what health lacks of 1; in a window of 400 s what is over 2 % comes by and by."""
    assert incentive(0.01, 1e-5, 0.1, 1.0, 0.9, 100.0) == pytest.approx(0.021)
    assert incentive(0.01, 1e-5, 0.1, 0.02, 0.9, 100.0) == 0.02
    assert phase_in(0.06, 0.02, 100.0, 400.0) == pytest.approx(0.03)
    assert phase_in(0.06, 0.02, 400.0, 400.0) == phase_in(0.06, 0.08, 0.0, 400.0) == 0.06
