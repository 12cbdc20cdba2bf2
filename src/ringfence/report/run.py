"""A folder of results as a report sees it: what kind of run it was, the stress run that the figures come from, and the stated bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ringfence.inputs.result_reader import read_result
from ringfence.inputs.result_records import CurveRecord, PoolRecord, RecommendRecord, Record, ReplayRecord, StressRecord
from ringfence.inputs.stress_result import Metric
from ringfence.inputs.verdict import MAX_ES99, MAX_PROBABILITY, BoundCheck, Verdict, checks, verdict


@dataclass(frozen=True, slots=True)
class Run:
    """What a folder holds; `stated` are bounds that come from elsewhere, beside those of the run or in their place, or, with
    `only_stated`, instead of any of its own."""

    folder: Path
    record: Record
    stated: Mapping[str, float] | None = None
    only_stated: bool = False

    @property
    def stress(self) -> StressRecord | None:
        """The stress run: the result itself, or that at the recommended terms."""
        if isinstance(self.record, StressRecord):
            return self.record
        return self.record.stress if isinstance(self.record, RecommendRecord) else None

    @property
    def recommendation(self) -> RecommendRecord | None:
        """The recommendation, if it is one."""
        return self.record if isinstance(self.record, RecommendRecord) else None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Figures by name; none of a replay or a curve."""
        if self.stress is not None:
            return self.stress.metrics
        return self.record.metrics if isinstance(self.record, RecommendRecord) else {}

    @property
    def paths(self) -> int | None:
        """How many futures the figures are of."""
        if self.stress is not None:
            return self.stress.paths
        found = self.record.origin.options.get("paths")
        return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None

    @property
    def bounds(self) -> Mapping[str, float]:
        """What was stated when the run was made, and here, which counts for more."""
        made = self.record.bounds if isinstance(self.record, StressRecord | RecommendRecord) and not self.only_stated else {}
        return {**made, **(self.stated or {})}

    @property
    def defaults(self) -> tuple[str, ...]:
        """What nobody decided, by the result and by the stress run beside it."""
        if isinstance(self.record, ReplayRecord | CurveRecord):
            return ()
        named = (*self.record.defaults, *(self.stress.defaults if self.stress else ()))
        return tuple(dict.fromkeys(named))

    @property
    def checks(self) -> tuple[BoundCheck, ...]:
        """Each stated bound beside its figure; raises InputError where the run has no such figure."""
        return checks(self.metrics, self.bounds, paths=self.paths)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the result and the stress run beside it remark, each once."""
        of = self.record.notices if isinstance(self.record, RecommendRecord) else ()
        return tuple(dict.fromkeys((*of, *(self.stress.notices if self.stress else ()))))

    @property
    def verdict(self) -> Verdict:
        """What may be said of the bounds."""
        claims = [claim.claim for claim in self.stress.claims if not claim.held] if self.stress else []
        return verdict(self.checks, self.defaults, claims, self.notices)

    @property
    def bound(self) -> BoundCheck | None:
        """The bound of the lenders' expected shortfall, which most drawings have."""
        return next((check for check in self.checks if check.metric == MAX_ES99), None)

    @property
    def led(self) -> BoundCheck | None:
        """The bound that drawings and sentences speak of: that of the expected shortfall, else that of the probability."""
        return self.bound or next((check for check in self.checks if check.metric == MAX_PROBABILITY), None)

    @property
    def by_probability(self) -> bool:
        """Whether the probability alone is bounded."""
        return self.led is not None and self.led.metric == MAX_PROBABILITY

    @property
    def pools(self) -> tuple[PoolRecord, ...]:
        """The pools of the stress run."""
        return self.stress.pools if self.stress else ()

    @property
    def supply(self) -> float:
        """What lenders own at the start, all pools together (whole asset tokens)."""
        return sum(pool.supply for pool in self.pools)


def read_run(folder: Path, bounds: Mapping[str, float] | None = None) -> Run:
    """The run in a folder, with further bounds; raises InputError for what cannot be believed, and for a bound of what it does not have."""
    run = Run(folder, read_result(folder), bounds or None)
    checks(run.metrics, run.bounds)
    return run
