"""Curves over many prices at once: what is at risk, what would be lost, and where debt becomes liquidatable.

Each price cuts the ladder at one rank, and prefix sums answer for everybody above; a position that floats cannot judge is judged in
integers and added by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ringfence.ladder.amounts import Floats, Places
from ringfence.ladder.band import Band, band
from ringfence.ladder.rungs import Rungs
from ringfence.model.liquidation import Position, is_healthy
from ringfence.model.shares import Totals
from ringfence.model.terms import PRICE_SCALE, VIRTUAL_ASSETS, VIRTUAL_SHARES, WAD

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True, slots=True, eq=False)
class AtRisk:
    """For each price (times 1e36): how many positions are liquidatable, their collateral and their debt (base units)."""

    prices: tuple[int, ...]
    positions: Places
    collateral: Floats
    debt: Floats

    def to_dict(self) -> dict[str, list[str] | list[int] | list[float]]:
        """Columns: prices as strings, counts as integers, amounts as floats."""
        amounts = {"positions": self.positions.tolist(), "collateral": self.collateral.tolist(), "debt": self.debt.tolist()}
        return {"price": [str(price) for price in self.prices], **amounts}

    def to_polars(self) -> "polars.DataFrame":
        """One row a price, prices as text since they outgrow 64 bits; needs the `lab` extra."""
        import polars

        schema = {"price": polars.String, "positions": polars.Int64, "collateral": polars.Float64, "debt": polars.Float64}
        return polars.DataFrame(self.to_dict(), schema=schema)


def at_risk(rungs: Rungs, prices: Sequence[int], totals: Totals, liq_ltv: int) -> AtRisk:
    """What is liquidatable at each price (times 1e36) for a liquidation LTV (WAD)."""
    bands = [band(price, liq_ltv, totals) for price in prices]
    positions = _certain(rungs, bands)
    collateral, debt_shares = rungs.collateral_of_first[positions], rungs.debt_shares_of_first[positions]
    for number in np.flatnonzero(rungs.is_in_doubt(bands)).tolist() if bands else ():
        for rank in rungs.doubtful(bands[number]).tolist():
            held, owed = rungs.amounts(rank)
            if not is_healthy(liq_ltv, totals, Position(held, owed), prices[number]):
                positions[number] += 1
                collateral[number] += held
                debt_shares[number] += owed
    return AtRisk(tuple(prices), positions, collateral, debt_shares * _index(totals))


def bad_debt(rungs: Rungs, prices: Sequence[int], totals: Totals) -> Floats:
    """What debts are above the worth of their collateral at each price (asset base units); somebody in doubt owes less than two units more
    than that worth, and is left out."""
    insolvent = _certain(rungs, [band(price, WAD, totals) for price in prices])
    worth = rungs.collateral_of_first[insolvent] * np.array([price / PRICE_SCALE for price in prices])
    owed = rungs.debt_shares_of_first[insolvent] * _index(totals)
    missing: Floats = np.maximum(owed - worth, 0.0)
    return missing


def wall_between(rungs: Rungs, prices: Sequence[int], totals: Totals, liq_ltv: int) -> Floats:
    """The debt that becomes liquidatable from each price to the next lower one (asset base units)."""
    if any(lower >= higher for higher, lower in pairwise(prices)):
        raise ValueError("prices of a wall: each must be below the one before")
    return np.diff(at_risk(rungs, prices, totals, liq_ltv).debt)


def _certain(rungs: Rungs, bands: list[Band]) -> Places:
    return rungs.falling.searchsorted(np.array([-each.certain for each in bands]))


def _index(totals: Totals) -> float:
    """Debt (asset base units) a debt share."""
    return (totals.debt_assets + VIRTUAL_ASSETS) / (totals.debt_shares + VIRTUAL_SHARES)
