#!/usr/bin/env python3
"""Gas of every call of a pool, in whole transactions on a real node, beside Morpho Blue's.

    bench/gas.py [--json FILE] [--artifacts DIR]        fetches anvil by scripts/fetch_anvil, or takes ANVIL=/path/to/anvil

A figure is `gasUsed` of the receipt: calldata and the 21,000 of a transaction included, refunds taken off. Every measured call is the first
of its block, so nothing is warm, and comes 12 seconds or more after the pool was last touched, so it accrues. KinkedRate, SinglePrice over
a feed, plain ERC-20 mocks without callback or swap. Who calls already holds both tokens and has approved the pool without limit, unless
the row says `first`. Two pools: the terms of ETH/USDC (6 and 18 decimals), and the simplest terms there are, nearest to Morpho Blue's.
"""

import argparse
import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from ringfence.chain.abi import Interface

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "src" / "ringfence" / "chain" / "artifacts"
TRANSACTION_GAS = 28_000_000
BLOCK_TIME = 12  # seconds
YEAR = 31_536_000
WAD = 10**18
UNLIMITED = 2**256 - 1
CROWD = 100  # positions that liquidate_many is measured with


@dataclass(frozen=True, slots=True)
class Contract:
    name: str
    address: str
    interface: Interface

    def encode(self, function: str, *arguments: Any) -> str:
        return "0x" + self.interface.functions[function, len(arguments)].encode(arguments).hex()


