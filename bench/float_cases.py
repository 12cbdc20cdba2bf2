"""Books, terms and prices for bench/floats.py: what both rules read."""

import csv
import gzip
import math
import runpy
import tempfile
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import float_rule
import numpy as np

from ringfence.inputs.book import Book, read_book
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, STAND_INS, FixedRateTerms, PoolFile
from ringfence.inputs.prices import Prices
from ringfence.ladder.ladder import Ladder
from ringfence.model.shares import Totals
from ringfence.model.terms import PRICE_SCALE, WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms

FIGURES = runpy.run_path(str(Path(__file__).resolve().parents[1] / "scripts" / "stress_figures.py"))
PERIODS = {"March 2020": ("2020-03-10", "2020-03-17"), "May 2021": ("2021-05-15", "2021-05-26")}
"""First day, and the day after the last, as in docs/replay.md."""
LIQ_LTV, MAX_LTV, TARGET, INCENTIVE, PENALTY = 86, 80, 80, 5, 1
"""In hundredths."""
RATE = WAD * 5 // 100 // YEAR_SECONDS
SUPPLY_OVER_DEBT = 3, 2


@dataclass(frozen=True)
class Case:
    """One book with prices: what the exact rule reads and, nearest to it, what floats read."""

    name: str
    book: Book
    pool: PoolFile
    prices: Prices

    @property
    def scale(self) -> int:
        """What a price of whole tokens is multiplied by to be the pool's."""
        return int(Fraction(PRICE_SCALE) * Fraction(10) ** (self.pool.asset_decimals - self.pool.collateral_decimals))

    @property
    def float_terms(self) -> float_rule.FloatTerms:
        """The terms as decimals in a notebook."""
        terms = self.pool.terms
        return float_rule.FloatTerms(*(getattr(terms, name) / WAD for name in ("liq_ltv", "incentive_base", "penalty", "target_ltv")))

    @cached_property
    def totals(self) -> Totals:
        """The pool's before any interest."""
        return Ladder.of_book(self.book, self.pool.terms.liq_ltv)[1]

    @cached_property
    def floats(self) -> tuple[Any, Any]:
        """Collateral and debt in whole tokens, each the float nearest to it."""
        held = np.array([amount / 10**self.pool.collateral_decimals for amount in self.book.collateral])
        return held, np.array([amount / 10**self.pool.asset_decimals for amount in self.book.debt])


def pool_of(supply: int, collateral_decimals: int, asset_decimals: int, target: int) -> PoolFile:
    """Terms that floats can follow: no clock, no window, a fixed rate."""
    plain: dict[str, Any] = (
        {field.name: 0 for field in fields(Terms)} | STAND_INS | {"backstop": ZERO_ADDRESS, "fee_recipient": ZERO_ADDRESS}
    )
    parts = {"liq_ltv": LIQ_LTV, "max_ltv": MAX_LTV, "target_ltv": target, "penalty": PENALTY}
    parts |= {"incentive_base": INCENTIVE, "incentive_max": INCENTIVE}
    plain |= {name: WAD // 100 * part for name, part in parts.items()} | {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
    return PoolFile(Terms(**plain), FixedRateTerms(RATE), collateral_decimals, asset_decimals, supply)


def hours(data: Path, file: str, first: str, end: str) -> list[tuple[int, Fraction]]:
    """Time and close of each hour of a period."""
    start, stop = (datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() for day in (first, end))
    with gzip.open(data / file, "rt") as rows:
        return [(int(row["timestamp"]), Fraction(row["close"])) for row in csv.DictReader(rows) if start <= int(row["timestamp"]) < stop]


def real_cases(data: Path, asset_decimals: int) -> list[Case]:
    """Every market through both periods, closed whole and sold to a target."""
    cases = []
    for market, (candles, _) in FIGURES["MARKETS"].items():
        loans, _, price, decimals = FIGURES["loans_of"](data, market)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "book.csv"
            with file.open("w", newline="") as out:
                unit = Fraction(1, 10**asset_decimals)
                owed = [_rounded_up(debt, unit, asset_decimals) for _, _, debt in loans]
                csv.writer(out).writerows(
                    [("account", "collateral", "debt"), *((name, held, debt) for (name, held, _), debt in zip(loans, owed, strict=True))]
                )
            book = replace(read_book(file, int(decimals), asset_decimals), source=None)
        supply = sum(book.debt) * SUPPLY_OVER_DEBT[0] // SUPPLY_OVER_DEBT[1]
        scale = Fraction(PRICE_SCALE) * Fraction(10) ** (asset_decimals - int(decimals))
        for first, end in PERIODS.values():
            rows = hours(data, candles, first, end)
            scaled = tuple(int(close * Fraction(price) / rows[0][1] * scale) for _, close in rows)
            prices = Prices(tuple(now for now, _ in rows), scaled, "close")
            cases += [Case(market, book, pool_of(supply, int(decimals), asset_decimals, target), prices) for target in (0, TARGET)]
    return cases


def _rounded_up(debt: str, unit: Fraction, decimals: int) -> str:
    """A debt in whole units of the asset, as a decimal."""
    units = math.ceil(Fraction(debt) / unit)
    return f"{units // 10**decimals}.{units % 10**decimals:0{decimals}d}"
