#!/usr/bin/env python3
"""What float64 gets wrong of the liquidation rule on real loans, and what that would do on chain; and what being exact costs.

    python bench/floats.py DATA [--json FILE]

DATA holds the loans and candles that docs/stress.md names: five books, 757 loans. bench/float_rule.py is the rule in whole tokens as a
careful notebook has it; beside it stand the exact integers of the model. Compared are

    decisions  who is unhealthy: at the hourly closes of March 2020 and May 2021, scaled to each market's price; and at each loan's own
               critical price (the highest at which it is unhealthy) and one unit of the price to both sides, where the unit is that of a
               feed of 8 decimals, of one of 18, or the pool's own
    sales      each sale of an exact replay through those hours again in floats, from the same position at the same price: by how many base
               units payment and collateral differ, and what a transaction with the float's figures would do
    books      the same replays in floats from end to end: which sales differ, and whether the books balance
    seconds    of the processor, the fastest of a few turns: who is unhealthy at all those prices by the ladder and by a scan in floats, and
               one sale

each for an asset of 18 decimals and for one of 6, all loans closed whole or sold to a target. Takes about a minute.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import float_rule
import numpy as np
from float_cases import RATE, Case, real_cases
from ladder import measured
from stress import machine_facts

from ringfence.inputs.events import LossParts
from ringfence.lab.model_engine import ModelEngine
from ringfence.lab.replay import replay
from ringfence.ladder.ladder import Ladder
from ringfence.model import liquidation, shares
from ringfence.model.liquidation import Position, Sale
from ringfence.model.shares import Totals
from ringfence.model.terms import PRICE_SCALE, WAD

ASSET_DECIMALS = (18, 6)
FEEDS = {"a feed of 8 decimals": 8, "a feed of 18 decimals": 18, "the pool's own unit": None}
MARGIN = 10**6
"""Of which a part is added to a payment, and taken off a collateral, to be on the safe side."""
TURNS = 5
SYNTHETIC = 100_000


# Decisions


def float_price(case: Case, price: int) -> float:
    """The price of whole tokens nearest to a pool's price."""
    return price / case.scale


def at_hours(case: Case) -> dict[str, int]:
    """Decisions at every price of the history, of the loans as they stand in the book; which of them differ, one way and the other, and
    the most that such a loan owes (base units). `by_rounding` are those of the wrong ones that the same formula gets wrong in exact
    fractions, too: the pool rounds worth and limit down to base units, and the formula does not."""
    ladder, totals = Ladder.of_book(case.book, case.pool.terms.liq_ltv)
    held, owed = case.floats
    found = {"decisions": 0, "unhealthy": 0, "missed": 0, "refused": 0, "by_rounding": 0, "wrong_owed_most": 0}
    for price in case.prices.prices:
        exact = np.zeros(len(case.book), dtype=bool)
        exact[ladder.liquidatable(price, totals)] = True
        by_floats = float_rule.is_unhealthy(held, owed, float_price(case, price), case.float_terms.liq_ltv)
        found["decisions"] += len(exact)
        found["unhealthy"] += int(exact.sum())
        found["missed"] += int((exact & ~by_floats).sum())
        found["refused"] += int((by_floats & ~exact).sum())
        for place in np.flatnonzero(exact != by_floats):
            debt = case.book.debt[place]
            found["by_rounding"] += is_unhealthy_unrounded(case, case.book.collateral[place], debt, price) != bool(exact[place])
            found["wrong_owed_most"] = max(found["wrong_owed_most"], debt)
    return found


def is_unhealthy_unrounded(case: Case, collateral: int, debt: int, price: int) -> bool:
    """The float's formula in exact fractions (base units, a pool's price): what it is without floats, but also without roundings."""
    return debt * PRICE_SCALE * WAD > collateral * price * case.pool.terms.liq_ltv


def last_unhealthy(is_healthy: Callable[[int], bool], unit: int = 1) -> int:
    """The highest multiple of the unit at which a loan is unhealthy, its critical price; 0 if there is none."""
    low, high = 0, 1
    while not is_healthy(high * unit):
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_healthy(middle * unit) else (middle, high)
    return low * unit


def deciders(case: Case, place: int) -> tuple[Callable[[int], bool], Callable[[int], bool]]:
    """Whether a loan is healthy at a pool's price, before any interest: exact, and in floats."""
    ltv, totals = case.pool.terms.liq_ltv, case.totals
    position = Position(case.book.collateral[place], case.book.debt[place] * 10**6)
    held, owed = (float(amounts[place]) for amounts in case.floats)
    return (
        lambda price: liquidation.is_healthy(ltv, totals, position, price),
        lambda price: not float_rule.is_unhealthy(held, owed, float_price(case, price), case.float_terms.liq_ltv),
    )


