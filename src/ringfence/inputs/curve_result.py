"""What a curve says: at a price and at falls below it, who would be sold and what would be lost (`result.json`, `curve.csv`).

Units as in `results`: amounts are base units of their token, shocks and parts WAD, prices times 1e36; strings of digits in files.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ringfence.inputs.results import CURVE_FILE, RESULT_FILE

if TYPE_CHECKING:
    import polars

CURVE_SCHEMA = "ringfence.curve/1"


@dataclass(frozen=True, slots=True)
class Concentration:
    """How many positions have debt, and parts of all debt (WAD, rounded down): the largest position's, that of the ten largest, and the sum
    of the squares of all parts, which is one over the number of positions where they are equal (Herfindahl, Hirschman)."""

    positions: int
    largest: int
    top_10: int
    herfindahl: int

    def to_dict(self) -> dict[str, int | str]:
        """Parts as strings of digits."""
        return {name: value if name == "positions" else str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One price: `shock` below the first one (WAD), `price` (times 1e36); of the `positions` that are liquidatable there, collateral
    (collateral base units) and debt (asset base units); of that debt the `wall`, which is not liquidatable one row higher; how many
    positions owe more than their collateral is worth, and that excess, the `loss` (asset base units)."""

    shock: int
    price: int
    positions: int
    collateral: int
    debt: int
    wall: int
    insolvent: int
    loss: int

    def to_dict(self) -> dict[str, int | str]:
        """Amounts as strings, counts as integers."""
        return {name: value if name in COUNTS else str(value) for name, value in asdict(self).items()}


COUNTS = ("positions", "insolvent")
CURVE_COLUMNS = tuple(field.name for field in fields(CurveRow))


@dataclass(frozen=True, slots=True)
class CurvePool:
    """The pool before any price: its accounts, their collateral (collateral base units) and debt, what lenders and the reserve bring (asset
    base units)."""

    accounts: int
    collateral: int
    debt: int
    supply: int
    reserve: int

    def to_dict(self) -> dict[str, int | str]:
        """Amounts as strings, the count as an integer."""
        return {name: value if name == "accounts" else str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class CurveResult:
    """A curve from the first price down, with what it was made from: file digests, versions, the run's options, and the terms in base
    units."""

    rows: tuple[CurveRow, ...]
    pool: CurvePool
    concentration: Concentration
    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    options: Mapping[str, str]
    terms: Mapping[str, str]
    notices: tuple[str, ...] = ()
    """What fits and yet is hardly meant, a line each; told, not written into `result.json`."""

    def to_dict(self) -> dict[str, Any]:
        """The content of `result.json`."""
        return {
            "schema": CURVE_SCHEMA,
            "inputs": dict(self.inputs),
            "versions": dict(self.versions),
            "options": dict(self.options),
            "terms": dict(self.terms),
            "pool": self.pool.to_dict(),
            "concentration": self.concentration.to_dict(),
            "curve": [row.to_dict() for row in self.rows],
        }

    def to_polars(self) -> "polars.DataFrame":
        """One row a price: counts as integers, the rest as text since it outgrows 64 bits; needs the `lab` extra."""
        import polars

        schema = {name: polars.Int64 if name in COUNTS else polars.String for name in CURVE_COLUMNS}
        return polars.DataFrame([row.to_dict() for row in self.rows], schema=schema)

    def to_json(self) -> str:
        """`to_dict` as the text of `result.json`, in ASCII, which every stream takes."""
        return json.dumps(self.to_dict(), indent=2) + "\n"


def write_curve(result: CurveResult, folder: Path) -> None:
    """Writes `result.json` and `curve.csv` into an existing folder."""
    with open(folder / CURVE_FILE, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(CURVE_COLUMNS)
        rows.writerows([getattr(row, name) for name in CURVE_COLUMNS] for row in result.rows)
    (folder / RESULT_FILE).write_text(result.to_json(), encoding="utf-8")
