"""What theory says of a price and of a loan under it, where it says it in closed form; tests hold simulated paths to it."""

import math
from collections.abc import Iterator
from statistics import NormalDist

BELOW = NormalDist().cdf
# -zeta(1/2) / sqrt(2 pi)
OVERSHOOT = 0.5825971579390106


def first_passage(barrier: float, drift: float, volatility: float, years: float, steps: int) -> float:
    """Probability that a price that starts at 1 is at or under `barrier` < 1 at one of `steps` equally spaced times.

    With h = ln(barrier), n = drift - volatility^2 / 2, s = volatility sqrt(years), the price followed at every instant reaches it with
    N((h - n T) / s) + exp(2 n h / volatility^2) N((h + n T) / s). Looked at in steps it is missed when it comes back in between, as if the
    barrier lay 0.5826 volatility sqrt(years / steps) lower in logarithm: M. Broadie, P. Glasserman, S. Kou, "A continuity correction for
    discrete barrier options", Mathematical Finance 7 (1997). The error of that is of smaller order than 1 / sqrt(steps).
    """
    h = math.log(barrier) - OVERSHOOT * volatility * math.sqrt(years / steps)
    mean = (drift - volatility**2 / 2) * years
    deviation = volatility * math.sqrt(years)
    return BELOW((h - mean) / deviation) + math.exp(2 * mean * h / deviation**2) * BELOW((h + mean) / deviation)


def shortfall(debt: float, worth: float, drift: float, volatility: float, years: float) -> float:
    """Expected max(0, debt - worth * x) when ln x is normal with mean (drift - volatility^2 / 2) years: a put, not discounted.

    debt N(-d2) - worth exp(drift T) N(-d1), d1 = (ln(worth / debt) + drift T) / s + s / 2, d2 = d1 - s, s = volatility sqrt(T): F. Black,
    M. Scholes, "The pricing of options and corporate liabilities", Journal of Political Economy 81 (1973), with `drift` for the interest.
    """
    s = volatility * math.sqrt(years)
    d1 = (math.log(worth / debt) + drift * years) / s + s / 2
    return debt * BELOW(s - d1) - worth * math.exp(drift * years) * BELOW(-d1)


def shortfall_with_jumps(
    debt: float, worth: float, drift: float, volatility: float, years: float, jumps: float, mean: float, deviation: float
) -> float:
    """The same with `jumps` a year of normal log size, compensated so that the mean of x is exp(drift T): a Poisson mixture of puts.

    R. Merton, "Option pricing when underlying stock returns are discontinuous", Journal of Financial Economics 3 (1976).
    """
    drift -= jumps * math.expm1(mean + deviation**2 / 2)
    return sum(
        probability
        * shortfall(
            debt, worth, drift + count * (mean + deviation**2 / 2) / years, math.sqrt(volatility**2 + count * deviation**2 / years), years
        )
        for count, probability in enumerate(_poisson(jumps * years))
    )


def _poisson(expected: float) -> Iterator[float]:
    """Probabilities of 0, 1, 2... until what is left does not matter."""
    probability, count = math.exp(-expected), 0
    while count <= expected or probability > 1e-15:
        yield probability
        count += 1
        probability *= expected / count
