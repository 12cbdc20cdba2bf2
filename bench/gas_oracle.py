#!/usr/bin/env python3
"""Gas of a guarded oracle with one and two sides, alone and within the calls of a pool, on a real node, beside SinglePrice over a feed.

    bench/gas_oracle.py [--json FILE] [--artifacts DIR]        fetches anvil by scripts/fetch_anvil, or takes ANVIL=/path/to/anvil

Measured as bench/gas.py measures: whole transactions, each the first of its block. `prices()` alone is its receipt less the 21,064 of a
transaction with four bytes. The feeds are mocks that read three words; a Chainlink feed, a proxy before an aggregator, costs more. The
terms are those of ETH/USDC. Sides of one feed price ETH in USDC straight, those of two by way of USD.
"""

import sys
from dataclasses import dataclass
from typing import Any

from gas import CROWD as SMALL
from gas import ETH_USDC, KINKED, LENDER, OTHER, ROWS, TERMS, WAD, Contract, Market, Node, Row, account, fill, report

WEEK = 7 * 24 * 3600
TRANSACTION = 21_064
UNIT = 10**6 * 10**36 // WAD  # one USDC an ETH
NOWHERE = "0x" + "00" * 20
MEASURED = (
    "borrow, again",
    "withdraw_collateral, with debt",
    "repay, part",
    "flag",
    "liquidate, part (ends healthy)",
    "liquidate, all",
    "liquidate, insolvent, with a loss",
    "liquidate_many of 10, all",
)
# Column -> feeds of each side; none is SinglePrice over a feed.
ORACLES: dict[str, tuple[int, ...]] = {
    "SinglePrice": (),
    "1 side, 1 feed": (1,),
    "1 side, 2 feeds": (2,),
    "2 sides, 1 feed": (1, 1),
    "2 sides, 2 feeds": (2, 2),
}


@dataclass(frozen=True, slots=True)
class GuardedMarket(Market):
    """The market of bench/gas.py with feeds of ETH, in the order of the sides."""

    oracle: Contract
    feeds: tuple[Contract, ...]

    def set_price(self, whole: float) -> None:
        for feed in self.feeds:
            self.node.send(OTHER, feed, "set", 0, int(whole * 10**8), self.node.now)
        if not self.feeds:
            self.node.send(OTHER, self.feed, "set_price", int(whole * 100) * UNIT // 100)


def make_oracle(node: Node, sides: tuple[int, ...], feed: Contract, eth: Contract, usdc: Contract) -> tuple[Contract, list[Contract]]:
    """The oracle of a column, at 2,000, and its feeds of ETH."""
    if not sides:
        return node.deploy("SinglePrice", feed.address), []
    parameters, bases = [], []
    for count in sides:
        base, quote = (node.deploy("mocks/aggregator_mock", 8) for _ in range(2))
        node.send(OTHER, base, "set", 0, 2_000 * 10**8, node.now)
        node.send(OTHER, quote, "set", 0, 10**8, node.now)
        parameters.append((base.address, WEEK, *((quote.address, WEEK) if count == 2 else (NOWHERE, 0))))
        bases.append(base)
    parameters += [(NOWHERE, 0, NOWHERE, 0)] * (2 - len(sides))
    divergence = WAD // 50 if len(sides) == 2 else 0
    return node.deploy("GuardedOracle", eth.address, usdc.address, *parameters, 100 * UNIT, 100_000 * UNIT, divergence), bases


def make_market(node: Node, sides: tuple[int, ...]) -> GuardedMarket:
    """A pool with the terms of ETH/USDC in the middle of its life, under the oracle of a column."""
    usdc, eth = node.deploy("mocks/erc20_mock", 6), node.deploy("mocks/erc20_mock", 18)
    feed = node.deploy("mocks/feed_mock")
    oracle, feeds = make_oracle(node, sides, feed, eth, usdc)
    rate_model = node.deploy(*KINKED)
    places = {"asset": usdc.address, "collateral": eth.address, "oracle": oracle.address, "rate_model": rate_model.address}
    values = {"backstop": NOWHERE, "fee_recipient": NOWHERE} | places | ETH_USDC
    pool = node.deploy("Pool", tuple(values.get(field, 0) for field in TERMS), "pool", "POOL")
    small = tuple(account(f"small {i}") for i in range(SMALL))
    made = GuardedMarket(node, pool, usdc, eth, feed, 10**6, account("large"), small, oracle, tuple(feeds))
    fill(made, ETH_USDC, 600)
    return made


def repay_with_clock(m: Market) -> dict[str, Any]:
    """A part of a debt whose clock runs, so that the oracle is asked; it stays unhealthy."""
    m.large_ltv(88)
    m.call(OTHER, "flag", m.large)
    return m.call(m.large, "repay", 1_000 * m.unit, m.large)


def measure(node: Node) -> dict[str, dict[str, int]]:
    """Row -> column -> gas."""
    rows = [*(row for row in ROWS if row.name in MEASURED), Row("repay, part, clock runs", repay_with_clock)]
    figures: dict[str, dict[str, int]] = {"prices() alone": {}} | {row.name: {} for row in rows}
    for column, sides in ORACLES.items():
        made = make_market(node, sides)
        assert isinstance(made, GuardedMarket)
        alone = int(node.send(LENDER, made.oracle, "prices")["gasUsed"], 16) - TRANSACTION
        figures["prices() alone"][column] = alone
        for row in rows:
            with node.undone():
                figures[row.name][column] = int(row.run(made)["gasUsed"], 16)
    return figures


def table(figures: dict[str, dict[str, int]]) -> str:
    lines = [f"{'gas':36}" + "".join(f"{column:>18}" for column in ORACLES)]
    return "\n".join(lines + [f"{row:36}" + "".join(f"{cell:>18,}" for cell in cells.values()) for row, cells in figures.items()])


if __name__ == "__main__":
    sys.exit(report(__doc__, measure, table))
