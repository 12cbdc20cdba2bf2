"""Fits find what made the data, within the error of their method, refuse what they cannot answer for, and know the recorded data.

Made data has fixed seeds; an estimate further off than 4.5 of its standard errors fails.
"""

import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ringfence.inputs.scenario import PriceModel
from ringfence.lab.fits import IMMATERIAL, Depth, depth_residuals, fit_depth, fit_garch, fit_tail
from ringfence.lab.paths import fill_path, path_table


def garch_returns(omega: float, alpha: float, beta: float, degrees: float, *, rows: int, seed: int) -> NDArray:
    """Log returns of one long path."""
    model = PriceModel("garch", omega=omega, alpha=alpha, beta=beta, mean=2e-5, degrees=degrees)
    out = np.empty(rows + 1)
    fill_path(*path_table(model, 3600, rows), seed, 0, 0, 1.0, out)
    return np.diff(np.log(out))


def test_garch_finds_what_made_the_path() -> None:
    """Ten paths of 10,000 rows: the mean estimate is right within its own standard error, and each is near."""
    truth = (2e-6, 0.08, 0.88, 2e-5, 6.0)
    found = np.array([fit_garch(garch_returns(2e-6, 0.08, 0.88, 6.0, rows=10_000, seed=seed)) for seed in range(10)])
    errors = found.std(axis=0, ddof=1) / math.sqrt(10)
    assert (np.abs(found.mean(axis=0) - truth) < 4.5 * errors).all()
    assert (errors < np.array([4e-7, 0.01, 0.02, 5e-5, 0.4])).all()


def test_garch_holds_the_variance_of_the_data() -> None:
    """omega / (1 - alpha - beta) is the variance of the returns, and the mean theirs: paths neither swell nor drift against the data."""
    returns = garch_returns(2e-6, 0.08, 0.88, 6.0, rows=3_000, seed=3)
    fitted = fit_garch(returns)
    assert fitted.omega / (1.0 - fitted.alpha - fitted.beta) == pytest.approx(returns.var(), rel=1e-9)
    assert fitted.mean == pytest.approx(returns.mean(), rel=1e-9)


def test_garch_of_moved_and_scaled_returns_is_the_same() -> None:
    """Twice the returns are four times the variance and nothing else; a drift is a mean and nothing else."""
    returns = garch_returns(2e-6, 0.08, 0.88, 6.0, rows=3_000, seed=4)
    one, two = fit_garch(returns), fit_garch(2.0 * returns)
    assert two.omega == pytest.approx(4.0 * one.omega, rel=0.02)
    moved = fit_garch(returns + 0.01)
    assert moved.mean == pytest.approx(one.mean + 0.01)
    for other in (two, moved):
        assert (other.alpha, other.beta, other.degrees) == pytest.approx((one.alpha, one.beta, one.degrees), rel=0.01)


def test_garch_refuses_what_it_cannot_answer_for() -> None:
    """Too few, all alike, not finite, and variances that drift away for good."""
    random = np.random.default_rng(5)
    for returns, reason in [
        (random.normal(size=499), "499 are too few"),
        (np.full(600, 0.001), "none differs"),
        (np.array([*random.normal(size=600), math.inf]), "one is not a finite number"),
        (random.normal(size=6_000) * np.repeat([1e-4, 1e-1], 3_000), "no stationary GARCH"),
        (random.standard_t(1.2, size=3_000), "returns: "),
    ]:
        with pytest.raises(ValueError, match=reason):
            fit_garch(returns)


