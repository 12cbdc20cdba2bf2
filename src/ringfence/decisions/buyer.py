"""What a buyer asks for taking on collateral: the more of it, the more, because selling it on moves the market."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer who asks an incentive of `least` (WAD), and `slope` more (WAD per asset base unit of payment), but never over `most`
    (WAD)."""

    least: int
    slope: int
    most: int

    def wanted(self, payment: int) -> int:
        """The incentive (WAD) for which the buyer pays so much (asset base units)."""
        return min(self.most, self.least + self.slope * payment)
