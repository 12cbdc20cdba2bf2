"""Paths spelled out of their random numbers: which stream, which number of a block, which year."""

import math

import numpy as np
from scipy import stats

from ringfence.inputs.scenario import PriceModel, Scenario
from ringfence.lab.paths import fill_presence, path_prices
from ringfence.lab.philox import normal, uniforms

YEAR = 365 * 86_400


def test_a_step_of_brownian_motion_is_its_number() -> None:
    """The first number of the factor's block of the step, and of a pool's own where nothing is shared."""
    model = PriceModel("gbm", drift=0.3, volatility=0.8)
    for correlation, stream in ((1.0, 0), (0.0, 1 + 4)):
        path = path_prices(Scenario("any", model, correlation=correlation), 11, 5, 3, pool=4)
        for step in (1, 2, 3):
            move = (0.3 - 0.32) * 3600 / YEAR + 0.8 * math.sqrt(3600 / YEAR) * normal(uniforms(11, 5, stream, step)[0])
            assert math.isclose(path[step] / path[step - 1], math.exp(move), rel_tol=1e-14)


def moves_of(model: PriceModel, path: int, steps: int) -> list[float]:
    """Log returns of one path of a pool whose draws are all shared."""
    return [float(move) for move in np.diff(np.log(path_prices(Scenario("any", model), 11, path, steps)))]


def test_jumps_are_counted_by_the_second_number_and_sized_by_the_third() -> None:
    """About one an hour, Poisson by its quantile, N m + sqrt(N) d z' together; the drift makes up for them."""
    model = PriceModel("gbm", drift=0.5, volatility=0.4, jumps_per_year=8760, jump_mean=-0.05, jump_deviation=0.08)
    drift = (0.5 - 0.08 - 8760 * math.expm1(-0.05 + 0.0032)) / 8760
    seen = set()
    for step, move in enumerate(moves_of(model, 6, 60), 1):
        z, first, second, _ = uniforms(11, 6, 0, step)
        count = int(stats.poisson.ppf(first, 1.0))
        jumps = count * -0.05 + math.sqrt(count) * 0.08 * normal(second) if count else 0.0
        assert math.isclose(move, drift + 0.4 * math.sqrt(1 / 8760) * normal(z) + jumps, rel_tol=1e-9, abs_tol=1e-12)
        seen.add(count)
    assert seen >= {0, 1, 2, 3}


def test_a_pegged_pair_is_pulled_and_then_pulled_elsewhere() -> None:
    """Half of the way is left after a half-life; the default comes at its exponential time, drawn from stream 4000."""
    pair = PriceModel("depeg", half_life=6 * 3600, volatility=0.3, jumps_per_year=200, depeg_level=0.6)
    kept, theta = 0.5 ** (1 / 6), math.log(2) / (6 * 3600)
    noise = 0.3 * math.sqrt((1 - kept**2) / (2 * theta * YEAR))
    defaults = 0
    for path in range(10):
        default, pulled = -YEAR / 200 / 3600 * math.log(uniforms(11, path, 4000, 0)[0]), 0.0
        prices = path_prices(Scenario("any", pair), 11, path, 60)
        for step in range(1, 61):
            level = math.log(0.6) if step >= default else 0.0
            pulled = level + kept * (pulled - level) + noise * normal(uniforms(11, path, 0, step)[0])
            assert math.isclose(math.log(prices[step]), pulled, rel_tol=1e-9, abs_tol=1e-12)
        defaults += 1.0 < default < 60.0
    assert defaults > 3


def test_a_row_of_garch_is_its_numbers() -> None:
    """From the variance that it has on average, by Bailey's formula of the second and third number of the row's block."""
    model = PriceModel("garch", omega=4e-6, alpha=0.3, beta=0.5, mean=0.01, degrees=5.0)
    variance = 4e-6 / 0.2
    for row, move in enumerate(moves_of(model, 2, 20)):
        _, first, second, _ = uniforms(11, 2, 0, row)
        shock = math.sqrt(variance * 3 * (first ** (-2 / 5) - 1)) * math.cos(2 * math.pi * second)
        assert math.isclose(move, 0.01 + shock, rel_tol=1e-9, abs_tol=1e-12)
        variance = 4e-6 + 0.3 * shock**2 + 0.5 * variance


def test_a_replay_from_the_first_row_begins_there_on_every_path() -> None:
    """Whatever its numbers are."""
    model = PriceModel("history", returns=(0.1, -0.2, 0.3, 0.05), from_first=True)
    for path in range(8):
        assert np.allclose(moves_of(model, path, 3), (0.1, -0.2, 0.3), rtol=0, atol=1e-12)


def test_absences_have_a_stream_of_their_own() -> None:
    """The first absence begins an exponential time after the path's beginning less its length, drawn from stream 2000."""
    here = np.empty(2001, np.bool_)
    seen = 0
    for path in range(20):
        fill_presence(3, path, 3600, np.empty(0), np.empty(0), 20.0, 36_000.0, here)
        begin = -36_000.0 - YEAR / 20.0 * math.log(uniforms(3, path, 2000, 0)[0])
        if 0.0 < begin < 2000 * 3600.0:
            assert np.flatnonzero(~here)[0] == math.ceil(begin / 3600)
            seen += 1
    assert seen > 10
