"""Makes the figures of docs/recommend.md: the terms that two real books bear, under two seeds.

    python scripts/recommend_figures.py DATA [--paths 10000] [--keep FOLDER] [--only weth|peg] [--keep-health]

DATA holds the loans, candles and quotes that docs/stress.md names; the pool of WETH against dollars is that of scripts/stress_figures.py.
The pegged pair is made of the wstETH loans of the same day: debts are taken as ether at the price of the day's ether, so that each loan
keeps its loan-to-value, and collateral is priced in ether. Each run is the command that the page shows; the tables go to standard output as
they stand in the page. With --keep the results stay in FOLDER, the first seed's.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from decimal import ROUND_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stress_figures import loans_of, prepare

SEEDS = (1, 2)
NO_ANSWER = 3
SMALL_RESERVE = Decimal("0.05")
"""Of the debt."""
WETH_BOUND, PEG_BOUND = "50", "50"
DEPEG = Path(__file__).resolve().parent.parent / "examples" / "scenarios" / "depeg.toml"
DEPEG_COST = Decimal(5)
"""Dollars."""
KEEP_HEALTH = ("0.82", "0.84", "0.85", "0.86", "0.88", "0.90")
PEG_PATHS = 2000
"""Where each sale is small against the market there are many, and a path takes ten times as long."""
TERMS = "liq_ltv,supply_cap,reserve"
PEG_TERMS = """\
[pool]
name = "wstETH/ETH"
collateral_decimals = 18
asset_decimals = 18
supply = "{supply}"
reserve = "{reserve}"

[terms]
max_ltv = "0.90"
liq_ltv = "0.93"
incentive_base = "0.005"
incentive_rise = "0.000016666666666667"
incentive_max = "0.03"
penalty = "0.005"
solvent_window = 1200
sale_timeout = 3600
reserve_factor = "0.10"
reserve_target = "0.02"

