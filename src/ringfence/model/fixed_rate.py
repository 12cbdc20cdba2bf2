"""A rate that never changes; twin of contracts/FixedRate.vy."""


class FixedRate:
    """Answers one rate, WAD per second."""

    __slots__ = ("fixed",)

    def __init__(self, rate: int) -> None:
        self.fixed = rate

    def rate(self, pool: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the rate (WAD per second)."""
        return self.fixed

    def update(self, caller: str, debt_assets: int, supply_assets: int, elapsed: int) -> int:
        """Return the rate (WAD per second) for the calling pool."""
        return self.fixed
