#!/usr/bin/env python3
"""How fast the stress engine is beside a NumPy loop in a notebook (bench/naive.py), and how both grow.

    python bench/stress.py [--quick] [--json FILE]

The pool: full close at 5 %, depth and reserve on, no interest; synthetic loans of lognormal size with LTVs spread below 80 %; a price of
80 % volatility, 720 steps of an hour. Loop and engine run in turn in one process on the same paths, each on one thread; times are seconds
of the processor, so that what else the machine does counts little. The engine merges positions of 10 basis points of critical price, as it
does by default; making that world is timed apart. Fails if the loop itself is not the one that the ratios are meant against: 77
microseconds a path-step at 100,000 positions, within 40 %. --quick leaves out what takes longer than a few seconds; the whole takes about
four minutes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import naive
import numpy as np
from replay import peak_megabytes, rounded

from ringfence.decisions.depth import most_sold_plain
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, STAND_INS, FixedRateTerms, KinkedRateTerms, PoolFile
from ringfence.inputs.scenario import Feed, Lenders, Liquidators, Market, Oracle, PriceModel, Scenario
from ringfence.lab.paths import path_prices
from ringfence.lab.run import Outcome, run
from ringfence.lab.world import world_from_arrays
from ringfence.model.terms import WAD, YEAR_SECONDS, ZERO_ADDRESS, Terms

SEED = 1
STEPS, STEP = 720, 3600
LIQ_LTV, MAX_LTV, INCENTIVE = 0.86, 0.80, 0.05
RESERVE = 0.01
"""Of the debt."""
DEPTH = 0.5
"""Of the book's collateral; what a constant product market has on its side, so that about 1 % of the book can be sold in an hour."""
PLAIN = PriceModel("gbm", volatility=0.8)
STORMY = PriceModel("gbm", volatility=0.8, jumps_per_year=12, jump_mean=-0.2, jump_deviation=0.1)
"""One more race, at 100,000 positions: jumps of about -20 %, after which much of the book waits for depth."""
LOAD = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
"""What else the machine does before the first figure: processes that want its processors."""
MEANT, WITHIN = 77.0, 0.40
"""Microseconds a path-step of the loop at 100,000 positions, and how far from it it may be."""
JUDGED = 100_000
GOALS = {100_000: 500.0, 1_000_000: 10_000.0}
MOST_GROWTH = 1.5
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
NAIVE_POSITION_STEPS = 60_000_000
"""How much the loop gets to do in one turn."""
ENGINE_SECONDS = 0.7
TURNS = 3


def book(positions: int, seed: int = SEED) -> tuple[Any, Any]:
    """Collateral and debt of so many loans (whole tokens, start price 1): lognormal debts, LTVs of 0.80 times a beta(4, 2)."""
    rng = np.random.default_rng(seed)
    debt = rng.lognormal(8.0, 1.5, positions)
    return debt / (MAX_LTV * rng.beta(4.0, 2.0, positions)), debt


