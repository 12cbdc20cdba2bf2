"""What docs/protocol.md says, in figures worked out by hand, on contract and model at once: a fault that both share is seen here.

`Twins.act` does every act on both sides and compares them; the tests say what must come out. Amounts are whole tokens of 18 decimals
(`E`), prices whole assets per collateral token. Unless a test says otherwise one borrower owes 1,500 on one token worth 2,000, ten thousand
are lent, the liquidation LTV is 85 %, max_ltv 80 %, the incentive 5 %.
"""

from dataclasses import replace
from typing import Any

import pytest

from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD
from tests.agreement.twins import BORROWERS, CREATOR, LENDERS, LIQUIDATOR, OPERATOR, OUTSIDER, Twins
from tests.agreement.worlds import plain_world

E = 10**18
PER_CENT = WAD // 100
LENDER, BORROWER = LENDERS[0], BORROWERS[0]


def start(*, debt: int = 1_500 * E, rate: int = 0, borrowers: int = 1, **terms: int) -> Twins:
    """The pool of this file, with other terms where named; every borrower has one token and owes the same."""
    twins = Twins(replace(plain_world(**terms), rate=("fixed", rate)))
    done(twins, "deposit", LENDER, 10_000 * E, LENDER)
    for borrower in BORROWERS[:borrowers]:
        done(twins, "supply_collateral", borrower, E, borrower)
        done(twins, "borrow", borrower, debt, borrower, borrower)
    return twins


def done(twins: Twins, name: str, caller: str, *arguments: Any) -> Any:
    """What an act returns that must go through."""
    status, value = twins.act(name, caller, *arguments)
    assert status == "ok", (name, value)
    return value


def refused(twins: Twins, text: str, name: str, caller: str, *arguments: Any) -> None:
    """An act that must be refused with this text."""
    assert twins.act(name, caller, *arguments) == ("refused", text)


def say(twins: Twins, price: int) -> None:
    """Set both prices, in whole assets."""
    twins.set_prices(0, price * PRICE_SCALE, price * PRICE_SCALE)


def sell(twins: Twins, max_payment: int = MAX_UINT256) -> Any:
    """(payment, collateral_sold) of a sale of the borrower."""
    return done(twins, "liquidate", LIQUIDATOR, BORROWER, max_payment, 0, LIQUIDATOR, b"")


def incentive(twins: Twins) -> int:
    """What a buyer of the borrower is offered now (WAD)."""
    offered: int = twins.contract.call("quote_liquidation", BORROWER, MAX_UINT256)[4]
    return offered


def state(twins: Twins) -> dict[str, int]:
    """What the contract shows of itself."""
    names = ("supply_assets", "supply_shares", "debt_assets", "debt_shares", "reserve_assets", "premium_owed", "accrued_at")
    return dict(zip(names, twins.contract.call("state"), strict=True))


def clock(twins: Twins) -> int:
    since: int = twins.contract.call("position", BORROWER)[2]
    return since


# Who may do what


def test_only_the_borrower_or_an_operator_moves_a_position() -> None:
    """Others are refused before an operator is named, beside one, and so is the operator when no longer one."""
    twins = start()
    acts = (("withdraw_collateral", 1), ("borrow", 1))
    for name, amount in acts:
        for stranger in (OPERATOR, OUTSIDER, LENDER):
            refused(twins, "pool: caller is no operator", name, stranger, amount, stranger, BORROWER)
    done(twins, "set_operator", BORROWER, OPERATOR, True)
    for name, amount in acts:
        done(twins, name, OPERATOR, amount, OPERATOR, BORROWER)
        refused(twins, "pool: caller is no operator", name, OUTSIDER, amount, OUTSIDER, BORROWER)
        refused(twins, "pool: caller is no operator", name, BORROWER, amount, BORROWER, OPERATOR)
    done(twins, "set_operator", BORROWER, OPERATOR, False)
    for name, amount in acts:
        refused(twins, "pool: caller is no operator", name, OPERATOR, amount, OPERATOR, BORROWER)


