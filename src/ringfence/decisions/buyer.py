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


def size_plain(full: float, room: float, affordable: float) -> float:
    """How much to buy (whole collateral tokens): what is for sale, unless the market or the money takes less; never below 0.

    What is within 1e-12 of all or of nothing is that: the last unit of a budget is no reason for another sale.
    """
    bought = max(0.0, min(full, room, affordable))
    if bought >= full * (1.0 - 1e-12):
        return full
    return bought if bought > full * 1e-12 else 0.0


def profit_plain(proceeds: float, payment: float, gas: float) -> float:
    """What a buyer keeps of a sale: what the market pays for the collateral less payment and gas (whole asset tokens)."""
    return proceeds - payment - gas


def is_worth_plain(profit: float, min_profit: float, incentive: float, min_incentive: float) -> bool:
    """Whether a buyer acts now: the profit (whole asset tokens) and the incentive (1 = 100 %) are both enough; else the sale waits."""
    return profit >= min_profit and incentive >= min_incentive
