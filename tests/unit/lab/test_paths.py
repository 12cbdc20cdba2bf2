"""Paths of prices: each model keeps its law, each pool its correlation, and a path depends on nothing but its seed and number.

Random tests have fixed seeds. A p-value under 1e-5 fails, as does a mean further off than 4.5 standard errors (7e-6): so of right programs
about one in 100,000 would fail a check at another seed.
"""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from ringfence.inputs.scenario import PriceModel, Scenario
from ringfence.lab.paths import KINDS, LEAST, MOST, YEAR_SECONDS, fill_path, fill_presence, path_prices, path_table

UNLIKELY = 1e-5
ERRORS = 4.5
HOUR = 3600
DAY = 24 * HOUR
ROWS = tuple(float(move) for move in np.random.default_rng(20).normal(0.0, 0.01, 5_000))

MODELS = {
    "history": PriceModel("history", returns=ROWS),
    "bootstrap": PriceModel("bootstrap", returns=ROWS),
    "tail": PriceModel(
        "tail", returns=ROWS, threshold_low=-0.015, threshold_high=0.02, shape_low=0.2, scale_low=0.01, shape_high=0.1, scale_high=0.005
    ),
    "profile": PriceModel("profile", points=((10 * HOUR, 0.8), (50 * HOUR, 0.5)), volatility=0.8),
    "gbm": PriceModel("gbm", drift=0.3, volatility=0.8, jumps_per_year=500, jump_mean=-0.05, jump_deviation=0.03),
    "ou": PriceModel("ou", half_life=2 * DAY, volatility=0.3),
    "depeg": PriceModel("depeg", half_life=2 * DAY, volatility=0.1, jumps_per_year=20, depeg_level=0.7),
    "garch": PriceModel("garch", omega=4e-6, alpha=0.08, beta=0.88, mean=1e-5, degrees=5.0),
}
assert set(MODELS) == set(KINDS)


def paths(
    model: PriceModel, steps: int, count: int, *, seed: int = 1, pool: int = 0, correlation: float = 1.0, step: int = HOUR
) -> NDArray:
    """So many paths, one a row."""
    table = path_table(model, step, steps)
    out = np.empty((count, steps + 1))
    for path in range(count):
        fill_path(*table, seed, path, pool, correlation, out[path])
    return out


def moves(of: NDArray) -> NDArray:
    """Log returns of each step."""
    return np.diff(np.log(of), axis=1)


def assert_mean(values: NDArray, expected: float) -> None:
    """The mean is the expected one within 4.5 of its standard errors, which are small enough to tell something."""
    error = values.std(ddof=1) / math.sqrt(values.size)
    assert abs(values.mean() - expected) < ERRORS * error


# ------------------------------------------------------------------------------------------------- what holds for every model


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_depends_on_seed_and_number_alone(kind: str) -> None:
    """Path 7 is the same alone, after others and in another buffer, and a shorter one is its beginning; path, seed and pool change it."""
    model = MODELS[kind]
    among = paths(model, 100, 9)
    scenario = Scenario("any", model)
    alone = path_prices(scenario, 1, 7, 100)
    assert (alone == among[7]).all()
    assert alone[0] == 1.0 and alone.min() > 0.0 and np.isfinite(alone).all()
    if kind != "history":  # whose places to start are fewer for a longer path
        assert (path_prices(scenario, 1, 7, 40) == alone[:41]).all()
    assert (alone != among[6]).any() and (alone != path_prices(scenario, 2, 7, 100)).any()
    apart = replace(scenario, correlation=0.0)
    assert (path_prices(apart, 1, 7, 100, pool=1) != path_prices(apart, 1, 7, 100)).any()
    assert (path_prices(scenario, 1, 7, 100, pool=1) == alone).all()


SOME = [(kind, correlation) for kind in KINDS for correlation in (0.5, 1.0)]
PLAIN = """
import json, sys
import numpy as np
from ringfence.inputs.scenario import PriceModel, Scenario
from ringfence.lab.paths import fill_presence, path_prices
given = json.load(sys.stdin)
out = [path_prices(Scenario("any", PriceModel(**fields), correlation=c), 3, 5, 60, 2).tolist() for fields, c in given]
there = np.empty(200, np.bool_)
fill_presence(3, 5, 3600, np.array([7200.0]), np.array([10800.0]), 200.0, 9000.0, there)
print(json.dumps([out, there.tolist()]))
"""


