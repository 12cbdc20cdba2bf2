"""Simulated prices and losses against what theory says of them in closed form, within the error of so many paths."""

import math
from functools import partial

import numpy as np
import pytest

from ringfence.inputs.scenario import Liquidators, PriceModel, Scenario
from ringfence.lab.paths import path_prices
from ringfence.lab.run import Outcome, run
from ringfence.lab.world import world_from_arrays
from tests.unit.lab.closed_forms import first_passage, shortfall, shortfall_with_jumps
from tests.unit.lab.test_replay_rules import UNIT, make_pool

YEAR, HOUR, DAY = 31_536_000, 3_600, 86_400
SIGMAS = 4.0
"""Standard errors allowed: a right formula is refused once in 16,000 runs, and the seeds are fixed."""


def paths_of(prices: PriceModel, step: int, steps: int, paths: int, seed: int = 1) -> "np.ndarray":
    """Multiples of so many paths, one a row, the start left out."""
    draw = partial(path_prices, Scenario("closed form", prices, step=step), seed, steps=steps)
    return np.array([draw(path=path)[1:] for path in range(paths)])


@pytest.mark.parametrize(("drift", "barrier"), [(0.0, 0.86), (0.0, 0.75), (-1.0, 0.75), (1.0, 0.86)])
def test_a_price_reaches_a_barrier_as_often_as_theory_says(drift: float, barrier: float) -> None:
    """30 days of GBM at 80 % in steps of 6 hours. The formula for a price followed at every instant, without the correction for steps, is
    refused by the same paths; the correction's own error is under 0.002 here."""
    paths, steps = 20_000, 120
    prices = paths_of(PriceModel("gbm", drift=drift, volatility=0.8), 6 * HOUR, steps, paths)
    found = float(np.mean(prices.min(axis=1) <= barrier))
    expected = first_passage(barrier, drift, 0.8, 30 / 365, steps)
    error = math.sqrt(expected * (1 - expected) / paths)
    assert abs(found - expected) < SIGMAS * error + 0.002
    assert abs(found - first_passage(barrier, drift, 0.8, 30 / 365, 10**12)) > SIGMAS * error + 0.002


