"""A flash lender that cheats is refused, or cheats itself; and nobody but the lender asked, once, in time, enters the callback."""

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER
from ringfence.chain.contract import Contract
from tests.unit.chain.leverage import FEE, PRICE, TOKEN, Setting
from tests.unit.chain.roles import BORROWER, LENDER, LIQUIDATOR

NO_CALL, TWICE, NOT_LENT, OTHER_AMOUNT, OTHER_INITIATOR, OTHER_TOKEN, TAKES_NOTHING, TAKES_MORE, FALSE = range(1, 10)
CHEATS = [
    (NO_CALL, "leverage: nothing was lent"),
    (TWICE, "leverage: nobody waits for this loan"),
    (NOT_LENT, "leverage: the loan is not here"),
    (OTHER_AMOUNT, "leverage: not the loan asked for"),
    (OTHER_INITIATOR, "leverage: nobody waits for this loan"),
    (OTHER_TOKEN, "leverage: not the loan asked for"),
    (TAKES_MORE, "erc20: allowance too low"),
    (FALSE, "leverage: nothing was lent"),
]


@pytest.fixture
def setting() -> Setting:
    return Setting()


def cheat(setting: Setting, mode: int, fee: int = FEE) -> None:
    setting.lender.transact(DEPLOYER, "set", mode, fee, setting.collateral.address)


@pytest.mark.parametrize(("mode", "reason"), CHEATS)
def test_a_cheat_is_refused_when_opening(setting: Setting, mode: int, reason: str) -> None:
    """Nothing has moved afterwards."""
    cheat(setting, mode)
    assert setting.refused(setting.open) == reason


@pytest.mark.parametrize(("mode", "reason"), CHEATS)
def test_a_cheat_is_refused_when_closing(setting: Setting, mode: int, reason: str) -> None:
    """The position is what it was: it has money left over, of which the lender may take what it lent and its fee."""
    setting.open()
    cheat(setting, mode)
    assert setting.refused(setting.close) == reason


def test_a_lender_cannot_be_paid_with_what_lies_here(setting: Setting) -> None:
    """Tokens that somebody sent to Leverage by mistake do not stand in for a loan that was never sent."""
    setting.asset.mint(setting.leverage.address, 10**30)
    cheat(setting, NOT_LENT)
    assert setting.refused(setting.open) == "leverage: the loan is not here"


def test_a_fee_is_bounded_by_the_owner_s_limits(setting: Setting) -> None:
    """A lender that asks for more than it said is over the most debt, or leaves less than the least assets."""
    cheat(setting, 0, FEE + 1)
    assert setting.refused(setting.open) == "leverage: too much is borrowed"
    cheat(setting, 0, FEE)
    setting.open()
    cheat(setting, 0, FEE + 1)
    assert setting.refused(setting.close, min_assets=20_000 * TOKEN - 2 * FEE) == "leverage: too little comes back"


def test_a_lender_that_takes_nothing_has_given(setting: Setting) -> None:
    """What it leaves is the owner's, and it cannot come for it later: no allowance stays."""
    before = setting.asset.balance_of(BORROWER)
    cheat(setting, TAKES_NOTHING)
    setting.open()
    assert setting.asset.balance_of(BORROWER) - before == 40_000 * TOKEN + FEE
    assert setting.left_behind() == {}
    setting.asset.mint(setting.leverage.address, 1)
    with pytest.raises(Exception, match="allowance too low"):
        setting.lender.transact(DEPLOYER, "take", setting.asset.address, setting.leverage.address, 1)


def test_an_account_without_code_lends_nothing(setting: Setting) -> None:
    """A lender's address that holds no contract is refused."""
    assert setting.refused(setting.open, route=setting.route(lender=LIQUIDATOR)) == ""


@pytest.mark.parametrize("caller", [BORROWER, LENDER, DEPLOYER])
def test_nobody_calls_the_callback_from_outside(setting: Setting, caller: str) -> None:
    """Without a plan under way there is no lender to be."""
    setting.asset.mint(setting.leverage.address, 10**30)
    with pytest.raises(Exception, match="leverage: nobody waits for this loan"):
        setting.leverage.transact(caller, "onFlashLoan", setting.leverage.address, setting.asset.address, TOKEN, FEE, b"")


def test_a_loan_in_our_name_asked_for_by_another_is_refused(setting: Setting) -> None:
    """The very lender of the last plan, asked by a stranger to lend to Leverage, is not let in: fees cannot be burnt in its name."""
    setting.open()
    setting.asset.mint(setting.leverage.address, 10**30)
    with pytest.raises(Exception, match="leverage: nobody waits for this loan"):
        setting.lender.transact(LIQUIDATOR, "flashLoan", setting.leverage.address, setting.asset.address, TOKEN, b"")


def test_the_lender_under_way_asked_by_the_adapter_is_refused(setting: Setting) -> None:
    """A second loan of the same lender, made by the adapter within the first, does not run the plan again."""
    calldata = setting.lender.calldata("flashLoan", setting.leverage.address, setting.asset.address, 40_000 * TOKEN, b"")
    setting.adapter.transact(DEPLOYER, "set_call", setting.lender.address, calldata)
    setting.open()
    assert (setting.adapter.call("is_called"), setting.adapter.call("is_let_in")) == (True, False)
    assert setting.pool.debt_of(BORROWER, setting.chain.timestamp) == 40_000 * TOKEN + FEE


def test_two_users_of_one_contract_do_not_meet(setting: Setting) -> None:
    """A lender who asks for a loan of its own within the callback's time finds its own plan only: positions stay apart."""
    other = Contract.create(setting.chain, load("mocks/flash_lender_mock"), DEPLOYER)
    setting.asset.mint(other.address, 10**30)
    setting.open()
    setting.pool.set_operator(LIQUIDATOR, setting.leverage.address, True)
    setting.collateral.approve(LIQUIDATOR, setting.leverage.address, 10 * TOKEN)
    mine = setting.pool.position(BORROWER)
    setting.open(caller=LIQUIDATOR, route=setting.route(lender=other.address))
    assert setting.pool.position(BORROWER) == mine
    # Without the other lender's fee, of 0, the same position.
    assert setting.pool.position(LIQUIDATOR)[0] == 30 * TOKEN == mine[0]
    assert setting.pool.debt_of(LIQUIDATOR, setting.chain.timestamp) == 20 * TOKEN * PRICE