class Node:
    """An anvil process of our own, spoken to in JSON-RPC; any account may send, blocks come when asked and 12 seconds apart."""

    def __init__(self, port: int, artifacts: Path) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.artifacts = artifacts
        self.now = int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self.rpc("anvil_autoImpersonateAccount", True)

    def rpc(self, method: str, *parameters: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        self.connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = json.loads(self.connection.getresponse().read())
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error'].get('message', answer['error'])}")
        return answer["result"]

    def transact(self, sender: str, to: str | None, data: str) -> dict[str, Any]:
        """The receipt of a transaction that succeeded, alone in the next block."""
        transaction = {"from": sender, "data": data, "gas": hex(TRANSACTION_GAS), "gasPrice": "0x0"} | ({"to": to} if to else {})
        transaction_hash = self.rpc("eth_sendTransaction", transaction)
        self.now += BLOCK_TIME
        self.rpc("evm_mine", hex(self.now))
        receipt: dict[str, Any] = self.rpc("eth_getTransactionReceipt", transaction_hash)
        if receipt["status"] != "0x1":
            self.rpc("eth_call", transaction, "latest")
            raise RuntimeError(f"the transaction to {to} failed, and now it would not")
        return receipt

    def send(self, sender: str, to: Contract, function: str, *arguments: Any) -> dict[str, Any]:
        return self.transact(sender, to.address, to.encode(function, *arguments))

    def read(self, to: Contract, function: str, *arguments: Any) -> Any:
        output = self.rpc("eth_call", {"to": to.address, "data": to.encode(function, *arguments)}, "latest")
        return to.interface.functions[function, len(arguments)].decode(bytes.fromhex(output[2:]))

    def deploy(self, name: str, *arguments: Any) -> Contract:
        from ringfence.chain.abi import encode_sequence

        document = json.loads((self.artifacts / f"{name}.json").read_text())
        interface = Interface(document["abi"])
        code = document["bytecode"]["object"] + encode_sequence(interface.constructor, arguments).hex()
        return Contract(name, self.transact(account("deployer"), None, code)["contractAddress"], interface)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside leaves no trace on the chain."""
        snapshot = self.rpc("evm_snapshot")
        yield
        self.rpc("evm_revert", snapshot)


def anvil() -> str:
    """Path of an anvil; ends the program, which has then said what is missing, if there is none."""
    found = subprocess.run([ROOT / "scripts" / "fetch_anvil"], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        raise SystemExit(found.returncode)
    return found.stdout.strip()


@contextmanager
def node(artifacts: Path) -> Iterator[Node]:
    """Start anvil on a free port that the system chooses, and end that process."""
    command = [anvil(), *"--hardfork cancun --host 127.0.0.1 --port 0 --no-mining --gas-price 0 --block-base-fee-per-gas 0".split()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Listening on "):
                # It reports every call; a full pipe would stop it.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                yield Node(int(line.rsplit(":", 1)[1]), artifacts)
                return
        raise RuntimeError(f"{command[0]} ended before it listened")
    finally:
        process.terminate()
        process.wait(timeout=10)


def account(name: str) -> str:
    """An address that looks like any other: calldata is paid by non-zero byte."""
    return "0x" + sha256(name.encode()).hexdigest()[:40]


LENDER, OTHER, BUYER = account("lender"), account("other"), account("buyer")

# Fields in the order of the struct; what a pool does not name is 0.
TERMS = (
    "asset collateral oracle rate_model backstop fee_recipient max_ltv liq_ltv target_ltv "
    "incentive_base incentive_rise incentive_slope incentive_max penalty reserve_factor reserve_target creator_fee premium "
    "supply_cap borrow_cap min_debt solvent_window sale_timeout lockup"
).split()
CAPS = {"supply_cap": 2**127 - 1, "borrow_cap": (2**127 - 1) // 10**6}
ETH_USDC = CAPS | {
    "max_ltv": 80 * 10**16,
    "liq_ltv": 85 * 10**16,
    "target_ltv": 80 * 10**16,
    "incentive_base": 5 * 10**15,
    "incentive_rise": 25 * 10**14 // 60,
    "incentive_max": 6 * 10**16,
    "penalty": 10**16,
    "reserve_factor": 10**17,
    "reserve_target": 2 * 10**16,
    "min_debt": 500 * 10**6,
    "solvent_window": 20 * 60,
    "sale_timeout": 60 * 60,
}
FIXED = CAPS | {
    "max_ltv": 80 * 10**16,
    "liq_ltv": 86 * 10**16,
    "incentive_base": 5 * 10**16,
    "incentive_max": 5 * 10**16,
    "sale_timeout": 3600,
}


@dataclass(frozen=True, slots=True)
class Market:
    """A pool in the middle of its life: lenders, a reserve, one large borrower and many small ones, all at 79 % LTV, price 2,000."""

    node: Node
    pool: Contract
    asset: Contract
    collateral: Contract
    feed: Contract
    unit: int  # base units of one asset token
    large: str
    small: tuple[str, ...]

    def set_price(self, whole: float) -> None:
        self.node.send(OTHER, self.feed, "set_price", int(whole * 100) * self.unit * 10**36 // (100 * WAD))

    def large_ltv(self, percent: int) -> None:
        """Move the price so that the borrowers, at 79 % of 2,000, stand at this LTV."""
        self.set_price(2_000 * 79 / percent)

    def is_healthy(self, borrower: str) -> bool:
        answer: bool = self.node.read(self.pool, "is_healthy", borrower)
        return answer

    def call(self, sender: str, function: str, *arguments: Any) -> dict[str, Any]:
        return self.node.send(sender, self.pool, function, *arguments)


# Name and parameters: 4 % a year at 90 % utilisation.
KINKED = ("KinkedRate", 0, WAD * 9 // 10, WAD * 4 // 100 // YEAR, WAD * 60 // 100 // YEAR)


def market(
    node: Node,
    terms: dict[str, int],
    asset_decimals: int,
    small_debt: int,
    *,
    rate: tuple[Any, ...] = KINKED,
    backstop: Callable[[Contract], Contract] | None = None,
) -> Market:
    """Deploy everything and bring the pool to life; `small_debt` in whole asset tokens; `backstop` makes one for the asset."""
    asset, collateral = node.deploy("mocks/erc20_mock", asset_decimals), node.deploy("mocks/erc20_mock", 18)
    feed = node.deploy("mocks/feed_mock")
    oracle, rate_model = node.deploy("SinglePrice", feed.address), node.deploy(*rate)
    places = {"asset": asset.address, "collateral": collateral.address, "oracle": oracle.address, "rate_model": rate_model.address}
    zero = {"backstop": backstop(asset).address if backstop else "0x" + "00" * 20, "fee_recipient": "0x" + "00" * 20}
    values = zero | places | terms
    pool = node.deploy("Pool", tuple(values.get(field, 0) for field in TERMS), "pool", "POOL")
    made = Market(
        node, pool, asset, collateral, feed, 10**asset_decimals, account("large"), tuple(account(f"small {i}") for i in range(CROWD))
    )
    fill(made, terms, small_debt)
    return made


def fill(made: Market, terms: dict[str, int], small_debt: int) -> None:
    made.set_price(2_000)
    for who in (LENDER, OTHER, BUYER, made.large):
        for token, amount in ((made.asset, 1_000_000_000 * made.unit), (made.collateral, 1_000_000 * WAD)):
            made.node.send(OTHER, token, "mint", who, amount)
            made.node.send(who, token, "approve", made.pool.address, UNLIMITED)
    made.call(LENDER, "deposit", 5_000_000 * made.unit, LENDER)
    if terms.get("reserve_factor"):
        made.call(OTHER, "add_to_reserve", 20_000 * made.unit)
    for borrower, debt in ((made.large, 2_000_000), *((borrower, small_debt) for borrower in made.small)):
        made.call(OTHER, "supply_collateral", debt * WAD * 100 // (79 * 2_000), borrower)
        made.call(borrower, "borrow", debt * made.unit, borrower, borrower)


@dataclass(frozen=True, slots=True)
class Row:
    """One measured call: what is done before it, then the call itself; its figure is the call's gas."""

    name: str
    run: Callable[[Market], dict[str, Any]]


def lending_rows() -> list[Row]:
    def sold_out(m: Market) -> dict[str, Any]:
        m.call(OTHER, "deposit", 1_000 * m.unit, OTHER)
        return m.call(OTHER, "redeem", m.node.read(m.pool, "balanceOf", OTHER), OTHER, OTHER)

    return [
        Row("deposit, first of a lender", lambda m: m.call(OTHER, "deposit", 1_000 * m.unit, OTHER)),
        Row("deposit, again", lambda m: m.call(LENDER, "deposit", 1_000 * m.unit, LENDER)),
        Row("withdraw, part", lambda m: m.call(LENDER, "withdraw", 1_000 * m.unit, LENDER, LENDER)),
        Row("redeem, all of a lender", sold_out),
    ]


def borrowing_rows() -> list[Row]:
    def first_borrow(m: Market) -> dict[str, Any]:
        newcomer = account("newcomer")
        m.call(OTHER, "supply_collateral", 10 * WAD, newcomer)
        return m.call(newcomer, "borrow", 1_000 * m.unit, newcomer, newcomer)

    def borrow_again(m: Market) -> dict[str, Any]:
        m.call(m.large, "supply_collateral", 10 * WAD, m.large)
        return m.call(m.large, "borrow", 1_000 * m.unit, m.large, m.large)

    def withdraw_with_debt(m: Market) -> dict[str, Any]:
        m.call(m.large, "supply_collateral", 10 * WAD, m.large)
        return m.call(m.large, "withdraw_collateral", WAD, m.large, m.large)

    def withdraw_without_debt(m: Market) -> dict[str, Any]:
        m.call(OTHER, "supply_collateral", 10 * WAD, OTHER)
        return m.call(OTHER, "withdraw_collateral", WAD, OTHER, OTHER)

    return [
        Row("supply_collateral, first", lambda m: m.call(OTHER, "supply_collateral", WAD, OTHER)),
        Row("supply_collateral, again", lambda m: m.call(m.large, "supply_collateral", WAD, m.large)),
        Row("withdraw_collateral, with debt", withdraw_with_debt),
        Row("withdraw_collateral, without debt", withdraw_without_debt),
        Row("borrow, first (and first of that token)", first_borrow),
        Row("borrow, again", borrow_again),
        Row("repay, part", lambda m: m.call(m.large, "repay", 1_000 * m.unit, m.large)),
        Row("repay, all", lambda m: m.call(m.large, "repay", UNLIMITED, m.large)),
        Row("accrue", lambda m: m.call(OTHER, "accrue")),
    ]


PLENTY = 10_000_000  # whole asset tokens a buyer offers, more than any debt, except where a part is bought on purpose


def sale_rows() -> list[Row]:
    """Each row says how its position must end, and `_sale` holds it to that."""

    def flag(m: Market) -> dict[str, Any]:
        m.large_ltv(88)
        return m.call(OTHER, "flag", m.large)

    def unflag(m: Market) -> dict[str, Any]:
        flag(m)
        m.large_ltv(79)
        return m.call(OTHER, "unflag", m.large)

    return [
        Row("flag", flag),
        Row("unflag", unflag),
        Row("liquidate, part (ends healthy)", lambda m: _sale(m, 88, m.large, 1_200_000, ends="healthy")),
        Row("liquidate, part (stays unhealthy, clock starts)", lambda m: _sale(m, 88, m.large, 10_000, ends="unhealthy")),
        Row("liquidate, all", lambda m: _sale(m, 88, m.small[0], PLENTY, ends="closed")),
        Row("liquidate, all, flagged before", lambda m: _sale(m, 88, m.small[0], PLENTY, ends="closed", is_flagged=True)),
        Row("liquidate, insolvent, with a loss", lambda m: _sale(m, 110, m.small[0], PLENTY, ends="closed with a loss")),
        *(Row(f"liquidate_many of {count}, all", partial(_sales, 88, count, "closed")) for count in (1, 10, CROWD)),
        *(Row(f"liquidate_many of {count}, insolvent", partial(_sales, 110, count, "closed with a loss")) for count in (1, 10, CROWD)),
    ]


def _sale(m: Market, percent: int, borrower: str, offer: int, *, ends: str, is_flagged: bool = False) -> dict[str, Any]:
    m.large_ltv(percent)
    if is_flagged:
        m.call(OTHER, "flag", borrower)
    receipt = m.call(BUYER, "liquidate", borrower, offer * m.unit, 0, BUYER, b"")
    _must_end(m, borrower, receipt, ends)
    return receipt


def _sales(percent: int, count: int, ends: str, m: Market) -> dict[str, Any]:
    m.large_ltv(percent)
    receipt = m.call(BUYER, "liquidate_many", m.small[:count], PLENTY * m.unit, 0, BUYER, b"")
    for borrower in m.small[:count]:
        _must_end(m, borrower, receipt, ends)
    return receipt


def _must_end(m: Market, borrower: str, receipt: dict[str, Any], ends: str) -> None:
    found = "closed" if m.node.read(m.pool, "debt_of", borrower) == 0 else "healthy" if m.is_healthy(borrower) else "unhealthy"
    events = [m.pool.interface.events[bytes.fromhex(log["topics"][0][2:])] for log in receipt["logs"] if log["address"] == m.pool.address]
    if any(event.name == "LossRealised" for event in events):
        found += " with a loss"
    if found != ends:
        raise RuntimeError(f"a sale ended {found}, not {ends}: its row would not say what was measured")


ROWS = lending_rows() + borrowing_rows() + sale_rows()
POOLS = {"ETH/USDC terms": (ETH_USDC, 6, 600), "fixed terms": (FIXED, 18, 600)}

# Morpho Blue, same kind of measurement: mock tokens and oracle, adaptive rate, and with rate 0 where that is known.
MORPHO: dict[str, tuple[int, int | None]] = {
    "deposit, again": (90_000, None),
    "withdraw, part": (85_500, None),
    "supply_collateral, again": (56_900, None),
    "withdraw_collateral, with debt": (90_100, None),
    "borrow, again": (92_700, None),
    "repay, part": (90_000, None),
    "liquidate, part (ends healthy)": (116_468, 93_600),
    "liquidate, all": (116_236, 93_300),
    "liquidate, insolvent, with a loss": (114_787, 96_700),
}
SALES = ("liquidate, part (ends healthy)", "liquidate, all", "liquidate, insolvent, with a loss")
SALE_GOAL, FURTHER_GOAL = 116_000, 12_000
# Below this no sale in a batch can get: its address in calldata, its slot read and written, its Liquidate event.
FURTHER_FLOOR = 368 + 5_000 + 3_923


def measure(node: Node) -> dict[str, dict[str, int]]:
    """Row -> pool -> gas."""
    figures: dict[str, dict[str, int]] = {row.name: {} for row in ROWS}
    for name, setting in POOLS.items():
        made = market(node, *setting)
        for row in ROWS:
            with node.undone():
                figures[row.name][name] = int(row.run(made)["gasUsed"], 16)
    for kind in ("all", "insolvent"):
        per_pool = {p: figures[f"liquidate_many of {CROWD}, {kind}"][p] - figures[f"liquidate_many of 10, {kind}"][p] for p in POOLS}
        figures[f"one more position, {kind}"] = {p: round(gas / (CROWD - 10)) for p, gas in per_pool.items()}
    return figures


def table(figures: dict[str, dict[str, int]]) -> str:
    heads = [*POOLS, "Morpho Blue", "at rate 0"]
    lines = [f"{'gas of a whole transaction':50}" + "".join(f"{head:>16}" for head in heads)]
    for row, by_pool in figures.items():
        cells: Sequence[int | None] = [*by_pool.values(), *MORPHO.get(row, (None, None))]
        lines.append(f"{row:50}" + "".join(f"{'' if cell is None else f'{cell:,}':>16}" for cell in cells))
    return "\n".join([*lines, "", *verdicts(figures)])


def verdicts(figures: dict[str, dict[str, int]]) -> list[str]:
    """The two goals of the project, and how far the figures are from them."""
    dearest = max(gas for row in SALES for gas in figures[row].values())
    further = [gas for kind in ("all", "insolvent") for gas in figures[f"one more position, {kind}"].values()]
    return [
        f"one sale: {dearest:,} at most, goal under {SALE_GOAL:,}: {'met' if dearest < SALE_GOAL else 'missed'}",
        f"one more position: {min(further):,} to {max(further):,}, goal {FURTHER_GOAL:,}: "
        f"{'met' if max(further) <= FURTHER_GOAL else 'missed'} (storage, event and calldata alone are {FURTHER_FLOOR:,})",
    ]


def report(description: str, measured: Callable[[Node], Any], shown: Callable[[Any], str], **further: Any) -> int:
    """The command line of a bench: measure on a node of its own, print, and write if asked, with what else belongs into the file."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--artifacts", type=Path, default=ARTIFACTS, metavar="DIR", help="measure these contracts instead of those that ship"
    )
    arguments = parser.parse_args()
    with node(arguments.artifacts) as started:
        figures = measured(started)
        version = started.rpc("web3_clientVersion")
    print(shown(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps({"node": version, "gas": figures, **further}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(report(__doc__, measure, table, morpho_blue=MORPHO))
