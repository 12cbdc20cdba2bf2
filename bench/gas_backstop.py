#!/usr/bin/env python3
"""Gas of every call of a backstop, in whole transactions on a real node.

    bench/gas_backstop.py [--json FILE] [--artifacts DIR]        fetches anvil by scripts/fetch_anvil, or takes ANVIL=/path/to/anvil

A figure is `gasUsed` of the receipt, measured as bench/gas.py measures: calldata and the 21,000 of a transaction included, refunds taken
off, nothing warm. A plain ERC-20 mock; who calls already holds the token and has approved the fund without limit. `cover` is called
alone, from an account that stands for a pool, so it has 21,000 and its calldata in it that a sale pays only once. The last rows are whole
sales of a real pool, with the terms of ETH/USDC of bench/gas.py, no reserve, and a premium of 5 % of the interest.
"""

import sys
from typing import Any

from gas import BUYER, ETH_USDC, LENDER, OTHER, UNLIMITED, WAD, Contract, Market, Node, account, market, report

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


def measure_pool(made: Node) -> dict[str, int]:
    """Row -> gas of what a pool and its backstop do together."""
    funds: list[Contract] = []

    def fund_for(asset: Contract) -> Contract:
        funds.append(made.deploy("Backstop", asset.address, "Ringfence backstop", "RFB", COOLDOWN))
        return funds[0]

    terms = ETH_USDC | {"reserve_factor": 0, "premium": WAD // 20}
    pool = market(made, terms, 6, 600, backstop=fund_for)
    (fund,) = funds
    made.send(account("deployer"), fund, "set_cover", pool.pool.address, 300_000 * UNIT, WAD)
    made.send(account("deployer"), fund, "seal")
    made.send(LENDER, pool.asset, "approve", fund.address, UNLIMITED)
    made.send(LENDER, fund, "deposit", 1_000_000 * UNIT, LENDER)
    figures = {"pay_premium": int(pool.call(OTHER, "pay_premium")["gasUsed"], 16)}
    pool.large_ltv(110)
    for number, when in enumerate(("first of a pool", "again")):
        receipt = pool.call(BUYER, "liquidate", pool.small[number], UNLIMITED, 0, BUYER, b"")
        _must_draw(pool, receipt)
        figures[f"liquidate, insolvent, with a draw, {when}"] = int(receipt["gasUsed"], 16)
    return figures


def _must_draw(pool: Market, receipt: dict[str, Any]) -> None:
    ours = [log for log in receipt["logs"] if log["address"] == pool.pool.address]
    losses = [log for log in ours if pool.pool.interface.events[bytes.fromhex(log["topics"][0][2:])].name == "LossRealised"]
    words = [int(losses[0]["data"][2 + 64 * i : 66 + 64 * i], 16) for i in range(5)]
    loss, from_reserve, from_backstop, from_lenders, from_premium = words
    if not loss == from_backstop > 0 == from_reserve + from_lenders + from_premium:
        raise RuntimeError("a loss was not drawn whole from the backstop: its row would not say what was measured")


def measure_all(made: Node) -> dict[str, int]:
    return measure(made) | measure_pool(made)


def table(figures: dict[str, int]) -> str:
    return "\n".join(f"{name:50}{gas:10,}" for name, gas in figures.items())


if __name__ == "__main__":
    sys.exit(report(__doc__, measure_all, table))
