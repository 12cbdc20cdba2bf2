"""Makes the table of docs/methods.md on the order of sales: the same paths, the liquidators' four orders.

    python scripts/order_figures.py

A book of 1,000 synthetic loans (lognormal debts, LTVs of 0.80 times a beta(4, 2), seed 1), full close at 5 % over a liquidation LTV of
0.86, single positions, 5,000 paths of 720 hours from seed 1. Depth is a constant product market of so much of the book's collateral,
forgotten with a half-life of four hours. Everything else is at its default: what differs between two columns is the order alone. It takes
about three minutes of a processor.
"""

from dataclasses import fields
from typing import Any

import numpy as np

from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, STAND_INS, FixedRateTerms, PoolFile
from ringfence.inputs.scenario import Liquidators, Market, PriceModel, Scenario
from ringfence.lab.run import run
from ringfence.lab.world import world_from_arrays
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms

PATHS, STEPS, SEED = 5_000, 720, 1
ORDERS = ("riskiest-first", "random", "largest-first", "safest-first")
PRICES = {
    "80 % volatility": PriceModel("gbm", volatility=0.8),
    "120 % volatility": PriceModel("gbm", volatility=1.2),
    "80 %, 12 jumps a year of -20 %": PriceModel("gbm", volatility=0.8, jumps_per_year=12, jump_mean=-0.2, jump_deviation=0.1),
}
DEPTHS = (0.5, 0.1)


def book() -> tuple[Any, Any]:
    """Collateral and debt (whole tokens, start price 1)."""
    rng = np.random.default_rng(1)
    debt = rng.lognormal(8.0, 1.5, 1_000)
    return debt / (0.8 * rng.beta(4.0, 2.0, 1_000)), debt


def pool_for(debt: Any) -> PoolFile:
    """Full close at a fixed incentive, no reserve, no interest."""
    given: dict[str, Any] = (
        {field.name: 0 for field in fields(Terms)} | STAND_INS | {"backstop": ZERO_ADDRESS, "fee_recipient": ZERO_ADDRESS}
    )
    given |= {"liq_ltv": 86 * WAD // 100, "max_ltv": 80 * WAD // 100, "incentive_base": WAD // 20, "incentive_max": WAD // 20}
    terms = Terms(**given | {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP})
    return PoolFile(terms, FixedRateTerms(0), collateral_decimals=18, asset_decimals=6, supply=int(1.3 * debt.sum()) * 10**6)


def main() -> None:
    """Prints the table as it stands in the page."""
    collateral, debt = book()
    print(f"| mean loss, bp of debt | {' | '.join(ORDERS)} | riskiest-first over random |")
    print(f"|---|{'---:|' * (len(ORDERS) + 1)}")
    for name, prices in PRICES.items():
        for depth in DEPTHS:
            market = Market(a=1 / (depth * collateral.sum()), recovery=14_400)
            losses = []
            for order in ORDERS:
                scenario = Scenario("order", prices, market=market, liquidators=Liquidators(order=order))
                world = world_from_arrays(collateral, debt, pool_for(debt), scenario, 1.0, STEPS, bin_width=0.0)
                losses.append(run(world, seed=SEED, paths=PATHS).field("loss") / debt.sum() * 1e4)
            means = [float(loss.mean()) for loss in losses]
            error = 2 * float((losses[0] - losses[1]).std()) / PATHS**0.5 / means[1]
            figures = " | ".join(f"{mean:.2f}" for mean in means)
            print(f"| {name}, depth {depth:g} of the book | {figures} | {100 * (means[0] / means[1] - 1):+.0f} % (± {100 * error:.0f}) |")


if __name__ == "__main__":
    main()
