"""Audit findings of isolated lending on bad debt and on what a sale may leave, each tried on a pool."""

import pytest

from ringfence.model.terms import MAX_UINT256, WAD
from tests.regressions.attacked import ACCOMPLICE, ATTACKER, BORROWER, DAY, ETH, LENDER, LIQUIDATOR, USD, Attacked

YEAR = 31_536_000
TEN_PERCENT = WAD // 10 // YEAR


def test_dust_of_another_token_blocks_no_bad_debt() -> None:
    """A pool has one collateral: what else lies at its address, of whatever token, counts for nobody and stops nothing."""
    scene = Attacked()
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    scene.collateral.transact(ATTACKER, "transfer", scene.pool.address, 100 * ETH)
    scene.asset.transact(ATTACKER, "transfer", scene.pool.address, 100_000 * USD)
    assert scene.buy() == (1_000 * USD, ETH)
    assert scene.loss() == (600 * USD, 0, 0, 600 * USD, 0)
    assert scene.pool.position(BORROWER) == (0, 0, 0)


def test_only_what_is_not_covered_is_booked_as_bad() -> None:
    """A sale of a quarter of the collateral of an insolvent position retires a quarter of its debt and books a quarter of its loss."""
    scene = Attacked()
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    assert scene.buy(most=250 * USD) == (250 * USD, ETH // 4)
    assert scene.loss()[0] == 150 * USD
    assert scene.pool.debt_of(BORROWER, scene.now) == 1_200 * USD
    assert scene.pool.total_assets(scene.now) == 9_850 * USD


@pytest.mark.parametrize("purse", [1, 1_000, USD, 999 * USD])
def test_a_buyer_of_a_part_is_not_turned_away(purse: int) -> None:
    """Of a covered position without min_debt any amount is sold, from a base unit on, at the same price."""
    scene = Attacked()
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_800)
    payment, sold = scene.buy(most=purse)
    assert (payment, sold) == (purse, purse * 105 * ETH // (100 * 1_800 * USD))
    assert scene.pool.debt_of(BORROWER, scene.now) == 1_600 * USD - purse


def test_bad_debt_bears_no_interest_once_it_is_sold() -> None:
    """A year after the sale at a loss, at 10 %, nobody owes anything and lenders own what they owned."""
    scene = Attacked(rate=TEN_PERCENT)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    scene.buy()
    assert scene.pool.state(scene.now)[2:4] == (0, 0)
    scene.wait(YEAR)
    assert scene.pool.total_assets(scene.now) == 9_400 * USD
    assert scene.pool.state(scene.now)[2:4] == (0, 0)


def test_bad_debt_that_nobody_sells_counts_in_full_and_is_booked_in_full() -> None:
    """Left alone for a year it grows like any debt, on paper: the sale books all of it, also what was never there."""
    scene = Attacked(rate=TEN_PERCENT)
    scene.lend(10_000)
    scene.loan(1, 1_600)
    scene.set_price(1_050)
    scene.wait(YEAR)
    owed = scene.pool.debt_of(BORROWER, scene.now)
    # 1,600 * e^0.1 = 1,768.27, three terms of it 0.0004 % less
    assert 1_768_260_000 < owed < 1_768_280_000
    assert scene.pool.total_assets(scene.now) == 10_000 * USD + owed - 1_600 * USD
    scene.buy()
    assert scene.loss()[0] == owed - 1_000 * USD
    assert scene.pool.total_assets(scene.now) == 9_400 * USD


@pytest.mark.parametrize("short", [1, 2, 1_000])
def test_a_loss_of_a_unit_is_booked_too(short: int) -> None:
    """There is no amount under which a loss stays on the books."""
    scene = Attacked()
    scene.lend(10_000)
    scene.loan(1, 1_000)
    # Worth 1,050: at 5 % it pays 1,000 to the unit. A unit less in price, and the last unit is not paid.
    scene.set_price(1_050)
    scene.oracle.set(0, scene.price - short * 105 * 10**16, scene.price - short * 105 * 10**16)
    payment, sold = scene.buy()
    assert (sold, payment) == (ETH, 1_000 * USD - short)
    assert scene.loss()[3] == short
    assert scene.pool.total_assets(scene.now) == 10_000 * USD - short


def test_a_pool_at_its_caps_takes_repayments_and_sales() -> None:
    """Filled to both caps and carried over them by interest, it refuses new deposits and loans, and no payment."""
    scene = Attacked(rate=TEN_PERCENT, supply_cap=4_000 * USD, borrow_cap=3_200 * USD)
    scene.lend(4_000)
    scene.loan(1, 1_600)
    scene.loan(1, 1_600, ATTACKER)
    scene.wait(30 * DAY)
    assert scene.pool.state(scene.now)[0] > 4_000 * USD
    assert scene.pool.max_deposit(LENDER, scene.now) == 0
    assert scene.refused("deposit", LENDER, 1, LENDER, scene.now) == "pool: supply cap reached"
    scene.pool.supply_collateral(ATTACKER, ETH, ATTACKER, scene.now)
    assert scene.refused("borrow", ATTACKER, 1, ATTACKER, ATTACKER, scene.now) == "pool: borrow cap reached"
    assert scene.pool.repay(ATTACKER, MAX_UINT256, ATTACKER, scene.now) > 1_613 * USD
    scene.set_price(1_850)
    assert scene.buy()[0] > 1_613 * USD
    assert scene.pool.state(scene.now)[2:4] == (0, 0)


def test_a_sale_to_oneself_brings_nothing_while_the_collateral_pays() -> None:
    """The borrower who buys out of the own position, in whole or slices, ends poorer by the penalty, at every price that covers it."""
    for price in (1_850, 1_800, 1_750, 1_700, 1_690):
        for slices in (1, 2, 7):
            scene = Attacked(penalty=WAD // 100, target_ltv=80 * WAD // 100, reserve_factor=WAD // 10, reserve_target=WAD // 50)
            scene.lend(20_000)
            scene.loan(10, 16_000, ATTACKER)
            scene.set_price(price)
            before, paid = scene.wealth(ATTACKER, ACCOMPLICE), 0
            for _ in range(slices):
                if not scene.pool.is_healthy(ATTACKER, scene.now):
                    paid += scene.buy(ATTACKER, most=16_000 * USD // slices + 1, who=ACCOMPLICE)[0]
            penalty = scene.pool.state(scene.now)[4]
            assert penalty > 0
            assert scene.loss()[0] == 0
            # A unit for each rounding: of payment, of collateral, of debt, and of what wealth is.
            assert penalty <= before - scene.wealth(ATTACKER, ACCOMPLICE) <= penalty + 4 * slices
            assert penalty <= paid // 101 + slices


@pytest.mark.parametrize("wait", [0, 600, 1_199, 1_200, 3_000])
def test_a_sale_to_oneself_within_the_margin_waits_for_others_to_be_quicker(wait: int) -> None:
    """Who has 2 % left and sells to an accomplice at over 2 % takes the rest from lenders; at first nothing, and others may be quicker.

    Bounded by (incentive - what the collateral can pay) * payment, the law of `a_first_sale_never_hurts`: a loss that every late sale has.
    """
    scene = Attacked(
        incentive_base=WAD // 200, incentive_rise=WAD // 400 // 60, incentive_max=6 * WAD // 100, solvent_window=1_200, sale_timeout=3_600
    )
    scene.lend(20_000)
    scene.loan(10, 16_000, ATTACKER)
    scene.set_price(1_632)
    scene.pool.flag(LIQUIDATOR, ATTACKER, scene.now)
    if wait:
        scene.wait(wait)
    before = scene.wealth(ATTACKER, ACCOMPLICE)
    payment, _ = scene.buy(ATTACKER, who=ACCOMPLICE)
    won = scene.wealth(ATTACKER, ACCOMPLICE) - before
    # 0.5 % and 0.25 % a minute up to 6 %; 2 % of it are the attacker's own, and what is over them is phased in.
    offered = min(0.06, 0.005 + 0.0025 / 60 * wait)
    incentive = 0.02 + max(0.0, offered - 0.02) * min(1.0, wait / 1_200)
    expected = 16_320 * (1 - 1 / (1 + incentive)) - 320
    assert won == pytest.approx(expected * USD, abs=0.02 * USD)
    assert scene.loss()[3] == pytest.approx(max(0, expected) * USD, abs=0.02 * USD)
    assert payment + scene.loss()[3] == 16_000 * USD
