"""A pool is an ERC-4626 vault: the properties that public suites ask of one, at 6, 8 and 18 decimals, after all that befalls it.

That is: previews are never off on the wrong side, round trips never gain, max functions are honest, conversions ask nobody who calls,
allowances bind, and what cannot fail does not. Between any two acts an hour passes, so that interest is due whenever there is debt.
"""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from ringfence.chain.collaborators import DEPLOYER
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import PoolContract
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS
from tests.regressions.attacked import ATTACKER, BORROWER, DAY, HOUR, LENDER, LIQUIDATOR, VICTIM, Attacked

CALLER, OTHER = VICTIM, ATTACKER
YEAR = 31_536_000
DECIMALS = (6, 8, 18)
PASTS = ("new", "without debt", "debt and interest", "little cash", "after a loss", "nearly wiped out", "locked")
LOCK = 2 * DAY


def with_a_past(past: str, decimals: int) -> Attacked:
    """A pool with the past that its name says, interest shared out by every rule; the price of ether is 2,000 at first."""
    fees = {"reserve_factor": WAD // 20, "reserve_target": WAD // 50, "creator_fee": WAD // 10, "premium": WAD // 20}
    scene = Attacked(
        decimals=(decimals, 18),
        rate=WAD // 5 // YEAR,
        lockup=LOCK if past == "locked" else 0,
        fee_recipient=LIQUIDATOR,
        backstop=LIQUIDATOR,
        **fees,
    )
    unit, pool = 10**decimals, scene.pool
    if past == "new":
        return scene
    pool.deposit(LENDER, 1_000_003 * unit + 7, LENDER, scene.now)
    if past == "without debt":
        return scene
    lent = {"little cash": 1_000_003, "nearly wiped out": 1_000_003}.get(past, 700_001)
    pool.supply_collateral(BORROWER, 1_000 * 10**18, BORROWER, scene.now)
    pool.borrow(BORROWER, lent * unit + 5, BORROWER, BORROWER, scene.now)
    scene.wait(30 * DAY)
    if past == "little cash":
        pool.repay(BORROWER, 1_234 * unit + 1, BORROWER, scene.now)
    if past == "nearly wiped out":
        # What is owed to the backstop would be left otherwise: it ranks before lenders.
        pool.repay(BORROWER, pool.state(scene.now)[5], BORROWER, scene.now)
        pool.pay_premium(LENDER, scene.now)
    if past in ("after a loss", "nearly wiped out"):
        # 700,001 and a month's interest on collateral worth 300,000; or all that is lent on what is worth next to nothing.
        price = scene.price * 15 // 100 if past == "after a loss" else scene.price // 10**7
        scene.oracle.set(0, 0, price)
        pool.liquidate(LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"", scene.now)
        assert scene.loss()[3] > lent * unit // 2
        scene.set_price(2_000)
        pool.supply_collateral(BORROWER, 10**18, BORROWER, scene.now)
        pool.borrow(BORROWER, pool.state(scene.now)[0] // 10_000 + 1, BORROWER, BORROWER, scene.now)
    return scene


@pytest.fixture(params=[(past, decimals) for past in PASTS for decimals in DECIMALS], ids=lambda given: f"{given[0]}, {given[1]}")
def scene(request: pytest.FixtureRequest) -> Attacked:
    return with_a_past(*request.param)


def sizes(scene: Attacked, seed: str, count: int = 12) -> list[int]:
    """Amounts of assets from dust to millions, the same for the same seed."""
    rng, places = Random(seed), scene.decimals[0]
    return [1, 2, 10**places] + [rng.randint(1, 9) * 10 ** rng.randint(0, places + 6) + rng.choice((0, 1, 7)) for _ in range(count)]


def attempt(counts: Counter[str], name: str, call: Callable[[], int]) -> int | None:
    """What a call returned, None if it was refused; counts both."""
    try:
        value = call()
    except Reverted:
        counts[f"refused: {name}"] += 1
        return None
    counts[name] += 1
    return value


def unlock(scene: Attacked) -> None:
    """Wait until what was deposited may go."""
    scene.wait(LOCK if scene.terms.lockup else HOUR)


def assets_of(scene: Attacked, owner: str) -> int:
    return int(scene.asset.call("balanceOf", owner))


def held(scene: Attacked, count: int = 10) -> None:
    """Give the caller shares by a few deposits, from dust on."""
    for size in sizes(scene, "held", count):
        attempt(Counter(), "deposit", lambda size=size: scene.pool.deposit(CALLER, size, CALLER, scene.now))  # type: ignore[misc]
    unlock(scene)
    assert scene.pool.balance_of(CALLER) > 0


def test_deposit_and_mint_are_no_worse_than_their_previews(scene: Attacked) -> None:
    """Deposit mints no fewer shares than was said, mint takes no more assets; exactly that moves, and the books know it."""
    counts, pool = Counter[str](), scene.pool
    for size in sizes(scene, "in"):
        scene.wait(HOUR)
        promised, tokens, shares = pool.preview_deposit(size, scene.now), assets_of(scene, CALLER), pool.balance_of(CALLER)
        assert promised <= pool.convert_to_shares(size, scene.now)
        minted = attempt(counts, "deposit", lambda size=size: pool.deposit(CALLER, size, CALLER, scene.now))  # type: ignore[misc]
        if minted is not None:
            assert minted == promised == pool.balance_of(CALLER) - shares
            assert tokens - assets_of(scene, CALLER) == size
        scene.wait(HOUR)
        amount = max(1, promised)
        asked, tokens, shares = pool.preview_mint(amount, scene.now), assets_of(scene, CALLER), pool.balance_of(CALLER)
        assert asked >= pool.convert_to_assets(amount, scene.now)
        paid = attempt(counts, "mint", lambda amount=amount: pool.mint(CALLER, amount, CALLER, scene.now))  # type: ignore[misc]
        if paid is not None:
            assert paid == asked == tokens - assets_of(scene, CALLER)
            assert pool.balance_of(CALLER) - shares == amount
    assert min(counts["deposit"], counts["mint"]) >= 10


def test_withdraw_and_redeem_are_no_worse_than_their_previews(scene: Attacked) -> None:
    """Withdraw burns no more shares than was said, redeem brings no fewer assets; exactly that moves."""
    held(scene)
    counts, pool = Counter[str](), scene.pool
    rng = Random("out")
    for _ in range(8):
        scene.wait(HOUR)
        size = max(1, pool.max_withdraw(CALLER, scene.now) // rng.choice((2, 3, 7, 1_000)))
        promised, tokens, shares = pool.preview_withdraw(size, scene.now), assets_of(scene, OTHER), pool.balance_of(CALLER)
        burnt = attempt(counts, "withdraw", lambda size=size: pool.withdraw(CALLER, size, OTHER, CALLER, scene.now))  # type: ignore[misc]
        if burnt is not None:
            assert burnt == promised == shares - pool.balance_of(CALLER)
            assert assets_of(scene, OTHER) - tokens == size
        scene.wait(HOUR)
        amount = max(1, pool.max_redeem(CALLER, scene.now) // rng.choice((2, 3, 7)))
        promised, tokens, shares = pool.preview_redeem(amount, scene.now), assets_of(scene, OTHER), pool.balance_of(CALLER)
        got = attempt(counts, "redeem", lambda amount=amount: pool.redeem(CALLER, amount, OTHER, CALLER, scene.now))  # type: ignore[misc]
        if got is not None:
            assert got == promised == assets_of(scene, OTHER) - tokens
            assert shares - pool.balance_of(CALLER) == amount
    assert min(counts["withdraw"], counts["redeem"]) >= 5


# In, and out again; or out, and in again. No way round gains a unit of assets or a share.


def deposit_redeem(pool: PoolContract, size: int, now: int) -> bool:
    return pool.redeem(CALLER, pool.deposit(CALLER, size, CALLER, now), CALLER, CALLER, now) <= size


def deposit_withdraw(pool: PoolContract, size: int, now: int) -> bool:
    shares = pool.deposit(CALLER, size, CALLER, now)
    return pool.withdraw(CALLER, size, CALLER, CALLER, now) >= shares


def mint_redeem(pool: PoolContract, size: int, now: int) -> bool:
    amount = pool.preview_deposit(size, now) + 1
    paid = pool.mint(CALLER, amount, CALLER, now)
    return pool.redeem(CALLER, amount, CALLER, CALLER, now) <= paid


def mint_withdraw(pool: PoolContract, size: int, now: int) -> bool:
    amount = pool.preview_deposit(size, now) + 1
    paid = pool.mint(CALLER, amount, CALLER, now)
    return pool.withdraw(CALLER, paid, CALLER, CALLER, now) >= amount


def redeem_deposit(pool: PoolContract, size: int, now: int) -> bool:
    amount = pool.convert_to_shares(size, now)
    return pool.deposit(CALLER, pool.redeem(CALLER, amount, CALLER, CALLER, now), CALLER, now) <= amount


def redeem_mint(pool: PoolContract, size: int, now: int) -> bool:
    amount = pool.convert_to_shares(size, now)
    got = pool.redeem(CALLER, amount, CALLER, CALLER, now)
    return pool.mint(CALLER, amount, CALLER, now) >= got


def withdraw_deposit(pool: PoolContract, size: int, now: int) -> bool:
    burnt = pool.withdraw(CALLER, size, CALLER, CALLER, now)
    return pool.deposit(CALLER, size, CALLER, now) <= burnt


def withdraw_mint(pool: PoolContract, size: int, now: int) -> bool:
    burnt = pool.withdraw(CALLER, size, CALLER, CALLER, now)
    return pool.mint(CALLER, burnt, CALLER, now) >= size


INTO = (deposit_redeem, deposit_withdraw, mint_redeem, mint_withdraw)
OUT_OF = (redeem_deposit, redeem_mint, withdraw_deposit, withdraw_mint)


@pytest.mark.parametrize("way", [*INTO, *OUT_OF], ids=lambda way: way.__name__)
@pytest.mark.parametrize("past", [past for past in PASTS if past != "locked"])
def test_no_round_trip_gains(past: str, way: Callable[[PoolContract, int, int], bool]) -> None:
    """Within a second, whatever was before: never a unit of assets more, nor a share."""
    done: Counter[str] = Counter()
    for decimals in DECIMALS:
        scene = with_a_past(past, decimals)
        held(scene)
        for size in sizes(scene, way.__name__):
            scene.wait(HOUR)
            snapshot, tokens = scene.chain.snapshot(), assets_of(scene, CALLER)
            held_before = scene.pool.convert_to_assets(scene.pool.balance_of(CALLER), scene.now)
            try:
                assert way(scene.pool, size, scene.now)
            except Reverted:
                done["refused"] += 1
            else:
                done["made"] += 1
                # One unit of roundings, of the whole pool, may fall to who stays in it.
                after = scene.pool.convert_to_assets(scene.pool.balance_of(CALLER), scene.now)
                assert assets_of(scene, CALLER) + after <= tokens + held_before + 1
                continue
            scene.chain.revert(snapshot)
    assert done["made"] >= 15


def test_maxima_are_honest(scene: Attacked) -> None:
    """Exactly the most goes in and out, by either way, and of deposits and withdrawals not a unit more."""
    held(scene)
    pool, now = scene.pool, scene.now
    scene.asset.transact(DEPLOYER, "mint", CALLER, 2**128)
    for name, most, more in (
        ("deposit", pool.max_deposit(CALLER, now), True),
        ("mint", pool.max_mint(CALLER, now), False),
        ("withdraw", pool.max_withdraw(CALLER, now), True),
        ("redeem", pool.max_redeem(CALLER, now), pool.max_redeem(CALLER, now) == pool.balance_of(CALLER)),
    ):
        receivers = (CALLER,) if name in ("deposit", "mint") else (CALLER, CALLER)
        assert most > 0, name
        snapshot = scene.chain.snapshot()
        if more:
            assert scene.refused(name, CALLER, most + 1, *receivers, now) in (
                "pool: supply cap reached",
                "erc20: balance too low",
                "pool: not enough cash",
            )
        getattr(pool, name)(CALLER, most, *receivers, now)
        scene.chain.revert(snapshot)


def test_conversions_ask_nobody_who_calls(scene: Attacked) -> None:
    """The same answer to everybody, rounded down; nobody's balance, lock or debt is in it."""
    held(scene)
    for name in ("convertToShares", "convertToAssets", "previewDeposit", "previewMint", "previewWithdraw", "previewRedeem"):
        for size in sizes(scene, "asked", 4):
            calldata = scene.pool.calldata(name, size)
            answers = {scene.chain.call(scene.pool.address, calldata, sender=who) for who in (CALLER, LENDER, BORROWER, ZERO_ADDRESS)}
            assert len(answers) == 1
    for size in sizes(scene, "there and back"):
        shares = scene.pool.convert_to_shares(size, scene.now)
        assert scene.pool.convert_to_assets(shares, scene.now) <= size
        assert scene.pool.preview_mint(shares, scene.now) <= size
        assert scene.pool.preview_redeem(scene.pool.preview_withdraw(size, scene.now), scene.now) >= size


def test_views_that_must_not_fail_do_not(scene: Attacked) -> None:
    """asset, totalAssets, the maxima of anybody and, up to 2^128, conversions: whatever the oracle says, and a month later."""
    scene.oracle.set(1, 0, 0)
    for at in (scene.now, scene.now + 30 * DAY):
        assert scene.pool.call("asset", at=at) == scene.asset.address
        assert scene.pool.total_assets(at) >= 0
        for who in (CALLER, LENDER, BORROWER, scene.pool.address, ZERO_ADDRESS):
            for maximum in (scene.pool.max_deposit, scene.pool.max_mint, scene.pool.max_withdraw, scene.pool.max_redeem):
                assert 0 <= maximum(who, at) < 2**192
        for amount in (0, 1, 2**128):
            assert scene.pool.convert_to_shares(amount, at) >= 0
            assert scene.pool.convert_to_assets(amount, at) >= 0
    assert scene.pool.convert_to_shares(0, scene.now) == scene.pool.convert_to_assets(0, scene.now) == 0


def test_allowances_bind_to_the_share(scene: Attacked) -> None:
    """Who acts for another burns an allowance by exactly the shares burnt, is refused one share short, and needs none of one's own."""
    held(scene)
    pool, now = scene.pool, scene.now
    size = pool.max_withdraw(CALLER, now) // 3
    for name, amount, burnt in (
        ("withdraw", size, pool.preview_withdraw(size, now)),
        ("redeem", pool.balance_of(CALLER) // 100, pool.balance_of(CALLER) // 100),
    ):
        snapshot = scene.chain.snapshot()
        pool.approve(CALLER, OTHER, burnt - 1)
        assert scene.refused(name, OTHER, amount, OTHER, CALLER, now) == "erc20: allowance too low"
        pool.approve(CALLER, OTHER, burnt + 5)
        getattr(pool, name)(OTHER, amount, OTHER, CALLER, now)
        assert pool.allowance(CALLER, OTHER) == 5
        pool.approve(CALLER, OTHER, MAX_UINT256)
        getattr(pool, name)(OTHER, amount, OTHER, CALLER, now)
        assert pool.allowance(CALLER, OTHER) == MAX_UINT256
        scene.chain.revert(snapshot)
        # And the owner needs none.
        getattr(pool, name)(CALLER, amount, CALLER, CALLER, now)


@pytest.mark.parametrize("decimals", DECIMALS)
def test_a_lock_shows_in_the_maxima_and_in_nothing_else(decimals: int) -> None:
    """From the deposit to the last second before its end the most is 0 and both ways out refuse; conversions and previews go on."""
    scene = with_a_past("locked", decimals)
    pool, unit = scene.pool, 10**decimals
    shares = pool.deposit(CALLER, 1_000 * unit, CALLER, scene.now)
    for wait in (0, LOCK - 1):
        if wait:
            scene.wait(wait)
        assert (pool.max_withdraw(CALLER, scene.now), pool.max_redeem(CALLER, scene.now)) == (0, 0)
        for name in ("withdraw", "redeem"):
            assert scene.refused(name, CALLER, 10**6, CALLER, CALLER, scene.now) == "pool: shares are locked"
        assert pool.preview_redeem(shares, scene.now) == pool.convert_to_assets(shares, scene.now) >= 1_000 * unit - 1
    assert scene.refused("deposit", CALLER, unit, OTHER, scene.now) == "pool: caller is no operator"
    scene.wait(1)
    assert pool.max_redeem(CALLER, scene.now) == shares
    pool.redeem(CALLER, shares, CALLER, CALLER, scene.now)


@pytest.mark.parametrize("decimals", DECIMALS)
def test_a_pool_that_is_wiped_out_says_that_nothing_goes_in(decimals: int) -> None:
    """Maxima in are 0 and deposits refused by name; what is left, if anything, can still be asked for."""
    scene = Attacked(decimals=(decimals, 18))
    unit = 10**decimals
    scene.pool.deposit(LENDER, 16_000 * unit, LENDER, scene.now)
    scene.pool.supply_collateral(BORROWER, 10 * 10**18, BORROWER, scene.now)
    scene.pool.borrow(BORROWER, 16_000 * unit, BORROWER, BORROWER, scene.now)
    scene.oracle.set(0, 0, 1)
    scene.buy()
    assert (scene.pool.max_deposit(CALLER, scene.now), scene.pool.max_mint(CALLER, scene.now)) == (0, 0)
    assert scene.refused("deposit", CALLER, unit, CALLER, scene.now) == "pool: wiped out"
    assert scene.refused("mint", CALLER, unit, CALLER, scene.now) == "pool: wiped out"
    # The buyer paid the least there is, a unit.
    assert scene.pool.total_assets(scene.now) == scene.pool.max_withdraw(LENDER, scene.now) == 1
