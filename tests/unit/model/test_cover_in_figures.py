"""Premium, backstop and who bears a loss, in figures worked out by hand, on contract and model at once: a shared fault is seen here.

As in test_rules_in_figures.py: ten thousand are lent, one borrower owes on one token worth 2,000, the incentive is 5 %.
"""

from dataclasses import replace
from typing import Any

import pytest

from ringfence.model.terms import MAX_UINT256
from tests.agreement.mocks import BackstopMock
from tests.agreement.twins import BORROWERS, CREATOR, LIQUIDATOR, OUTSIDER, Twins
from tests.agreement.worlds import plain_world
from tests.unit.model.test_rules_in_figures import A_SECOND, BORROWER, FAST, LENDER, PAID, PER_CENT, E, done, refused, say, sell, state

# What 1,500 less the payment for a token at 1,000 comes to: 547.62.
LOSS = 1_500 * E - PAID


def start(*, fund: int = 0, debt: int = 1_500 * E, rate: int = 0, borrowers: int = 1, **terms: int) -> Twins:
    """The pool of this file with a backstop that holds so much."""
    twins = Twins(replace(plain_world(**terms), rate=("fixed", rate), has_backstop=True))
    twins.fill_backstop(fund)
    done(twins, "deposit", LENDER, 10_000 * E, LENDER)
    for borrower in BORROWERS[:borrowers]:
        done(twins, "supply_collateral", borrower, E, borrower)
        done(twins, "borrow", borrower, debt, borrower, borrower)
    return twins


def in_fund(twins: Twins) -> int:
    return twins.asset_twin.balance_of(twins.backstop.address)


def realised(twins: Twins) -> list[tuple[int, ...]]:
    """(loss, from_reserve, from_backstop, from_lenders, from_premium) of every loss that the last act logged."""
    return [tuple(values[1:]) for name, *values in twins.contract.events if name == "LossRealised"]


# The waterfall


@pytest.mark.parametrize(
    ("reserve", "fund", "from_reserve", "from_backstop"),
    [
        (0, 0, 0, 0),
        (50 * E, 200 * E, 50 * E, 200 * E),
        (50 * E, 1_000 * E, 50 * E, LOSS - 50 * E),
        (600 * E, 1_000 * E, LOSS, 0),
        (0, 1_000 * E, 0, LOSS),
    ],
)
def test_the_backstop_pays_what_the_reserve_leaves_and_lenders_the_rest(
    reserve: int, fund: int, from_reserve: int, from_backstop: int
) -> None:
    """547.62 are lost: of 50 and 200 all is taken, and 297.62 from lenders; of more no more than is needed."""
    twins = start(fund=fund)
    if reserve:
        done(twins, "add_to_reserve", LENDER, reserve)
    say(twins, 1_000)
    assert sell(twins) == (PAID, E)
    after, from_lenders = state(twins), LOSS - from_reserve - from_backstop
    assert realised(twins) == [(LOSS, from_reserve, from_backstop, from_lenders, 0)]
    assert (after["supply_assets"], after["reserve_assets"]) == (10_000 * E - from_lenders, reserve - from_reserve)
    assert in_fund(twins) == fund - from_backstop


