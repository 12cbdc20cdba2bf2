"""The distribution of a run and the sizes of its reserve: by counting, by numpy, and by running the pool with that reserve."""

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba", reason="stress needs the lab extra")

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import FixedRateTerms, PoolFile
from ringfence.inputs.scenario import Feed, Oracle, PriceModel, Scenario
from ringfence.inputs.stress_result import StressResult
from ringfence.lab.columns import PoolStart
from ringfence.lab.distribution import interval_of_part, needs, quantiles, reserve_sizing
from ringfence.lab.outcome import NAMES
from ringfence.lab.stress import stress
from ringfence.model.terms import WAD, YEAR_SECONDS
from tests.unit.lab.test_stress import BOOK, DAY, POOL, USDC, pool_of

GAPS = Scenario(
    "gaps", PriceModel("gbm", volatility=1.0, jumps_per_year=60, jump_mean=-0.2, jump_deviation=0.1), oracle=Oracle((Feed(delay=7200),))
)


def run(pool: PoolFile, paths: int = 1_003, book: Book = BOOK) -> StressResult:
    """Ten days in which gaps come every other path."""
    return stress([(book, pool)], GAPS, start_prices=[2000.0], paths=paths, horizon=10 * DAY, causes=False)


@pytest.mark.parametrize("paths", [1, 7, 97, 1000, 2000, 2500])
def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed(paths: int) -> None:
    """By counting, in integers, at every level; ties and levels that fall on a path among them."""
    values = np.round(np.random.default_rng(paths).normal(size=paths), 1)
    found = quantiles(values)
    assert len(found) == 1001
    rising = sorted(values.tolist())
    for level, value in enumerate(found[1:], start=1):
        least = next(each for place, each in enumerate(rising, start=1) if place * 1000 >= level * paths)
        assert value == least
    assert (found[0], found[1000]) == (rising[0], rising[-1])


def test_it_is_numpy_where_no_level_falls_on_a_path() -> None:
    """Of 97 paths; elsewhere numpy's rank hangs on how a float rounds."""
    values = np.random.default_rng(5).normal(size=97)
    assert quantiles(values)[1:] == np.quantile(values, np.arange(1, 1001) / 1000, method="inverted_cdf").tolist()


def test_the_metrics_stand_in_it() -> None:
    """Value at risk of loss and of lenders' loss to the bit, and both columns end with the worst path."""
    found = run(pool_of(reserve=200 * USDC))
    for name in ("loss", "lender_loss"):
        column = found.distribution[name]
        assert (column[950], column[990]) == (found.metrics[f"{name}_var95"].value, found.metrics[f"{name}_var99"].value)
    assert found.distribution["loss"][1000] == found.paths["loss"].max() * (10_000 / 20_000)
    assert found.distribution["lender_loss"][1000] < found.distribution["loss"][1000]
    assert found.distribution["levels"] == list(range(1001))


def test_several_pools_are_one_distribution() -> None:
    """Losses of a path are added up, and are parts of all supply."""
    found = stress([(BOOK, pool_of()), (BOOK, pool_of())], GAPS, start_prices=[2000.0, 1990.0], paths=300, horizon=10 * DAY, causes=False)
    assert found.distribution["loss"][1000] == pytest.approx(found.paths["loss"].reshape(-1, 2).sum(axis=1).max() / 40_000 * 10_000)
    assert found.distribution["loss"][990] == found.metrics["loss_var99"].value


