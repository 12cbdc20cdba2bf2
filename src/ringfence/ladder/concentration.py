"""How much of a pool's debt lies with few borrowers."""

from dataclasses import asdict, dataclass
from heapq import nlargest

from ringfence.ladder.amounts import Words, integers
from ringfence.model.rounding import div_down
from ringfence.model.terms import WAD


@dataclass(frozen=True, slots=True)
class Concentration:
    """How many positions have debt, and parts of all debt (WAD, rounded down): the largest position's, that of the ten largest, and the sum
    of the squares of all parts, which is one over the number of positions where they are equal (Herfindahl, Hirschman)."""

    positions: int
    largest: int
    top_10: int
    herfindahl: int

    def to_dict(self) -> dict[str, int | str]:
        """Parts as strings of digits."""
        return {name: value if name == "positions" else str(value) for name, value in asdict(self).items()}


def concentration(debt_shares: Words) -> Concentration:
    """The concentration of positions with these debt shares; all 0 where there is no debt."""
    owed = [amount for amount in integers(debt_shares) if amount]
    total = sum(owed)
    if total == 0:
        return Concentration(0, 0, 0, 0)
    return Concentration(
        positions=len(owed),
        largest=div_down(max(owed) * WAD, total),
        top_10=div_down(sum(nlargest(10, owed)) * WAD, total),
        herfindahl=div_down(sum(amount * amount for amount in owed) * WAD, total * total),
    )
