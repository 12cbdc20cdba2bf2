#!/usr/bin/env python3
"""How fast replays are on both engines, what memory they take, and how soon the command line answers.

    python bench/replay.py [--quick] [--json FILE]

The pool: ETH/USDC terms of 6 and 18 decimals, KinkedRate, synthetic loans between 30 and 85 % LTV, and prices a minute apart that fall by a
third on the way, so that part of the book is sold. Every figure comes from a process of its own that reads its files with the readers
everybody uses. Times are seconds of the processor, so that what else the machine does counts little; memory is the largest the process ever
held. --quick leaves out what takes longer than a few seconds. The whole takes about three minutes.
"""

import argparse
import csv
import gzip
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

TERMS = """\
[pool]
collateral_decimals = 18
asset_decimals = 6
supply = "{supply}"
reserve = "0"

[terms]
liq_ltv = "0.86"
max_ltv = "0.80"
incentive_base = "0.05"
penalty = "0.01"
reserve_factor = "0.1"
reserve_target = "0.02"

[rate]
model = "kinked"
base_per_year = "0.01"
kink = "0.9"
slope_below_per_year = "0.04"
slope_above_per_year = "1"
"""
START, PRICE = 1_600_000_000, 2_000
SPEED = (1_000, 20_000)
SIZES = {"model": (1_000, 100_000, 1_000_000), "chain": (1_000, 10_000, 100_000)}
SIZE_ROWS = 200
QUICK_POSITIONS = 10_000
STREAM = 1_000_000
LONG = (100, (20_000, 100_000, 300_000))
HELP_GOAL = 0.3
NOT_MEASURED = (
    "chain at 1,000,000 positions: not measured; time and memory grow with the positions, and filling the pool alone is 4,000,000 calls"
)


# In a process of its own


def make_book(file: str, positions: int) -> dict[str, Any]:
    """Writes a book of so many loans."""
    rng = Random(1)
    with open(file, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("account", "collateral", "debt"))
        for place in range(positions):
            collateral = rng.randint(100, 10_000)
            rows.writerow((f"account {place}", f"{collateral / 100}", f"{collateral * PRICE * rng.randint(30, 85) // 10_000}"))
    return {}


def make_prices(file: str, rows: int) -> dict[str, Any]:
    """Writes prices of so many minutes that fall by a third; the name says in which format."""
    rng = Random(2)
    times = [START + 60 * row for row in range(rows)]
    prices = [f"{PRICE * (1 - row / rows / 3) * rng.uniform(0.995, 1.005):.6f}" for row in range(rows)]
    if file.endswith(".parquet"):
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.table({"timestamp": times, "price": [float(price) for price in prices]}), file)
        return {}
    with gzip.open(file, "wt", 6) if file.endswith(".gz") else open(file, "w", encoding="utf-8") as out:
        out.write("timestamp,price\n")
        out.writelines(f"{now},{price}\n" for now, price in zip(times, prices, strict=True))
    return {}


def read_prices(file: str) -> dict[str, Any]:
    """Reads prices."""
    from ringfence.inputs.prices import read_prices as read

    begin = time.process_time()
    rows = len(read(file, 18, 6))
    return {"rows": rows, "seconds": time.process_time() - begin}


