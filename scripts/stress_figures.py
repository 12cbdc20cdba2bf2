"""Makes the figures of docs/stress.md: five books of real loans through ten thousand months drawn from real hours.

    python scripts/stress_figures.py DATA [--paths 10000] [--market WETH ...]

DATA holds the loans, candles and quotes that docs/stress.md names. Each market is a pool of its own; its files are made in a temporary
folder and run by the command that the page shows, with two seeds. The tables go to standard output as they stand in the page.

Loans whose collateral a soft liquidation has begun to sell enter with their debt less what that sale has brought; those whose collateral
is all sold, or whose debt is all covered by the sale, owe a pool nothing and are left out, with their number.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from decimal import ROUND_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

LOANS, QUOTES = "loans_2024-01-30.csv", "swap_quotes_2023-11-20.csv.gz"
ETH, BTC = "eth_usdt_1h_2017_2021.csv.gz", "btc_usdt_1h_2017_2021.csv.gz"
MARKETS = {"WETH": (ETH, "WETH"), "wstETH": (ETH, "wstETH"), "WBTC": (BTC, "WBTC"), "sfrxETH": (ETH, "sfrxETH"), "tBTC": (BTC, "WBTC")}
"""Market: (hours that its price moves by, token whose quotes say its depth; nobody quoted tBTC)."""
SUPPLY_OVER_DEBT, RESERVE_OVER_DEBT = Decimal("1.25"), Decimal("0.01")
TERMS = """\
[pool]
name = "{name}"
collateral_decimals = {decimals}
asset_decimals = 18
supply = "{supply}"
reserve = "{reserve}"

[terms]
max_ltv = "0.80"
liq_ltv = "0.85"
target_ltv = "0.80"
incentive_base = "0.005"
incentive_rise = "{rise}"
incentive_max = "0.06"
penalty = "0.01"
solvent_window = 1200
sale_timeout = 3600
reserve_factor = "0.10"
reserve_target = "0.02"

[rate]
model = "fixed"
per_year = "0.05"
"""
SCENARIO = """\
[scenario]
name = "real hours"
step = "1h"

[prices]
model = "bootstrap"
file = "{prices}"
column = "close"
block = 24

[oracle]
max_age = 0
[[oracle.feed]]
heartbeat = "1h"
deviation = "0.005"

[market]
quotes = "{quotes}"
sell = "{token}"
buy = "USDC"
recovery = "6h"
cascade = "0.3"

[liquidators]
gas = 20
min_profit = 10
capital = "unlimited"
latency = 0
order = "riskiest-first"

[lenders]
low_cash = "0.05"
run_share = 0
"""
SHOWN = {
    "loss_mean": "mean loss",
    "loss_var99": "VaR 99 %",
    "loss_es99": "ES 99 %",
    "prob_significant_loss": "loss over 1 %",
    "liquidations_mean": "mean liquidated",
    "liquidations_var99": "liquidations VaR 99 %",
    "reserve_ruin": "reserve ruin",
    "lender_net_yield": "lenders' net yield",
}
CAUSES = ("loss_from_oracle_gap", "loss_from_depth", "loss_from_latency", "loss_remainder", "amplification_by_cascades")


def loans_of(data: Path, market: str) -> tuple[list[tuple[str, str, str]], int, str, str]:
    """(account, collateral, debt) of the loans that owe something, how many do not, the price, the collateral's decimals."""
    kept, left_out, prices, decimals = [], 0, set(), set()
    with (data / LOANS).open() as file, localcontext() as context:
        context.prec = 80
        for row in csv.DictReader(file):
            if row["collateral_symbol"] != market:
                continue
            prices.add(row["price"])
            decimals.add(row["collateral_decimals"])
            debt = Decimal(row["debt"]) - Decimal(row["already_converted"])
            if debt > 0 and Decimal(row["collateral"]) > 0:
                kept.append((row["account"], row["collateral"], f"{debt.quantize(Decimal(10) ** -18, ROUND_UP):f}"))
            else:
                left_out += 1
    return kept, left_out, prices.pop(), decimals.pop()


