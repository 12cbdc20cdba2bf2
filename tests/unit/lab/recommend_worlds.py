"""A small pool whose lenders lose in some futures, for the tests of what a recommendation finds."""

from dataclasses import replace

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import FixedRateTerms, Fund, PoolFile
from ringfence.inputs.scenario import Feed, Liquidators, Market, Oracle, PriceModel, Scenario
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms

USDC, ETH = 10**6, 10**18
DAY = 86_400
BACKSTOP = "0x" + "b5" * 20
TERMS = Terms(
    asset=ZERO_ADDRESS, collateral=ZERO_ADDRESS, oracle=ZERO_ADDRESS, rate_model=ZERO_ADDRESS, backstop=ZERO_ADDRESS,
    fee_recipient=ZERO_ADDRESS, max_ltv=80 * WAD // 100, liq_ltv=85 * WAD // 100, target_ltv=0, incentive_base=WAD // 20,
    incentive_rise=0, incentive_slope=0, incentive_max=WAD // 20, penalty=WAD // 100, reserve_factor=WAD // 10, reserve_target=WAD // 50,
    creator_fee=0, premium=0, supply_cap=2**127 - 1, borrow_cap=(2**127 - 1) // 10**6, min_debt=0, solvent_window=0, sale_timeout=0,
    lockup=0,
)  # fmt: skip
POOL = PoolFile(TERMS, FixedRateTerms(1585489599), 18, 6, 160_000 * USDC, 500 * USDC, "ETH/USDC")
BOOK = Book(
    tuple(f"borrower-{n}" for n in range(1, 13)),
    tuple((n + 1) * ETH for n in range(1, 13)),
    tuple((n + 1) * (1000 + 48 * n) * USDC for n in range(1, 13)),
)
"""Debts of 1,048 to 1,576 for each collateral token, which is worth 2,000: LTVs of 52 to 79 %."""
PRICE = 2000.0
WILD = Scenario(
    "wild",
    PriceModel("gbm", volatility=1.5, jumps_per_year=40, jump_mean=-0.1, jump_deviation=0.05),
    oracle=Oracle((Feed(heartbeat=4 * 3600, deviation=0.03),)),
    market=Market(a=0.002, recovery=6 * 3600, cascade=0.3),
    liquidators=Liquidators(gas=5.0, min_profit=5.0, latency=3600),
)
SETTING = {"paths": 300, "horizon": 4 * DAY, "seed": 3}


def covered(most: int = 1000 * USDC) -> PoolFile:
    """The pool with a backstop that pays so much at most, and takes a twentieth of the interest."""
    terms = replace(TERMS, backstop=BACKSTOP, premium=WAD // 20)
    return replace(POOL, terms=terms, fund=Fund(2000 * USDC, most, WAD))