def at_critical_prices(case: Case, decimals: int | None) -> dict[str, int]:
    """Decisions at the last unhealthy price of each loan and one unit to both sides; without decimals the unit is the pool's own."""
    unit = 1 if decimals is None else case.scale // 10**decimals
    found = {"decisions": 0, "missed": 0, "refused": 0, "by_rounding": 0}
    for place, (collateral, debt) in enumerate(zip(case.book.collateral, case.book.debt, strict=True)):
        is_healthy, in_floats = deciders(case, place)
        last = last_unhealthy(is_healthy, unit)
        for price in (last - unit, last, last + unit):
            exact, by_floats = not is_healthy(price), not in_floats(price)
            found["decisions"] += 1
            found["missed"] += exact and not by_floats
            found["refused"] += by_floats and not exact
            found["by_rounding"] += by_floats != exact and is_unhealthy_unrounded(case, collateral, debt, price) != exact
    return found


def widths(cases: Sequence[Case]) -> dict[str, float]:
    """How far the two critical prices of a loan lie apart, as a part of the exact one, and so in which prices a decision is wrong: the
    median and the most of the loans that owe a token or more."""
    apart = []
    for case in cases:
        for place in np.flatnonzero(case.floats[1] >= 1):
            exact, in_floats = (last_unhealthy(decide) for decide in deciders(case, place))
            apart.append(abs(in_floats - exact) / exact)
    return {"loans": len(apart), "median": float(np.median(apart)), "most": max(apart)}


# Sales


@dataclass
class Differences:
    """Of sales: base units that the float's figures are off, and what a transaction with them would do."""

    sales: int = 0
    losing: int = 0
    equal: int = 0
    paid: int = 0
    payment_most: int = 0
    payment_sum: int = 0
    collateral_most: int = 0
    collateral_sum: int = 0
    leaves_debt: int = 0
    left_most: int = 0
    refused_for_dust: int = 0
    refused_for_collateral: int = 0
    refused_with_margin: int = 0
    refused_with_margin_most: int = 0
    """The largest payment of those."""

    def add(self, case: Case, totals: Totals, position: Position, price: int) -> None:
        """One sale: the exact one, the float's, and the exact one of a transaction that the float's figures fill."""
        terms = case.pool.terms
        debt = shares.debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
        exact = liquidation.sale(terms, totals, position, price, 0, 2**256 - 1)
        per_collateral, per_asset = 10**case.pool.collateral_decimals, 10**case.pool.asset_decimals
        by_floats = float_rule.sale(case.float_terms, position.collateral / per_collateral, debt / per_asset, float_price(case, price))
        payment, collateral = round(Fraction(by_floats.payment) * per_asset), round(Fraction(by_floats.collateral) * per_collateral)
        self.sales += 1
        self.losing += exact.loss > 0
        self.equal += (payment, collateral) == (exact.payment, exact.collateral)
        self.payment_most = max(self.payment_most, abs(payment - exact.payment))
        self.payment_sum += abs(payment - exact.payment)
        self.collateral_most = max(self.collateral_most, abs(collateral - exact.collateral))
        self.collateral_sum += abs(collateral - exact.collateral)
        self.paid += exact.payment
        sent = liquidation.sale(terms, totals, position, price, 0, payment)
        left = _debt_left(totals, position, sent)
        is_whole = exact.debt_shares == position.debt_shares
        self.leaves_debt += is_whole and not sent.refusal and left > 0
        self.left_most = max(self.left_most, left) if is_whole and not sent.refusal else self.left_most
        self.refused_for_dust += is_whole and bool(sent.refusal)
        self.refused_for_collateral += not sent.refusal and sent.collateral < collateral
        most, least = payment + payment // MARGIN + 1, collateral - collateral // MARGIN - 1
        sent = liquidation.sale(terms, totals, position, price, 0, most)
        if sent.refusal or sent.collateral < least:
            self.refused_with_margin += 1
            self.refused_with_margin_most = max(self.refused_with_margin_most, exact.payment)


def _debt_left(totals: Totals, position: Position, sold: Sale) -> int:
    """What the position owes after a sale."""
    after, _ = liquidation.after_sale(totals, sold)
    return shares.debt_up(position.debt_shares - sold.debt_shares, after.debt_assets, after.debt_shares)


