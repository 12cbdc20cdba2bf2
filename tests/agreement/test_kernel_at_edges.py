"""The fast engine where few worlds go: long steps and high rates, a pool that loses all, runs and premiums together, cohorts of several."""

import random
from dataclasses import replace

import numpy as np
import pytest

from ringfence.inputs.book import Book
from ringfence.inputs.scenario import Feed, Lenders, Liquidators, Market, Oracle, PriceModel, Window
from ringfence.lab.exact_run import run_exact
from ringfence.lab.layout import Cohorts, World
from ringfence.lab.micro_pool import StressPool
from ringfence.lab.outcome import NAMES
from ringfence.lab.run import Outcome, run, run_chunk
from ringfence.lab.world import build_world
from tests.agreement import stress_cases as cases
from tests.agreement.test_kernel import COUNTS

PRICE = 2000.0
DAY = 86_400
YEAR = 365 * DAY


def apart(
    pools: list[tuple[Book, cases.PoolFile]],
    world: cases.Scenario | list[cases.Scenario],
    steps: int,
    above: list[int] | None = None,
    paths: int = 3,
) -> list[Outcome]:
    """What the fast engine says of a few paths of each pool, after showing that the exact one says the same."""
    sources = above or [-1] * len(pools)
    prices = [PRICE if source < 0 else 1.0 for source in sources]
    sides = [StressPool(pool, loans, source if source >= 0 else None) for (loans, pool), source in zip(pools, sources, strict=True)]
    worlds = world if isinstance(world, list) else [world] * len(pools)
    played = run_exact(sides, worlds, prices, seed=5, paths=paths, steps=steps)
    fast = run(build_world(pools, world, prices, steps, bin_width=0.0, collateral_from=above), seed=5, paths=paths, threads=1)
    for place, (loans, _) in enumerate(pools):
        exact = played.fields[:, place]
        scale = np.array([1.0 if name in COUNTS else sum(loans.debt) / cases.TOKEN for name in NAMES])
        found = np.nan_to_num(np.abs(exact - fast.fields[:, place]) / np.maximum(scale, np.abs(exact)))
        assert found.max() <= 1e-9, dict(zip(NAMES, found.max(axis=0), strict=True))
        waits = played.waits[:, place]
        assert np.abs(waits - fast.waits[:, place]).max() <= 1e-12 * max(sum(loans.debt) / cases.TOKEN, waits.max())
        assert np.array_equal(np.isnan(exact), np.isnan(fast.fields[:, place]))
    return [Outcome(fast.fields[:, [place]], fast.waits[:, [place]], fast.fund) for place in range(len(pools))]


def flat(level: float, step: int, **given: object) -> cases.Scenario:
    """A price that goes to a level at the second step, and stays."""
    return cases.scenario(prices=PriceModel("profile", points=((step, 1.0), (2 * step, level))), step=step, **given)


