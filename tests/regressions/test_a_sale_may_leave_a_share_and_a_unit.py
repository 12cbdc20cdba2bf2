"""A sale may leave more debt on a unit of collateral than two units or one debt share: it rounds twice."""

from dataclasses import replace
from fractions import Fraction

from ringfence.model.terms import MAX_UINT256, WAD, YEAR_SECONDS
from tests.stateful.market import BORROWERS, LENDERS, LIQUIDATOR, PRICE_SCALE, Market
from tests.stateful.setting import FIXED, Setting

OLD, NEW = BORROWERS[:2]


def aged_market() -> Market:
    """A pool in which six years of interest have made a debt share worth 2.99 units."""
    terms = replace(FIXED, incentive_base=WAD // 25, incentive_max=WAD // 25)
    market = Market(Setting(terms, "fixed", 6, 6, 100, PRICE_SCALE))
    market.set_prices(PRICE_SCALE, PRICE_SCALE)
    market.act(LENDERS[0], "deposit", 10**6, LENDERS[0])
    market.act(OLD, "supply_collateral", 10**4, OLD)
    market.act(OLD, "borrow", 1_000, OLD, OLD)
    for rate in (MAX_UINT256, MAX_UINT256, 93_025_668_489):
        market.set_rate(rate)
        market.pass_time(2 * YEAR_SECONDS)
        market.act(OLD, "accrue")
    market.set_rate(0)
    return market


def test_a_sale_may_leave_a_share_and_a_unit() -> None:
    """302 shares owe 903. Sold are 97 of 279 units of collateral, worth 722 in all, so 104 shares (104.996 rounded down) are burnt, and
    the 198 that stay owe 593 (592.02 rounded up) where 903 * 182 / 279 = 589.05 would be in proportion: 3.95 more, which is over two units,
    over one share (2.99), and over what one share owes (3), but under a share and a unit."""
    market = aged_market()
    market.act(NEW, "supply_collateral", 279, NEW)
    market.set_prices(PRICE_SCALE * 10, PRICE_SCALE * 10)
    assert market.act(NEW, "borrow", 900, NEW, NEW).output == 302
    share = market.totals().debt_share
    assert market.totals().debt_of(302) == 903
    price = -(-722 * PRICE_SCALE // 279)
    market.set_prices(price, price)
    assert market.act(LIQUIDATOR, "liquidate", NEW, 243, 0, LIQUIDATOR, b"").output == (242, 97)
    position = market.position(NEW)
    assert (position.collateral, position.debt_shares) == (182, 198)
    excess = market.totals().debt_of(198) - Fraction(903 * 182, 279)
    assert max(2, share, 3) < excess < 1 + share
    assert WAD * 299 // 100 - WAD // 10**6 < share * WAD < WAD * 299 // 100
