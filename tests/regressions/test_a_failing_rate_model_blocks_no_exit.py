"""Whatever a rate model does, lenders and borrowers leave: a failure is a rate of 0, an answer of any size is cut to 800 % a year."""

from collections.abc import Callable

import pytest

from ringfence.chain.adaptive_rate import AdaptiveRateContract
from ringfence.chain.collaborators import OracleMock, TokenContract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.pool import PoolContract, deploy_pool
from ringfence.model.interest import MAX_RATE
from ringfence.model.limits import MAX_BORROW_CAP, MAX_CAP
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, ZERO_ADDRESS, Terms
from tests.stateful.hostile import place

LENDER, BORROWER, SAVER = ("0x" + pair * 20 for pair in ("1e", "b0", "5a"))
START = 1_700_000_000
HOUR = 3_600
BLOCK_GAS = 30_000_000
UNIT = 10**6

FAILING = {
    "reverts": "5f5ffd",
    "burns all gas": "fe",
    "loops without end": "5b5f56",
    "answers nothing": "00",
    "answers 31 bytes": "601f5ff3",
    "answers a megabyte, or tries to": "621000005ff3",
    "calls itself without end": "5f5f5f5f5f305af1",
}
HUGE = {"answers 2^256 - 1": "5f195f5260205ff3", "answers 2^256 - 1 and much more": "5f195f5261f0005ff3"}


class Pools:
    """A pool with a lender, a borrower with debt and a saver with collateral alone, an hour after its last accrual."""

    def __init__(self, rate_model: Callable[[EmbeddedChain], str]) -> None:
        chain = self.chain = EmbeddedChain(timestamp=START)
        self.asset, self.collateral = TokenContract.deploy(chain, 6), TokenContract.deploy(chain, 6)
        numbers = dict.fromkeys(Terms.__slots__, 0)
        numbers |= {"max_ltv": 8 * WAD // 10, "liq_ltv": 9 * WAD // 10, "incentive_base": WAD // 20, "incentive_max": WAD // 20}
        numbers |= {"supply_cap": MAX_CAP, "borrow_cap": MAX_BORROW_CAP, "sale_timeout": HOUR}
        addresses = {
            "asset": self.asset.address,
            "collateral": self.collateral.address,
            "oracle": OracleMock.deploy(chain, PRICE_SCALE, PRICE_SCALE).address,
            "rate_model": rate_model(chain),
            "backstop": ZERO_ADDRESS,
            "fee_recipient": ZERO_ADDRESS,
        }
        self.pool: PoolContract = deploy_pool(chain, Terms(**(numbers | addresses)))  # type: ignore[arg-type]
        for who in (LENDER, BORROWER, SAVER):
            for token in (self.asset, self.collateral):
                token.mint(who, 10_000 * UNIT)
                token.approve(who, self.pool.address, MAX_UINT256)
        self.pool.deposit(LENDER, 5_000 * UNIT, LENDER, START)
        self.pool.supply_collateral(BORROWER, 1_000 * UNIT, BORROWER, START)
        self.pool.supply_collateral(SAVER, 1_000 * UNIT, SAVER, START)
        self.pool.borrow(BORROWER, 500 * UNIT, BORROWER, BORROWER, START)
        chain.advance_to(START + HOUR)

    def everybody_leaves(self, now: int) -> None:
        """In every way there is, a transaction each."""
        pool = self.pool
        pool.withdraw(LENDER, 100 * UNIT, LENDER, LENDER, now)
        self.chain.advance_to(now := now + HOUR)
        pool.redeem(LENDER, pool.balance_of(LENDER) // 2, LENDER, LENDER, now)
        self.chain.advance_to(now := now + HOUR)
        pool.withdraw_collateral(SAVER, 1_000 * UNIT, SAVER, SAVER, now)
        self.chain.advance_to(now := now + HOUR)
        pool.withdraw_collateral(BORROWER, 1 * UNIT, BORROWER, BORROWER, now)
        self.chain.advance_to(now := now + HOUR)
        pool.repay(BORROWER, 100 * UNIT, BORROWER, now)
        self.chain.advance_to(now := now + HOUR)
        pool.repay(BORROWER, MAX_UINT256, BORROWER, now)
        pool.withdraw_collateral(BORROWER, 999 * UNIT, BORROWER, BORROWER, now)
        pool.redeem(LENDER, pool.balance_of(LENDER), LENDER, LENDER, now)
        assert (pool.balance_of(LENDER), pool.position(BORROWER)[:2], pool.position(SAVER)[0]) == (0, (0, 0), 0)


@pytest.fixture(autouse=True)
def block_gas(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more gas than a block has."""
    monkeypatch.setattr("ringfence.chain.embedded.GAS_LIMIT", BLOCK_GAS)


@pytest.mark.parametrize("runtime", FAILING.values(), ids=FAILING)
def test_who_fails_earns_lenders_nothing_and_keeps_nobody(runtime: str) -> None:
    """The debt is what was lent, and everybody gets out."""
    pools = Pools(lambda chain: place(chain, bytes.fromhex(runtime)))
    assert pools.pool.debt_of(BORROWER, START + HOUR) == 500 * UNIT
    pools.everybody_leaves(START + HOUR)
    assert pools.asset.balance_of(BORROWER) == 10_000 * UNIT


def test_without_code_there_is_no_rate() -> None:
    """An address that nobody lives at."""
    pools = Pools(lambda _: SAVER)
    pools.everybody_leaves(START + HOUR)
    assert pools.asset.balance_of(BORROWER) == 10_000 * UNIT


@pytest.mark.parametrize("runtime", HUGE.values(), ids=HUGE)
def test_who_asks_for_everything_gets_800_percent_a_year(runtime: str) -> None:
    """An hour of the largest rate there is, to a unit; and everybody gets out."""
    pools = Pools(lambda chain: place(chain, bytes.fromhex(runtime)))
    x = MAX_RATE * HOUR
    grown = 500 * UNIT * (x + x * x // (2 * WAD) + x**3 // (6 * WAD**2)) // WAD
    assert 0 <= pools.pool.debt_of(BORROWER, START + HOUR) - 500 * UNIT - grown <= 1
    pools.everybody_leaves(START + HOUR)


def test_the_adaptive_rate_keeps_nobody_either() -> None:
    """The control: everybody gets out, and the borrower has paid something."""
    pools = Pools(lambda chain: AdaptiveRateContract.deploy(chain, 63_419_583_967).address)
    pools.everybody_leaves(START + HOUR)
    assert pools.asset.balance_of(BORROWER) < 10_000 * UNIT
