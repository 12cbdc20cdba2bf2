"""Small worlds for the stress engines: a pool with few positions, a scenario without frictions unless a test adds one, a path of prices."""

from collections.abc import Sequence
from dataclasses import fields

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, FixedRateTerms, Fund, PoolFile, RateTerms
from ringfence.inputs.scenario import Lenders, Liquidators, Market, Oracle, PriceModel, Scenario
from ringfence.lab.micro import micro_path
from ringfence.lab.micro_pool import StressPool
from ringfence.lab.micro_side import PathOutcome
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms

UNIT = 10**18
HOUR = 3600
BACKSTOP = "0x" + "b5" * 20


def stressed(
    *positions: tuple[float, float],
    supply: int = 100_000,
    reserve: int = 0,
    rate: RateTerms = FixedRateTerms(),  # noqa: B008  frozen
    fund: Fund | None = None,
    decimals: tuple[int, int] = (18, 18),
    collateral_from: int | None = None,
    **given: int | str,
) -> StressPool:
    """A pool of (collateral decimals, asset decimals) with whole tokens of collateral and debt: 80 % liquidation LTV, 5 % incentive, no
    penalty, full close."""
    plain: dict[str, int | str] = {field.name: ZERO_ADDRESS if field.type is str else 0 for field in fields(Terms)}
    plain |= {"max_ltv": 75 * WAD // 100, "liq_ltv": 80 * WAD // 100, "incentive_base": WAD // 20, "incentive_max": WAD // 20}
    plain |= {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP, "backstop": BACKSTOP if fund else ZERO_ADDRESS}
    collateral_unit, asset_unit = 10 ** decimals[0], 10 ** decimals[1]
    book = Book(
        tuple(f"account {place}" for place in range(len(positions))),
        tuple(int(held * collateral_unit) for held, _ in positions),
        tuple(int(owed * asset_unit) for _, owed in positions),
    )
    terms = Terms(**(plain | given))  # type: ignore[arg-type]
    file = PoolFile(terms, rate, *decimals, supply * asset_unit, reserve * asset_unit, fund=fund)
    return StressPool(file, book, collateral_from)


def scenario(
    *,
    oracle: Oracle = Oracle(),  # noqa: B008  frozen, as the next
    market: Market = Market(),  # noqa: B008
    liquidators: Liquidators = Liquidators(),  # noqa: B008
    lenders: Lenders = Lenders(),  # noqa: B008
    step: int = HOUR,
) -> Scenario:
    """A scenario whose prices a test gives itself."""
    return Scenario("small", PriceModel("profile"), oracle, market, liquidators, lenders, step)


def play(pool: StressPool, world: Scenario, prices: Sequence[float], present: Sequence[bool] | None = None, **given: object) -> PathOutcome:
    """One path of one pool; the first price is the start's."""
    multiples = [price / prices[0] for price in prices]
    return micro_path([pool], world, [prices[0]], [multiples], present or [True] * len(prices), **given)[0]  # type: ignore[arg-type]


def sold(outcome: PathOutcome) -> list[tuple[int, int]]:
    """(step, place) of each sale."""
    return [(sale.step, sale.place) for sale in outcome.sales]