def test_the_correction_for_steps_agrees_with_finer_steps() -> None:
    """The same paths of an hour each, looked at every hour, every 6 and every 24: less is seen, as the formula says."""
    paths, steps = 8_000, 720
    prices = paths_of(PriceModel("gbm", volatility=0.8), HOUR, steps, paths)
    for every in (1, 6, 24):
        found = float(np.mean(prices[:, every - 1 :: every].min(axis=1) <= 0.8))
        expected = first_passage(0.8, 0.0, 0.8, 30 / 365, steps // every)
        assert abs(found - expected) < SIGMAS * math.sqrt(expected * (1 - expected) / paths) + 0.003


@pytest.mark.parametrize("ltv", [0.8, 0.65])
def test_a_loan_is_sold_as_often_as_its_critical_price_is_reached(ltv: float) -> None:
    """The same passage through the engine: a loan that owes no interest is sold where the price is first under ltv / liq_ltv."""
    debt, paths, steps = np.array([1e6]), 40_000, 120
    scenario = Scenario("passage", PriceModel("gbm", volatility=0.8), step=6 * HOUR)
    world = world_from_arrays(debt / ltv, debt, make_pool(2_000_000 * UNIT), scenario, 1.0, steps)
    found = float(np.mean(run(world, seed=2, paths=paths, threads=1).field("sales") > 0))
    expected = first_passage(ltv / 0.86, 0.0, 0.8, 30 / 365, steps)
    assert abs(found - expected) < SIGMAS * math.sqrt(expected * (1 - expected) / paths) + 0.002


# One loan, one step: who looks once sees a put


def one_step(prices: PriceModel, days: int, ltv: float, paths: int, **given: object) -> Outcome:
    """One loan of 1,000,000 tokens at a loan-to-value over a single step of so many days."""
    debt = np.array([1e6])
    scenario = Scenario("gap", prices, step=days * DAY, **given)  # type: ignore[arg-type]
    world = world_from_arrays(debt / ltv, debt, make_pool(2_000_000 * UNIT), scenario, 1.0, 1)
    return run(world, seed=3, paths=paths, threads=1)


def agrees(losses: "np.ndarray", expected: float) -> bool:
    """Whether the mean is what is expected, within the error of its paths."""
    error = float(losses.std(ddof=1)) / math.sqrt(losses.size)
    return 0 < error < 0.02 * expected and abs(float(losses.mean()) - expected) < SIGMAS * error


PATHS = 200_000
CRASH = PriceModel("gbm", drift=0.2, volatility=1.2, jumps_per_year=12, jump_mean=-0.2, jump_deviation=0.1)


@pytest.mark.parametrize("volatility", [0.8, 1.5])
def test_a_loan_that_nobody_sells_is_a_put(volatility: float) -> None:
    """Nobody comes: the lenders' loss is max(0, debt - worth) at the end, open, not booked."""
    outcome = one_step(PriceModel("gbm", volatility=volatility), 30, 0.8, PATHS, liquidators=Liquidators(min_incentive=1.0))
    assert agrees(outcome.field("unrealised_loss"), shortfall(1e6, 1e6 / 0.8, 0.0, volatility, 30 / 365))
    assert not outcome.field("realised_loss").any()


@pytest.mark.parametrize("volatility", [0.8, 1.5])
def test_the_gap_of_a_loan_that_is_sold_at_once_is_a_put_on_what_its_buyer_pays(volatility: float) -> None:
    """Sold at the first look, whole, at 5 %: the loss is max(0, debt - worth / 1.05), since every loan that cannot pay is unhealthy, for
    liq_ltv * 1.05 < 1. It is booked, and the lenders bear it."""
    outcome = one_step(PriceModel("gbm", volatility=volatility), 30, 0.8, PATHS)
    expected = shortfall(1e6, 1e6 / 0.8 / 1.05, 0.0, volatility, 30 / 365)
    assert agrees(outcome.field("realised_loss"), expected)
    assert agrees(outcome.field("loss_from_lenders"), expected)
    assert not outcome.field("unrealised_loss").any()


def test_with_jumps_it_is_a_mixture_of_puts() -> None:
    """Twelve jumps a year of about -20 %, compensated, over 30 days."""
    outcome = one_step(CRASH, 30, 0.8, PATHS)
    assert agrees(outcome.field("loss"), shortfall_with_jumps(1e6, 1e6 / 0.8 / 1.05, 0.2, 1.2, 30 / 365, 12, -0.2, 0.1))


def test_the_puts_are_the_integrals_they_stand_for() -> None:
    """By adding up the shortfall over a fine grid of the normal density; without jumps the mixture is one put."""
    z = np.linspace(-10, 10, 200_001)
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    price = np.exp((0.1 - 0.32) * 0.25 + 0.8 * 0.5 * z)
    summed = float(np.sum(np.maximum(0, 1.0 - 1.2 * price) * density) * (z[1] - z[0]))
    assert shortfall(1.0, 1.2, 0.1, 0.8, 0.25) == pytest.approx(summed, rel=1e-7)
    assert shortfall_with_jumps(1.0, 1.2, 0.1, 0.8, 0.25, 0.0, -0.2, 0.1) == pytest.approx(summed, rel=1e-7)


def test_a_price_that_is_followed_at_every_instant_falls_as_its_running_minimum_does() -> None:
    """Without drift of the logarithm, reflection: twice the probability of ending below."""
    drift, years = 0.8**2 / 2, 0.5
    reflected = 2 * shortfall_probability(0.7, years)
    assert first_passage(0.7, drift, 0.8, years, 10**14) == pytest.approx(reflected, rel=1e-6)


def shortfall_probability(level: float, years: float) -> float:
    """Probability that exp(0.8 W(years)) is under the level."""
    return 0.5 * math.erfc(-math.log(level) / (0.8 * math.sqrt(2 * years)))
