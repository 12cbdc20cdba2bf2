"""Shares of a pool as another pool's collateral: their scale, their growth, and what a loss inside costs the lenders outside."""

from fractions import Fraction

import pytest

from ringfence.chain.errors import Reverted
from ringfence.model.interest import MAX_RATE
from ringfence.model.terms import PRICE_SCALE, WAD
from tests.unit.chain.composed import DAY, INCENTIVE, LIQ_LTV, MAX_LTV, OUTER_BORROWER, OUTER_DECIMALS, START, Composed

OUTER = 10**OUTER_DECIMALS


@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_a_whole_share_is_a_dollar_whatever_the_decimals(decimals: int) -> None:
    """Inner shares have six decimals more than inner's asset; 1,000 carry a debt of 500 at a health of 1.7 exactly, and 800 at most."""
    both = Composed(decimals)
    both.open_outer(OUTER_BORROWER, 1_000, 500)
    assert both.price.prices() == (PRICE_SCALE * OUTER // both.share,) * 2
    assert both.outer.health(OUTER_BORROWER, START) == LIQ_LTV * 2
    with pytest.raises(Reverted, match="pool: over max_ltv"):
        both.outer.borrow(OUTER_BORROWER, 300 * OUTER + 1, OUTER_BORROWER, OUTER_BORROWER, START)
    both.outer.borrow(OUTER_BORROWER, 300 * OUTER, OUTER_BORROWER, OUTER_BORROWER, START)


def test_a_small_share_price_keeps_its_digits() -> None:
    """At six decimals a whole share alone says no more than a millionth of its worth; asked about 1e12 shares, the vault says 18 digits."""
    both = Composed(6)
    both.lend_inner(3_000)
    loss = both.lose_inner(1_000)
    left = Fraction(10_000 * both.dollar + 1 - loss, 10_000 * both.share + 10**6)
    says, counts = both.price.rate()
    assert says == counts == left.numerator * both.share * 10**12 // left.denominator
    assert says % 10**12 != 0


@pytest.mark.parametrize(("ether", "outer_debt"), [(1_000, 800), (700, 800), (1_000, 700), (400, 600)])
def test_a_loss_inside_costs_the_lenders_outside_what_the_formula_says(ether: int, outer_debt: int) -> None:
    """With 8,000 of 10,000 lent inside at 80 % LTV and ether falling, inner loses a part p; outer then loses D - V * (1 - p) / (1 + i), or
    nothing."""
    both = Composed()
    both.lend_inner(8_000)
    both.open_outer(OUTER_BORROWER, 1_000, outer_debt)
    lost = both.lose_inner(ether)
    # Debt 8,000 on 5 ether, whose buyer pays 5 * price / 1.05.
    assert lost == pytest.approx((8_000 - 5 * ether / 1.05) * both.dollar, rel=1e-6)
    part = Fraction(lost, 10_000 * both.dollar)
    expected = max(Fraction(0), outer_debt - 1_000 * (1 - part) * WAD / (WAD + INCENTIVE))
    if not both.outer.is_healthy(OUTER_BORROWER, START):
        found = both.sell_outer(OUTER_BORROWER)
    else:
        found = 0
        assert expected == 0
    assert found / OUTER == pytest.approx(float(expected), rel=1e-9, abs=1e-9)


def test_nothing_reaches_outside_while_the_loss_inside_is_under_the_margin() -> None:
    """A loss of up to 1 - L * (1 + i) of inner's supply costs outer nothing, even if all outside stand at max_ltv: here 16 %."""
    margin = 1 - Fraction(MAX_LTV * (WAD + INCENTIVE), WAD * WAD)
    assert margin == Fraction(16, 100)
    both = Composed()
    # 3,360 lent on 2.1 ether; at 840 the buyer pays 2.1 * 840 / 1.05 = 1,680: lost are 1,680 of 10,000, a little over the margin.
    both.lend_inner(3_360)
    both.open_outer(OUTER_BORROWER, 1_000, 800)
    assert both.lose_inner(841) == pytest.approx(1_678 * both.dollar, rel=1e-6)
    assert both.sell_outer(OUTER_BORROWER) == pytest.approx(800 * OUTER * (1 - 0.8322 / 0.84), rel=1e-6)
    again = Composed()
    again.lend_inner(3_360)
    again.open_outer(OUTER_BORROWER, 1_000, 800)
    assert again.lose_inner(900) == pytest.approx(1_560 * again.dollar, rel=1e-6)
    assert again.sell_outer(OUTER_BORROWER) == 0


def test_interest_inside_raises_the_price_outside_no_faster_than_agreed() -> None:
    """A rate of 800 % a year inside on 8,000 of 10,000 makes over 1 % a day; 0.1 % a day is agreed, and that counts."""
    both = Composed(rate=MAX_RATE)
    both.lend_inner(8_000)
    start, since = both.price.anchor()
    assert since == START
    for days in (1, 2):
        both.chain.advance_to(START + days * DAY)
        says, counts = both.price.rate()
        assert says > start * (100 + days) // 100
        assert counts == start + days * start // 1_000