def prepare(data: Path, market: str, folder: Path) -> tuple[int, int, Decimal, str]:
    """Writes book, terms and scenario of a market; returns loans, left out, debt and price."""
    loans, left_out, price, decimals = loans_of(data, market)
    debt = sum((Decimal(row[2]) for row in loans), Decimal(0))
    with (folder / "book.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("account", "collateral", "debt"), *loans])
    rise = Decimal("0.0025") / 60
    (folder / "terms.toml").write_text(
        TERMS.format(
            name=f"{market}/USD",
            decimals=decimals,
            supply=f"{(debt * SUPPLY_OVER_DEBT).quantize(Decimal(1)):f}",
            reserve=f"{(debt * RESERVE_OVER_DEBT).quantize(Decimal(1)):f}",
            rise=f"{rise.quantize(Decimal(10) ** -18):f}",
        )
    )
    hours, token = MARKETS[market]
    (folder / "scenario.toml").write_text(SCENARIO.format(prices=data / hours, quotes=data / QUOTES, token=token))
    return len(loans), left_out, debt, price


def run(folders: list[Path], prices: list[str], paths: int, seed: int, *more: str) -> tuple[dict[str, Any], float, float]:
    """The result of one run, its wall time and its processor time (s)."""
    command = [sys.executable, "-c", "from ringfence.cli.main import main; main()", "stress", "--json"]
    for folder, price in zip(folders, prices, strict=True):
        command += ["--book", str(folder / "book.csv"), "--terms", str(folder / "terms.toml"), "--price", price]
    command += ["--scenario", str(folders[0] / "scenario.toml"), "--paths", str(paths), "--horizon", "30d", "--seed", str(seed), *more]
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    result: dict[str, Any] = json.loads(done.stdout)
    return result, time.perf_counter() - began, spent


def shown(metric: dict[str, Any], scale: float = 1.0) -> str:
    """A figure with its interval, few digits."""
    return f"{metric['value'] * scale:.4g} ({metric['low'] * scale:.4g} to {metric['high'] * scale:.4g})"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--paths", type=int, default=10_000)
    parser.add_argument("--market", nargs="*", default=list(MARKETS))
    chosen = parser.parse_args()
    data = chosen.data.resolve()
    with tempfile.TemporaryDirectory() as temporary:
        rows: dict[str, list[tuple[dict[str, Any], float, float]]] = {}
        about = {}
        for market in chosen.market:
            folder = Path(temporary) / market
            folder.mkdir()
            about[market] = (*prepare(data, market, folder), folder)
            rows[market] = [run([folder], [about[market][3]], chosen.paths, seed, "--no-causes") for seed in (1, 2)]
            rows[market].append(run([folder], [about[market][3]], chosen.paths, 1))
            took = "; ".join(f"{wall:.1f} s ({cpu:.1f} s of processor)" for _, wall, cpu in rows[market])
            loans, nothing, debt, _, _ = about[market]
            print(f"{market}: {loans} loans, {nothing} owe nothing, debt {debt:,.0f}; {took}", file=sys.stderr)
        units = {name: rows[chosen.market[0]][0][0]["metrics"][name]["unit"] for name in SHOWN}
        print(f"| market | loans | debt, $M | seed | seconds | {' | '.join(f'{text}, {units[name]}' for name, text in SHOWN.items())} |")
        print(f"|---|---:|---:|---:|---:|{'---:|' * len(SHOWN)}")
        for market, (loans, _, debt, _, _) in about.items():
            for seed, (result, wall, _) in zip((1, 2), rows[market], strict=False):
                figures = " | ".join(shown(result["metrics"][name]) for name in SHOWN)
                print(f"| {market} | {loans} | {debt / 10**6:.2f} | {seed} | {wall:.1f} | {figures} |")
        print()
        print(f"| market | {' | '.join(CAUSES)} | seconds |\n|---|{'---:|' * (len(CAUSES) + 1)}")
        for market in about:
            result, wall, _ = rows[market][2]
            print(f"| {market} | {' | '.join(shown(result['metrics'][name]) for name in CAUSES)} | {wall:.1f} |")
        apart = sum(
            not (a["low"] <= b["high"] and b["low"] <= a["high"])
            for market in about
            for name in SHOWN
            for a, b in [(rows[market][0][0]["metrics"][name], rows[market][1][0]["metrics"][name])]
        )
        print(f"\nIntervals of the two seeds that do not overlap: {apart} of {len(about) * len(SHOWN)}.")


if __name__ == "__main__":
    main()
