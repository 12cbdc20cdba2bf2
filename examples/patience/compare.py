"""Puts result folders of `ringfence replay` side by side: who paid what, under which terms, to how patient a buyer.

    python compare.py FOLDER ...

Reads result.json and sales.csv with the standard library; amounts are whole tokens, cut.
"""

import csv
import json
import sys
from pathlib import Path

PRICE_SCALE = 10**36
WIDTHS = (-8, 7, 6, 11, 10, 9, 9, 9)


def main() -> None:
    """One line for each folder."""
    print(columns("terms", "buyers", "sales", "discounts", "in % of", "", "loss to", "loss to"))
    print(columns("", "wait for", "", "USDC", "payments", "penalties", "reserve", "lenders"))
    former = None
    for folder in map(Path, sys.argv[1:]):
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        name = result["terms"]["name"]
        if former not in (name, None):
            print()
        former = name
        print(columns(name, *line(result, folder)))


def line(result: dict[str, dict[str, str]], folder: Path) -> list[str]:
    """What buyers waited for and got, and what others lost."""
    pool, one = result["pool"], 10 ** int(result["terms"]["asset_decimals"])
    paid = int(pool["paid"])
    wanted = int(result["options"].get("min_incentive", "0"))
    with open(folder / "sales.csv", encoding="utf-8", newline="") as file:
        given = sum(discount(sale) for sale in csv.DictReader(file))
    amounts = (pool["penalty"], pool["loss_from_reserve"], pool["loss_from_lenders"])
    return [
        f"{wanted // 10**16} %",
        str(pool["sales"]),
        f"{given // one:,}",
        f"{100 * given / paid:.2f} %",
        *(f"{int(amount) // one:,}" for amount in amounts),
    ]


def discount(sale: dict[str, str]) -> int:
    """What a sale gave away: the collateral at the price of its row, less what was paid for it (asset base units)."""
    return int(sale["collateral_sold"]) * int(sale["price"]) // PRICE_SCALE - int(sale["payment"])


def columns(*cells: str) -> str:
    """Cells under each other, the first to the left."""
    return " ".join(f"{cell:<{-width}}" if width < 0 else f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


if __name__ == "__main__":
    main()
