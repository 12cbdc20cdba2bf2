"""Makes the first table of docs/comparisons.md: one loan on one path, and beside it 10,000 months, of that loan and of 249 real ones.

    python scripts/whale_figures.py DATA [--paths 10000] [--from 70] [--to 95] [--json FILE]

DATA holds the loans, candles and quotes that docs/stress.md names. The question is that of examples/one_whale: how high may the liquidation
LTV be? The rule is that example's, too, at every LTV: full close at Morpho's incentive for it, no penalty, no reserve, no interest. It is
asked

    on two paths          as the example does: the loan of 360.38 million dollars at exactly its liquidation LTV, so much sold a minute
    of that loan          through the months of docs/stress.md: hours of 2017 to 2021 drawn in blocks of a day, the depth of real quotes,
                          gas and a least profit; so many dollars of WETH, at exactly its liquidation LTV at the start
    of one smaller loan   through the same months: one that owes what the 249 loans below do, at exactly its liquidation LTV
    of 249 real loans     through the same months; the loans as they stand

Supply is 1.25 times the debt, so a loss of everything lent is 8,000 bp of it. Takes two minutes.
"""

import argparse
import hashlib
import json
import runpy
import tempfile
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any

from one_whale import incentive
from stress_figures import ETH, LOANS, QUOTES, prepare

from ringfence.inputs.book import Book, read_book
from ringfence.inputs.pool_file import PoolFile, read_pool_file
from ringfence.inputs.scenario import Scenario
from ringfence.inputs.scenario_file import read_scenario
from ringfence.lab.stress import stress
from ringfence.model.terms import WAD

GRID = runpy.run_path(str(Path(__file__).resolve().parents[1] / "examples" / "one_whale" / "grid.py"))
MARKET, SEED, MONTH = "WETH", 1, 30 * 86_400
WHALE_VALUE = Decimal(360_380_000)
BOUNDS = (50, 150, 500)
"""Basis points of supply that the worst hundredth of the months may cost on average."""
SHOWN = (75, 79, 80, 83, 86, 88, 90, 93)
"""Of the grid, in hundredths, as the page has them."""
TERMS = """\
[pool]
name = "{name}"
collateral_decimals = 18
asset_decimals = 18
supply = "{supply}"

[terms]
liq_ltv = "{liq_ltv}"
max_ltv = "{max_ltv}"
incentive_base = "{incentive}"
incentive_max = "{incentive}"
"""
METRICS = ("loss_mean", "loss_var99", "loss_es99", "prob_significant_loss", "liquidations_mean")