def test_a_size_of_the_reserve_is_short_as_often_as_the_pool_that_has_it() -> None:
    """Each size in a run of its own, on the same paths: neither interest nor penalty flows into the reserve, so hindsight is foresight."""
    terms = replace(POOL.terms, reserve_factor=0, reserve_target=0, penalty=0, premium=0)
    plain = run(pool_of(terms=terms))
    sizes = plain.pools[0].reserve_sizing
    assert (len(sizes), sizes[0].reserve, sizes[-1].ruin) == (25, 0.0, 0.0)
    assert sizes[0].ruin > 0.1
    assert [size.ruin for size in sizes] == sorted((size.ruin for size in sizes), reverse=True)
    for size in sizes[::6]:
        reserve = math.ceil(size.reserve * USDC)
        again = run(pool_of(terms=terms, reserve=reserve))
        assert again.metrics["reserve_ruin"].value == size.ruin
        own = next(each for each in again.pools[0].reserve_sizing if each.reserve == reserve / USDC)
        assert own.ruin == size.ruin
        assert own.part_of_supply == pytest.approx(reserve / USDC / 20_000)


def test_the_own_size_is_among_them_and_agrees_with_the_metric() -> None:
    """With penalties and interest, too; and the need at no reserve is counted from the paths."""
    found = run(pool_of(reserve=137 * USDC))
    sizes = {size.reserve: size for size in found.pools[0].reserve_sizing}
    assert 0.0 < sizes[137.0].ruin == found.metrics["reserve_ruin"].value < sizes[0.0].ruin
    of = found.paths
    assert sizes[0.0].ruin == (of["reserve_needed"] > 20_000 * 1e-9).mean()
    assert max(sizes) >= of["reserve_needed"].max()


def test_what_a_reserve_gives_back_is_no_need() -> None:
    """Over its target it flows back to lenders, while nothing is lost on any path: none would have been needed, in both engines."""
    terms = replace(POOL.terms, reserve_factor=WAD, reserve_target=WAD // 1000, penalty=0)
    pool = replace(pool_of(terms=terms, reserve=2_000 * USDC), rate=FixedRateTerms(WAD // (10 * YEAR_SECONDS)))
    calm = replace(GAPS, prices=PriceModel("profile", points=((3600, 1.0),)))
    for engine in ("fast", "exact"):
        found = stress([(BOOK, pool)], calm, start_prices=[2000.0], paths=3, horizon=DAY, causes=False, engine=engine)
        assert 1_000.0 < found.metrics["reserve_end_mean"].value < 1_999.0
        assert found.metrics["reserve_needed_p99"].value == pytest.approx(0.0, abs=1e-9)
        assert {size.ruin for size in found.pools[0].reserve_sizing} == {0.0}


def test_a_reserve_that_was_short_within_a_step_was_short() -> None:
    """30 lost beyond a reserve of 100, and 40 of penalties before the step ends: by then nothing is missing, and 130 would have been
    needed. What is open and the reserve covers asks for no more than it."""
    start = PoolStart("small", supply=1e6, debt=8e5, reserve=100.0)
    fields = np.zeros((2, len(NAMES)))
    for path, figures in enumerate(
        (
            {"loss_from_lenders": 30.0, "loss_from_reserve": 100.0, "reserve_end": 40.0, "supply_end": 1e6 - 30, "reserve_needed": 60.0},
            {"unrealised_loss": 100.0, "reserve_end": 100.0, "supply_end": 1e6, "reserve_needed": 100.0},
        )
    ):
        for name, value in figures.items():
            fields[path, NAMES.index(name)] = value
    assert needs(fields, start).tolist() == [130.0, 100.0]
    assert next(size.ruin for size in reserve_sizing(fields, start) if size.reserve == 100.0) == 0.5


def test_the_interval_of_a_probability_is_wilsons() -> None:
    """10 of 100: 0.0552 to 0.1744; 81 of 263: 0.2553 to 0.3662 (Newcombe 1998, table I); none of n: up to z^2 / (n + z^2)."""
    assert interval_of_part(10, 100) == pytest.approx((0.05523, 0.17437), abs=5e-5)
    assert interval_of_part(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert interval_of_part(0, 1000) == pytest.approx((0.0, 3.8415 / 1003.8415), abs=1e-7)
    assert interval_of_part(1000, 1000) == pytest.approx((1000 / 1003.8415, 1.0), abs=1e-7)
