"""Makes the figures of docs/recommend.md: the terms that two real books bear, under two seeds.

    python scripts/recommend_figures.py DATA [--paths 10000] [--keep FOLDER]

DATA holds the loans, candles and quotes that docs/stress.md names; the pool of WETH against dollars is that of scripts/stress_figures.py.
The pegged pair is made of the wstETH loans of the same day: debts are taken as ether at the price of the day's ether, so that each loan
keeps its loan-to-value, and collateral is priced in ether. Each run is the command that the page shows; the tables go to standard output as
they stand in the page. With --keep the results stay in FOLDER, the first seed's.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
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
    """Writes book and terms of wstETH against ether; returns loans, debt and the price in ether."""
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
    (folder / "terms.toml").write_text(PEG_TERMS.format(supply=f"{supply:f}", reserve=f"{reserve:f}"))
    return len(rows), debt, price


def run(
    folder: Path, price: str, scenario: str, bound: str, vary: str, paths: int, seed: int, out: Path, *more: str
) -> tuple[dict[str, Any], float]:
    """The result of one recommendation, or the reason why there is none, and its wall time (s)."""
    command = [sys.executable, "-c", "from ringfence.cli.main import main; main()", "recommend", "--json", "--vary", vary]
    command += ["--book", str(folder / "book.csv"), "--terms", str(folder / "terms.toml"), "--price", price, "--scenario", scenario]
    command += ["--max-es99-bps", bound, "--paths", str(paths), "--horizon", "30d", "--seed", str(seed), "--out", str(out)]
    began = time.perf_counter()
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    if done.returncode == NO_ANSWER:
        return {"reason": done.stderr.splitlines()[-1].removeprefix("ringfence: ")}, time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result, time.perf_counter() - began


def grouped(text: str | None) -> str:
    """A decimal with grouped digits."""
    if text is None:
        return "-"
    whole, _, fraction = text.partition(".")
    return f"{int(whole):,}{f'.{fraction}' if fraction and len(whole) < 4 else ''}"


def figure(metric: dict[str, Any], scale: float = 1.0) -> str:
    """A figure with its interval, few digits."""
    return f"{metric['value'] * scale:.3g} ({metric['low'] * scale:.3g} to {metric['high'] * scale:.3g})"


def table(runs: list[tuple[int, dict[str, Any], float]]) -> None:
    """The answers of all seeds, then what is lost at them."""
    print(
        "| seed | term | before | recommended | interval | what binds | one step further: ES 99 %, bp |\n|---:|---|---:|---:|---:|---|---:|"
    )
    for seed, result, _ in runs:
        for answer in result["answers"]:
            beyond = answer["next"]
            cost = "-" if beyond is None else "not allowed" if beyond["loss_es99"] is None else figure(beyond["loss_es99"])
            values = (
                grouped(answer["before"]),
                f"**{grouped(answer['value'])}**",
                f"{grouped(answer['low'])} to {grouped(answer['high'])}",
            )
            print(f"| {seed} | `{answer['term']}` | {' | '.join(values)} | {answer['binding']} | {cost} |")
    print(
        "\n| seed | lenders' ES 99 %, bp | over 1 % of supply, % of months | lenders' mean, bp | pool's ES 99 %, bp | runs | seconds |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for seed, result, wall in runs:
        shown = (figure(result["loss_es99"]), figure(result["prob_significant_loss"], 100), figure(result["loss_mean"]))
        print(f"| {seed} | {' | '.join(shown)} | {figure(result['pool_loss_es99'])} | {result['evaluations']} | {wall:.0f} |")
    one, other = (result["loss_es99"] for _, result, _ in runs[:2])
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
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        kept = chosen.keep.resolve() if chosen.keep else Path(temporary) / "kept"
        weth, peg = (Path(temporary) / name for name in ("weth", "peg"))
        weth.mkdir()
        peg.mkdir()
        count, _, debt, price = prepare(chosen.data.resolve(), "WETH", weth)
        terms = "liq_ltv,supply_cap,reserve"
        print(f"WETH/USD: {count} loans, debt {debt:,.0f}, bound {WETH_BOUND} bp\n")
        table(
            [
                (seed, *run(weth, price, str(weth / "scenario.toml"), WETH_BOUND, terms, chosen.paths, seed, kept / f"weth_{seed}"))
                for seed in SEEDS
            ]
        )
        count, debt, price = prepare_peg(chosen.data.resolve(), peg)
        print(f"wstETH/ETH: {count} loans, debt {debt:,.0f}, price {price}, bound {PEG_BOUND} bp\n")
        table([(seed, *run(peg, price, "depeg", PEG_BOUND, terms, chosen.paths, seed, kept / f"peg_{seed}")) for seed in SEEDS])
        small = f"reserve=0:{debt * SMALL_RESERVE:.0f}:{debt * SMALL_RESERVE / 20:.0f}"
        reason, _ = run(peg, price, "depeg", PEG_BOUND, "liq_ltv,reserve", chosen.paths, 1, kept / "none", "--grid", small)
        print(f"With {small}: {reason['reason']}")


if __name__ == "__main__":
    main()
