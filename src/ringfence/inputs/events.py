"""What the events of a pool tell, in the order of their fields in contracts/Pool.vy; the same for the model's and for the contract's."""

from collections.abc import Iterable

from ringfence.model.erc20 import Event
from ringfence.model.liquidation import Sale

LossParts = tuple[int, int, int, int]
"""Who bore a loss (asset base units): the reserve, the backstop, the lenders, the premium owed."""


def sale_of(events: Iterable[Event]) -> tuple[Sale, LossParts] | None:
    """Return the sale that one liquidation logged and who bore its loss; None where nothing was sold."""
    sale, parts = None, (0, 0, 0, 0)
    for event in events:
        if event[0] == "Liquidate":
            sale = Sale._make((*event[4:11], ""))
        elif event[0] == "LossRealised":
            parts = event[3:7]
    return (sale, parts) if sale else None
