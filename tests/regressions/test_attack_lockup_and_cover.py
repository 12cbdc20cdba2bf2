"""Attacks on lock-up, premium and backstop, and by a backstop: how to slip out of a lock, into a premium, or past a cover."""

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.backstop import BackstopContract, deploy_backstop
from ringfence.chain.collaborators import DEPLOYER, TokenContract
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS
from tests.regressions.attacked import (
    ACCOMPLICE,
    ATTACKER,
    AUCTION,
    BORROWER,
    DAY,
    ETH,
    FUNDS,
    HOUR,
    LENDER,
    LIQUIDATOR,
    MINUTE,
    START,
    USD,
    VICTIM,
    Attacked,
)

LOCKED = "pool: shares are locked"
YEAR = 31_536_000


# Lock-up


def locked() -> Attacked:
    """A pool with a lock-up of a day, the attacker's 1,000 in it since this second, another lender's for longer."""
    scene = Attacked(lockup=DAY)
    scene.lend(10_000)
    scene.wait(2 * DAY)
    scene.lend(1_000, ATTACKER)
    return scene


def test_locked_shares_leave_by_no_door() -> None:
    """Not by withdrawal, redemption or transfer, by the owner, a spender, an operator or to an accomplice whose shares are free."""
    scene = locked()
    pool, now = scene.pool, scene.now
    pool.approve(ATTACKER, ACCOMPLICE, MAX_UINT256)
    pool.set_operator(ATTACKER, ACCOMPLICE, True)
    for name, arguments in {
        "withdraw": (1, ATTACKER, ATTACKER),
        "redeem": (10**6, ACCOMPLICE, ATTACKER),
        "transfer_from": (ATTACKER, ACCOMPLICE, 1),
    }.items():
        for caller in (ATTACKER, ACCOMPLICE):
            assert scene.refused(name, caller, *arguments, now) == LOCKED
    assert scene.refused("transfer", ATTACKER, LENDER, 1, now) == LOCKED
    assert (pool.max_withdraw(ATTACKER, now), pool.max_redeem(ATTACKER, now)) == (0, 0)
    # To the second.
    scene.wait(DAY - 1)
    assert scene.refused("redeem", ATTACKER, 1_000 * USD * 10**6, ATTACKER, ATTACKER, scene.now) == LOCKED
    scene.wait(1)
    assert pool.redeem(ATTACKER, 1_000 * USD * 10**6, ATTACKER, ATTACKER, scene.now) == 1_000 * USD


def test_nobody_is_locked_by_another() -> None:
    """A deposit for somebody needs the consent that an operator has; a transfer to somebody locks nothing, of nothing or of all."""
    scene = locked()
    for name, amount in (("deposit", 1), ("mint", 1)):
        assert scene.refused(name, ATTACKER, amount, LENDER, scene.now) == "pool: caller is no operator"
    scene.wait(DAY)
    scene.pool.transfer(ATTACKER, LENDER, 1_000 * USD * 10**6, scene.now)
    assert scene.pool.max_withdraw(LENDER, scene.now) == 11_000 * USD
    assert scene.pool.locked_until(LENDER) == START + DAY


def test_an_operator_can_keep_a_lender_locked() -> None:
    """The known limit: consent is consent, so who was made operator renews the lock with a unit, at any time, until that is taken back."""
    scene = locked()
    scene.pool.set_operator(LENDER, ATTACKER, True)
    scene.pool.deposit(ATTACKER, 1, LENDER, scene.now)
    assert scene.pool.max_withdraw(LENDER, scene.now) == 0
    scene.pool.set_operator(LENDER, ATTACKER, False)
    assert scene.refused("deposit", ATTACKER, 1, LENDER, scene.now) == "pool: caller is no operator"
    scene.wait(DAY)
    assert scene.pool.max_withdraw(LENDER, scene.now) == 10_000 * USD + 1