@pytest.mark.parametrize(("step", "growth"), [(DAY, 1 / 365), (2 * YEAR, 2.0)], ids=["a day", "two years"])
@pytest.mark.parametrize("is_capped", [False, True])
def test_interest_of_long_steps_and_high_rates(is_capped: bool, step: int, growth: float) -> None:
    """The third power of rate times time counts, the rate is at most 800 % a year, and rate times time at most 10."""
    loans = cases.book(random.Random(1), 3, PRICE)
    steep = replace(cases.kinked(), slope_above=40 * cases.WAD // YEAR)  # 805 % where all is lent
    pool = cases.pool_file(cases.terms(), loans, rate=steep if is_capped else cases.fixed(780))
    pool = replace(pool, supply=sum(loans.debt))
    (found,) = apart([(loans, pool)], cases.scenario(prices=PriceModel("profile", points=((step, 1e12),)), step=step), 3)
    x = min(10.0, (8.0 if is_capped else 7.8) * growth)
    grown = found.field("debt_end")[0] * cases.TOKEN / sum(loans.debt)
    assert grown == pytest.approx((1 + x + x**2 / 2 + x**3 / 6) ** 3, rel=1e-9)
    assert not found.field("sales").any()


def test_a_pool_that_loses_all() -> None:
    """Once lenders have nothing left, the premium owed bears the rest."""
    loans = Book(("whale",), (10 * cases.TOKEN,), (15_000 * cases.TOKEN,))
    terms = cases.terms(backstop=cases.BACKSTOP, premium=90, penalty=0, reserve_factor=0)
    fund = cases.Fund(100 * cases.TOKEN, 100 * cases.TOKEN, cases.WAD)
    pool = replace(cases.pool_file(terms, loans, rate=cases.fixed(400), reserve=0.0, fund=fund), supply=sum(loans.debt))
    (found,) = apart([(loans, pool)], flat(1e-9, DAY), 4)
    assert found.field("loss_from_backstop")[0] == pytest.approx(100.0)
    assert found.field("loss_from_premium")[0] > 100.0
    assert found.field("supply_end")[0] == 0.0


def test_runs_and_premiums_take_the_same_cash() -> None:
    """Lenders run from a covered pool: what cash there is, reserve and premium owed included, is gone, and premiums stay owed."""
    loans = cases.book(random.Random(8), 20, PRICE)
    terms = cases.terms(backstop=cases.BACKSTOP, premium=30)
    fund = cases.Fund(3000 * cases.TOKEN, 2500 * cases.TOKEN, cases.WAD // 2)
    pool = cases.pool_file(terms, loans, rate=cases.fixed(100), reserve=0.002, fund=fund)
    world = cases.scenario(lenders=Lenders(run_share=0.9, run_at_fall=0.1))
    (found,) = apart([(loans, pool)], world, 300)
    assert (found.field("run_withdrawn") > 0.0).sum() == 2
    assert (found.field("premium_paid") < found.field("premium")).any()
    assert (found.field("premium_paid") > 0.0).all()


def test_lenders_run_from_a_pool_whose_collateral_is_another_s_shares() -> None:
    """Its price is what those are worth: the pool below must lose before anybody runs above."""
    loans, held = cases.book(random.Random(4), 30, PRICE), cases.book(random.Random(6), 10, 1.0)
    shares = Book(held.accounts, tuple(amount * 10**6 for amount in held.collateral), held.debt)
    below = cases.pool_file(cases.terms(penalty=0, reserve_factor=0), loans, reserve=0.0)
    above = replace(cases.pool_file(cases.terms(), held), collateral_decimals=24)
    worlds = [flat(level, 3600, lenders=Lenders(run_share=0.5, run_at_fall=0.15)) for level in (0.2, 1.0)]
    first, second = apart([(loans, below), (shares, above)], worlds, 40, [-1, 0])
    assert (first.field("share_price_end") < 0.85).all()
    assert (second.field("run_withdrawn") > 0.0).all()


def test_what_does_not_fit_a_step_comes_with_the_next() -> None:
    """A feed that is half a step late and liquidators who need one and a half: one step, and two."""
    loans = cases.book(random.Random(9), 30, PRICE)
    world = cases.scenario(
        oracle=Oracle((Feed(delay=1800), Feed(bias=-0.2, biased=(Window(50 * 3600, 80 * 3600),)))), liquidators=Liquidators(latency=5400)
    )
    (found,) = apart([(loans, cases.pool_file(cases.terms(), loans))], world, 400)
    assert found.field("sales").sum() > 10


COPIES = 6


def copies() -> Book:
    """Twelve loans, each so many times."""
    once = cases.book(random.Random(3), 12, PRICE)
    return Book(
        tuple(f"borrower-{place}" for place in range(12 * COPIES)),
        tuple(amount for amount in once.collateral for _ in range(COPIES)),
        tuple(amount for amount in once.debt for _ in range(COPIES)),
    )


def copies_merged(world: World) -> World:
    """The world in which each row of so many equal positions, one after the other, is one cohort."""
    base, steps = world.base, world.steps
    spare = np.zeros(2 * (steps + 1))
    alone = [np.concatenate((row[::COPIES], spare)) for row in base]
    number = np.concatenate((np.full(base.ratio[::COPIES].size, COPIES), spare))
    merged = Cohorts(alone[0], alone[1] * COPIES, alone[2] * COPIES, number, alone[4])
    pools = world.pools.copy()
    pools["last"] = base.ratio.size // COPIES
    return world._replace(base=merged, pools=pools)


@pytest.mark.parametrize(
    "name",
    ["kinked rate, thin market", "target", "little capital", "rising incentive", "hard-coded price", "outage window"],
)
def test_a_cohort_of_copies_is_the_copies(name: str) -> None:
    """Positions that are alike are sold one after the other, whole as long as room and money last, the next one in part: merged or not."""
    (case,) = [case for case in cases.CASES if case.name == name]
    loans = copies()
    pool = cases.pool_file(case.terms, loans, rate=case.rate, reserve=case.reserve, fund=case.fund)
    single = build_world([(loans, pool)], case.scenario, [PRICE], 500, bin_width=0.0)
    one, other = (run(world, seed=3, paths=4, threads=1) for world in (single, copies_merged(single)))
    scale = np.array([1.0 if name in COUNTS else sum(loans.debt) / cases.TOKEN for name in NAMES])
    found = np.nan_to_num(np.abs(one.fields[:, 0] - other.fields[:, 0]) / scale).max(axis=0)
    assert found.max() <= 1e-9, dict(zip(NAMES, found, strict=True))
    assert np.abs(one.waits - other.waits).max() * cases.TOKEN <= 1e-9 * sum(loans.debt)
    assert one.field("sales").sum() > 100 or name == "hard-coded price"


def test_copies_cost_gas_each() -> None:
    """Where a market takes all at its price, a cohort of positions is sold for as many gas costs as it has positions."""
    loans = copies()
    world = build_world(
        [(loans, cases.pool_file(cases.terms(), loans))], cases.scenario(liquidators=cases.DEAR), [PRICE], 500, bin_width=0.0
    )
    one, other = (run(each, seed=3, paths=4, threads=1) for each in (world, copies_merged(world)))
    for name in ("gas", "buyer_profit", "sales"):
        assert other.field(name) == pytest.approx(one.field(name), rel=1e-9)
    assert one.field("gas").sum() == pytest.approx(8.0 * one.field("sales").sum())
    assert one.field("sales").sum() > 100


def test_an_incentive_that_rises_without_a_window() -> None:
    """Time alone makes it rise: buyers who ask for 3 % of a pool that begins at 1 % come after hours, and not never."""
    loans = cases.book(random.Random(12), 20, PRICE)
    terms = cases.terms(incentive_base=1, incentive_rise=0.0002, incentive_max=6, sale_timeout=8 * 3600)
    world = cases.scenario(liquidators=Liquidators(min_incentive=0.03))
    (found,) = apart([(loans, cases.pool_file(terms, loans))], world, 400)
    assert found.field("sales").sum() > 5


def test_marks_of_steps_that_do_not_divide_a_day() -> None:
    """A day in steps of seven hours ends with the fourth, a week with the 24th."""
    loans = cases.book(random.Random(13), 20, PRICE)
    world = cases.scenario(step=7 * 3600, prices=cases.gbm(2.0, -20.0))
    (found,) = apart([(loans, cases.pool_file(cases.terms(), loans))], world, 60)
    assert (found.field("liquidated_7d") > found.field("liquidated_1d")).any()


def test_a_premium_leaves_little_cash() -> None:
    """Nobody repays and premiums go out: cash falls under a part of supply, as it is after the payment, and stays there."""
    loans = cases.book(random.Random(14), 3, PRICE)
    terms = cases.terms(backstop=cases.BACKSTOP, premium=90, reserve_factor=0)
    pool = cases.pool_file(terms, loans, rate=cases.fixed(40), reserve=0.0, fund=cases.Fund(cases.TOKEN, cases.TOKEN, cases.WAD))
    pool = replace(pool, supply=sum(loans.debt) * 106 // 100)
    (found,) = apart([(loans, pool)], flat(1e6, DAY), 60)
    assert (0.0 < found.field("low_cash")).all() and (found.field("low_cash") < 1.0).all()


def test_a_reserve_that_grows_after_a_loss() -> None:
    """What it would have needed is judged by when it lacked, not by what it has in the end."""
    loans = cases.book(random.Random(15), 30, PRICE)
    pool = cases.pool_file(cases.terms(reserve_factor=50, reserve_target=20), loans, rate=cases.fixed(300), reserve=0.0)
    (found,) = apart([(loans, pool)], flat(0.5, DAY), 60)
    assert (found.field("loss_from_lenders") > 0.0).all()
    assert (found.field("reserve_end") > 0.01 * found.field("reserve_needed")).all()


def test_a_feed_that_goes_by_its_heartbeat_alone() -> None:
    """On every path it counts from the start, and its price ages from when it spoke."""
    loans = cases.book(random.Random(16), 30, PRICE)
    world = cases.scenario(
        oracle=Oracle((Feed(heartbeat=5 * 3600, deviation=9.0, frozen=(Window(50 * 3600, 70 * 3600),)),), max_age=8 * 3600)
    )
    (found,) = apart([(loans, cases.pool_file(cases.terms(), loans))], world, 200, paths=5)
    assert found.field("sales").sum() >= 10
    assert (found.field("oracle_failed") > 0.05).all()


@pytest.mark.parametrize("slope", [0, 20])
@pytest.mark.parametrize("most", [2500, 900])
def test_cover_is_drawn_again_up_to_the_share_of_the_fund(most: int, slope: int) -> None:
    """Losses of many steps without a reserve: each draws, until the share of what the fund had with what was drawn is used up."""
    loans = cases.book(random.Random(17), 40, PRICE, spread=0.4)
    terms = cases.terms(
        backstop=cases.BACKSTOP, premium=20, penalty=0, reserve_factor=0, incentive_slope=slope, incentive_max=5 if slope == 0 else 9
    )
    fund = cases.Fund(3000 * cases.TOKEN, most * cases.TOKEN, cases.WAD // 2)
    pool = cases.pool_file(terms, loans, rate=cases.fixed(30), reserve=0.0, fund=fund)
    crash = PriceModel("gbm", volatility=2.0, drift=-20.0, jumps_per_year=150, jump_mean=-0.25, jump_deviation=0.1)
    (found,) = apart([(loans, pool)], cases.scenario(prices=crash), 300, paths=8)
    drawn, borne = found.field("loss_from_backstop"), found.field("loss_from_lenders")
    assert (drawn > 500.0).sum() > 2
    assert 8 > (borne > 0.0).sum() > 2
    assert np.array_equal(found.fund[:, 2] == 1.0, borne > 0.0)
    assert found.fund[:, 0] == pytest.approx(3000.0 - drawn + found.fund[:, 3])
    assert found.fund[:, 1] == pytest.approx(drawn)
    assert found.fund[:, 3] == pytest.approx(found.field("premium_paid"))


def test_a_market_that_was_used_takes_less() -> None:
    """Where nothing but depth bounds sales, what was sold some hours ago still bounds them, and the rest waits."""
    loans = cases.book(random.Random(19), 60, PRICE, spread=0.4)
    market = Market(a=6e-3, b=1.0, recovery=48 * 3600, cascade=0.0)
    (found,) = apart([(loans, cases.pool_file(cases.terms(), loans))], cases.scenario(prices=cases.gbm(1.5, -8.0), market=market), 400)
    assert found.field("sales").sum() > 60


def test_a_path_is_the_same_alone() -> None:
    """Number 3 of a chunk of five, and by itself; its backstop too."""
    loans = cases.book(random.Random(20), 20, PRICE)
    fund = cases.Fund(assets=cases.TOKEN, max_assets=cases.TOKEN, max_share=cases.WAD)
    terms = cases.terms(backstop=cases.BACKSTOP, premium=10)
    world = build_world([(loans, cases.pool_file(terms, loans, fund=fund))], cases.scenario(), [PRICE], 60)
    alone, among = run_chunk(world, 8, 3, 1), run_chunk(world, 8, 0, 5)
    np.testing.assert_array_equal(alone.fields[0], among.fields[3])
    np.testing.assert_array_equal(alone.fund[0], among.fund[3])
    assert among.fund[3, 3] > 0.0


def test_pools_draw_their_own() -> None:
    """Two pools half alike: what each draws by itself is its own, in both engines."""
    books = [cases.book(random.Random(seed), 10, PRICE) for seed in (21, 22)]
    pools = [(loans, cases.pool_file(cases.terms(), loans)) for loans in books]
    one, other = apart(pools, cases.scenario(correlation=0.5), 60)
    assert (one.field("price_end") != other.field("price_end")).all()


CLOCKS = {  # per cent a second, seconds of the timeout; what buyers ask; hours between outages and of each
    "short": (0.0002, 7, 0.025, 45, 25),
    "to the end": (0.0002, 7, 0.05, 45, 25),
    "long": (0.00005, 30, 0.035, 15, 6),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_clocks_over_outages(clock: str) -> None:
    """Loans become unhealthy, healthy and unhealthy again while nobody is there to say so, and clocks grow older than their timeout."""
    rise, hours, least, every, length = CLOCKS[clock]
    loans = cases.book(random.Random(18), 40, PRICE, spread=0.4)
    away = tuple(Window(begin * 3600, (begin + length) * 3600) for begin in range(20, 400, every))
    people = Liquidators(min_incentive=least, outages=away, capital=500.0 if clock == "to the end" else None)
    world = cases.scenario(prices=cases.gbm(2.5, -3.0), liquidators=people, market=cases.THIN)
    terms = cases.terms(**cases.CLOCKS | {"sale_timeout": hours * 3600, "incentive_rise": rise, "incentive_max": 5})
    (found,) = apart([(loans, cases.pool_file(terms, loans))], world, 400, paths=12)
    assert found.field("sales").sum() > 15


def test_health_on_one_path_is_forgotten_by_the_next() -> None:
    """Loans that become healthy in an outage, on a path that never sells them, have no clock that runs on in the next path's outage."""
    loans = cases.book(random.Random(27), 60, PRICE, spread=0.4)
    people = Liquidators(outages=(Window(10 * 3600, 25 * 3600),), latency=3 * 3600)
    world = cases.scenario(prices=PriceModel("ou", half_life=10 * 3600, volatility=4.0), liquidators=people)
    terms = cases.terms(**cases.CLOCKS | {"sale_timeout": 60 * 3600, "incentive_rise": 0.00005, "incentive_max": 5})
    (found,) = apart([(loans, cases.pool_file(terms, loans))], world, 30, paths=40)
    assert found.field("sales").sum() > 40


def test_nobody_is_there_at_the_end() -> None:
    """What is unsold counts with its wait so far, to the step."""
    loans = cases.book(random.Random(23), 40, PRICE)
    people = Liquidators(outages=(Window(20 * 3600, 999 * 3600),))
    (found,) = apart(
        [(loans, cases.pool_file(cases.terms(), loans))], cases.scenario(prices=cases.gbm(2.5, -40.0), liquidators=people), 32, paths=8
    )
    assert (found.field("unhealthy_end") > 0.0).sum() > 2


def test_the_largest_keeps_its_turn() -> None:
    """Who was the largest at the start comes first until nothing is left, however little money takes at a time."""
    loans = cases.book(random.Random(24), 40, PRICE, spread=0.3)
    people = Liquidators(order="largest-first", capital=700.0)
    (found,) = apart(
        [(loans, cases.pool_file(cases.terms(), loans))], cases.scenario(prices=cases.gbm(2.5, -12.0), liquidators=people), 200, paths=6
    )
    assert found.field("sales").sum() > 2 * found.field("closed").sum() > 50


@pytest.mark.parametrize("slope", [0, 10])
def test_penalties_that_collateral_cannot_pay(slope: int) -> None:
    """A tenth of the debt is asked for, and as much is paid as collateral and incentive leave; a reserve pays losses before lenders."""
    loans = cases.book(random.Random(25), 60, PRICE, spread=0.4)
    terms = cases.terms(penalty=10, incentive_slope=slope, incentive_max=5 if slope == 0 else 7)
    (found,) = apart([(loans, cases.pool_file(terms, loans, reserve=0.002))], flat(0.72, DAY), 4)
    assert 0.0 < found.field("penalty")[0] < 0.099 * found.field("liquidated")[0]
    assert found.field("loss_from_reserve")[0] > 0.0
    assert found.field("loss_from_lenders")[0] > 0.0


def test_latency_from_the_start() -> None:
    """What falls with the first step is seen then, and sold three steps later: before the start nobody saw anything."""
    loans = cases.book(random.Random(26), 30, PRICE)
    world = cases.scenario(prices=PriceModel("profile", points=((3600, 0.7),)), liquidators=Liquidators(latency=3 * 3600))
    (found,) = apart([(loans, cases.pool_file(cases.terms(), loans))], world, 6)
    assert found.field("sales")[0] > 5
    assert np.flatnonzero(found.waits[0, 0]).tolist() == [3]
