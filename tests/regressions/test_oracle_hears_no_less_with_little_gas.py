"""A liquidator who sends little gas, so that the kinder of two feeds seems dead, gets a failure and never a sale at the other's price."""

from typing import Any

import pytest

from ringfence.model.terms import MAX_UINT256
from tests.regressions.test_oracle_in_trouble import BUYER, FLAGGED, OTHER, RECOVERED, UNIT, UNSAFE, World

GAS = [*range(22_000, 120_000, 97), *range(120_000, 1_200_000, 1_501), *range(420_000, 560_000, 53)]


@pytest.fixture(params=[(1_800, 1_500), (1_500, 1_800)], ids=["kinder first", "kinder last"])
def world(request: pytest.FixtureRequest) -> World:
    """Sides further apart than allowed: sales are judged at 1,800. The side asked last is the one that little gas could silence."""
    made = World(2)
    made.say(*request.param)
    assert made.model._oracle.prices() == (0, 1_800 * UNIT)
    return made


def with_gas(world: World, gas: int, sender: str, name: str, *arguments: Any) -> bool:
    """Whether a call succeeds with this much gas; what it did stands until the caller takes it back."""
    world.chain._begin()
    try:
        world.chain._evm.message_call(sender, world.contract.address, world.contract.calldata(name, *arguments), gas=gas)
    except RuntimeError:
        return False
    world.chain._succeeded(sender)
    return True


def test_who_is_healthy_on_the_kinder_feed_is_sold_with_no_gas(world: World) -> None:
    """15,000 on 10 ETH would be sold at 1,500, were the feed of 1,800 not heard."""
    assert not any(with_gas(world, gas, BUYER, "liquidate", RECOVERED, MAX_UINT256, 0, BUYER, b"") for gas in GAS)
    assert not any(with_gas(world, gas, BUYER, "flag", RECOVERED) for gas in GAS)


def test_a_sale_is_at_the_same_price_with_any_gas(world: World) -> None:
    """It fails, or it is at 1,800."""
    counts = {True: 0, False: 0}
    for gas in GAS:
        snapshot = world.chain.snapshot()
        is_sold = with_gas(world, gas, BUYER, "liquidate", UNSAFE, MAX_UINT256, 0, BUYER, b"")
        counts[is_sold] += 1
        if is_sold:
            assert [event[-1] for event in world.contract.events if event[0] == "Liquidate"] == [1_800 * UNIT]
        world.chain.revert(snapshot)
    assert min(counts.values()) > 100


def test_a_repayment_with_little_gas_leaves_the_clock_as_it_is(world: World) -> None:
    """Paying in never fails for want of a price: with too little gas for the oracle the clock goes on, with enough it stops; the debt falls
    alike."""
    clocks = {True: 0, False: 0}
    running = world.contract.position(FLAGGED)[2]
    for gas in GAS:
        snapshot = world.chain.snapshot()
        if with_gas(world, gas, OTHER, "repay", 2_000 * 10**6, FLAGGED):
            since = world.contract.position(FLAGGED)[2]
            assert since in (0, running)
            assert world.contract.debt_of(FLAGGED, world.now) == 13_500 * 10**6
            clocks[since == 0] += 1
        world.chain.revert(snapshot)
    assert min(clocks.values()) > 100
