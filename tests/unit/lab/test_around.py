"""What a stress run adds when it is asked for other terms, depths and scenarios: each cell is a run that one could make oneself."""

from dataclasses import replace

import pytest

pytest.importorskip("numba", reason="stress needs the lab extra")

from ringfence.inputs.errors import InputError
from ringfence.inputs.scenario import Liquidators, Market, PriceModel, Scenario
from ringfence.inputs.scenario_file import NAMES, read_scenario
from ringfence.inputs.stress_result import Estimate, Metric, StressResult
from ringfence.inputs.varied_terms import pool_with
from ringfence.lab import around
from ringfence.lab.around import DEPTHS, MOST_PATHS, around_of, deeper
from ringfence.lab.metrics import measure
from ringfence.lab.run import run as run_paths
from ringfence.lab.shipped import shipped
from ringfence.lab.stress import stress
from ringfence.lab.stress_plan import Plan, Progress, plan_of
from ringfence.model.terms import WAD
from tests.unit.lab.test_distribution import GAPS
from tests.unit.lab.test_stress import BOOK, DAY, POOL, USDC, pool_of

THIN = replace(GAPS, market=Market(a=0.1, b=0.8, recovery=6 * 3600, cascade=0.3), liquidators=Liquidators(gas=1.0, latency=3600))
CRASH = replace(THIN, prices=PriceModel("profile", points=((DAY // 4, 0.75),), volatility=2.0))
PERCENT = WAD // 100


def run(scenario: Scenario = THIN, liq_ltv: int = POOL.terms.liq_ltv, *, paths: int = 300, **more: object) -> StressResult:
    """Two days of a small pool, max_ltv and target_ltv in their proportion."""
    pool = pool_with(pool_of(), {"liq_ltv": liq_ltv})
    assert pool.terms.target_ltv / pool.terms.liq_ltv == pytest.approx(POOL.terms.target_ltv / POOL.terms.liq_ltv, rel=2e-4)
    return stress([(BOOK, pool)], scenario, start_prices=[2000.0], paths=paths, horizon=2 * DAY, causes=False, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole() -> StressResult:
    """A run with everything around it."""
    return run(around=True)


def estimate(metric: Metric) -> Estimate:
    """The three figures of a metric."""
    return Estimate(metric.value, metric.low, metric.high)


def test_the_cell_of_the_pool_is_its_own_run_to_the_bit(whole: StressResult) -> None:
    """Value and interval; asked or not, nothing else of the run changes."""
    assert whole.around is not None
    row, column = whole.around.own
    assert (whole.around.liq_ltv[row], whole.around.depth[column]) == (POOL.terms.liq_ltv / WAD, 1.0)
    assert whole.around.paths == 300
    plain = run()
    assert plain.metrics["lender_loss_es99"].value > 0.0
    assert whole.around.lender_loss_es99[row][column] == estimate(plain.metrics["lender_loss_es99"])
    assert whole.around.loss_es99[row][column] == estimate(plain.metrics["loss_es99"])
    added = {"options", "scenarios", "around"}
    assert {name: part for name, part in whole.to_dict().items() if name not in added} == {
        name: part for name, part in plain.to_dict().items() if name not in added
    }


def test_every_other_cell_is_the_run_of_that_pool_in_that_market(whole: StressResult) -> None:
    """Three cells of different rows and columns, to the bit; they differ from the own one."""
    assert whole.around is not None
    seen = set()
    for row, column in ((2, 0), (5, 4), (4, 1)):
        ltv = round(whole.around.liq_ltv[row] * 100) * PERCENT
        other = run(replace(THIN, market=deeper(THIN.market, DEPTHS[column])), ltv)
        cell = whole.around.lender_loss_es99[row][column]
        assert cell == estimate(other.metrics["lender_loss_es99"])
        seen.add(cell)
    assert len(seen) == 3


def few(liq_ltv: int, scenario: Scenario) -> Plan:
    """Half a day of the pool, which plain Python plays in no time."""
    return plan_of([(BOOK, pool_with(pool_of(reserve=300 * USDC), {"liq_ltv": liq_ltv}))], scenario, [2000.0], DAY // 2, 0.0, None)


def test_few_paths_say_the_same_of_every_cell() -> None:
    """Each is the tail of the paths of that pool in that market, whatever else is in the table; where terms break a bound there is none."""
    plan = few(POOL.terms.liq_ltv, CRASH)
    found = around_of(plan, seed=3, paths=4, threads=1, scheduler=None, progress=None)
    cells = [(row, column) for row, is_legal in enumerate(found.legal) for column in range(5) if is_legal[0]]
    values = set()
    for row, column in cells[::7]:
        market = deeper(CRASH.market, found.depth[column])
        other = few(round(found.liq_ltv[row] * 100) * PERCENT, replace(CRASH, market=market))
        outcome = run_paths(other.world({}), seed=3, paths=4, threads=1)
        measured = measure(outcome, other.starts, other.setting(0.01), seed=3).together
        assert found.lender_loss_es99[row][column] == estimate(measured["lender_loss_es99"])
        assert found.loss_es99[row][column] == estimate(measured["loss_es99"])
        values |= {measured["lender_loss_es99"].value, measured["loss_es99"].value}
    assert len(values) > len(cells[::7])
    assert [is_legal[0] for is_legal in found.legal] == [True] * 8 + [False]
    assert found.lender_loss_es99[-1] == (None,) * 5


def test_few_paths_of_the_scenarios_that_ship() -> None:
    """Over seven days, and on as many paths as is told."""
    asked: list[tuple[str, int, int]] = []

    def play(scenario: Scenario, *, paths: int, horizon: int, progress: Progress | None) -> StressResult:
        asked.append((scenario.name, paths, horizon))
        given = {"start_prices": [2000.0], "seed": 1, "threads": 1}
        return stress([(BOOK, pool_of())], scenario, paths=paths, horizon=horizon, progress=progress, **given)  # type: ignore[arg-type]

    found = shipped(play, 2, None)
    assert asked == [(name, 2, 7 * DAY) for name in NAMES]
    assert [(run.name, run.paths, run.horizon) for run in found] == asked


def test_more_depth_is_the_same_impact_for_more() -> None:
    """In a market four times as deep 4 Q has the impact of Q; what the scenario says of recovery and cascade stays."""
    deep = deeper(THIN.market, 4.0)
    for amount in (0.5, 3.0, 100.0):
        assert deep.a * (4 * amount) ** deep.b == pytest.approx(THIN.market.a * amount**THIN.market.b)
    assert replace(deep, a=THIN.market.a) == THIN.market


def test_terms_that_break_a_bound_have_no_figures(whole: StressResult) -> None:
    """At an LTV where the incentive would take more than the margin: told as not legal, and there is none at 1 or above."""
    found = whole.around
    assert found is not None
    limit = WAD / (WAD + POOL.terms.incentive_max)
    expected = [ltv < limit for ltv in found.liq_ltv]
    assert {True, False} == set(expected)
    for figures in (found.lender_loss_es99, found.loss_es99):
        assert [[cell is not None for cell in row] for row in figures] == [[is_legal] * len(DEPTHS) for is_legal in expected]
    assert [list(row) for row in found.legal] == [[is_legal] * len(DEPTHS) for is_legal in expected]
    assert max(found.liq_ltv) < 1.0


def test_a_market_without_an_end_has_one_depth() -> None:
    """Nothing is deeper than infinite depth."""
    found = run(GAPS, paths=20, around=True).around
    assert found is not None
    assert (found.depth, found.own[1]) == ((1.0,), 0)


def test_fewer_paths_are_enough_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """The own cell is then the run of that many paths, with the same seed."""
    assert MOST_PATHS == 2_000
    monkeypatch.setattr(around, "MOST_PATHS", 100)
    found = run(paths=150, around=True, seed=5).around
    assert found is not None
    row, column = found.own
    assert found.paths == 100
    assert found.lender_loss_es99[row][column] == estimate(run(paths=100, seed=5).metrics["lender_loss_es99"])


def test_the_scenarios_that_ship_are_played_on_the_pool(whole: StressResult) -> None:
    """All of them, each as a run of its own from the same start price over seven days; its claims are held against this pool."""
    assert [scenario.name for scenario in whole.scenarios] == list(NAMES)
    for place in (0, 4):
        shown = whole.scenarios[place]
        own = stress([(BOOK, pool_of())], read_scenario(shown.name), start_prices=[2000.0], paths=300, horizon=7 * DAY)
        assert (shown.paths, shown.horizon, shown.claims, shown.defaults) == (300, 7 * DAY, own.claims, own.defaults)
        assert shown.metrics and shown.metrics == {name: own.metrics[name] for name in shown.metrics}
    assert sum(len(scenario.claims) for scenario in whole.scenarios) == 36


def test_threads_cannot_be_seen_and_progress_ends_where_all_is_done() -> None:
    """The same bytes with one thread and three; what is told never falls, and ends at the whole."""
    told: dict[int, list[tuple[int, int]]] = {1: [], 3: []}
    found = [run(paths=40, around=True, threads=threads, progress=lambda *both, to=to: to.append(both)) for threads, to in told.items()]
    assert found[0].to_json() == found[1].to_json()
    for heard in told.values():
        assert len(heard) > 50
        assert heard == sorted(heard)
        assert {whole for _, whole in heard} == {heard[-1][0]}


def test_it_is_for_one_pool_and_the_fast_engine() -> None:
    pools = [(BOOK, pool_of()), (BOOK, pool_of())]
    with pytest.raises(InputError, match="around: is for one pool, and there are 2"):
        stress(pools, THIN, start_prices=[2000.0] * 2, paths=5, horizon=DAY, around=True)
    with pytest.raises(InputError, match="around: takes many runs"):
        run(paths=5, around=True, engine="exact")
