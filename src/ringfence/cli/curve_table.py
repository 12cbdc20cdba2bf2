"""A curve as a table for people: whole tokens, cut and never rounded up."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ringfence.cli.replay_table import counted, tokens
from ringfence.inputs.bounds import shown_decimal
from ringfence.inputs.curve_result import CurveResult, CurveRow
from ringfence.inputs.pool_file import PoolFile
from ringfence.model.terms import WAD

SHOWN_ROWS = 20
"""Of more, every second, third, ... is shown; files hold all."""
SMALL = 10_000
"""Whole tokens below which a column shows hundredths."""


def heading(result: CurveResult, pool: PoolFile) -> str:
    """What was held against which price."""
    price = shown_decimal(result.rows[0].price, 36 + pool.asset_decimals - pool.collateral_decimals)
    return f"{counted(result.pool.accounts, 'account')}, liq_ltv {shown_decimal(pool.terms.liq_ltv, 18)}, price {price}"


def curve_table(result: CurveResult, asset_decimals: int, collateral_decimals: int) -> Table:
    """One row a price: how far it has fallen, what may be sold there, and what would be lost."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("fall", "positions", "collateral", "debt", "of it new", "insolvent", "loss"):
        table.add_column(name, justify="right")
    every = -(-len(result.rows) // SHOWN_ROWS)
    collateral = _digits(result.pool.collateral, collateral_decimals)
    asset = _digits(result.pool.debt, asset_decimals)
    debt_above = 0
    for row in result.rows[::every]:
        table.add_row(
            f"{shown_decimal(row.shock * 100, 18)} %",
            f"{row.positions:,}",
            _cut(row.collateral, collateral_decimals, collateral),
            *(_cut(amount, asset_decimals, asset) for amount in (row.debt, row.debt - debt_above)),
            f"{row.insolvent:,}",
            _cut(row.loss, asset_decimals, asset),
        )
        debt_above = row.debt
    return table


def remarks(result: CurveResult, asset_decimals: int) -> Iterator[str]:
    """What the rows come to, a line each."""
    reserve, few = result.pool.reserve, result.concentration
    if few.herfindahl:
        equal = tokens(WAD * 10**2 // few.herfindahl, 2)
        yield f"largest position {_percent(few.largest)} of the debt, ten largest {_percent(few.top_10)}, as {equal} equal ones"
    if any(row.wall for row in result.rows):
        steepest = max(result.rows, key=lambda row: row.wall)
        yield f"most debt becomes liquidatable at {_fall(steepest)}: {tokens(steepest.wall, asset_decimals)} asset"
    borne = [row for row in result.rows if row.loss <= reserve]
    if not borne:
        yield "sold at once, more is lost at the price itself than the reserve holds"
    elif len(borne) < len(result.rows):
        bearing = f"the reserve of {tokens(reserve, asset_decimals)} bears the loss" if reserve else "nothing is lost"
        yield f"sold at once, {bearing} to {_fall(borne[-1])}"


def _fall(row: CurveRow) -> str:
    return f"a fall of {shown_decimal(row.shock * 100, 18)} %" if row.shock else "the price itself"


def _digits(most: int, decimals: int) -> int:
    """How many digits behind the point a column shows."""
    return min(decimals, 2 if most < SMALL * 10**decimals else 0)


def _cut(units: int, decimals: int, digits: int) -> str:
    """Whole tokens with so many digits behind the point; less than the last of these, but not 0, says so."""
    shown = units // 10 ** (decimals - digits)
    if units and not shown:
        return f"< {'0.01' if digits == 2 else '1'}" if digits in (0, 2) else "< 0.1"
    return f"{shown // 10**digits:,}" + (f".{shown % 10**digits:0{digits}d}" if digits else "")


def _percent(part: int) -> str:
    return f"{part // 10**14 // 100}.{part // 10**14 % 100:02d} %"
