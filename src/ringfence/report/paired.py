"""Differences of two runs of the same futures, path by path, each with the interval of the difference."""

from pathlib import Path
from typing import Any

from ringfence.inputs.result_reader import STRESS_FOLDER
from ringfence.inputs.result_records import RecommendRecord, StressRecord
from ringfence.inputs.stress_result import PATHS_FILE
from ringfence.report.run import Run

BP = 10_000.0
NEEDED = ("path", "loss", "loss_from_lenders", "unrealised_loss", "reserve_end", "liquidated")
CLOSE = 1e-6
"""How near a figure of the paths must be to the same figure of the result."""
MOST_BYTES = 4 << 30


def paired(this: Run, other: Run, one: StressRecord, two: StressRecord) -> dict[str, tuple[float, float]]:
    """The 95 % interval of this less the other for each metric that paths alone tell; empty where paths cannot be read, or are of another
    run than the result beside them."""
    from ringfence.lab.intervals import Difference, estimate

    left, right = _statistics(this, one), _statistics(other, two)
    if left is None or right is None:
        return {}
    found = estimate({name: Difference(left[name], right[name]) for name in left}, one.paths, seed=one.seed)
    return {name: (told.low, told.high) for name, told in found.items()}


def _statistics(run: Run, record: StressRecord) -> dict[str, Any] | None:
    """The metrics that follow from the paths; None where they are not those of the result."""
    import numpy as np

    from ringfence.lab.intervals import Mean, Shortfall, estimate

    columns = _columns(_folder(run) / PATHS_FILE, record)
    if columns is None:
        return None
    supply = sum(pool.supply for pool in record.pools)
    if supply <= 0.0:
        return None
    loss, lenders, liquidated = columns
    limit = record.significant * supply
    found: dict[str, Any] = {
        "loss_mean": Mean(loss, BP / supply),
        "loss_es99": Shortfall(loss, 990, BP / supply),
        "lender_loss_mean": Mean(lenders, BP / supply),
        "lender_loss_es99": Shortfall(lenders, 990, BP / supply),
        "prob_significant_loss": Mean((loss > limit).astype(np.float64)),
        "prob_significant_lender_loss": Mean((lenders > limit).astype(np.float64)),
        "liquidations_mean": Mean(liquidated),
    }
    values = estimate(found, record.paths, seed=record.seed, draws=2)
    kept = {name: statistic for name, statistic in found.items() if name in record.metrics}
    same = all(abs(values[name].value - record.metrics[name].value) <= CLOSE * (1.0 + abs(record.metrics[name].value)) for name in kept)
    return kept if same else None


def _folder(run: Run) -> Path:
    return run.folder / STRESS_FOLDER if isinstance(run.record, RecommendRecord) else run.folder


def _columns(path: Path, record: StressRecord) -> Any:
    """Loss, lenders' loss and debt sold of each path, summed over pools; None for a file that is not such a table."""
    import numpy as np
    import polars

    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return None
        read = polars.read_parquet(path, columns=list(NEEDED)).sort("path", maintain_order=True)
        columns = {name: read[name].cast(polars.Float64).to_numpy() for name in NEEDED}
    except (OSError, polars.exceptions.PolarsError, polars.exceptions.PanicException):
        return None
    shape = (record.paths, len(record.pools))
    if any(column.size != shape[0] * shape[1] or not np.isfinite(column).all() for column in columns.values()):
        return None
    of = {name: column.reshape(shape) for name, column in columns.items()}
    still_open = np.maximum(0.0, of["unrealised_loss"] - np.maximum(0.0, of["reserve_end"]))
    lenders = (of["loss_from_lenders"] + still_open).sum(axis=1)
    return np.ascontiguousarray(of["loss"].sum(axis=1)), np.ascontiguousarray(lenders), np.ascontiguousarray(of["liquidated"].sum(axis=1))