[rate]
model = "fixed"
per_year = "0.03"
"""


def prepare_peg(data: Path, folder: Path) -> tuple[int, Decimal, str]:
    """Writes book, terms and scenario of wstETH against ether; returns loans, debt and the price in ether."""
    loans, _, wsteth, _ = loans_of(data, "wstETH")
    _, _, ether, _ = loans_of(data, "WETH")
    with localcontext() as context:
        context.prec = 60
        rows = [(account, held, (Decimal(owed) / Decimal(ether)).quantize(Decimal(10) ** -18, ROUND_UP)) for account, held, owed in loans]
        price = f"{(Decimal(wsteth) / Decimal(ether)).quantize(Decimal(10) ** -6):f}"
        debt = sum((owed for _, _, owed in rows), Decimal(0))
        with (folder / "book.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("account", "collateral", "debt"), *((account, held, f"{owed:f}") for account, held, owed in rows)])
        supply, reserve = ((debt * part).quantize(Decimal(1)) for part in (Decimal("1.25"), Decimal("0.01")))
        # What a sale costs and must bring, five dollars each in the scenario that ships, is of the asset: here of ether.
        cost = f"{(DEPEG_COST / Decimal(ether)).quantize(Decimal('0.0001')):f}"
    (folder / "terms.toml").write_text(PEG_TERMS.format(supply=f"{supply:f}", reserve=f"{reserve:f}"))
    told = DEPEG.read_text()
    for name in ("gas", "min_profit"):
        assert told.count(f"\n{name} = {DEPEG_COST}\n") == 1
        told = told.replace(f"\n{name} = {DEPEG_COST}\n", f'\n{name} = "{cost}"\n')
    (folder / "depeg.toml").write_text(told)
    return len(rows), debt, price


def run(
    folder: Path, price: str, scenario: str, bound: str, vary: str, paths: int, seed: int, out: Path, *more: str
) -> tuple[dict[str, Any], float, float]:
    """The result of one recommendation, or the reason why there is none, its wall time and its processor time (s)."""
    command = [sys.executable, "-c", "from ringfence.cli.main import main; main()", "recommend", "--json", "--vary", vary]
    command += ["--book", str(folder / "book.csv"), "--terms", str(folder / "terms.toml"), "--price", price, "--scenario", scenario]
    command += ["--max-es99-bps", bound, "--paths", str(paths), "--horizon", "30d", "--seed", str(seed), "--out", str(out)]
    began, before = time.perf_counter(), os.times()
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    if done.returncode == NO_ANSWER:
        return {"reason": done.stderr.splitlines()[-1].removeprefix("ringfence: ")}, time.perf_counter() - began, 0.0
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    after = os.times()
    return result, time.perf_counter() - began, after.children_user + after.children_system - before.children_user - before.children_system


def grouped(text: str | None) -> str:
    """A decimal with grouped digits."""
    if text is None:
        return "-"
    whole, _, fraction = text.partition(".")
    return f"{int(whole):,}{f'.{fraction}' if fraction and len(whole) < 4 else ''}"


def figure(metric: dict[str, Any], scale: float = 1.0) -> str:
    """A figure with its interval, few digits."""
    return f"{metric['value'] * scale:.3g} ({metric['low'] * scale:.3g} to {metric['high'] * scale:.3g})"


def table(runs: list[tuple[int, dict[str, Any], float, float]]) -> None:
    """The answers of all seeds, then what is lost at them."""
    print(
        "| seed | term | before | recommended | interval | what binds | one step further: ES 99 %, bp |\n|---:|---|---:|---:|---:|---|---:|"
    )
    for seed, result, *_ in runs:
        for answer in result["answers"]:
            beyond = answer["next"]
            cost = "-" if beyond is None else "not allowed" if beyond["loss_es99"] is None else figure(beyond["loss_es99"])
            values = (
                grouped(answer["before"]),
                f"**{grouped(answer['value'])}**",
                f"{grouped(answer['low'])} to {grouped(answer['high'])}",
            )
            print(f"| {seed} | `{answer['term']}` | {' | '.join(values)} | {answer['binding']} | {cost} |")
    figures = "lenders' ES 99 %, bp | over 1 % of supply, % of months | lenders' mean, bp | pool's ES 99 %, bp"
    print(f"\n| seed | {figures} | runs | seconds | of processor |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for seed, result, wall, cpu in runs:
        shown = (figure(result["loss_es99"]), figure(result["prob_significant_loss"], 100), figure(result["loss_mean"]))
        print(f"| {seed} | {' | '.join(shown)} | {figure(result['pool_loss_es99'])} | {result['evaluations']} | {wall:.0f} | {cpu:.0f} |")
    one, other = (result["loss_es99"] for _, result, *_ in runs[:2])
    meet = sum(
        float(a["low"]) <= float(b["high"]) and float(b["low"]) <= float(a["high"])
        for a, b in zip(runs[0][1]["answers"], runs[1][1]["answers"], strict=True)
    )
    both = one["low"] <= other["high"] and other["low"] <= one["high"]
    print(f"\nIntervals of the two seeds that overlap: {meet} of {len(runs[0][1]['answers'])} terms; ES 99 %: {'yes' if both else 'no'}.\n")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--paths", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", choices=("weth", "peg"), help="one of the two books")
    parser.add_argument("--keep-health", action="store_true", help="only what it changes if borrowers keep their health at other LTVs")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if chosen.keep_health:
            show_keep_health(chosen.data.resolve(), Path(temporary), chosen.paths)
            return
        kept = chosen.keep.resolve() if chosen.keep else Path(temporary) / "kept"
        for name, show in (("weth", show_weth), ("peg", show_peg)):
            if chosen.only in (None, name):
                folder = Path(temporary) / name
                folder.mkdir()
                show(chosen.data.resolve(), folder, kept, chosen.paths)


def show_weth(data: Path, folder: Path, kept: Path, paths: int) -> None:
    """Loans against ether in dollars."""
    count, _, debt, price = prepare(data, "WETH", folder)
    print(f"WETH/USD: {count} loans, debt {debt:,.0f}, bound {WETH_BOUND} bp\n")
    world = str(folder / "scenario.toml")
    table([(seed, *run(folder, price, world, WETH_BOUND, TERMS, paths, seed, kept / f"weth_{seed}")) for seed in SEEDS])


def show_keep_health(data: Path, folder: Path, paths: int) -> None:
    """The loans against ether at other liquidation LTVs: as they are, and as borrowers would have them who keep their health, by their
    collateral or by what they owe; the supply stays."""
    from ringfence import read_book, read_pool_file, read_scenario, stress
    from ringfence.inputs.varied_terms import pool_with

    *_, price = prepare(data, "WETH", folder)
    pool, world = read_pool_file(folder / "terms.toml"), read_scenario(str(folder / "scenario.toml"))
    book = read_book(folder / "book.csv", pool.collateral_decimals, pool.asset_decimals)
    print("| liq_ltv | the loans stay as they are | collateral is withdrawn | more is borrowed |\n|---:|---:|---:|---:|")
    for ltv in KEEP_HEALTH:
        new, old = int(Decimal(ltv) * 10**18), pool.terms.liq_ltv
        moved = pool_with(pool, {"liq_ltv": new})
        less = replace(book, collateral=tuple(held * old // new for held in book.collateral), rows=())
        more = replace(book, debt=tuple(owed * new // old for owed in book.debt), rows=())
        cells = []
        for loans in (book, less, more):
            found = stress([(loans, moved)], world, start_prices=[float(price)], paths=paths, seed=SEEDS[0], causes=False).metrics
            cells.append(f"{found['lender_loss_es99'].value:.1f}, {found['loss_es99'].value:.1f}")
        print(f"| {ltv} | {' | '.join(cells)} |")


def show_peg(data: Path, folder: Path, kept: Path, paths: int) -> None:
    """Loans against staked ether in ether, and the same with a reserve that is no larger than a part of the debt."""
    count, debt, price = prepare_peg(data, folder)
    print(f"wstETH/ETH: {count} loans, debt {debt:,.0f}, price {price}, bound {PEG_BOUND} bp\n")
    few = min(paths, PEG_PATHS)
    world = str(folder / "depeg.toml")
    table([(seed, *run(folder, price, world, PEG_BOUND, TERMS, few, seed, kept / f"peg_{seed}")) for seed in SEEDS])
    small = ("--no-around", "--grid", f"reserve=0:{debt * SMALL_RESERVE:.0f}:{debt * SMALL_RESERVE / 20:.0f}")
    print(f"With {small[-1]}:\n")
    table([(seed, *run(folder, price, world, PEG_BOUND, TERMS, few, seed, kept / f"peg_small_{seed}", *small)) for seed in SEEDS])
    found, *_ = run(folder, price, world, PEG_BOUND, "supply_cap", few, 1, kept / "none", "--no-around")
    print(f"The cap alone: {found.get('reason', 'an answer')}")


if __name__ == "__main__":
    main()