def pool_for(debt: Any, **given: Any) -> PoolFile:
    """Full close at a fixed incentive; supply is 1.3 times the debt, the reserve a hundredth."""
    plain: dict[str, Any] = (
        {field.name: 0 for field in fields(Terms)} | STAND_INS | {"backstop": ZERO_ADDRESS, "fee_recipient": ZERO_ADDRESS}
    )
    plain |= {"liq_ltv": int(LIQ_LTV * 100) * WAD // 100, "max_ltv": int(MAX_LTV * 100) * WAD // 100}
    plain |= {"incentive_base": WAD // 20, "incentive_max": WAD // 20, "supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
    total = int(debt.sum())
    return PoolFile(Terms(**plain | given), FixedRateTerms(0), 18, 6, total * 13 // 10 * 10**6, total // 100 * 10**6)


def scenario_for(collateral: Any, step: int = STEP, prices: PriceModel = PLAIN) -> Scenario:
    """The price and the market; depth is in proportion to the book, and rested at each step."""
    return Scenario("bench", prices, market=Market(a=1 / (DEPTH * collateral.sum())), step=step)


def everything(collateral: Any, debt: Any) -> tuple[PoolFile, Scenario]:
    """Every rule at once: interest, penalty, slow buyers with costs, a late oracle, cascades, a run, a Dutch auction with a window."""
    terms = {"incentive_base": 0, "incentive_rise": WAD // 20 // 21_600, "solvent_window": 7200, "sale_timeout": 86_400}
    terms |= {"penalty": WAD // 100, "reserve_factor": WAD // 10, "reserve_target": WAD // 50, "incentive_max": WAD // 20}
    year = WAD // YEAR_SECONDS
    rate = KinkedRateTerms(year // 100, 9 * WAD // 10, year // 25, year)
    market = Market(a=1 / (DEPTH * collateral.sum()), b=0.8, recovery=7200, cascade=0.3)
    scenario = replace(
        scenario_for(collateral),
        market=market,
        oracle=Oracle((Feed(3600, 0.005, 3600), Feed(7200, 0.01)), 14_400),
        liquidators=Liquidators(gas=20.0, min_profit=10.0, latency=3600, outages_per_year=12, outage_length=14_400),
        lenders=Lenders(0.5, 0.2),
    )
    return replace(pool_for(debt, **terms), rate=rate), scenario


def seconds(act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, all threads together, and what came out."""
    started = time.process_time()
    result = act()
    return time.process_time() - started, result


class Race:
    """Loop and engine on one book, in turn."""

    def __init__(self, positions: int, prices: PriceModel = PLAIN) -> None:
        self.positions = positions
        self.collateral, self.debt = book(positions)
        self.pool, self.scenario = pool_for(self.debt), scenario_for(self.collateral, prices=prices)
        self.building, self.world = seconds(
            lambda: world_from_arrays(self.collateral, self.debt, self.pool, self.scenario, 1.0, STEPS)
        )  # fmt: skip
        self.paths = 1
        steps = max(24, NAIVE_POSITION_STEPS // positions)
        self.steps, self.looped = min(STEPS, steps), max(1, min(20, steps // STEPS))
        self.prices = np.array([path_prices(self.scenario, SEED, path, STEPS)[1:] for path in range(self.looped)])

    def loop(self) -> Any:
        """The notebook's loop over its share of the paths."""
        return naive.losses(
            self.collateral,
            self.debt,
            self.prices[:, : self.steps],
            liq_ltv=LIQ_LTV,
            incentive=INCENTIVE,
            room=most_sold_plain(1 / (1 + INCENTIVE), self.scenario.market.a, self.scenario.market.b),
            reserve=self.pool.reserve / 10**6,
        )

    def engine(self) -> Outcome:
        """The engine over as many paths as take a while."""
        return run(self.world, seed=SEED, paths=self.paths, threads=1)

    def run(self) -> dict[str, Any]:
        """Microseconds a path-step of both, the fastest of each one's turns."""
        taken, _ = seconds(lambda: run(self.world, seed=SEED, paths=100, threads=1))
        self.paths = max(self.looped, int(100 * ENGINE_SECONDS / max(taken, 1e-3)))
        loops, engines = [], []
        for _ in range(TURNS):
            loops.append(seconds(self.loop))
            engines.append(seconds(self.engine))
        slow = min(spent for spent, _ in loops) / (self.looped * self.steps) * 1e6
        fast = min(spent for spent, _ in engines) / (self.paths * STEPS) * 1e6
        return {
            "positions": self.positions,
            "cohorts": int(np.sum(self.world.base.number > 0)),
            "world_seconds": self.building,
            "naive_us": slow,
            "engine_us": fast,
            "ratio": slow / fast,
            "engine_paths": self.paths,
            "engine_paths_that_sell": float(np.mean(engines[0][1].field("sales") > 0)),
        }


def scaling(quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Microseconds a path-step on 100,000 positions by paths, by steps and by threads, and with every rule at once."""
    collateral, debt = book(JUDGED)
    pool = pool_for(debt)

    def timed(steps: int, paths: int, threads: int, step: int = STEP, both: tuple[PoolFile, Scenario] | None = None) -> dict[str, Any]:
        terms, scenario = both or (pool, scenario_for(collateral, step))
        world = world_from_arrays(collateral, debt, terms, scenario, 1.0, steps)
        run(world, seed=SEED, paths=2, threads=threads)
        started = time.perf_counter()
        spent, _ = seconds(lambda: run(world, seed=SEED, paths=paths, threads=threads))
        clock = time.perf_counter() - started
        each = 1e6 / (steps * paths)
        return {"steps": steps, "paths": paths, "threads": threads, "us": spent * each, "clock_us": clock * each}

    most = 10_000 if quick else 100_000
    return {
        "paths": [timed(STEPS, paths, 1) for paths in (100, 1_000, 10_000, 100_000) if paths <= most],
        "steps": [timed(steps, most * 24 // steps, 1, 30 * 86_400 // steps) for steps in (120, 720, 4_320, 43_200)],
        "threads": [timed(STEPS, most // 5, threads) for threads in (1, 2, 4)],
        "every rule": [timed(STEPS, most // 50, 1, both=everything(collateral, debt))],
    }


def memory(positions: int, paths: int) -> dict[str, Any]:
    """The child: one run, and the most memory held before the engine was there, with the book, and at the end."""
    collateral, debt = book(min(positions, 1_000))
    run(world_from_arrays(collateral, debt, pool_for(debt), scenario_for(collateral), 1.0, STEPS), seed=SEED, paths=2, threads=1)
    before = peak_megabytes()
    collateral, debt = book(positions)
    with_book = peak_megabytes()
    run(world_from_arrays(collateral, debt, pool_for(debt), scenario_for(collateral), 1.0, STEPS), seed=SEED, paths=paths, threads=2)
    return {
        "positions": positions,
        "paths": paths,
        "before_megabytes": before,
        "book_megabytes": with_book,
        "peak_megabytes": peak_megabytes(),
    }


def apart(positions: int, paths: int) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, __file__, "--memory", str(positions), str(paths)]
    done: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return done


def machine_facts() -> dict[str, Any]:
    """What the figures depend on."""
    import numba

    cpu = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")] if cpu.exists() else []
    versions = {"python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__}
    about = {"machine": platform.machine(), "processor": names[0] if names else platform.processor(), "cores": os.cpu_count()}
    return versions | about | {"load_before": round(LOAD, 1)}


def measure(quick: bool) -> dict[str, Any]:
    """Everything."""
    sizes = [size for size in SIZES if not quick or size <= JUDGED]
    Race(1_000).run()  # compiles, or loads what an earlier process compiled
    races = [Race(size).run() for size in sizes]
    judged = {race["positions"]: race for race in races}
    engine = [race["engine_us"] for race in races if race["positions"] <= 1_000_000]
    return {
        "schema": "ringfence.bench.stress/1",
        **machine_facts(),
        "naive_is_meant_to_take_us": MEANT,
        "naive_off_by": judged[JUDGED]["naive_us"] / MEANT - 1,
        "races": races,
        "stormy": Race(JUDGED, STORMY).run(),
        "growth_from_a_thousand_to_a_million": engine[-1] / engine[0] if not quick else None,
        "scaling": scaling(quick),
        "memory": [] if quick else [apart(1_000, 1_000), apart(1_000, 100_000), apart(1_000_000, 1_000), apart(10_000_000, 1_000)],
    }


def text(found: dict[str, Any]) -> str:
    """The figures for a person."""
    lines = [
        f"Python {found['python']}, NumPy {found['numpy']}, numba {found['numba']}, {found['processor']}, {found['cores']} cores; "
        "microseconds of the processor a path-step",
        "",
        f"{'positions':>12}{'cohorts':>9}{'loop':>12}{'engine':>9}{'ratio':>11}{'goal':>18}{'world s':>9}",
    ]
    for race in found["races"]:
        goal = GOALS.get(race["positions"])
        verdict = f"{goal:,.0f}: {'met' if race['ratio'] >= goal else 'missed'}" if goal else ""
        lines.append(race_line(race, verdict))
    lines.append(race_line(found["stormy"], "with storms"))
    if (growth := found["growth_from_a_thousand_to_a_million"]) is not None:
        verdict = "met" if growth < MOST_GROWTH else "missed"
        lines.append(f"the engine's time grows {growth:.2f}-fold from 1,000 to 1,000,000 positions, goal {MOST_GROWTH}: {verdict}")
    lines.append(
        f"the loop at {JUDGED:,} positions is {100 * found['naive_off_by']:+.0f} % off the {MEANT:.0f} microseconds it is meant to take"
    )
    for title, runs in found["scaling"].items():
        lines += [
            "",
            f"by {title}" if title != "every rule" else "every rule at once",
            f"{'steps':>12}{'paths':>9}{'threads':>9}{'processor':>11}{'clock':>9}",
        ]
        lines += [
            f"{each['steps']:>12,}{each['paths']:>9,}{each['threads']:>9}{each['us']:>11.3f}{each['clock_us']:>9.3f}" for each in runs
        ]
    if found["memory"]:
        lines += ["", f"{'positions':>12}{'paths':>9}{'MB without':>12}{'with the book':>15}{'at the peak':>13}"]
    for each in found["memory"]:
        held = f"{each['before_megabytes']:>12,.0f}{each['book_megabytes']:>15,.0f}{each['peak_megabytes']:>13,.0f}"
        lines.append(f"{each['positions']:>12,}{each['paths']:>9,}{held}")
    return "\n".join(lines)


def race_line(race: dict[str, Any], remark: str) -> str:
    """One race as a line of a table."""
    times = f"{race['naive_us']:>12,.1f}{race['engine_us']:>9.3f}{race['ratio']:>11,.0f}"
    return f"{race['positions']:>12,}{race['cohorts']:>9,}{times}{remark:>18}{race['world_seconds']:>9.2f}"


def main() -> None:
    """Measure, print, write if asked, and judge the loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes longer than a few seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--memory", type=int, nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory:
        print(json.dumps(memory(*given.memory)))
        return
    found = measure(given.quick)
    print(text(found))
    if given.json:
        given.json.write_text(json.dumps(rounded(found, 4), indent=1) + "\n")
    if abs(found["naive_off_by"]) > WITHIN:
        sys.exit(f"the loop is not the one that ratios are meant against: more than {100 * WITHIN:.0f} % off")


if __name__ == "__main__":
    main()
