"""What data say of the figures of a scenario: volatility that clusters, tails, and the depth of a market.

Each fit refuses data it cannot answer for with a ValueError that says why; none returns a figure that `lab/paths.py` would refuse.
"""

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from ringfence.lab.layout import Floats

    Numbers = Sequence[float] | Floats

PERCENT = 100.0
LEAST_RETURNS = 500
LEAST_BEYOND = 50
LEAST_QUOTES = 8
MOST_PERSISTENCE = 0.9999
"""alpha + beta at most: a shock to the variance that lasts longer than 7,000 rows cannot be told from one that never ends."""
IMMATERIAL = 0.005
"""Half a percent of impact, about the smallest incentive that a pool offers: much smaller impacts decide nothing."""
FLATTEST = 0.05
"""The least b of a depth: ten times the amount has 1.12 times the impact."""


class Garch(NamedTuple):
    """omega, alpha and beta of the variance of log returns a row, their mean, and the degrees of Student's t."""

    omega: float
    alpha: float
    beta: float
    mean: float
    degrees: float


class Tail(NamedTuple):
    """Below `threshold_low` and above `threshold_high` (log returns) excesses are generalised Pareto of these shapes and scales."""

    threshold_low: float
    shape_low: float
    scale_low: float
    threshold_high: float
    shape_high: float
    scale_high: float


class Depth(NamedTuple):
    """Selling Q (whole tokens) loses the part a Q^b / (1 + a Q^b) of the price."""

    a: float
    b: float


class DepthRow(NamedTuple):
    """The quotes of one class of amounts: how many, their mean impact and the fitted one (fractions)."""

    least: float
    most: float
    quotes: int
    impact: float
    fitted: float


def fit_garch(returns: "Numbers") -> Garch:
    """GARCH(1,1) with Student's t by maximum likelihood, the variance in the long run held at that of the data.

    Without that hold the likelihood of hourly crypto prices is highest at alpha + beta = 1, where the variance has no mean and a path no
    place to start from. So omega = (1 - alpha - beta) s^2 with s^2 the variance of the data (variance targeting: R. Engle, J. Mezrich,
    "GARCH for groups", Risk 9, 1996), and the mean is that of the data. The likelihood is that of the `arch` package. Raises ValueError
    for fewer than 500 returns, and where the search fails or ends at alpha + beta > 0.9999 or without a variance.
    """
    from arch import arch_model
    from scipy.optimize import minimize  # type: ignore[import-untyped] # ships no types

    data = PERCENT * _finite("returns", returns, LEAST_RETURNS)
    variance, mean = float(data.var()), float(data.mean())
    if variance <= 0.0:
        raise ValueError("returns: none differs from another")
    model = arch_model(data, mean="Constant", vol="GARCH", p=1, q=1, dist="t", rescale=False)

    def parameters(point: "Floats") -> tuple[float, float, float]:
        persistence = 1.0 / (1.0 + math.exp(-point[0]))
        alpha = persistence / (1.0 + math.exp(-point[1]))
        return alpha, persistence - alpha, 2.0 + math.exp(point[2])

    def missing(point: "Floats") -> float:
        alpha, beta, degrees = parameters(point)
        likelihood = model.fix([mean, variance * (1.0 - alpha - beta), alpha, beta, degrees]).loglikelihood
        return -float(likelihood) if math.isfinite(likelihood) else math.inf

    found = minimize(missing, [3.0, -2.0, 0.5], method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-4, "maxiter": 1000})
    alpha, beta, degrees = parameters(found.x)
    if not found.success or alpha + beta > MOST_PERSISTENCE:
        raise ValueError(f"returns: no stationary GARCH(1,1) fits them (alpha + beta = {alpha + beta:.6f}); bootstrap them instead")
    if not 2.01 < degrees < 1e6:
        raise ValueError(
            f"returns: Student's t of {degrees:.4g} degrees fits best, which has no variance or is no t; bootstrap them instead"
        )
    return Garch((1.0 - alpha - beta) * variance / PERCENT**2, alpha, beta, mean / PERCENT, degrees)


def fit_tail(returns: "Numbers", quantile: float = 0.95) -> Tail:
    """Peaks over threshold on both sides: generalised Pareto excesses over the `quantile` and under the 1 - `quantile`, by maximum
    likelihood (A. McNeil, R. Frey, P. Embrechts, "Quantitative Risk Management", 2005, 7.2).

    Raises ValueError for fewer than 50 returns beyond a threshold, a threshold on the wrong side of 0, and a shape outside (-1, 1): at 1
    and more an excess has no mean, at -1 and less the likelihood no maximum.
    """
    if not 0.5 < quantile < 1.0:
        raise ValueError(f"quantile: {quantile} is not within 0.5 and 1")
    data = _finite("returns", returns, LEAST_BEYOND)
    low, high = (float(threshold) for threshold in np.quantile(data, [1.0 - quantile, quantile]))
    if not low < 0.0 < high:
        raise ValueError(f"returns: thresholds {low:.6g} and {high:.6g} are not on both sides of 0")
    shape_low, scale_low = _pareto("low", low - data[data < low])
    shape_high, scale_high = _pareto("high", data[data > high] - high)
    return Tail(low, shape_low, scale_low, high, shape_high, scale_high)