@pytest.mark.parametrize(("name", "amount"), [("withdraw", E), ("redeem", 10**6 * E)])
def test_only_the_lender_or_an_approved_spender_takes_a_lenders_money(name: str, amount: int) -> None:
    """One asset costs a million shares here; an allowance of as many is used up by it, and being an operator is no allowance."""
    twins = start()
    done(twins, "set_operator", LENDER, OPERATOR, True)
    for stranger in (OPERATOR, OUTSIDER):
        refused(twins, "erc20: allowance too low", name, stranger, amount, stranger, LENDER)
    done(twins, "approve", LENDER, OPERATOR, 10**6 * E)
    done(twins, name, OPERATOR, amount, OPERATOR, LENDER)
    refused(twins, "erc20: allowance too low", name, OPERATOR, amount, OPERATOR, LENDER)


# Limits


def test_caps_are_reached_and_not_passed() -> None:
    """10,000 of 10,001 are lent: one more fits, and then not a unit; so with what is borrowed."""
    twins = start(supply_cap=10_001 * E, borrow_cap=1_501 * E)
    refused(twins, "pool: supply cap reached", "deposit", LENDER, E + 1, LENDER)
    refused(twins, "pool: borrow cap reached", "borrow", BORROWER, E + 1, BORROWER, BORROWER)
    done(twins, "deposit", LENDER, E, LENDER)
    done(twins, "borrow", BORROWER, E, BORROWER, BORROWER)
    refused(twins, "pool: supply cap reached", "deposit", LENDER, 1, LENDER)
    refused(twins, "pool: borrow cap reached", "borrow", BORROWER, 1, BORROWER, BORROWER)


def test_a_debt_is_at_least_min_debt() -> None:
    """A first borrow of less than 1,500 is refused; of 3,000 a part is sold only if 1,500 stay."""
    twins = start(borrowers=0, min_debt=1_500 * E)
    done(twins, "supply_collateral", BORROWER, 2 * E, BORROWER)
    refused(twins, "pool: debt under min_debt", "borrow", BORROWER, 1_500 * E - 1, BORROWER, BORROWER)
    done(twins, "borrow", BORROWER, 3_000 * E, BORROWER, BORROWER)
    say(twins, 1_700)
    refused(twins, "liquidation: dust would stay", "liquidate", LIQUIDATOR, BORROWER, 1_500 * E + 1, 0, LIQUIDATOR, b"")
    assert sell(twins, 1_500 * E)[0] == 1_500 * E
    assert twins.contract.call("debt_of", BORROWER) == 1_500 * E


def test_new_debt_ends_within_max_ltv() -> None:
    """80 % of 2,000 is 1,600: 100 more may be borrowed, and not a unit above; nothing may then be taken out."""
    twins = start()
    refused(twins, "pool: over max_ltv", "borrow", BORROWER, 100 * E + 1, BORROWER, BORROWER)
    done(twins, "borrow", BORROWER, 100 * E, BORROWER, BORROWER)
    refused(twins, "pool: over max_ltv", "withdraw_collateral", BORROWER, 1, BORROWER, BORROWER)


def test_a_position_at_its_limit_is_healthy() -> None:
    """85 % of 1,700 is 1,445: who owes that is not sold; at the next lower price he is."""
    twins = start(debt=1_445 * E)
    say(twins, 1_700)
    refused(twins, "pool: position is healthy", "liquidate", LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"")
    refused(twins, "pool: position is healthy", "flag", LIQUIDATOR, BORROWER)
    twins.set_prices(0, 0, 1_700 * PRICE_SCALE - 1)
    done(twins, "flag", LIQUIDATOR, BORROWER)
    assert sell(twins)[0] == 1_445 * E


# Interest

# A debt of a thousand at 2e11 a second: x = 2e11 and x * x / 2e18 = 2e4 make 200,000,020,000 a second on each token.
FAST, A_SECOND = 2 * 10**11, 200_000_020_000_000


def test_fractions_of_a_unit_of_interest_add_up() -> None:
    """A tenth of a unit a second is nothing after nine accruals and one unit after ten."""
    twins = start(debt=10**6, rate=10**11)
    before = state(twins)
    for _ in range(9):
        twins.pass_time(1)
        done(twins, "accrue", OUTSIDER)
    assert state(twins)["debt_assets"] == 10**6
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    assert state(twins)["debt_assets"] == 10**6 + 1
    assert state(twins)["supply_assets"] == before["supply_assets"] + 1


