"""Cuts a period out of a file of candles and scales it so that its first close is a given price, in exact decimals.

    python scripts/make_prices.py CANDLES.csv.gz --from 2020-03-10 --to 2020-03-16 --first-close 2368.79 --out prices.csv

Both days are UTC and whole: --to is the last day that is in. `close` and `low` are written, both times (first close wanted / first close
of the period). The quotient is cut to 60 digits; a pool keeps 36 or fewer behind the point.
"""

import argparse
import csv
import gzip
import sys
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from pathlib import Path

LONG = Context(prec=60, rounding=ROUND_DOWN)
COLUMNS = ("close", "low")


def day(text: str) -> datetime:
    """Midnight UTC of a date."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def scaled(rows: list[dict[str, str]], first_close: Decimal) -> list[tuple[str, str, str]]:
    """Timestamp, close and low of each row, as if the first close had been the one wanted."""
    base = Decimal(rows[0]["close"])
    return [
        (row["timestamp"], *(format(LONG.divide(LONG.multiply(Decimal(row[column]), first_close), base), "f") for column in COLUMNS))
        for row in rows
    ]


def main() -> None:
    """Reads, cuts, scales, writes, reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("candles", type=Path)
    parser.add_argument("--from", dest="first", type=day, required=True)
    parser.add_argument("--to", dest="last", type=day, required=True)
    parser.add_argument("--first-close", type=Decimal, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    start, end = arguments.first.timestamp(), (arguments.last + timedelta(days=1)).timestamp()
    with gzip.open(arguments.candles, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if start <= int(row["timestamp"]) < end]
    if not rows:
        sys.exit(f"{arguments.candles}: no candles from {arguments.first:%Y-%m-%d} to {arguments.last:%Y-%m-%d}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with open(arguments.out, "w", encoding="utf-8", newline="") as file:
        prices = csv.writer(file, lineterminator="\n")
        prices.writerow(("timestamp", *COLUMNS))
        prices.writerows(scaled(rows, arguments.first_close))
    hours = len(rows)
    missing = int((end - start) // 3600) - hours
    print(f"{arguments.out}: {hours} hours, {missing} missing, closes times {arguments.first_close} / {rows[0]['close']}")


if __name__ == "__main__":
    main()
