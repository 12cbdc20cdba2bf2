"""Figures of a distribution with their 95 % intervals: percentile bootstrap over paths, the same draws for every figure.

A draw takes as many paths as there are, with replacement; what it says of them needs only how often each was taken. So means of all
columns are one matrix product, and quantiles and tails need the counts of the largest values alone. Levels are thousandths, so that no
rank hangs on how a float rounds.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ringfence.lab.layout import Floats

DRAWS = 1000
BOUNDS = (0.025, 0.975)
PURPOSE = 0x626F6F74
"""Second word of the Philox key, so that no path's numbers are drawn again here."""
CHUNK = 4_000_000
"""Counts held at a time."""
LEAST_ROWS = 16
SPREAD = 12
"""Standard deviations by which the largest values looked at exceed those needed; a draw that needed more would show its least of them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds of its 95 % interval, in one unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """scale * mean(values) + shift; values are one a path."""

    values: Floats
    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Quotient:
    """scale * mean(above) / mean(below), `empty` where that is 0 / 0 and infinite where only the divisor is 0."""

    above: Floats
    below: Floats
    scale: float = 1.0
    empty: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Quantile:
    """scale * the least value that at least `level` thousandths of all paths do not exceed: value at risk, if values are losses."""

    values: Floats
    level: int
    scale: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Shortfall:
    """scale * mean of the largest (1000 - level) thousandths, the last path counted by the fraction that is left of it (Acerbi and Tasche
    2002): expected shortfall, if values are losses."""

    values: Floats
    level: int
    scale: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ClassQuantile:
    """The most of the class that holds the `level` thousandths of all weight: `weights` is one row a path and one column a class, `least`
    and `most` are its ends, rising; 0 without any weight. What lies within a class is not known, so its interval is of whole classes."""

    weights: Floats
    least: Floats
    most: Floats
    level: int


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """this - other, both of the same paths: where the two move together its interval is far narrower than theirs."""

    this: "Mean | Quotient | Quantile | Shortfall"
    other: "Mean | Quotient | Quantile | Shortfall"


Statistic: TypeAlias = Mean | Quotient | Quantile | Shortfall | ClassQuantile | Difference


def estimate(
    statistics: Mapping[str, Statistic], paths: int, *, seed: int, draws: int = DRAWS, tick: Callable[[], None] | None = None
) -> dict[str, Interval]:
    """Every figure of `paths` paths with its interval, seeded; all of them from the same draws. `tick` is called now and then, and may
    raise to stop it."""
    plan = _Plan(statistics.values(), paths)
    values = plan.of(np.ones((1, paths)))[:, 0]
    parts = []
    for counts in _counts(paths, seed, draws):
        parts.append(plan.of(counts))
        if tick is not None:
            tick()
    drawn = np.concatenate(parts, axis=1)
    low, high = np.quantile(drawn, BOUNDS, axis=1)
    return {name: _interval(it, values[i], low[i], high[i]) for i, (name, it) in enumerate(statistics.items())}


def _interval(statistic: Statistic, value: float, low: float, high: float) -> Interval:
    """The three figures; of classes, which are counted from 1, from the least of the lowest to the most of the highest."""
    if not isinstance(statistic, ClassQuantile):
        return Interval(float(value), float(low), float(high))
    least, most = ([0.0, *ends.tolist()] for ends in (statistic.least, statistic.most))
    return Interval(most[round(value)], least[math.floor(low)], most[math.ceil(high)])


def _counts(paths: int, seed: int, draws: int) -> Iterator[Floats]:
    """How often each path is taken, one row a draw."""
    random = np.random.Generator(np.random.Philox(key=np.array([seed, PURPOSE], dtype=np.uint64)))
    rows = max(LEAST_ROWS, CHUNK // paths)
    for first in range(0, draws, rows):
        size = min(rows, draws - first)
        taken = random.integers(0, paths, size=(size, paths))
        taken += np.arange(size)[:, None] * paths
        yield np.bincount(taken.ravel(), minlength=size * paths).reshape(size, paths).astype(np.float64)


class _Plan:
    """What all statistics need of a draw, each thing once: means of columns, and the tails of those that are sorted."""

    def __init__(self, statistics: Iterable[Statistic], paths: int) -> None:
        self._statistics, self._paths = list(statistics), paths
        self._columns: list[Floats] = []
        self._places: dict[int, int] = {}
        self._tails: dict[int, _Tail] = {}
        for statistic in self._statistics:
            self._note(statistic)
        self._matrix = np.stack(self._columns) if self._columns else np.zeros((0, paths))

    def of(self, counts: Floats) -> Floats:
        """One row a statistic, one column a draw."""
        # Not by @: how BLAS rounds hangs on how many threads it has.
        means = np.einsum("dp,cp->dc", counts, self._matrix) / self._paths
        tails = {key: tail.cumulated(counts) for key, tail in self._tails.items()}
        return np.stack([self._one(statistic, means, tails) for statistic in self._statistics])

    def _note(self, statistic: Statistic) -> None:
        match statistic:
            case Mean(values):
                self._column(values)
            case Quotient(above, below):
                self._column(above)
                self._column(below)
            case ClassQuantile(weights):
                self._places[id(weights)] = len(self._columns)
                self._columns.extend(weights.T)
            case Quantile(values, level) | Shortfall(values, level):
                self._tails.setdefault(id(values), _Tail(values)).widen(level)
            case Difference(this, other):
                self._note(this)
                self._note(other)

    def _column(self, values: Floats) -> None:
        if id(values) not in self._places:
            self._places[id(values)] = len(self._columns)
            self._columns.append(values)

    def _one(self, statistic: Statistic, means: Floats, tails: dict[int, Floats]) -> Floats:
        match statistic:
            case Mean(values, scale, shift):
                return scale * means[:, self._places[id(values)]] + shift
            case Quotient(above, below, scale, empty):
                return _divided(scale * means[:, self._places[id(above)]], means[:, self._places[id(below)]], empty)
            case ClassQuantile(weights, least, _, level):
                first = self._places[id(weights)]
                return _class_quantile(means[:, first : first + len(least)], level)
            case Quantile(values, level, scale):
                return scale * self._tails[id(values)].quantile(tails[id(values)], level)
            case Shortfall(values, level, scale):
                return scale * self._tails[id(values)].shortfall(tails[id(values)], level)
            case Difference(this, other):
                difference: Floats = self._one(this, means, tails) - self._one(other, means, tails)
                return difference


class _Tail:
    """The largest values of a column, as many as any level asked of it can need."""

    def __init__(self, values: Floats) -> None:
        self._order = np.argsort(-values, kind="stable")
        self._values, self._paths, self._kept = values[self._order], len(values), 0

    def widen(self, level: int) -> None:
        """Looks at as many values as this level (thousandths) needs in any draw."""
        needed = self._paths * (1000 - level) // 1000 + 1
        self._kept = min(self._paths, max(self._kept, needed + SPREAD * (int(needed**0.5) + 2)))

    def cumulated(self, counts: Floats) -> Floats:
        """How many paths of each draw are at least as large, one column a value, largest first."""
        taken = counts[:, self._order[: self._kept]]
        return np.cumsum(taken, axis=1, out=taken)

    def quantile(self, cumulated: Floats, level: int) -> Floats:
        """So many paths may be larger; the next one is it."""
        larger = self._paths * (1000 - level) // 1000
        found: Floats = self._values[np.argmax(cumulated > larger, axis=1)]
        return found

    def shortfall(self, cumulated: Floats, level: int) -> Floats:
        """Each value counts as often as it was taken, until the tail is full."""
        mass = self._paths * (1000 - level) / 1000
        filled = np.minimum(cumulated, mass)
        steps = self._values[: self._kept] - np.append(self._values[1 : self._kept], 0.0)
        tail: Floats = np.einsum("dk,k->d", filled, steps) / mass  # Abel's sum of value * (filled - what was filled before)
        return tail


def _divided(above: Floats, below: Floats, empty: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((above == 0.0) & (below == 0.0), empty, above / below)


def _class_quantile(means: Floats, level: int) -> Floats:
    """The number of the class, from 1; 0 without any weight."""
    cumulated = np.cumsum(means, axis=1)
    whole = cumulated[:, -1:]
    # A part of the whole may fall short of it by a rounding: then the class before it already holds the level.
    reached = cumulated >= whole * (level / 1000) * (1 - 1e-12)
    return np.where(whole[:, 0] > 0.0, 1.0 + np.argmax(reached, axis=1), 0.0)