def test_a_deposit_for_a_moment_earns_nothing() -> None:
    """Without a lock-up, in and out in one second around an accrual or a repayment: never a unit gained, with a year of interest due."""
    for act in ("accrue", "repay", "sale", "nothing"):
        scene = Attacked(rate=WAD // 10 // YEAR, penalty=WAD // 100, reserve_factor=WAD // 10, reserve_target=WAD // 50)
        scene.lend(10_000)
        scene.loan(2, 3_000)
        scene.wait(YEAR)
        scene.set_price(1_900)
        before, others = scene.wealth(ATTACKER), scene.wealth(LENDER)
        held = scene.pool.deposit(ATTACKER, 10**6 * USD, ATTACKER, scene.now)
        if act == "accrue":
            scene.pool.accrue(ATTACKER, scene.now)
        elif act == "repay":
            scene.pool.repay(BORROWER, 1_000 * USD, BORROWER, scene.now)
        elif act == "sale":
            scene.buy()
        scene.pool.redeem(ATTACKER, held, ATTACKER, ATTACKER, scene.now)
        assert -2 <= scene.wealth(ATTACKER) - before <= 0
        # A repayment or sale rounded up may have left a unit to be shared; the others lose none.
        assert scene.wealth(LENDER) >= others


def test_a_lockup_does_not_keep_old_lenders_from_leaving_before_a_loss() -> None:
    """The known limit: only fresh deposits are locked. Who lent for longer than the lock-up leaves and shifts the loss, as without one."""
    scene = locked()
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    scene.pool.redeem(LENDER, scene.pool.max_redeem(LENDER, scene.now), LENDER, LENDER, scene.now)
    scene.buy()
    # 9,400 of cash left with the old lender; 600 of loss stay with 1,600 of shares, 1,000 of them the newcomer's.
    assert scene.loss()[3] == 600 * USD
    assert scene.pool.convert_to_assets(scene.pool.balance_of(ATTACKER), scene.now) == 625 * USD


# Premium and cover


def covered(*, max_assets: int = 10_000 * USD, share: int = WAD, **terms: int) -> tuple[Attacked, BackstopContract]:
    """A pool with a sealed backstop of 10 days' notice that names it, and the victim's 10,000 in the backstop."""
    chain = EmbeddedChain(timestamp=START)
    asset = TokenContract.deploy(chain, 6)
    fund = deploy_backstop(chain, asset.address, 10 * DAY, creator=DEPLOYER)
    scene = Attacked(chain=chain, asset=asset, backstop=fund.address, **terms)
    fund.set_cover(DEPLOYER, scene.pool.address, max_assets, share)
    fund.seal(DEPLOYER)
    for who in (VICTIM, ATTACKER):
        asset.approve(who, fund.address, MAX_UINT256)
    fund.deposit(VICTIM, 10_000 * USD, VICTIM)
    scene.lend(10_000)
    return scene, fund


def test_a_premium_not_yet_paid_goes_to_who_is_there_when_it_is() -> None:
    """The known limit in figures: as much as all others put in takes half of what is owed, and is at risk for the ten days of its notice.

    Who pays the premium out before, which anybody may at any time, leaves it nothing.
    """
    for is_paid_before in (False, True):
        scene, fund = covered(rate=WAD // 10 // YEAR, premium=WAD // 10)
        scene.loan(5, 8_000)
        scene.wait(YEAR)
        owed = scene.pool.state(scene.now)[5]
        # A tenth of 8,000 * (e^0.1 - 1) = 841.37
        assert 84 * USD < owed < 85 * USD
        if is_paid_before:
            scene.pool.pay_premium(VICTIM, scene.now)
        held = fund.deposit(ATTACKER, 10_000 * USD, ATTACKER)
        scene.pool.pay_premium(ATTACKER, scene.now)
        won = fund.convert_to_assets(held) - 10_000 * USD
        assert won == pytest.approx(0 if is_paid_before else owed / 2, abs=2)
        assert fund.max_redeem(ATTACKER, scene.now) == 0
        fund.request_redeem(ATTACKER, held, scene.now)
        assert fund.max_redeem(ATTACKER, scene.now + 10 * DAY - 1) == 0


def test_a_premium_is_paid_once_and_from_interest_alone() -> None:
    """Called again and again it pays what is owed, once; lenders' principal is out of its reach, at a premium of all interest, too."""
    scene, fund = covered(rate=WAD // 10 // YEAR, premium=WAD)
    scene.loan(5, 8_000)
    scene.wait(YEAR)
    before = fund.total_assets()
    for _ in range(3):
        scene.pool.pay_premium(ATTACKER, scene.now)
    interest = scene.pool.debt_of(BORROWER, scene.now) - 8_000 * USD
    assert 0 <= interest - (fund.total_assets() - before) <= 1
    assert scene.pool.total_assets(scene.now) == 10_000 * USD


def test_a_premium_without_cash_waits() -> None:
    """Everything lent out: nothing is paid, nothing fails, and what comes in first may be taken by anybody's call."""
    scene, fund = covered(rate=WAD // 10 // YEAR, premium=WAD // 10)
    scene.loan(10, 10_000)
    scene.wait(YEAR)
    before = fund.total_assets()
    scene.pool.pay_premium(ATTACKER, scene.now)
    assert (fund.total_assets(), scene.pool.events[-1]) == (before, ("PayPremium", 0))
    scene.pool.repay(BORROWER, 60 * USD, BORROWER, scene.now)
    scene.pool.pay_premium(ATTACKER, scene.now)
    assert fund.total_assets() == before + 60 * USD
    assert scene.pool.max_withdraw(LENDER, scene.now) == 0


def test_nobody_draws_but_a_sale_at_a_loss() -> None:
    """Not by calling the fund, not through the pool without a loss, not twice for one loss; and no more than the loss."""
    scene, fund = covered()
    scene.loan(1, 1_600)
    for caller in (ATTACKER, DEPLOYER):
        with pytest.raises(Reverted, match="pool is not covered"):
            fund.cover(caller, 1)
    scene.set_price(1_800)
    scene.buy(most=100 * USD)
    assert fund.total_assets() == 10_000 * USD
    scene.set_price(1_050)
    scene.buy(most=500 * USD)
    first = 10_000 * USD - fund.total_assets()
    scene.buy()
    assert scene.loss()[2] == scene.loss()[0]
    # 1,500 owed on what 100 * 1.05 / 1,800 of an ether has left: whatever is not paid for it is drawn, in two parts, to the unit.
    assert 10_000 * USD - fund.total_assets() == first + scene.loss()[2]
    assert scene.pool.total_assets(scene.now) >= 10_000 * USD
    assert scene.refused("liquidate", ATTACKER, BORROWER, MAX_UINT256, 0, ATTACKER, b"", scene.now) == "pool: position is healthy"


def test_a_cover_is_drawn_to_its_limit_and_not_beyond_by_slices() -> None:
    """600 lost with 250 of cover: however the sale is sliced, the fund pays 250 and lenders 350."""
    for slices in (1, 3, 10):
        scene, fund = covered(max_assets=250 * USD)
        scene.loan(1, 1_600)
        scene.set_price(1_050)
        for _ in range(slices):
            scene.buy(most=1_000 * USD // slices + 1)
        assert fund.total_assets() == 9_750 * USD
        assert abs(scene.pool.total_assets(scene.now) - 9_650 * USD) <= slices
        assert scene.pool.position(BORROWER)[1] == 0


def test_a_late_sale_to_oneself_is_paid_by_the_backstop_first() -> None:
    """What waits for the discount to pass the margin takes it from the fund now, not from lenders; still bounded by the same law: 604."""
    scene, fund = covered(**AUCTION)
    scene.loan(5, 8_000, ATTACKER)
    scene.set_price(1_632)
    scene.pool.flag(LIQUIDATOR, ATTACKER, scene.now)
    scene.wait(HOUR - MINUTE)
    before = scene.wealth(ATTACKER, ACCOMPLICE)
    payment, _ = scene.buy(ATTACKER, who=ACCOMPLICE)
    # 8,160 / 1.06 = 7,698.11: 301.89 short of 8,000, of which 160 were the attacker's.
    assert payment == 7_698_113_208
    assert scene.loss() == (301_886_792, 0, 301_886_792, 0, 0)
    assert scene.wealth(ATTACKER, ACCOMPLICE) - before == pytest.approx(301_886_792, abs=2)
    assert fund.total_assets() == 10_000 * USD - 301_886_792
    assert scene.pool.total_assets(scene.now) == 10_000 * USD


def test_an_underwriter_under_notice_cannot_step_aside_of_a_coming_loss() -> None:
    """The loss is in sight, the position is sold a day later: notice given now opens in ten, and bears it."""
    scene, fund = covered()
    held = fund.balance_of(VICTIM)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    fund.request_redeem(VICTIM, held, scene.now)
    scene.wait(DAY)
    scene.buy()
    scene.wait(9 * DAY)
    assert fund.redeem(VICTIM, held, VICTIM, VICTIM, scene.now) == 9_400 * USD


# A backstop that is the attacker's

# Mode: what is credited of a loss of 600.
MODES = {0: 600, 1: 0, 2: 0, 3: 300, 4: 600, 5: 600, 6: 600, 7: 0, 8: 0}


@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_backstop_stops_no_sale_and_takes_nothing(mode: int) -> None:
    """It reverts, burns, lies, overpays, comes back or reaches into the pool: the sale goes through, what arrived is credited, no more."""
    chain = EmbeddedChain(timestamp=START)
    asset = TokenContract.deploy(chain, 6)
    fund = Contract.create(chain, load("mocks/backstop_mock"), DEPLOYER)
    scene = Attacked(chain=chain, asset=asset, backstop=fund.address)
    asset.mint(fund.address, 10_000 * USD)
    fund.transact(DEPLOYER, "set", mode, asset.address)
    fund.transact(DEPLOYER, "set_call", scene.pool.address, scene.pool.calldata("withdraw", USD, fund.address, fund.address))
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    assert scene.buy() == (1_000 * USD, ETH)
    arrived = MODES[mode] * USD
    assert scene.loss() == (600 * USD, 0, arrived, 600 * USD - arrived, 0)
    assert scene.pool.total_assets(scene.now) == 9_400 * USD + arrived
    assert asset.balance_of(scene.pool.address) == scene.pool.total_assets(scene.now) + (600 * USD if mode == 4 else 0)
    assert fund.call("is_let_in") is False
    scene.pool.withdraw(LENDER, 9_400 * USD + arrived, LENDER, LENDER, scene.now)


@pytest.mark.parametrize("where", ["nobody", "the asset", "the pool's oracle"])
def test_a_backstop_that_is_none_costs_its_premium_and_nothing_else(where: str) -> None:
    """An account without code, a token, any contract: a sale finds no cover there, lenders bear the loss, and everybody leaves."""
    chain = EmbeddedChain(timestamp=START)
    asset = TokenContract.deploy(chain, 6)
    oracle = Attacked(chain=chain).oracle.address
    backstop = {"nobody": ATTACKER, "the asset": asset.address, "the pool's oracle": oracle}[where]
    scene = Attacked(chain=chain, asset=asset, backstop=backstop, premium=WAD // 10, rate=WAD // 10 // YEAR)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.wait(YEAR)
    owed = scene.pool.state(scene.now)[5]
    scene.pool.pay_premium(LENDER, scene.now)
    assert asset.balance_of(backstop) == owed + (FUNDS if backstop == ATTACKER else 0)
    scene.set_price(1_050)
    scene.buy()
    assert scene.loss()[2] == 0
    assert scene.loss()[3] == scene.loss()[0]
    scene.pool.redeem(LENDER, scene.pool.balance_of(LENDER), LENDER, LENDER, scene.now)


def test_a_pool_without_a_backstop_pays_nobody() -> None:
    """A premium needs somebody to go to; without one the call moves nothing."""
    scene = Attacked(rate=WAD // 10 // YEAR)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.wait(YEAR)
    scene.pool.pay_premium(ATTACKER, scene.now)
    assert scene.pool.events[-1] == ("PayPremium", 0)
    assert scene.asset.call("balanceOf", ZERO_ADDRESS) == 0
