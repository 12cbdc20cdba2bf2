"""What a stress run says: metrics with their intervals, what held and what failed, and the files that hold them (`result.json`,
`paths.parquet`).

Amounts are whole asset tokens as floats, unlike those of a replay: a distribution is an estimate, and its intervals say how good it is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ringfence.inputs.results import RESULT_FILE, PoolFigures
from ringfence.inputs.verdict import BoundCheck, Verdict, checks, verdict

if TYPE_CHECKING:
    import polars

STRESS_SCHEMA = "ringfence.stress/1"
PATHS_FILE = "paths.parquet"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure, the bounds of its 95 % interval, its unit, and exactly what it is."""

    value: float
    low: float
    high: float
    unit: str
    definition: str

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`."""
        return {"value": self.value, "low": self.low, "high": self.high, "unit": self.unit, "definition": self.definition}


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """What a scenario claims of its result, `loss_mean > 0` for example, under `fails` or `holds`, and whether this run bears it out."""

    kind: str
    claim: str
    held: bool

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`."""
        return {"kind": self.kind, "claim": self.claim, "held": self.held}


@dataclass(frozen=True, slots=True)
class Shock:
    """One fall (a part of the start price) at once, to `price`: the debt that is liquidatable there, and what the pool loses by the end of
    the horizon if the price stays, with the scenario's depth and with a market that takes everything (whole asset tokens)."""

    fall: float
    price: float
    liquidatable_debt: float
    loss: float
    loss_without_depth: float

    def to_dict(self) -> dict[str, float]:
        """As in `result.json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class WallRow:
    """One price below the start, by the book alone: the debt that is liquidatable there, what of it is not one row higher, and what debts
    are above the worth of their collateral there, with no sale (whole asset tokens)."""

    fall: float
    price: float
    liquidatable_debt: float
    added_debt: float
    insolvent_loss: float

    def to_dict(self) -> dict[str, float]:
        """As in `result.json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ReserveSize:
    """A size of the reserve at the start (whole asset tokens, and as a part of supply), and the probability that it does not suffice, with
    its 95 % interval."""

    reserve: float
    part_of_supply: float
    ruin: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As in `result.json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PoolStress:
    """One pool of a run: how it began (whole tokens), its terms in base units, what single falls cost it, its wall, how far each size of
    reserve goes, and its own metrics where there are several pools."""

    name: str
    supply: float
    debt: float
    reserve: float
    collateral: float
    start_price: float
    positions: int
    terms: Mapping[str, str]
    shocks: tuple[Shock, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    wall: tuple[WallRow, ...] = ()
    reserve_sizing: tuple[ReserveSize, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`."""
        return {
            "name": self.name,
            "supply": self.supply,
            "debt": self.debt,
            "reserve": self.reserve,
            "collateral": self.collateral,
            "start_price": self.start_price,
            "positions": self.positions,
            "terms": dict(self.terms),
            "shocks": [shock.to_dict() for shock in self.shocks],
            "wall": [row.to_dict() for row in self.wall],
            "reserve_sizing": [size.to_dict() for size in self.reserve_sizing],
            "metrics": {name: metric.to_dict() for name, metric in self.metrics.items()},
        }

    def shocks_to_polars(self) -> "polars.DataFrame":
        """Single falls, one row each; needs the `lab` extra."""
        return _table(Shock, self.shocks)

    def wall_to_polars(self) -> "polars.DataFrame":
        """The wall, one row a price; needs the `lab` extra."""
        return _table(WallRow, self.wall)

    def reserve_sizing_to_polars(self) -> "polars.DataFrame":
        """Sizes of the reserve, one row each; needs the `lab` extra."""
        return _table(ReserveSize, self.reserve_sizing)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the bounds of its 95 % interval; where it stands, its unit does, too."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """As in `result.json`."""
        return asdict(self)


Cells: TypeAlias = tuple[tuple[Estimate | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Around:
    """The tail (bp of supply) at other liquidation LTVs, a row each, and in other depths, a column each, on `paths` paths.

    A depth is a multiple of the amount that has a given impact; `own` is the row and the column of the pool as it is. Where terms break
    a bound, `legal` is False and there is no figure.
    """

    paths: int
    liq_ltv: tuple[float, ...]
    depth: tuple[float, ...]
    own: tuple[int, int]
    lender_loss_es99: Cells
    loss_es99: Cells
    legal: tuple[tuple[bool, ...], ...]
    unit: str = "bp of supply"

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`."""
        return {
            "paths": self.paths,
            "liq_ltv": list(self.liq_ltv),
            "depth": list(self.depth),
            "own": list(self.own),
            "lender_loss_es99": _shown_cells(self.lender_loss_es99),
            "loss_es99": _shown_cells(self.loss_es99),
            "unit": self.unit,
            "legal": [list(row) for row in self.legal],
        }


def _shown_cells(cells: Cells) -> list[list[dict[str, float] | None]]:
    return [[cell.to_dict() if cell else None for cell in row] for row in cells]


@dataclass(frozen=True, slots=True)
class ScenarioRun:
    """What a scenario that ships makes of the pool, its book and its start price: some of the metrics, and what of its claims this bears
    out. `horizon` is in seconds."""

    name: str
    title: str
    description: str
    fails: str
    holds: str
    horizon: int
    paths: int
    metrics: Mapping[str, Metric]
    claims: tuple[ClaimCheck, ...]
    defaults: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "fails": self.fails,
            "holds": self.holds,
            "horizon": self.horizon,
            "paths": self.paths,
            "metrics": {name: metric.to_dict() for name, metric in self.metrics.items()},
            "claims": [claim.to_dict() for claim in self.claims],
            "defaults": list(self.defaults),
        }


@dataclass(frozen=True, slots=True)
class HistoryRun:
    """An exact replay of the book through one history, moved so that it begins at the start price; buyers take everything at once.

    `began` and `ended` are unix seconds; `worst_fall` and `final_move` parts of the first price; `lender_loss` is bp of supply, booked and
    open beyond the reserve.
    """

    file: str
    sha256: str
    column: str
    began: int
    ended: int
    rows: int
    worst_fall: float
    final_move: float
    lender_loss: float
    pool: PoolFigures

    def to_dict(self) -> dict[str, Any]:
        """As in `result.json`; the figures of the pool are those of a replay, in base units."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "column": self.column,
            "from": self.began,
            "to": self.ended,
            "rows": self.rows,
            "worst_fall": self.worst_fall,
            "final_move": self.final_move,
            "lender_loss": self.lender_loss,
            "solvent": self.pool.solvent,
            "sales": self.pool.sales,
            "pool": self.pool.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class StressResult:
    """A stress run's metrics and paths with what they were made from: file digests, versions, the scenario, the run's options."""

    metrics: Mapping[str, Metric]
    pools: tuple[PoolStress, ...]
    claims: tuple[ClaimCheck, ...]
    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    options: Mapping[str, Any]
    scenario: Mapping[str, Any]
    defaults: tuple[str, ...] = ()
    """Which inputs were left to defaults; while any of depth, oracle or liquidators is, nobody should take a good figure for a verdict."""
    notices: tuple[str, ...] = ()
    paths: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """Columns of `paths.parquet`, arrays of one length."""
    distribution: Mapping[str, Any] = field(default_factory=dict)
    """Quantiles of the losses (bp of supply, all pools together) at each of `levels` (thousandths)."""
    replays: tuple[HistoryRun, ...] = ()
    scenarios: tuple[ScenarioRun, ...] = ()
    around: Around | None = None

    @property
    def bounds(self) -> Mapping[str, float]:
        """The bounds that were stated: a metric, and the most that it may be."""
        stated: Mapping[str, float] = self.options.get("bounds", {})
        return stated

    def checks(self) -> tuple[BoundCheck, ...]:
        """Each stated bound beside its figure."""
        return checks(self.metrics, self.bounds, paths=self.options["paths"])

    def verdict(self) -> Verdict:
        """What these figures allow to be said of the stated bounds."""
        return verdict(self.checks(), self.defaults, [claim.claim for claim in self.claims if not claim.held], self.notices)

    def to_dict(self) -> dict[str, Any]:
        """The content of `result.json`."""
        return {
            "schema": STRESS_SCHEMA,
            "inputs": dict(self.inputs),
            "versions": dict(self.versions),
            "options": dict(self.options),
            "scenario": dict(self.scenario),
            "defaults": list(self.defaults),
            "notices": list(self.notices),
            "claims": [claim.to_dict() for claim in self.claims],
            "metrics": {name: metric.to_dict() for name, metric in self.metrics.items()},
            "distribution": dict(self.distribution),
            "pools": [pool.to_dict() for pool in self.pools],
        } | self._asked()

    def _asked(self) -> dict[str, Any]:
        """What is there only if it was asked for."""
        found: dict[str, Any] = {"replays": [history.to_dict() for history in self.replays]} if self.replays else {}
        found |= {"scenarios": [scenario.to_dict() for scenario in self.scenarios]} if self.scenarios else {}
        return found | ({"around": self.around.to_dict()} if self.around else {})

    def to_json(self) -> str:
        """The text of `result.json`: the same for the same run, whatever the number of threads."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def to_polars(self) -> "polars.DataFrame":
        """The paths, one row a path and pool; needs the `lab` extra."""
        import polars

        return polars.DataFrame(dict(self.paths))

    def metrics_to_polars(self) -> "polars.DataFrame":
        """The metrics, one row each: of all pools together, where `pool` is null, then of each where there are several; needs the `lab`
        extra."""
        import polars

        groups = [(None, self.metrics), *((pool.name, pool.metrics) for pool in self.pools)]
        rows = [{"pool": pool, "metric": name, **metric.to_dict()} for pool, metrics in groups for name, metric in metrics.items()]
        numbers = dict.fromkeys(("value", "low", "high"), polars.Float64)
        schema = {name: numbers.get(name, polars.String) for name in ("pool", "metric", "value", "low", "high", "unit", "definition")}
        return polars.DataFrame(rows, schema=schema)


def _table(kind: type[Shock | WallRow | ReserveSize], rows: Sequence[Shock | WallRow | ReserveSize]) -> "polars.DataFrame":
    import polars

    return polars.DataFrame([row.to_dict() for row in rows], schema={column.name: polars.Float64 for column in fields(kind)})


def write_stress(result: StressResult, folder: Path) -> None:
    """Writes `result.json` and `paths.parquet` into an existing folder."""
    # polars would wrap what the system refuses, such as a full disk, in an error of its own.
    written = BytesIO()
    result.to_polars().write_parquet(written)
    (folder / PATHS_FILE).write_bytes(written.getbuffer())
    (folder / RESULT_FILE).write_text(result.to_json(), encoding="utf-8")
