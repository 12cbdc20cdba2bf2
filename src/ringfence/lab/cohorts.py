"""Positions merged into cohorts of nearly one risk, sorted by it: what the fast engine sells from.

Two positions belong together when their critical prices (where they become unhealthy) are in one class of `width` in logarithm, 0.001 is
10 basis points, and, where a sale costs its buyer something, when their debts are within a factor of the square root of two: dust that
nobody buys must not hide in a cohort that pays.
"""

import math
from typing import NamedTuple

import numpy as np

from ringfence.lab.layout import Cohorts, Floats

SIZE_CLASS = 0.5 * math.log(2.0)


class Positions(NamedTuple):
    """A book as numbers: collateral and debt, whole tokens, in book order."""

    collateral: Floats
    debt: Floats


def cohorts(positions: Positions, width: float, by_size: bool, spare: int) -> Cohorts:
    """The cohorts of one pool, riskiest first, ties in book order, and after them `spare` empty slots; width 0 keeps positions single."""
    places = np.flatnonzero(positions.debt > 0.0)
    collateral, debt = positions.collateral[places], positions.debt[places]
    with np.errstate(divide="ignore"):
        ratio = debt / collateral
    if width > 0.0:
        starts, order = _classes(ratio, debt, width, by_size)
        collateral, debt = np.add.reduceat(collateral[order], starts), np.add.reduceat(debt[order], starts)
        count = np.diff(np.append(starts, order.size)).astype(np.float64)
        places = np.minimum.reduceat(places[order], starts)
        with np.errstate(divide="ignore"):
            ratio = debt / collateral
    else:
        count = np.ones(places.size)
    order = np.lexsort((places, -ratio))
    rows = (ratio, collateral, debt, count, places.astype(np.float64))
    return Cohorts(*(np.concatenate((row[order], np.zeros(spare))) for row in rows))


def _classes(ratio: Floats, debt: Floats, width: float, by_size: bool) -> "tuple[np.ndarray, np.ndarray]":
    """Where each class starts in an order that puts classes one after the other, and that order."""
    risk = np.full(ratio.size, np.inf)
    held = np.isfinite(ratio)
    risk[held] = np.floor(np.log(ratio[held]) / width)
    large = np.floor(np.log(debt) / SIZE_CLASS) if by_size else np.zeros(debt.size)
    order = np.lexsort((large, risk))
    risk, large = risk[order], large[order]
    is_new = np.ones(order.size, dtype=bool)
    is_new[1:] = (risk[1:] != risk[:-1]) | (large[1:] != large[:-1])
    return np.flatnonzero(is_new), order
