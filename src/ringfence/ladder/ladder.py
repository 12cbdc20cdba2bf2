"""One pool's positions, sorted: who is unhealthy at a price is a binary search, and exact.

In an isolated pool every position's risk is one number, r = debt_shares / collateral, and all share one threshold, so price and interest
never change their order. tests/agreement/test_ladder.py asks the contract the same about every position.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import isqrt
from typing import Self

import numpy as np

from ringfence.inputs.book import Book
from ringfence.inputs.curve_result import Concentration
from ringfence.ladder.amounts import Flags, Floats, Places, Words, amount, row, words
from ringfence.ladder.badness import badness
from ringfence.ladder.band import band
from ringfence.ladder.concentration import concentration
from ringfence.ladder.curves import AtRisk, at_risk, bad_debt, wall_between
from ringfence.ladder.rungs import Rungs
from ringfence.model.liquidation import Position, is_healthy
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT128, VIRTUAL_SHARES, WAD

COLLATERAL_LIMIT = MAX_UINT128 + 1
DEBT_SHARES_LIMIT = 2**127
"""What a pool's storage holds: collateral (base units) and debt shares of a position stay below these."""
BUFFER = 64
"""Positions that may change before the ladder is sorted anew, with the root of their number added."""


class Ladder:
    """The positions of one pool by their places in the book: collateral (base units) and debt shares, for one liquidation LTV (WAD).

    Everything that moves with time, price and losses is given with each question: a price (asset base units per collateral base unit,
    times 1e36) and the pool's totals. Raises ValueError for amounts that no pool holds, for such prices, and for an LTV that is not
    between 0 and 1.
    """

    def __init__(self, collateral: Iterable[int], debt_shares: Iterable[int], liq_ltv: int) -> None:
        if not 0 < liq_ltv < WAD:
            raise ValueError(f"a liquidation LTV of {liq_ltv}: it must be above 0 and below 1e18")
        self.liq_ltv = liq_ltv
        self._collateral = words(collateral, COLLATERAL_LIMIT)
        self._debt_shares = words(debt_shares, DEBT_SHARES_LIMIT)
        if len(self._collateral) != len(self._debt_shares):
            raise ValueError(f"{len(self._collateral)} collaterals and {len(self._debt_shares)} debts")
        self._count = len(self._collateral)
        self._changed: set[int] = set()
        self._is_stale: Flags = np.zeros(self._count, dtype=bool)
        self._rungs = Rungs(self._collateral, self._debt_shares)

    @classmethod
    def of_book(cls, book: Book, liq_ltv: int) -> tuple[Self, Totals]:
        """The ladder and the totals of a new pool in which every account of the book has borrowed its debt, and owes just that.

        The first borrow of d units mints d * 1e6 shares, since nothing is owed yet; then debt_shares = 1e6 * debt_assets, so each further
        one does too. Supply is not in these totals: no position's health depends on it.
        """
        debt_shares = [debt * VIRTUAL_SHARES for debt in book.debt]
        return cls(book.collateral, debt_shares, liq_ltv), Totals(0, 0, sum(book.debt), sum(debt_shares), 0, 0, 0, 0)

    def __len__(self) -> int:
        """How many places there are, closed ones included."""
        return self._count

    def position(self, place: int) -> tuple[int, int]:
        """The collateral (base units) and the debt shares at a place; raises IndexError for a place that was never opened."""
        self._check_place(place)
        return amount(self._collateral[place]), amount(self._debt_shares[place])

    # Changing

    def open(self, collateral: int, debt_shares: int) -> int:
        """Adds a position (collateral base units, debt shares) and returns its place, the next one."""
        _check_amounts(collateral, debt_shares)
        if self._count == len(self._collateral):
            more = max(BUFFER, self._count // 2)
            self._collateral, self._debt_shares = _longer(self._collateral, more), _longer(self._debt_shares, more)
            self._is_stale = np.concatenate((self._is_stale, np.zeros(more, dtype=bool)))
        self._count += 1
        self._put(self._count - 1, collateral, debt_shares)
        return self._count - 1

    def change(self, place: int, collateral: int, debt_shares: int) -> None:
        """Sets what a position has now (collateral base units, debt shares)."""
        _check_amounts(collateral, debt_shares)
        self._check_place(place)
        self._put(place, collateral, debt_shares)

    def close(self, place: int) -> None:
        """Takes a position off; its place stays empty."""
        self.change(place, 0, 0)

    # Asking

    def liquidatable(self, price: int, totals: Totals) -> Places:
        """The places of the positions that the contract calls unhealthy at this price in these totals, just those, worst first.

        Worst is the highest debt_shares / collateral, without collateral first of all, compared exactly; ties stand in book order.
        """
        return self._below(price, totals, self.liq_ltv)

    def insolvent(self, price: int, totals: Totals) -> Places:
        """The places of the positions that owe more than their collateral is worth at this price, just those, worst first."""
        return self._below(price, totals, WAD)

    def at_risk(self, prices: Sequence[int], totals: Totals) -> AtRisk:
        """How many positions are liquidatable at each price, and the collateral and the debt in them (base units, floats).

        The positions are exactly those of `liquidatable`. Their amounts are within 2^-48 of the exact sums, but that each debt's rounding
        up, less than a unit, is left out.
        """
        self._settle()
        return at_risk(self._rungs, prices, totals, self.liq_ltv)

    def loss(self, prices: Sequence[int], totals: Totals) -> Floats:
        """The bad debt (asset base units, floats) if every position were sold at each price, with buyers for all: the sum of what debts are
        above the worth of their collateral. It is within 2^-47 of the debt and two units a position of the exact sum."""
        self._settle()
        return bad_debt(self._rungs, prices, totals)

    def wall(self, prices: Sequence[int], totals: Totals) -> Floats:
        """The debt (asset base units, floats) that becomes liquidatable as the price falls from each of these prices to the next one; one
        entry fewer than prices. Raises ValueError unless the prices fall."""
        self._settle()
        return wall_between(self._rungs, prices, totals, self.liq_ltv)

    def concentration(self) -> Concentration:
        """How much of the debt lies with few: exact."""
        self._settle()
        return concentration(self._debt_shares[: self._count])

    # Inside

    def _below(self, price: int, totals: Totals, ltv: int) -> Places:
        bounds = band(price, ltv, totals)
        rungs = self._rungs
        places = rungs.places[: rungs.certain(bounds)]
        doubtful = rungs.doubtful(bounds)
        if len(doubtful):
            judged = [rungs.places[rank] for rank in doubtful.tolist() if not _is_healthy(rungs.amounts(rank), price, totals, ltv)]
            places = np.concatenate((places, np.array(judged, dtype=np.int64)))
        return self._with_changed(places, price, totals, ltv) if self._changed else places

    def _with_changed(self, places: Places, price: int, totals: Totals, ltv: int) -> Places:
        """The same with the positions of the buffer as they are now."""
        kept = places[~self._is_stale[places]]
        unhealthy = [place for place in self._changed if not _is_healthy(self.position(place), price, totals, ltv)]
        unhealthy.sort(key=self._sale_order)
        return np.insert(kept, [bisect_left(kept, self._sale_order(place), key=self._sale_order) for place in unhealthy], unhealthy)

    def _sale_order(self, place: int) -> tuple[int, int]:
        return -badness(*self.position(place)), int(place)

    def _put(self, place: int, collateral: int, debt_shares: int) -> None:
        self._collateral[place] = row(collateral)
        self._debt_shares[place] = row(debt_shares)
        self._changed.add(place)
        self._is_stale[place] = True
        if len(self._changed) > BUFFER + isqrt(self._count):
            self._settle()

    def _settle(self) -> None:
        """Sorts anew, with nothing left in the buffer."""
        if self._changed:
            self._rungs = Rungs(self._collateral[: self._count], self._debt_shares[: self._count])
            self._is_stale[list(self._changed)] = False
            self._changed.clear()

    def _check_place(self, place: int) -> None:
        if not 0 <= place < self._count:
            raise IndexError(f"place {place}: there are {self._count}")


def _is_healthy(position: tuple[int, int], price: int, totals: Totals, ltv: int) -> bool:
    return is_healthy(ltv, totals, Position(*position), price)


def _check_amounts(collateral: int, debt_shares: int) -> None:
    if not (0 <= collateral < COLLATERAL_LIMIT and 0 <= debt_shares < DEBT_SHARES_LIMIT):
        raise ValueError(f"collateral {collateral}, debt shares {debt_shares}: below 0, or more than a pool holds")


def _longer(amounts: Words, more: int) -> Words:
    return np.concatenate((amounts, np.zeros((more, 2), dtype=np.uint64)))
