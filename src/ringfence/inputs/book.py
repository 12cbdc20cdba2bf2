"""The book: who has put up how much collateral and owes how much, read exactly and refused row by row."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringfence.inputs.decimals import ceil_scaled, floor_scaled
from ringfence.inputs.errors import InputError, NotExact, quoted
from ringfence.inputs.notices import cut_notice, ignored_notice
from ringfence.inputs.tables import Source, ignored_columns, open_table, require_columns
from ringfence.model.terms import MAX_UINT128

if TYPE_CHECKING:
    import polars

COLUMNS = ("account", "collateral", "debt")
REMEDY = "a book has the columns account, collateral, debt"
LIMIT = MAX_UINT128 + 1
"""What one transfer may carry, in base units: collateral and debt of an account stay below it."""


@dataclass(frozen=True, slots=True)
class Book:
    """The accounts of one pool in book order, with their collateral (collateral base units) and debt (asset base units)."""

    accounts: tuple[str, ...]
    collateral: tuple[int, ...]
    debt: tuple[int, ...]
    rows: Sequence[int] = ()
    """The row of each account in the file; empty for a book that was made in memory."""
    source: Source | None = None
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.accounts)

    def to_dict(self) -> dict[str, list[str]]:
        """Columns of base units, amounts as strings."""
        return {
            "account": list(self.accounts),
            "collateral": [str(amount) for amount in self.collateral],
            "debt": [str(amount) for amount in self.debt],
        }

    def to_polars(self) -> "polars.DataFrame":
        """One row an account, amounts (base units) as text since they outgrow 64 bits; needs the `lab` extra."""
        import polars

        return polars.DataFrame(self.to_dict(), schema=dict.fromkeys(COLUMNS, polars.String))

    @property
    def file(self) -> str:
        """The file's path, or what a message calls a book without one."""
        return self.source.path if self.source else "book"

    def refuse(self, place: int, column: str, reason: str, remedy: str) -> InputError:
        """The refusal of the account at this place of the book, by its row where it has one."""
        row = self.rows[place] if place < len(self.rows) else None
        return InputError(self.file, f"account {quoted(self.accounts[place])}: {reason}", row=row, column=column, remedy=remedy)


def read_book(path: str | os.PathLike[str], collateral_decimals: int, asset_decimals: int) -> Book:
    """Reads a book of CSV, CSV.gz or Parquet whose amounts are whole tokens.

    Digits beyond a token's decimals are cut, collateral down and debt up, and counted in a notice.
    Raises InputError for an unreadable or empty file, a missing column, an account that is empty or appears twice, and an amount that is
    no number of 0 or more or does not fit.
    """
    file = os.fspath(path)
    accounts: list[str] = []
    collateral: list[int] = []
    debt: list[int] = []
    rows: list[int] = []
    seen: set[str] = set()
    cuts = 0
    with open_table(file) as table:
        require_columns(table, file, COLUMNS, REMEDY)
        for row, (name, collateral_text, debt_text) in table.rows(COLUMNS):
            account = name.strip()
            if account in seen or not account or not account.isprintable():
                raise _bad_account(file, row, account, accounts, rows)
            column = "collateral"
            try:
                collateral_units, collateral_cut = floor_scaled(collateral_text, collateral_decimals, LIMIT)
                column = "debt"
                debt_units, debt_cut = ceil_scaled(debt_text, asset_decimals, LIMIT)
            except NotExact as err:
                raise InputError(file, str(err), row=row, column=column, remedy="give whole tokens as a decimal of 0 or more") from err
            seen.add(account)
            accounts.append(account)
            collateral.append(collateral_units)
            debt.append(debt_units)
            rows.append(row)
            cuts += collateral_cut + debt_cut
        source = table.source()
        ignored = ignored_columns(table, COLUMNS)
    if not accounts:
        raise InputError(file, "has no rows", remedy="a book needs at least one account")
    notices = ignored_notice(file, ignored) + cut_notice(file, cuts, "collateral down, debt up")
    return Book(tuple(accounts), tuple(collateral), tuple(debt), _compact(rows), source, notices)


def _bad_account(file: str, row: int, account: str, accounts: list[str], rows: list[int]) -> InputError:
    if not account:
        return InputError(file, "is empty", row=row, column="account", remedy="every row needs an account")
    if not account.isprintable():
        return InputError(
            file, f"{quoted(account)} holds characters that cannot be printed", row=row, column="account", remedy="rename the account"
        )
    first = rows[accounts.index(account)]
    return InputError(file, f"{quoted(account)} is already in row {first}", row=row, column="account", remedy="give each account one row")


def _compact(rows: list[int]) -> Sequence[int]:
    """The same row numbers, as a range where nothing is skipped: a book without blank lines stores none of them."""
    whole = range(rows[0], rows[0] + len(rows))
    return whole if whole[-1] == rows[-1] else tuple(rows)
