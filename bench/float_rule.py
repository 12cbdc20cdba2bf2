"""The liquidation rule as a careful notebook has it: whole tokens in float64, nothing rounded by hand.

Beside model/liquidation.py it leaves out clocks, windows, sales of less than is asked, and a reserve that fills from interest.
"""

from typing import Any, NamedTuple

import numpy as np


class FloatTerms(NamedTuple):
    """The terms that the rule reads, as parts of 1; a target of 0 sells all."""

    liq_ltv: float
    incentive: float
    penalty: float
    target_ltv: float


class FloatSale(NamedTuple):
    """One sale in whole tokens: what is paid, what of it is the penalty, what debt is left, what is sold, what is lost."""

    payment: float
    penalty: float
    left: float
    collateral: float
    loss: float


def is_unhealthy(collateral: Any, debt: Any, price: Any, liq_ltv: float) -> Any:
    """health < 1; scalars or arrays, of loans that owe something."""
    return collateral * price * liq_ltv / debt < 1


def sale(terms: FloatTerms, collateral: float, debt: float, price: float) -> FloatSale:
    """What an unhealthy loan is sold for."""
    value, offered = collateral * price, 1 + terms.incentive
    if value < debt * offered:
        return FloatSale(value / offered, 0.0, 0.0, collateral, debt - value / offered)
    penalty = min(terms.penalty, value / (debt * offered) - 1)
    amount, counted = debt, terms.target_ltv * offered * (1 + penalty)
    if terms.target_ltv > 0 and counted < 1:
        amount = min(debt, (debt - terms.target_ltv * value) / (1 - counted))
    payment = amount * (1 + penalty)
    return FloatSale(payment, amount * penalty, debt - amount, min(collateral, payment * offered / price), 0.0)


class Books(NamedTuple):
    """What a replay ends with, whole tokens; `sold` has what was paid in each sale, by its row and the loan's place."""

    supply: float
    reserve: float
    debt: float
    paid: float
    loss: float
    sold: dict[tuple[int, int], float]
    imbalance: float
    """Cash as what lenders and reserve own less what is lent, minus cash as what was there and what was paid: 0 where books balance."""


def replay(terms: FloatTerms, collateral: Any, debt: Any, prices: Any, growth: Any, supply: float) -> Books:
    """Sells a book at a row of prices, worst first; every debt grows by that row's part before it."""
    held, owed = collateral.copy(), debt.copy()
    cash, reserve, paid, lost, sold = supply - float(owed.sum()), 0.0, 0.0, 0.0, {}
    for row, (price, grown) in enumerate(zip(prices, growth, strict=True)):
        supply += float(owed.sum()) * grown
        owed *= 1 + grown
        owing = np.flatnonzero(owed > 0)
        unhealthy = owing[is_unhealthy(held[owing], owed[owing], price, terms.liq_ltv)]
        with np.errstate(divide="ignore"):
            worst_first = np.argsort(-owed[unhealthy] / held[unhealthy], kind="stable")
        for place in unhealthy[worst_first]:
            found = sale(terms, held[place], owed[place], price)
            owed[place], held[place] = found.left, held[place] - found.collateral
            reserve += found.penalty
            from_reserve = min(found.loss, reserve)
            reserve -= from_reserve
            supply -= found.loss - from_reserve
            paid, lost = paid + found.payment, lost + found.loss
            sold[row, int(place)] = found.payment
    left = float(owed.sum())
    return Books(supply, reserve, left, paid, lost, sold, (supply + reserve - left) - (cash + paid))