def replay(engine: str, folder: str, positions: int, prices: str) -> dict[str, Any]:
    """Reads a book, its terms and prices, and replays them on an engine."""
    from ringfence.chain.engine import ChainEngine
    from ringfence.inputs.book import read_book
    from ringfence.inputs.pool_file import read_pool_file
    from ringfence.inputs.prices import read_prices as read
    from ringfence.lab.model_engine import ModelEngine
    from ringfence.lab.replay import replay as run

    class FirstRow(ModelEngine if engine == "model" else ChainEngine):  # type: ignore[misc]
        """Notes when the pool is set up."""

        began = 0.0

        def advance(self, now: int, price: int) -> int:
            self.began = self.began or time.process_time()
            return int(super().advance(now, price))

    marks = [time.process_time()]
    book = read_book(Path(folder, f"book_{positions}.csv"), 18, 6)
    history = read(Path(folder, prices), 18, 6)
    terms = Path(folder, f"terms_{positions}.toml")
    terms.write_text(TERMS.format(supply=sum(book.debt) * 5 // 4 // 10**6))
    pool = read_pool_file(terms)
    marks.append(time.process_time())
    used = FirstRow()
    result = run(book, pool, history, engine=used)
    marks += [used.began, time.process_time()]
    figures = {"positions": len(book), "rows": len(history), "sales": result.pool.sales, "positions_sold": result.pool.positions_sold}
    names = ("read_seconds", "set_up_seconds", "rows_seconds")
    return figures | {name: later - earlier for name, earlier, later in zip(names, marks, marks[1:], strict=False)}


JOBS = {job.__name__: job for job in (make_book, make_prices, read_prices, replay)}


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) / 1_000 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1_000_000 if sys.platform == "darwin" else 1_000)


# In the process that was called


def apart(job: str, *arguments: Any) -> dict[str, Any]:
    """What a job returns in a process of its own, with its peak memory."""
    command = [sys.executable, __file__, "--job", json.dumps([job, *arguments])]
    done: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return done


class Bench:
    """A folder of inputs, made as they are needed, and the figures so far."""

    def __init__(self, folder: str, quick: bool) -> None:
        self.folder, self.quick = folder, quick

    def replay(self, engine: str, positions: int, rows: int) -> dict[str, Any]:
        """One replay."""
        book, prices = Path(self.folder, f"book_{positions}.csv"), self.prices(rows, "csv")
        if not book.exists():
            apart("make_book", str(book), positions)
        return apart("replay", engine, self.folder, positions, prices)

    def prices(self, rows: int, kind: str) -> str:
        """The name of a file of prices."""
        name = f"prices_{rows}.{kind}"
        if not Path(self.folder, name).exists():
            apart("make_prices", str(Path(self.folder, name)), rows)
        return name

    def start_up(self) -> dict[str, Any]:
        """Seconds until `ringfence --help` has answered, by the clock on the wall, beside a Python that does nothing."""
        program = "from ringfence.cli.main import main; main()"
        helps, bare = [], []
        for _ in range(10):
            bare.append(wall([sys.executable, "-c", "pass"]))
            helps.append(wall([sys.executable, "-c", program, "--help"]))
        return {"best": min(helps), "median": statistics.median(helps), "python alone": min(bare), "goal": HELP_GOAL}

    def speed(self) -> dict[str, Any]:
        """Both engines on the same replay, best of three, and how many times faster the model is."""
        positions, rows = SPEED
        found: dict[str, Any] = {}
        for engine in ("model", "chain"):
            best = min((self.replay(engine, positions, rows) for _ in range(3)), key=lambda run: run["rows_seconds"])
            per_second = positions * rows / best["rows_seconds"]
            found[engine] = best | {"rows_a_second": rows / best["rows_seconds"], "rows_x_positions_a_second": per_second}
        found["model over chain"] = found["model"]["rows_x_positions_a_second"] / found["chain"]["rows_x_positions_a_second"]
        return found

    def sizes(self) -> dict[str, list[dict[str, Any]]]:
        """Time and memory by the size of the book."""
        return {
            engine: [self.replay(engine, size, SIZE_ROWS) for size in sizes if not self.quick or size <= QUICK_POSITIONS]
            for engine, sizes in SIZES.items()
        }

    def lengths(self) -> dict[str, list[dict[str, Any]]]:
        """Time and memory by the length of the history; a million rows on the model."""
        positions, rows = LONG
        if self.quick:
            return {}
        return {
            "model": [self.replay("model", positions, STREAM)],
            "chain": [self.replay("chain", positions, length) for length in rows],
        }

    def stream(self) -> dict[str, dict[str, Any]]:
        """Reading a million prices in each format that can be read here."""
        rows = STREAM // 10 if self.quick else STREAM
        kinds = ["csv", "csv.gz"] + ["parquet"] * has_pyarrow()
        return {kind: apart("read_prices", str(Path(self.folder, self.prices(rows, kind)))) for kind in kinds}


