"""What happened to one pool, summed and proven: every sale and the whole run must balance to the unit, or the run is worth nothing."""

from collections.abc import Sequence

from ringfence.inputs.events import LossParts
from ringfence.inputs.results import PoolFigures, SaleRow
from ringfence.model import liquidation, shares
from ringfence.model.liquidation import Sale
from ringfence.model.shares import Totals


class ConservationError(Exception):
    """Amounts that must balance do not: a fault of the pool or of the replay, never of the input."""


def require(name: str, left: int, right: int) -> None:
    """The identity holds to the unit; raises ConservationError that quotes both sides."""
    if left != right:
        raise ConservationError(f"{name}: {left} is not {right}, off by {left - right}")


class Tally:
    """The sums of a run over one pool (asset base units, but collateral_sold), from the totals it began with."""

    def __init__(self, before: Totals) -> None:
        self._before = before
        self.rows: list[SaleRow] = []
        self._sold: set[str] = set()
        self._sold_at_start = 0
        self._interest = self._paid = self._debt_retired = self._penalty = self._surplus = self._collateral_sold = self._loss = 0
        self._parts: LossParts = (0, 0, 0, 0)

    def add_interest(self, interest: int) -> None:
        """Counts what an accrual added to the debt."""
        self._interest += interest

    def add_sale(self, now: int, price: int, account: str, sale: Sale, parts: LossParts, before: Totals, after: Totals) -> None:
        """Counts a sale, after proving that the pool's totals moved by just that."""
        surplus = after.supply_assets - before.supply_assets + parts[2]
        require("sale: payment = debt retired + penalty + surplus", sale.payment, sale.debt_retired + sale.penalty + surplus)
        require("sale: fall of debt = debt retired + loss", before.debt_assets - after.debt_assets, sale.debt_retired + sale.loss)
        require(
            "sale: rise of reserve = penalty - its part of the loss", after.reserve_assets - before.reserve_assets, sale.penalty - parts[0]
        )
        require("sale: loss = its parts", sale.loss, sum(parts))
        self.rows.append(
            SaleRow(now, account, sale.payment, sale.debt_retired, sale.penalty, sale.collateral, sale.incentive, sale.loss, price)
        )
        self._sold.add(account)
        self._paid += sale.payment
        self._debt_retired += sale.debt_retired
        self._penalty += sale.penalty
        self._surplus += surplus
        self._collateral_sold += sale.collateral
        self._loss += sale.loss
        self._parts = (self._parts[0] + parts[0], self._parts[1] + parts[1], self._parts[2] + parts[2], self._parts[3] + parts[3])

    def end_first_row(self) -> None:
        """Remembers how many positions the first row sold."""
        self._sold_at_start = len(self._sold)

    def figures(self, after: Totals, open_positions: "OpenPositions") -> PoolFigures:
        """The figures of the run, after proving that they balance."""
        self._prove(after)
        from_reserve, from_backstop, from_lenders, from_premium = self._parts
        return PoolFigures(
            supply_before=self._before.supply_assets,
            supply_after=after.supply_assets,
            reserve_before=self._before.reserve_assets,
            reserve_after=after.reserve_assets,
            premium_owed_after=after.premium_owed,
            debt_before=self._before.debt_assets,
            interest=self._interest,
            debt_after=after.debt_assets,
            debt_retired=self._debt_retired,
            paid=self._paid,
            penalty=self._penalty,
            surplus=self._surplus,
            collateral_sold=self._collateral_sold,
            loss=self._loss,
            loss_from_reserve=from_reserve,
            loss_from_backstop=from_backstop,
            loss_from_lenders=from_lenders,
            loss_from_premium=from_premium,
            unrealised_loss=open_positions.unrealised_loss,
            sales=len(self.rows),
            positions_sold=len(self._sold),
            positions_sold_at_start=self._sold_at_start,
            unhealthy_at_end=open_positions.unhealthy,
            insolvent_at_end=open_positions.insolvent,
            share_price_before=shares.share_price(self._before),
            share_price_after=shares.share_price(after),
        )

    def _prove(self, after: Totals) -> None:
        before = self._before
        require("paid = debt retired + penalty + surplus", self._paid, self._debt_retired + self._penalty + self._surplus)
        require(
            "debt before + interest = debt after + debt retired + loss",
            before.debt_assets + self._interest,
            after.debt_assets + self._debt_retired + self._loss,
        )
        require("loss = its parts", self._loss, sum(self._parts))
        require("rise of cash = paid + cover", shares.cash(after) - shares.cash(before), self._paid + self._parts[1])
        require(
            "claims before + interest + penalty + surplus + cover = claims after + loss",
            _claims(before) + self._interest + self._penalty + self._surplus + self._parts[1],
            _claims(after) + self._loss,
        )


def _claims(totals: Totals) -> int:
    """What lenders, the reserve and the backstop own (asset base units)."""
    return totals.supply_assets + totals.reserve_assets + totals.premium_owed


class OpenPositions:
    """What is left at a price: positions over their liquidation LTV, those worth less than they owe, and by how much (asset base units)."""

    def __init__(self, collateral: Sequence[int], debt_shares: Sequence[int], totals: Totals, price: int, liq_ltv: int) -> None:
        self.unhealthy = self.insolvent = self.unrealised_loss = 0
        for held, owed in zip(collateral, debt_shares, strict=True):
            if owed == 0:
                continue
            debt = shares.debt_up(owed, totals.debt_assets, totals.debt_shares)
            value = liquidation.value_down(held, price)
            self.unhealthy += debt > liquidation.limit_down(value, liq_ltv)
            self.insolvent += value < debt
            self.unrealised_loss += max(0, debt - value)
