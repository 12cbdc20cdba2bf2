"""Makes of books, terms and a scenario the arrays that the fast engine reads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import AdaptiveRateTerms, FixedRateTerms, PoolFile
from ringfence.inputs.scenario import Feed, Scenario, Window
from ringfence.lab.cohorts import Positions, cohorts
from ringfence.lab.layout import ADAPTIVE, FEED, FIXED, KINKED, ORDERS, POOL, STATE, Cohorts, Floats, World
from ringfence.lab.paths import path_table
from ringfence.model.terms import WAD

BIN_WIDTH = 0.001
"""Of the logarithm of a critical price: 10 basis points."""
NEGLIGIBLE = 1e-9
"""What weighs on the market is forgotten once it is under this part of the book's collateral."""
MARKS = (86_400, 604_800, 2_592_000)


@dataclass(frozen=True, slots=True)
class Side:
    """One pool of a world: its positions, its terms, its start price (asset a collateral) and its own market, oracle and people."""

    positions: Positions
    pool: PoolFile
    scenario: Scenario
    price: float
    collateral_from: int = -1
    """The pool whose lender shares are this one's collateral; -1: none."""


def positions_of(book: Book, pool: PoolFile) -> Positions:
    """A book in whole tokens; each amount is the float nearest to the exact one."""
    return Positions(
        np.array([amount / 10**pool.collateral_decimals for amount in book.collateral], dtype=np.float64),
        np.array([amount / 10**pool.asset_decimals for amount in book.debt], dtype=np.float64),
    )


def build_world(
    pools: Sequence[tuple[Book, PoolFile]],
    scenario: Scenario | Sequence[Scenario],
    start_prices: Sequence[float],
    steps: int,
    *,
    bin_width: float = BIN_WIDTH,
    collateral_from: Sequence[int] | None = None,
) -> World:
    """The world of several pools under one scenario, or under one each that share step and factor; a width of 0 keeps positions single."""
    scenarios = [scenario] * len(pools) if isinstance(scenario, Scenario) else list(scenario)
    above = collateral_from or [-1] * len(pools)
    sides = [
        Side(positions_of(book, pool), pool, own, price, source)
        for (book, pool), own, price, source in zip(pools, scenarios, start_prices, above, strict=True)
    ]
    return world_of(sides, steps, bin_width=bin_width)


def world_from_arrays(
    collateral: Floats, debt: Floats, pool: PoolFile, scenario: Scenario, start_price: float, steps: int, *, bin_width: float = BIN_WIDTH
) -> World:
    """The world of one pool whose positions come as arrays of whole tokens."""
    return world_of([Side(Positions(collateral, debt), pool, scenario, start_price)], steps, bin_width=bin_width)


