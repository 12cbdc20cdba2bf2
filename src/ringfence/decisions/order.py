"""In what order positions are sold: worst first.

A position's whole risk is one number, r = debt_shares / collateral: interest and price move what r is compared with, never the order.
"""

from ringfence.ladder.badness import badness

__all__ = ["badness", "sale_order", "waits"]


def sale_order(place: int, collateral: int, debt_shares: int) -> tuple[int, int]:
    """A key that sorts positions in the order of sale, the first to sell first: worst first, ties in book order (`place`)."""
    return -badness(collateral, debt_shares), place


def waits(incentive: int, least: int | None) -> bool:
    """Whether a buyer who wants at least this incentive (WAD; None: any) lets an offer of `incentive` (WAD) pass for now."""
    return least is not None and incentive < least
