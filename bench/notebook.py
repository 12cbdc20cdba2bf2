#!/usr/bin/env python3
"""Seconds of `ringfence stress` on real loans beside the NumPy loop that a notebook would have (bench/naive.py).

    python bench/notebook.py DATA [--quick] [--json FILE]

DATA holds the loans, candles and quotes that docs/stress.md names: five books, 757 loans, 10,000 paths of 720 hours drawn from real hours.
Three ways, on the same loans and the same price paths (one seed):

    command  the whole of `ringfence stress --no-causes` as a process of its own, from the start of Python to the printed result: files
             read, depth fitted, prices drawn, oracle, depth that recovers, cascade, sales to a target, interest, reserve, every metric with
             its interval; on as many threads as there are processors
    engine   the engine alone by the loop's own rule, on one thread: full close at 5 %, so much taken a step, no interest, no lag
    loop     bench/naive.py by that rule, with the price paths given to it; loans are read, nothing is measured but the losses

Then 1,000 paths of 100,000 synthetic loans, as in bench/stress.py: command and engine whole, the loop on 400 of the paths, whose time is
multiplied; the slowest and the fastest tenth of those say how far to trust it. The engine once more with all of the command's rules, and
with all but some, tells what they cost there. Seconds are of the processor, all threads together, the best of a few turns; `clock` is the
clock on the wall. --quick takes a hundredth of the paths. The whole takes about eight minutes.
"""

import argparse
import csv
import json
import os
import runpy
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import naive
import numpy as np
from replay import rounded
from stress import INCENTIVE, LIQ_LTV, Race, book, machine_facts, pool_for

from ringfence.decisions.depth import most_sold_plain
from ringfence.inputs.book import read_book
from ringfence.inputs.pool_file import PoolFile, read_pool_file
from ringfence.inputs.scenario import Liquidators, Market, Oracle, Scenario
from ringfence.inputs.scenario_file import read_scenario
from ringfence.lab.fitted import fitted
from ringfence.lab.paths import path_prices
from ringfence.lab.run import run
from ringfence.lab.world import positions_of, world_from_arrays

FIGURES = runpy.run_path(str(Path(__file__).resolve().parents[1] / "scripts" / "stress_figures.py"))
SEED, STEPS, PATHS = 1, 720, 10_000
TURNS = {"command": 3, "engine": 4, "loop": 1}
SYNTHETIC, SYNTHETIC_PATHS, SYNTHETIC_LOOPED, RULED_PATHS = 100_000, 1_000, 400, 100
"""Loans, paths, how many of those the loop plays, and of how many the engine's rules are timed."""
PARTS = 10
MARKET = """\
[market]
measure = "book"
a = 2
recovery = "6h"
cascade = "0.3"
"""
"""Of the synthetic loans: half the book at once sells for half the price."""


def timed(act: Callable[[], Any], turns: int) -> tuple[float, float, Any]:
    """Seconds of the processor and of the clock of the best turn, each by itself, and what came out last."""
    spent, clock, found = [], [], None
    for _ in range(turns):
        began, before = time.perf_counter(), time.process_time()
        found = act()
        spent.append(time.process_time() - before)
        clock.append(time.perf_counter() - began)
    return min(spent), min(clock), found


def command(folder: Path, price: str, paths: int, turns: int, *more: str) -> dict[str, Any]:
    """The command as anybody types it: the best of its turns, and the loss it prints."""
    runs = [FIGURES["run"]([folder], [price], paths, SEED, *more) for _ in range(turns)]
    loss = runs[0][0]["metrics"]["loss_es99"]
    return {
        "seconds": min(spent for _, _, spent in runs),
        "clock": min(clock for _, clock, _ in runs),
        "loss_es99": loss["value"],
        "unit": loss["unit"],
    }


