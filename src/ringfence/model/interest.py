"""Interest: what borrowers owe as time passes, and who earns it; twin of contracts/interest.vy."""

from typing import NamedTuple

from . import shares
from .rounding import div_down, div_mod
from .shares import Totals
from .terms import MAX_UINT128, WAD, YEAR_SECONDS, Terms

MAX_DEBT = MAX_UINT128
# 800 % a year, whatever a rate model says.
MAX_RATE = div_down(8 * WAD, YEAR_SECONDS)
# One accrual counts at most ten times the debt before compounding.
MAX_RATE_TIME = 10 * WAD


class Accrual(NamedTuple):
    """What one accrual did: asset base units, `fee_shares` in lender shares."""

    interest: int
    to_reserve: int
    premium: int
    fee_shares: int


def growth(rate: int, elapsed: int) -> int:
    """Return e^(rate * elapsed) - 1 by three terms of its series, rounded down (WAD); rate in WAD per second, elapsed in seconds."""
    # Comparisons, here and below, because a call of min() costs as much as all the rest of a line that runs in every call.
    if rate > MAX_RATE:
        rate = MAX_RATE
    x = rate * elapsed
    if x > MAX_RATE_TIME:
        x = MAX_RATE_TIME
    x2 = div_down(x * x, 2 * WAD)
    x3 = div_down(x2 * x, 3 * WAD)
    return x + x2 + x3


def accrue(before: Totals, terms: Terms, rate: int, now: int) -> tuple[Totals, Accrual]:
    """Return the totals with interest since `accrued_at` counted and shared out, and what was done."""
    supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at, interest_dust = before
    # The fraction of a unit is carried along, so that touching a pool every block loses nothing.
    grown = debt_assets * growth(rate, now - accrued_at) + interest_dust
    interest, interest_dust = div_mod(grown, WAD)
    if interest > MAX_DEBT - debt_assets:
        interest = MAX_DEBT - debt_assets
        interest_dust = 0
    debt_assets += interest
    supply_assets += interest

    # The reserve fills from interest up to its target; what is above the target flows back to lenders at the same pace.
    part = div_down(interest * terms.reserve_factor, WAD)
    target = div_down(debt_assets * terms.reserve_target, WAD)
    to_reserve = 0
    if reserve_assets > target:
        part = min(part, reserve_assets - target)
        reserve_assets -= part
        supply_assets += part
    else:
        to_reserve = target - reserve_assets
        if part < to_reserve:
            to_reserve = part
        reserve_assets += to_reserve
        supply_assets -= to_reserve

    # The creator is paid in new shares, worth the fee after dilution. What lenders keep must be worth something: in a pool that is
    # wiped out without the fee, its shares could be more than a word holds. Otherwise they are under fee * 1e15.
    fee = div_down(interest * terms.creator_fee, WAD)
    fee_shares = 0
    if fee > 0 and not shares.is_wiped_out(supply_assets - fee, supply_shares):
        fee_shares = shares.lender_shares_down(fee, supply_assets - fee, supply_shares)
        supply_shares += fee_shares
    totals = supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, now, interest_dust
    return tuple.__new__(Totals, totals), tuple.__new__(Accrual, (interest, to_reserve, 0, fee_shares))
