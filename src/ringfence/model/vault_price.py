"""Shares of an ERC-4626 vault as collateral: what the vault says they are worth, times the price of its asset.

Twin of contracts/VaultPrice.vy. The vault is believed between two bounds, and only as much growth a day as was agreed at creation; a fall
counts at once.
"""

from typing import Protocol

from .errors import Revert
from .pool import Oracle
from .rounding import div_down, mul_div_down
from .terms import MAX_UINT128, WAD

DAY = 86_400


class Vault(Protocol):
    """An ERC-4626 vault; raises Revert when it fails or answers too little."""

    def convert_to_assets(self, shares: int) -> int:
        """Return the assets (base units) that an amount of shares (base units) is worth now."""
        ...


class Clock(Protocol):
    """Whoever keeps the time of the block."""

    @property
    def timestamp(self) -> int:
        """Return the block's time in seconds."""
        ...


class VaultPrice:
    """An oracle for a vault's shares; rates are assets (base units) for `unit` shares (base units), growth is WAD a day.

    `anchor` is (rate, seconds): what growth is counted from, and since when. Raises Revert when a parameter is out of its range, or the
    vault outside its bounds at the start.
    """

    __slots__ = ("_base", "_clock", "_vault", "anchor", "max_growth_per_day", "max_rate", "min_rate", "unit")

    def __init__(
        self, vault: Vault, base: Oracle, unit: int, max_growth_per_day: int, min_rate: int, max_rate: int, *, clock: Clock
    ) -> None:
        if not 0 < unit <= MAX_UINT128:
            raise Revert("vault price: unit out of range")
        if max_growth_per_day > WAD:
            raise Revert("vault price: growth over 100 % a day")
        if min_rate == 0:
            raise Revert("vault price: min_rate is zero")
        if min_rate > max_rate:
            raise Revert("vault price: min_rate over max_rate")
        # Then no product of the contract can overflow.
        if max_rate > MAX_UINT128:
            raise Revert("vault price: max_rate over 128 bits")
        self._vault, self._base, self._clock = vault, base, clock
        self.unit = unit
        self.max_growth_per_day = max_growth_per_day
        self.min_rate, self.max_rate = min_rate, max_rate
        # What the vault says on the first day is believed, within the bounds: whoever deploys looks at it.
        self.anchor = self._rate(), clock.timestamp

    def prices(self) -> tuple[int, int]:
        """Return (low, high), each the base's price times what counts of the vault's rate, rounded down."""
        counted = self._counted(self._rate())
        low, high = self._base.prices()
        # Both down: less collateral value for the borrower. What exceeds 256 bits reverts.
        return mul_div_down(low, counted, self.unit), mul_div_down(high, counted, self.unit)

    def checkpoint(self, caller: str) -> None:
        """Count growth anew from what is believed now; anybody may."""
        rate = self._counted(self._rate())
        # A fall moves nothing: a vault pushed down for a moment would else be held down for as long as growth takes to come back.
        if rate >= self.anchor[0]:
            self.anchor = rate, self._clock.timestamp

    def rate(self) -> tuple[int, int]:
        """Return (what the vault says, what of it counts)."""
        now = self._rate()
        return now, self._counted(now)

    def _rate(self) -> int:
        rate = self._vault.convert_to_assets(self.unit)
        if not self.min_rate <= rate <= self.max_rate:
            raise Revert("vault price: rate out of bounds")
        return rate

    def _counted(self, rate: int) -> int:
        anchor, since = self.anchor
        elapsed = self._clock.timestamp - since
        return min(rate, anchor + div_down(anchor * (self.max_growth_per_day * elapsed), WAD * DAY))