def pool_at(folder: Path, name: str, ltv: int, debt: int) -> PoolFile:
    """The example's terms for a debt (base units), read as a file is."""
    liq_ltv = Decimal(ltv) / 100
    parts = {"liq_ltv": liq_ltv, "max_ltv": liq_ltv * Decimal("0.99"), "incentive": incentive(liq_ltv)}
    (folder / "terms.toml").write_text(TERMS.format(name=name, supply=Decimal(debt * 5 // 4) / WAD, **parts), encoding="utf-8")
    return read_pool_file(folder / "terms.toml")


def months(book: Book, pool: PoolFile, scenario: Scenario, price: float, paths: int) -> dict[str, Any]:
    """What 30 days cost: metrics with their intervals, the part of the months that lose anything, and the part of the debt that is sold off
    on the first day (mean)."""
    found = stress([(book, pool)], scenario, start_prices=[price], paths=paths, horizon=MONTH, seed=SEED, causes=False)
    shown = {name: found.metrics[name].to_dict() for name in METRICS}
    for metric in shown.values():
        del metric["definition"]
    first_day = float(found.paths["liquidated_1d"].mean()) / (sum(book.debt) / WAD)
    return shown | {"loses_anything": float((found.paths["loss"] > 0).mean()), "sold_on_first_day": first_day}


def whale_book(value: Decimal, price: Decimal, ltv: int) -> Book:
    """One loan of WETH for so many dollars, owing exactly what the LTV allows at the price."""
    collateral = int((value / price * WAD).to_integral_value(ROUND_UP))
    debt = int(collateral * price * ltv / 100)
    return Book(("whale",), (collateral,), (debt,))


def at(folder: Path, scenario: Scenario, price: Decimal, real: Book, ltv: int, paths: int) -> dict[str, Any]:
    """Everything at one liquidation LTV (hundredths)."""
    on_paths = [GRID["sold_off"](ltv, fall, money) for fall, money in GRID["SCENARIOS"]]
    whale = whale_book(WHALE_VALUE, price, ltv)
    found = {
        "liq_ltv": ltv,
        "incentive": float(incentive(Decimal(ltv) / 100)),
        "on_paths": [(pool.loss + pool.unrealised_loss) // WAD for pool in on_paths],
        "whale": months(whale, pool_at(folder, "whale", ltv, whale.debt[0]), scenario, float(price), paths),
        "loans": months(real, pool_at(folder, "loans", ltv, sum(real.debt)), scenario, float(price), paths),
    }
    if ltv in SHOWN:
        small = whale_book(Decimal(sum(real.debt)) / WAD * 100 / ltv, price, ltv)
        found["one"] = months(small, pool_at(folder, "one loan", ltv, small.debt[0]), scenario, float(price), paths)
    return found


def highest(rows: list[dict[str, Any]], side: str, bound: int) -> dict[str, int | None]:
    """The highest LTV below which every ES 99 % keeps the bound: by its value, and by the upper and the lower end of its interval."""
    found: dict[str, int | None] = {}
    for end in ("value", "high", "low"):
        kept = None
        for row in rows:
            if row[side]["loss_es99"][end] > bound:
                break
            kept = row["liq_ltv"]
        found[end] = kept
    return found


def measure(data: Path, paths: int, ltvs: range) -> dict[str, Any]:
    """Every LTV, and what follows for bounds."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        loans, _, _, price = prepare(data, MARKET, folder)
        real, scenario = read_book(folder / "book.csv", 18, 18), read_scenario(folder / "scenario.toml")
        rows = [at(folder, scenario, Decimal(price), real, ltv, paths) for ltv in ltvs]
    ends = [max((row["liq_ltv"] for row in rows if row["on_paths"][place] == 0), default=None) for place in range(2)]
    return {
        "schema": "ringfence.whale/1",
        "inputs": {name: hashlib.sha256((data / name).read_bytes()).hexdigest() for name in (LOANS, ETH, QUOTES)},
        "paths": paths,
        "seed": SEED,
        "loans": loans,
        "debt": sum(real.debt) // WAD,
        "highest_on_paths": ends,
        "highest": {side: {str(bound): highest(rows, side, bound) for bound in BOUNDS} for side in ("whale", "loans")},
        "rows": rows,
    }


def cells(row: dict[str, Any]) -> list[str]:
    """One LTV as the page shows it."""
    paths = ["none" if loss == 0 else f"{loss:,}" for loss in row["on_paths"]]
    whale, loans = row["whale"], row["loans"]
    return [
        f"0.{row['liq_ltv']:02d}",
        *paths,
        few(100 * whale["loses_anything"]),
        interval(whale["prob_significant_loss"], 100),
        interval(whale["loss_es99"]),
        interval(row["one"]["loss_es99"]),
        interval(loans["prob_significant_loss"], 100),
        interval(loans["loss_var99"]),
        interval(loans["loss_es99"]),
    ]


def few(figure: float) -> str:
    """Three digits of it."""
    return f"{float(f'{figure:.3g}'):,g}"


def interval(metric: dict[str, Any], scale: float = 1.0) -> str:
    """A figure with the ends of its interval."""
    value, low, high = (few(metric[end] * scale) for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def shown_end(ends: dict[str, int | None], is_capped: int) -> str:
    """The highest LTV that keeps a bound, and what its interval leaves of it; one at the end of the grid may be higher."""
    value, high, low = (f"0.{ends[end]:02d}" if ends[end] else "none" for end in ("value", "high", "low"))
    return f"{value} or more" if ends["value"] == is_capped else f"{value} ({high} to {low})"


def text(found: dict[str, Any]) -> str:
    """Both tables in Markdown, as docs/comparisons.md has them."""
    heads = ["liquidation LTV", "path to -40 %: loss, $", "path to -70 %: loss, $", "the whale loses anything, % of months"]
    heads += ["the whale loses over 1 % of supply, % of months", "the whale, ES 99 %, bp", "one loan of the book's debt, ES 99 %, bp"]
    heads += ["249 loans lose over 1 %, % of months", "249 loans, VaR 99 %, bp", "249 loans, ES 99 %, bp"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---:|" * len(heads)]
    lines += [f"| {' | '.join(cells(row))} |" for row in found["rows"] if row["liq_ltv"] in SHOWN]
    lines += ["", "| ES 99 % of at most | the whale, highest LTV | 249 loans, highest LTV |", "|---|---:|---:|"]
    last = found["rows"][-1]["liq_ltv"]
    for bound in BOUNDS:
        whale, loans = (shown_end(found["highest"][side][str(bound)], last) for side in ("whale", "loans"))
        lines.append(f"| {bound} bp of supply | {whale} | {loans} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--paths", type=int, default=10_000)
    parser.add_argument("--from", dest="first", type=int, default=70, metavar="LTV", help="in hundredths")
    parser.add_argument("--to", dest="last", type=int, default=95, metavar="LTV", help="in hundredths")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    found = measure(given.data.resolve(), given.paths, range(given.first, given.last + 1))
    print(text(found))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
