"""Leverage opens and closes a position in one transaction: what it does to the pool is what the same calls do to the model."""

import pytest

from ringfence.model.terms import WAD
from tests.unit.chain.leverage import FEE, LATER, OPENED_HEALTH, PRICE, TOKEN, Setting
from tests.unit.chain.roles import BORROWER, EVERYTHING, LIQUIDATOR, START


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_open_leaves_the_pool_as_the_same_calls_leave_the_model(setting: Setting) -> None:
    """Margin and what the loan bought become collateral, loan and fee become debt; events, books and position agree."""
    assert setting.open() == (20 * TOKEN, 40_000 * TOKEN + FEE)
    model, _ = setting.model()
    model.events.clear()
    model.supply_collateral(setting.leverage.address, 30 * TOKEN, BORROWER, START)
    model.borrow(setting.leverage.address, 40_000 * TOKEN + FEE, setting.leverage.address, BORROWER, START)
    assert setting.pool.position(BORROWER) == model.position(BORROWER)
    assert setting.pool.state(START) == model.state(START)
    assert setting.pool.events == model.events
    assert setting.pool.health(BORROWER, START) == model.health(BORROWER, START) == OPENED_HEALTH
    assert setting.left_behind() == {}


def test_open_then_close_costs_fees_and_interest_alone(setting: Setting) -> None:
    """At a price that does not move, the borrower ends with the margin less two fees and the interest, in assets; nobody else has lost."""
    before = setting.holdings()
    setting.open()
    setting.chain.advance_to(START + 500)
    debt = setting.pool.debt_of(BORROWER, START + 500)
    assert setting.close() == (30 * TOKEN * PRICE - debt - FEE, 0)
    model, _ = setting.model()
    model.supply_collateral(setting.leverage.address, 30 * TOKEN, BORROWER, START)
    model.borrow(setting.leverage.address, 40_000 * TOKEN + FEE, setting.leverage.address, BORROWER, START)
    model.events.clear()
    assert model.repay(setting.leverage.address, debt, BORROWER, START + 500) == debt
    model.withdraw_collateral(setting.leverage.address, 30 * TOKEN, setting.leverage.address, BORROWER, START + 500)
    assert setting.pool.events == model.events
    assert setting.pool.state(START + 500) == model.state(START + 500)
    after = setting.holdings()
    spent = before[f"collateral of {BORROWER}"] - after[f"collateral of {BORROWER}"]
    back = after[f"asset of {BORROWER}"] - before[f"asset of {BORROWER}"]
    interest = debt - 40_000 * TOKEN - FEE
    assert interest > 0
    assert spent * PRICE - back == 2 * FEE + interest
    assert after[f"asset of {setting.lender.address}"] - before[f"asset of {setting.lender.address}"] == 2 * FEE
    assert setting.left_behind() == {}


def test_a_part_is_closed_and_the_rest_keeps_its_health(setting: Setting) -> None:
    """Half the debt repaid with 11 tokens, of which 10.5 are sold: leftovers of both tokens come back to the unit."""
    setting.open()
    assert setting.close(repaid=20_000 * TOKEN, withdrawn=11 * TOKEN, sold=21 * TOKEN // 2, min_health=WAD) == (
        10_500 * TOKEN * 2 - 20_000 * TOKEN - FEE,
        TOKEN // 2,
    )
    collateral, debt_shares, _ = setting.pool.position(BORROWER)
    assert collateral == 19 * TOKEN
    assert debt_shares == 20_001 * TOKEN * 10**6
    assert setting.left_behind() == {}


def test_a_position_that_is_there_needs_no_margin(setting: Setting) -> None:
    """Without margin the collateral already in the pool carries the loan."""
    setting.pool.supply_collateral(BORROWER, 10 * TOKEN, BORROWER, START)
    before = setting.collateral.balance_of(BORROWER)
    setting.open(margin=0)
    assert setting.collateral.balance_of(BORROWER) == before
    assert setting.pool.position(BORROWER)[0] == 30 * TOKEN


