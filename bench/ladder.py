"""How fast the ladder finds who is unhealthy, beside a NumPy scan of every position in the same run.

    python bench/ladder.py [positions ...] [--json FILE]

Default: 1e3 to 1e7 positions (3 GB at 1e7). The scan multiplies two arrays of floats and compares: it is not exact and gives no order, and
it is as fast as NumPy can look at everybody. Both answer the same prices, at which a hundredth or so are unhealthy; ladder and scan take
turns, and the fastest of their rounds counts, in seconds of the processor. A change is one position
with other collateral and a question after it.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ringfence.ladder.ladder import Ladder
from ringfence.model.shares import Totals
from ringfence.model.terms import WAD

COUNTS = (10**3, 10**4, 10**5, 10**6, 10**7)
LTV = 86 * WAD // 100
DOLLAR = 10**24
PRICES = 200
CURVE_PRICES = 1_000
CHANGES = 2_000
ROUNDS = 5
# Processes that wanted a processor before this one did.
LOAD = round(os.getloadavg()[0], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("positions", nargs="*", type=int, default=COUNTS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
    print("positions   build     question       scan   scan/question     decisions/s   a change   sort anew   1,000 prices   scan/curve")
    found = []
    for count in arguments.positions:
        figures = measured(count)
        found.append(figures)
        print(
            f"{count:9,}{figures['build_seconds']:7.2f} s{figures['question_microseconds']:10.1f} us{figures['scan_microseconds']:8.0f} us"
            f"{figures['scan_to_question']:16,.1f}{figures['decisions_a_second']:16,.0f}{figures['change_microseconds']:8.1f} us"
            f"{figures['sort_seconds']:10.3f} s{figures['curve_milliseconds']:12.1f} ms{figures['scans_to_curve']:13,.0f}"
        )
    if arguments.json:
        about = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine(), "load_before": LOAD}
        arguments.json.write_text(json.dumps(about | {"figures": found}, indent=2) + "\n", encoding="utf-8")


def measured(count: int) -> dict[str, Any]:
    """The figures of one size."""
    rng = np.random.default_rng(1)
    debt = (10 ** rng.uniform(2, 6, count) * 10**6).astype(np.int64)
    # Whole collateral tokens, at 20 to 85 % of 2,000 a piece, so that who is riskiest is liquidatable just below it.
    held = (debt / (rng.uniform(0.2, 0.85, count) * 2_000 * 10**6) * 10**9).astype(np.int64)
    began = time.process_time()
    ladder = Ladder((int(each) * 10**9 for each in held.tolist()), (int(each) * 10**6 for each in debt.tolist()), LTV)
    build = time.process_time() - began
    totals = Totals(0, 0, int(debt.sum()), int(debt.sum()) * 10**6, 0, 0, 0, 0)
    prices = [int(price * 10**6) * DOLLAR // 10**6 for price in rng.uniform(1_955, 1_980, PRICES)]
    debts, collateral = debt / 10**6, held / 10**9
    bears = [price / DOLLAR * LTV / WAD for price in prices]
    assert all(
        abs(len(ladder.liquidatable(price, totals)) - np.count_nonzero(debts > collateral * bear)) <= 2
        for price, bear in zip(prices[:5], bears[:5], strict=True)
    )
    question, scan = fastest(
        lambda: [ladder.liquidatable(price, totals) for price in prices], lambda: [np.flatnonzero(debts > collateral * b) for b in bears]
    )
    falling = [2_000 * DOLLAR * left // CURVE_PRICES for left in range(CURVE_PRICES, 0, -1)]
    ladder.at_risk(falling[:1], totals)
    few = [price / DOLLAR * LTV / WAD for price in falling[:: CURVE_PRICES // 20]]
    curve, scans = fastest(lambda: ladder.at_risk(falling, totals), lambda: [scanned(debts, collateral, bear) for bear in few])
    change, sort = changing(ladder, totals, prices[0], count, rng)
    return {
        "positions": count,
        "build_seconds": round(build, 4),
        "question_microseconds": round(question / PRICES * 1e6, 2),
        "scan_microseconds": round(scan / PRICES * 1e6, 1),
        "scan_to_question": round(scan / question, 1),
        "decisions_a_second": round(count * PRICES / question),
        "change_microseconds": round(change * 1e6, 1),
        "sort_seconds": round(sort, 4),
        "curve_milliseconds": round(curve * 1e3, 2),
        "scans_to_curve": round(scans / len(few) * CURVE_PRICES / curve, 1),
    }


def scanned(debts: Any, collateral: Any, bear: float) -> tuple[float, float]:
    """Collateral and debt at risk at one price, by looking at everybody."""
    unhealthy = debts > collateral * bear
    return float(collateral[unhealthy].sum()), float(debts[unhealthy].sum())


def changing(ladder: Ladder, totals: Totals, price: int, count: int, rng: np.random.Generator) -> tuple[float, float]:
    """Seconds of a change with a question after it, while none of them sorts anew; and of sorting anew."""
    places = rng.integers(0, count, CHANGES).tolist()
    seconds = []
    for place in places[: min(CHANGES, 40)]:
        held, owed = ladder.position(place)
        began = time.process_time()
        ladder.change(place, held + 1, owed)
        ladder.liquidatable(price, totals)
        seconds.append(time.process_time() - began)
    began = time.process_time()
    ladder._settle()
    return sum(seconds) / len(seconds), time.process_time() - began


def fastest(*tasks: Callable[[], object]) -> list[float]:
    """Seconds of each task's fastest round, in turns."""
    best = [float("inf")] * len(tasks)
    for _ in range(ROUNDS):
        for number, task in enumerate(tasks):
            began = time.process_time()
            task()
            best[number] = min(best[number], time.process_time() - began)
    return best


if __name__ == "__main__":
    sys.exit(main())
