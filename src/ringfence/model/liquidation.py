"""The liquidation rule, exact: when a position may be sold, at what price, how much of it, and who bears a loss.

Twin of contracts/liquidation.vy; tests/agreement/test_liquidation.py proves them equal.
"""

from typing import NamedTuple

from . import shares
from .rounding import div_down, div_up, mul_div_down, mul_div_down_capped, mul_div_up
from .shares import Totals
from .terms import PRICE_SCALE, WAD, Terms

MAX_VALUE = 2**160 - 1


class Position(NamedTuple):
    """A borrower's side of the pool: base units of the collateral token, debt shares, the second the clock was started (0: it stands)."""

    collateral: int
    debt_shares: int
    unhealthy_since: int = 0


class Sale(NamedTuple):
    """One sale, priced and sized: asset base units, but collateral (base units of its token), debt_shares and incentive (WAD).

    `refusal` says why the position cannot be sold so; it is empty when it can.
    """

    payment: int
    debt_retired: int
    penalty: int
    debt_shares: int
    collateral: int
    incentive: int
    loss: int
    refusal: str


def value_down(collateral: int, price: int) -> int:
    """Return the collateral's worth in the asset; beyond 2^160 - 1 no more is counted."""
    return mul_div_down_capped(collateral, price, PRICE_SCALE, MAX_VALUE)


def limit_down(value: int, ltv: int) -> int:
    """Return the debt that a value bears at a loan-to-value (WAD)."""
    return div_down(value * ltv, WAD)


def is_healthy(liq_ltv: int, totals: Totals, position: Position, high: int) -> bool:
    """Tell whether the debt is within the liquidation LTV (WAD) at the high price."""
    if position.debt_shares == 0:
        return True
    debt = shares.debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
    return debt <= limit_down(value_down(position.collateral, high), liq_ltv)


def elapsed(unhealthy_since: int, sale_timeout: int, now: int) -> int:
    """Return the seconds that the clock of a sale has run; one that was stopped, or has run out, counts as fresh."""
    if unhealthy_since == 0 or now - unhealthy_since > sale_timeout:
        return 0
    return now - unhealthy_since


def started(unhealthy_since: int, sale_timeout: int, now: int) -> int:
    """Return since when the clock of an unhealthy position runs: one that stands, or is older than the sale's timeout, starts now."""
    if unhealthy_since == 0 or now - unhealthy_since > sale_timeout:
        return now
    return unhealthy_since


def incentive(terms: Terms, health: int, seconds: int) -> int:
    """Return the discount offered to a buyer (WAD): the base, plus what time and missing health add, capped."""
    by_time = terms.incentive_rise * seconds
    by_health = div_down(terms.incentive_slope * (WAD - health), WAD)
    return min(terms.incentive_max, terms.incentive_base + by_time + by_health)


def phase_in(offered: int, payable: int, seconds: int, window: int) -> int:
    """Return the incentive (WAD) during the window: what the collateral can pay at once, what lenders would pay for by and by."""
    if offered <= payable or seconds >= window:
        return offered
    return payable + div_down((offered - payable) * seconds, window)


def close_amount(terms: Terms, value: int, debt: int, incentive_: int, penalty_rate: int) -> int:
    """Return the debt to repay so that the position ends at target_ltv; all without a target, or if a rest under min_debt would stay."""
    if terms.target_ltv == 0:
        return debt
    taken = div_up((WAD + incentive_) * (WAD + penalty_rate), WAD)
    counted = div_up(terms.target_ltv * taken, WAD)
    if counted >= WAD:
        return debt
    amount = min(debt, div_up(debt * WAD - terms.target_ltv * value, WAD - counted))
    if debt - amount < terms.min_debt:
        return debt
    return amount


def covered_sale(
    terms: Terms, totals: Totals, position: Position, value: int, debt: int, high: int, incentive_: int, max_payment: int
) -> Sale:
    """Return the sale of a position whose collateral pays for debt and incentive; what is left pays the penalty, for the reserve."""
    penalty_rate = min(terms.penalty, mul_div_down(value, PRICE_SCALE, debt * (WAD + incentive_)) - WAD)
    amount = close_amount(terms, value, debt, incentive_, penalty_rate)
    payment = amount + div_down(amount * penalty_rate, WAD)
    if max_payment < payment:
        amount = div_up(max_payment * WAD, WAD + penalty_rate)
        payment = min(max_payment, amount + div_down(amount * penalty_rate, WAD))
    collateral = min(position.collateral, mul_div_down(payment, (WAD + incentive_) * WAD, high))
    burnt = shares.debt_shares_repaid(amount, debt, position.debt_shares, totals.debt_assets, totals.debt_shares)
    refusal = ""
    if payment == 0:
        refusal = "liquidation: nothing is paid"
    elif collateral == 0:
        refusal = "liquidation: nothing is sold"
    elif amount < debt:
        refusal = partial_refusal(terms, burnt, debt - amount)
    return Sale(payment, min(amount, totals.debt_assets), payment - amount, burnt, collateral, incentive_, 0, refusal)


