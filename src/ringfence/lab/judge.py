"""What a pool of other terms costs on the same paths: one evaluation, remembered, with the figures that a stress run would give."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.scenario import Scenario
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY
from ringfence.lab.columns import columns_of
from ringfence.lab.intervals import Interval, Mean, estimate
from ringfence.lab.layout import Floats
from ringfence.lab.metrics import BP, measure_named
from ringfence.lab.stress_plan import Plan, Runner, plan_of

LENDERS_ES99, LENDERS_PROB = MAX_ES99, MAX_PROBABILITY
POOL_ES99, LENDERS_MEAN = "loss_es99", "lender_loss_mean"
MEASURED = (LENDERS_ES99, LENDERS_PROB, POOL_ES99, LENDERS_MEAN)
EXPLAINED = {"perfect_oracle": "the oracle's gap", "infinite_depth": "the market's depth", "no_latency": "latency and outages"}
TINY = 1e-9
"""What stands for a bound of 0 where a figure is told as a part of it, so that the smaller of two is nearer."""
BIN_WIDTH = 0.001
"""As in a stress run."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One pool on all paths: its metrics by their names in a stress result, and what its lenders lose on each path (bp of its supply).

    With `sure` a bound is kept by the upper end of a figure's interval, else by the figure itself.
    """

    metrics: Mapping[str, Metric]
    lenders: Floats
    bounds: Mapping[str, float]
    sure: bool = False

    def judged(self, name: str) -> float:
        """What is held against the bound of a metric."""
        return self.metrics[name].high if self.sure else self.metrics[name].value

    @cached_property
    def holds(self) -> bool:
        """Whether every bounded figure is within its bound."""
        return all(self.judged(name) <= most for name, most in self.bounds.items())

    @cached_property
    def surely_holds(self) -> bool:
        """Whether their whole intervals are."""
        return all(self.metrics[name].high <= most for name, most in self.bounds.items())

    @cached_property
    def may_hold(self) -> bool:
        """Whether their intervals reach down to the bounds."""
        return all(self.metrics[name].low <= most for name, most in self.bounds.items())

    @cached_property
    def excess(self) -> float:
        """The bounded figure that is furthest over its bound, as a part of the bound; 0 or less if all hold."""
        return max(self._over(name) for name in self.bounds)

    @property
    def broken(self) -> tuple[str, ...]:
        """The bounded metrics over their bounds, the one that is over by the largest part first."""
        return tuple(sorted((name for name in self.bounds if self.judged(name) > self.bounds[name]), key=self._over, reverse=True))

    def _over(self, name: str) -> float:
        """By what part of its bound a figure is over it; below 0 if it is not."""
        value, most = self.judged(name), self.bounds[name]
        return (value - most) / (most or TINY)


class Evaluator:
    """Evaluates pools under one scenario with common random numbers: path n is the same future under any terms."""

    def __init__(
        self,
        scenario: Scenario,
        price: float,
        bounds: Mapping[str, float],
        *,
        horizon: int,
        seed: int,
        paths: int,
        threads: int | None,
        significant: float,
        sure: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._scenario, self._price, self._bounds, self._horizon, self._seed = scenario, price, bounds, horizon, seed
        self._paths, self._threads, self._significant, self._sure, self._progress = paths, threads, significant, sure, progress
        self._known: dict[object, Evaluation] = {}

    @property
    def evaluations(self) -> int:
        """How many were run."""
        return len(self._known)

    def plan(self, book: Book, pool: PoolFile) -> Plan:
        """What is run of such a pool."""
        return plan_of([(book, pool)], self._scenario, [self._price], self._horizon, BIN_WIDTH, None)

    def of(self, book: Book, pool: PoolFile) -> Evaluation:
        """The evaluation of a pool; one that is known is not run again.

        Books of one evaluator are one book in other sizes, so that their sums tell them apart.
        """
        key = (pool.terms, pool.supply, pool.reserve, pool.fund, sum(book.debt), sum(book.collateral))
        if key not in self._known:
            self._known[key] = self._run(self.plan(book, pool))
        return self._known[key]

    def without(self, book: Book, pool: PoolFile) -> dict[str, float]:
        """By how much the lenders' ES 99 % (bp of supply) falls on the same paths without each thing that may explain it."""
        plan = self.plan(book, pool)
        base = self.of(book, pool).metrics[LENDERS_ES99].value
        changes = {EXPLAINED[name]: change for name, change in plan.variants() if name in EXPLAINED}
        return {said: base - self._run(plan, change).metrics[LENDERS_ES99].value for said, change in changes.items()}

    def more(self, other: Evaluation, than: Evaluation) -> Interval:
        """What lenders lose more on average, path by path (bp of supply), with its interval."""
        difference = {"more": Mean(np.ascontiguousarray(other.lenders - than.lenders))}
        return estimate(difference, self._paths, seed=self._seed, tick=self._tick)["more"]

    def _run(self, plan: Plan, changes: Mapping[str, object] | None = None) -> Evaluation:
        runner = Runner(plan, self._seed, self._paths, self._threads, None, False, self._progress, 1)
        outcome = runner.run(changes or {})
        start = plan.starts[0]
        metrics = measure_named(outcome, start, plan.setting(self._significant), MEASURED, seed=self._seed, tick=self._tick)
        lost = columns_of(outcome.fields[:, 0], start)["lender_loss"]
        return Evaluation(metrics, lost * (BP / start.supply), self._bounds, self._sure)

    def _tick(self) -> None:
        if self._progress is not None:
            self._progress(0, 0)
