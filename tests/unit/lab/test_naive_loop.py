"""The loop that the engine's speed is measured against does the same work: the same losses on the same paths, position by position."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ringfence.decisions.depth import most_sold_plain
from ringfence.inputs.scenario import Market, PriceModel, Scenario
from ringfence.lab.paths import path_prices
from ringfence.lab.run import run
from ringfence.lab.world import world_from_arrays
from tests.unit.lab.test_replay_rules import UNIT, make_pool

ROOT = Path(__file__).resolve().parents[3]
PATHS, STEPS, SEED = 200, 240, 4
CRASH = PriceModel("gbm", volatility=1.0, jumps_per_year=24, jump_mean=-0.2, jump_deviation=0.1)


def both(collateral: Any, debt: Any, depth: float) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Loss, and what of it lenders bear, of every path: by the loop, and by the engine with single positions; `depth` is Market.a."""
    total = int(debt.sum())
    scenario = Scenario("crash", CRASH, market=Market(a=depth))
    prices = np.array([path_prices(scenario, SEED, path, STEPS)[1:] for path in range(PATHS)])
    room = most_sold_plain(1 / 1.05, depth, 1.0)
    pool = make_pool(2 * total * UNIT, reserve=total // 200 * UNIT)
    loop = runpy.run_path(str(ROOT / "bench" / "naive.py"))["losses"]
    looped = loop(collateral, debt, prices, liq_ltv=0.86, incentive=0.05, room=room, reserve=float(total // 200))
    outcome = run(world_from_arrays(collateral, debt, pool, scenario, 1.0, STEPS, bin_width=0.0), seed=SEED, paths=PATHS, threads=1)
    return (np.array(looped[0]), np.array(looped[1])), (outcome.field("loss"), outcome.field("loss_from_lenders"))


@pytest.mark.parametrize(("loans", "depth"), [(300, 0.0), (1, 2e-6)], ids=["a book in a deep market", "a whale in a thin one"])
def test_the_loop_loses_what_the_engine_loses(loans: int, depth: float) -> None:
    """To 1e-12 of the debt, where the order of sales cannot matter: the market takes all, or there is one loan, sold in parts."""
    rng = np.random.default_rng(1)
    debt = rng.lognormal(8.0, 1.5, loans) if loans > 1 else np.array([1e6])
    collateral = debt / (0.8 * rng.beta(4.0, 2.0, loans) if loans > 1 else 0.7)
    (loss, borne), (engine_loss, engine_borne) = both(collateral, debt, depth)
    assert loss == pytest.approx(engine_loss, rel=0, abs=1e-12 * debt.sum())
    assert borne == pytest.approx(engine_borne, rel=0, abs=1e-12 * debt.sum())
    assert (loss > 1e-6 * debt.sum()).sum() > 15
    assert (borne > 0).sum() > 5
