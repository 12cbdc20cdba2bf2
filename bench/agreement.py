#!/usr/bin/env python3
"""How many operations a second contract and model do side by side, everything compared after each, on one core.

    python bench/agreement.py [--operations N] [--seed S] [--json FILE]

An operation is what tests/agreement/driver.py does once: draw it from the state, call the shipped contract and the model, compare result,
events, storage, balances and four views (every 50 operations all views and the whole storage). Times are of the processor, deployment of a
world every 200 operations included. Beside it stand the parts, and what the EVM alone does with the same transactions.
"""

import argparse
import json
import os
import platform
import sys
import time
import timeit
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.agreement import driver, twins, views  # noqa: E402 - the driver lies beside the tests it serves

# Processes that wanted a processor before this one did.
LOAD = os.getloadavg()[0]
TARGET = 1_000


class Stopwatch:
    """Adds up the processor's seconds that pass inside functions; what one of them calls counts in both."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()

    def on(self, owner: Any, name: str, label: str) -> None:
        """Measure a method from now on."""
        inner: Callable[..., Any] = getattr(owner, name)

        def measured(*arguments: Any, **keywords: Any) -> Any:
            started = time.process_time()
            try:
                return inner(*arguments, **keywords)
            finally:
                self.seconds[label] += time.process_time() - started
                self.calls[label] += 1

        setattr(owner, name, measured)


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--operations", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the first world (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    started = time.process_time()
    counts = driver.run(given.operations, given.seed)
    seconds = time.process_time() - started
    watch = measured_parts(given.operations, given.seed)
    rate = counts["operations"] / seconds
    raw = watch.calls["raw EVM"] / watch.seconds["raw EVM"]
    figures: dict[str, Any] = {
        "compared_operations_per_second": round(rate),
        "target_operations_per_second": TARGET,
        "operations": counts["operations"],
        "succeeded": sum(count for kind, count in counts.items() if kind.startswith("done: ")),
        "sales": counts["sale: total"],
        "raw_evm_transactions_per_second": round(raw),
        "raw_evm_over_compared": round(raw / rate, 1),
        "microseconds_an_operation": {label: round(watch.seconds[label] / counts["operations"] * 1e6, 1) for label in watch.seconds},
        "machine": machine_facts(),
    }
    facts = figures["machine"]
    print(f"{facts['processor']}, Python {facts['python']}, one core; an empty loop turns in {facts['loop_nanoseconds']} ns")
    print(f"compared operations            {rate:12,.0f} /s")
    print(f"  of {counts['operations']:,} operations {figures['succeeded']:,} succeeded, with {figures['sales']:,} sales")
    print(f"the same on the EVM alone      {raw:12,.0f} /s   ({raw / rate:.1f} times)")
    for label, share in figures["microseconds_an_operation"].items():
        print(f"  {label:40}{share:8.1f} us an operation")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")


def measured_parts(operations: int, seed: int) -> Stopwatch:
    """The same run once more, slower for being watched."""
    watch = Stopwatch()
    watch.on(twins.Twins, "_on_contract", "contract, calldata and result decoded")
    watch.on(twins.Twins, "_on_model", "model")
    watch.on(twins.Twins, "check", "storage and balances compared")
    watch.on(views.Rotation, "some", "views in turn compared")
    watch.on(twins.Twins, "check_all", "all views and the whole storage compared")
    watch.on(twins.Twins, "__init__", "worlds created")
    inner = twins.Twins._on_contract
    clock = time.process_time

    def with_raw(self: twins.Twins, name: str, caller: str, arguments: Any) -> Any:
        # The transaction alone, done and taken back, before it is done for good.
        if caller != self.buyer.address:
            machine = self.chain._evm
            calldata = self.contract.calldata(name, *arguments)
            machine.reset_transient_storage()
            checkpoint = machine.snapshot()
            started = clock()
            try:
                machine.message_call(caller, self.contract.address, calldata)
            except RuntimeError:
                pass
            finally:
                watch.seconds["raw EVM"] += clock() - started
                watch.calls["raw EVM"] += 1
                machine.revert(checkpoint)
        return inner(self, name, caller, arguments)

    twins.Twins._on_contract = with_raw  # type: ignore[method-assign] # watched, not changed
    driver.run(operations, seed)
    return watch


def machine_facts() -> dict[str, Any]:
    """What the figures depend on; the turn of an empty loop tells how the interpreter was built and how busy the machine is."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "python": platform.python_version(),
        "loop_nanoseconds": round(min(timeit.repeat("for _ in range(10**6): pass", number=1, repeat=9)) * 1000, 1),
        "machine": platform.machine(),
        "processor": names[0] if names else platform.processor(),
        "processors": os.cpu_count(),
        "load_before": round(LOAD, 1),
    }


if __name__ == "__main__":
    main()
