"""What shares are worth, lenders' shares of the supply and borrowers' shares of the debt; twin of contracts/shares.vy."""

from typing import NamedTuple

from .rounding import div_down, div_up, mul_div_down, mul_div_up
from .terms import PRICE_SCALE, VIRTUAL_ASSETS, VIRTUAL_SHARES

# A pool is wiped out when its share price is a billionth of what it was at the start.
WIPED_OUT = 10**15


class Totals(NamedTuple):
    """Everything a pool counts: base units of the asset, shares, `accrued_at` in seconds, `interest_dust` in 1e-18 base units."""

    supply_assets: int
    supply_shares: int
    debt_assets: int
    debt_shares: int
    reserve_assets: int
    premium_owed: int
    accrued_at: int
    interest_dust: int


# The two below are written out, and make the tuple without the Python that a named tuple's own constructor is: they run in every call.


def with_supply(totals: Totals, supply_assets: int, supply_shares: int) -> Totals:
    """Return the totals with another supply."""
    _, _, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at, interest_dust = totals
    after = supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at, interest_dust
    return tuple.__new__(Totals, after)


def with_debt(totals: Totals, debt_assets: int, debt_shares: int) -> Totals:
    """Return the totals with another debt."""
    supply_assets, supply_shares, _, _, reserve_assets, premium_owed, accrued_at, interest_dust = totals
    after = supply_assets, supply_shares, debt_assets, debt_shares, reserve_assets, premium_owed, accrued_at, interest_dust
    return tuple.__new__(Totals, after)


def cash(totals: Totals) -> int:
    """Return the asset base units that are not lent out."""
    return totals.supply_assets + totals.reserve_assets + totals.premium_owed - totals.debt_assets


def share_price(totals: Totals) -> int:
    """Return what a lender share is worth: asset base units a share, times 1e36, rounded down; for those who tell, no rule needs it."""
    return div_down((totals.supply_assets + VIRTUAL_ASSETS) * PRICE_SCALE, totals.supply_shares + VIRTUAL_SHARES)


def is_wiped_out(supply_assets: int, supply_shares: int) -> bool:
    """Tell whether losses have left lender shares without a meaningful price."""
    return (supply_assets + VIRTUAL_ASSETS) * WIPED_OUT <= supply_shares + VIRTUAL_SHARES


def lender_shares_down(assets: int, supply_assets: int, supply_shares: int) -> int:
    """Return the lender shares that assets buy, rounded for the pool."""
    return mul_div_down(assets, supply_shares + VIRTUAL_SHARES, supply_assets + VIRTUAL_ASSETS)


def lender_shares_up(assets: int, supply_assets: int, supply_shares: int) -> int:
    """Return the lender shares that a withdrawal of assets costs, rounded for the pool."""
    return mul_div_up(assets, supply_shares + VIRTUAL_SHARES, supply_assets + VIRTUAL_ASSETS)


def lender_assets_down(amount: int, supply_assets: int, supply_shares: int) -> int:
    """Return the assets that lender shares are redeemed for, rounded for the pool."""
    return mul_div_down(amount, supply_assets + VIRTUAL_ASSETS, supply_shares + VIRTUAL_SHARES)


def lender_assets_up(amount: int, supply_assets: int, supply_shares: int) -> int:
    """Return the assets that minting lender shares costs, rounded for the pool."""
    return mul_div_up(amount, supply_assets + VIRTUAL_ASSETS, supply_shares + VIRTUAL_SHARES)


def debt_up(amount: int, debt_assets: int, debt_shares: int) -> int:
    """Return the debt that debt shares stand for, rounded so that borrowers owe the fraction."""
    return div_up(amount * (debt_assets + VIRTUAL_ASSETS), debt_shares + VIRTUAL_SHARES)


def debt_shares_up(assets: int, debt_assets: int, debt_shares: int) -> int:
    """Return the debt shares that borrowing assets mints, rounded so that borrowers owe the fraction."""
    return mul_div_up(assets, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)


def debt_shares_repaid(paid: int, debt: int, held: int, debt_assets: int, debt_shares: int) -> int:
    """Return the debt shares that a payment burns: every one for the whole debt, else fewer than all, rounded for the pool."""
    if paid == debt:
        return held
    return mul_div_down(paid, debt_shares + VIRTUAL_SHARES, debt_assets + VIRTUAL_ASSETS)
