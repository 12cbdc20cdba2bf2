"""Books and pools as the text of their files: exact, so that what is read again is what was written."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from ringfence.inputs.book import COLUMNS, Book
from ringfence.inputs.bounds import shown_decimal
from ringfence.inputs.pool_file import (
    MAX_BORROW_CAP,
    MAX_SUPPLY_CAP,
    RATIO_DIGITS,
    UNITS,
    AdaptiveRateTerms,
    FixedRateTerms,
    KinkedRateTerms,
    PoolFile,
)
from ringfence.model.terms import YEAR_SECONDS, ZERO_ADDRESS

UNLIMITED = {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
NOTE_AT = 40
"""The column from which on notes stand."""


def terms_text(pool: PoolFile, heading: Sequence[str] = (), notes: Mapping[str, str] | None = None) -> str:
    """A terms file of this pool: `heading` as comments at its top, and a note behind each key that has one."""
    told = notes or {}
    lines = [f"# {line}".rstrip() for line in heading]
    for table, keys in _tables(pool):
        lines += ["", f"[{table}]"]
        lines += [_line(key, value, told.get(key if table != "backstop" else f"backstop_{key}", "")) for key, value in keys]
    return "\n".join(lines).lstrip("\n") + "\n"


def book_text(book: Book, pool: PoolFile) -> str:
    """A book as CSV, in whole tokens."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for account, held, owed in zip(book.accounts, book.collateral, book.debt, strict=True):
        rows.writerow((account, shown_decimal(held, pool.collateral_decimals), shown_decimal(owed, pool.asset_decimals)))
    return text.getvalue()


def written_terms(pool: PoolFile) -> dict[str, str]:
    """The terms that are no addresses as their file spells them, without caps that limit nothing."""
    return {name: value.strip('"') for name, value in _terms(pool) if UNITS[name] != "address"}


def _tables(pool: PoolFile) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield (
        "pool",
        [
            ("name", _basic_string(pool.name)),
            ("collateral_decimals", str(pool.collateral_decimals)),
            ("asset_decimals", str(pool.asset_decimals)),
            ("supply", _amount(pool.supply, pool)),
            ("reserve", _amount(pool.reserve, pool)),
        ],
    )
    yield "terms", list(_terms(pool))
    yield "rate", list(_rate(pool))
    if fund := pool.fund:
        limits = [("max_assets", _amount(fund.max_assets, pool)), ("max_share", _ratio(fund.max_share))]
        yield "backstop", [("assets", _amount(fund.assets, pool)), *limits]


def _terms(pool: PoolFile) -> Iterator[tuple[str, str]]:
    """Each term; not an address that names nobody, nor a cap that limits nothing, which files leave out."""
    for name, unit in UNITS.items():
        value = getattr(pool.terms, name)
        if value in (ZERO_ADDRESS, UNLIMITED.get(name)):
            continue
        match unit:
            case "address":
                yield name, f'"{value}"'
            case "amount":
                yield name, _amount(value, pool)
            case "ratio":
                yield name, _ratio(value)
            case _:
                yield name, str(value)


def _rate(pool: PoolFile) -> Iterator[tuple[str, str]]:
    match pool.rate:
        case FixedRateTerms(rate):
            yield from (("model", '"fixed"'), ("per_year", _per_year(rate)))
        case AdaptiveRateTerms(rate):
            yield from (("model", '"adaptive"'), ("rate_at_target_per_year", _per_year(rate)))
        case KinkedRateTerms(base, kink, below, above):
            yield from (("model", '"kinked"'), ("base_per_year", _per_year(base)), ("kink", _ratio(kink)))
            yield from (("slope_below_per_year", _per_year(below)), ("slope_above_per_year", _per_year(above)))


def _per_year(per_second: int) -> str:
    """The decimal of fewest digits that a reader makes the same rate of a second of."""
    least = per_second * YEAR_SECONDS
    for digits in range(RATIO_DIGITS):
        unit = 10 ** (RATIO_DIGITS - digits)
        value = -(-least // unit) * unit
        if value // YEAR_SECONDS == per_second:
            return _ratio(value)
    return _ratio(least)


def _line(key: str, value: str, note: str) -> str:
    line = f"{key} = {value}"
    return f"{line:<{NOTE_AT}}# {note}" if note else line


def _amount(units: int, pool: PoolFile) -> str:
    return f'"{shown_decimal(units, pool.asset_decimals)}"'


def _ratio(value: int) -> str:
    """In WAD; quotes as in every file, for a bare number with a point would be a float."""
    return f'"{shown_decimal(value, RATIO_DIGITS)}"'


def _basic_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