class Plain:
    """One book in the loop's own world: the loop and the engine on the same paths."""

    def __init__(self, folder: Path, price: float, paths: int) -> None:
        scenario = fitted(read_scenario(folder / "scenario.toml"))
        pool = read_pool_file(folder / "terms.toml")
        held = positions_of(read_book(folder / "book.csv", pool.collateral_decimals, pool.asset_decimals), pool)
        market = scenario.market.for_book(float(held.collateral.sum()))
        self.full = replace(scenario, market=market, start=None)
        self.terms = pool
        self.collateral, self.debt = held.collateral, held.debt
        self.supply, self.price, self.paths = pool.supply / 10**pool.asset_decimals, price, paths
        self.scenario: Scenario = replace(
            scenario, market=Market(a=market.a, b=market.b), oracle=Oracle(), liquidators=Liquidators(), start=None
        )
        self.pool = pool_for(self.debt)
        self.world = world_from_arrays(self.collateral, self.debt, self.pool, self.scenario, price, STEPS)

    def prices(self, paths: int) -> Any:
        """So many paths, whole asset tokens."""
        return self.price * np.array([path_prices(self.scenario, SEED, path, STEPS)[1:] for path in range(paths)])

    def loop(self, prices: Any) -> Any:
        """What the notebook does."""
        room = most_sold_plain(1 / (1 + INCENTIVE), self.scenario.market.a, self.scenario.market.b)
        reserve = self.pool.reserve / 10**6
        return naive.losses(self.collateral, self.debt, prices, liq_ltv=LIQ_LTV, incentive=INCENTIVE, room=room, reserve=reserve)[0]

    def engine(self) -> Any:
        """The same by the engine."""
        return run(self.world, seed=SEED, paths=self.paths, threads=1).field("loss")

    def ruled(self, pool: PoolFile, scenario: Scenario) -> dict[str, Any]:
        """Microseconds of the processor a path-step of the engine by other rules, on one thread, and its cohorts."""
        world = world_from_arrays(self.collateral, self.debt, pool, scenario, self.price, STEPS)
        spent, _, _ = timed(lambda: run(world, seed=SEED, paths=RULED_PATHS, threads=1), 2)
        return {"cohorts": int(np.sum(world.base.number > 0)), "us": spent / (RULED_PATHS * STEPS) * 1e6}

    def es99(self, losses: Any) -> float:
        """Mean of the worst hundredth (bp of supply)."""
        worst = np.sort(losses)[-max(1, len(losses) // 100) :]
        return float(worst.mean()) / self.supply * 10_000


def real(data: Path, market: str, folder: Path, paths: int) -> dict[str, Any]:
    """One market of real loans, everything run whole."""
    folder.mkdir()
    loans, _, _, price = FIGURES["prepare"](data, market, folder)
    plain = Plain(folder, float(price), paths)
    prices = plain.prices(paths)
    run(plain.world, seed=SEED, paths=2, threads=1)
    engine, engine_clock, engine_losses = timed(plain.engine, TURNS["engine"])
    loop, loop_clock, losses = timed(lambda: plain.loop(prices), TURNS["loop"])
    return {
        "market": market,
        "loans": loans,
        "paths": paths,
        "command": command(folder, price, paths, TURNS["command"], "--no-causes"),
        "command_with_causes": command(folder, price, paths, 1),
        "engine": {"seconds": engine, "clock": engine_clock, "loss_es99": plain.es99(engine_losses)},
        "loop": {"seconds": loop, "clock": loop_clock, "loss_es99": plain.es99(losses)},
    }


def synthetic(data: Path, folder: Path, paths: int, looped: int) -> dict[str, Any]:
    """100,000 loans: command and engine whole, the loop on a part of the paths."""
    folder.mkdir()
    FIGURES["prepare"](data, "WETH", folder)
    collateral, debt = book(SYNTHETIC)
    with (folder / "book.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("account", "collateral", "debt"))
        rows.writerows((place, f"{held:.12f}", f"{owed:.12f}") for place, (held, owed) in enumerate(zip(collateral, debt, strict=True)))
    rise = f"{0.0025 / 60:.18f}"
    terms = FIGURES["TERMS"].format(name="synthetic", decimals=18, supply=int(debt.sum() * 1.25), reserve=int(debt.sum() / 100), rise=rise)
    (folder / "terms.toml").write_text(terms)
    before, _, after = (folder / "scenario.toml").read_text().partition("[market]")
    (folder / "scenario.toml").write_text(before + MARKET + "\n[liquidators]" + after.partition("[liquidators]")[2])
    plain = Plain(folder, 1.0, paths)
    prices = plain.prices(looped)
    run(plain.world, seed=SEED, paths=2, threads=1)
    engine, engine_clock, _ = timed(plain.engine, TURNS["engine"])
    free = replace(plain.full, liquidators=Liquidators())
    parts = [timed(lambda part=part: plain.loop(part), 1)[0] for part in np.array_split(prices, PARTS)]
    return {
        "loans": SYNTHETIC,
        "paths": paths,
        "command": command(folder, "1", paths, 1, "--no-causes"),
        "engine": {"seconds": engine, "clock": engine_clock},
        "rules": {
            "all": plain.ruled(plain.terms, plain.full),
            "no gas, no least profit": plain.ruled(plain.terms, free),
            "nor a target": plain.ruled(replace(plain.terms, terms=replace(plain.terms.terms, target_ltv=0)), free),
        },
        "loop": {
            "paths": looped,
            "seconds_measured": sum(parts),
            "seconds": sum(parts) * paths / looped,
            "slowest_part_over_mean": max(parts) * PARTS / sum(parts),
            "fastest_part_over_mean": min(parts) * PARTS / sum(parts),
        },
    }


def ratios(row: dict[str, Any]) -> dict[str, Any]:
    """The loop's seconds over those of the others."""
    loop = row["loop"]["seconds"]
    return row | {"loop_over_command": loop / row["command"]["seconds"], "loop_over_engine": loop / row["engine"]["seconds"]}


def together(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All markets, one after the other."""
    ways = ("command", "command_with_causes", "engine", "loop")
    summed = {way: {unit: sum(row[way][unit] for row in rows) for unit in ("seconds", "clock")} for way in ways}
    return ratios({"market": "all five", "loans": sum(row["loans"] for row in rows), "paths": rows[0]["paths"]} | summed)


def measure(data: Path, quick: bool) -> dict[str, Any]:
    """Everything."""
    part = 100 if quick else 1
    about = machine_facts()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        markets = []
        for market in FIGURES["MARKETS"]:
            markets.append(ratios(real(data, market, place / market, PATHS // part)))
            print(line(markets[-1]), file=sys.stderr)
        made = ratios(synthetic(data, place / "synthetic", SYNTHETIC_PATHS // part, max(PARTS, SYNTHETIC_LOOPED // part)))
    race = Race(SYNTHETIC).run()
    return {
        "schema": "ringfence.bench.notebook/1",
        **about,
        "load_after": round(os.getloadavg()[0], 1),
        "steps": STEPS,
        "markets": markets,
        "together": together(markets),
        "synthetic": made,
        "race": race,
    }


def line(row: dict[str, Any]) -> str:
    """One book as a line of the table."""
    command, causes = row["command"], row.get("command_with_causes")
    shown = [f"{row['loop']['seconds']:,.1f}", f"{row['engine']['seconds']:.2f}", f"{command['seconds']:.1f}", f"{command['clock']:.1f}"]
    shown += [f"{causes['seconds']:.1f}" if causes else "", f"{row['loop_over_engine']:,.0f}", f"{row['loop_over_command']:,.1f}"]
    return f"| {row.get('market', 'synthetic')} | {row['loans']:,} | {row['paths']:,} | {' | '.join(shown)} |"


def text(found: dict[str, Any]) -> str:
    """The table in Markdown, as docs/comparisons.md has it, and what it rests on."""
    made = found["synthetic"]["loop"]
    heads = ["book", "loans", "paths", "loop, s", "engine by the loop's rule, s", "whole command, s", "its clock, s", "with causes, s"]
    heads += ["loop over engine", "loop over command"]
    return "\n".join(
        [
            f"| {' | '.join(heads)} |",
            f"|---|{'---:|' * (len(heads) - 1)}",
            *(line(row) for row in [*found["markets"], found["together"], found["synthetic"]]),
            "",
            f"Python {found['python']}, NumPy {found['numpy']}, numba {found['numba']}, {found['processor']}, {found['cores']} cores, "
            f"load {found['load_before']} before and {found['load_after']} after",
            f"the loop of {found['synthetic']['loans']:,} loans: {made['paths']} paths in {made['seconds_measured']:.1f} s, times "
            f"{found['synthetic']['paths'] / made['paths']:g}; its tenths took {made['fastest_part_over_mean']:.2f} to "
            f"{made['slowest_part_over_mean']:.2f} of their mean",
            "engine, synthetic loans, us a path-step: "
            + ", ".join(f"{name} {rule['us']:.1f} ({rule['cohorts']:,} cohorts)" for name, rule in found["synthetic"]["rules"].items()),
            f"bench/stress.py's race at {found['race']['positions']:,} loans, in this run: {found['race']['ratio']:,.0f}",
        ]
    )


def main() -> None:
    """Measure, print, write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the paths")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    found = measure(given.data.resolve(), given.quick)
    print(text(found))
    if given.json:
        given.json.write_text(json.dumps(rounded(found, 4), indent=1) + "\n")


if __name__ == "__main__":
    main()
