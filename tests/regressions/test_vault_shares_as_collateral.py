"""Vault shares as collateral, attacked: donations, a first deposit, flash deposits, a look from inside a callback, vaults that fail."""

from typing import Any

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.collaborators import DEPLOYER
from ringfence.chain.contract import Contract
from ringfence.chain.errors import Reverted
from ringfence.chain.pool import PoolContract
from ringfence.chain.vault_price import VaultPriceContract
from ringfence.model.terms import MAX_UINT256, WAD, ZERO_ADDRESS
from tests.agreement.planted import outcome_of
from tests.unit.chain.composed import (
    DAY,
    FINER,
    INNER_BORROWER,
    LENDER,
    OUTER_BORROWER,
    OUTER_DECIMALS,
    SAVER,
    START,
    Composed,
    pool_on,
)

OUTER = 10**OUTER_DECIMALS
THIEF = "0x" + "7f" * 20
REVERT, SHORT, BURN, SET = 1, 2, 3, 4
NO_PRICE = ("refused", "oracle: no valid price")
OVER_LTV = ("refused", "pool: over max_ltv")
BLOCK_GAS = 30_000_000


class PlainVault:
    """A pool that lends on the shares of a vault which counts what it holds; SAVER has put 10,000 dollars into the vault."""

    def __init__(self, vault_deposit: int = 10_000) -> None:
        self.both = Composed()
        both = self.both
        self.vault = Contract.create(both.chain, load("mocks/vault_mock"), DEPLOYER, both.inner_asset.address, 6)
        for who in (SAVER, THIEF):
            both.inner_asset.mint(who, 10**40)
            both.inner_asset.approve(who, self.vault.address, MAX_UINT256)
        if vault_deposit:
            self.vault.transact(SAVER, "deposit", vault_deposit * both.dollar, SAVER)
        self.lent = 10_000 * OUTER

    def lend_on_it(self) -> tuple[VaultPriceContract, PoolContract]:
        """The vault's price and the pool; THIEF holds 1,000 shares, and has pledged half of them."""
        both = self.both
        price = both.price_of(self.vault.address, both.dollar * FINER, WAD // 1_000)
        free = Contract.create(both.chain, load("FixedRate"), DEPLOYER, 0)
        pool = pool_on(both.chain, both.outer_asset.address, self.vault.address, price.address, free.address)
        both.outer_asset.approve(LENDER, pool.address, MAX_UINT256)
        both.outer_asset.mint(THIEF, 10**40)
        both.outer_asset.approve(THIEF, pool.address, MAX_UINT256)
        pool.deposit(LENDER, self.lent, LENDER, START)
        self.vault.transact(THIEF, "deposit", 1_000 * both.dollar, THIEF)
        self.vault.transact(THIEF, "approve", pool.address, MAX_UINT256)
        pool.supply_collateral(THIEF, 500 * both.dollar, THIEF, START)
        return price, pool


def borrowed(pool: PoolContract, dollars: int) -> Any:
    """What becomes of a loan to THIEF."""
    return outcome_of(pool.transact, THIEF, "borrow", dollars * OUTER, THIEF, THIEF)


def test_a_donation_to_a_pool_is_worth_nothing() -> None:
    """A pool's cash is derived: what is sent to it unasked moves no share price, so there is nothing to pump."""
    both = Composed()
    before = both.price.rate()
    both.inner_asset.transfer(LENDER, both.inner.address, 10**12 * both.dollar)
    assert both.price.rate() == before


def test_a_donation_to_a_vault_counts_a_thousandth_a_day() -> None:
    """The vault's rate doubles in a moment; collateral of 500 carries 400 as before, 400.4 a day later, and not a unit more."""
    plain = PlainVault()
    price, pool = plain.lend_on_it()
    plain.both.inner_asset.transfer(THIEF, plain.vault.address, 11_000 * plain.both.dollar)
    says, counts = price.rate()
    assert (says, counts) == (2 * FINER * plain.both.dollar, FINER * plain.both.dollar)
    price.checkpoint(THIEF)
    assert borrowed(pool, 401) == OVER_LTV
    assert borrowed(pool, 400)[0] == "ok"
    plain.both.chain.advance_to(START + DAY)
    assert outcome_of(pool.transact, THIEF, "borrow", 4 * OUTER // 10 + 1, THIEF, THIEF) == OVER_LTV
    assert outcome_of(pool.transact, THIEF, "borrow", 4 * OUTER // 10, THIEF, THIEF)[0] == "ok"


def test_a_vault_inflated_by_its_first_deposit_gets_no_price() -> None:
    """One share and a donation: a share says a million dollars, out of the bounds that a deployer who looked would give."""
    plain = PlainVault(vault_deposit=0)
    plain.vault.transact(THIEF, "deposit", 1, THIEF)
    plain.both.inner_asset.transfer(THIEF, plain.vault.address, 10**6 * plain.both.dollar)
    with pytest.raises(Reverted, match="vault price: rate out of bounds"):
        plain.both.price_of(plain.vault.address, plain.both.dollar * FINER, WAD // 1_000)


def test_an_empty_vault_inflated_later_freezes_new_risk() -> None:
    """The price is made while the vault is empty; then one share and a donation. Out of bounds: nobody borrows, and LENDER leaves."""
    plain = PlainVault(vault_deposit=0)
    both = plain.both
    price = both.price_of(plain.vault.address, both.dollar * FINER, WAD // 1_000)
    plain.vault.transact(THIEF, "deposit", 1, THIEF)
    both.inner_asset.transfer(THIEF, plain.vault.address, 10**6 * both.dollar)
    assert outcome_of(price.prices) == ("refused", "vault price: rate out of bounds")
    # A smaller donation stays within the bounds, and is held back.
    again = PlainVault(vault_deposit=0)
    price = again.both.price_of(again.vault.address, again.both.dollar * FINER, WAD // 1_000)
    again.vault.transact(THIEF, "deposit", 1_000, THIEF)
    again.both.inner_asset.transfer(THIEF, again.vault.address, 4_000)
    assert price.rate() == (5 * again.both.dollar * FINER, again.both.dollar * FINER)


def test_a_flash_deposit_moves_no_price() -> None:
    """A fortune goes into inner and out again within a block: the rate moves by less than a part in 1e9 in between, and never falls."""
    both = Composed()
    both.lend_inner(3_000)
    both.lose_inner(1_000)
    before = both.price.rate()[0]
    both.inner.deposit(LENDER, 10**12 * both.dollar, LENDER, START)
    between = both.price.rate()[0]
    both.inner.redeem(LENDER, both.inner.balance_of(LENDER), LENDER, LENDER, START)
    after = both.price.rate()[0]
    assert before <= between <= before + before // 10**9
    assert before <= after <= before + before // 10**9


def test_a_vault_pushed_down_for_a_moment_is_not_held_down() -> None:
    """The rate falls, a checkpoint is made, the rate comes back: all of it counts again at once."""
    plain = PlainVault()
    price, _ = plain.lend_on_it()
    before = price.rate()
    plain.vault.transact(THIEF, "set", SET, 10**18 // 5)
    price.checkpoint(THIEF)
    assert price.rate()[1] == before[1] // 5
    plain.vault.transact(THIEF, "set", 0, 0)
    assert price.rate() == before


def test_no_price_is_told_from_inside_a_callback() -> None:
    """Between collateral and payment of a sale inner's books are half done. Its views refuse then, so outer refuses new risk and sales;
    a lender of outer leaves all the same, from inside that very callback."""
    both = Composed()
    both.lend_inner(3_000)
    buyer = Contract.create(both.chain, load("mocks/reenter_mock"), DEPLOYER)
    # The buyer is a borrower and a lender of outer, too.
    both.inner_asset.mint(buyer.address, 100 * both.dollar)
    buyer.transact(DEPLOYER, "approve", both.inner_asset.address, both.inner.address)
    both.inner.transact(SAVER, "transfer", OUTER_BORROWER, 1_000 * both.share)
    both.outer.supply_collateral(OUTER_BORROWER, 1_000 * both.share, buyer.address, START)
    both.outer.deposit(LENDER, 100 * OUTER, buyer.address, START)
    both.inner_oracle.set_price(both.ether_price(1_800))
    borrow = both.outer.calldata("borrow", OUTER, buyer.address, buyer.address)
    withdraw = both.outer.calldata("withdraw", OUTER, buyer.address, buyer.address)
    prices = both.price.calldata("prices")
    outcomes = {}
    for name, target, calldata in (
        ("borrow", both.outer.address, borrow),
        ("prices", both.price.address, prices),
        ("withdraw", both.outer.address, withdraw),
    ):
        buyer.transact(DEPLOYER, "set", target, calldata)
        buyer.transact(DEPLOYER, "buy", both.inner.address, INNER_BORROWER, 10 * both.dollar)
        assert buyer.call("is_called")
        outcomes[name] = buyer.call("is_let_in")
    assert outcomes == {"borrow": False, "prices": False, "withdraw": True}
    # The control: the same call from the same account, outside.
    buyer.transact(DEPLOYER, "forward", both.outer.address, borrow)
    assert both.outer.debt_of(buyer.address, START) == OUTER


@pytest.mark.parametrize(
    ("mode", "answer"),
    [(REVERT, 0), (SHORT, 0), (BURN, 0), (SET, 0), (SET, 10**18 // 11), (SET, 11 * 10**18), (SET, 2**100)],
    ids=["reverts", "answers 31 bytes", "burns all gas", "answers 0", "too little", "too much", "nonsense"],
)
def test_a_vault_that_fails_blocks_no_exit(mode: int, answer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the gas of a block: nobody borrows or is sold, everybody pays in and leaves."""
    monkeypatch.setattr("ringfence.chain.embedded.GAS_LIMIT", BLOCK_GAS)
    plain = PlainVault()
    _, pool = plain.lend_on_it()
    dollar = plain.both.dollar
    assert borrowed(pool, 300)[0] == "ok"
    plain.vault.transact(THIEF, "set", mode, answer)
    assert borrowed(pool, 1) == NO_PRICE
    assert outcome_of(pool.transact, THIEF, "withdraw_collateral", 1, THIEF, THIEF) == NO_PRICE
    assert outcome_of(pool.transact, LENDER, "liquidate", THIEF, MAX_UINT256, 0, LENDER, b"") == NO_PRICE
    pool.supply_collateral(THIEF, 10 * dollar, THIEF, START)
    pool.withdraw(LENDER, 1_000 * OUTER, LENDER, LENDER, START)
    pool.redeem(LENDER, pool.balance_of(LENDER) // 10, LENDER, LENDER, START)
    pool.repay(THIEF, 100 * OUTER, THIEF, START)
    pool.repay(THIEF, MAX_UINT256, THIEF, START)
    pool.withdraw_collateral(THIEF, 510 * dollar, THIEF, THIEF, START)
    pool.redeem(LENDER, pool.balance_of(LENDER), LENDER, LENDER, START)
    assert (pool.balance_of(LENDER), pool.position(THIEF)) == (0, (0, 0, 0))


def test_a_vault_without_code_gets_no_price() -> None:
    """An address that nobody lives at."""
    both = Composed()
    with pytest.raises(Reverted):
        both.price_of(ZERO_ADDRESS, FINER, 0)
