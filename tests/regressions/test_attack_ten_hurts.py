"""What hurts users of other isolated lending protocols, each tried on a pool: by whom, and what it costs whom."""

import pytest

from ringfence.chain.errors import Reverted
from ringfence.model.terms import MAX_UINT256, WAD
from tests.regressions.attacked import ATTACKER, BORROWER, ETH, HOUR, LENDER, LIQUIDATOR, USD, VICTIM, Attacked


@pytest.mark.parametrize("left", [1, 10**9])
def test_a_unit_of_collateral_blocks_no_write_off(left: int) -> None:
    """Whoever buys all but a unit, or gives a unit to a sold position, keeps no loss off the books: it is booked with what was sold."""
    scene = Attacked()
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    # Worth 1,050 at a discount of 5 %: 1,000 are paid for 1,600 of debt, 600 are lost, whatever is left over.
    scene.pool.liquidate(ATTACKER, BORROWER, 1_000 * USD - 1, 0, ATTACKER, b"", scene.now)
    collateral = scene.pool.position(BORROWER)[0]
    assert 0 < collateral < 2 * 10**12
    # A millionth of a dollar was not paid: no more than that times 1.6 stays unbooked, rounded up.
    assert 600 * USD - 2 <= scene.loss()[0] <= 600 * USD
    assert scene.pool.debt_of(BORROWER, scene.now) <= 3
    scene.buy()
    assert scene.pool.position(BORROWER) == (0, 0, 0)
    # And a gift of dust to a position does not make it one that cannot be sold.
    scene.set_price(2_000)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    scene.pool.supply_collateral(ATTACKER, left, BORROWER, scene.now)
    scene.buy()
    assert scene.pool.position(BORROWER) == (0, 0, 0)
    assert scene.pool.state(scene.now)[2] == 0


