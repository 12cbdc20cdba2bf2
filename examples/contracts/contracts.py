"""The contracts that ship, on a chain inside this process: deploy a pool, sell three positions in one transaction, read its events."""

from dataclasses import replace
from typing import Any

from ringfence.chain.collaborators import FeedMock, FixedRateContract, SinglePriceContract, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import PoolContract, deploy_pool
from ringfence.inputs.samples import FALLING, read_sample
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, YEAR_SECONDS

ETH, USDC = 10**18, 10**6
START, MINUTE = 1_767_268_800, 60
LENDER, BUYER = "0x" + "1e" * 20, "0x" + "b0" * 20
# Whole USDC of debt of each borrower, against 10 ETH.
LOANS = {"0x" + "a1" * 20: 12_000, "0x" + "a2" * 20: 15_000, "0x" + "a3" * 20: 15_900, "0x" + "a4" * 20: 15_990}


def main() -> None:
    """Deploy, lend, borrow, fall, sell, read."""
    chain = EmbeddedChain(timestamp=START)
    asset, collateral = TokenContract.deploy(chain, decimals=6), TokenContract.deploy(chain, decimals=18)
    feed = FeedMock.deploy(chain, price(2_000))
    pool = deploy(chain, asset, collateral, feed)
    print(f"1. A pool is created in block {chain.number}, with terms that nothing can change.")

    asset.mint(LENDER, 90_200 * USDC)
    asset.approve(LENDER, pool.address, MAX_UINT256)
    pool.deposit(LENDER, 90_000 * USDC, LENDER, START)
    pool.add_to_reserve(LENDER, 200 * USDC, START)
    for borrower, debt in LOANS.items():
        collateral.mint(borrower, 10 * ETH)
        collateral.approve(borrower, pool.address, MAX_UINT256)
        pool.supply_collateral(borrower, 10 * ETH, borrower, START)
        pool.borrow(borrower, debt * USDC, borrower, borrower, START)
    print(f"2. {len(LOANS)} borrowers owe {pool.state(START)[2] // USDC:,} USDC against 10 ETH each.")

    print("3. A contract that refuses says why.")
    for call in (lambda: pool.withdraw_collateral(BUYER, ETH, BUYER, next(iter(LOANS)), START), lambda: pool.flag(BUYER, BUYER, START)):
        try:
            call()
        except Reverted as refusal:
            print(f"   {refusal}")

    print("4. Ten minutes later ETH is at 1,580; one transaction sells who may be sold.")
    now = START + 10 * MINUTE
    feed.set_price(price(1_580))
    asset.mint(BUYER, 10**6 * USDC)
    asset.approve(BUYER, pool.address, MAX_UINT256)
    worst_first = sorted(LOANS, key=lambda borrower: pool.health(borrower, now))
    payment, sold = pool.liquidate_many(BUYER, worst_first, MAX_UINT256, 0, BUYER, b"", now)
    print(f"   paid {usdc(payment)} USDC for {eth(sold)} ETH in block {chain.number}")

    print("5. Its events are enough to know all that happened.")
    for name, *values in pool.events:
        print(f"   {line(name, values)}")

    supply, _, debt, _, reserve, _, _ = pool.state(now)
    cash = supply + reserve - debt
    print(f"6. By its books the pool has {cash:,} base units of USDC,")
    print(f"   in its hands are           {asset.balance_of(pool.address):,}.")
    assert cash == asset.balance_of(pool.address)


def deploy(chain: EmbeddedChain, asset: TokenContract, collateral: TokenContract, feed: FeedMock) -> PoolContract:
    """A pool with the terms of the sample that ships, and 5 % interest a year."""
    terms = replace(
        read_sample(FALLING).pool.terms,
        asset=asset.address,
        collateral=collateral.address,
        oracle=SinglePriceContract.deploy(chain, feed.address).address,
        rate_model=FixedRateContract.deploy(chain, WAD // 20 // YEAR_SECONDS).address,
    )
    return deploy_pool(chain, terms, "ETH/USDC", "rfETHUSDC")


def line(name: str, values: list[Any]) -> str:
    """One event in whole tokens."""
    if name == "Accrue":
        return f"Accrue        interest {usdc(values[0])}, of it {usdc(values[1])} to the reserve"
    if name == "Liquidate":
        _, borrower, _, payment, _, penalty, _, sold, incentive, loss, _ = values
        rest = f"penalty {usdc(penalty)}, incentive {percent(incentive)}, loss {usdc(loss)}"
        return f"Liquidate     {borrower[:4]}: {usdc(payment)} for {eth(sold)} ETH\n                 {rest}"
    if name == "LossRealised":
        borrower, loss, from_reserve, _, from_lenders, _ = values
        return f"LossRealised  {borrower[:4]}: {usdc(loss)}, reserve {usdc(from_reserve)}, lenders {usdc(from_lenders)}"
    return name


def price(whole: int) -> int:
    """Whole USDC for a whole ETH, as asset base units for a collateral base unit, times 1e36."""
    return whole * USDC * PRICE_SCALE // ETH


def usdc(units: int) -> str:
    """Whole USDC, cut to the cent."""
    return f"{units // USDC:,}.{units * 100 // USDC % 100:02d}"


def eth(units: int) -> str:
    """Whole ETH, cut to four digits."""
    return f"{units // ETH}.{units * 10**4 // ETH % 10**4:04d}"


def percent(wad: int) -> str:
    """A WAD in per cent, cut to two digits."""
    return f"{wad * 100 // WAD}.{wad * 10**4 // WAD % 100:02d} %"


if __name__ == "__main__":
    main()
