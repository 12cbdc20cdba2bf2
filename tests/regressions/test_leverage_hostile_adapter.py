"""A swap adapter that cheats gets at most what it was handed, and only if the owner's limits are met all the same."""

from typing import Any

import pytest

from ringfence.chain.collaborators import DEPLOYER
from tests.unit.chain.leverage import BUY, FEE, PRICE, TOKEN, Setting
from tests.unit.chain.roles import BORROWER, EVERYTHING, LENDER, LIQUIDATOR

SHORT, KEEP, SILENT, GRAB, DIVERT = 1, 2, 4, 5, 6


@pytest.fixture
def setting() -> Setting:
    return Setting()


def plan_call(setting: Setting, target: str, calldata: bytes) -> None:
    setting.adapter.transact(DEPLOYER, "set_call", target, calldata)


def tried(setting: Setting) -> tuple[bool, bool]:
    return setting.adapter.call("is_called"), setting.adapter.call("is_let_in")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (SHORT, "leverage: too little is bought"),
        (KEEP, "leverage: too little is bought"),
        (SILENT, ""),
        (GRAB, "erc20: allowance too low"),
        (DIVERT, "leverage: too little is bought"),
    ],
)
def test_opening_believes_what_arrives(setting: Setting, mode: int, reason: str) -> None:
    """One unit short, nothing at all, no answer, a hand in the till, bought for itself: all is as before."""
    setting.adapter.transact(DEPLOYER, "set_mode", mode)
    assert setting.refused(setting.open) == reason


@pytest.mark.parametrize("mode", [KEEP, DIVERT])
def test_closing_cannot_pay_the_lender_from_nothing(setting: Setting, mode: int) -> None:
    """Without the proceeds the flash loan cannot be paid back, even if the owner asked for nothing."""
    setting.open()
    setting.adapter.transact(DEPLOYER, "set_mode", mode)
    assert setting.refused(setting.close) == "erc20: balance too low"


