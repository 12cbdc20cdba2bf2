# pragma version 0.4.3
"""
@title The liquidation rule: when a position may be sold, at what price, how much of it, and who bears a loss
@license MIT
@notice Pure functions; the authority for src/ringfence/model/liquidation.py, with which tests/agreement/test_liquidation.py proves it equal.
"""

import limits
import rounding
import shares

WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36
MAX_VALUE: constant(uint256) = 2**160 - 1


# A borrower's side of the pool: base units of the collateral token, debt shares, the second the clock was started at (0: it stands).
struct Position:
    collateral: uint256
    debt_shares: uint256
    unhealthy_since: uint256


# One sale, priced and sized. Base units of the asset, but `collateral` (base units of its token), `debt_shares` and `incentive` (WAD).
# `refusal` says why the position cannot be sold so; it is empty when it can.
struct Sale:
    payment: uint256
    debt_retired: uint256
    penalty: uint256
    debt_shares: uint256
    collateral: uint256
    incentive: uint256
    loss: uint256
    refusal: String[32]


@internal
@pure
def _value_down(collateral: uint256, price: uint256) -> uint256:
    # Worth of the collateral in the asset; beyond 2^160 - 1 no more is counted.
    return rounding._mul_div_down_capped(collateral, price, PRICE_SCALE, MAX_VALUE)


@internal
@pure
def _limit_down(value_: uint256, ltv: uint256) -> uint256:
    return value_ * ltv // WAD


@internal
@pure
def _is_healthy(liq_ltv: uint256, totals: shares.Totals, position: Position, high: uint256) -> bool:
    if position.debt_shares == 0:
        return True
    debt: uint256 = shares._debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
    return debt <= self._limit_down(self._value_down(position.collateral, high), liq_ltv)


@internal
@pure
def _elapsed(unhealthy_since: uint256, sale_timeout: uint256, now: uint256) -> uint256:
    # Seconds that the clock of a sale has run; one that was stopped, or has run out, counts as fresh.
    if unhealthy_since == 0 or now - unhealthy_since > sale_timeout:
        return 0
    return now - unhealthy_since


@internal
@pure
def _started(unhealthy_since: uint256, sale_timeout: uint256, now: uint256) -> uint256:
    # A clock that runs is kept; one that stands, or is older than the sale's timeout, starts now.
    if unhealthy_since == 0 or now - unhealthy_since > sale_timeout:
        return now
    return unhealthy_since


@internal
@pure
def _incentive(terms: limits.Terms, health: uint256, elapsed: uint256) -> uint256:
    # The discount offered to a buyer (WAD): the base, plus what time and missing health add, capped.
    by_time: uint256 = terms.incentive_rise * elapsed
    by_health: uint256 = terms.incentive_slope * (WAD - health) // WAD
    return min(terms.incentive_max, terms.incentive_base + by_time + by_health)


@internal
@pure
def _phase_in(offered: uint256, payable_: uint256, elapsed: uint256, window: uint256) -> uint256:
    # What the collateral itself can pay is offered at once; what lenders would pay for rises over the window.
    if offered <= payable_ or elapsed >= window:
        return offered
    return payable_ + (offered - payable_) * elapsed // window


@internal
@pure
def _close_amount(terms: limits.Terms, value_: uint256, debt: uint256, incentive: uint256, penalty_rate: uint256) -> uint256:
    # Debt to repay so that the position ends at target_ltv; all of it without a target, or when a rest under min_debt would stay.
    if terms.target_ltv == 0:
        return debt
    taken: uint256 = rounding._div_up((WAD + incentive) * (WAD + penalty_rate), WAD)
    counted: uint256 = rounding._div_up(terms.target_ltv * taken, WAD)
    if counted >= WAD:
        return debt
    amount: uint256 = min(debt, rounding._div_up(debt * WAD - terms.target_ltv * value_, WAD - counted))
    if debt - amount < terms.min_debt:
        return debt
    return amount