def test_a_rate_is_cut_to_800_per_cent_a_year() -> None:
    """8e18 / 31,536,000 = 253,678,335,870 a second, whatever the model says: 253,678,368,046 with x * x / 2e18 on each token."""
    twins = start(debt=1_000 * E, rate=10**17)
    twins.pass_time(1)
    assert state(twins)["debt_assets"] == 1_000 * E + 253_678_368_046_000


def test_interest_is_shared_between_lenders_reserve_and_creator() -> None:
    """Of a second's interest 10 % goes to the reserve, and a quarter to the creator in shares that are worth it, a unit aside."""
    twins = start(debt=1_000 * E, rate=FAST, reserve_factor=10 * PER_CENT, reserve_target=2 * PER_CENT, creator_fee=25 * PER_CENT)
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    after = state(twins)
    assert after["debt_assets"] == 1_000 * E + A_SECOND
    assert after["reserve_assets"] == A_SECOND // 10
    assert after["supply_assets"] == 10_000 * E + A_SECOND - A_SECOND // 10
    worth = twins.contract.call("convertToAssets", twins.contract.call("balanceOf", CREATOR))
    assert A_SECOND // 4 - 1 <= worth <= A_SECOND // 4


def test_the_reserve_fills_to_its_target_and_no_further() -> None:
    """Two per cent of 1,000 are 20; with one unit missing, only the target's growth and that unit go in."""
    twins = start(debt=1_000 * E, rate=FAST, reserve_factor=10 * PER_CENT, reserve_target=2 * PER_CENT)
    done(twins, "add_to_reserve", LENDER, 20 * E - 1)
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    assert state(twins)["reserve_assets"] == 20 * E + 2 * A_SECOND // 100


def test_a_reserve_over_its_target_flows_back_to_lenders() -> None:
    """100 where 20 are the target: a tenth of the interest leaves it, and lenders get that and all interest."""
    twins = start(debt=1_000 * E, rate=FAST, reserve_factor=10 * PER_CENT, reserve_target=2 * PER_CENT)
    done(twins, "add_to_reserve", LENDER, 100 * E)
    twins.pass_time(1)
    done(twins, "accrue", OUTSIDER)
    after = state(twins)
    assert after["reserve_assets"] == 100 * E - A_SECOND // 10
    assert after["supply_assets"] == 10_000 * E + A_SECOND + A_SECOND // 10


def test_a_repayment_takes_no_more_than_the_debt() -> None:
    """Whoever sends more pays 1,500, and no share stays."""
    twins = start()
    assert done(twins, "repay", LIQUIDATOR, 1_500 * E + 1, BORROWER) == 1_500 * E
    assert twins.contract.call("position", BORROWER) == (E, 0, 0)
    refused(twins, "pool: no debt", "repay", LIQUIDATOR, 1, BORROWER)


# The clock

