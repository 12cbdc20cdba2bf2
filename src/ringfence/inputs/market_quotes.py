"""Quotes of a market: how far the price falls below the best one when so much is sold, from which a scenario's depth is fitted.

Two formats: `amount, price_impact` of one pair, or `sell, buy, sell_amount, price_impact` of many, of which a scenario names one.
"""

from ringfence.inputs.beside import Beside
from ringfence.inputs.errors import InputError, printable, quoted
from ringfence.inputs.notices import ignored_notice
from ringfence.inputs.tables import ignored_columns, open_table, require_columns
from ringfence.inputs.toml_file import FRACTION, Bounds, Table, float_of

ONE_PAIR = ("amount", "price_impact")
PAIRS = ("sell_amount", "price_impact", "sell", "buy")
AMOUNT = Bounds(0, 1e30, above=True)
IMPACT = Bounds(FRACTION.least, FRACTION.most, below=True)
FEWEST = 8
"""Quotes; what a fit needs besides, it says itself."""


def read_quotes(table: Table, files: Beside) -> tuple[tuple[float, float], ...]:
    """The quotes that a [market] names: amounts (whole collateral tokens) and price impacts (fractions), sorted.

    Raises InputError for an unreadable file, a missing column, a pair that is not in it, and a figure out of range.
    """
    file = files.path(table, "quotes")
    pair = _pair(table)
    columns = PAIRS if pair else ONE_PAIR
    found: list[tuple[float, float]] = []
    others: set[tuple[str, str]] = set()
    with open_table(file) as rows:
        if not pair and "amount" not in rows.columns and set(PAIRS) <= set(rows.columns):
            table.refuse("quotes", "the file holds quotes of many pairs", 'name one: sell = "WETH" and buy = "USDC"')
        require_columns(rows, file, columns, f"quotes have the columns {', '.join(columns)}")
        for row, (amount, impact, *names) in rows.rows(columns):
            sold = (names[0].strip(), names[1].strip()) if pair else None
            if sold == pair:
                found.append((_figure(file, row, columns[0], amount, AMOUNT), _figure(file, row, columns[1], impact, IMPACT)))
            elif sold:
                others.add(sold)
        files.sources.append(rows.source())
        ignored = ignored_columns(rows, (*columns, *(("buy_amount", "timestamp") if pair else ())))
    files.notices.extend(ignored_notice(file, ignored))
    if pair and not found:
        told = printable(", ".join("/".join(names) for names in sorted(others)), 120)
        table.refuse("sell", f"the file holds no quotes of {quoted('/'.join(pair))}", f"it holds {told or 'none at all'}")
    if len(found) < FEWEST:
        raise InputError(file, f"holds {len(found)} quotes, too few to fit", remedy=f"give {FEWEST} or more")
    return tuple(sorted(found))


def _pair(table: Table) -> tuple[str, str] | None:
    if "sell" not in table and "buy" not in table:
        return None
    return table.text("sell", 64), table.text("buy", 64)


def _figure(file: str, row: int, column: str, text: str, bounds: Bounds) -> float:
    value = float_of(text)
    if value is None or value not in bounds:
        problem = "is not a decimal number" if value is None else "is out of range"
        raise InputError(file, f"{quoted(text)} {problem}", row=row, column=column, remedy=f"give a decimal {bounds.said}")
    return value
