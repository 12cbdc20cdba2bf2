"""A fee is minted at a price that a loss has left at nearly nothing: its shares can be more than a word holds, and then nothing works."""

from dataclasses import replace

from ringfence.model.terms import MAX_UINT256, WAD, YEAR_SECONDS
from tests.stateful.market import BORROWERS, LENDERS, LIQUIDATOR, PRICE_SCALE, Market
from tests.stateful.setting import FIXED, Setting

LENDER, BORROWER = LENDERS[0], BORROWERS[0]
HUGE = 2**106  # base units: 8e13 tokens of 18 decimals
DEAR, WORTHLESS = 2**100 * PRICE_SCALE, 1
COLLATERAL = 2**30


def do(market: Market, caller: str, name: str, *arguments: object) -> None:
    """What must go through on the way there."""
    if (refusal := market.act(caller, name, *arguments).refusal) is not None:
        raise RuntimeError(f"{name}: {refusal}")


def open_position(market: Market, debt: int) -> None:
    market.set_prices(DEAR, DEAR)
    do(market, BORROWER, "supply_collateral", COLLATERAL, BORROWER)
    do(market, BORROWER, "borrow", debt, BORROWER, BORROWER)


def lose(market: Market, debt: int) -> None:
    """Borrow so much, and be sold for nothing: lenders lose all of it."""
    open_position(market, debt)
    market.set_prices(WORTHLESS, WORTHLESS)
    do(market, LIQUIDATOR, "liquidate", BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"")


def test_fee_shares_lock_no_pool() -> None:
    """Lenders lose nearly all, others lend at the low price, and all is lost again: supply_assets is 1, and 8e45 shares are out. The
    reserve is filled and lent out. Of two years' interest 75 % goes to the reserve and 25 % to the creator, so that
    supply_assets - fee is 1 or 2 and the fee would be worth over 2^256 shares. Borrowers must get out of this pool, too."""
    terms = replace(FIXED, creator_fee=WAD // 4, reserve_factor=WAD * 3 // 4, reserve_target=WAD)
    market = Market(Setting(terms, "fixed", 18, 18, HUGE, PRICE_SCALE))
    market.set_rate(0)
    do(market, LENDER, "deposit", HUGE, LENDER)
    lose(market, HUGE - HUGE // 10**8)
    do(market, LENDER, "deposit", HUGE, LENDER)
    lose(market, market.totals().supply_assets)
    do(market, LIQUIDATOR, "add_to_reserve", HUGE)
    open_position(market, HUGE)
    market.set_rate(MAX_UINT256)
    market.pass_time(2 * YEAR_SECONDS)
    assert market.act(BORROWER, "repay", MAX_UINT256, BORROWER).refusal is None
    assert market.act(BORROWER, "withdraw_collateral", COLLATERAL, BORROWER, BORROWER).refusal is None