# From 0.1 % by 0.001 % a second to 3 %.
DUTCH = {"incentive_base": WAD // 1_000, "incentive_rise": WAD // 100_000, "incentive_max": 3 * PER_CENT}


def flagged(**terms: int) -> Twins:
    """An unhealthy position whose clock has run for ten minutes."""
    twins = start(**DUTCH | terms)
    say(twins, 1_700)
    done(twins, "flag", LIQUIDATOR, BORROWER)
    twins.pass_time(600)
    assert incentive(twins) == WAD // 1_000 + 600 * WAD // 100_000
    return twins


HEALED = {
    "more collateral": (1_700, "supply_collateral", BORROWER, (E // 10, BORROWER)),
    "a repayment": (1_700, "repay", OUTSIDER, (200 * E, BORROWER)),
    "a better price, seen by anybody": (2_000, "unflag", OUTSIDER, (BORROWER,)),
    "a better price, seen when borrowing": (2_000, "borrow", BORROWER, (1, BORROWER, BORROWER)),
    "a better price, seen when taking out": (2_000, "withdraw_collateral", BORROWER, (1, BORROWER, BORROWER)),
}


@pytest.mark.parametrize("how", HEALED)
def test_a_healed_position_has_a_fresh_clock(how: str) -> None:
    """The old clock stops; when the price falls again the discount begins at its base."""
    price, name, caller, arguments = HEALED[how]
    twins = flagged()
    say(twins, price)
    done(twins, name, LENDER if caller == OUTSIDER and name == "repay" else caller, *arguments)
    assert clock(twins) == 0
    say(twins, 1_000)
    assert incentive(twins) == DUTCH["incentive_base"]


@pytest.mark.parametrize(("name", "amount"), [("supply_collateral", 1), ("repay", 1)])
def test_what_does_not_heal_leaves_the_clock(name: str, amount: int) -> None:
    """Paying in a unit changes nothing for a buyer; neither does a price that cannot be had while it is paid in."""
    twins = flagged()
    since = clock(twins)
    twins.set_prices(1, 0, 0)
    done(twins, name, LENDER, amount, BORROWER)
    say(twins, 1_700)
    done(twins, name, LENDER, amount, BORROWER)
    refused(twins, "pool: position is unhealthy", "unflag", BORROWER, BORROWER)
    done(twins, "flag", LIQUIDATOR, BORROWER)
    assert clock(twins) == since


def test_a_clock_runs_out_after_its_timeout() -> None:
    """At 3,600 seconds it still counts, at 3,601 the discount is the base again, and a flag starts it anew."""
    twins = flagged()
    since = clock(twins)
    twins.pass_time(3_000)
    done(twins, "flag", LIQUIDATOR, BORROWER)
    assert clock(twins) == since
    assert incentive(twins) == DUTCH["incentive_max"]
    twins.pass_time(1)
    assert incentive(twins) == DUTCH["incentive_base"]
    done(twins, "flag", LIQUIDATOR, BORROWER)
    assert clock(twins) == twins.now


# Sales


def test_a_whole_sale_at_a_fixed_discount() -> None:
    """1,500 buys collateral worth 1,575 at 1,700 each; the rest, and no debt, stays the borrower's."""
    twins = start()
    say(twins, 1_700)
    assert sell(twins) == (1_500 * E, 1_575 * E // 1_700)
    assert twins.contract.call("position", BORROWER) == (E - 1_575 * E // 1_700, 0, 0)
    assert state(twins)["debt_assets"] == 0
    assert state(twins)["supply_assets"] == 10_000 * E


def test_a_sale_to_the_target_ends_at_the_target() -> None:
    """(1,500 - 80 % of 1,700) / (1 - 80 % * 1.05) = 140 / 0.16 = 875: 625 stay owed on collateral worth 781.25, which is 80 %."""
    twins = start(target_ltv=80 * PER_CENT)
    say(twins, 1_700)
    payment, sold = sell(twins)
    assert (payment, sold) == (875 * E, 91_875 * E // 170_000)
    assert twins.contract.call("debt_of", BORROWER) == 625 * E
    refused(twins, "pool: position is healthy", "liquidate", LIQUIDATOR, BORROWER, MAX_UINT256, 0, LIQUIDATOR, b"")


def test_a_penalty_goes_to_the_reserve() -> None:
    """One per cent of 1,500 on top: the buyer pays 1,515 and gets collateral for all of it; lenders get nothing of it."""
    twins = start(penalty=PER_CENT)
    say(twins, 1_700)
    assert sell(twins) == (1_515 * E, 1_515 * 105 * E // 170_000)
    assert state(twins)["reserve_assets"] == 15 * E
    assert state(twins)["supply_assets"] == 10_000 * E


def test_a_penalty_takes_only_what_is_left() -> None:
    """Of 1,580 the debt and its incentive take 1,575: 5 / 1.05 are left for the penalty, a little under a third of one per cent."""
    twins = start(penalty=PER_CENT)
    say(twins, 1_580)
    payment, sold = sell(twins)
    assert 0 <= 5 * E * 100 // 105 - (payment - 1_500 * E) <= 1_500
    assert state(twins)["reserve_assets"] == payment - 1_500 * E
    assert 0 <= E - sold <= 1_000


def test_the_window_phases_in_what_lenders_would_pay() -> None:
    """Collateral worth 1,530 pays 2 % itself; the other 3 % are offered by and by over twenty minutes."""
    twins = start(solvent_window=1_200)
    say(twins, 1_530)
    assert incentive(twins) == 2 * PER_CENT
    done(twins, "flag", LIQUIDATOR, BORROWER)
    for seconds, offered in ((0, 200), (300, 275), (300, 350), (599, 500 - 1), (1, 500)):
        twins.pass_time(seconds)
        assert incentive(twins) * 10_000 // WAD == offered


def test_a_discount_for_missing_health() -> None:
    """At 1,700 health is 1,445 / 1,500, so 3.67 % are missing: a slope of 1 adds that to the 1 % of the base."""
    twins = start(incentive_base=PER_CENT, incentive_slope=WAD, incentive_max=10 * PER_CENT)
    say(twins, 1_700)
    assert incentive(twins) == PER_CENT + WAD - 1_445 * WAD // 1_500


def test_many_sales_share_one_budget() -> None:
    """2,000 for three who owe 1,500 each: the first is sold whole, the second in part, the third not at all."""
    twins = start(borrowers=3)
    say(twins, 1_700)
    who = list(BORROWERS[:3])
    paid = done(twins, "liquidate_many", LIQUIDATOR, who, 2_000 * E, 0, LIQUIDATOR, b"")
    assert paid == (2_000 * E, 1_575 * E // 1_700 + 525 * E // 1_700)
    assert [twins.contract.call("debt_of", borrower) for borrower in who] == [0, 1_000 * E, 1_500 * E]


def test_a_sale_brings_at_least_what_the_buyer_asks() -> None:
    """A unit more than 1,575 / 1,700 of a token is refused, by one sale and by many."""
    twins = start()
    say(twins, 1_700)
    most = 1_575 * E // 1_700
    for name, who in (("liquidate", BORROWER), ("liquidate_many", [BORROWER])):
        refused(twins, "liquidation: too little is sold", name, LIQUIDATOR, who, MAX_UINT256, most + 1, LIQUIDATOR, b"")
    done(twins, "liquidate", LIQUIDATOR, BORROWER, MAX_UINT256, most, LIQUIDATOR, b"")
    refused(twins, "liquidation: too little is sold", "liquidate_many", LIQUIDATOR, [BORROWER], MAX_UINT256, 1, LIQUIDATOR, b"")


# Losses

# What is paid for one token at 1,000 less the incentive: 1,000 / 1.05, rounded up.
PAID = -(-1_000 * E * 100 // 105)


@pytest.mark.parametrize(("reserve", "from_lenders"), [(0, 1_500 * E - PAID), (50 * E, 1_450 * E - PAID), (600 * E, 0)])
def test_a_loss_takes_the_reserve_before_lenders(reserve: int, from_lenders: int) -> None:
    """547.62 of 1,500 are lost: with 50 in the reserve lenders pay 497.62, with 600 nothing and 52.38 stay there."""
    twins = start()
    if reserve:
        done(twins, "add_to_reserve", LENDER, reserve)
    say(twins, 1_000)
    assert sell(twins) == (PAID, E)
    after, loss = state(twins), 1_500 * E - PAID
    assert after["supply_assets"] == 10_000 * E - from_lenders
    assert after["reserve_assets"] == reserve - (loss - from_lenders)
    assert after["debt_assets"] == 0


def test_a_part_of_an_insolvent_position_takes_its_part_of_the_loss() -> None:
    """Half of the collateral takes half of the debt along, and half of the loss is lost at once; a unit of it costs 953 of the asset."""
    twins = start()
    say(twins, 1_000)
    half = PAID // 2
    payment, sold = sell(twins, half)
    assert half - 953 <= payment <= half
    assert E // 2 - 1_000 <= sold <= E // 2
    assert abs(state(twins)["debt_assets"] - 750 * E) <= 2_000_000
    assert abs(10_000 * E - state(twins)["supply_assets"] - (750 * E - half)) <= 2_000_000
