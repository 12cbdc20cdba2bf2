"""What a replay may be given: real books in real crashes, random books in anything; and an engine that counts what becomes of its calls."""

import csv
import gzip
from collections import Counter
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random

from ringfence.chain.engine import ChainEngine
from ringfence.inputs.book import Book, read_book
from ringfence.inputs.events import LossParts
from ringfence.inputs.pool_file import (
    MAX_BORROW_CAP,
    MAX_SUPPLY_CAP,
    AdaptiveRateTerms,
    FixedRateTerms,
    KinkedRateTerms,
    PoolFile,
    RateTerms,
    read_pool_file,
)
from ringfence.inputs.prices import Prices, read_prices
from ringfence.model.liquidation import Sale
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms
from scripts.make_book import EXACT, SUPPLY_OVER_DEBT, loans_of, one
from scripts.make_prices import day, scaled
from tests.agreement.worlds import DECIMALS, FAMILIES, draw_terms, draw_unit


@dataclass(frozen=True, slots=True)
class Case:
    """One replay: its inputs and the buyers' limits (asset base units a row, WAD; None: none)."""

    book: Book
    pool: PoolFile
    prices: Prices
    max_paid: int | None = None
    min_incentive: int | None = None


# Real books in real crashes

LOANS = "loans_2024-01-30.csv"
ETH, BTC = (f"{coin}_usdt_1h_2017_2021.csv.gz" for coin in ("eth", "btc"))
MARKETS = {"WETH": ETH, "wstETH": ETH, "WBTC": BTC, "sfrxETH": ETH, "tBTC": BTC}
CRASHES = {"March 2020": ("2020-03-10", "2020-03-16"), "May 2021": ("2021-05-15", "2021-05-25")}
POOL = """\
[pool]
collateral_decimals = {decimals}
asset_decimals = 18
supply = "{supply}"
reserve = "{reserve}"

[terms]
liq_ltv = "0.86"
max_ltv = "0.80"
"""
FAMILY_TERMS = {
    "fixed": """\
incentive_base = "0.05"
penalty = "0.01"
[rate]
model = "fixed"
per_year = "0.05"
""",
    # Three percent are reached by the fourth hourly row after the flag.
    "dutch": """\
incentive_base = "0.005"
incentive_rise = "0.0000022"
incentive_max = "0.06"
sale_timeout = 28800
[rate]
model = "fixed"
per_year = "0.10"
""",
    "slope": """\
incentive_base = "0.01"
incentive_slope = "0.5"
incentive_max = "0.10"
penalty = "0.02"
reserve_factor = "0.1"
reserve_target = "0.02"
[rate]
model = "kinked"
base_per_year = "0.01"
kink = "0.9"
slope_below_per_year = "0.04"
slope_above_per_year = "5"
""",
    "window": """\
target_ltv = "0.78"
incentive_base = "0.08"
penalty = "0.01"
reserve_factor = "0.1"
reserve_target = "0.02"
creator_fee = "0.05"
fee_recipient = "0x00000000000000000000000000000000000000fe"
min_debt = "2500"
solvent_window = 10800
sale_timeout = 28800
[rate]
model = "fixed"
per_year = "0.05"
""",
}
LEAST_DEBT = {"window": Decimal(2500)}
PATIENCE = {"dutch": 3 * WAD // 100}


@cache
def loans(data: Path, market: str) -> tuple[dict[str, str], ...]:
    """The loans of a market whose collateral is whole."""
    with open(data / LOANS, encoding="utf-8", newline="") as file:
        return tuple(loans_of(csv.DictReader(file), market)[0])


@cache
def candles(data: Path, name: str) -> tuple[dict[str, str], ...]:
    """All hours of a file of candles."""
    with gzip.open(data / name, "rt", encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def real_case(data: Path, folder: Path, market: str, crash: str, family: str) -> tuple[Case, int]:
    """A market's loans in a crash of its coin, closes times (price of the loans / first close); and how many are under `min_debt`."""
    whole = loans(data, market)
    kept = [loan for loan in whole if Decimal(loan["debt"]) >= LEAST_DEBT.get(family, 0)]
    first, last = (day(text).timestamp() for text in CRASHES[crash])
    end = last + timedelta(days=1).total_seconds()
    rows = [row for row in candles(data, MARKETS[market]) if first <= int(row["timestamp"]) < end]
    debt = Decimal(0)
    for loan in kept:
        debt = EXACT.add(debt, Decimal(loan["debt"]))
    # The window family has a reserve of some size to lose, and little money a row, so that it sells in parts.
    reserve, money = (debt // 500, int(debt) * 10**18 // 60) if family == "window" else (Decimal(0), None)
    book, terms, prices = folder / "book.csv", folder / "terms.toml", folder / "prices.csv"
    _write(book, ("account", "collateral", "debt"), [(loan["account"], loan["collateral"], loan["debt"]) for loan in kept])
    _write(prices, ("timestamp", "close", "low"), scaled(rows, Decimal(one(kept, "price"))))
    decimals = int(one(kept, "collateral_decimals"))
    supply = EXACT.multiply(debt, SUPPLY_OVER_DEBT)
    terms.write_text(POOL.format(decimals=decimals, supply=supply, reserve=reserve) + FAMILY_TERMS[family], encoding="utf-8")
    case = Case(read_book(book, decimals, 18), read_pool_file(terms), read_prices(prices, decimals, 18), money, PATIENCE.get(family))
    return case, len(whole) - len(kept)


def _write(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


# Random books in anything


def random_case(seed: int) -> Case:
    """Up to a dozen positions, terms of each family in turn, prices calm and violent, amounts from dust to the largest."""
    rng = Random(seed)
    asset_decimals, collateral_decimals = rng.choice(DECIMALS), rng.choice(DECIMALS)
    unit, collateral_unit = _unit(rng, asset_decimals), _unit(rng, collateral_decimals)
    terms = _terms(rng, FAMILIES[seed % len(FAMILIES)], unit)
    start = max(1, unit * PRICE_SCALE // collateral_unit)
    held = [max(1, rng.randint(1, 40) * collateral_unit // rng.choice([1, 1, 10])) for _ in range(rng.randint(1, 12))]
    debt = [_debt(rng, terms, collateral * start // PRICE_SCALE) for collateral in held]
    total = sum(debt)
    supply = total + rng.choice([0, rng.randint(0, total), 3 * total, 10])
    reserve = rng.choice([0, 0, total // 50, total])
    pool = PoolFile(terms, _rate(rng), collateral_decimals, asset_decimals, supply, reserve)
    times = _times(rng, terms)
    prices = _prices(rng, start, len(times))
    most = rng.choice([terms.incentive_max, terms.incentive_max + 1])
    return Case(
        book=Book(tuple(f"account {place}" for place in range(len(held))), tuple(held), tuple(debt)),
        pool=pool,
        prices=Prices(times, prices),
        max_paid=rng.choice([None, None, rng.randint(0, total + 1), total // 7, rng.choice([1, unit]), *[_nearly(rng, terms, debt)] * 2]),
        min_incentive=rng.choice([None, None, 0, terms.incentive_base, (terms.incentive_base + terms.incentive_max) // 2, most]),
    )


def _unit(rng: Random, decimals: int) -> int:
    """An ordinary amount (base units); in three of ten pools a few units are one."""
    return rng.choice([1, 7, 1_000]) if rng.random() < 0.3 else min(2**90, draw_unit(rng, decimals))


def _terms(rng: Random, family: str, unit: int) -> Terms:
    given: dict[str, int | str] = {field.name: ZERO_ADDRESS for field in fields(Terms) if field.type is str}
    given |= draw_terms(rng, family, unit) | {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
    if given["creator_fee"]:
        given["fee_recipient"] = "0x" + "fe" * 20
    return Terms(**given)  # type: ignore[arg-type]


def _debt(rng: Random, terms: Terms, worth: int) -> int:
    """A debt near the liquidation LTV, under or over it; none if it would be under `min_debt`."""
    debt = worth * terms.liq_ltv // WAD * rng.choice([0, 20, 60, 80, 90, 95, 99, 99, 100, 101, 120]) // 100
    return debt if debt >= terms.min_debt else 0


def _nearly(rng: Random, terms: Terms, debt: list[int]) -> int:
    """Money that pays for one of the debts but for a little, which is too little to be left."""
    return max(0, rng.choice(debt) - max(1, terms.min_debt // 2))


def _rate(rng: Random) -> RateTerms:
    a_tenth = WAD // YEAR_SECONDS // 10
    return rng.choice(
        [
            FixedRateTerms(0),
            FixedRateTerms(a_tenth),
            FixedRateTerms(rng.randint(0, 100 * a_tenth)),
            FixedRateTerms(MAX_UINT256),
            KinkedRateTerms(a_tenth // 10, WAD * 9 // 10, a_tenth, 20 * a_tenth),
            KinkedRateTerms(rng.randint(0, a_tenth), rng.randint(0, WAD), rng.randint(0, 10 * a_tenth), 2**128 - 1),
            AdaptiveRateTerms(rng.randint(a_tenth // 100, 20 * a_tenth)),
        ]
    )


def _times(rng: Random, terms: Terms) -> tuple[int, ...]:
    """From the beginning of time or from today, in steps of a second to a season, those of the terms' own clocks among them."""
    own = [step for step in (terms.solvent_window, terms.sale_timeout, terms.sale_timeout + 1) if 0 < step < 10**7]
    now = rng.choice([0, 1_700_000_000])
    times = []
    for _ in range(rng.randint(1, 16)):
        times.append(now)
        now += rng.choice([1, 12, 60, 300, 600, 3_600, 86_400, YEAR_SECONDS // 4, *own, *own])
    return tuple(times)


def _prices(rng: Random, start: int, count: int) -> tuple[int, ...]:
    """A walk downwards with now and then a leap, to almost nothing, to the largest price there is, or back to the start; or only up and
    down about one level."""
    level, is_level = start * rng.randint(93, 100) // 100, rng.random() < 0.3
    price = start
    prices = []
    for _ in range(count):
        prices.append(min(MAX_UINT256, max(1, price)))
        if is_level:
            price = level * rng.choice([98, 99, 100, 102, 106, 110]) // 100
        elif rng.random() < 0.1:
            price = rng.choice([1, price // 10**6, price // 100, price * 50, MAX_UINT256, start, start * 95 // 100])
        else:
            price = price * rng.choice([40, 80, 90, 95, 97, 98, 99, 100, 100, 102, 105, 125]) // 100
    return tuple(prices)


# What became of the calls


class CountingEngine(ChainEngine):
    """The contracts, with a count of what they were asked for and what came of it."""

    def __init__(self, min_incentive: int | None) -> None:
        self.counts: Counter[str] = Counter()
        self._wanted = min_incentive

    def sell(self, place: int, max_payment: int) -> tuple[Sale, LossParts] | None:
        held, owed, since = self.position(place)
        sold = super().sell(place, max_payment)
        if sold is None:
            self.counts["sale refused"] += 1
            return None
        sale, parts = sold
        names = {
            "sale": True,
            "sale whole": sale.debt_shares == owed,
            "sale in part": sale.debt_shares < owed,
            "sale of all collateral at a loss": sale.loss > 0 and sale.collateral == held,
            "sale in part at a loss": sale.loss > 0 and sale.collateral < held,
            "sale with penalty": sale.penalty > 0,
            "sale while the clock runs": since > 0,
            "loss borne by the reserve": parts[0] > 0,
            "loss borne by lenders": parts[2] > 0,
            "loss borne by both": parts[0] > 0 and parts[2] > 0,
        }
        self.counts.update(name for name, happened in names.items() if happened)
        return sold

    def offer(self, place: int, max_payment: int) -> int | None:
        offered = super().offer(place, max_payment)
        if offered is None:
            self.counts["quote refused"] += 1
        elif self._wanted is not None and offered < self._wanted:
            self.counts["buyer waits"] += 1
        return offered

    def set_clock(self, place: int, running: bool) -> None:
        super().set_clock(place, running)
        self.counts["flagged" if running else "unflagged"] += 1
