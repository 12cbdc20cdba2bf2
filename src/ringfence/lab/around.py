"""A pool among its neighbours: what lenders lose at other liquidation LTVs and in other depths, on the same paths.

One run a cell, on fewer paths than the main run. The loans stay as they are; max_ltv and target_ltv keep their proportion to liq_ltv.
"""

from collections.abc import Sequence
from dataclasses import replace

from ringfence.inputs.pool_file import PoolFile, terms_with_stand_ins
from ringfence.inputs.scenario import Market
from ringfence.inputs.stress_result import Around, Estimate
from ringfence.inputs.varied_terms import pool_with
from ringfence.lab.columns import columns_of
from ringfence.lab.intervals import Interval, Quantile, Shortfall, Statistic, estimate
from ringfence.lab.metrics import BP
from ringfence.lab.run import Outcome
from ringfence.lab.stress_plan import Plan, Progress, Runner, part_of
from ringfence.model import limits
from ringfence.model.terms import WAD

MOST_PATHS = 2_000
STEPS = (-10, -5, -2, -1, 0, 1, 2, 5, 10)
"""Percent of LTV from the pool's own."""
DEPTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Multiples of the amount that has a given impact."""


def grid(pool: PoolFile) -> tuple[int, ...]:
    """The liquidation LTVs (WAD) that are looked at: the pool's own and some to both sides of it."""
    found = (pool.terms.liq_ltv + step * WAD // 100 for step in STEPS)
    return tuple(ltv for ltv in found if 0 < ltv < WAD)


def deeper(market: Market, times: float) -> Market:
    """A market in which so many times as much has the same impact."""
    return replace(market, a=market.a / times**market.b)


def around_of(plan: Plan, *, seed: int, paths: int, threads: int | None, scheduler: str | None, progress: Progress | None) -> Around:
    """What lenders and the pool lose in the worst 1 % of futures, for each liquidation LTV of the grid and each depth; `plan` has one pool,
    and of `paths` at most `MOST_PATHS` are run. Cells whose terms break a bound have no figures."""
    (book, pool), paths = plan.pools[0], min(paths, MOST_PATHS)
    ltvs, depths = grid(pool), depths_of(plan)
    moved = {ltv: pool_with(pool, {"liq_ltv": ltv}) for ltv in ltvs}
    legal = {ltv: not limits.broken(terms_with_stand_ins(moved[ltv].terms)) for ltv in ltvs}
    cells = [(ltv, depth) for ltv in ltvs if legal[ltv] for depth in depths]
    found: dict[tuple[int, float], tuple[Estimate, Estimate]] = {}
    for place, (ltv, depth) in enumerate(cells):
        told = part_of(progress, place * paths, paths, len(cells) * paths)
        runner = Runner(replace(plan, pools=[(book, moved[ltv])]), seed, paths, threads, scheduler, False, told, 1)
        outcome = runner.run({"market": deeper(plan.scenario.market, depth)})
        found[ltv, depth] = tails(outcome, plan, seed)
        runner.tick()
    nothing = (None, None)
    table = [[found.get((ltv, depth), nothing) for depth in depths] for ltv in ltvs]
    return Around(
        paths=paths,
        liq_ltv=tuple(ltv / WAD for ltv in ltvs),
        depth=tuple(depths),
        own=(ltvs.index(pool.terms.liq_ltv), depths.index(1.0)),
        lender_loss_es99=tuple(tuple(cell[0] for cell in row) for row in table),
        loss_es99=tuple(tuple(cell[1] for cell in row) for row in table),
        legal=tuple(tuple(legal[ltv] for _ in depths) for ltv in ltvs),
    )


def size_of(plan: Plan, paths: int) -> int:
    """How many paths are run at most."""
    return min(paths, MOST_PATHS) * len(grid(plan.pools[0][1])) * len(depths_of(plan))


def depths_of(plan: Plan) -> Sequence[float]:
    """The depths that are looked at: where it is infinite, there is no other."""
    return DEPTHS if plan.scenario.market.a > 0.0 else (1.0,)


def tails(outcome: Outcome, plan: Plan, seed: int) -> tuple[Estimate, Estimate]:
    """lender_loss_es99 and loss_es99 (bp of supply), to the bit as `metrics.measure` has them."""
    start = plan.starts[0]
    columns, scale = columns_of(outcome.fields[:, 0], start), BP / start.supply if start.supply > 0.0 else 0.0
    names = ("lender_loss", "loss")
    asked: dict[str, Statistic] = {name: Shortfall(columns[name], 990, scale) for name in names}
    # As wide a tail as all metrics need: how a sum rounds hangs on how many values it has.
    asked |= {f"{name} wide": Quantile(columns[name], 950, scale) for name in names}
    found = estimate(asked, len(outcome.fields), seed=seed)
    return _shown(found["lender_loss"]), _shown(found["loss"])


def _shown(interval: Interval) -> Estimate:
    return Estimate(interval.value, interval.low, interval.high)
