"""What a replay says: figures, sales, and the files that hold them (`result.json`, `sales.csv`).

Units: amounts are base units of their token, incentives WAD, share prices asset base units per lender share times 1e36, prices as a
pool's oracle gives them. In files amounts are decimal strings, because JSON readers lose integers beyond 2^53; counts and times are
numbers.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars

REPLAY_SCHEMA = "ringfence.replay/1"
RESULT_FILE = "result.json"
SALES_FILE = "sales.csv"
CURVE_FILE = "curve.csv"
REPORT_FILE = "report.html"
SUMMARY_FILE = "report.md"
RESULT_FILES = {RESULT_FILE, SALES_FILE, CURVE_FILE, "paths.parquet", REPORT_FILE, SUMMARY_FILE}
"""What folders of results may hold."""
RECOMMENDED_FILES = {"terms.toml", "book.csv", "stress"}
"""What that of a recommendation may hold besides."""


@dataclass(frozen=True, slots=True)
class SaleRow:
    """One sale: `payment`, `debt_retired`, `penalty`, `loss` in asset base units, `collateral_sold` in collateral base units, `incentive`
    WAD."""

    timestamp: int
    account: str
    payment: int
    debt_retired: int
    penalty: int
    collateral_sold: int
    incentive: int
    loss: int
    price: int


SALES_COLUMNS = tuple(field.name for field in fields(SaleRow))


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """What became of one pool: amounts in asset base units but `collateral_sold` (collateral base units), share prices times 1e36,
    counts."""

    supply_before: int
    supply_after: int
    reserve_before: int
    reserve_after: int
    premium_owed_after: int
    debt_before: int
    interest: int
    debt_after: int
    debt_retired: int
    paid: int
    penalty: int
    surplus: int
    collateral_sold: int
    loss: int
    loss_from_reserve: int
    loss_from_backstop: int
    loss_from_lenders: int
    loss_from_premium: int
    unrealised_loss: int
    sales: int
    positions_sold: int
    positions_sold_at_start: int
    unhealthy_at_end: int
    insolvent_at_end: int
    share_price_before: int
    share_price_after: int

    @property
    def solvent(self) -> bool:
        """No lender has lost anything and no debt is left that its collateral does not cover."""
        return self.loss_from_lenders == 0 and self.insolvent_at_end == 0

    def to_dict(self) -> dict[str, Any]:
        """Amounts as strings, counts as integers, and the verdict."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        shown: dict[str, Any] = {name: value if name in COUNTS else str(value) for name, value in given.items()}
        return shown | {"solvent": self.solvent}


COUNTS = ("sales", "positions_sold", "positions_sold_at_start", "unhealthy_at_end", "insolvent_at_end")


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A replay's figures and sales with what they were made from: file digests, versions, the run's options, and the terms in base
    units."""

    pool: PoolFigures
    sales: tuple[SaleRow, ...]
    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    options: Mapping[str, str]
    terms: Mapping[str, str]
    notices: tuple[str, ...] = ()
    """What fits and yet is hardly meant, a line each; told, not written into `result.json`."""

    def to_dict(self) -> dict[str, Any]:
        """The content of `result.json`."""
        return {
            "schema": REPLAY_SCHEMA,
            "inputs": dict(self.inputs),
            "versions": dict(self.versions),
            "options": dict(self.options),
            "terms": dict(self.terms),
            "pool": self.pool.to_dict(),
        }

    def to_polars(self) -> "polars.DataFrame":
        """The sales, one row each: `timestamp` as integer, amounts as text since they outgrow 64 bits; needs the `lab` extra."""
        import polars

        columns = {name: [getattr(sale, name) for sale in self.sales] for name in SALES_COLUMNS}
        shown = {name: values if name in ("timestamp", "account") else [str(value) for value in values] for name, values in columns.items()}
        schema = {name: polars.Int64 if name == "timestamp" else polars.String for name in SALES_COLUMNS}
        return polars.DataFrame(shown, schema=schema)

    def to_json(self) -> str:
        """`to_dict` as the text of `result.json`, in ASCII, which every stream takes."""
        return json.dumps(self.to_dict(), indent=2) + "\n"


def our_version() -> str:
    """The version of the installed package, or that it runs from a source tree."""
    try:
        return version("ringfence")
    except PackageNotFoundError:
        return "not installed"


def write_replay(result: ReplayResult, folder: Path) -> None:
    """Writes `result.json` and `sales.csv` into an existing folder."""
    with open(folder / SALES_FILE, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(SALES_COLUMNS)
        rows.writerows([getattr(sale, name) for name in SALES_COLUMNS] for sale in result.sales)
    (folder / RESULT_FILE).write_text(result.to_json(), encoding="utf-8")


def is_result_folder(folder: Path) -> bool:
    """Whether a folder holds a former result and nothing else, so that a new one may take its place."""
    names = {entry.name for entry in folder.iterdir()}
    if RESULT_FILE not in names or not names <= RESULT_FILES | RECOMMENDED_FILES:
        return False
    try:
        schema = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))["schema"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    kind = "ringfence." if names <= RESULT_FILES else "ringfence.recommend/"
    return isinstance(schema, str) and schema.startswith(kind)
