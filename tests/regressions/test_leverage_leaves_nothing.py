"""Donations stay nobody's, allowances end with the call, a right taken back is gone, and nobody acts for another."""

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER
from ringfence.chain.contract import Contract
from ringfence.model.terms import PRICE_SCALE
from tests.unit.chain.leverage import BUY, FEE, SELL, TOKEN, Setting
from tests.unit.chain.roles import BORROWER, LIQUIDATOR, START

FEE_MODE, SILENT, FALSE, REVERTS, SURCHARGE = range(1, 6)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_donation_is_not_traded_with_nor_paid_out(setting: Setting) -> None:
    """What lay here before lies here afterwards, to the unit; no figure of the owner's depends on it."""
    setting.asset.mint(setting.leverage.address, 7 * TOKEN)
    setting.collateral.mint(setting.leverage.address, 3 * TOKEN)
    before = setting.asset.balance_of(BORROWER)
    assert setting.open() == (20 * TOKEN, 40_000 * TOKEN + FEE)
    assert setting.pool.position(BORROWER)[0] == 30 * TOKEN
    assert setting.close() == (20_000 * TOKEN - 2 * FEE, 0)
    assert setting.asset.balance_of(BORROWER) - before == 20_000 * TOKEN - 2 * FEE
    assert setting.asset.balance_of(setting.leverage.address) == 7 * TOKEN
    assert setting.collateral.balance_of(setting.leverage.address) == 3 * TOKEN


def test_a_donation_to_the_position_is_its_owner_s(setting: Setting) -> None:
    """Collateral that a stranger adds before the close comes out with the rest."""
    setting.open()
    setting.pool.supply_collateral(LIQUIDATOR, TOKEN, BORROWER, START)
    assert setting.close(sold=30 * TOKEN) == (20_000 * TOKEN - 2 * FEE, TOKEN)


def test_a_repayment_in_between_is_not_repaid_twice(setting: Setting) -> None:
    """A stranger who repays a part before the close makes the loan smaller, and the rest the owner's."""
    setting.open()
    setting.pool.repay(LIQUIDATOR, 1_000 * TOKEN, BORROWER, START)
    assert setting.close() == (21_000 * TOKEN - 2 * FEE, 0)


def test_more_than_the_debt_is_not_borrowed_to_repay(setting: Setting) -> None:
    """An amount over the debt lends the debt alone."""
    setting.open()
    assert setting.close(repaid=90_000 * TOKEN) == (20_000 * TOKEN - 2 * FEE, 0)


def test_an_operator_of_yesterday_does_nothing(setting: Setting) -> None:
    """The right taken back, Leverage can neither borrow nor take out, for the owner itself either."""
    setting.open()
    setting.pool.set_operator(BORROWER, setting.leverage.address, False)
    assert setting.refused(setting.open) == "pool: caller is no operator"
    assert setting.refused(setting.close) == "pool: caller is no operator"


@pytest.mark.parametrize("way", ["open", "close"])
def test_a_standing_right_serves_nobody_else(setting: Setting, way: str) -> None:
    """An operator approved and an allowance left for ever are used for their owner's calls alone, whatever a stranger sends."""
    setting.open()
    before = setting.holdings()
    setting.collateral.approve(LIQUIDATOR, setting.leverage.address, 10 * TOKEN)
    if way == "open":
        assert setting.refused(setting.open, caller=LIQUIDATOR) == "pool: caller is no operator"
    else:
        setting.pool.supply_collateral(LIQUIDATOR, 10 * TOKEN, LIQUIDATOR, START)
        setting.pool.borrow(LIQUIDATOR, 5_000 * TOKEN, LIQUIDATOR, LIQUIDATOR, START)
        assert setting.refused(setting.close, caller=LIQUIDATOR) == "pool: caller is no operator"
        setting.pool.set_operator(LIQUIDATOR, setting.leverage.address, True)
        # Sells all of its own collateral, and not one unit of the borrower's.
        assert setting.close(caller=LIQUIDATOR) == (15_000 * TOKEN - FEE, 0)
    after = setting.holdings()
    mine = {what: amount for what, amount in before.items() if BORROWER in what}
    assert mine == {what: after[what] for what in mine}


def test_a_pool_of_a_stranger_s_making_reaches_only_the_caller(setting: Setting) -> None:
    """A contract that poses as a pool and names real tokens can take the caller's margin if the caller so asks, and nobody else's."""
    liar = Contract.create(setting.chain, load("mocks/swap_adapter_mock"), DEPLOYER)
    assert setting.refused(setting.open, caller=LIQUIDATOR, pool=liar.address) == ""


@pytest.mark.parametrize(
    ("which", "mode", "reason"),
    [
        ("asset", FEE_MODE, "leverage: the loan is not here"),
        ("asset", FALSE, "leverage: the loan is not here"),
        ("asset", REVERTS, "odd erc20 mock: fails"),
        ("asset", SURCHARGE, ""),
        ("collateral", FEE_MODE, "leverage: too little is bought"),
        ("collateral", FALSE, "leverage: transfer failed"),
        ("collateral", REVERTS, "odd erc20 mock: fails"),
        ("collateral", SURCHARGE, ""),
    ],
)
def test_a_token_that_misbehaves_moves_nothing(which: str, mode: int, reason: str) -> None:
    """Fees on transfers, answers of false, reverts and surcharges end the call; who takes more than was sent finds no more."""
    setting = Setting("mocks/odd_erc20_mock")
    getattr(setting, which).transact(DEPLOYER, "set", mode)
    assert setting.refused(setting.open) == reason


def test_a_token_that_answers_nothing_is_served() -> None:
    """Some tokens move and answer nothing at all."""
    setting = Setting("mocks/odd_erc20_mock")
    for token in (setting.asset, setting.collateral):
        token.transact(DEPLOYER, "set", SILENT)
    assert setting.open() == (20 * TOKEN, 40_000 * TOKEN + FEE)
    assert setting.close() == (20_000 * TOKEN - 2 * FEE, 0)


def test_prices_that_do_not_divide_leave_no_dust(setting: Setting) -> None:
    """At a price with every digit used, figures still add up, and nothing stays here."""
    setting.adapter.transact(DEPLOYER, "set_price", setting.asset.address, BUY * 1_000_003 // 1_000_007)
    setting.adapter.transact(DEPLOYER, "set_price", setting.collateral.address, SELL * 999_983 // 1_000_003)
    bought, borrowed = setting.open(min_bought=19 * TOKEN)
    sold = (10 * TOKEN + bought) * 7 // 9
    assets, collateral = setting.close(sold=sold)
    assert assets == sold * (SELL * 999_983 // 1_000_003) // PRICE_SCALE - borrowed - FEE
    assert collateral == 10 * TOKEN + bought - sold
    assert setting.left_behind() == {}
    assert setting.pool.position(BORROWER) == (0, 0, 0)


def test_leftovers_that_a_token_refuses_to_send_back_undo_all() -> None:
    """A token that answers false from the swap on leaves the position as it was: nothing stays here unsent."""
    setting = Setting("mocks/odd_erc20_mock")
    setting.open()
    calldata = setting.collateral.calldata("set", FALSE)
    setting.adapter.transact(DEPLOYER, "set_call", setting.collateral.address, calldata)
    assert setting.refused(setting.close, sold=29 * TOKEN) == "leverage: transfer failed"
