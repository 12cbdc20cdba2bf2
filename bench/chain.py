"""How many calls a second the embedded chain does, the machine alone and through the typed wrappers; reads, events and journal.

    python bench/chain.py [calls]

Each figure is the best of three runs of that many calls (default 5,000) on one pool with KinkedRate; gas is not measured here.
"""

import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ringfence.chain.collaborators import KinkedRateContract, OracleMock, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.pool import deploy_pool, pool_storage
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms

LENDER, BORROWER, BUYER = ("0x" + digit * 40 for digit in "123")
START = 1_700_000_000
CAP = 2**127 - 1


class Bench:
    """One pool with a lender and a borrower, and the clock."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        # The journal is dropped once, by hand, at the end.
        chain = EmbeddedChain(timestamp=START, compact_after=10**9)
        asset, collateral = (TokenContract.deploy(chain, 18) for _ in range(2))
        oracle = OracleMock.deploy(chain, 2_000 * PRICE_SCALE, 2_000 * PRICE_SCALE)
        rate = KinkedRateContract.deploy(chain, 10**9, WAD * 9 // 10, 10**8, 10**10)
        self.chain, self.asset, self.oracle = chain, asset, oracle
        self.pool = deploy_pool(chain, terms_of(asset.address, collateral.address, oracle.address, rate.address))
        for token in (asset, collateral):
            for who in (LENDER, BORROWER, BUYER):
                token.mint(who, 10**30)
                token.approve(who, self.pool.address, MAX_UINT256)
        self.pool.deposit(LENDER, 10**24, LENDER, START)
        self.pool.supply_collateral(BORROWER, 10**20, BORROWER, START)
        self.pool.borrow(BORROWER, 10**23, BORROWER, BORROWER, START)

    def time(self, name: str, call: Callable[[], Any]) -> None:
        best = min(self._seconds(call) for _ in range(3))
        print(f"  {name:58}{self.calls / best:12,.0f} /s{best / self.calls * 1e6:10.1f} us")

    def _seconds(self, call: Callable[[], Any]) -> float:
        begin = time.perf_counter()
        for _ in range(self.calls):
            call()
        return time.perf_counter() - begin


def terms_of(asset: str, collateral: str, oracle: str, rate_model: str) -> Terms:
    """An ordinary pool: 80 / 86 % LTV, 5 % incentive, 1 % penalty, everything else off."""
    return Terms(
        asset, collateral, oracle, rate_model, ZERO_ADDRESS, ZERO_ADDRESS,
        max_ltv=80 * WAD // 100, liq_ltv=86 * WAD // 100, target_ltv=0,
        incentive_base=WAD // 20, incentive_rise=0, incentive_slope=0, incentive_max=WAD // 20,
        penalty=WAD // 100, reserve_factor=WAD // 10, reserve_target=WAD // 50, creator_fee=0, premium=0,
        supply_cap=CAP, borrow_cap=CAP // 10**6, min_debt=0, solvent_window=0, sale_timeout=0, lockup=0,
    )  # fmt: skip


def transactions(bench: Bench) -> None:
    pool, asset, chain = bench.pool, bench.asset, bench.chain
    machine = chain._evm
    print("transactions")
    data = asset.calldata("transfer", BUYER, 1)
    bench.time("token transfer, machine alone", lambda: machine.message_call(LENDER, asset.address, data))
    bench.time("token transfer", lambda: asset.transfer(LENDER, BUYER, 1))
    bench.time("token transfer, events decoded", lambda: (asset.transfer(LENDER, BUYER, 1), asset.events))
    data = pool.calldata("supply_collateral", 1, BORROWER)
    bench.time("supply_collateral, machine alone", lambda: machine.message_call(BORROWER, pool.address, data))
    bench.time("supply_collateral, same block", lambda: pool.supply_collateral(BORROWER, 1, BORROWER, chain.timestamp))
    bench.time("supply_collateral, a block each", lambda: pool.supply_collateral(BORROWER, 1, BORROWER, chain.timestamp + 1))
    bench.time("borrow, a block each", lambda: pool.borrow(BORROWER, 10**6, BORROWER, BORROWER, chain.timestamp + 1))
    bench.time("repay, a block each", lambda: pool.repay(BORROWER, 10**6, BORROWER, chain.timestamp + 1))


def sales(bench: Bench) -> None:
    pool, chain = bench.pool, bench.chain
    bench.oracle.set_price(1_150 * PRICE_SCALE)
    print("sales")
    bench.time("liquidate, partial, same block", lambda: pool.liquidate(BUYER, BORROWER, 10**6, 0, BUYER, b"", chain.timestamp))
    bench.time("liquidate, partial, a block each", lambda: pool.liquidate(BUYER, BORROWER, 10**6, 0, BUYER, b"", chain.timestamp + 1))
    bench.time(f"the {len(pool.events)} events of such a sale, decoded", lambda: pool.events)
    bench.time("quote_liquidation", lambda: pool.quote_liquidation(BORROWER, MAX_UINT256, chain.timestamp))

    def there_and_back() -> None:
        snapshot = chain.snapshot()
        pool.liquidate(BUYER, BORROWER, 10**6, 0, BUYER, b"", chain.timestamp)
        chain.revert(snapshot)

    bench.time("snapshot, liquidate, revert", there_and_back)


def views(bench: Bench) -> None:
    pool, chain = bench.pool, bench.chain
    storage = pool_storage([LENDER, BORROWER, BUYER])
    print("reads")
    bench.time("position", lambda: pool.position(BORROWER))
    bench.time("state", lambda: pool.state(chain.timestamp))
    bench.time("state, as at another time", lambda: pool.state(chain.timestamp + 1))
    bench.time("one raw slot", lambda: chain.storage(pool.address, 3))
    bench.time(f"all {len(storage.slots)} slots of a pool for 3 accounts", lambda: storage.read(chain, pool.address))


def journal(bench: Bench) -> None:
    pool, chain = bench.pool, bench.chain
    before = _resident()
    for _ in range(20_000):
        pool.supply_collateral(BORROWER, 1, BORROWER, chain.timestamp + 1)
    grown = _resident() - before
    begin = time.perf_counter()
    chain.compact()
    seconds = time.perf_counter() - begin
    print("journal of supply_collateral, a block each")
    print(f"  grows by {grown / 20_000:,.0f} bytes a transaction, dropped in {seconds / 20_000 * 1e6:.1f} us a transaction")


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def main() -> None:
    bench = Bench(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
    print(f"Python {platform.python_version()}, {platform.machine()}, {bench.calls:,} calls, best of 3")
    if Path("/proc/self/statm").exists():
        journal(bench)  # first, while memory that is taken is memory that grows
    for part in (transactions, sales, views):
        part(bench)


if __name__ == "__main__":
    main()