def test_small_positions_are_sold_and_cannot_be_opened() -> None:
    """Under min_debt nobody borrows; a debt repaid to less is sold whole, and a hundred of them in one call."""
    scene = Attacked(min_debt=500 * USD)
    scene.lend(1_000_000)
    scene.pool.supply_collateral(ATTACKER, ETH, ATTACKER, scene.now)
    assert scene.refused("borrow", ATTACKER, 500 * USD - 1, ATTACKER, ATTACKER, scene.now) == "pool: debt under min_debt"
    dust = ["0x" + f"{i:040x}" for i in range(0xD0_000, 0xD0_000 + 100)]
    for who in dust:
        scene.pool.supply_collateral(ATTACKER, ETH // 2, who, scene.now)
        scene.pool.set_operator(who, ATTACKER, True)
        scene.pool.borrow(ATTACKER, 800 * USD, ATTACKER, who, scene.now)
        scene.pool.repay(ATTACKER, 799 * USD, who, scene.now)
    scene.set_price(2)
    # Each owes a dollar on half an ether worth a dollar: 0.952380... are paid, and lenders know what they lost.
    paid, sold = scene.pool.liquidate_many(LIQUIDATOR, dust, MAX_UINT256, 0, LIQUIDATOR, b"", scene.now)
    assert (paid, sold) == (100 * 952_381, 50 * ETH)
    assert scene.pool.state(scene.now)[2:4] == (0, 0)
    assert scene.pool.total_assets(scene.now) == 1_000_000 * USD - 100 * 47_619


def test_no_more_is_sold_than_brings_the_position_to_its_target() -> None:
    """Instead of all at a fixed discount: a position just over the line loses the discount on 7,500, not on 16,000."""
    taken = {}
    for target in (0, 80 * WAD // 100):
        scene = Attacked(target_ltv=target)
        scene.lend(20_000)
        scene.loan(10, 16_000)
        scene.set_price(1_850)
        before = scene.wealth(BORROWER)
        payment, _ = scene.buy()
        taken[target] = payment
        # What the borrower loses is the discount on what was paid, and not a unit of rounding more than one.
        assert 0 <= before - scene.wealth(BORROWER) - payment // 20 <= 1
    assert taken[0] == 16_000 * USD
    # (16,000 - 0.8 * 18,500) / (1 - 0.8 * 1.05) = 7,500
    assert taken[80 * WAD // 100] == 7_500 * USD


@pytest.mark.parametrize("low", [0, 1])
def test_the_gate_that_stops_new_risk_stops_no_sale(low: int) -> None:
    """In doubt nobody borrows (low price 0, or far below), yet whoever is unhealthy at the kinder price is sold as ever."""
    scene = Attacked()
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_800, low)
    scene.pool.supply_collateral(ATTACKER, ETH, ATTACKER, scene.now)
    assert scene.refused("borrow", ATTACKER, USD, ATTACKER, ATTACKER, scene.now) == "pool: over max_ltv"
    assert scene.buy()[0] == 1_600 * USD


def test_a_tiny_repayment_in_front_reverts_no_buyer() -> None:
    """A borrower who repays a unit before each sale saves nothing: the buyer gets all the same, for a unit less."""
    scene = Attacked(target_ltv=80 * WAD // 100)
    scene.lend(20_000)
    scene.loan(10, 16_000)
    scene.set_price(1_850)
    quoted = scene.pool.quote_liquidation(BORROWER, MAX_UINT256, scene.now)
    scene.pool.repay(BORROWER, 1, BORROWER, scene.now)
    payment, _ = scene.pool.liquidate(LIQUIDATOR, BORROWER, quoted[0], 0, LIQUIDATOR, b"", scene.now)
    # To get from 16,000 less a unit to the target costs 1 / 0.16 units less.
    assert quoted[0] - 7 <= payment <= quoted[0] - 6


def test_a_purse_just_under_the_debt_can_be_spoilt_and_all_of_it_cannot() -> None:
    """With min_debt a partial buyer must leave that much: a unit repaid in front reverts who leaves exactly it, at no cost but a unit."""
    scene = Attacked(min_debt=500 * USD)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_800)
    scene.pool.repay(ATTACKER, 1, BORROWER, scene.now)
    with pytest.raises(Reverted, match="dust would stay"):
        scene.buy(most=1_100 * USD)
    # 1,599.999999 * 1.05 / 1,800. Who offers everything, and guards himself by what he wants to get, is reverted by nobody.
    assert scene.buy(least=ETH * 93 // 100) == (1_600 * USD - 1, 933_333_332_750_000_000)


def test_a_quote_is_the_sale_to_the_unit() -> None:
    """Over a hundred purses, covered and not: what was quoted in this second is what is paid and sold."""
    sold = 0
    for price in (1_850, 1_650, 1_000, 1):
        scene = Attacked(target_ltv=80 * WAD // 100, penalty=WAD // 100)
        scene.lend(100_000)
        scene.loan(10, 16_000)
        scene.set_price(price)
        for purse in range(1, 30):
            amount = 16_000 * USD * purse // 29 + purse
            quoted = scene.pool.quote_liquidation(BORROWER, amount, scene.now)
            snapshot = scene.chain.snapshot()
            assert scene.buy(most=amount) == quoted[:2]
            assert scene.loss()[0] == quoted[5]
            scene.chain.revert(snapshot)
            sold += 1
    assert sold == 116


def test_what_is_sold_is_there_though_every_asset_is_lent() -> None:
    """Collateral is never lent: with no cash left in the pool the buyer receives all of it, at once."""
    scene = Attacked()
    scene.lend(1_600)
    scene.loan(1, 1_600)
    assert scene.asset.call("balanceOf", scene.pool.address) == 0
    scene.set_price(1_800)
    assert scene.buy() == (1_600 * USD, 14 * ETH // 15)
    assert scene.pool.max_withdraw(LENDER, scene.now) == 1_600 * USD


def test_nobody_must_start_a_sale_unpaid_and_nobody_keeps_others_out() -> None:
    """The first buyer's own purchase starts the clock, needs no bond, and the next second's buyer finds a higher discount."""
    scene = Attacked(incentive_base=0, incentive_rise=WAD // 100 // HOUR, incentive_max=WAD // 100, sale_timeout=2 * HOUR)
    scene.lend(100_000)
    scene.loan(10, 16_000)
    scene.set_price(1_750)
    assert scene.pool.position(BORROWER)[2] == 0
    scene.buy(most=1_000 * USD)
    assert scene.pool.position(BORROWER)[2] == scene.now
    scene.wait(HOUR // 2)
    # Half of the hour is half of the percent, less what a rate in whole 1e-18 a second loses.
    assert abs(scene.pool.quote_liquidation(BORROWER, MAX_UINT256, scene.now)[4] - WAD // 200) < HOUR
    payment, sold = scene.buy(most=1_000 * USD, who=ATTACKER)
    assert payment == 1_000 * USD
    assert abs(sold * 1_750 - 1_005 * ETH) < ETH // 10**6


def test_a_sale_at_a_loss_moves_no_neighbour() -> None:
    """A neighbour in the same pool owes what it owed and is as healthy as before; one in another pool does not notice at all."""
    scene = Attacked()
    other = Attacked(chain=scene.chain, asset=scene.asset, collateral=scene.collateral)
    for pool in (scene, other):
        pool.lend(10_000)
        pool.loan(10, 1_600, VICTIM)
    scene.loan(1, 1_600)
    for pool in (scene, other):
        pool.set_price(1_050)
    before = scene.pool.debt_of(VICTIM, scene.now), scene.pool.health(VICTIM, scene.now), other.books()
    scene.buy()
    assert scene.loss()[3] == 600 * USD
    assert (scene.pool.debt_of(VICTIM, scene.now), scene.pool.health(VICTIM, scene.now), other.books()) == before


@pytest.mark.parametrize("cash", [0, 1_000, 3_000])
def test_lenders_who_leave_before_a_loss_leave_it_to_the_others(cash: int) -> None:
    """We are not free of this one. A lender with a part w of what lenders own shifts loss * w to the rest, as far as there is cash."""
    scene = Attacked()
    scene.lend(6_000, VICTIM)
    scene.lend(4_000, ATTACKER)
    scene.pool.supply_collateral(BORROWER, 100 * ETH, BORROWER, scene.now)
    scene.pool.borrow(BORROWER, (10_000 - 1_600 - cash) * USD, BORROWER, BORROWER, scene.now)
    scene.loan(1, 1_600, LIQUIDATOR)
    scene.set_price(1_050)
    # Everybody sees 600 coming: of 10,000, 40 % are the attacker's. What leaves is at most its shares, and at most the cash.
    leaving = min(4_000, cash) * USD
    assert scene.pool.max_withdraw(ATTACKER, scene.now) == leaving
    if leaving:
        scene.pool.withdraw(ATTACKER, leaving, ATTACKER, ATTACKER, scene.now)
    scene.buy(LIQUIDATOR, who=BORROWER)
    assert scene.loss()[3] == 600 * USD
    lost = 6_000 * USD - scene.pool.convert_to_assets(scene.pool.balance_of(VICTIM), scene.now)
    fair, borne = 360 * USD, 600 * USD * 6_000 * USD // (10_000 * USD - leaving)
    assert borne <= lost <= borne + 1
    assert lost - fair == {0: 0, 1_000: 40 * USD, 3_000: 154_285_714}[cash] + lost - borne
