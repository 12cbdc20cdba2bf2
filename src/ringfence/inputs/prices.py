"""Prices: a time and a price a row, candles too, read exactly."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringfence.inputs.decimals import exact_scaled, floor_scaled
from ringfence.inputs.errors import InputError, NotExact, quoted
from ringfence.inputs.notices import ignored_notice
from ringfence.inputs.tables import Source, Table, ignored_columns, open_table, require_columns

if TYPE_CHECKING:
    import polars

PRICE_COLUMNS = ("price", "close", "low", "high")
LAST_SECOND = 253_402_300_799
"""The end of the year 9999: what is later is milliseconds taken for seconds."""
PRICE_LIMIT = 2**256


@dataclass(frozen=True, slots=True)
class Prices:
    """A history: times (unix seconds, strictly rising) and prices (asset base units per collateral base unit, times 1e36)."""

    timestamps: tuple[int, ...]
    prices: tuple[int, ...]
    column: str = "price"
    source: Source | None = None
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.timestamps)

    def to_dict(self) -> dict[str, list[int] | list[str]]:
        """Columns: times as integers, prices as strings."""
        return {"timestamp": list(self.timestamps), "price": [str(price) for price in self.prices]}

    def to_polars(self) -> "polars.DataFrame":
        """One row a time: `timestamp` as integer, `price` as text since it outgrows 64 bits; needs the `lab` extra."""
        import polars

        return polars.DataFrame(self.to_dict(), schema={"timestamp": polars.Int64, "price": polars.String})


def read_prices(path: str | os.PathLike[str], collateral_decimals: int, asset_decimals: int, column: str | None = None) -> Prices:
    """Reads prices (whole asset per whole collateral) of CSV, CSV.gz or Parquet from `column`, or from `price`, or else from `close`.

    A price in base units is floor(price * 10^(36 + asset_decimals - collateral_decimals)).
    Raises InputError for an unreadable or empty file, a missing column, a time that is no whole second or not later than the one before,
    and a price that is no number, not above 0 in base units or does not fit.
    """
    file = os.fspath(path)
    scale = 36 + asset_decimals - collateral_decimals
    timestamps: list[int] = []
    prices: list[int] = []
    previous = -1
    with open_table(file) as table:
        chosen = _price_column(table, file, column)
        for row, (time_text, price_text) in table.rows(("timestamp", chosen)):
            time = _timestamp(file, row, time_text, previous)
            timestamps.append(time)
            prices.append(_price(file, row, chosen, price_text, scale))
            previous = time
        source = table.source()
        ignored = [name for name in ignored_columns(table, ("timestamp", chosen)) if name not in ("open", *PRICE_COLUMNS)]
    if not timestamps:
        raise InputError(file, "has no rows", remedy="prices need at least one row")
    return Prices(tuple(timestamps), tuple(prices), chosen, source, ignored_notice(file, ignored))


def _price_column(table: Table, file: str, column: str | None) -> str:
    columns: Sequence[str] = table.columns
    chosen = column or ("price" if "price" in columns or "close" not in columns else "close")
    require_columns(table, file, ("timestamp", chosen), f"prices have the columns timestamp and {chosen}")
    return chosen


def _timestamp(file: str, row: int, text: str, previous: int) -> int:
    try:
        time = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else exact_scaled(text, 0, PRICE_LIMIT)
    except NotExact as err:
        raise InputError(file, str(err), row=row, column="timestamp", remedy="give unix seconds as a whole number") from err
    if time > LAST_SECOND:
        raise InputError(
            file, f"{quoted(text)} lies after the year 9999", row=row, column="timestamp", remedy="give unix seconds, not milliseconds"
        )
    if time <= previous:
        problem = "repeats the row before" if time == previous else f"is earlier than the row before ({previous})"
        raise InputError(
            file, f"{quoted(text)} {problem}", row=row, column="timestamp", remedy="sort the rows by time and keep one a second"
        )
    return time


def _price(file: str, row: int, column: str, text: str, scale: int) -> int:
    try:
        price, _ = floor_scaled(text, scale, PRICE_LIMIT)
    except NotExact as err:
        raise InputError(
            file, str(err), row=row, column=column, remedy="give the price of a whole collateral token in whole asset tokens"
        ) from err
    if price == 0:
        raise InputError(
            file,
            f"{quoted(text)} is not above 0 (36 + asset - collateral = {scale} digits are kept)",
            row=row,
            column=column,
            remedy="remove the row or mend it",
        )
    return price
