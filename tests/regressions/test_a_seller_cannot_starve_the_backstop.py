"""Who sells with little gas, so that the backstop cannot pay and the lenders must, is refused: it hears of every loss with all its gas."""

from dataclasses import replace

import pytest

from ringfence.chain.artifacts import load
from ringfence.chain.contract import Contract
from ringfence.model.terms import MAX_UINT256
from tests.agreement.twins import BORROWERS, DEPLOYER, LENDERS, LIQUIDATOR, PEOPLE, Twins
from tests.agreement.worlds import plain_world
from tests.stateful.hostile import place
from tests.stateful.setting import as_arguments

E = 10**18
# 400,000 are a backstop's; this one says no, at once and cheaply, unless it finds nearly all of them.
NEEDS = 399_900
GAS = range(300_000, 800_000, 331)


def fussy(twins: Twins) -> str:
    """A contract that refuses with less gas than NEEDS, and does with more as the mock of a backstop does, in its own name and storage."""
    mock = twins.backstop.address.removeprefix("0x")
    code = f"62{NEEDS:06x}5a10603657" + "365f5f37" + f"5f5f365f73{mock}5af4" + "3d5f5f3e" + "6032573d5ffd5b3d5ff3" + "5b5f5ffd"
    return place(twins.chain, bytes.fromhex(code))


@pytest.fixture
def pool() -> Contract:
    """A loss of 547.62 is due: 1,500 are owed on one token worth 1,000, and the fund holds 10,000."""
    twins = Twins(replace(plain_world(), has_backstop=True))
    fund = Contract(twins.chain, fussy(twins), twins.backstop.artifact)
    fund.transact(DEPLOYER, "set", 0, twins.asset.address)
    twins.asset.transact(DEPLOYER, "mint", fund.address, 10_000 * E)
    terms = replace(twins.terms, backstop=fund.address)
    pool = Contract.create(twins.chain, load("Pool"), DEPLOYER, as_arguments(terms), "Pool", "POOL")
    for token in (twins.asset, twins.collateral):
        for owner in PEOPLE:
            token.transact(owner, "approve", pool.address, MAX_UINT256)
    pool.transact(LENDERS[0], "deposit", 10_000 * E, LENDERS[0])
    pool.transact(BORROWERS[0], "supply_collateral", E, BORROWERS[0])
    pool.transact(BORROWERS[0], "borrow", 1_500 * E, BORROWERS[0], BORROWERS[0])
    twins.set_prices(0, 1_000 * 10**36, 1_000 * 10**36)
    return pool


def test_a_sale_with_any_gas_is_refused_or_covered(pool: Contract) -> None:
    """From too little for a sale to more than enough: it fails, or lenders lose nothing."""
    chain, counts = pool.chain, {True: 0, False: 0}
    for gas in GAS:
        snapshot = chain.snapshot()
        chain._begin()
        try:
            arguments = (BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"")
            chain._evm.message_call(LIQUIDATOR, pool.address, pool.calldata("liquidate", *arguments), gas=gas)
            chain._succeeded(LIQUIDATOR)
            ((_, _, _, _, from_backstop, from_lenders, _),) = [event for event in pool.events if event[0] == "LossRealised"]
            assert from_backstop > 547 * E
            assert from_lenders == 0, gas
            counts[True] += 1
        except RuntimeError:
            counts[False] += 1
        chain.revert(snapshot)
    assert min(counts.values()) > 100


def test_a_loss_that_the_reserve_pays_needs_no_gas_for_the_backstop(pool: Contract) -> None:
    """Only who needs the backstop must bring its gas."""
    pool.transact(LENDERS[0], "add_to_reserve", 600 * E)
    arguments = (BORROWERS[0], MAX_UINT256, 0, LIQUIDATOR, b"")
    pool.chain._begin()
    pool.chain._evm.message_call(LIQUIDATOR, pool.address, pool.calldata("liquidate", *arguments), gas=400_000)
    pool.chain._succeeded(LIQUIDATOR)
    ((_, _, loss, from_reserve, *_),) = [event for event in pool.events if event[0] == "LossRealised"]
    assert from_reserve == loss
