"""What a path leaves behind, as columns by name: the figures of `outcome.NAMES`, those that follow from them, and several pools as one.

Amounts are whole asset tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ringfence.lab.layout import Floats
from ringfence.lab.outcome import NAMES

Columns: TypeAlias = Mapping[str, Floats]

NOTHING_LOST = 1e-9
"""Of the supply at the start: what is less is a rounding of floats, and no loss."""
COMPARED = ("loss", "net_share_price")
"""What is kept of the same paths under other circumstances."""
WEIGHTED = frozenset({"low_cash", "net_share_price", "oracle_failed"})
"""Of several pools the mean, weighted by what their lenders own at the start; amounts and counts are summed, `reserve_ruined` is any."""


@dataclass(frozen=True, slots=True)
class PoolStart:
    """A pool before the first step: what lenders, borrowers and the reserve have in it (whole asset tokens), and how its debt is spread."""

    name: str
    supply: float
    debt: float
    reserve: float
    positions: int = 0
    """Accounts with debt."""
    largest: float = 0.0
    """The largest debt as a part of all."""
    herfindahl: float = 0.0
    """Sum of squares of the debts' parts."""
    is_covered: bool = False
    """Whether the backstop pays for it."""
    lends_on_shares: bool = False
    """Whether its collateral is lender shares of another pool."""


def columns_of(fields: Floats, start: PoolStart) -> dict[str, Floats]:
    """The columns of one pool; `fields` is one row a path and one column for each of `outcome.NAMES`."""
    of = {name: np.ascontiguousarray(fields[:, place]) for place, name in enumerate(NAMES)}
    beyond = of["loss_from_backstop"] + of["loss_from_lenders"] + of["loss_from_premium"]
    # A sale has not booked it yet: when it does, the reserve pays first. Whether the backstop will pay is not known, so it is not counted.
    open_to_lenders = np.maximum(0.0, of["unrealised_loss"] - np.maximum(0.0, of["reserve_end"]))
    kept = np.divide(open_to_lenders, of["supply_end"], out=np.zeros_like(beyond), where=of["supply_end"] > open_to_lenders)
    wiped_out = (open_to_lenders > 0.0) & (of["supply_end"] <= open_to_lenders)
    lenders = of["supply_end"] - start.supply + of["loss_from_lenders"] + of["run_withdrawn"] - of["creator_fee"]
    reserve = of["interest_to_reserve"] + of["penalty"]
    # What lenders have less than their own pool's interest, losses and exits explain would be missing from the books: an accounting check.
    unexplained = of["interest"] - of["interest_to_reserve"] - of["premium"] - of["creator_fee"] - lenders
    shared_out = of["interest"] + of["penalty"] + of["incentive"]
    return of | {
        "open_to_lenders": open_to_lenders,
        "lender_loss": of["loss_from_lenders"] + open_to_lenders,
        "net_share_price": np.where(wiped_out, 0.0, of["share_price_end"] * (1.0 - kept)),
        "missing": np.where(unexplained > NOTHING_LOST * start.supply, unexplained, 0.0),
        "reserve_ruined": (beyond + open_to_lenders > NOTHING_LOST * start.supply).astype(np.float64),
        "revenue_lenders": lenders,
        "revenue_reserve": reserve,
        "revenue_rounding": lenders + of["creator_fee"] + reserve + of["premium"] + of["incentive"] - shared_out,
        "buyer_to_market": of["incentive"] - of["buyer_profit"] - of["gas"],
    }


def compared(fields: Floats, starts: Sequence[PoolStart]) -> list[Columns]:
    """What is kept of paths that are there to be compared with, pool by pool."""
    whole = (columns_of(fields[:, place], start) for place, start in enumerate(starts))
    return [{name: columns[name].copy() for name in COMPARED} for columns in whole]


def lender_loss(fields: Floats, start: PoolStart) -> Floats:
    """What the lenders of one pool bear, booked and open, of paths that are there to be compared with."""
    return columns_of(fields, start)["lender_loss"].copy()


def joined(pools: Sequence[Columns], starts: Sequence[PoolStart]) -> dict[str, Floats]:
    """Several pools as one: sums, but for what is a part of something."""
    whole = sum(start.supply for start in starts)
    weights = [start.supply / whole if whole else 1.0 / len(starts) for start in starts]
    together = {name: np.sum([pool[name] for pool in pools], axis=0) for name in pools[0]}
    for name in together.keys() & WEIGHTED:
        together[name] = np.sum([weight * pool[name] for weight, pool in zip(weights, pools, strict=True)], axis=0)
    if "reserve_ruined" in together:
        together["reserve_ruined"] = np.max([pool["reserve_ruined"] for pool in pools], axis=0)
    return together


def joined_start(starts: Sequence[PoolStart]) -> PoolStart:
    """Several pools as one at the start."""
    debt = sum(start.debt for start in starts)
    parts = [start.debt / debt if debt else 0.0 for start in starts]
    return PoolStart(
        name="all pools",
        supply=sum(start.supply for start in starts),
        debt=debt,
        reserve=sum(start.reserve for start in starts),
        positions=sum(start.positions for start in starts),
        largest=max(part * start.largest for part, start in zip(parts, starts, strict=True)),
        herfindahl=sum(part**2 * start.herfindahl for part, start in zip(parts, starts, strict=True)),
        is_covered=any(start.is_covered for start in starts),
        lends_on_shares=any(start.lends_on_shares for start in starts),
    )


@dataclass(frozen=True, slots=True)
class SharedMargin:
    """The same books in one cross-margin pool, per path: what all lenders would bear, and one pool's lenders of it."""

    loss: Floats
    """What is left for lenders once all reserves together, and what the backstop paid, are used up (asset)."""
    borne: tuple[Floats, ...]
    """Of it by each pool's lenders: pro rata of supply."""
    from_others: tuple[Floats, ...]
    """Of that because of the other pools' books: by their part of all losses."""


def shared_margin(pools: Sequence[Columns], starts: Sequence[PoolStart]) -> SharedMargin:
    """What lenders would lose if the pools' lenders stood in for all books together.

    Sales are those of the isolated pools; the joint reserve is all that the reserves had over the path, as if it had been there when it
    was needed, which favours the shared pool.
    """
    losses = [pool["loss"] for pool in pools]
    everything = np.sum(losses, axis=0)
    reserves = np.sum([pool["loss_from_reserve"] + np.maximum(0.0, pool["reserve_end"]) for pool in pools], axis=0)
    covered = np.sum([pool["loss_from_backstop"] for pool in pools], axis=0)
    left = np.maximum(0.0, everything - covered - reserves)
    whole = sum(start.supply for start in starts)
    borne = [left * (start.supply / whole if whole else 0.0) for start in starts]
    own = [np.divide(loss, everything, out=np.zeros_like(loss), where=everything > 0.0) for loss in losses]
    return SharedMargin(left, tuple(borne), tuple(part * (1.0 - mine) for part, mine in zip(borne, own, strict=True)))
