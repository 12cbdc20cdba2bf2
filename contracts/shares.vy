# pragma version 0.4.3
"""
@title What shares are worth: lenders' shares of the supply, borrowers' shares of the debt
@license MIT
@notice Every conversion counts 1e6 virtual shares and 1 virtual asset. Twin of src/ringfence/model/shares.py.
"""

import rounding

VIRTUAL_SHARES: constant(uint256) = 10**6
VIRTUAL_ASSETS: constant(uint256) = 1
# A pool is wiped out when its share price is a billionth of what it was at the start.
WIPED_OUT: constant(uint256) = 10**15


# Everything a pool counts, in base units; `accrued_at` in seconds, `interest_dust` in 1e-18 base units.
struct Totals:
    supply_assets: uint256
    supply_shares: uint256
    debt_assets: uint256
    debt_shares: uint256
    reserve_assets: uint256
    premium_owed: uint256
    accrued_at: uint256
    interest_dust: uint256


@internal
@pure
def _cash(totals: Totals) -> uint256:
    return totals.supply_assets + totals.reserve_assets + totals.premium_owed - totals.debt_assets


@internal
@pure
def _is_wiped_out(supply_assets: uint256, supply_shares: uint256) -> bool:
    return (supply_assets + VIRTUAL_ASSETS) * WIPED_OUT <= supply_shares + VIRTUAL_SHARES


@internal
@pure
def _lender_shares_down(assets: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return rounding._mul_div_down(assets, supply_shares + VIRTUAL_SHARES, supply_assets + VIRTUAL_ASSETS)


@internal
@pure
def _lender_shares_up(assets: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return rounding._mul_div_up(assets, supply_shares + VIRTUAL_SHARES, supply_assets + VIRTUAL_ASSETS)


@internal
@pure
def _lender_assets_down(amount: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return rounding._mul_div_down(amount, supply_assets + VIRTUAL_ASSETS, supply_shares + VIRTUAL_SHARES)


@internal
@pure
def _lender_assets_up(amount: uint256, supply_assets: uint256, supply_shares: uint256) -> uint256:
    return rounding._mul_div_up(amount, supply_assets + VIRTUAL_ASSETS, supply_shares + VIRTUAL_SHARES)


@internal
@pure
def _debt_up(amount: uint256, debt_assets: uint256, debt_shares: uint256) -> uint256:
    # Borrowers owe the rounding: amount <= debt_shares < 2^128, so the product fits.
    return rounding._div_up(amount * (debt_assets + VIRTUAL_ASSETS), debt_shares + VIRTUAL_SHARES)


@internal
@pure
def _debt_shares_up(assets: uint256, debt_assets: uint256, debt_shares: uint256) -> uint256:
    return rounding._mul_div_up(assets, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)


@internal
@pure
def _debt_shares_repaid(paid: uint256, debt: uint256, held: uint256, debt_assets: uint256, debt_shares: uint256) -> uint256:
    # The whole debt burns every share; less of it burns fewer than all, rounded down: paid < held * assets / shares there.
    if paid == debt:
        return held
    return rounding._mul_div_down(paid, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)
