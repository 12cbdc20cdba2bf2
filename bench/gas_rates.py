#!/usr/bin/env python3
"""Gas of a pool with AdaptiveRate beside KinkedRate, and of a price of its shares, in whole transactions on a real node.

    bench/gas_rates.py [--json FILE]        fetches anvil by scripts/fetch_anvil, or takes ANVIL=/path/to/anvil

Measured as bench/gas.py measures, whose market and rows these are, with the terms of ETH/USDC: every call is the first of its block and
accrues. The price is asked by a transaction of its own, with its 21,000 and calldata, 12 seconds after its pool was touched.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

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
FOUR_PERCENT = 4 * gas.WAD // 100 // gas.YEAR


def with_rate(node: gas.Node, name: str) -> gas.Market:
    """The market of bench/gas.py with another rate model in the place of its own."""
    deploy = node.deploy

    def instead(contract: str, *arguments: Any) -> gas.Contract:
        return deploy(name, FOUR_PERCENT) if (contract, name) == ("KinkedRate", "AdaptiveRate") else deploy(contract, *arguments)

    node.deploy = instead  # type: ignore[method-assign]  # this instance alone, until the market stands
    try:
        return gas.market(node, *gas.POOLS["ETH/USDC terms"])
    finally:
        node.deploy = deploy  # type: ignore[method-assign]


def measure(node: gas.Node) -> dict[str, dict[str, int]]:
    """Row -> rate model -> gas."""
    figures: dict[str, dict[str, int]] = {name: {} for name in (*ROWS, "VaultPrice.prices() over the pool", "VaultPrice.checkpoint()")}
    for name in ("KinkedRate", "AdaptiveRate"):
        made = with_rate(node, name)
        for row in gas.ROWS:
            if row.name in ROWS:
                with node.undone():
                    figures[row.name][name] = int(row.run(made)["gasUsed"], 16)
        base = node.deploy("SinglePrice", made.feed.address)
        price = node.deploy("VaultPrice", made.pool.address, base.address, made.unit * 10**18, gas.WAD // 1_000, 1, 2**128 - 1)
        figures["VaultPrice.prices() over the pool"][name] = int(node.send(gas.OTHER, price, "prices")["gasUsed"], 16)
        figures["VaultPrice.checkpoint()"][name] = int(node.send(gas.OTHER, price, "checkpoint")["gasUsed"], 16)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    with gas.node(gas.ARTIFACTS) as started:
        figures = measure(started)
        version = started.rpc("web3_clientVersion")
    print(f"{'gas of a whole transaction':40}{'KinkedRate':>14}{'AdaptiveRate':>14}{'more':>8}")
    for row, by_rate in figures.items():
        kinked, adaptive = by_rate["KinkedRate"], by_rate["AdaptiveRate"]
        print(f"{row:40}{kinked:14,}{adaptive:14,}{adaptive - kinked:8,}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"node": version, "gas": figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
