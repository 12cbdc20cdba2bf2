"""The loop that a notebook would have: NumPy over every position at every step of every path, nothing sorted and nothing remembered.

Full close at a fixed incentive, of which the market takes `room` collateral a step in book order; bad debt meets the reserve, then lenders.
"""

from typing import Any

import numpy as np


def losses(
    collateral: Any, debt: Any, prices: Any, *, liq_ltv: float, incentive: float, room: float, reserve: float
) -> tuple[list[float], list[float]]:
    """What is lost on each path, booked and open, and what of it lenders have borne (asset tokens); `prices` is paths x steps."""
    lost, borne = [], []
    for path in prices:
        held, owed, left, bad = collateral.copy(), debt.copy(), reserve, 0.0
        for price in path:
            limit = held * price * liq_ltv
            unhealthy = np.flatnonzero((owed > limit) & (owed > 0))
            if unhealthy.size == 0:
                continue
            whole = np.minimum(owed[unhealthy] * (1 + incentive) / price, held[unhealthy])
            before = np.cumsum(whole) - whole
            part = np.clip((room - before) / whole, 0, 1)
            retired, sold = owed[unhealthy] * part, whole * part
            loss = float(np.sum(retired - sold * price / (1 + incentive)))
            bad += loss
            left = max(0.0, left - loss)
            owed[unhealthy] -= retired
            held[unhealthy] -= sold
        lost.append(bad + float(np.sum(np.maximum(owed - held * path[-1], 0))))
        borne.append(bad - (reserve - left))
    return lost, borne