class Watched(ModelEngine):
    """The exact model, each of whose sales is made in floats, too."""

    def __init__(self, case: Case, differences: Differences) -> None:
        super().__init__()
        self.case, self.differences, self.row, self.price = case, differences, -1, 0
        self.sold: dict[tuple[int, int], int] = {}

    def advance(self, now: int, price: int) -> int:
        """Notes row and price."""
        self.row, self.price = self.row + 1, price
        return super().advance(now, price)

    def sell(self, place: int, max_payment: int) -> tuple[Sale, LossParts] | None:
        """Compares before it sells."""
        totals, position = self.totals(), Position(*self.position(place))
        sold = super().sell(place, max_payment)
        if sold is not None:
            self.differences.add(self.case, totals, position, self.price)
            self.sold[self.row, place] = self.sold.get((self.row, place), 0) + sold[0].payment
        return sold


# Books


def through_hours(case: Case, differences: Differences) -> dict[str, Any]:
    """The history through both rules from end to end: sales that only one has, and base units of the asset that the books are off."""
    engine = Watched(case, differences)
    exact = replay(case.book, case.pool, case.prices, engine=engine).pool
    held, owed = case.floats
    seconds = np.diff(np.array(case.prices.timestamps), prepend=case.prices.timestamps[0])
    growth = np.expm1(RATE / WAD * seconds)
    per_asset = 10**case.pool.asset_decimals
    prices = [float_price(case, price) for price in case.prices.prices]
    found = float_rule.replay(case.float_terms, held, owed, prices, growth, case.pool.supply / per_asset)
    apart = {
        "supply_apart": (found.supply, exact.supply_after),
        "reserve_apart": (found.reserve, exact.reserve_after),
        "debt_apart": (found.debt, exact.debt_after),
        "loss_apart": (found.loss, exact.loss),
    }
    only_floats, only_exact = set(found.sold) - set(engine.sold), set(engine.sold) - set(found.sold)
    return {
        "sales": len(engine.sold),
        "sales_only_in_floats": len(only_floats),
        "sales_only_exact": len(only_exact),
        "paid_in_those": sum(round(Fraction(found.sold[each]) * per_asset) for each in only_floats) + sum(map(engine.sold.get, only_exact)),
        "imbalance": abs(round(Fraction(found.imbalance) * per_asset)),
        **{name: abs(round(Fraction(by_floats) * per_asset) - value) for name, (by_floats, value) in apart.items()},
        "exact_imbalance": exact.supply_after
        + exact.reserve_after
        - exact.debt_after
        - (exact.supply_before + exact.reserve_before - exact.debt_before)
        - exact.paid,
    }


def compared(cases: Sequence[Case]) -> dict[str, Any]:
    """Decisions, sales and books of cases whose assets have the same decimals; the terms of sale do not move decisions, so of those only
    the first of each name and history counts."""
    differences = {"all": Differences(), "to a target": Differences()}
    first = {case.name: case for case in reversed(cases)}
    histories = {(case.name, case.prices.timestamps): case for case in reversed(cases)}
    books = [through_hours(case, differences["to a target" if case.pool.terms.target_ltv else "all"]) for case in cases]
    return {
        "loans": sum(len(case.book) for case in first.values()),
        "loans_under_a_token": sum(int((case.floats[1] < 1).sum()) for case in first.values()),
        "at_hours": summed([at_hours(case) for case in histories.values()]),
        "at_critical_prices": {
            name: summed([at_critical_prices(case, decimals) for case in first.values()]) for name, decimals in FEEDS.items()
        },
        "widths": widths(list(first.values())),
        "sales": {name: vars(found) for name, found in differences.items()},
        "books": summed(books) | {"replays": len(books), "replays_out_of_balance": sum(each["imbalance"] != 0 for each in books)},
    }


def summed(rows: Sequence[dict[str, int]]) -> dict[str, int]:
    """Column by column; of what is named so, the most."""
    return {name: (max if name.endswith("_most") else sum)(row[name] for row in rows) for name in rows[0]}


# Seconds


def fastest(*tasks: Callable[[], object]) -> list[float]:
    """Seconds of the processor of each task's fastest turn."""
    best = [math.inf] * len(tasks)
    for _ in range(TURNS):
        for place, task in enumerate(tasks):
            began = time.process_time()
            task()
            best[place] = min(best[place], time.process_time() - began)
    return best


