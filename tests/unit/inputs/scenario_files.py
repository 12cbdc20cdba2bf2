"""Scenario files that the tests of their reader share: one that sets every key, one of each price model, and what lies beside them."""

import math
import random
from pathlib import Path

import pytest

from ringfence.inputs.errors import InputError
from ringfence.inputs.scenario import Scenario
from ringfence.inputs.scenario_file import read_scenario

PRICES = '[prices]\nmodel = "gbm"\nvolatility = "0.8"\n'
WHOLE = """
[scenario]
name = "everything"
description = '''A scenario
   that sets every key'''
step = "30m"
start = "2300.50"
correlation = "0.4"
fails = "What fails."
holds = "What holds."
[prices]
model = "gbm"
volatility = "0.8"
drift = "-0.1"
jumps_per_year = 12
jump_mean = "-0.05"
jump_deviation = "1e-2"
[oracle]
max_age = "2h"
[[oracle.feed]]
heartbeat = "1h"
deviation = "0.005"
delay = "90s"
frozen = [["2h", "8h"], ["1d", 90000]]
bias = "-0.02"
biased = [[0, "10m"]]
[[oracle.feed]]
fixed = "0.99"
[market]
a = "0.001"
b = "0.7"
measure = "book"
recovery = "1h30m"
cascade = 1
[liquidators]
gas = "12.5"
min_profit = 3
min_incentive = "0.01"
capital = "1e6"
latency = 60
outages = [["2h", "3h"]]
outages_per_year = 4
outage_length = "6h"
order = "random"
[lenders]
run_share = "0.5"
run_at_fall = "0.1"
low_cash = "0.02"
[claims]
fails = "loss_mean > 0"
holds = ["loss_from_other_pools = 0", "loss_mean <= loss_es99"]
"""
MODEL_FILES = {
    "history": 'file = "prices.csv"\ncolumn = "close"\nfrom_first = true\n',
    "bootstrap": 'file = "prices.csv"\ncolumn = "high"\nblock = 5\n',
    "profile": 'points = [["6h", "0.8"], ["12h", "0.7"]]\nvolatility = "0.3"\n',
    "gbm": 'volatility = "0.8"\ndrift = "0.05"\njumps_per_year = 4\njump_mean = "-0.2"\njump_deviation = "0.1"\n',
    "ou": 'half_life = "6h"\nvolatility = "0.05"\n',
    "garch": 'omega = "1e-6"\nalpha = "0.1"\nbeta = "0.85"\nmean = "-0.0001"\ndegrees = "4.5"\nrow = "2h"\n',
    "tail": 'file = "prices.csv"\nblock = 6\nthreshold_low = "-0.02"\nshape_low = "0.2"\nscale_low = "0.01"\n'
    'threshold_high = "0.02"\nshape_high = "-0.1"\nscale_high = "0.012"\n',
    "depeg": 'half_life = "6h"\nvolatility = "0.05"\njumps_per_year = 1\ndepeg_level = "0.5"\n',
}
CLOSES = [100, 110, 99, 99, 120, 90, 100, 101, 102, 103, 104]


def fill(folder: Path, hours: int = 600) -> Path:
    """Puts into a folder a history of a few hours, two longer ones, the second of clustered volatility, and quotes in both formats."""
    rows = [f"{3600 * hour},{close},{close * 2},1,{close}" for hour, close in enumerate(CLOSES)]
    (folder / "prices.csv").write_text("timestamp,open,high,low,close\n" + "\n".join(rows) + "\n", encoding="utf-8")
    _write_history(folder / "long.csv", hours, alpha=0.0, beta=0.0)
    _write_history(folder / "clusters.csv", hours, alpha=0.15, beta=0.75)
    quotes = [(amount, 1 - 1 / (1 + 0.001 * amount)) for amount in (1, 2, 5, 10, 20, 50, 100, 200, 500)]
    one_pair = "".join(f"{amount},{impact:.12f}\n" for amount, impact in reversed(quotes))
    (folder / "quotes.csv").write_text(f"amount,price_impact\n{one_pair}", encoding="utf-8")
    pairs = "".join(f"WETH,USDC,{amount},1,{impact:.12f},7\nUSDC,WETH,oh,1,no,7\n" for amount, impact in quotes)
    (folder / "pairs.csv").write_text(f"sell,buy,sell_amount,buy_amount,price_impact,timestamp\n{pairs}", encoding="utf-8")
    return folder


def _write_history(path: Path, hours: int, alpha: float, beta: float) -> None:
    """Prices whose returns have a variance of 2 % squared in the long run, which follows a GARCH(1,1) with Student's t of 6 degrees."""
    rng, variance, price, rows = random.Random(1), 0.02**2, 100.0, ["timestamp,price"]
    for hour in range(hours):
        rows.append(f"{3600 * hour},{price:.9f}")
        student = rng.gauss(0, 1) / math.sqrt(rng.gammavariate(3, 2) / 6) * math.sqrt(4 / 6)
        move = math.sqrt(variance) * student
        variance = (1 - alpha - beta) * 0.02**2 + alpha * move**2 + beta * variance
        price *= math.exp(move)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def read(folder: Path, content: str | bytes) -> Scenario:
    """What a file with this content says."""
    path = folder / "scenario.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read_scenario(path)


def refusal(folder: Path, content: str | bytes) -> str:
    """The line that refuses it, without the path at its beginning."""
    with pytest.raises(InputError) as caught:
        read(folder, content)
    line = str(caught.value)
    assert line.isprintable() and len(line) < 1_000
    return line.removeprefix(str(folder / "scenario.toml")).replace(str(folder), "DIR")
