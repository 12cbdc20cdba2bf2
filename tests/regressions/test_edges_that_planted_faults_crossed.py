"""Faults that `scripts/mutants` planted and that no other test found: each law here is one of them, on the contract and on the model."""

from collections import Counter

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.chain.errors import Reverted
from ringfence.model.erc20 import Ledger
from ringfence.model.errors import Revert
from ringfence.model.liquidation import Position
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, WAD
from tests.agreement.planted import BORROWER, NOW, Outcome, PlantedPool, Surroundings, outcome_of
from tests.agreement.test_limits import PLAIN
from tests.agreement.test_liquidation import Case, check
from tests.agreement.twins import BORROWERS, DEPLOYER, LENDERS, LIQUIDATOR, Twins
from tests.agreement.worlds import plain_world

CAP = 10**30


def lent(supply_assets: int, supply_shares: int) -> Totals:
    """Totals of a pool that has lent nothing out."""
    return Totals(supply_assets, supply_shares, 0, 0, 0, 0, NOW, 0)


@pytest.fixture(scope="module")
def pool() -> PlantedPool:
    return Surroundings().pool(PLAIN | {"supply_cap": CAP})


def room(pool: PlantedPool, totals: Totals) -> int:
    """What may be deposited; both sides must say the same."""
    pool.plant(totals)
    answer: Outcome = pool.ask("maxDeposit", BORROWER)
    assert answer == outcome_of(pool.model.max_deposit, BORROWER, NOW)
    assert answer[0] == "ok"
    amount: int = answer[1]
    return amount


@pytest.mark.parametrize("assets", [0, 1, 6, 10**12])
def test_a_share_price_of_exactly_a_billionth_is_wiped_out(pool: PlantedPool, assets: int) -> None:
    """(supply_assets + 1) * 1e15 = totalSupply + 1e6 takes no deposit; one share fewer, and it does."""
    supply_shares = (assets + 1) * 10**15 - 10**6
    assert room(pool, lent(assets, supply_shares)) == 0
    assert room(pool, lent(assets, supply_shares - 1)) == CAP - assets


def test_room_that_buys_no_share_is_no_room(pool: PlantedPool) -> None:
    """One unit below the cap, where a share costs 1e24 units, is room for nothing; two shares' worth below it is room for both."""
    assert room(pool, lent(CAP - 1, 0)) == 0
    price = CAP // 10**6
    assert room(pool, lent(CAP - 2 * price, 0)) == 2 * price


def test_a_payment_of_exactly_160_bits_is_sold() -> None:
    """All of 2^83 units at the highest price at which they cost 2^160 - 1 with a discount of 5e17 times the debt; one more is refused."""
    incentive = 5 * 10**35 - 2 * WAD
    pool = Surroundings().pool(PLAIN | {"max_ltv": 1, "liq_ltv": 2, "incentive_base": incentive, "incentive_max": incentive})
    totals = Totals(2**127, 2**127 * 10**6, 2**127, 2**126, 0, 0, NOW, 0)
    high = (2**160 - 1) * WAD * (WAD + incentive) // 2**83
    counts: Counter[str] = Counter()
    for price in (high, high + 1):
        check(pool, Case(totals, Position(2**83, 2**126), 0, price, MAX_UINT256), counts)
    assert (counts["sold"], counts["not covered, whole"], counts["liquidation: too much is paid"]) == (1, 1, 1)


@pytest.mark.parametrize("name", ["liquidate", "liquidate_many"])
def test_what_was_bought_can_be_passed_on_in_the_callback(name: str) -> None:
    """A buyer that holds no collateral before the sale sends all of it on while it is called back, and then pays."""
    twins = Twins(plain_world())
    buyer, borrower = twins.buyer.address, BORROWERS[0]
    twins.act("deposit", LENDERS[0], 10**22, LENDERS[0])
    twins.act("supply_collateral", borrower, 10**18, borrower)
    twins.act("borrow", borrower, 1_500 * 10**18, borrower, borrower)
    twins.set_prices(0, 1_600 * 10**36, 1_600 * 10**36)
    everything = twins.collateral_twin.balance_of(buyer)
    twins.buyer.transact(DEPLOYER, "forward", twins.collateral.address, twins.collateral.calldata("transfer", LENDERS[1], everything))
    twins.collateral_twin.transfer(buyer, LENDERS[1], everything)
    _, bought, *_ = twins.pool.quote_liquidation(borrower, MAX_UINT256, twins.now)
    before = twins.collateral.call("balanceOf", LIQUIDATOR)

    calldata = twins.collateral.calldata("transfer", LIQUIDATOR, bought)
    twins.plan_callback(twins.collateral.address, calldata, lambda: twins.collateral_twin.transfer(buyer, LIQUIDATOR, bought))
    who = [borrower] if name == "liquidate_many" else borrower
    assert twins.act(name, buyer, who, MAX_UINT256, 0, buyer, b"data")[0] == "ok"
    assert twins.collateral.call("balanceOf", buyer) == 0
    assert twins.collateral.call("balanceOf", LIQUIDATOR) - before == bought > 0


def test_a_token_counts_no_more_than_256_bits() -> None:
    """A mint that would carry the total supply over 2^256 - 1 is refused without a text; one that reaches it is not."""
    token = Contract.create(EmbeddedChain(), load("mocks/erc20_mock"), DEPLOYER, 18)
    ledger = Ledger()
    for amount in (2**255, 2**255 - 1):
        token.transact(DEPLOYER, "mint", LENDERS[0], amount)
        ledger.mint(LENDERS[0], amount)
    assert token.call("totalSupply") == ledger.total_supply == MAX_UINT256
    with pytest.raises(Revert, match=r"^$"):
        ledger.mint(LENDERS[1], 1)
    with pytest.raises(Reverted) as refusal:
        token.transact(DEPLOYER, "mint", LENDERS[1], 1)
    assert refusal.value.reason == ""
