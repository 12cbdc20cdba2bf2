# pragma version 0.4.3
"""
@title Interest: what borrowers owe as time passes, and who earns it
@license MIT
@notice Twin of src/ringfence/model/interest.py.
"""

import limits
import shares

WAD: constant(uint256) = 10**18
MAX_DEBT: constant(uint256) = 2**128 - 1
# 800 % a year, whatever a rate model says.
MAX_RATE: constant(uint256) = 8 * 10**18 // 31_536_000
# One accrual counts at most ten times the debt before compounding.
MAX_RATE_TIME: constant(uint256) = 10 * 10**18


# What one accrual did; base units of the asset, `fee_shares` in lender shares.
struct Accrual:
    interest: uint256
    to_reserve: uint256
    premium: uint256
    fee_shares: uint256


@internal
@pure
def _growth(rate: uint256, elapsed: uint256) -> uint256:
    # e^(rate * elapsed) - 1 by three terms of its series, rounded down (WAD).
    x: uint256 = min(min(rate, MAX_RATE) * elapsed, MAX_RATE_TIME)
    x2: uint256 = x * x // (2 * WAD)
    x3: uint256 = x2 * x // (3 * WAD)
    return x + x2 + x3


@internal
@pure
def _accrue(before: shares.Totals, terms: limits.Terms, rate: uint256, now: uint256) -> (shares.Totals, Accrual):
    totals: shares.Totals = before
    accrual: Accrual = empty(Accrual)
    # The fraction of a unit is carried along, so that touching a pool every block loses nothing.
    grown: uint256 = totals.debt_assets * self._growth(rate, now - totals.accrued_at) + totals.interest_dust
    accrual.interest = grown // WAD
    totals.interest_dust = grown % WAD
    if accrual.interest > MAX_DEBT - totals.debt_assets:
        accrual.interest = MAX_DEBT - totals.debt_assets
        totals.interest_dust = 0
    totals.accrued_at = now
    totals.debt_assets += accrual.interest
    totals.supply_assets += accrual.interest

    # The reserve fills from interest up to its target; what is above the target flows back to lenders at the same pace.
    part: uint256 = accrual.interest * terms.reserve_factor // WAD
    target: uint256 = totals.debt_assets * terms.reserve_target // WAD
    if totals.reserve_assets > target:
        part = min(part, totals.reserve_assets - target)
        totals.reserve_assets -= part
        totals.supply_assets += part
    else:
        accrual.to_reserve = min(part, target - totals.reserve_assets)
        totals.reserve_assets += accrual.to_reserve
        totals.supply_assets -= accrual.to_reserve

    # The backstop's premium is owed until there is cash to pay it.
    accrual.premium = accrual.interest * terms.premium // WAD
    totals.premium_owed += accrual.premium
    totals.supply_assets -= accrual.premium

    # The creator is paid in new shares, worth the fee after dilution. What lenders keep must be worth something: in a pool that is
    # wiped out without the fee, its shares could be more than a word holds. Otherwise they are under fee * 1e15.
    fee: uint256 = accrual.interest * terms.creator_fee // WAD
    if fee > 0 and not shares._is_wiped_out(totals.supply_assets - fee, totals.supply_shares):
        accrual.fee_shares = shares._lender_shares_down(fee, totals.supply_assets - fee, totals.supply_shares)
        totals.supply_shares += accrual.fee_shares
    return totals, accrual