def test_a_whole_position_is_closed_without_a_price(setting: Setting) -> None:
    """An oracle that fails stops new risk, not the way out."""
    setting.open()
    setting.oracle.set(1, 0, 0)
    assert setting.refused(setting.open) == "oracle: no valid price"
    assert setting.close(min_health=EVERYTHING)[0] == 30 * TOKEN * PRICE - 40_001 * TOKEN - FEE
    assert setting.pool.position(BORROWER) == (0, 0, 0)


@pytest.mark.parametrize(
    ("limit", "last", "reason"),
    [
        ("min_bought", 20 * TOKEN, "leverage: too little is bought"),
        ("max_debt", -(40_000 * TOKEN + FEE), "leverage: too much is borrowed"),
        ("min_health", OPENED_HEALTH, "leverage: health is too low"),
    ],
)
def test_limits_of_opening_hold_to_the_unit(setting: Setting, limit: str, last: int, reason: str) -> None:
    """What is asked for is enough, one unit more is not, and then nothing has moved. A most is written as a negative least."""
    assert setting.refused(setting.open, **{limit: abs(last + 1)}) == reason
    setting.open(**{limit: abs(last)})


@pytest.mark.parametrize(
    ("limit", "last", "reason"),
    [
        ("min_assets", 30_000 * TOKEN - 20_000 * TOKEN - FEE, "leverage: too little comes back"),
        # 15 tokens at 2,000 and 86 % against 20,001.
        ("min_health", 15 * PRICE * 86 * WAD // 100 // 20_001, "leverage: health is too low"),
    ],
)
def test_limits_of_closing_hold_to_the_unit(setting: Setting, limit: str, last: int, reason: str) -> None:
    """What is asked for is enough, one unit more is not, and then nothing has moved."""
    setting.open()
    assert setting.refused(setting.close, repaid=20_000 * TOKEN, withdrawn=15 * TOKEN, **{limit: last + 1}) == reason
    setting.close(repaid=20_000 * TOKEN, withdrawn=15 * TOKEN, **{limit: last})


def test_the_pool_judges_the_position_as_ever(setting: Setting) -> None:
    """70,000 against 45 tokens are over max_ltv at 80 %: the pool's own refusal ends all."""
    assert setting.refused(setting.open, margin=TOKEN, flash=70_000 * TOKEN, max_debt=EVERYTHING) == "pool: over max_ltv"


def test_the_last_second_is_in_time(setting: Setting) -> None:
    """At the deadline yes, a second later no, for both ways."""
    setting.chain.advance_to(LATER)
    setting.open()
    setting.close(withdrawn=TOKEN, repaid=100 * TOKEN)
    setting.chain.advance_to(LATER + 1)
    assert setting.refused(setting.open) == "leverage: too late"
    assert setting.refused(setting.close) == "leverage: too late"


def test_only_the_caller_is_acted_for(setting: Setting) -> None:
    """Who calls has only its own position moved: another's rights given to Leverage are of no use to it."""
    setting.open()
    before = setting.pool.position(BORROWER)
    setting.pool.set_operator(LIQUIDATOR, setting.leverage.address, True)
    # It has no debt, and so nothing to repay; the borrower's is not asked for.
    assert setting.refused(setting.close, caller=LIQUIDATOR) == "pool: amount is zero"
    assert setting.pool.position(BORROWER) == before
    # The borrower's allowance for margins is not the liquidator's.
    assert setting.refused(setting.open, caller=LIQUIDATOR) == "erc20: allowance too low"
    assert setting.pool.position(BORROWER) == before


def test_events_tell_what_was_done(setting: Setting) -> None:
    """One event a call, with the figures that came out."""
    pool, adapter = setting.pool.address, setting.adapter.address
    setting.open()
    assert setting.leverage.events == [("Open", BORROWER, pool, adapter, 10 * TOKEN, 20 * TOKEN, 40_001 * TOKEN)]
    setting.close()
    assert setting.leverage.events == [("Close", BORROWER, pool, adapter, 40_001 * TOKEN, 19_998 * TOKEN, 0)]
