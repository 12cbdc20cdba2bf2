#!/usr/bin/env python3
"""How many operations a second the model does on a realistic mix, on one core.

    python bench/model.py [--operations N] [--json FILE]

The pool: ETH/USDC terms of 6 and 18 decimals, KinkedRate, 200 borrowers, 20 lenders; 12 seconds pass before every operation, so each one
accrues interest at a rate of its own and serves the reserve. Every operation must succeed. Timed are the calls alone, drawn beforehand, in
seconds of the processor, so that what else the machine does counts little; the best of three runs counts. Beside it stands how many
deposits into the same pool the EVM alone does in the same run.
"""

import argparse
import json
import os
import platform
import time
import timeit
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.model.erc20 import Ledger
from ringfence.model.kinked_rate import KinkedRate
from ringfence.model.pool import Pool
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms

# Each call as often as any other; of the sales one in six is as large as the terms allow, and is undone by two more calls.
MIX = {
    "deposit": 6,
    "withdraw": 6,
    "supply_collateral": 6,
    "withdraw_collateral": 6,
    "borrow": 6,
    "repay": 6,
    "accrue": 6,
    "liquidate a part": 5,
    "liquidate to target, then borrow again": 1,
}
USDC, ETH = 10**6, 10**18
# USDC base units for 1 ETH base unit: 2,000, and what makes every borrower unhealthy.
CALM, CRASHED = (price * USDC * PRICE_SCALE // ETH for price in (2_000, 1_450))
RATE = (10**9 // 3, 9 * WAD // 10, 10**9, 10**11)
BLOCK = 12
# Processes that wanted a processor before this one did.
LOAD = os.getloadavg()[0]
TARGET = 150_000


class Oracle:
    """One price on both sides."""

    def __init__(self) -> None:
        self.price = CALM

    def prices(self) -> tuple[int, int]:
        return self.price, self.price


def terms() -> Terms:
    """ETH/USDC, as recommended to start from."""
    cap = 2**127 - 1
    return Terms(
        "asset", "collateral", "oracle", "rate", ZERO_ADDRESS, ZERO_ADDRESS,
        max_ltv=80 * WAD // 100, liq_ltv=85 * WAD // 100, target_ltv=80 * WAD // 100,
        incentive_base=5 * WAD // 1000, incentive_rise=WAD // 400 // 60, incentive_slope=0, incentive_max=6 * WAD // 100,
        penalty=WAD // 100, reserve_factor=WAD // 10, reserve_target=WAD // 50, creator_fee=0, premium=0,
        supply_cap=cap, borrow_cap=cap // 10**6, min_debt=500 * USDC, solvent_window=1_200, sale_timeout=3_600, lockup=0,
    )  # fmt: skip


class Bench:
    """The pool, ready for any operation of the mix."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now = 1_700_000_000
        self.oracle = Oracle()
        self.asset, self.collateral = Ledger(), Ledger()
        self.pool = Pool(
            terms(),
            asset=self.asset,
            collateral=self.collateral,
            oracle=self.oracle,
            rate_model=KinkedRate(*RATE),
            now=self.now,
        )
        self.lenders = [f"lender {number}" for number in range(20)]
        self.borrowers = [f"borrower {number}" for number in range(200)]
        for token in (self.asset, self.collateral):
            for account in (*self.lenders, *self.borrowers, "liquidator"):
                token.mint(account, 10**40)
                token.approve(account, "pool", MAX_UINT256)
        for lender in self.lenders:
            self.pool.deposit(lender, 10**6 * USDC, lender, self.now)
        for borrower in self.borrowers:
            self.pool.supply_collateral(borrower, 50 * ETH, borrower, self.now)
            self.pool.borrow(borrower, 70_000 * USDC, borrower, borrower, self.now)

    def draw(self, count: int) -> list[tuple[str, str, int]]:
        """Kind, account and amount of every operation to come."""
        kinds = self.rng.choices(list(MIX), list(MIX.values()), k=count)
        return [(kind, *self._who_and_how_much(kind)) for kind in kinds]

    def _who_and_how_much(self, kind: str) -> tuple[str, int]:
        rng = self.rng
        if kind in ("deposit", "withdraw"):
            return rng.choice(self.lenders), rng.randint(1, 1_000) * USDC + rng.randint(0, USDC)
        if kind in ("supply_collateral", "withdraw_collateral"):
            # More comes in than goes out: the rest is sold.
            return rng.choice(self.borrowers), rng.randint(1, 10**15) + (10**16 if kind == "supply_collateral" else 0)
        # Borrowed is what repayments and sales take away, so that debts stay about as they are.
        most = 92 if kind == "borrow" else 50
        return rng.choice(self.borrowers), rng.randint(1, most) * USDC + rng.randint(0, USDC)

    def run(self, drawn: list[tuple[str, str, int]]) -> int:
        """Do all of it; return how many calls of the pool that was."""
        pool, oracle, now = self.pool, self.oracle, self.now
        calls = 0
        for kind, who, amount in drawn:
            now += BLOCK
            calls += 1
            match kind:
                case "deposit":
                    pool.deposit(who, amount, who, now)
                case "withdraw":
                    pool.withdraw(who, amount, who, who, now)
                case "supply_collateral":
                    pool.supply_collateral(who, amount, who, now)
                case "withdraw_collateral":
                    pool.withdraw_collateral(who, amount, who, who, now)
                case "borrow":
                    pool.borrow(who, amount, who, who, now)
                case "repay":
                    pool.repay(who, amount, who, now)
                case "accrue":
                    pool.accrue(who, now)
                case "liquidate a part":
                    oracle.price = CRASHED
                    pool.liquidate("liquidator", who, amount, 0, "liquidator", b"", now)
                    oracle.price = CALM
                case _:
                    oracle.price = CRASHED
                    payment, sold = pool.liquidate("liquidator", who, MAX_UINT256, 0, "liquidator", b"", now)
                    oracle.price = CALM
                    pool.supply_collateral(who, sold, who, now + BLOCK)
                    pool.borrow(who, payment * 999 // 1000, who, who, now + 2 * BLOCK)
                    now += 2 * BLOCK
                    calls += 2
            pool.events.clear()
        self.now = now
        return calls


def raw_deposits(count: int) -> float:
    """Deposits a second that the EVM alone does on the same contract, each in a block of its own."""
    owner = "0x" + "11" * 20
    chain = EmbeddedChain(timestamp=1_700_000_000, compact_after=10**9)
    asset, collateral = (Contract.create(chain, load("mocks/erc20_mock"), owner, decimals) for decimals in (6, 18))
    oracle, rate = Contract.create(chain, load("mocks/oracle_mock"), owner), Contract.create(chain, load("KinkedRate"), owner, *RATE)
    numbers = [getattr(terms(), field) for field in Terms.__slots__[6:]]
    named = (asset.address, collateral.address, oracle.address, rate.address, ZERO_ADDRESS, owner, *numbers)
    pool = Contract.create(chain, load("Pool"), owner, named, "Pool", "POOL")
    asset.transact(owner, "mint", owner, 10**40)
    asset.transact(owner, "approve", pool.address, MAX_UINT256)
    calldata = pool.calldata("deposit", USDC, owner)
    machine = chain._evm
    return count / best(lambda: [machine.message_call(owner, pool.address, calldata) for _ in range(count)])


def best(act: Callable[[], Any]) -> float:
    """Seconds of the fastest of three."""
    seconds = []
    for _ in range(3):
        started = time.process_time()
        act()
        seconds.append(time.process_time() - started)
    return min(seconds)


def machine_facts() -> dict[str, Any]:
    """What the figures depend on; the turn of an empty loop tells how the interpreter was built and how busy the machine is."""
    names = [line.split(":")[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return {
        "python": platform.python_version(),
        "loop_nanoseconds": round(min(timeit.repeat("for _ in range(10**6): pass", number=1, repeat=9)) * 1000, 1),
        "machine": platform.machine(),
        "processor": names[0] if names else platform.processor(),
        "processors": os.cpu_count(),
        "load_before": round(LOAD, 1),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--operations", type=int, default=100_000, help="drawn for each of the three runs (default 100,000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    given = parser.parse_args()
    bench = Bench(seed=1)
    rates = []
    drawn = []
    for _ in range(3):
        drawn = bench.draw(given.operations)
        started = time.process_time()
        calls = bench.run(drawn)
        rates.append(calls / (time.process_time() - started))
    raw = raw_deposits(5_000)
    figures: dict[str, Any] = {
        "operations_per_second": round(max(rates)),
        "all_runs": [round(rate) for rate in rates],
        "raw_evm_deposits_per_second": round(raw),
        "model_over_raw_evm": round(max(rates) / raw, 2),
        "target_operations_per_second": TARGET,
        "mix_percent": {kind: round(100 * count / len(drawn), 1) for kind, count in Counter(kind for kind, *_ in drawn).most_common()},
        "machine": machine_facts(),
    }
    facts = figures["machine"]
    print(f"{facts['processor']}, Python {facts['python']}, one core; an empty loop turns in {facts['loop_nanoseconds']} ns")
    print(f"model, realistic mix           {max(rates):12,.0f} operations/s  (three runs: {', '.join(f'{rate:,.0f}' for rate in rates)})")
    print(f"deposits on the EVM alone      {raw:12,.0f} /s")
    print(f"model over EVM                 {max(rates) / raw:12.1f}")
    print("mix: " + ", ".join(f"{kind} {share} %" for kind, share in figures["mix_percent"].items()))
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
