"""Who buys in pieces may gain, and a borrower lose, more than (1 + slope) of an asset unit, a collateral unit or a debt share: amounts of
no worth, but for a debt that would end exactly at min_debt."""

from dataclasses import replace
from fractions import Fraction

from ringfence.model.terms import MAX_UINT256, WAD, YEAR_SECONDS, Terms
from tests.stateful.market import BORROWERS, LENDERS, PRICE_SCALE, Market
from tests.stateful.setting import FIXED, Setting
from tests.stateful.test_slicing_gains_nothing import Outcome, Sale

BORROWER = BORROWERS[0]


def terms_of(liq_ltv: int, incentive: int, penalty: int, target_ltv: int = 0) -> Terms:
    """Fixed discount; all in per cent."""
    one = WAD // 100
    return replace(
        FIXED,
        max_ltv=liq_ltv * one * 98 // 100,
        liq_ltv=liq_ltv * one,
        target_ltv=target_ltv * one,
        incentive_base=incentive * one,
        incentive_max=incentive * one,
        penalty=penalty * one,
    )


def buy(
    terms: Terms, *, lent: int, debt: int, collateral: int, price: int, piece: int, interest: Fraction = Fraction(1, 20)
) -> tuple[Outcome, Outcome, Fraction]:
    """Lend, borrow, a year of interest, then the price falls: at once, a piece and the rest, and the largest of the three units."""
    market = Market(Setting(terms, "fixed", 6, 6, debt, PRICE_SCALE))
    market.set_prices(PRICE_SCALE * 10**6, PRICE_SCALE * 10**6)
    market.act(LENDERS[0], "deposit", lent, LENDERS[0])
    market.act(BORROWER, "supply_collateral", collateral, BORROWER)
    market.act(BORROWER, "borrow", debt, BORROWER, BORROWER)
    market.set_rate(int(interest * WAD) // YEAR_SECONDS)
    market.pass_time(YEAR_SECONDS)
    market.act(BORROWER, "accrue")
    market.set_rate(0)
    market.set_prices(price, price)
    sale = Sale(market, BORROWER)
    once = sale.at_once(MAX_UINT256)
    largest = max(Fraction(1), sale.price, market.totals().debt_share)
    bought = sale.buy(piece)
    assert once is not None
    assert bought is not None
    return once, sale.after_all(bought, MAX_UINT256), largest


def test_what_a_rounding_leaves_over_is_paid_with_incentive_and_penalty() -> None:
    """Debt 172, worth of the collateral 216.84. At once 172 is paid and 3 units of collateral stay; a piece of 11 pays no penalty, rounded
    down, so that the rest, 161 of debt, pays 162: the borrower keeps 1 unit of collateral, 1.4456 less."""
    once, both, largest = buy(
        terms_of(70, 25, 1), lent=1_000, debt=156, interest=Fraction(1, 10), collateral=300, price=7_228 * 10**32, piece=11
    )
    assert (once.payment, both.payment, largest) == (172, 173, 1)
    assert once.equity - both.equity == Fraction(14_456, 10_000)


def test_a_target_magnifies_what_a_rounding_leaves_over() -> None:
    """Debt 100, target 78 %, and 1.05 * 1.10 of collateral taken for each unit repaid: one unit more of debt is 1 / (1 - 0.78 * 1.155), ten
    units more to repay. A piece of 1 pays no penalty, rounded down; the rest then pays 78 instead of 70, and the borrower loses 1.4."""
    once, both, largest = buy(terms_of(80, 5, 10, 78), lent=1_000, debt=96, collateral=10**6, price=12 * 10**31, piece=1)
    assert (once.payment, both.payment, largest) == (71, 79, 1)
    assert once.equity - both.equity == Fraction(14, 10)


def test_rates_of_18_digits_are_coarse_for_a_debt_of_more_than_a_token() -> None:
    """The penalty that is left is rounded to 1e-18, which of a debt of 1.05e21 base units are 1,051: a piece first, and the rest pays 44
    more to the buyer and costs the borrower 979, where the largest unit, of collateral, is worth 10.1."""
    price = 1_110 * 10**37 // 1_100
    once, both, largest = buy(
        terms_of(80, 5, 20),
        lent=10**22,
        debt=10**21,
        collateral=110 * 10**18,
        price=price,
        piece=116_313_805_444_845_456_467,
    )
    assert Fraction(10) < largest < 11
    assert 43 < both.gain - once.gain < 44
    assert 978 < once.equity - both.equity < 979


def test_a_unit_decides_about_a_rest_at_min_debt() -> None:
    """At once the sale to the target leaves exactly min_debt, 706.559205 tokens. After a piece it would leave a unit less, so all is sold:
    the buyer gets 5 % of the rest more, 35.68 tokens. With min_debt a unit higher the sale at once would have done the same."""
    least = 706_559_205
    terms, higher = replace(terms_of(80, 5, 1, 78), min_debt=least), replace(terms_of(80, 5, 1, 78), min_debt=least + 1)
    amounts = {"lent": 10**12, "debt": 1_776_284_202, "collateral": 10**12, "price": 2_136_869_895_006 * 10**21, "piece": 5_618_583}
    once, both, _ = buy(terms, **amounts)
    assert (once.debt, both.debt) == (least, 0)
    assert both.gain - once.gain > least * 5 // 100
    once_higher, _, _ = buy(higher, **amounts)
    assert once_higher.debt == 0
    assert abs(once_higher.gain - both.gain) < 1
