"""`lab/intervals.py`: quantiles and tails by hand, and intervals that hold what they say they hold."""

import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from ringfence.lab import intervals
from ringfence.lab.intervals import ClassQuantile, Difference, Interval, Mean, Quantile, Quotient, Shortfall, Statistic, estimate

TEN = np.array([3.0, 9.0, 1.0, 7.0, 5.0, 10.0, 2.0, 8.0, 6.0, 4.0])


def value(statistic: Statistic, paths: int = 10) -> float:
    return estimate({"it": statistic}, paths, seed=1, draws=2)["it"].value


@pytest.mark.parametrize(
    ("level", "quantile"),
    [(990, 10.0), (950, 10.0), (901, 10.0), (900, 9.0), (850, 9.0), (800, 8.0), (500, 5.0)],
)
def test_a_quantile_is_exceeded_by_no_more_paths_than_it_says(level: int, quantile: float) -> None:
    """Of 1 to 10: nine tenths do not exceed 9, and nothing less; the level is exact where a float 0.9 * 10 would not be."""
    assert value(Quantile(TEN, level)) == quantile


@pytest.mark.parametrize(
    ("level", "shortfall"),
    [(900, 10.0), (800, 9.5), (850, (10 + 0.5 * 9) / 1.5), (975, 10.0), (990, 10.0), (500, 8.0), (750, (10 + 9 + 0.5 * 8) / 2.5)],
)
def test_a_shortfall_counts_the_last_path_by_its_fraction(level: int, shortfall: float) -> None:
    """The mean of the worst 15 % of ten paths is that of one and a half."""
    assert value(Shortfall(TEN, level)) == pytest.approx(shortfall, rel=1e-14)


def test_quantiles_and_tails_are_those_of_the_definition() -> None:
    """Against the definitions spelled out path by path, on values with ties and of either sign."""
    random = np.random.default_rng(7)
    for paths in (1, 2, 19, 200, 1999):
        values = np.round(random.normal(size=paths) * 3)
        ordered = sorted(values, reverse=True)
        for level in (500, 900, 950, 975, 990):
            least = min(v for v in values if 1000 * sum(values <= v) >= level * paths)
            assert value(Quantile(values, level), paths) == least
            mass = paths * (1000 - level) / 1000
            parts = [min(1.0, max(0.0, mass - i)) for i in range(paths)]
            worst = math.fsum(part * v for part, v in zip(parts, ordered, strict=True)) / mass
            assert value(Shortfall(values, level), paths) == pytest.approx(worst, rel=1e-12, abs=1e-12)


def test_means_quotients_and_classes() -> None:
    """Scales and shifts are applied; 0 / 0 is what was asked for; a class holds the level where the weight up to it reaches it."""
    assert value(Mean(TEN, 2.0, 1.0)) == 12.0
    assert value(Quotient(TEN, np.full(10, 2.0), 4.0)) == 11.0
    assert value(Quotient(np.zeros(10), np.zeros(10), empty=7.0)) == 7.0
    weights = np.zeros((10, 3))
    weights[0] = 94.0, 1.0, 5.0
    least, most = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 9.0])
    assert value(ClassQuantile(weights, least, most, 940)) == 0.0
    assert value(ClassQuantile(weights, least, most, 950)) == 2.0
    assert value(ClassQuantile(weights, least, most, 951)) == 9.0
    assert value(ClassQuantile(np.zeros((10, 3)), least, most, 950)) == 0.0


def test_an_interval_is_that_of_the_bootstrap() -> None:
    """Of a mean: about 1.96 standard errors to each side; of a constant and of what no path shows: nothing."""
    values = np.random.default_rng(3).exponential(size=4000)
    found = estimate({"mean": Mean(values), "flat": Mean(np.ones(4000)), "never": Mean(np.zeros(4000))}, 4000, seed=5)
    error = values.std() / math.sqrt(4000)
    assert found["mean"].high - found["mean"].value == pytest.approx(1.96 * error, rel=0.12)
    assert found["mean"].value - found["mean"].low == pytest.approx(1.96 * error, rel=0.12)
    assert found["flat"] == Interval(1.0, 1.0, 1.0)
    assert found["never"] == Interval(0.0, 0.0, 0.0)


def test_a_difference_is_taken_on_the_same_draws() -> None:
    """Of figures that move together the interval of the difference is far narrower; of one and itself it is nothing, of one and its
    shift the shift."""
    random = np.random.default_rng(5)
    values = random.lognormal(size=2000)
    close = values + random.normal(scale=0.001, size=2000)
    statistics = {
        "value": Shortfall(values, 990),
        "itself": Difference(Shortfall(values, 990), Shortfall(values, 990)),
        "shift": Difference(Mean(values + 2.0), Mean(values)),
        "close": Difference(Shortfall(close, 990), Shortfall(values, 990)),
    }
    found = estimate(statistics, 2000, seed=3)
    assert found["itself"] == Interval(0.0, 0.0, 0.0)
    assert (found["shift"].low, found["shift"].high) == pytest.approx((2.0, 2.0), abs=1e-9)
    assert found["close"].value == pytest.approx(value(Shortfall(close, 990), 2000) - found["value"].value, abs=1e-12)
    assert found["close"].high - found["close"].low < 0.01 * (found["value"].high - found["value"].low)