def test_an_adapter_takes_what_the_limits_leave(setting: Setting) -> None:
    """Against limits of a percent it may keep a percent and no more: what it sold short is the owner's whole loss."""
    least = 20 * TOKEN * 99 // 100
    setting.adapter.transact(DEPLOYER, "set_price", setting.asset.address, BUY * 98 // 100)
    assert setting.refused(setting.open, min_bought=least) == "leverage: too little is bought"
    setting.adapter.transact(DEPLOYER, "set_price", setting.asset.address, BUY * 99 // 100)
    assert setting.open(min_bought=least) == (least, 40_000 * TOKEN + FEE)
    assert setting.pool.position(BORROWER)[0] == 10 * TOKEN + least


def test_without_a_limit_max_ltv_is_the_limit(setting: Setting) -> None:
    """An owner who sets no limits can lose the whole purchase, up to where the pool refuses: 25.01 tokens carry 40,001 at 80 %."""
    setting.adapter.transact(DEPLOYER, "set_mode", KEEP)
    assert setting.refused(setting.open, min_bought=0) == "pool: over max_ltv"
    assert setting.open(min_bought=0, margin=26 * TOKEN) == (0, 40_000 * TOKEN + FEE)


@pytest.mark.parametrize("way", ["open", "close"])
@pytest.mark.parametrize("again", ["open", "close", "onFlashLoan"])
def test_no_way_in_from_a_swap(setting: Setting, way: str, again: str) -> None:
    """Neither entry, nor the callback of a loan under way, is open to the adapter; the rest goes on as if it had not tried."""
    setting.open()
    pool, route = setting.pool.address, setting.route()
    arguments: dict[str, tuple[Any, ...]] = {
        "open": (pool, 0, TOKEN, 0, EVERYTHING, 0, route),
        "close": (pool, EVERYTHING, EVERYTHING, EVERYTHING, 0, 0, route),
        "onFlashLoan": (setting.leverage.address, setting.asset.address, 40_000 * TOKEN, 0, b""),
    }
    plan_call(setting, setting.leverage.address, setting.leverage.calldata(again, *arguments[again]))
    assert (setting.open() if way == "open" else setting.close()) is not None
    assert tried(setting) == (True, False)
    assert setting.left_behind() == {}


def test_an_adapter_that_is_its_own_lender_calls_back_once(setting: Setting) -> None:
    """Who lends and swaps at once is let in once: the plan is spent before the swap, and nobody else's loan fits it."""
    calldata = setting.leverage.calldata("onFlashLoan", setting.leverage.address, setting.asset.address, 40_000 * TOKEN, FEE, b"")
    setting.lender.transact(DEPLOYER, "set", 2, FEE, setting.collateral.address)
    assert setting.refused(setting.open) == "leverage: nobody waits for this loan"
    setting.lender.transact(DEPLOYER, "set", 0, FEE, setting.collateral.address)
    plan_call(setting, setting.leverage.address, calldata)
    setting.open()
    assert tried(setting) == (True, False)


def test_the_adapter_has_no_rights_in_the_pool(setting: Setting) -> None:
    """Leverage is the operator, who swaps is not: what the owner has in the pool is out of its reach."""
    setting.pool.supply_collateral(BORROWER, TOKEN, BORROWER, setting.chain.timestamp)
    plan_call(setting, setting.pool.address, setting.pool.calldata("withdraw_collateral", TOKEN, setting.adapter.address, BORROWER))
    setting.open()
    assert tried(setting) == (True, False)
    assert setting.pool.position(BORROWER)[0] == 31 * TOKEN


@pytest.mark.parametrize("moved", [-5, 5])
def test_a_sandwich_is_as_large_as_the_limit_allows(setting: Setting, moved: int) -> None:
    """Whoever moves the market before the owner's transaction moves the owner's figures no further than the limits."""
    buy = BUY * (100 + moved) // 100
    setting.adapter.transact(DEPLOYER, "set_price", setting.asset.address, buy)
    bought = 20 * TOKEN * (100 + moved) // 100
    least = 20 * TOKEN * 97 // 100
    if moved < 0:
        assert setting.refused(setting.open, min_bought=least) == "leverage: too little is bought"
    else:
        # A market that moved in the owner's favour is the owner's gain, to the unit.
        assert setting.open(min_bought=least)[0] == bought
        assert setting.pool.position(BORROWER)[0] == 10 * TOKEN + bought


@pytest.mark.parametrize("moved", [-5, 0])
def test_a_sandwiched_sale_keeps_the_owner_s_least(setting: Setting, moved: int) -> None:
    """Closing asks for the margin's worth less 3 %: at 5 % less nothing happens."""
    setting.open()
    setting.adapter.transact(DEPLOYER, "set_price", setting.collateral.address, PRICE * 10**36 * (100 + moved) // 100)
    least = 20_000 * TOKEN * 97 // 100
    if moved < 0:
        assert setting.refused(setting.close, min_assets=least) == "leverage: too little comes back"
    else:
        assert setting.close(min_assets=least) == (20_000 * TOKEN - 2 * FEE, 0)


def test_an_oracle_pushed_up_for_the_opening_meets_the_owner_s_health(setting: Setting) -> None:
    """A price doubled for one block lets the pool lend twice as much; the limit on the debt is the owner's own."""
    setting.oracle.set_price(2 * PRICE * 10**36)
    assert setting.refused(setting.open, flash=80_000 * TOKEN, margin=0) == "leverage: too much is borrowed"


def test_others_lose_nothing_to_a_hostile_adapter(setting: Setting) -> None:
    """However an owner chooses to be cheated, lenders and strangers hold what they held."""
    before = setting.holdings()
    setting.adapter.transact(DEPLOYER, "set_mode", KEEP)
    setting.open(min_bought=0, margin=26 * TOKEN)
    after = setting.holdings()
    for who in (LENDER, LIQUIDATOR):
        for token in ("asset", "collateral"):
            assert after[f"{token} of {who}"] == before[f"{token} of {who}"]
    assert after[f"asset of {setting.pool.address}"] == before[f"asset of {setting.pool.address}"] - 40_000 * TOKEN - FEE
