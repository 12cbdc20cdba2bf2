# pragma version 0.4.3
"""
@title The pure rules of a pool, callable alone, for provers and fuzzers
@license MIT
@notice Compiled as the pool is, and in the ordinary way too; never deployed outside tests. Units as in the modules.
"""

import limits
import liquidation
import rounding
import shares

MAX_UINT64: constant(uint256) = 2**64 - 1
MAX_UINT128: constant(uint256) = 2**128 - 1
CLOCK_RUNS: constant(uint256) = 2**127


@external
@pure
def high(x: uint256, y: uint256) -> uint256:
    return rounding._high(x, y)


@external
@pure
def mul_div_down(x: uint256, y: uint256, divisor: uint256) -> uint256:
    return rounding._mul_div_down(x, y, divisor)


@external
@pure
def mul_div_up(x: uint256, y: uint256, divisor: uint256) -> uint256:
    return rounding._mul_div_up(x, y, divisor)


@external
@pure
def mul_div_down_capped(x: uint256, y: uint256, divisor: uint256, cap: uint256) -> uint256:
    return rounding._mul_div_down_capped(x, y, divisor, cap)


@external
@pure
def div_up(x: uint256, divisor: uint256) -> uint256:
    return rounding._div_up(x, divisor)


@external
@pure
def lender_shares_down(assets: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return shares._lender_shares_down(assets, supply_assets, supply_shares)


@external
@pure
def lender_shares_up(assets: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return shares._lender_shares_up(assets, supply_assets, supply_shares)


@external
@pure
def lender_assets_down(amount: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return shares._lender_assets_down(amount, supply_assets, supply_shares)


@external
@pure
def lender_assets_up(amount: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return shares._lender_assets_up(amount, supply_assets, supply_shares)


@external
@pure
def debt_up(amount: uint256, debt_assets: uint256, debt_shares: uint256) -> uint256:
    return shares._debt_up(amount, debt_assets, debt_shares)


@external
@pure
def debt_shares_up(assets: uint256, debt_assets: uint256, debt_shares: uint256) -> uint256:
    return shares._debt_shares_up(assets, debt_assets, debt_shares)


@external
@pure
def elapsed(unhealthy_since: uint256, sale_timeout: uint256, now: uint256) -> uint256:
    return liquidation._elapsed(unhealthy_since, sale_timeout, now)


@external
@pure
def started(unhealthy_since: uint256, sale_timeout: uint256, now: uint256) -> uint256:
    return liquidation._started(unhealthy_since, sale_timeout, now)


@external
@pure
def incentive(base: uint256, rise: uint256, slope: uint256, most: uint256, health: uint256, elapsed: uint256) -> uint256:
    terms: limits.Terms = empty(limits.Terms)
    terms.incentive_base = base
    terms.incentive_rise = rise
    terms.incentive_slope = slope
    terms.incentive_max = most
    return liquidation._incentive(terms, health, elapsed)


@external
@pure
def phase_in(offered: uint256, backed: uint256, elapsed: uint256, window: uint256) -> uint256:
    return liquidation._phase_in(offered, backed, elapsed, window)


# What a sale is made of, in one word each; `target_ltv` and `min_debt` are 0.
struct Input:
    penalty: uint256
    debt_assets: uint256
    debt_shares: uint256
    collateral: uint256
    held: uint256
    worth: uint256
    debt: uint256
    high: uint256
    incentive: uint256
    max_payment: uint256


# -> (payment, debt retired, penalty, debt shares, collateral, loss, whether it is refused)
@external
@pure
def covered_sale(i: Input) -> uint256[7]:
    terms: limits.Terms = empty(limits.Terms)
    terms.penalty = i.penalty
    return self._seven(
        liquidation._covered_sale(terms, self._totals(i), self._position(i), i.worth, i.debt, i.high, i.incentive, i.max_payment)
    )


@external
@pure
def uncovered_sale(i: Input) -> uint256[7]:
    terms: limits.Terms = empty(limits.Terms)
    return self._seven(
        liquidation._uncovered_sale(terms, self._totals(i), self._position(i), i.debt, i.high, i.incentive, i.max_payment)
    )


# As Pool.vy packs its words: supply with its time, and a position with its clock.
@external
@pure
def packed_supply(supply_assets: uint256, accrued_at: uint256) -> (uint256, uint256):
    word: uint256 = supply_assets << 64 | accrued_at
    return word >> 64, word & MAX_UINT64


@external
@pure
def packed_position(collateral: uint256, is_running: bool, debt_shares: uint256) -> (uint256, bool, uint256):
    word: uint256 = collateral << 128 | debt_shares
    if is_running:
        word |= CLOCK_RUNS
    return word >> 128, word & CLOCK_RUNS != 0, word & (CLOCK_RUNS - 1)


@internal
@pure
def _totals(i: Input) -> shares.Totals:
    totals: shares.Totals = empty(shares.Totals)
    totals.debt_assets = i.debt_assets
    totals.debt_shares = i.debt_shares
    return totals


@internal
@pure
def _position(i: Input) -> liquidation.Position:
    return liquidation.Position(collateral=i.collateral, debt_shares=i.held, unhealthy_since=0)


@internal
@pure
def _seven(sale: liquidation.Sale) -> uint256[7]:
    refused: uint256 = convert(len(sale.refusal) > 0, uint256)
    return [sale.payment, sale.debt_retired, sale.penalty, sale.debt_shares, sale.collateral, sale.loss, refused]