def fit_depth(amounts: "Numbers", impacts: "Numbers") -> Depth:
    """Depth from quotes: sold amounts (whole tokens) and the part of the price each lost.

    Least squares of log(impact + 0.5 %), robust by a soft bound. The logarithm makes errors relative where impact is large, as quotes
    scatter with their impact; the half percent makes small quotes, which are noise of timing and say so by impacts of 0 and less, count as
    "almost nothing" and not as minus infinity: none is dropped, and impacts under 0 count as 0. 0 < b <= 1. Raises ValueError for fewer
    than 8 quotes, an amount of 0 or less, an impact of 100 % or more, amounts within a factor of 3, quotes of no impact, and impacts that
    do not rise with the amount, by rank or as fitted.
    """
    from scipy.optimize import least_squares

    sold, seen = _finite("amounts", amounts, LEAST_QUOTES), _finite("impacts", impacts, LEAST_QUOTES)
    if sold.size != seen.size:
        raise ValueError(f"quotes: {sold.size} amounts and {seen.size} impacts")
    if sold.min() <= 0.0 or seen.max() >= 1.0:
        raise ValueError(f"quotes: an amount of {sold.min():.6g} or an impact of {seen.max():.6g} is outside its range")
    if sold.max() < 3.0 * sold.min():
        raise ValueError(f"quotes: amounts from {sold.min():.6g} to {sold.max():.6g} are too alike to tell how impact grows")
    if seen.max() < IMMATERIAL:
        raise ValueError(f"quotes: the largest impact is {seen.max():.6g}; quote larger amounts")
    _check_rising(sold, seen)
    reference = math.exp(float(np.log(sold).mean()))
    scaled = np.log(sold / reference)
    target = np.log(np.maximum(seen, 0.0) + IMMATERIAL)

    def errors(point: "Floats") -> "Floats":
        impact = 1.0 / (1.0 + np.exp(-(point[0] + point[1] * scaled)))
        return np.asarray(np.log(impact + IMMATERIAL) - target, np.float64)

    found = least_squares(errors, [-6.0, 0.8], bounds=([-40.0, FLATTEST], [10.0, 1.0]), loss="soft_l1", f_scale=0.5)
    if not found.success:
        raise ValueError(f"quotes: no curve of depth fits them ({found.message})")
    b = min(1.0, float(found.x[1]))
    if b < 1.01 * FLATTEST:
        raise ValueError(f"quotes: impact hardly rises with the amount (b = {b:.3g}, as little as is tried)")
    return Depth(math.exp(float(found.x[0]) - b * math.log(reference)), b)


def _check_rising(sold: "Floats", seen: "Floats") -> None:
    """A curve that only rises says nothing of impacts that do not; Spearman's rank correlation asks for no more than their order."""
    from scipy.stats import rankdata  # type: ignore[import-untyped] # ships no types

    by_amount, by_impact = rankdata(sold), rankdata(seen)
    spread = float(by_amount.std() * by_impact.std())
    rank = float(np.mean(by_amount * by_impact) - by_amount.mean() * by_impact.mean()) / spread if spread else 0.0
    if rank <= 0.0:
        raise ValueError(f"quotes: impact does not rise with the amount (rank correlation {rank:.2f})")


def depth_residuals(amounts: "Numbers", impacts: "Numbers", depth: Depth, classes: int = 8) -> tuple[DepthRow, ...]:
    """How the curve meets the quotes it came from, in classes of about equally many quotes by amount."""
    sold, seen = np.asarray(amounts, np.float64), np.asarray(impacts, np.float64)
    weight = depth.a * sold**depth.b
    fitted = weight / (1.0 + weight)
    groups = [group for group in np.array_split(np.argsort(sold, kind="stable"), classes) if group.size]
    return tuple(
        DepthRow(float(sold[g[0]]), float(sold[g[-1]]), int(g.size), float(seen[g].mean()), float(fitted[g].mean())) for g in groups
    )


def _finite(name: str, numbers: "Numbers", fewest: int) -> "Floats":
    data = np.asarray(numbers, np.float64)
    if data.size < fewest:
        raise ValueError(f"{name}: {data.size} are too few, {fewest} are needed")
    if not np.isfinite(data).all():
        raise ValueError(f"{name}: one is not a finite number")
    return data


def _pareto(side: str, excesses: "Floats") -> tuple[float, float]:
    """Shape and scale of the generalised Pareto distribution of excesses over 0."""
    from scipy.stats import genpareto

    if excesses.size < LEAST_BEYOND:
        raise ValueError(f"returns: {excesses.size} beyond the {side} threshold are too few, {LEAST_BEYOND} are needed")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # the search tries parameters for which the likelihood is not defined
        shape, _, scale = genpareto.fit(excesses, floc=0.0)
    if not (-1.0 < shape < 1.0 and 0.0 < scale < math.inf):
        raise ValueError(f"returns: beyond the {side} threshold the shape is {shape:.4g} and the scale {scale:.4g}, too heavy or no tail")
    return float(shape), float(scale)
