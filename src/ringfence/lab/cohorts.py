"""Positions merged into cohorts of nearly one risk, sorted by it: what the fast engine sells from.

Two small positions belong together when their critical prices (where they become unhealthy) are in one class of `width` in logarithm, 0.001
is 10 basis points, and, where a sale costs its buyer something, when their debts are within a factor of the square root of two: dust that
nobody buys must not hide in a cohort that pays. No cohort owes much more than one part in 4,096 of the book, and a position that
owes more by itself stays alone. So no book of fewer positions is merged.
"""

import math
from typing import NamedTuple

import numpy as np

from ringfence.lab.layout import Cohorts, Floats, Whole

SIZE_CLASS = 0.5 * math.log(2.0)
ALONE = 1 / 4096
"""Of the book's debt: a position that owes more is never merged."""


class Positions(NamedTuple):
    """A book as numbers: collateral and debt, whole tokens, in book order."""

    collateral: Floats
    debt: Floats


def cohorts(positions: Positions, width: float, by_size: bool) -> Cohorts:
    """The cohorts of one pool, riskiest first, ties in book order; a width of 0 keeps every position single."""
    places = np.flatnonzero(positions.debt > 0.0)
    debt = positions.debt[places]
    is_small = (debt <= ALONE * debt.sum()) if width > 0.0 and places.size * ALONE > 1.0 else np.zeros(places.size, dtype=bool)
    alone, small = places[~is_small], places[is_small]
    single = (positions.collateral[alone], positions.debt[alone], np.ones(alone.size), alone.astype(np.float64))
    rows = [np.concatenate(pair) for pair in zip(single, _merged(positions, small, width, by_size), strict=True)]
    with np.errstate(divide="ignore"):
        ratio = rows[1] / rows[0]
    order = np.lexsort((rows[3], -ratio))
    return Cohorts(ratio[order], *(row[order] for row in rows))


def _merged(positions: Positions, places: Whole, width: float, by_size: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Collateral, debt, number and first place of each class among these places of the book."""
    if places.size == 0:
        return np.empty(0), np.empty(0), np.empty(0), np.empty(0)
    collateral, debt = positions.collateral[places], positions.debt[places]
    risk = np.full(places.size, np.inf)
    held = collateral > 0.0
    risk[held] = np.floor(np.log(debt[held] / collateral[held]) / width)
    large = np.floor(np.log(debt) / SIZE_CLASS) if by_size else np.zeros(places.size)
    with np.errstate(divide="ignore"):
        order = np.lexsort((debt / collateral, large, risk))
    risk, large = risk[order], large[order]
    # However many share a class, no cohort owes more than a position that would have stayed alone.
    share = np.floor(np.cumsum(debt[order]) / (ALONE * positions.debt.sum()))
    is_new = np.ones(order.size, dtype=bool)
    is_new[1:] = (risk[1:] != risk[:-1]) | (large[1:] != large[:-1]) | (share[1:] != share[:-1])
    starts = np.flatnonzero(is_new)
    number = np.diff(np.append(starts, order.size)).astype(np.float64)
    first = np.minimum.reduceat(places[order], starts).astype(np.float64)
    return np.add.reduceat(collateral[order], starts), np.add.reduceat(debt[order], starts), number, first
