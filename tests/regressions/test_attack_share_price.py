"""Games with the price of lender shares and debt shares: gifts, first deposits, dust, roundings. What a victim can lose is said."""

from random import Random

import pytest

from ringfence.chain.errors import Reverted
from ringfence.model.terms import MAX_UINT256, WAD
from tests.regressions.attacked import ACCOMPLICE, ATTACKER, BORROWER, ETH, FUNDS, LENDER, LIQUIDATOR, USD, VICTIM, Attacked

YEAR = 31_536_000


def weeks_at_the_cap(scene: Attacked, years: int) -> None:
    """Let years go by, counting interest each week: e^8 a year is 2,981, and a week's three terms come within a part in 40,000 of it."""
    for _ in range(years * 52):
        scene.wait(YEAR // 52)
        scene.pool.accrue(ATTACKER, scene.now)


@pytest.mark.parametrize("gift", [0, 1, USD, 10**6 * USD, 10**12 * USD])
def test_a_gift_to_the_pool_moves_no_price(gift: int) -> None:
    """First deposit of a unit, a gift by transfer, the victim's deposit: the gift is lost, the victim has all it brought."""
    for deposit in (1, 1_000, USD, 10**9 * USD):
        scene = Attacked()
        scene.pool.deposit(ATTACKER, 1, ATTACKER, scene.now)
        scene.asset.transact(ATTACKER, "transfer", scene.pool.address, gift)
        assert scene.pool.deposit(VICTIM, deposit, VICTIM, scene.now) == deposit * 10**6
        got = scene.pool.redeem(VICTIM, deposit * 10**6, VICTIM, VICTIM, scene.now)
        assert got == deposit
        scene.pool.redeem(ATTACKER, 10**6, ATTACKER, ATTACKER, scene.now)
        assert scene.asset.call("balanceOf", ATTACKER) == FUNDS - gift


def test_a_gift_to_the_pool_is_no_cash() -> None:
    """Everything lent, a million given: nobody withdraws, borrows or is paid a premium from it, and the books are as before."""
    scene = Attacked(premium=WAD // 10, backstop=ACCOMPLICE, rate=WAD // 10 // YEAR)
    scene.lend(1_600)
    scene.loan(1, 1_600)
    scene.wait(YEAR)
    scene.pool.accrue(ATTACKER, scene.now)
    before = scene.books()
    scene.asset.transact(ATTACKER, "transfer", scene.pool.address, 10**6 * USD)
    assert scene.pool.max_withdraw(LENDER, scene.now) == scene.pool.max_redeem(LENDER, scene.now) == 0
    assert scene.refused("withdraw", LENDER, 1, LENDER, LENDER, scene.now) == "pool: not enough cash"
    assert scene.refused("redeem", LENDER, 10**7, LENDER, LENDER, scene.now) == "pool: not enough cash"
    scene.pool.supply_collateral(ATTACKER, ETH, ATTACKER, scene.now)
    assert scene.refused("borrow", ATTACKER, 1, ATTACKER, ATTACKER, scene.now) == "pool: not enough cash"
    scene.pool.pay_premium(ATTACKER, scene.now)
    assert scene.asset.call("balanceOf", ACCOMPLICE) == FUNDS
    assert scene.books()[:7] == before[:7]


def test_a_gift_to_the_reserve_comes_back_to_nobody_at_once() -> None:
    """Given through the door it is the reserve's: without interest not a unit flows back, and a giver who lends gains nothing."""
    scene = Attacked(reserve_factor=WAD // 10, reserve_target=WAD // 50)
    scene.pool.deposit(ATTACKER, 1, ATTACKER, scene.now)
    scene.pool.add_to_reserve(ATTACKER, 10**6 * USD, scene.now)
    scene.pool.deposit(VICTIM, 1_000 * USD, VICTIM, scene.now)
    scene.wait(YEAR)
    assert scene.pool.convert_to_assets(scene.pool.balance_of(VICTIM), scene.now) == 1_000 * USD
    assert scene.pool.convert_to_assets(scene.pool.balance_of(ATTACKER), scene.now) == 1
    assert scene.pool.state(scene.now)[4] == 10**6 * USD


@pytest.mark.parametrize("years", [1, 4])
def test_interest_paid_to_oneself_inflates_by_2981_a_year_at_most(years: int) -> None:
    """A lone lender of dust who lends it to itself at 800 % makes shares dear, slowly; it wins at most what a victim loses by rounding.

    That is under a share: after a year of it less than a hundredth of a base unit, and after four of them, in an empty pool, 72 dollars.
    """
    scene = Attacked(rate=8 * WAD // YEAR)
    scene.pool.deposit(ATTACKER, 10, ATTACKER, scene.now)
    scene.pool.supply_collateral(ATTACKER, 10**6 * ETH, ATTACKER, scene.now)
    scene.pool.borrow(ATTACKER, 10, ATTACKER, ATTACKER, scene.now)
    rich = scene.wealth(ATTACKER)
    weeks_at_the_cap(scene, years)
    scene.pool.repay(ATTACKER, MAX_UINT256, ATTACKER, scene.now)
    supply, shares = scene.pool.state(scene.now)[:2]
    # Ten units, of which fractions are lost at first.
    assert 10 * 2_800**years < supply <= 10 * 2_981**years
    worth = -(-(supply + 1) // (shares + 10**6))
    assert worth == 1 if years == 1 else 65 * USD < worth < 73 * USD
    won = 0
    for deposit in (worth, worth * 19 // 10, worth * 999 // 10):
        snapshot = scene.chain.snapshot()
        held = scene.pool.deposit(VICTIM, deposit, VICTIM, scene.now)
        lost = deposit - scene.pool.convert_to_assets(held, scene.now)
        assert 0 <= lost <= worth
        assert scene.wealth(ATTACKER) - rich <= lost
        won = max(won, scene.wealth(ATTACKER) - rich)
        scene.chain.revert(snapshot)
    assert (won > 0) is (years > 1)


def test_what_virtual_shares_owe_is_paid_by_nobody() -> None:
    """A million virtual debt shares owe a base unit and its interest: at 800 % for a year lenders count 2,980 units that never come."""
    scene = Attacked(rate=8 * WAD // YEAR)
    scene.lend(10_000)
    scene.loan(10**6, 1_000)
    weeks_at_the_cap(scene, 1)
    scene.pool.repay(BORROWER, MAX_UINT256, BORROWER, scene.now)
    supply, _, debt, shares, *_ = scene.pool.state(scene.now)
    # A unit, times 2,981, less that unit, which is virtual too.
    assert (debt, shares) == (pytest.approx(2_980, abs=6), 0)
    assert supply - scene.asset.call("balanceOf", scene.pool.address) == debt
    weeks_at_the_cap(scene, 1)
    # 2,981 squared: 8.89 dollars.
    assert scene.pool.state(scene.now)[2] == pytest.approx(8.88 * USD, abs=0.02 * USD)


def test_no_sequence_of_dust_ends_richer() -> None:
    """Deposits, mints, redemptions and withdrawals of a few units, at prices that do not divide, over two accounts: never a unit gained."""
    done = {"deposit": 0, "mint": 0, "redeem": 0, "withdraw": 0}
    for seed in range(40):
        rng = Random(seed)
        scene = Attacked(rate=WAD // 10 // YEAR)
        scene.lend(rng.randint(1, 10_000))
        scene.pool.supply_collateral(BORROWER, 10 * ETH, BORROWER, scene.now)
        scene.pool.borrow(BORROWER, rng.randint(1, scene.pool.state(scene.now)[0]) // 2 + 1, BORROWER, BORROWER, scene.now)
        scene.wait(rng.randint(1, YEAR))
        before, others = scene.wealth(ATTACKER, ACCOMPLICE), scene.wealth(LENDER)
        for _ in range(30):
            name, amount, who = rng.choice(list(done)), rng.choice((1, 2, 3, 999_999, 10**6, 10**6 + 1)), rng.choice((ATTACKER, ACCOMPLICE))
            arguments = (amount, who) if name in ("deposit", "mint") else (amount, who, who)
            try:
                getattr(scene.pool, name)(who, *arguments, scene.now)
                done[name] += 1
            except Reverted:
                continue
        assert scene.wealth(ATTACKER, ACCOMPLICE) <= before
        assert scene.wealth(LENDER) >= others
    assert min(done.values()) > 50


def test_debts_rounded_up_pay_lenders_and_never_the_one_who_rounds() -> None:
    """An attacker with lender shares and small debts, repaid unit by unit, pays each rounding and gets back at most its own part."""
    scene = Attacked(rate=WAD // 10 // YEAR)
    scene.lend(1_000)
    scene.lend(1_000, ATTACKER)
    scene.pool.supply_collateral(ACCOMPLICE, ETH, ACCOMPLICE, scene.now)
    scene.pool.borrow(ACCOMPLICE, 50, ACCOMPLICE, ACCOMPLICE, scene.now)
    scene.wait(YEAR)
    scene.pool.accrue(ATTACKER, scene.now)
    before, others = scene.wealth(ATTACKER, ACCOMPLICE), scene.wealth(LENDER)
    repaid = 0
    while scene.pool.debt_of(ACCOMPLICE, scene.now):
        repaid += scene.pool.repay(ACCOMPLICE, 1, ACCOMPLICE, scene.now)
    assert repaid >= 55
    assert scene.wealth(ATTACKER, ACCOMPLICE) <= before
    assert scene.wealth(LENDER) >= others


def test_a_pool_that_lost_everything_takes_no_deposit() -> None:
    """Wiped out, new shares could be worth anything: nobody is let in, those who are in get what is left, which is nothing."""
    scene = Attacked()
    scene.lend(3_200)
    scene.loan(2, 3_200)
    scene.oracle.set(0, 1, 1)
    assert scene.buy() == (1, 2 * ETH)
    assert scene.loss()[3] == 3_200 * USD - 1
    assert scene.pool.total_assets(scene.now) == 1
    assert scene.pool.max_deposit(VICTIM, scene.now) == 0
    assert scene.refused("deposit", VICTIM, 1_000 * USD, VICTIM, scene.now) == "pool: wiped out"
    assert scene.pool.max_redeem(LENDER, scene.now) == 1_600 * USD * 10**6 + 500_000
    assert scene.refused("redeem", LENDER, 1_000, LENDER, LENDER, scene.now) == "pool: amount is worth nothing"


def test_shares_after_a_loss_are_bought_at_their_new_price() -> None:
    """Who comes in the block after a loss of 90 % gains nothing of what was lost, and loses nothing to those before."""
    scene = Attacked()
    scene.lend(1_600)
    scene.loan(1, 1_600)
    scene.set_price(168)
    scene.buy()
    assert scene.pool.total_assets(scene.now) == 160 * USD
    held = scene.pool.deposit(ATTACKER, 1_000 * USD, ATTACKER, scene.now)
    assert 1_000 * USD - 1 <= scene.pool.redeem(ATTACKER, held, ATTACKER, ATTACKER, scene.now) <= 1_000 * USD
    assert scene.pool.total_assets(scene.now) >= 160 * USD


def test_debt_shares_made_cheap_cost_nobody_money() -> None:
    """The known limit, begun: ten debts of 5 units, repaid unit by unit, leave shares without debt. Nobody else loses anything."""
    scene = Attacked(rate=WAD // 10 // YEAR)
    scene.lend(1_000)
    accounts = ["0x" + f"{i:040x}" for i in range(0xD0_000, 0xD0_000 + 10)]
    for who in accounts:
        scene.pool.supply_collateral(ATTACKER, ETH, who, scene.now)
        scene.pool.set_operator(who, ATTACKER, True)
        scene.pool.borrow(ATTACKER, 5, ATTACKER, who, scene.now)
    before = scene.wealth(LENDER)
    scene.wait(YEAR)
    for who in accounts:
        while scene.pool.debt_of(who, scene.now) > 1:
            scene.pool.repay(ATTACKER, 1, who, scene.now)
    for who in accounts[:5]:
        scene.pool.repay(ATTACKER, 1, who, scene.now)
    _, _, debt, shares, *_ = scene.pool.state(scene.now)
    assert debt == 0
    # At the start a unit of debt was a million shares, virtual ones included; now it is two million and more.
    assert shares > 10**6
    assert scene.wealth(LENDER) >= before
    scene.loan(1, 500, VICTIM)
    assert 500 * USD <= scene.pool.debt_of(VICTIM, scene.now) <= 500 * USD + 1
    for who in (*accounts[5:], VICTIM):
        scene.pool.repay(LIQUIDATOR, MAX_UINT256, who, scene.now)
        scene.pool.withdraw_collateral(who, ETH, who, who, scene.now)
    assert scene.pool.state(scene.now)[2:4] == (0, 0)
    assert scene.wealth(LENDER) >= before
