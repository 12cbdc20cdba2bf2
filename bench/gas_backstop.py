#!/usr/bin/env python3
"""Gas of every call of a backstop, in whole transactions on a real node.

    bench/gas_backstop.py [--json FILE]        fetches anvil by scripts/fetch_anvil, or takes ANVIL=/path/to/anvil

A figure is `gasUsed` of the receipt, measured as bench/gas.py measures: calldata and the 21,000 of a transaction included, refunds taken
off, nothing warm. A plain ERC-20 mock; who calls already holds the token and has approved the fund without limit. A draw is the call of
`cover` alone, from an account that stands for a pool, so it has 21,000 and its calldata in it that a sale pays only once.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gas import ARTIFACTS, LENDER, OTHER, UNLIMITED, WAD, Contract, Node, account, node

UNIT, COOLDOWN = 10**6, 864_000  # asset base units of a whole token; seconds
POOL, SECOND = account("pool"), account("second pool")


def fund_of(made: Node) -> Contract:
    """A sealed fund with one underwriter and a million in it, which two pools may draw."""
    asset = made.deploy("mocks/erc20_mock", 6)
    fund = made.deploy("Backstop", asset.address, "Ringfence backstop", "RFB", COOLDOWN)
    for pool in (POOL, SECOND):
        made.send(account("deployer"), fund, "set_cover", pool, 300_000 * UNIT, WAD // 2)
    made.send(account("deployer"), fund, "seal")
    for who in (LENDER, OTHER):
        made.send(OTHER, asset, "mint", who, 10_000_000 * UNIT)
        made.send(who, asset, "approve", fund.address, UNLIMITED)
    made.send(LENDER, fund, "deposit", 1_000_000 * UNIT, LENDER)
    return fund


def measure(made: Node) -> dict[str, int]:
    """Row -> gas, each call upon what the rows before it left."""
    fund, figures = fund_of(made), {}

    def row(name: str, sender: str, function: str, *arguments: Any) -> None:
        figures[name] = int(made.send(sender, fund, function, *arguments)["gasUsed"], 16)

    row("deposit, first of an underwriter", OTHER, "deposit", 1_000 * UNIT, OTHER)
    row("deposit, again", OTHER, "deposit", 1_000 * UNIT, OTHER)
    row("transfer, nothing under notice", OTHER, "transfer", LENDER, 500 * UNIT * WAD // 10**12)
    held = made.read(fund, "balanceOf", OTHER)
    row("request_redeem, first", OTHER, "request_redeem", held // 2)
    row("request_redeem, again", OTHER, "request_redeem", held)
    row("cover, first of a pool (and first of that token)", POOL, "cover", 1_000 * UNIT)
    row("cover, again", POOL, "cover", 1_000 * UNIT)
    row("cover, up to its limit", POOL, "cover", UNLIMITED)
    row("cover, nothing left", POOL, "cover", UNLIMITED)
    made.now += COOLDOWN
    row("redeem, part of the notice", OTHER, "redeem", held // 2, OTHER, OTHER)
    row("redeem, the rest", OTHER, "redeem", held - held // 2, OTHER, OTHER)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    with node(ARTIFACTS) as started:
        figures = measure(started)
        version = started.rpc("web3_clientVersion")
    print("\n".join(f"{name:50}{gas:10,}" for name, gas in figures.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps({"node": version, "gas": figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
