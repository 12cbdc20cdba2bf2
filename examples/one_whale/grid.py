"""The highest liquidation LTV, on a grid of 1 %, at which one huge loan is sold off without a loss; in memory, no files.

The scenario is that of scripts/one_whale.py: the price falls by half a percent of its first value a minute, and so much can be sold a
minute, at Morpho's incentive for the LTV.
"""

from dataclasses import fields

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, STAND_INS, FixedRateTerms, PoolFile
from ringfence.inputs.prices import Prices
from ringfence.inputs.results import PoolFigures
from ringfence.lab.replay import replay
from ringfence.model.terms import PRICE_SCALE, WAD, ZERO_ADDRESS, Terms

CENT = 10**16
COLLATERAL = 360_380_000 * WAD
START, MINUTE = 1_600_000_000, 60
# Fall in per cent, money a step in cents.
SCENARIOS = ((40, 20_904_419_67), (70, 5_000_000_00))
SHOWN_AROUND = 2


def main() -> None:
    """Both scenarios."""
    for place, (fall, money) in enumerate(SCENARIOS):
        if place > 0:
            print()
        found = {ltv: sold_off(ltv, fall, money) for ltv in range(50, 99)}
        safe = [ltv for ltv, pool in found.items() if pool.loss == 0 and pool.insolvent_at_end == 0]
        print(f"A fall of {fall} %, {money // 100:,}.{money % 100:02d} dollars a step of half a percent:")
        print("  liquidation LTV   sales   loss, dollars")
        for ltv in range(max(safe) - SHOWN_AROUND, max(safe) + SHOWN_AROUND + 1):
            pool = found[ltv]
            print(f"             0.{ltv:02d}  {pool.sales:>6}  {pool.loss // WAD:>14,}")
        assert safe == list(range(50, max(safe) + 1)), "what is safe at an LTV is safe at every lower one"
        print(f"  no loss from 0.50 up to 0.{max(safe):02d}, a loss at each of 0.{max(safe) + 1:02d} to 0.98")


def sold_off(ltv: int, fall: int, money: int) -> PoolFigures:
    """The pool at the end: liquidation LTV and fall in per cent, money a step in cents."""
    steps = range(1, 2 * fall + 1)
    prices = Prices(
        timestamps=tuple(START + MINUTE * step for step in steps),
        prices=tuple(PRICE_SCALE - PRICE_SCALE * step // 200 for step in steps),
    )
    debt = COLLATERAL * ltv // 100
    pool = PoolFile(terms_at(ltv), FixedRateTerms(0), collateral_decimals=18, asset_decimals=18, supply=debt * 3 // 2)
    return replay(Book(("whale",), (COLLATERAL,), (debt,)), pool, prices, max_paid_per_row=money * CENT).pool


def terms_at(ltv: int) -> Terms:
    """Full close at a fixed incentive, 1 / (1 - 0.3 (1 - LTV)) - 1 and 15 % at most; nothing else."""
    liq_ltv = ltv * CENT
    incentive = min(WAD * 15 // 100, WAD * WAD // (WAD - 3 * (WAD - liq_ltv) // 10) - WAD)
    given = {field.name: 0 for field in fields(Terms)} | STAND_INS | {"backstop": ZERO_ADDRESS, "fee_recipient": ZERO_ADDRESS}
    given |= {"liq_ltv": liq_ltv, "max_ltv": liq_ltv * 99 // 100, "incentive_base": incentive, "incentive_max": incentive}
    return Terms(**given | {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP})


if __name__ == "__main__":
    main()
