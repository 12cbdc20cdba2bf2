"""What kinds of things have happened, counted: a random test that never sold anything partial has proven nothing about partial sales."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ringfence.model import liquidation, shares
from ringfence.model.errors import Revert
from ringfence.model.liquidation import Position
from ringfence.model.pool import NOTHING
from ringfence.model.terms import WAD, Terms

if TYPE_CHECKING:
    from tests.agreement.twins import Twins

SALES = ("liquidate", "liquidate_many")


class Before(NamedTuple):
    """A position as a sale finds it: debt and value (asset base units), seconds on its clock, incentive before the window (WAD)."""

    position: Position
    debt: int
    value: int
    since: int
    seconds: int
    offered: int


class SaleWitness:
    """Looks at the model before and after an act and counts what kinds of things the act did."""

    def __init__(self, twins: "Twins") -> None:
        self.twins = twins
        self.counts: Counter[str] = twins.counts
        self.clocks: dict[str, int] = {}
        self.positions: dict[str, Before] = {}
        self.reserve = 0
        self.max_payment = 0

    def before(self, name: str, arguments: Sequence[Any]) -> None:
        """Remember what the act may change."""
        pool = self.twins.pool
        self.clocks = {who: held.unhealthy_since for who, held in pool._positions.items()}
        self.reserve = pool._totals.reserve_assets
        self.positions = {}
        if name in SALES:
            borrowers = arguments[0] if name == "liquidate_many" else [arguments[0]]
            self.max_payment = arguments[1]
            self.positions = {borrower: seen for borrower in borrowers if (seen := self._look(borrower))}

    def after(self, name: str, value: Any) -> None:
        """Count what the events of the act tell."""
        counts, events = self.counts, self.twins.pool.events
        sold = [event for event in events if event[0] == "Liquidate"]
        for event in events:
            match event:
                case ("Accrue", *figures):
                    self._count_accrual(*figures)
                case ("Flag", borrower, since):
                    was = self.clocks.get(borrower, 0)
                    counts["clock: stopped" if since == 0 else "clock: started" if was == 0 else "clock: restarted"] += 1
                    self.clocks[borrower] = since
                case ("LossRealised", _, _, from_reserve, from_backstop, from_lenders, from_premium):
                    counts["loss: reserve" if from_lenders == 0 else "loss: lenders" if from_reserve == 0 else "loss: both"] += 1
                    counts["loss: backstop alone"] += from_backstop > 0 and from_lenders == 0
                    counts["loss: backstop used up"] += from_backstop > 0 and from_lenders > 0
                    counts["loss: premium"] += from_premium > 0
                case ("PayPremium", paid):
                    counts["premium: paid"] += paid > 0
                case ("Liquidate", *figures):
                    self._count_sale(*figures)
        if name == "liquidate_many":
            counts["many: several sold"] += len(sold) > 1
            counts["many: some skipped"] += 0 < len(sold) < len(self.positions)
            counts["many: nothing sold"] += not sold
            counts["many: part of a budget"] += bool(sold) and value[0] == self.max_payment
        counts["sale: total"] += len(sold)

    def _look(self, borrower: str) -> Before | None:
        pool, terms, now = self.twins.pool, self.twins.terms, self.twins.now
        position = pool._positions.get(borrower, NOTHING)
        try:
            totals, (_, high) = pool._totals_now(now), pool._prices()
        except Revert:
            return None
        debt = shares.debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
        value = liquidation.value_down(position.collateral, high)
        limit = liquidation.limit_down(value, terms.liq_ltv)
        since = position.unhealthy_since
        seconds = liquidation.elapsed(since, terms.sale_timeout, now)
        offered = liquidation.incentive(terms, min(WAD, limit * WAD // debt), seconds) if debt else 0
        return Before(position, debt, value, since, seconds, offered)

    def _count_accrual(self, interest: int, to_reserve: int, _: int, fee_shares: int, __: int, debt: int, reserve: int, dust: int) -> None:
        counts = self.counts
        counts["accrual: interest"] += interest > 0
        counts["accrual: dust only"] += interest == 0 and dust > 0
        counts["accrual: cut to 128 bits"] += debt == 2**128 - 1
        counts["accrual: fee shares"] += fee_shares > 0
        counts["accrual: reserve fills"] += to_reserve > 0
        counts["accrual: reserve flows back"] += reserve < self.reserve

    def _count_sale(self, *figures: Any) -> None:
        _, borrower, _, payment, _, penalty, debt_shares, collateral, incentive, loss, _ = figures
        seen = self.positions.get(borrower)
        if seen is None:
            return
        counts, terms, now = self.counts, self.twins.terms, self.twins.now
        is_whole = debt_shares == seen.position.debt_shares
        is_covered = seen.value * WAD >= seen.debt * (WAD + incentive)
        payable = max(0, seen.value * WAD // seen.debt - WAD) if seen.debt else 0
        is_phased = terms.solvent_window > 0 and seen.offered > payable
        counts["sale: full" if is_whole else "sale: partial"] += 1
        counts["sale: insolvent"] += seen.value < seen.debt
        counts["sale: insolvent in part"] += seen.value < seen.debt and not is_whole
        counts["sale: solvent but not covered"] += seen.value >= seen.debt and not is_covered
        counts["sale: in window"] += is_phased and seen.seconds < terms.solvent_window
        counts["sale: in window, clock running"] += is_phased and 0 < seen.seconds < terms.solvent_window
        counts["sale: after window"] += is_phased and seen.seconds >= terms.solvent_window
        counts["sale: after timeout"] += seen.since > 0 and now - seen.since > terms.sale_timeout
        counts["sale: at timeout"] += seen.since > 0 and now - seen.since == terms.sale_timeout
        counts["sale: zero collateral"] += seen.position.collateral == 0
        counts["sale: worthless collateral"] += seen.position.collateral > 0 and seen.value == 0
        counts["sale: cut by payment"] += payment == self.max_payment
        counts["sale: penalty"] += penalty > 0
        counts["sale: penalty cut"] += is_covered and terms.penalty > 0 and penalty * WAD < (payment - penalty) * terms.penalty - WAD
        counts["sale: incentive at its cap"] += incentive == terms.incentive_max
        counts["sale: incentive raised by time"] += terms.incentive_rise > 0 and seen.seconds > 0
        counts["sale: incentive raised by health"] += terms.incentive_slope > 0 and seen.offered > terms.incentive_base
        if is_covered and terms.target_ltv > 0 and payment < self.max_payment:
            amount = payment - penalty
            counts["sale: to target"] += amount < seen.debt
            counts["sale: whole by min_debt"] += amount == seen.debt and _target_amount(terms, seen, incentive) < seen.debt
        counts["sale: with loss"] += loss > 0
        counts["sale: all collateral, no debt left"] += collateral == seen.position.collateral and is_whole


def _target_amount(terms: Terms, seen: Before, incentive: int) -> int:
    # What would be repaid if no rest were too small.
    return liquidation.close_amount(_without_min_debt(terms), seen.value, seen.debt, incentive, _penalty_rate(terms, seen, incentive))


def _penalty_rate(terms: Terms, seen: Before, incentive: int) -> int:
    return min(terms.penalty, seen.value * WAD * WAD // (seen.debt * (WAD + incentive)) - WAD)


def _without_min_debt(terms: Terms) -> Terms:
    values = {field: getattr(terms, field) for field in terms.__slots__}
    return Terms(**values | {"min_debt": 0})