def uncovered_sale(terms: Terms, totals: Totals, position: Position, debt: int, high: int, incentive_: int, max_payment: int) -> Sale:
    """Return the sale of a position that cannot pay for all: debt retires as collateral is sold, and the loss is booked at once."""
    scale = WAD * (WAD + incentive_)
    whole = mul_div_up(position.collateral, high, scale)
    if max_payment >= whole:
        collateral = position.collateral
        payment = whole
        burnt = position.debt_shares
    else:
        # max_payment < collateral * high / scale, so this is less than all the collateral.
        collateral = mul_div_down(max_payment, scale, high)
        payment = mul_div_up(collateral, high, scale)
        burnt = div_down(position.debt_shares * collateral, position.collateral)
    retired = min(totals.debt_assets, shares.debt_up(burnt, totals.debt_assets, totals.debt_shares))
    debt_retired = min(retired, payment)
    refusal = ""
    if payment > MAX_VALUE:
        # Only where the value counted is cut short of the price; the pool's words have room for sums of smaller ones.
        refusal = "liquidation: too much is paid"
    elif collateral < position.collateral:
        if collateral == 0:
            refusal = "liquidation: nothing is sold"
        else:
            refusal = partial_refusal(terms, burnt, debt - retired)
    return Sale(payment, debt_retired, 0, burnt, collateral, incentive_, retired - debt_retired, refusal)


def partial_refusal(terms: Terms, burnt: int, left: int) -> str:
    """Return why a part of a position may not be sold: it must lower the debt and leave what is worth somebody's sale; else empty."""
    if burnt == 0:
        return "liquidation: no share is burnt"
    if left < max(1, terms.min_debt):
        return "liquidation: dust would stay"
    return ""


def sale(terms: Terms, totals: Totals, position: Position, high: int, seconds: int, max_payment: int) -> Sale:
    """Return the sale of a position at the high price, or its refusal; max_payment in asset base units.

    The rule: a position is sold when its debt exceeds its collateral's value at the high price times the liquidation LTV.
    """
    debt = shares.debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
    value = value_down(position.collateral, high)
    limit = limit_down(value, terms.liq_ltv)
    if debt <= limit:
        return Sale(0, 0, 0, 0, 0, 0, 0, "pool: position is healthy")
    offered = incentive(terms, div_down(limit * WAD, debt), seconds)
    backed = div_down(value * WAD, debt)
    incentive_ = phase_in(offered, max(backed, WAD) - WAD, seconds, terms.solvent_window)
    if value * WAD >= debt * (WAD + incentive_):
        return covered_sale(terms, totals, position, value, debt, high, incentive_, max_payment)
    return uncovered_sale(terms, totals, position, debt, high, incentive_, max_payment)


def after_sale(before: Totals, sale: Sale) -> tuple[Totals, int]:
    """Return the pool's totals after a sale, and what of its loss the reserve paid; the rest of the loss is still to be borne."""
    supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at, interest_dust = before
    debt_assets -= sale.debt_retired + sale.loss
    debt_shares -= sale.debt_shares
    reserve_assets += sale.penalty
    # Rounding that was paid above the debt belongs to lenders.
    supply_assets += sale.payment - sale.debt_retired - sale.penalty
    from_reserve = min(sale.loss, reserve_assets)
    reserve_assets -= from_reserve
    after = Totals(supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at, interest_dust)
    return after, from_reserve


def bear(before: Totals, unpaid: int) -> tuple[Totals, int, int]:
    """Return the totals, what lenders bear of a loss that neither reserve nor backstop paid, and what the premium owed bears (asset units).

    Lenders bear it through their share price, the premium only when they have nothing left.
    """
    from_lenders = min(unpaid, before.supply_assets)
    from_premium = unpaid - from_lenders
    totals = before._replace(supply_assets=before.supply_assets - from_lenders, premium_owed=before.premium_owed - from_premium)
    return totals, from_lenders, from_premium
