"""How prices move: for each model of a scenario, the path of market multiples that a seed, a path number and a pool give, at any time.

Every path starts at 1. dt is a step, in years of 365 days; z a standard normal number, u a uniform one in (0, 1).

Several pools move under one factor. With correlation c, normal numbers are z = sqrt(c) z_factor + sqrt(1 - c) z_own. What is not normal
(blocks of history, jumps, Student's t, defaults) is shared: with probability sqrt(c) a pool takes what the factor drew, else its own, so
that any two pools draw the same with probability c. Both give the correlation c between the moves of two pools, and equal paths at c = 1.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ringfence.inputs.scenario import PriceModel, Scenario
from ringfence.lab.jitted import jit
from ringfence.lab.philox import FACTOR, OUTAGES, OWN, STARTS, normal, uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ringfence.lab.layout import Floats

    Flags = NDArray[np.bool_]

YEAR_SECONDS = 31_536_000
KINDS = ("history", "bootstrap", "tail", "profile", "gbm", "ou", "depeg", "garch")
HISTORY, BOOTSTRAP, TAIL, PROFILE, GBM, OU, DEPEG, GARCH = range(len(KINDS))
LEAST, MOST = 1e-12, 1e12
"""Bounds of a multiple: a price of nothing or of infinity, which only heavy tails reach, would end all arithmetic."""
MOST_JUMPS = 30.0
"""Jumps expected in one step, at most; more is no jump model."""


class PathTable(NamedTuple):
    """A price model ready for `fill_path`; what `values` and `series` hold, the function that fills the path says."""

    kind: int
    values: "Floats"
    series: "Floats"


def path_table(model: PriceModel, step: int, steps: int) -> PathTable:
    """The model for paths of so many steps of `step` seconds.

    Raises ValueError for a kind or a figure outside its range, rows that do not fit the step, and a history shorter than a path.
    """
    if model.kind not in KINDS:
        raise ValueError(f"prices: kind '{model.kind}' is none of {', '.join(KINDS)}")
    if step < 1 or steps < 1:
        raise ValueError(f"prices: {steps} steps of {step} s are no path")
    kind = KINDS.index(model.kind)
    if kind in (HISTORY, BOOTSTRAP, TAIL):
        values, series = _rows(model, kind, step, steps)
    elif kind == PROFILE:
        values, series = _profile(model, step, steps)
    elif kind == GBM:
        values, series = _gbm(model, step), []
    elif kind == GARCH:
        values, series = _garch(model, step), []
    else:
        values, series = _ou(model, kind, step), []
    table = PathTable(kind, np.array(values, np.float64), np.array(series, np.float64))
    if not (np.isfinite(table.values).all() and np.isfinite(table.series).all()):
        raise ValueError(f"prices: a figure of '{model.kind}' is not finite or too large")
    return table


def path_prices(scenario: Scenario, seed: int, path: int, steps: int, pool: int = 0) -> "Floats":
    """The market multiples of one path at the times 0, step, ..., steps * step; raises ValueError as `path_table`, and for a correlation
    outside [0, 1]."""
    _require(0.0 <= scenario.correlation <= 1.0, f"correlation {scenario.correlation} is not within 0 and 1")
    table = path_table(scenario.prices, scenario.step, steps)
    out = np.empty(steps + 1)
    fill_path(table.kind, table.values, table.series, seed, path, pool, scenario.correlation, out)
    return out


@jit
def fill_path(kind: int, values: "Floats", series: "Floats", seed: int, path: int, pool: int, correlation: float, out: "Floats") -> None:
    """Writes the multiples of a path into `out`, of length steps + 1 with the steps of the table."""
    out[0] = 1.0
    if kind <= TAIL:
        _fill_rows(values, series, seed, path, pool, correlation, kind == TAIL, out)
    elif kind == PROFILE:
        _fill_profile(values, series, seed, path, pool, correlation, out)
    elif kind == GBM:
        _fill_gbm(values, seed, path, pool, correlation, out)
    elif kind == GARCH:
        _fill_garch(values, seed, path, pool, correlation, out)
    else:
        _fill_ou(values, seed, path, pool, correlation, out)
    for k in range(1, out.size):
        out[k] = max(LEAST, min(MOST, out[k]))


@jit
def fill_presence(seed: int, path: int, step: int, starts: "Floats", ends: "Floats", per_year: float, length: float, out: "Flags") -> None:
    """Writes whether liquidators are there at the times 0, step, ... into `out`: not from starts[j] until before ends[j] (seconds), and not
    for `length` seconds from each arrival of a Poisson process of `per_year`, which did not begin with the path."""
    for k in range(out.size):
        out[k] = True
        for j in range(starts.size):
            if starts[j] <= k * step < ends[j]:
                out[k] = False
    if per_year <= 0.0 or length <= 0.0:
        return
    between = YEAR_SECONDS / per_year
    begin = -length
    horizon = float((out.size - 1) * step)
    draw = 0
    while True:
        begin -= between * math.log(uniforms(seed, path, OUTAGES, draw)[0])
        draw += 1
        if begin > horizon:
            return
        first = max(0, math.ceil(begin / step))
        for k in range(first, out.size):
            if k * step >= begin + length:
                break
            out[k] = False


def _require(holds: bool, broken: str) -> None:
    if not holds:
        raise ValueError(f"prices: {broken}")


def _pace(model: PriceModel, step: int) -> tuple[int, int]:
    """Steps in a row and rows in a step, one of them 1."""
    row = model.row_seconds
    _require(row >= 1, f"row_seconds {row} is under 1")
    _require(row % step == 0 or step % row == 0, f"of a step of {step} s and rows of {row} s none is a multiple of the other")
    return max(1, row // step), max(1, step // row)


def _deviation(model: PriceModel, step: int) -> float:
    """sigma sqrt(dt)."""
    _require(0.0 <= model.volatility < math.inf, f"volatility {model.volatility} is negative or not finite")
    return model.volatility * math.sqrt(step / YEAR_SECONDS)


# History, as it was, in blocks, and with tails. H. Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of
# Statistics 17 (1989): blocks of neighbouring rows keep what lasts (volatility above all); they do not wrap around, so the first and last
# rows of history are drawn less often. A replay is one block as long as the path. Beyond a threshold a return can be replaced by the
# threshold and an excess of the generalised Pareto distribution, scale (u^-shape - 1) / shape (J. Pickands, "Statistical inference using
# extreme order statistics", Annals of Statistics 3, 1975), so that worse than the worst of history can come.


def _rows(model: PriceModel, kind: int, step: int, steps: int) -> tuple[list[float], list[float]]:
    """Values: steps in a row, rows in a step, rows in a block, last start of a block, then for `tail` the multiples at the low and the high
    threshold, shape and scale below, shape and scale above. Series: the multiple of each row's return."""
    in_row, in_step = _pace(model, step)
    rows = len(model.returns)
    needed = max(1, steps // in_row * in_step)
    block = needed if kind == HISTORY else model.block
    _require(rows > 0, "there are no returns")
    _require(block >= 1, f"block {block} is under 1")
    _require(block <= rows, f"{rows} rows of history are fewer than the {block} {'of a path' if kind == HISTORY else 'of a block'}")
    last = 0 if kind == HISTORY and model.from_first else rows - block
    tails = [0.0, math.inf, 0.0, 0.0, 0.0, 0.0]
    if kind == TAIL:
        low, high = model.threshold_low, model.threshold_high
        _require(low < 0.0 < high, f"thresholds {low} and {high} are not on both sides of 0")
        for name in ("shape_low", "shape_high"):
            _require(-1.0 < getattr(model, name) < 1.0, f"{name} {getattr(model, name)} is not within -1 and 1")
        _require(model.scale_low > 0.0 and model.scale_high > 0.0, f"scales {model.scale_low} and {model.scale_high} are not above 0")
        tails = [math.exp(low), math.exp(high), model.shape_low, model.scale_low, model.shape_high, model.scale_high]
    tails[1] = min(tails[1], MOST)
    return [float(in_row), float(in_step), float(block), float(last), *tails], [math.exp(move) for move in model.returns]


@jit
def _fill_rows(values: "Floats", series: "Floats", seed: int, path: int, pool: int, correlation: float, tails: bool, out: "Floats") -> None:
    in_row, in_step, block, last = int(values[0]), int(values[1]), int(values[2]), values[3]
    level = 1.0
    row = drawn = left = place = wait = 0
    stream = FACTOR
    for k in range(1, out.size):
        wait += 1
        if wait == in_row:
            wait = 0
            for _ in range(in_step):
                if left == 0:
                    start, stream = _source(seed, path, pool, correlation, drawn)
                    place = int(start * (last + 1.0))
                    drawn += 1
                    left = block
                move = series[place]
                if tails and (move < values[4] or move > values[5]):
                    move = _beyond(values, move < values[4], uniforms(seed, path, stream, row)[0])
                level *= move
                row += 1
                place += 1
                left -= 1
        out[k] = level


@jit
def _beyond(values: "Floats", low: bool, uniform: float) -> float:
    """The multiple of a return beyond a threshold; an excess is bounded, for its exponential would not end."""
    shape, scale = (values[6], values[7]) if low else (values[8], values[9])
    excess: float = -scale * math.log(uniform) if shape == 0.0 else scale * math.expm1(-shape * math.log(uniform)) / shape
    excess = min(excess, 100.0)
    return float(values[4] * math.exp(-excess)) if low else float(values[5] * math.exp(excess))


# A profile that somebody drew: straight lines of log price between its points, flat after the last, and on it the noise sigma W(t), so that
# the profile is the median of the paths.


def _profile(model: PriceModel, step: int, steps: int) -> tuple[list[float], list[float]]:
    """Values: sigma sqrt(dt). Series: the log of the profile at each step."""
    times, levels = [0.0], [0.0]
    for second, multiple in model.points:
        _require(multiple > 0.0, f"point {multiple} at second {second} is not above 0")
        if second == 0 and times == [0.0]:
            _require(multiple == 1.0, f"point {multiple} at second 0 is not 1, where every path starts")
            continue
        _require(second > times[-1], f"point at second {second} is not after the one before")
        times.append(float(second))
        levels.append(math.log(multiple))
    _require(len(times) > 1, "there are no points")
    line = np.interp(np.arange(steps + 1) * float(step), times, levels)
    return [_deviation(model, step)], line.tolist()


@jit
def _fill_profile(values: "Floats", series: "Floats", seed: int, path: int, pool: int, correlation: float, out: "Floats") -> None:
    noise = 0.0
    for k in range(1, out.size):
        if values[0] > 0.0:
            noise += values[0] * _draws(seed, path, pool, correlation, k)[0]
        out[k] = math.exp(series[k] + noise)


# Geometric Brownian motion with jumps, exact at each step: R. Merton, "Option pricing when underlying stock returns are discontinuous",
# Journal of Financial Economics 3 (1976). With mu the drift and sigma the volatility a year, lambda jumps a year of log size normal(m, d):
#     log x += (mu - sigma^2 / 2 - lambda (exp(m + d^2 / 2) - 1)) dt + sigma sqrt(dt) z + N m + sqrt(N) d z',    N Poisson(lambda dt)
# so that the mean of x(t) is exp(mu t).


def _gbm(model: PriceModel, step: int) -> list[float]:
    """Values: mean and deviation of a step's log return without jumps, jumps a step, the probability of none, mean and deviation of a
    jump's log size."""
    dt = step / YEAR_SECONDS
    deviation = _deviation(model, step)
    jumps = _jumps(model, step)
    _require(model.jump_deviation >= 0.0, f"jump_deviation {model.jump_deviation} is negative")
    compensation = jumps * math.expm1(model.jump_mean + 0.5 * model.jump_deviation**2) if jumps > 0.0 else 0.0
    mean = model.drift * dt - 0.5 * deviation**2 - compensation
    return [mean, deviation, jumps, math.exp(-jumps), model.jump_mean, model.jump_deviation]


def _jumps(model: PriceModel, step: int) -> float:
    """Jumps expected in a step."""
    jumps = model.jumps_per_year * step / YEAR_SECONDS
    _require(0.0 <= jumps <= MOST_JUMPS, f"jumps_per_year {model.jumps_per_year} is negative or over {MOST_JUMPS:g} a step of {step} s")
    return jumps


@jit
def _fill_gbm(values: "Floats", seed: int, path: int, pool: int, correlation: float, out: "Floats") -> None:
    level = 0.0
    for k in range(1, out.size):
        z, first, second = _draws(seed, path, pool, correlation, k)
        level += values[0] + values[1] * z
        if first > values[3]:
            count = _poisson(first, values[2], values[3])
            level += count * values[4] + math.sqrt(count) * values[5] * normal(second)
        out[k] = math.exp(level)


@jit
def _poisson(uniform: float, mean: float, none: float) -> int:
    """The count below which the part `uniform` of all lie, by adding up probabilities; `none` is exp(-mean)."""
    count, probability, total = 0, none, none
    while uniform > total and count < 1000:
        count += 1
        probability *= mean / count
        total += probability
    return count


# A pegged pair: the log price is pulled back, exact at each step: G. Uhlenbeck, L. Ornstein, "On the theory of the Brownian motion",
# Physical Review 36 (1930). With theta = ln 2 / half-life and e = exp(-theta dt):
#     y(t + dt) = level + e (y(t) - level) + sigma sqrt((1 - e^2) / (2 theta)) z
# The level is 0; after a default, exponential with `jumps_per_year` and once on a path, it is the log of `depeg_level`.


def _ou(model: PriceModel, kind: int, step: int) -> list[float]:
    """Values: e, deviation of a step, level after a default, steps expected before it (0: none comes)."""
    _require(model.half_life > 0, f"half_life {model.half_life} s is not above 0")
    theta = math.log(2.0) / model.half_life
    _deviation(model, step)
    deviation = model.volatility * math.sqrt(-math.expm1(-2.0 * theta * step) / (2.0 * theta * YEAR_SECONDS))
    if kind == OU:
        return [math.exp(-theta * step), deviation, 0.0, 0.0]
    _require(model.depeg_level > 0.0, f"depeg_level {model.depeg_level} is not above 0")
    _require(0.0 <= model.jumps_per_year < math.inf, f"jumps_per_year {model.jumps_per_year} is negative or not finite")
    expected = YEAR_SECONDS / model.jumps_per_year / step if model.jumps_per_year > 0.0 else 0.0
    return [math.exp(-theta * step), deviation, math.log(model.depeg_level), expected]


@jit
def _fill_ou(values: "Floats", seed: int, path: int, pool: int, correlation: float, out: "Floats") -> None:
    default = math.inf
    if values[3] > 0.0:
        default = -values[3] * math.log(_source(seed, path, pool, correlation, 0)[0])
    pulled = 0.0
    for k in range(1, out.size):
        level = values[2] if k >= default else 0.0
        pulled = level + values[0] * (pulled - level) + values[1] * _draws(seed, path, pool, correlation, k)[0]
        out[k] = math.exp(pulled)


# Volatility that clusters: GARCH(1,1), T. Bollerslev, "A conditionally heteroskedastic time series model for speculative prices and rates
# of return", Review of Economics and Statistics 69 (1987), with Student's t of `degrees` scaled to variance 1. Each row:
#     r = mean + sqrt(h) t,    h' = omega + alpha (r - mean)^2 + beta h,    h at the start = omega / (1 - alpha - beta)
# t by the polar method of R. Bailey, "Polar generation of random variates with the t-distribution", Mathematics of Computation 62 (1994):
# sqrt(n (u^(-2/n) - 1)) cos(2 pi u'), times sqrt((n - 2) / n) for variance 1.


def _garch(model: PriceModel, step: int) -> list[float]:
    """Values: steps in a row, rows in a step, omega, alpha, beta, mean, degrees."""
    in_row, in_step = _pace(model, step)
    omega, alpha, beta = model.omega, model.alpha, model.beta
    _require(omega > 0.0 and alpha >= 0.0 and beta >= 0.0, f"omega {omega}, alpha {alpha} or beta {beta} is negative, or omega 0")
    _require(alpha + beta < 1.0, f"alpha + beta = {alpha + beta} is not under 1, so the variance has no mean")
    _require(2.0 < model.degrees < math.inf, f"degrees {model.degrees} is not above 2, or not finite")
    return [float(in_row), float(in_step), omega, alpha, beta, model.mean, model.degrees]


@jit
def _fill_garch(values: "Floats", seed: int, path: int, pool: int, correlation: float, out: "Floats") -> None:
    in_row, in_step = int(values[0]), int(values[1])
    omega, alpha, beta, mean, degrees = values[2], values[3], values[4], values[5], values[6]
    variance = omega / (1.0 - alpha - beta)
    level = 0.0
    row = wait = 0
    for k in range(1, out.size):
        wait += 1
        if wait == in_row:
            wait = 0
            for _ in range(in_step):
                first, second = _draws(seed, path, pool, correlation, row)[1:]
                radius = math.sqrt((degrees - 2.0) * math.expm1(-2.0 / degrees * math.log(first)))
                surprise = math.sqrt(variance) * radius * math.cos(2.0 * math.pi * second)
                level += mean + surprise
                variance = omega + alpha * surprise * surprise + beta * variance
                row += 1
        out[k] = math.exp(level)


@jit
def _draws(seed: int, path: int, pool: int, correlation: float, step: int) -> tuple[float, float, float]:
    """What a pool draws for its price at a step: a normal number of the given correlation, and two shared uniform ones."""
    if correlation >= 1.0:
        common = uniforms(seed, path, FACTOR, step)
        return normal(common[0]), common[1], common[2]
    own = uniforms(seed, path, OWN + pool, step)
    if correlation <= 0.0:
        return normal(own[0]), own[1], own[2]
    common = uniforms(seed, path, FACTOR, step)
    z = math.sqrt(correlation) * normal(common[0]) + math.sqrt(1.0 - correlation) * normal(own[0])
    if own[3] < math.sqrt(correlation):
        return z, common[1], common[2]
    return z, own[1], own[2]


@jit
def _source(seed: int, path: int, pool: int, correlation: float, draw: int) -> tuple[float, int]:
    """A uniform number that is shared as a whole, and the stream of prices whose it is: the factor's or the pool's own."""
    if correlation < 1.0:
        own = uniforms(seed, path, STARTS + OWN + pool, draw)
        if own[3] >= math.sqrt(correlation):
            return own[0], OWN + pool
    return uniforms(seed, path, STARTS, draw)[0], FACTOR