def wall(command: list[str]) -> float:
    """Seconds of a command by the clock on the wall."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def has_pyarrow() -> bool:
    """Whether Parquet can be read."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None


def machine_facts() -> dict[str, Any]:
    """What the figures depend on."""
    cpu = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")] if cpu.exists() else []
    processor = names[0] if names else platform.processor()
    return {"python": platform.python_version(), "machine": platform.machine(), "processor": processor, "cores": os.cpu_count()}


def measure(quick: bool) -> dict[str, Any]:
    """Everything."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, quick)
        return {
            "schema": "ringfence.bench.replay/1",
            **machine_facts(),
            "start_up": bench.start_up(),
            "speed": bench.speed(),
            "sizes": bench.sizes(),
            "lengths": bench.lengths(),
            "price_stream": bench.stream(),
            "not_measured": NOT_MEASURED,
        }


def text(found: dict[str, Any]) -> str:
    """The figures for a person."""
    start, speed = found["start_up"], found["speed"]
    verdict = "met" if start["best"] < start["goal"] else "missed"
    lines = [
        f"Python {found['python']}, {found['processor']}, {found['cores']} cores; seconds of the processor, but start-up by the clock",
        "",
        f"ringfence --help   {start['best']:.3f} s best, {start['median']:.3f} s median; Python alone {start['python alone']:.3f} s; "
        f"goal {start['goal']} s: {verdict}",
        "",
        "speed: {positions:,} positions, {rows:,} rows, {sales:,} sales, set-up aside".format(**speed["model"]),
    ]
    for engine in ("model", "chain"):
        per_second, rows = speed[engine]["rows_x_positions_a_second"], speed[engine]["rows_a_second"]
        lines.append(f"  {engine:8}{per_second:16,.0f} rows x positions / s{rows:12,.0f} rows / s")
    lines.append(f"  the model is {speed['model over chain']:.1f} times as fast as the contracts")
    for title, runs in (("by the size of the book", found["sizes"]), ("by the length of the history", found["lengths"])):
        lines += ["", f"{title:30}{'positions':>11}{'rows':>11}{'sales':>9}{'read s':>9}{'set-up s':>10}{'rows s':>9}{'peak MB':>10}"]
        lines += [run_line(engine, run) for engine, listed in runs.items() for run in listed]
    lines += ["", f"{'reading prices':30}{'rows':>11}{'seconds':>11}{'peak MB':>10}"]
    for kind, run in found["price_stream"].items():
        lines.append(f"  {kind:28}{run['rows']:>11,}{run['seconds']:>11.2f}{run['peak_megabytes']:>10,.0f}")
    return "\n".join([*lines, "", found["not_measured"]])


def run_line(engine: str, run: dict[str, Any]) -> str:
    """One replay as a line of a table."""
    counts = f"{run['positions']:>11,}{run['rows']:>11,}{run['sales']:>9,}"
    times = f"{run['read_seconds']:>9.2f}{run['set_up_seconds']:>10.2f}{run['rows_seconds']:>9.2f}"
    return f"  {engine:28}{counts}{times}{run['peak_megabytes']:>10,.0f}"


def rounded(found: Any, digits: int = 3) -> Any:
    """The figures to so many digits behind the point."""
    if isinstance(found, dict):
        return {name: rounded(value, digits) for name, value in found.items()}
    if isinstance(found, list):
        return [rounded(value, digits) for value in found]
    return round(found, digits) if isinstance(found, float) else found


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes longer than a few seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.job:
        name, *arguments = json.loads(given.job)
        result = JOBS[name](*arguments)
        print(json.dumps(result | {"peak_megabytes": peak_megabytes()}))
        return
    found = measure(given.quick)
    print(text(found))
    if given.json:
        given.json.write_text(json.dumps(rounded(found), indent=1) + "\n")


if __name__ == "__main__":
    main()
