"""Which positions may be unhealthy at a price, found without looking at all of them.

One threshold serves all positions. With D = ceil(shares * index), index = (debt_assets + 1) / (debt_shares_total + 1e6), V =
floor(collateral * price / 1e36) and L = floor(V * liq_ltv / 1e18), a position is unhealthy iff D > L. Then L <= D - 1 < shares * index
and L > (collateral * price / 1e36 - 1) * liq_ltv / 1e18 - 1, so, dividing by the index and writing threshold t = price * liq_ltv / (index
* 1e54),

    unhealthy  =>  collateral * t < shares + 2 / index  <=>  t < (shares + 2 / index) / collateral

since liq_ltv < 1e18. The right-hand side, with 1 / index raised to a bound that holds for long, is the position's mark: it does not move
with price or interest. Positions whose mark is under the threshold are healthy for certain; the others are suspects, and whoever asks
judges those exactly.
"""

import heapq
from collections.abc import Iterator

from ringfence.model.liquidation import MAX_VALUE, limit_down
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT128, VIRTUAL_ASSETS, VIRTUAL_SHARES, WAD

SCALE_BITS = 64
"""Marks and thresholds are integers times 2^64: marks rounded up, thresholds down, so rounding only ever adds suspects."""
NO_COLLATERAL = 1 << 512
WAD_CUBED = WAD**3


class Suspects:
    """The positions believed healthy, riskiest first, with the threshold below which they need no look."""

    def __init__(self, liq_ltv: int) -> None:
        self._liq_ltv = liq_ltv
        # The value of collateral is capped; where the cap could make a debt unhealthy, the proof above fails and every position is a
        # suspect.
        self._is_capped = limit_down(MAX_VALUE, liq_ltv) <= MAX_UINT128
        self._shares_a_unit = 2 * VIRTUAL_SHARES
        self._healthy: list[tuple[int, int]] = []
        self._amounts: dict[int, tuple[int, int]] = {}

    def threshold(self, price: int, totals: Totals) -> int:
        """What a mark must exceed to be a suspect's (2^64 = 1 debt share per collateral unit); price times 1e36."""
        debt_shares, debt_assets = totals.debt_shares + VIRTUAL_SHARES, totals.debt_assets + VIRTUAL_ASSETS
        if debt_shares > self._shares_a_unit * debt_assets:
            self._raise_marks(debt_shares, debt_assets)
        if self._is_capped:
            return -1
        return (price * self._liq_ltv * debt_shares << SCALE_BITS) // (debt_assets * WAD_CUBED)

    def is_suspect(self, collateral: int, debt_shares: int, threshold: int) -> bool:
        """Whether a position needs an exact look at this threshold."""
        return debt_shares > 0 and self._mark(collateral, debt_shares) > threshold

    def put(self, place: int, collateral: int, debt_shares: int) -> None:
        """Takes a position that needs no look for now; one without debt needs none ever."""
        if debt_shares > 0:
            self._amounts[place] = (collateral, debt_shares)
            heapq.heappush(self._healthy, (-self._mark(collateral, debt_shares), place))

    def take(self, threshold: int) -> Iterator[int]:
        """Removes and returns the positions that need a look at this threshold."""
        while self._healthy and -self._healthy[0][0] > threshold:
            _, place = heapq.heappop(self._healthy)
            del self._amounts[place]
            yield place

    def _mark(self, collateral: int, debt_shares: int) -> int:
        if collateral == 0:
            return NO_COLLATERAL
        return (debt_shares + 2 * self._shares_a_unit << SCALE_BITS) // collateral + 1

    def _raise_marks(self, debt_shares: int, debt_assets: int) -> None:
        """Shares have become cheaper than the bound that the marks were made with, as rounding can do to a pool of few units: mark anew."""
        while debt_shares > self._shares_a_unit * debt_assets:
            self._shares_a_unit *= 4
        self._healthy = [(-self._mark(*amounts), place) for place, amounts in self._amounts.items()]
        heapq.heapify(self._healthy)