def world_of(sides: Sequence[Side], steps: int, *, bin_width: float = BIN_WIDTH) -> World:
    """The arrays of all pools, one after the other; raises ValueError for a pool that takes its price from a later one, or from itself."""
    common = sides[0].scenario
    pools, start = np.zeros(len(sides), POOL), np.zeros(len(sides), STATE)
    tables = [path_table(side.scenario.prices, common.step, steps) for side in sides]
    books: list[Cohorts] = []
    feeds: list[tuple[Feed, int]] = []
    slots = 0
    for place, side in enumerate(sides):
        if side.collateral_from >= place:
            raise ValueError(f"pool {place} takes its collateral's price from pool {side.collateral_from}, which comes after it")
        held = cohorts(side.positions, bin_width, _sizes_matter(side.scenario))
        # Two for what is changed in each step: merged positions that were brought to a target, and one that was sold in part.
        spare = 2 * (steps + 1) if bool(np.any(held.number > 1.0)) else 0
        held = Cohorts(*(np.concatenate((row, np.zeros(spare))) for row in held))
        books.append(held)
        _fill_pool(pools[place], side, common.step)
        pools[place]["first"], pools[place]["last"] = slots, slots + held.ratio.size - spare
        slots += held.ratio.size
        pools[place]["feed_first"] = len(feeds)
        feeds += [(feed, side.scenario.oracle.max_age) for feed in side.scenario.oracle.feeds]
        pools[place]["feed_last"] = len(feeds)
        _fill_start(start[place], pools[place])
    rows = np.zeros(len(feeds), FEED)
    frozen, bias = np.zeros((len(feeds), steps + 1), np.uint8), np.ones((len(feeds), steps + 1))
    for row, (feed, max_age) in enumerate(feeds):
        rows[row]["heartbeat"], rows[row]["deviation"] = feed.heartbeat, feed.deviation
        rows[row]["fixed"] = math.nan if feed.fixed is None else feed.fixed
        rows[row]["max_age"], rows[row]["delay"] = max_age, -(-feed.delay // common.step)
        frozen[row] = _within(feed.frozen, steps, common.step)
        bias[row] = np.where(_within(feed.biased, steps, common.step), 1.0 + feed.bias, 1.0)
    outages = common.liquidators.outages
    funds = [side.pool.fund for side in sides]
    return World(
        pools=pools,
        start=start,
        base=Cohorts(*(np.concatenate(parts) for parts in zip(*books, strict=True))),
        feeds=rows,
        frozen=frozen,
        bias=bias,
        kinds=np.array([table.kind for table in tables], dtype=np.int64),
        values=_padded([table.values for table in tables]),
        series=np.concatenate([table.series for table in tables]),
        series_at=np.cumsum([0, *(table.series.size for table in tables)]),
        correlation=float(common.correlation) if len(sides) > 1 else 1.0,
        outage_starts=np.array([window.start for window in outages], dtype=np.float64),
        outage_ends=np.array([window.end for window in outages], dtype=np.float64),
        outages_per_year=float(common.liquidators.outages_per_year),
        outage_length=float(common.liquidators.outage_length),
        fund_assets=sum(fund.assets / 10**side.pool.asset_decimals for fund, side in zip(funds, sides, strict=True) if fund),
        steps=steps,
        step=common.step,
        marks=np.array([-(-mark // common.step) if -(-mark // common.step) <= steps else 0 for mark in MARKS]),
    )


def _sizes_matter(scenario: Scenario) -> bool:
    """Whether it matters to buyers how large each position is."""
    people = scenario.liquidators
    return people.gas + people.min_profit > 0.0 or people.order == "largest-first"


def _padded(rows: Sequence[Floats]) -> Floats:
    """Rows of several lengths as one table."""
    table = np.zeros((len(rows), max(row.size for row in rows)))
    for place, row in enumerate(rows):
        table[place, : row.size] = row
    return table


def _within(windows: Sequence[Window], steps: int, step: int) -> "np.ndarray":
    """Which steps lie in one of the windows."""
    now = np.arange(steps + 1) * step
    inside = np.zeros(steps + 1, dtype=bool)
    for window in windows:
        inside |= (now >= window.start) & (now < window.end)
    return inside


def _fill_pool(row: "np.void", side: Side, step: int) -> None:
    pool, scenario = side.pool, side.scenario
    unit = 10**pool.asset_decimals
    terms, market, people = pool.terms, scenario.market, scenario.liquidators
    ratios = (
        "liq_ltv target_ltv incentive_base incentive_rise incentive_slope incentive_max penalty reserve_factor reserve_target "
        "creator_fee premium"
    )
    for name in ratios.split():
        row[name] = getattr(terms, name) / WAD
    row["min_debt"], row["asset_unit"] = terms.min_debt / unit, 1 / unit
    row["solvent_window"], row["sale_timeout"] = terms.solvent_window, terms.sale_timeout
    row["has_clock"] = terms.sale_timeout > 0 and (terms.incentive_rise > 0 or terms.solvent_window > 0)
    rate = pool.rate
    if isinstance(rate, FixedRateTerms):
        row["rate_kind"], row["rate_base"] = FIXED, rate.rate
    elif isinstance(rate, AdaptiveRateTerms):
        row["rate_kind"], row["rate_base"] = ADAPTIVE, rate.rate_at_target
    else:
        row["rate_kind"], row["rate_base"], row["rate_kink"] = KINKED, rate.base, rate.kink / WAD
        row["rate_below"], row["rate_above"] = rate.slope_below, rate.slope_above
    if pool.fund is not None:
        row["has_fund"] = 1
        row["cover_most"], row["cover_share"] = pool.fund.max_assets / unit, pool.fund.max_share / WAD
    row["price"], row["supply"], row["reserve"] = side.price, pool.supply / unit, pool.reserve / unit
    row["debt"], row["collateral"] = side.positions.debt.sum(), side.positions.collateral.sum()
    row["depth_a"], row["depth_b"], row["cascade"] = market.a, market.b, market.cascade
    row["depth_kept"] = 0.5 ** (step / market.recovery) if market.recovery > 0 else 0.0
    row["depth_negligible"] = NEGLIGIBLE * row["collateral"]
    row["gas"], row["min_profit"], row["min_incentive"] = people.gas, people.min_profit, people.min_incentive
    row["capital"] = math.inf if people.capital is None else people.capital
    row["latency"], row["order"] = -(-people.latency // step), ORDERS[people.order]
    row["run_share"], row["run_at"] = scenario.lenders.run_share, 1.0 - scenario.lenders.run_at_fall
    row["low_cash"], row["collateral_from"] = scenario.lenders.low_cash, side.collateral_from


def _fill_start(state: "np.void", pool: "np.void") -> None:
    """The pool as a path finds it; a lender share is worth one token."""
    for name in ("supply", "reserve", "debt"):
        state[name] = pool[name]
    state["index"], state["supply_shares"] = 1.0, pool["supply"]
    state["runner_shares"] = pool["supply"] * pool["run_share"]
    state["reserve_least"] = state["virtual_least"] = pool["reserve"]
    state["share_price_end"] = state["price_least"] = state["price_end"] = 1.0
    state["untouched"] = state["crossed"] = state["deepest"] = pool["first"]
    for name in ("loss_1d", "loss_7d", "loss_30d", "liquidated_1d", "liquidated_7d", "liquidated_30d"):
        state[name] = math.nan
