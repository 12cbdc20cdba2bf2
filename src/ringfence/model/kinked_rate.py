"""A rate that rises with utilisation, faster above the kink; twin of contracts/KinkedRate.vy."""

from .errors import Revert
from .rounding import div_down
from .terms import WAD


class KinkedRate:
    """Answers a rate in WAD per second; kink in WAD of utilisation, slopes in WAD per second per unit of utilisation."""

    __slots__ = ("base", "kink", "slope_above", "slope_below")

    def __init__(self, base: int, kink: int, slope_below: int, slope_above: int) -> None:
        if kink > WAD:
            raise Revert("rate: kink over 100 %")
        # Then no sum or product of the contract can overflow; an overflow would count as a rate of 0.
        if max(base, slope_below, slope_above) >= 2**128:
            raise Revert("rate: over 128 bits")
        self.base = base
        self.kink = kink
        self.slope_below = slope_below
        self.slope_above = slope_above

    def rate(self, pool: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the rate (WAD per second)."""
        return self._rate(debt_assets, supply_assets)

    def update(self, caller: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the rate (WAD per second) for the calling pool."""
        return self._rate(debt_assets, supply_assets)

    def _rate(self, debt_assets: int, supply_assets: int) -> int:
        used = _utilisation(debt_assets, supply_assets)
        below = self.kink
        if used < below:
            below = used
        return self.base + div_down(self.slope_below * below, WAD) + div_down(self.slope_above * (used - below), WAD)


def _utilisation(debt_assets: int, supply_assets: int) -> int:
    if debt_assets == 0:
        return 0
    if debt_assets >= supply_assets:
        return WAD
    return div_down(debt_assets * WAD, supply_assets)
