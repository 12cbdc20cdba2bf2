"""What the folders of results hold, as values: every text printable, every number finite, for whoever shows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ringfence.inputs.stress_result import ClaimCheck, Metric

Row: TypeAlias = Mapping[str, float]
"""Numbers by the names of their fields."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Quantiles of what the pool loses and of what its lenders lose (bp of supply) at `levels` (thousandths), rising."""

    levels: tuple[float, ...]
    loss: tuple[float, ...]
    lender_loss: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """Expected shortfall (bp of supply) around the run's own terms: a row for each liquidation LTV, a column for each multiple of depth."""

    paths: int
    liq_ltv: tuple[float, ...]
    depth: tuple[float, ...]
    lender_loss_es99: tuple[tuple[Row, ...], ...]
    loss_es99: tuple[tuple[Row, ...], ...]
    legal: tuple[tuple[bool, ...], ...]
    own: tuple[int, int]
    """Row and column of the run's own terms and depth."""


@dataclass(frozen=True, slots=True)
class ShippedScenario:
    """The same pool in a scenario that ships: its figures, and what the scenario claims of them."""

    name: str
    title: str
    horizon: int
    paths: int
    metrics: Mapping[str, Metric]
    claims: tuple[ClaimCheck, ...]
    defaults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """An exact replay of the book through prices that have been, from `first` to `last` (unix seconds)."""

    file: str
    sha256: str
    column: str
    first: int
    last: int
    rows: int
    worst_fall: float
    final_move: float
    lender_loss: float
    solvent: bool
    sales: int
    pool: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PoolRecord:
    """A pool of a stress run: how it began (whole tokens), its terms in base units, and what was drawn of it."""

    name: str
    supply: float
    debt: float
    reserve: float
    collateral: float
    start_price: float
    positions: int
    terms: Mapping[str, str]
    shocks: tuple[Row, ...]
    wall: tuple[Row, ...]
    reserve_sizing: tuple[Row, ...]
    metrics: Mapping[str, Metric]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a result was made from: digests of its inputs, versions, and how it was asked for."""

    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StressRecord:
    """A stress run as its file tells it; what an older file does not hold is empty."""

    origin: Origin
    metrics: Mapping[str, Metric]
    pools: tuple[PoolRecord, ...]
    paths: int
    horizon: int
    seed: int
    significant: float
    bounds: Mapping[str, float]
    scenario: Mapping[str, Any]
    claims: tuple[ClaimCheck, ...]
    defaults: tuple[str, ...]
    notices: tuple[str, ...]
    distribution: Distribution | None = None
    around: Around | None = None
    scenarios: tuple[ShippedScenario, ...] = ()
    replays: tuple[History, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What a value of a term gave: lenders' expected shortfall (bp of supply) and the probability of a significant loss."""

    value: float
    loss_es99: Row
    prob_significant_loss: Row


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for a term: decimals as a terms file spells them, and why there is no better."""

    term: str
    goal: str
    value: str
    low: str
    high: str
    unit: str
    before: str
    binding: str
    sentence: str
    next_value: str
    """One step further; empty if there is none, as are the next two."""
    next_loss: Row
    """Lenders' expected shortfall there (bp of supply); empty where the protocol forbids it."""
    cost: str
    """What that step would cost, in a sentence."""
    tried: tuple[Tried, ...]

    @property
    def next_probability(self) -> Row:
        """The probability of a significant loss one step further, which is among what was tried; empty where it was not run."""
        if not (self.next_value and self.next_loss):
            return {}
        return next((one.prob_significant_loss for one in self.tried if one.value == float(self.next_value)), {})


@dataclass(frozen=True, slots=True)
class RecommendRecord:
    """A recommendation, and the stress run at the terms that it recommends, if it lies beside."""

    origin: Origin
    name: str
    terms: Mapping[str, str]
    metrics: Mapping[str, Metric]
    bounds: Mapping[str, float]
    binding: tuple[str, ...]
    answers: tuple[Answer, ...]
    evaluations: int
    defaults: tuple[str, ...]
    notices: tuple[str, ...]
    stress: StressRecord | None = field(default=None)


@dataclass(frozen=True, slots=True)
class ReplayRecord:
    """A replay: amounts in base units."""

    origin: Origin
    terms: Mapping[str, str]
    pool: Mapping[str, int]
    solvent: bool


@dataclass(frozen=True, slots=True)
class CurveRecord:
    """A curve: amounts in base units, shocks and parts WAD."""

    origin: Origin
    terms: Mapping[str, str]
    pool: Mapping[str, int]
    concentration: Mapping[str, int]
    rows: tuple[Mapping[str, int], ...]


Record: TypeAlias = StressRecord | RecommendRecord | ReplayRecord | CurveRecord
