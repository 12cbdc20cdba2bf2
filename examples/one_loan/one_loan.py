"""One loan from its first day to its loss, on the exact model: no chain, no floats, nothing but integers.

Every call of the pool names its caller first and the block's time last, as a transaction has them. Amounts are base units.
"""

from dataclasses import replace

from ringfence import Pool, Revert
from ringfence.inputs.samples import FALLING, read_sample
from ringfence.model.erc20 import Ledger
from ringfence.model.fixed_rate import FixedRate
from ringfence.model.single_price import SinglePrice
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, YEAR_SECONDS

ETH, USDC, CENT = 10**18, 10**6, 10**4
HOUR, MINUTE = 3600, 60
POOL, LENDER, BORROWER, LIQUIDATOR = "pool", "lender", "borrower", "liquidator"


class Feed:
    """A price that can be set: whole USDC for a whole ETH."""

    def __init__(self, whole: int) -> None:
        self.whole = whole

    def price(self) -> int:
        """Asset base units for one collateral base unit, times 1e36."""
        return self.whole * USDC * PRICE_SCALE // ETH


def main() -> None:
    """Borrow, fall, quote, liquidate; then fall too far."""
    # The terms that ship with the package: 80 % to borrow, 85 % to be sold, sales back to 80 %, 0.5 % rising by 0.25 % a minute to 6 %.
    terms = replace(read_sample(FALLING).pool.terms, asset="USDC", collateral="ETH")
    asset, collateral, feed, now = Ledger(), Ledger(), Feed(2_000), 1_767_268_800
    five_per_cent = FixedRate(WAD // 20 // YEAR_SECONDS)
    pool = Pool(terms, asset=asset, collateral=collateral, oracle=SinglePrice(feed), rate_model=five_per_cent, now=now, address=POOL)
    for who in (LENDER, BORROWER, LIQUIDATOR):
        for token, amount in ((asset, 100_000 * USDC), (collateral, 10 * ETH)):
            token.mint(who, amount)
            token.approve(who, POOL, MAX_UINT256)

    print("1. A lender brings 50,000 USDC, somebody gives the reserve 500.")
    pool.deposit(LENDER, 50_000 * USDC, LENDER, now)
    pool.add_to_reserve(LENDER, 500 * USDC, now)

    print("2. 10 ETH at 2,000 USDC bear 16,000 USDC, and not a unit more.")
    pool.supply_collateral(BORROWER, 10 * ETH, BORROWER, now)
    try:
        pool.borrow(BORROWER, 16_000 * USDC + 1, BORROWER, BORROWER, now)
    except Revert as refusal:
        print(f"   refused: {refusal}")
    pool.borrow(BORROWER, 15_500 * USDC, BORROWER, BORROWER, now)
    show(pool, now)

    print("3. A month later ETH is at 1,800. Anybody may buy, at a discount.")
    now, feed.whole = now + 30 * 24 * HOUR, 1_800
    show(pool, now)
    payment, sold, retired, penalty, incentive, loss = pool.quote_liquidation(BORROWER, MAX_UINT256, now)
    print(f"   quote: {usdc(payment)} USDC for {eth(sold)} ETH, incentive {percent(incentive)}")
    print(f"   of it {usdc(retired)} USDC retire debt, {usdc(penalty)} go to the reserve")
    assert (payment, sold) == pool.liquidate(LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"", now)
    assert (payment, loss) == (retired + penalty, 0)
    print("   After the sale the loan is back at the target.")
    show(pool, now)

    print("4. A gap to 1,300: the collateral is worth less than the debt.")
    now, feed.whole = now + HOUR, 1_300
    show(pool, now)
    print("   Somebody starts the clock; what lenders would pay for, rises slowly.")
    pool.flag(LIQUIDATOR, BORROWER, now)
    for minutes in (0, 5, 10):
        *_, incentive, loss = pool.quote_liquidation(BORROWER, MAX_UINT256, now + minutes * MINUTE)
        print(f"   {minutes:>2} minutes on: incentive {percent(incentive)}, loss {usdc(loss)} USDC")

    print("5. Five minutes on somebody buys all of it.")
    now += 5 * MINUTE
    pool.events.clear()
    pool.liquidate(LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"", now)
    for name, _, loss, from_reserve, _, from_lenders, _ in (event for event in pool.events if event[0] == "LossRealised"):
        print(f"   {name}: {usdc(loss)} USDC, reserve {usdc(from_reserve)}, lenders {usdc(from_lenders)}")

    print("6. The loss is in the share price, at once, and everybody can leave.")
    assets = pool.redeem(LENDER, pool.balance_of(LENDER), LENDER, LENDER, now)
    print(f"   the lender takes out {usdc(assets)} USDC of 50,000.00")
    supply, shares, debt, *_ = pool.state(now)
    print(f"   left in the pool: {supply} units of supply, {shares} shares, {debt} of debt, {asset.balance_of(POOL)} units of USDC")


def show(pool: Pool, now: int) -> None:
    """The position in a line."""
    collateral, _, _ = pool.position(BORROWER)
    debt, health = pool.debt_of(BORROWER, now), pool.health(BORROWER, now) * 100 // WAD
    verdict = "healthy" if pool.is_healthy(BORROWER, now) else "may be sold"
    print(f"   {eth(collateral)} ETH, debt {usdc(debt)} USDC, health {health} %: {verdict}")


def usdc(units: int) -> str:
    """Whole USDC, cut to the cent."""
    return f"{units // USDC:,}.{units // CENT % 100:02d}"


def eth(units: int) -> str:
    """Whole ETH, cut to four digits."""
    return f"{units // ETH}.{units * 10**4 // ETH % 10**4:04d}"


def percent(wad: int) -> str:
    """A WAD in per cent, cut to two digits."""
    return f"{wad * 100 // WAD}.{wad * 10**4 // WAD % 100:02d} %"


if __name__ == "__main__":
    main()
