#!/usr/bin/env python3
"""Gas of a pool with AdaptiveRate beside KinkedRate, and of a price of its shares, in whole transactions on a real node.

    bench/gas_rates.py [--json FILE] [--artifacts DIR]        fetches anvil by scripts/fetch_anvil, or takes ANVIL=/path/to/anvil

Measured as bench/gas.py measures, whose market and rows these are, with the terms of ETH/USDC: every call is the first of its block and
accrues. The price is asked by a transaction of its own, with its 21,000 and calldata, 12 seconds after its pool was touched.
"""

import sys

import gas

ROWS = (
    "deposit, again",
    "withdraw, part",
    "borrow, again",
    "repay, part",
    "liquidate, part (ends healthy)",
    "liquidate, all",
    "liquidate, insolvent, with a loss",
    "accrue",
)
RATES = {"KinkedRate": gas.KINKED, "AdaptiveRate": ("AdaptiveRate", 4 * gas.WAD // 100 // gas.YEAR)}


def measure(node: gas.Node) -> dict[str, dict[str, int]]:
    """Row -> rate model -> gas."""
    figures: dict[str, dict[str, int]] = {name: {} for name in (*ROWS, "VaultPrice.prices() over the pool", "VaultPrice.checkpoint()")}
    for name, rate in RATES.items():
        made = gas.market(node, *gas.POOLS["ETH/USDC terms"], rate=rate)
        for row in gas.ROWS:
            if row.name in ROWS:
                with node.undone():
                    figures[row.name][name] = int(row.run(made)["gasUsed"], 16)
        base = node.deploy("SinglePrice", made.feed.address)
        price = node.deploy("VaultPrice", made.pool.address, base.address, made.unit * 10**18, gas.WAD // 1_000, 1, 2**128 - 1)
        figures["VaultPrice.prices() over the pool"][name] = int(node.send(gas.OTHER, price, "prices")["gasUsed"], 16)
        figures["VaultPrice.checkpoint()"][name] = int(node.send(gas.OTHER, price, "checkpoint")["gasUsed"], 16)
    return figures


def table(figures: dict[str, dict[str, int]]) -> str:
    lines = [f"{'gas of a whole transaction':40}{'KinkedRate':>14}{'AdaptiveRate':>14}{'more':>8}"]
    for row, by_rate in figures.items():
        kinked, adaptive = by_rate["KinkedRate"], by_rate["AdaptiveRate"]
        lines.append(f"{row:40}{kinked:14,}{adaptive:14,}{adaptive - kinked:8,}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(gas.report(__doc__, measure, table))