def test_plain_python_gives_the_same_paths() -> None:
    """NUMBA_DISABLE_JIT=1 changes no path by more than 1e-12, and warns of nothing."""
    given = [({name: getattr(MODELS[kind], name) for name in PriceModel.__slots__}, correlation) for kind, correlation in SOME]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", PLAIN]
    run = subprocess.run(command, env=environment, input=json.dumps(given), capture_output=True, text=True, check=True)
    plain, present = json.loads(run.stdout)
    for (kind, correlation), path in zip(SOME, plain, strict=True):
        ours = path_prices(Scenario("any", MODELS[kind], correlation=correlation), 3, 5, 60, 2)
        assert path == pytest.approx(ours.tolist(), rel=1e-12)
    there = np.empty(200, np.bool_)
    fill_presence(3, 5, HOUR, np.array([7200.0]), np.array([10800.0]), 200.0, 9000.0, there)
    assert present == there.tolist() and 0 < there.sum() < 200


@pytest.mark.parametrize("kind", ["bootstrap", "tail", "garch"])
def test_between_rows_the_price_is_held(kind: str) -> None:
    """With four steps in a row it moves at every fourth, to where steps of a row take it; with steps of two rows it is there at once."""
    model = MODELS[kind]
    hourly = paths(model, 50, 3)
    finer = paths(model, 200, 3, step=HOUR // 4)
    assert (finer[:, ::4] == hourly).all()
    assert all((finer[:, place : 197 + place : 4] == finer[:, 0:197:4]).all() for place in (1, 2, 3))
    coarser = paths(model, 25, 3, step=2 * HOUR)
    assert coarser == pytest.approx(hourly[:, ::2], rel=1e-13)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
@pytest.mark.parametrize("kind", ["bootstrap", "tail", "excesses", "profile", "gbm", "ou", "jumps", "t"])
def test_pools_are_correlated_as_asked(kind: str, correlation: float) -> None:
    """The log returns of any two pools, the first one too; for jumps, excesses over a threshold and Student's t alone as well."""
    special = {
        "jumps": PriceModel("gbm", jumps_per_year=2_000, jump_mean=-0.05, jump_deviation=0.03),
        "t": PriceModel("garch", omega=1e-4, degrees=6.0),
        "bootstrap": replace(MODELS["bootstrap"], block=1),
        "tail": replace(MODELS["tail"], block=1, shape_low=0.0, shape_high=0.0),
        "excesses": replace(MODELS["tail"], returns=(-0.01,) * 50, threshold_low=-0.005, shape_low=0.0, block=1),
        "profile": replace(MODELS["profile"], points=((HOUR, 1.0),)),
    }
    model = special.get(kind) or MODELS[kind]
    first, second, third = (moves(paths(model, 1_000, 30, pool=pool, correlation=correlation)).ravel() for pool in (0, 1, 7))
    for one, other in [(first, second), (second, third)]:
        product = (one - one.mean()) * (other - other.mean()) / (one.std() * other.std())
        error = (product - correlation * 0.5 * ((one - one.mean()) ** 2 / one.var() + (other - other.mean()) ** 2 / other.var())).std()
        assert error / math.sqrt(product.size) < 0.02
        assert abs(product.mean() - correlation) < ERRORS * error / math.sqrt(product.size)


def test_pools_share_a_replay_and_a_default_as_often_as_asked() -> None:
    """Two pools start at the same row, and default at the same second, with probability equal to the correlation."""
    count, correlation = 4_000, 0.4
    default = PriceModel("depeg", jumps_per_year=100, depeg_level=0.5)
    for model in (MODELS["history"], default):
        one, other = (paths(model, 200, count, pool=pool, correlation=correlation) for pool in (0, 1))
        alike = int((one == other).all(axis=1).sum())
        if model is default:  # two defaults of their own may fall within the same hour, or both after the end
            hourly = 100 * HOUR / YEAR_SECONDS
            by_chance = math.tanh(hourly / 2) * (1 - math.exp(-2 * hourly * 200)) + math.exp(-2 * hourly * 200)
            assert stats.binomtest(alike, count, correlation + (1 - correlation) * by_chance).pvalue > UNLIKELY
        else:
            assert stats.binomtest(alike, count, correlation).pvalue > UNLIKELY


# --------------------------------------------------------------------------------------------------------- history and blocks


def test_a_replay_is_the_history() -> None:
    """From the first row its returns as they were; else from any row, each as often, and nothing glued together."""
    first = path_prices(Scenario("any", replace(MODELS["history"], from_first=True)), 1, 3, 5_000)
    assert np.log(first[1:]) == pytest.approx(np.cumsum(ROWS), abs=1e-12)
    rows = np.array(ROWS[:50])
    found = moves(paths(PriceModel("history", returns=tuple(rows)), 40, 3_000))
    starts = np.array([np.abs(rows - row[0]).argmin() for row in found])
    assert np.bincount(starts).size == 11
    assert found == pytest.approx(np.array([rows[start : start + 40] for start in starts]), abs=1e-12)
    assert stats.chisquare(np.bincount(starts)).pvalue > UNLIKELY


def test_a_bootstrap_draws_only_blocks_of_history() -> None:
    """Every block is a run of neighbouring rows, every start is as likely, and the last block is cut off by the end of the path."""
    rows = np.array(ROWS[:60])
    found = moves(paths(PriceModel("bootstrap", returns=tuple(rows), block=8), 44, 2_000))
    places = np.abs(found[:, :, None] - rows).argmin(axis=2)
    assert found == pytest.approx(rows[places], abs=1e-12)
    for begin in range(0, 44, 8):
        block = places[:, begin : begin + 8]
        assert (block == block[:, :1] + np.arange(block.shape[1])).all()
    starts = np.bincount(places[:, ::8].ravel(), minlength=53)
    assert starts.size == 53 and stats.chisquare(starts).pvalue > UNLIKELY


def test_tails_replace_what_is_beyond_the_thresholds() -> None:
    """Between them history; beyond them, as often as history was, excesses of the generalised Pareto law with its quantiles."""
    model = MODELS["tail"]
    rows = np.array(ROWS)
    found = moves(paths(replace(model, block=1), 1_000, 100)).ravel()
    low, high = found < model.threshold_low, found > model.threshold_high
    for beyond, part in [(low, (rows < model.threshold_low).mean()), (high, (rows > model.threshold_high).mean())]:
        assert stats.binomtest(int(beyond.sum()), found.size, part).pvalue > UNLIKELY
        assert beyond.sum() > 2_000
    within = np.sort(rows)
    near = np.clip(np.searchsorted(within, found[~low & ~high]), 1, within.size - 1)
    middle = found[~low & ~high]
    assert np.minimum(np.abs(within[near] - middle), np.abs(within[near - 1] - middle)).max() < 1e-12
    for excess, shape, scale in [
        (model.threshold_low - found[low], model.shape_low, model.scale_low),
        (found[high] - model.threshold_high, model.shape_high, model.scale_high),
    ]:
        law = stats.genpareto(shape, scale=scale)
        assert stats.kstest(excess, law.cdf).pvalue > UNLIKELY
        over = int((excess > law.ppf(0.99)).sum())
        assert stats.binomtest(over, excess.size, 0.01).pvalue > UNLIKELY


def test_a_tail_of_no_shape_is_exponential() -> None:
    """Shape 0 is the limit of small shapes: the exponential law."""
    model = replace(MODELS["tail"], shape_low=0.0, block=1)
    found = moves(paths(model, 1_000, 30)).ravel()
    excess = model.threshold_low - found[found < model.threshold_low]
    assert excess.size > 1_000 and stats.kstest(excess, stats.expon(scale=model.scale_low).cdf).pvalue > UNLIKELY


def test_the_heaviest_tail_keeps_a_price() -> None:
    """However large an excess, the price stays above nothing and below infinity."""
    found = paths(replace(MODELS["tail"], shape_low=0.99, scale_low=50.0, shape_high=0.99, scale_high=50.0), 500, 20)
    assert found.min() == LEAST and found.max() == MOST


# ------------------------------------------------------------------------------------------------------------------- profile


def test_a_profile_hits_its_points() -> None:
    """Without noise it is 1 at first, each point at its second, the line of log price between, and flat after the last."""
    model = replace(MODELS["profile"], volatility=0.0)
    (path,) = paths(model, 100, 1)
    assert path[[0, 10, 30, 50, 100]] == pytest.approx([1.0, 0.8, math.sqrt(0.8 * 0.5), 0.5, 0.5], rel=1e-14)
    assert path == pytest.approx(paths(replace(model, points=((0, 1.0), *model.points)), 100, 1)[0], rel=0)


def test_the_noise_of_a_profile_is_brownian() -> None:
    """Its steps are normal, of the volatility asked for, and the profile is the median."""
    steps = 200
    line = np.log(paths(replace(MODELS["profile"], volatility=0.0), steps, 1))
    noise = np.log(paths(MODELS["profile"], steps, 500)) - line
    scaled = np.diff(noise, axis=1).ravel() / (0.8 * math.sqrt(HOUR / YEAR_SECONDS))
    assert stats.kstest(scaled, "norm").pvalue > UNLIKELY
    assert stats.binomtest(int((noise[:, -1] < 0).sum()), 500, 0.5).pvalue > UNLIKELY


# ------------------------------------------------------------------------------------------------------------- diffusions


def test_geometric_brownian_motion_in_closed_form() -> None:
    """Without jumps log x(t) is normal of mean (mu - sigma^2 / 2) t and variance sigma^2 t, and x(t) has the mean exp(mu t)."""
    model = PriceModel("gbm", drift=2.0, volatility=0.9)
    found = paths(model, 50, 20_000, step=DAY)
    for k in (1, 50):
        time = k * DAY / YEAR_SECONDS
        scaled = (np.log(found[:, k]) - (2.0 - 0.405) * time) / (0.9 * math.sqrt(time))
        assert stats.kstest(scaled, "norm").pvalue > UNLIKELY
        assert_mean(found[:, k], math.exp(2.0 * time))


def test_jumps_in_closed_form() -> None:
    """Jumps are Poisson in number and normal in size, and the drift makes up for them: the mean stays exp(mu t)."""
    counted = PriceModel("gbm", jumps_per_year=400, jump_mean=0.01)
    drift = -400 * math.expm1(0.01) * DAY / YEAR_SECONDS
    counts = np.rint((moves(paths(counted, 100, 300, step=DAY)) - drift) / 0.01).astype(int).ravel()
    law = stats.poisson(400 * DAY / YEAR_SECONDS)
    seen = np.bincount(np.minimum(counts, 6), minlength=7)
    expected = counts.size * np.array([*law.pmf(range(6)), law.sf(5)])
    assert stats.chisquare(seen, expected).pvalue > UNLIKELY
    model = PriceModel("gbm", drift=0.5, volatility=0.4, jumps_per_year=200, jump_mean=-0.05, jump_deviation=0.08)
    found = paths(model, 60, 10_000, step=DAY)
    time = 60 * DAY / YEAR_SECONDS
    assert_mean(found[:, -1], math.exp(0.5 * time))
    log = np.log(found[:, -1])
    assert_mean((log - log.mean()) ** 2, (0.4**2 + 200 * (0.05**2 + 0.08**2)) * time)


def test_a_pegged_pair_in_closed_form() -> None:
    """In the long run log x is normal of variance sigma^2 / (2 theta), half of a deviation is left after a half-life, at any length of
    step; and from the peg the variance grows as 1 - exp(-2 theta t)."""
    stationary = 0.3**2 * 2 * DAY / (2 * math.log(2.0) * YEAR_SECONDS)
    for step in (HOUR, DAY):
        half_life = 2 * DAY // step
        logs = np.log(paths(MODELS["ou"], 22 * half_life, 4_000, step=step))
        assert_mean(logs[:, half_life] ** 2, stationary * 0.75)
        late, later = logs[:, 20 * half_life], logs[:, 21 * half_life]
        assert stats.kstest(late / math.sqrt(stationary), "norm").pvalue > UNLIKELY
        assert_mean(late * later / stationary, 0.5)
        kept = 0.5 ** (1.0 / half_life)
        news = (logs[:, 1:] - kept * logs[:, :-1]).ravel() / math.sqrt(stationary * (1.0 - kept**2))
        assert_mean(news**2, 1.0)
        assert news.size > 150_000 and stats.kstest(news, "norm").pvalue > UNLIKELY


def test_a_default_comes_once_and_pulls_to_its_level() -> None:
    """Its time is exponential; from then on half of the way to the new level is left after each half-life."""
    model = PriceModel("depeg", half_life=6 * HOUR, jumps_per_year=50, depeg_level=0.6)
    logs = np.log(paths(model, 1_000, 3_000)) / math.log(0.6)
    came = logs[:, -1] > 0.0
    hourly = 50 * HOUR / YEAR_SECONDS
    assert stats.binomtest(int(came.sum()), 3_000, -math.expm1(-hourly * 1_000)).pvalue > UNLIKELY
    first = (logs[came] > 0.0).argmax(axis=1)
    law = stats.truncexpon(hourly * 1_000, scale=1.0 / hourly)
    assert stats.kstest(first - np.random.default_rng(2).random(first.size), law.cdf).pvalue > UNLIKELY  # spread within its hour
    often = np.log(paths(replace(model, jumps_per_year=2_000), 2, 3_000))
    for k in (1, 2):
        part = -math.expm1(-2_000 * k * HOUR / YEAR_SECONDS)
        assert stats.binomtest(int((often[:, k] < 0.0).sum()), 3_000, part).pvalue > UNLIKELY
    for path, begin in zip(logs[came], first, strict=True):
        assert np.abs(path[begin - 1 :] - 1.0 + 0.5 ** (np.arange(1_002 - begin) / 6.0)).max() < 1e-12


# ----------------------------------------------------------------------------------------------------------------- garch


def test_a_shock_is_student_t_of_variance_one() -> None:
    """Divided by the deviation that the recursion gives from the returns before it, each return is Student's t scaled to variance 1."""
    model = PriceModel("garch", omega=4e-6, alpha=0.3, beta=0.5, mean=0.01, degrees=5.0)
    found = moves(paths(model, 400, 100)) - model.mean
    variance = np.full(100, model.omega / (1.0 - model.alpha - model.beta))
    shocks = np.empty_like(found)
    for k in range(400):
        shocks[:, k] = found[:, k] / np.sqrt(variance)
        variance = model.omega + model.alpha * found[:, k] ** 2 + model.beta * variance
    law = stats.t(model.degrees, scale=math.sqrt((model.degrees - 2.0) / model.degrees))
    assert stats.kstest(shocks.ravel(), law.cdf).pvalue > UNLIKELY
    assert abs(stats.spearmanr(shocks[:, :-1].ravel(), shocks[:, 1:].ravel()).statistic) < ERRORS / math.sqrt(shocks[:, 1:].size)


def test_the_variance_in_the_long_run() -> None:
    """omega / (1 - alpha - beta), at every row, and volatility clusters: squares of neighbours are correlated."""
    model = replace(MODELS["garch"], degrees=12.0)
    found = moves(paths(model, 400, 2_000)) - model.mean
    of_paths = (found**2).mean(axis=1)  # independent of each other, as rows of one path are not
    assert_mean(of_paths, model.omega / (1.0 - model.alpha - model.beta))
    squares = found**2 - (found**2).mean()
    assert (squares[:, 1:] * squares[:, :-1]).mean() / squares.var() > 0.1


# --------------------------------------------------------------------------------------------------------------- presence


def present(steps: int, path: int, windows: list[tuple[int, int]], per_year: float = 0.0, length: float = 0.0, step: int = HOUR) -> NDArray:
    """Presence at each step."""
    out = np.empty(steps + 1, np.bool_)
    starts, ends = (np.array([window[place] for window in windows], np.float64) for place in (0, 1))
    fill_presence(1, path, step, starts, ends, per_year, length, out)
    return out


def test_windows_of_absence() -> None:
    """From the start, until before the end."""
    absent = np.flatnonzero(~present(20, 0, [(2 * HOUR, 5 * HOUR), (5 * HOUR + 1, 7 * HOUR), (19 * HOUR, 99 * HOUR)]))
    assert absent.tolist() == [2, 3, 4, 6, 19, 20]


def test_random_absence_is_as_likely_at_every_time() -> None:
    """An hour is without liquidators with probability 1 - exp(-rate length), the first too; an absence lasts as long as asked, or longer
    where the next begins in it."""
    found = np.array([present(300, path, [], per_year=300, length=10 * HOUR) for path in range(3_000)])
    expected = -math.expm1(-300 * 10 * HOUR / YEAR_SECONDS)
    for k in (0, 3, 150, 300):
        assert stats.binomtest(int((~found[:, k]).sum()), 3_000, expected).pvalue > UNLIKELY
    lone = np.array([present(300, path, [], per_year=10, length=10 * HOUR) for path in range(3_000)])
    lengths = [len(run) for row in lone for run in "".join("-x"[int(not here)] for here in row).strip("x").split("-") if run]
    assert len(lengths) > 500 and min(lengths) == 10
    assert (~np.array([present(300, 0, [], per_year=0.0, length=10 * HOUR)])).sum() == 0


def test_an_absence_shorter_than_a_step_is_seen_as_often_as_it_hits_one() -> None:
    """A quarter of an hour is met by the hour with a quarter of the probability."""
    found = np.array([present(300, path, [], per_year=1_000, length=HOUR / 4) for path in range(500)])
    expected = -math.expm1(-1_000 * HOUR / 4 / YEAR_SECONDS)
    assert stats.binomtest(int((~found).sum()), found.size, expected).pvalue > UNLIKELY


# --------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("gbm", {"kind": "levy"}, "kind 'levy' is none of"),
        ("history", {"returns": ROWS[:99]}, "99 rows of history are fewer than the 100 of a path"),
        ("bootstrap", {"returns": ROWS[:23]}, "23 rows of history are fewer than the 24 of a block"),
        ("bootstrap", {"returns": ()}, "there are no returns"),
        ("bootstrap", {"block": 0}, "block 0 is under 1"),
        ("bootstrap", {"row_seconds": 5400}, "none is a multiple of the other"),
        ("bootstrap", {"returns": (*ROWS, math.nan)}, "is not finite"),
        ("tail", {"threshold_low": 0.01}, "not on both sides of 0"),
        ("tail", {"shape_low": 1.0}, "shape_low 1.0 is not within -1 and 1"),
        ("tail", {"scale_high": 0.0}, "are not above 0"),
        ("profile", {"points": ()}, "there are no points"),
        ("profile", {"points": ((0, 0.9), (HOUR, 0.8))}, "point 0.9 at second 0 is not 1"),
        ("profile", {"points": ((HOUR, 0.9), (HOUR, 0.8))}, "not after the one before"),
        ("profile", {"points": ((HOUR, 0.0),)}, "is not above 0"),
        ("gbm", {"volatility": -0.1}, "volatility -0.1 is negative"),
        ("gbm", {"drift": math.inf}, "is not finite"),
        ("gbm", {"jumps_per_year": 1e6}, "is negative or over 30 a step"),
        ("gbm", {"jump_deviation": -1.0}, "jump_deviation -1.0 is negative"),
        ("ou", {"half_life": 0}, "half_life 0 s is not above 0"),
        ("depeg", {"depeg_level": 0.0}, "depeg_level 0.0 is not above 0"),
        ("depeg", {"jumps_per_year": -1.0}, "jumps_per_year -1.0 is negative"),
        ("garch", {"alpha": 0.2}, "is not under 1, so the variance has no mean"),
        ("garch", {"omega": 0.0}, "or omega 0"),
        ("garch", {"degrees": 2.0}, "degrees 2.0 is not above 2"),
    ],
)
def test_a_model_that_makes_no_paths_is_refused(kind: str, change: dict[str, object], reason: str) -> None:
    """With the figure that is wrong."""
    path_table(MODELS[kind], HOUR, 100)
    with pytest.raises(ValueError, match="prices: ") as refusal:
        path_table(replace(MODELS[kind], **change), HOUR, 100)
    assert reason in str(refusal.value)


def test_a_correlation_outside_its_range_is_refused() -> None:
    """Below 0 there is no common factor, over 1 no correlation."""
    for correlation in (-0.1, 1.1):
        with pytest.raises(ValueError, match="is not within 0 and 1"):
            path_prices(Scenario("any", MODELS["gbm"], correlation=correlation), 1, 1, 5)
    with pytest.raises(ValueError, match="are no path"):
        path_prices(Scenario("any", MODELS["gbm"]), 1, 1, 0)
