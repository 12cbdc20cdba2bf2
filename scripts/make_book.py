"""Makes a book and its terms file from a snapshot of real loans: one market, whole tokens, exact decimals.

    python scripts/make_book.py LOANS.csv --market WETH --out DIR

Writes DIR/book.csv and DIR/terms.toml and prints what was left out and why, and the price of the snapshot. Loans whose collateral a soft
liquidation has begun to sell (already_converted is not 0) are left out: their collateral is no longer one token.
"""

import argparse
import csv
import sys
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact
from pathlib import Path

EXACT = Context(prec=200, traps=[Inexact])
SUPPLY_OVER_DEBT = Decimal("1.5")
TERMS = """\
[pool]
name = "{name}"
collateral_decimals = {decimals}
asset_decimals = 18
supply = "{supply}"

[terms]
liq_ltv = "0.86"
max_ltv = "0.80"
incentive_base = "0.05"
incentive_max = "0.05"
penalty = "0.01"

[rate]
model = "fixed"
per_year = "0.05"
"""


def loans_of(rows: Iterable[dict[str, str]], market: str) -> tuple[list[dict[str, str]], list[str]]:
    """The market's loans that can be replayed, and a line for each reason why others were left out."""
    ours = [row for row in rows if row["collateral_symbol"] == market]
    converted = [row for row in ours if Decimal(row["already_converted"]) != 0]
    kept = [row for row in ours if Decimal(row["already_converted"]) == 0]
    empty = [row for row in kept if Decimal(row["collateral"]) == 0]
    left_out = [(len(converted), "part of the collateral is already sold (already_converted is not 0)"), (len(empty), "no collateral")]
    return [row for row in kept if row not in empty], [f"left out {count} of {len(ours)}: {why}" for count, why in left_out if count]


def one(rows: list[dict[str, str]], column: str) -> str:
    """The value of a column that is the same in every row."""
    values = {row[column] for row in rows}
    if len(values) != 1:
        sys.exit(f"column {column} should hold one value, it holds {len(values)}")
    return values.pop()


def main() -> None:
    """Reads, filters, writes, reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("loans", type=Path)
    parser.add_argument("--market", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with open(arguments.loans, encoding="utf-8", newline="") as file:
        kept, left_out = loans_of(csv.DictReader(file), arguments.market)
    if not kept:
        sys.exit(f"{arguments.loans}: no loans of market {arguments.market}")
    debt = Decimal(0)
    for row in kept:
        debt = EXACT.add(debt, Decimal(row["debt"]))
    arguments.out.mkdir(parents=True, exist_ok=True)
    with open(arguments.out / "book.csv", "w", encoding="utf-8", newline="") as file:
        book = csv.writer(file, lineterminator="\n")
        book.writerow(("account", "collateral", "debt"))
        book.writerows((row["account"], row["collateral"], row["debt"]) for row in kept)
    supply = EXACT.multiply(debt, SUPPLY_OVER_DEBT)
    terms = TERMS.format(name=f"{arguments.market} loans", decimals=one(kept, "collateral_decimals"), supply=supply)
    (arguments.out / "terms.toml").write_text(terms, encoding="utf-8")
    print(f"{arguments.out / 'book.csv'}: {len(kept)} loans of {arguments.market}, debt {debt}, price {one(kept, 'price')}")
    print("\n".join(left_out) or "nothing left out")


if __name__ == "__main__":
    main()