def seconds(cases: Sequence[Case]) -> dict[str, float]:
    """Microseconds of one question, who is unhealthy, and of one sale, by both rules; of a large book from bench/ladder.py."""
    asked, ladder_time, scan_time = 0, 0.0, 0.0
    for case in cases:
        (ladder, totals), (held, owed) = Ladder.of_book(case.book, case.pool.terms.liq_ltv), case.floats
        prices = case.prices.prices
        in_floats, ltv = [float_price(case, price) for price in prices], case.float_terms.liq_ltv

        def ask(ladder: Ladder = ladder, totals: Totals = totals, prices: Sequence[int] = prices) -> None:
            for price in prices:
                ladder.liquidatable(price, totals)

        def scan(held: Any = held, owed: Any = owed, prices: Sequence[float] = tuple(in_floats), ltv: float = ltv) -> None:
            for price in prices:
                np.flatnonzero(float_rule.is_unhealthy(held, owed, price, ltv))

        by_ladder, by_scan = fastest(ask, scan)
        asked, ladder_time, scan_time = asked + len(prices), ladder_time + by_ladder, scan_time + by_scan
    case = cases[0]
    totals, position = case.totals, Position(case.book.collateral[0], case.book.debt[0] * 10**6)
    last = last_unhealthy(deciders(case, 0)[0])
    held, owed = case.floats
    terms, in_floats = case.float_terms, (float(held[0]), float(owed[0]), float_price(case, last))
    exact_sale, float_sale = fastest(
        lambda: [liquidation.sale(case.pool.terms, totals, position, last, 0, 2**256 - 1) for _ in range(20_000)],
        lambda: [float_rule.sale(terms, *in_floats) for _ in range(20_000)],
    )
    large = measured(SYNTHETIC)
    return {
        "question_ladder_us": ladder_time / asked * 1e6,
        "question_scan_us": scan_time / asked * 1e6,
        "ladder_over_scan": ladder_time / scan_time,
        "sale_exact_us": exact_sale / 20_000 * 1e6,
        "sale_float_us": float_sale / 20_000 * 1e6,
        "large_positions": SYNTHETIC,
        "large_ladder_us": large["question_microseconds"],
        "large_scan_us": large["scan_microseconds"],
        "large_scan_over_ladder": large["scan_to_question"],
    }


# What is shown


def measure(data: Path) -> dict[str, Any]:
    """Everything."""
    about = machine_facts()
    found = {f"{decimals} decimals": compared(real_cases(data, decimals)) for decimals in ASSET_DECIMALS}
    return {"schema": "ringfence.bench.floats/1", **about, **found, "seconds": seconds(real_cases(data, 18)[::2])}


def text(found: dict[str, Any]) -> str:
    """Three tables in Markdown, as docs/comparisons.md has them."""
    parts = [found[f"{decimals} decimals"] for decimals in ASSET_DECIMALS]
    return "\n\n".join((_decisions(parts), _sales(parts), _seconds(found["seconds"])))


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    return "\n".join([*lines, *("| " + " | ".join(each if isinstance(each, str) else f"{each:,}" for each in row) + " |" for row in rows)])


def _decisions(parts: Sequence[dict[str, Any]]) -> str:
    rows = []
    for name in ("hourly closes", *FEEDS):
        for decimals, part in zip(ASSET_DECIMALS, parts, strict=True):
            found = part["at_hours"] if name == "hourly closes" else part["at_critical_prices"][name]
            place = name if name == "hourly closes" else f"critical prices, {name}"
            rows.append([place, decimals, *(found[each] for each in ("decisions", "missed", "refused", "by_rounding"))])
    heads = ["at", "decimals of the asset", "decisions", "missed", "would be refused", "of both, for want of the pool's rounding"]
    return _table(heads, rows)


def _sales(parts: Sequence[dict[str, Any]]) -> str:
    titles = {
        "sales": "sales",
        "equal": "payment and collateral both right to the unit",
        "payment_most": "payment off by at most, units",
        "payment_sum": "payments off by in sum, units",
        "collateral_most": "collateral off by at most, units",
        "leaves_debt": "payment sent as figured: some debt stays",
        "refused_for_dust": "payment sent as figured: refused",
        "refused_for_collateral": "collateral asked for as figured: refused",
        "refused_with_margin": "refused with a margin of a millionth on both",
    }
    rows = [[title, *(sold[name] for part in parts for sold in part["sales"].values())] for name, title in titles.items()]
    heads = [f"{decimals} decimals, {kind}" for decimals in ASSET_DECIMALS for kind in parts[0]["sales"]]
    return _table(["each sale again in floats", *heads], rows)


def _seconds(found: dict[str, float]) -> str:
    rows = [
        ["who is unhealthy, books of 21 to 249 loans", found["question_ladder_us"], found["question_scan_us"]],
        [f"the same, {found['large_positions']:,} loans", found["large_ladder_us"], found["large_scan_us"]],
        ["one sale", found["sale_exact_us"], found["sale_float_us"]],
    ]
    shown = [[title, f"{exact:.1f}", f"{floats:.1f}", f"{exact / floats:.2f}"] for title, exact, floats in rows]
    return _table(["microseconds of the processor", "exact", "floats", "exact over floats"], shown)


def main() -> None:
    """Measure, print, write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    found = measure(given.data.resolve())
    print(text(found))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
