"""`lab/judge.py`: an evaluation is a stress run in its figures, on the same futures whatever the terms."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("numba", reason="stress needs the lab extra")

from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.scenario import Liquidators, Market, Oracle
from ringfence.lab.judge import LENDERS_ES99, LENDERS_MEAN, LENDERS_PROB, MEASURED, Evaluator
from ringfence.lab.metrics import measure_named
from ringfence.lab.stress import stress
from ringfence.lab.stress_plan import Runner
from ringfence.model.terms import WAD
from tests.unit.lab.recommend_worlds import BOOK, POOL, PRICE, SETTING, TERMS, USDC, WILD, covered


def judge(seed: int = 3, significant: float = 0.01, sure: bool = False, **bounds: float) -> Evaluator:
    """Of the small pool's world."""
    return Evaluator(
        WILD, PRICE, bounds or {LENDERS_ES99: 50.0},
        horizon=SETTING["horizon"], seed=seed, paths=SETTING["paths"], threads=None, significant=significant, sure=sure,
    )  # fmt: skip


def other_terms() -> dict[str, PoolFile]:
    """The pool, and with other terms."""
    return {
        "as it is": POOL,
        "higher": replace(POOL, terms=replace(TERMS, liq_ltv=WAD * 9 // 10, max_ltv=WAD * 84 // 100)),
        "target": replace(POOL, terms=replace(TERMS, target_ltv=WAD * 7 // 10)),
        "no reserve": replace(POOL, reserve=0),
        "covered": covered(),
    }


@pytest.mark.parametrize("name", other_terms())
@pytest.mark.parametrize("seed", [3, 4])
def test_every_figure_is_that_of_a_stress_run_to_the_last_bit(name: str, seed: int) -> None:
    """Value, interval, unit and definition; of a run that measures everything, with and without causes."""
    pool = other_terms()[name]
    found = judge(seed, 0.005).of(BOOK, pool).metrics
    whole = stress([(BOOK, pool)], WILD, start_prices=[PRICE], **{**SETTING, "seed": seed}, significant=0.005)
    assert set(found) == set(MEASURED)
    assert {name: whole.metrics[name] for name in MEASURED} == dict(found)
    assert found[LENDERS_ES99].value > 0 or name == "covered"
    assert found[LENDERS_ES99].low < found[LENDERS_ES99].high


def test_every_metric_that_is_asked_for_by_name_is_the_same() -> None:
    """Also alone: the others of a run are there to be compared with, not to be seen."""
    plan = judge().plan(BOOK, POOL)
    outcome = Runner(plan, 3, SETTING["paths"], None, None, False, None, 1).run({})
    whole = stress([(BOOK, POOL)], WILD, start_prices=[PRICE], **SETTING, causes=False).metrics
    for name in ("loss_es99", "loss_var95", "loss_es975_1d", "reserve_needed_p99", "lender_net_yield", "time_to_liquidate_p95"):
        assert measure_named(outcome, plan.starts[0], plan.setting(0.01), [name], seed=3) == {name: whole[name]}


def test_terms_are_judged_on_the_same_futures() -> None:
    """With a larger reserve no path is worse for lenders, and none changes by more than the reserve grew: path n is one future under all
    terms. Of another seed many paths are worse."""
    one = judge()
    small, large = one.of(BOOK, POOL), one.of(BOOK, replace(POOL, reserve=900 * USDC))
    saved = small.lenders - large.lenders
    assert (saved >= -1e-9).all()
    assert (saved <= 400 / 160_000 * 10_000 + 1e-9).all()
    assert (saved > 1).any()
    other = judge(4).of(BOOK, replace(POOL, reserve=900 * USDC))
    assert (small.lenders - other.lenders < -1).any()


def test_the_paired_difference_is_that_of_the_means_and_far_surer() -> None:
    """Its interval is narrower than either figure's own."""
    one = judge()
    small, large = one.of(BOOK, POOL), one.of(BOOK, replace(POOL, reserve=900 * USDC))
    more = one.more(small, large)
    assert more.value == pytest.approx(small.metrics[LENDERS_MEAN].value - large.metrics[LENDERS_MEAN].value)
    assert np.mean(small.lenders) == pytest.approx(small.metrics[LENDERS_MEAN].value)
    assert 0 < more.low < more.value < more.high
    assert more.high - more.low < (large.metrics[LENDERS_MEAN].high - large.metrics[LENDERS_MEAN].low) / 2


def test_a_pool_is_run_once() -> None:
    """What is asked again is remembered; what differs in anything that a run depends on is not taken for it."""
    one = judge()
    first = one.of(BOOK, POOL)
    assert one.of(BOOK, replace(POOL, name="by another name")) is first
    assert one.evaluations == 1
    others = [
        replace(POOL, reserve=501 * USDC),
        replace(POOL, supply=161_000 * USDC),
        replace(POOL, terms=replace(TERMS, penalty=0)),
        covered(),
        covered(500 * USDC),
    ]
    found = [one.of(BOOK, pool) for pool in others]
    assert one.evaluations == 6
    assert len({evaluation.metrics[LENDERS_MEAN].value for evaluation in (first, *found)}) == 6
    doubled = replace(BOOK, debt=tuple(2 * owed // 3 for owed in BOOK.debt))
    assert one.of(doubled, POOL) is not first


def test_bounds_are_held_by_the_value_and_surely_by_the_whole_interval() -> None:
    """At the value itself a bound is kept; of two bounds both must be."""
    metric = judge().of(BOOK, POOL).metrics[LENDERS_ES99]
    cases = [(metric.low / 2, False, False, False), (metric.low, False, False, True), (metric.value, True, False, True)]
    cases += [(metric.high, True, True, True), (np.nextafter(metric.value, 0), False, False, True)]
    for most, holds, surely, may in cases:
        found = judge(**{LENDERS_ES99: most}).of(BOOK, POOL)
        assert (found.holds, found.surely_holds, found.may_hold) == (holds, surely, may), most
        assert found.broken == (() if holds else (LENDERS_ES99,))
        assert (found.excess > 0) == (not holds)
    probability = judge().of(BOOK, POOL).metrics[LENDERS_PROB].value
    assert probability > 0
    both = judge(**{LENDERS_ES99: metric.value / 2, LENDERS_PROB: probability / 10}).of(BOOK, POOL)
    assert both.broken == (LENDERS_PROB, LENDERS_ES99)
    assert both.excess == pytest.approx(9)
    assert not both.holds
    one_of_two = judge(**{LENDERS_ES99: metric.high, LENDERS_PROB: probability / 10}).of(BOOK, POOL)
    assert one_of_two.broken == (LENDERS_PROB,)
    assert (one_of_two.holds, one_of_two.surely_holds, one_of_two.may_hold) == (False, False, True)
    none_may = judge(**{LENDERS_ES99: metric.low / 2, LENDERS_PROB: 1.0}).of(BOOK, POOL)
    assert (none_may.holds, none_may.surely_holds, none_may.may_hold) == (False, False, False)
    nothing = judge(**{LENDERS_ES99: 0.0}).of(BOOK, POOL)
    assert nothing.excess > 1e9  # as a part of next to nothing, so that the smaller of two is nearer
    assert not nothing.holds


def test_a_sure_bound_is_held_by_the_upper_end() -> None:
    """And missed by it."""
    metric = judge().of(BOOK, POOL).metrics[LENDERS_ES99]
    for most, holds in ((metric.value, False), (np.nextafter(metric.high, 0), False), (metric.high, True)):
        found = judge(sure=True, **{LENDERS_ES99: most}).of(BOOK, POOL)
        assert (found.holds, found.surely_holds, found.may_hold) == (holds, holds, True)
        assert found.broken == (() if holds else (LENDERS_ES99,))
        assert found.excess == pytest.approx(metric.high / most - 1)


def test_what_a_loss_is_due_to_is_the_difference_to_the_same_paths_without_it() -> None:
    """As stress runs of those worlds have it; what the world does not have is not asked."""
    found = judge().without(BOOK, POOL)
    base = judge().of(BOOK, POOL).metrics[LENDERS_ES99].value
    without = {
        "the oracle's gap": replace(WILD, oracle=Oracle()),
        "the market's depth": replace(WILD, market=replace(WILD.market, a=0.0)),
        "latency and outages": replace(WILD, liquidators=replace(WILD.liquidators, latency=0)),
    }
    assert found.keys() == without.keys()
    for cause, world in without.items():
        other = stress([(BOOK, POOL)], world, start_prices=[PRICE], **SETTING, causes=False).metrics[LENDERS_ES99].value
        assert found[cause] == base - other != 0.0
    kind = Evaluator(
        replace(WILD, oracle=Oracle(), market=Market(), liquidators=Liquidators()), PRICE, {LENDERS_ES99: 50.0},
        horizon=SETTING["horizon"], seed=3, paths=50, threads=None, significant=0.01,
    )  # fmt: skip
    assert kind.without(BOOK, POOL) == {}


def test_evaluations_do_not_hang_on_threads_or_progress() -> None:
    """Another number of threads and a listener: the same figures; the listener hears of every path."""
    told: list[tuple[int, int]] = []

    def listen(done: int, of: int) -> None:
        told.append((done, of))

    one = Evaluator(
        WILD, PRICE, {LENDERS_ES99: 50.0},
        horizon=SETTING["horizon"], seed=3, paths=SETTING["paths"], threads=1, significant=0.01, progress=listen,
    )  # fmt: skip
    assert one.of(BOOK, POOL).metrics == judge().of(BOOK, POOL).metrics
    assert max(told) == (SETTING["paths"], SETTING["paths"])