def test_tails_find_what_made_them() -> None:
    """Normal returns in the middle, known generalised Pareto excesses beyond: thresholds, shapes and scales come back.

    The standard errors of shape and scale from n excesses are (1 + shape) / sqrt(n) and scale sqrt(2 (1 + shape) / n) (R. Smith,
    "Estimating tails of probability distributions", Annals of Statistics 15, 1987).
    """
    random = np.random.default_rng(6)
    count = 2_000
    low = -0.02 - 0.012 * (random.random(count) ** -0.3 - 1.0) / 0.3
    high = 0.025 + 0.008 * (random.random(count) ** 0.1 - 1.0) / -0.1
    fitted = fit_tail(np.concatenate([random.uniform(-0.02, 0.025, 18 * count), low, high]))
    assert (fitted.threshold_low, fitted.threshold_high) == pytest.approx((-0.02, 0.025), abs=1e-4)
    for shape, scale, (true_shape, true_scale) in [
        (fitted.shape_low, fitted.scale_low, (0.3, 0.012)),
        (fitted.shape_high, fitted.scale_high, (-0.1, 0.008)),
    ]:
        assert abs(shape - true_shape) < 4.5 * (1.0 + true_shape) / math.sqrt(count)
        assert abs(scale - true_scale) < 4.5 * true_scale * math.sqrt(2.0 * (1.0 + true_shape) / count)


def test_a_tail_is_refused() -> None:
    """Of no mean, of too few returns, on the wrong side of 0, and at no quantile."""
    random = np.random.default_rng(7)
    for returns, quantile, reason in [
        (random.standard_t(0.6, size=20_000), 0.95, "too heavy or no tail"),
        (random.normal(size=400), 0.95, "20 beyond the low threshold are too few"),
        (random.random(5_000) + 1.0, 0.95, "not on both sides of 0"),
        (random.normal(size=5_000), 0.4, "quantile: 0.4 is not within"),
    ]:
        with pytest.raises(ValueError, match=reason):
            fit_tail(returns, quantile)


@pytest.mark.parametrize("truth", [Depth(1e-5, 0.7), Depth(2e-6, 1.0), Depth(3e-3, 0.4)])
def test_depth_finds_what_made_the_quotes(truth: Depth) -> None:
    """Exactly without noise; within 5 % at any quoted size with scatter of 20 %, small ones of no impact, and every twentieth absurd."""
    random = np.random.default_rng(8)
    amounts = 10.0 ** random.uniform(0.0, 5.0, 600)
    weight = truth.a * amounts**truth.b
    impacts = weight / (1.0 + weight)
    exact = fit_depth(amounts, impacts)
    assert (math.log(exact.a), exact.b) == pytest.approx((math.log(truth.a), truth.b), rel=1e-5)
    noisy = impacts * np.exp(random.normal(0.0, 0.2, 600)) + random.normal(0.0, 5e-4, 600)
    noisy[::20] = random.uniform(0.0, 0.5, 30)
    assert (noisy <= 0.0).sum() > 10 or impacts.min() > 2e-3
    found = fit_depth(amounts, np.minimum(noisy, 0.9))
    for size in (1e3, 1e4, 1e5):
        expected, fitted = truth.a * size**truth.b, found.a * size**found.b
        assert fitted / (1 + fitted) + IMMATERIAL == pytest.approx(expected / (1 + expected) + IMMATERIAL, rel=0.08)


def test_quotes_without_impact_are_informative() -> None:
    """They say that small sales cost nothing: with them the curve lies lower there than from the others alone."""
    amounts = np.geomspace(1.0, 1e5, 100)
    impacts = np.where(amounts < 1e3, 0.0, 1e-4 * amounts**0.6)
    impacts[(amounts < 1e3) & (np.arange(100) % 5 == 0)] = 0.005
    told, dropped = fit_depth(amounts, impacts), fit_depth(amounts[impacts > 0], impacts[impacts > 0])
    assert told.a * 100.0**told.b < 0.5 * dropped.a * 100.0**dropped.b


def test_residuals_cover_every_quote() -> None:
    """Classes in order of amount, together all quotes, with the mean of what was seen and fitted."""
    amounts, impacts = np.array([40.0, 10.0, 20.0, 30.0]), np.array([0.04, 0.01, 0.02, 0.03])
    rows = depth_residuals(amounts, impacts, Depth(1e-3, 1.0), classes=2)
    assert [(row.least, row.most, row.quotes) for row in rows] == [(10.0, 20.0, 2), (30.0, 40.0, 2)]
    assert [row.impact for row in rows] == pytest.approx([0.015, 0.035])
    assert rows[0].fitted == pytest.approx((0.01 / 1.01 + 0.02 / 1.02) / 2)