MODES = {
    "reverts": (BackstopMock.REVERT, 0, 0),
    "burns all gas": (BackstopMock.BURN, 0, 0),
    "says all and pays nothing": (BackstopMock.LIE, 0, 0),
    "takes": (BackstopMock.TAKE, 0, 0),
    "pays half and says all": (BackstopMock.HALF, LOSS // 2, LOSS // 2),
    "pays twice": (BackstopMock.TWICE, 2 * LOSS, LOSS),
    "answers too little": (BackstopMock.SHORT, LOSS, LOSS),
    "calls the pool first": (BackstopMock.REENTER, LOSS, LOSS),
}


@pytest.mark.parametrize("how", MODES)
def test_what_arrives_counts_up_to_the_loss(how: str) -> None:
    """Whatever a backstop says or does, the sale goes through; lenders bear what did not come, and gain nothing by what came too much."""
    mode, arrives, counts = MODES[how]
    twins = start(fund=2_000 * E)
    twins.set_backstop(mode)
    say(twins, 1_000)
    assert sell(twins) == (PAID, E)
    assert realised(twins) == [(LOSS, 0, counts, LOSS - counts, 0)]
    assert in_fund(twins) == 2_000 * E - arrives
    assert state(twins)["supply_assets"] == 10_000 * E - (LOSS - counts)


def test_a_refused_sale_draws_nothing() -> None:
    """A buyer who asks for a unit too much collateral is refused after the draw, which is undone with the sale."""
    twins = start(fund=1_000 * E)
    say(twins, 1_000)
    refused(twins, "liquidation: too little is sold", "liquidate", LIQUIDATOR, BORROWER, MAX_UINT256, E + 1, LIQUIDATOR, b"")
    assert in_fund(twins) == 1_000 * E
    sell(twins)
    assert in_fund(twins) == 1_000 * E - LOSS


def test_a_refused_batch_draws_nothing() -> None:
    """Two draws of 547.62 are undone when the batch brings a unit less than the buyer asks."""
    twins = start(fund=2_000 * E, borrowers=2)
    say(twins, 1_000)
    two = list(BORROWERS[:2])
    refused(twins, "liquidation: too little is sold", "liquidate_many", LIQUIDATOR, two, MAX_UINT256, 2 * E + 1, LIQUIDATOR, b"")
    assert in_fund(twins) == 2_000 * E
    done(twins, "liquidate_many", LIQUIDATOR, two, MAX_UINT256, 2 * E, LIQUIDATOR, b"")
    assert in_fund(twins) == 2_000 * E - 2 * LOSS


def test_a_refusal_undoes_no_earlier_draw() -> None:
    """What was drawn in a sale that went through stays drawn when a later call is refused."""
    twins = start(fund=2_000 * E, borrowers=2)
    say(twins, 1_000)
    sell(twins)
    refused(twins, "pool: position is healthy", "liquidate", LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"")
    assert in_fund(twins) == 2_000 * E - LOSS


def test_each_of_many_sales_finds_what_the_one_before_left() -> None:
    """Two lose 547.62 each, 600 are in the fund and 100 in the reserve: 100 and 447.62, then the other 152.38, and lenders 395.24."""
    twins = start(fund=600 * E, borrowers=2)
    done(twins, "add_to_reserve", LENDER, 100 * E)
    say(twins, 1_000)
    done(twins, "liquidate_many", LIQUIDATOR, list(BORROWERS[:2]), MAX_UINT256, 0, LIQUIDATOR, b"")
    left = 600 * E - (LOSS - 100 * E)
    assert realised(twins) == [(LOSS, 100 * E, LOSS - 100 * E, 0, 0), (LOSS, 0, left, LOSS - left, 0)]
    assert in_fund(twins) == 0


def test_a_pool_without_loss_asks_for_nothing() -> None:
    """A sale that pays for all leaves the backstop alone."""
    twins = start(fund=1_000 * E)
    say(twins, 1_700)
    sell(twins)
    assert (in_fund(twins), realised(twins)) == (1_000 * E, [])


# The premium


def test_the_premium_is_a_part_of_all_interest_and_comes_from_lenders() -> None:
    """20 % of a second's interest is owed; the reserve's 10 % and the creator's 25 % are of the whole, too."""
    terms = {"reserve_factor": 10 * PER_CENT, "reserve_target": 2 * PER_CENT, "creator_fee": 25 * PER_CENT, "premium": 20 * PER_CENT}
    twins = start(debt=1_000 * E, rate=FAST, **terms)
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    after = state(twins)
    assert (after["premium_owed"], after["reserve_assets"]) == (A_SECOND // 5, A_SECOND // 10)
    assert after["supply_assets"] == 10_000 * E + A_SECOND - A_SECOND // 10 - A_SECOND // 5
    worth = twins.contract.call("convertToAssets", twins.contract.call("balanceOf", CREATOR))
    assert A_SECOND // 4 - 1 <= worth <= A_SECOND // 4


def test_the_premium_adds_up() -> None:
    """A thousand at the same rate for two seconds, accrued twice: a fifth of each second's interest; the second counts the first's."""
    twins = start(debt=1_000 * E, rate=FAST, premium=20 * PER_CENT)
    for _ in range(2):
        twins.pass_time(1)
        done(twins, "accrue", OUTSIDER)
    earned = state(twins)["debt_assets"] - 1_000 * E
    assert 2 * A_SECOND <= earned <= 2 * A_SECOND + 10**8
    assert 0 <= earned // 5 - state(twins)["premium_owed"] <= 1


def test_the_premium_is_paid_to_the_backstop_by_whoever_asks() -> None:
    """All that is owed goes there and is owed no more; who asks gets nothing, and lenders own what they owned."""
    twins = start(debt=1_000 * E, rate=FAST, premium=20 * PER_CENT)
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    before, lent = twins.asset_twin.balance_of(LIQUIDATOR), state(twins)["supply_assets"]
    done(twins, "pay_premium", LIQUIDATOR)
    assert (in_fund(twins), state(twins)["premium_owed"]) == (A_SECOND // 5, 0)
    assert (twins.asset_twin.balance_of(LIQUIDATOR), state(twins)["supply_assets"]) == (before, lent)
    done(twins, "pay_premium", LIQUIDATOR)
    assert in_fund(twins) == A_SECOND // 5


def test_the_premium_waits_for_cash() -> None:
    """With every unit lent out nothing is paid; of what a repayment brings, half of what is owed, that half; what was donated stays."""
    twins = start(debt=1_000 * E, rate=FAST, premium=20 * PER_CENT)
    done(twins, "withdraw", LENDER, 9_000 * E, LENDER, LENDER)
    twins.donate(True, E)
    twins.pass_time(1)
    done(twins, "pay_premium", OUTSIDER)
    assert (in_fund(twins), state(twins)["premium_owed"]) == (0, A_SECOND // 5)
    done(twins, "repay", BORROWER, A_SECOND // 10, BORROWER)
    done(twins, "pay_premium", OUTSIDER)
    assert (in_fund(twins), state(twins)["premium_owed"]) == (A_SECOND // 10, A_SECOND // 10)


def test_the_premium_owed_bears_a_loss_last() -> None:
    """All of 1,000 and its interest is lost but one unit: lenders lose all they have, and only the rest, a unit aside, is the premium's."""
    twins = start(debt=1_000 * E, rate=FAST, premium=20 * PER_CENT)
    done(twins, "withdraw", LENDER, 9_000 * E, LENDER, LENDER)
    twins.pass_time(1)
    twins.set_prices(0, 0, 1)
    assert sell(twins) == (1, E)
    lent = 1_000 * E + A_SECOND - A_SECOND // 5
    assert realised(twins) == [(1_000 * E + A_SECOND - 1, 0, 0, lent, A_SECOND // 5 - 1)]
    assert (state(twins)["supply_assets"], state(twins)["premium_owed"]) == (0, 1)


def test_a_loss_that_lenders_can_bear_leaves_the_premium_alone() -> None:
    """547.62 of 10,000 are lost: what was owed to the backstop is owed still."""
    twins = start(rate=FAST, premium=20 * PER_CENT)
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    owed: Any = state(twins)["premium_owed"]
    assert owed == A_SECOND * 3 // 10
    say(twins, 1_000)
    sell(twins)
    assert state(twins)["premium_owed"] == owed
    assert realised(twins)[0][4] == 0