@internal
@pure
def _covered_sale(
    terms: limits.Terms,
    totals: shares.Totals,
    position: Position,
    value_: uint256,
    debt: uint256,
    high: uint256,
    incentive: uint256,
    max_payment: uint256,
) -> Sale:
    # The collateral pays for debt and incentive; what is left pays the penalty, all of it for the reserve.
    sale: Sale = empty(Sale)
    sale.incentive = incentive
    penalty_rate: uint256 = min(terms.penalty, rounding._mul_div_down(value_, PRICE_SCALE, debt * (WAD + incentive)) - WAD)
    amount: uint256 = self._close_amount(terms, value_, debt, incentive, penalty_rate)
    sale.payment = amount + amount * penalty_rate // WAD
    if max_payment < sale.payment:
        amount = rounding._div_up(max_payment * WAD, WAD + penalty_rate)
        sale.payment = min(max_payment, amount + amount * penalty_rate // WAD)
    sale.collateral = min(position.collateral, rounding._mul_div_down(sale.payment, (WAD + incentive) * WAD, high))
    sale.debt_shares = shares._debt_shares_repaid(amount, debt, position.debt_shares, totals.debt_assets, totals.debt_shares)
    sale.debt_retired = min(amount, totals.debt_assets)
    sale.penalty = sale.payment - amount
    if sale.payment == 0:
        sale.refusal = "liquidation: nothing is paid"
    elif sale.collateral == 0:
        sale.refusal = "liquidation: nothing is sold"
    elif amount < debt:
        sale.refusal = self._partial_refusal(terms, sale.debt_shares, debt - amount)
    return sale


@internal
@pure
def _uncovered_sale(
    terms: limits.Terms,
    totals: shares.Totals,
    position: Position,
    debt: uint256,
    high: uint256,
    incentive: uint256,
    max_payment: uint256,
) -> Sale:
    # The collateral cannot pay for all: debt retires in proportion to the collateral sold, and the loss is booked at once.
    sale: Sale = empty(Sale)
    sale.incentive = incentive
    scale: uint256 = WAD * (WAD + incentive)
    whole: uint256 = rounding._mul_div_up(position.collateral, high, scale)
    if max_payment >= whole:
        sale.collateral = position.collateral
        sale.payment = whole
        sale.debt_shares = position.debt_shares
    else:
        # max_payment < collateral * high / scale, so this is less than all the collateral.
        sale.collateral = rounding._mul_div_down(max_payment, scale, high)
        sale.payment = rounding._mul_div_up(sale.collateral, high, scale)
        sale.debt_shares = position.debt_shares * sale.collateral // position.collateral
    retired: uint256 = min(totals.debt_assets, shares._debt_up(sale.debt_shares, totals.debt_assets, totals.debt_shares))
    sale.debt_retired = min(retired, sale.payment)
    sale.loss = retired - sale.debt_retired
    if sale.payment > MAX_VALUE:
        # Only where the value counted is cut short of the price; the pool's words have room for sums of smaller ones.
        sale.refusal = "liquidation: too much is paid"
    elif sale.collateral < position.collateral:
        if sale.collateral == 0:
            sale.refusal = "liquidation: nothing is sold"
        else:
            sale.refusal = self._partial_refusal(terms, sale.debt_shares, debt - retired)
    return sale


@internal
@pure
def _partial_refusal(terms: limits.Terms, burnt: uint256, left: uint256) -> String[32]:
    # A part of a position may be sold only if debt goes down and what stays is worth somebody's sale.
    if burnt == 0:
        return "liquidation: no share is burnt"
    if left < max(1, terms.min_debt):
        return "liquidation: dust would stay"
    return ""


@internal
@pure
def _sale(
    terms: limits.Terms,
    totals: shares.Totals,
    position: Position,
    high: uint256,
    elapsed: uint256,
    max_payment: uint256,
) -> Sale:
    # THE RULE: a position is sold when its debt exceeds its collateral's value at the high price times the liquidation LTV.
    debt: uint256 = shares._debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
    value_: uint256 = self._value_down(position.collateral, high)
    limit: uint256 = self._limit_down(value_, terms.liq_ltv)
    if debt <= limit:
        sale: Sale = empty(Sale)
        sale.refusal = "pool: position is healthy"
        return sale
    offered: uint256 = self._incentive(terms, limit * WAD // debt, elapsed)
    backed: uint256 = value_ * WAD // debt
    incentive: uint256 = self._phase_in(offered, max(backed, WAD) - WAD, elapsed, terms.solvent_window)
    if value_ * WAD >= debt * (WAD + incentive):
        return self._covered_sale(terms, totals, position, value_, debt, high, incentive, max_payment)
    return self._uncovered_sale(terms, totals, position, debt, high, incentive, max_payment)


@internal
@pure
def _after_sale(before: shares.Totals, sale: Sale) -> (shares.Totals, uint256):
    # The pool's books after a sale, and what of its loss the reserve paid. The rest of the loss is still to be borne.
    totals: shares.Totals = before
    totals.debt_assets -= sale.debt_retired + sale.loss
    totals.debt_shares -= sale.debt_shares
    totals.reserve_assets += sale.penalty
    # Rounding that was paid above the debt belongs to lenders.
    totals.supply_assets += sale.payment - sale.debt_retired - sale.penalty
    from_reserve: uint256 = min(sale.loss, totals.reserve_assets)
    totals.reserve_assets -= from_reserve
    return totals, from_reserve


@internal
@pure
def _bear(before: shares.Totals, unpaid: uint256) -> (shares.Totals, uint256, uint256):
    # What neither reserve nor backstop paid: lenders bear it through their share price, and the premium owed when they have nothing left.
    totals: shares.Totals = before
    from_lenders: uint256 = min(unpaid, totals.supply_assets)
    from_premium: uint256 = unpaid - from_lenders
    totals.supply_assets -= from_lenders
    totals.premium_owed -= from_premium
    return totals, from_lenders, from_premium
