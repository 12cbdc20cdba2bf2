"""How much of a pool's debt lies with few borrowers."""

from heapq import nlargest

from ringfence.inputs.curve_result import Concentration
from ringfence.ladder.amounts import Words, integers
from ringfence.model.rounding import div_down
from ringfence.model.terms import WAD


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