@pytest.mark.parametrize(
    ("amounts", "impacts", "reason"),
    [
        (range(1, 8), [0.01] * 7, "7 are too few"),
        (range(1, 10), [0.01] * 8, "9 amounts and 8 impacts"),
        (range(9), [0.01] * 9, "an amount of 0"),
        (range(1, 10), [1.0] * 9, "an impact of 1"),
        ([5.0] * 9, [0.01] * 9, "too alike"),
        (range(1, 10), [0.0] * 9, "quote larger amounts"),
        (range(1, 10), [math.nan] * 9, "one is not a finite number"),
        (range(1, 10), [0.2 / amount for amount in range(1, 10)], r"impact does not rise with the amount \(rank correlation -1.00\)"),
        (range(1, 10), [0.01] * 9, "impact does not rise with the amount"),
        (range(1, 10), [0.03, 0.01, 0.02, 0.03, 0.01, 0.02, 0.03, 0.02, 0.02], "impact does not rise with the amount"),
        (range(1, 40), [0.1 + 1e-9 * amount for amount in range(1, 40)], "impact hardly rises with the amount"),
    ],
)
def test_quotes_are_refused(amounts: list[float], impacts: list[float], reason: str) -> None:
    """Those that say nothing of depth, or cannot be."""
    with pytest.raises(ValueError, match=reason):
        fit_depth(list(amounts), impacts)


# -------------------------------------------------------------------------------------------------------------- recorded data


def column(path: Path, *names: str) -> list[list[str]]:
    """The named columns of a CSV.gz."""
    with gzip.open(path, "rt") as file:
        return [[row[name] for name in names] for row in csv.DictReader(file)]


def test_hours_of_ether(recorded_data: Path) -> None:
    """2017 to 2021: volatility that lasts, tails of a third to fourth moment, the same figures as recorded in the documents."""
    closes = np.array([float(close) for (close,) in column(recorded_data / "eth_usdt_1h_2017_2021.csv.gz", "close")])
    returns = np.diff(np.log(closes))
    assert returns.size == 33_412
    garch = fit_garch(returns)
    assert (garch.alpha, garch.beta, garch.degrees) == pytest.approx((0.0715, 0.9247, 3.578), abs=1e-3)
    tail = fit_tail(returns)
    assert (tail.threshold_low, tail.shape_low, tail.scale_low) == pytest.approx((-0.01623, 0.208, 0.01029), abs=1e-3)
    assert (tail.threshold_high, tail.shape_high, tail.scale_high) == pytest.approx((0.01634, 0.226, 0.00878), abs=1e-3)


def test_quotes_of_ether(recorded_data: Path) -> None:
    """The curve meets the published means of each range of amounts (whole WETH): within 8 % from 1,000 to 50,000, a fifth under above."""
    rows = column(recorded_data / "swap_quotes_2023-11-20.csv.gz", "sell", "buy", "sell_amount", "price_impact")
    amounts, impacts = np.array([(float(sold), float(lost)) for sell, buy, sold, lost in rows if (sell, buy) == ("WETH", "USDC")]).T
    assert amounts.size == 340
    depth = fit_depth(amounts, impacts)
    assert (math.log10(depth.a), depth.b) == pytest.approx((-5.542, 0.8875), abs=2e-3)
    weight = depth.a * amounts**depth.b
    for least, most, mean, error in [(1e3, 5e3, 0.0031, 0.08), (5e3, 1e4, 0.0075, 0.08), (1e4, 5e4, 0.020, 0.08), (5e4, 1e5, 0.062, 0.21)]:
        within = (amounts >= least) & (amounts < most)
        assert (weight / (1.0 + weight))[within].mean() == pytest.approx(mean, rel=error)