def test_a_class_is_not_known_more_closely_than_it_is_wide() -> None:
    """From the least of the lowest class that the draws find to the most of the highest, never a figure between two classes."""
    weights = np.zeros((10, 3))
    weights[:, 1] = 1.0
    least, most = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 9.0])
    asked: dict[str, Statistic] = {"one": ClassQuantile(weights, least, most, 950), "none": ClassQuantile(0 * weights, least, most, 950)}
    mixed = weights.copy()
    mixed[0, 1:] = 0.0, 1.0
    asked["two"] = ClassQuantile(mixed, least, most, 900)
    for draws in (2, 40, 1000):
        found = estimate(asked, 10, seed=1, draws=draws)
        assert found["one"] == Interval(2.0, 1.0, 2.0)
        assert found["none"] == Interval(0.0, 0.0, 0.0)
        assert found["two"].value == 2.0 and (found["two"].low, found["two"].high) in {(1.0, 2.0), (1.0, 9.0), (3.0, 9.0)}
    assert found["two"] == Interval(2.0, 1.0, 9.0)


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    """Samples of a known distribution: the exponential has mean 1, 95 % quantile ln 20 and shortfall beyond it ln 20 + 1."""
    truth = {"mean": 1.0, "var95": math.log(20), "es95": math.log(20) + 1}
    held = dict.fromkeys(truth, 0)
    samples = 300
    for sample in range(samples):
        values = np.random.default_rng(1000 + sample).exponential(size=800)
        asked: dict[str, Statistic] = {"mean": Mean(values), "var95": Quantile(values, 950), "es95": Shortfall(values, 950)}
        found = estimate(asked, 800, seed=sample, draws=400)
        for name, true in truth.items():
            held[name] += found[name].low <= true <= found[name].high
    # 95 % of 300 with a standard deviation of 3.8; the bootstrap of a tail is known to hold a little less than it says.
    assert 273 <= held["mean"] <= 297
    assert 270 <= held["var95"] <= 298
    assert 262 <= held["es95"] <= 297


def test_draws_are_seeded_and_do_not_hang_on_their_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed, the same intervals, however many draws are held at a time; another seed, other intervals."""
    values = np.random.default_rng(3).exponential(size=500)
    asked: dict[str, Statistic] = {"mean": Mean(values), "tail": Shortfall(values, 990)}
    once = estimate(asked, 500, seed=9)
    assert estimate(asked, 500, seed=10) != once
    monkeypatch.setattr(intervals, "CHUNK", 1)
    again = estimate(asked, 500, seed=9)
    for name in asked:
        assert again[name].low == pytest.approx(once[name].low, rel=1e-12)
        assert again[name].high == pytest.approx(once[name].high, rel=1e-12)


def test_ten_thousand_paths_take_less_than_three_seconds() -> None:
    """Of one processor's time, for sixty means and as many quantiles and tails."""
    random = np.random.default_rng(1)
    columns = [random.exponential(size=10_000) for _ in range(60)]
    asked: dict[str, Statistic] = {f"mean {i}": Mean(column) for i, column in enumerate(columns)}
    for i, column in enumerate(columns[:15]):
        asked |= {f"{i} {level}": Quantile(column, level) for level in (950, 990)}
        asked |= {f"{i} {level} worst": Shortfall(column, level) for level in (975, 990)}
    began = time.process_time()
    estimate(asked, 10_000, seed=1)
    assert time.process_time() - began < 3.0


BITS = """
import numpy as np
from ringfence.lab.intervals import Mean, Quotient, Shortfall, estimate
random = np.random.default_rng(5)
columns = [random.lognormal(0.0, 3.0, 700) for _ in range(60)]
asked = {f"mean {i}": Mean(column, 10.0 / 3.0) for i, column in enumerate(columns)}
asked |= {f"tail {i}": Shortfall(column, 990) for i, column in enumerate(columns)} | {"part": Quotient(columns[0], columns[1])}
print([tuple(map(float.hex, (it.value, it.low, it.high))) for it in estimate(asked, 700, seed=3).values()])
"""


def test_no_figure_hangs_on_the_threads_of_the_linear_algebra() -> None:
    """A scheduler, a container or a user who limits threads gets the same bits; a matrix product gave others."""
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    said = [
        subprocess.run(
            [sys.executable, "-c", BITS], env={**os.environ, **dict.fromkeys(limits, threads)}, capture_output=True, text=True, check=True
        ).stdout
        for threads in ("1", "2")
    ]
    assert said[0] == said[1] and said[0].count("0x") == 3 * 121
