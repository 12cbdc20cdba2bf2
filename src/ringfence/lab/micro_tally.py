"""What one path does to one pool, summed in integers and proven: every accrual, sale and payment balances to the unit."""

from collections.abc import Sequence
from typing import NamedTuple

from ringfence.inputs.events import LossParts
from ringfence.lab.outcome import WAIT_STEPS
from ringfence.lab.tally import require
from ringfence.model import shares
from ringfence.model.erc20 import Event
from ringfence.model.liquidation import Sale
from ringfence.model.rounding import div_down
from ringfence.model.shares import Totals
from ringfence.model.terms import WAD, Terms


class Sold(NamedTuple):
    """One sale of a path: the step, the position's place in the book, the sale, who bore its loss."""

    step: int
    place: int
    sale: Sale
    parts: LossParts


class Flows:
    """The sums of a path over one pool (asset base units; `collateral_sold` in base units of its token)."""

    def __init__(self, terms: Terms, before: Totals) -> None:
        self._terms, self.before = terms, before
        self.interest = self.to_reserve = self.creator_fee = self.premium = self.premium_paid = self.withdrawn = 0
        self.paid = self.penalty = self.retired = self.surplus = self.loss = self.collateral_sold = 0
        self.parts: LossParts = (0, 0, 0, 0)
        self.sales: list[Sold] = []
        self.waits = [0] * len(WAIT_STEPS)
        self.reserve_least = before.reserve_assets
        self._least_kept = before.reserve_assets
        self._returned = 0

    def add_accrual(self, event: Event, before: Totals, after: Totals) -> None:
        """Counts an `Accrue`, after proving that the totals moved by just that."""
        _, interest, _, premium, fee_shares = event[:5]
        to_reserve = after.reserve_assets - before.reserve_assets
        require("accrual: rise of debt = interest", after.debt_assets - before.debt_assets, interest)
        require(
            "accrual: interest = rises of supply, reserve and premium",
            interest,
            after.supply_assets - before.supply_assets + to_reserve + after.premium_owed - before.premium_owed,
        )
        require("accrual: rise of premium owed = premium", after.premium_owed - before.premium_owed, premium)
        self.interest += interest
        self.to_reserve += to_reserve
        self._returned += max(0, -to_reserve)
        self.premium += premium
        if fee_shares > 0:
            self.creator_fee += div_down(interest * self._terms.creator_fee, WAD)

    def add_sale(self, sold: Sold, waited: int, before: Totals, after: Totals) -> None:
        """Counts a sale that was waited for so many steps, after proving that the totals moved by just that."""
        sale, parts = sold.sale, sold.parts
        surplus = after.supply_assets - before.supply_assets + parts[2]
        require("sale: payment = debt retired + penalty + surplus", sale.payment, sale.debt_retired + sale.penalty + surplus)
        require("sale: fall of debt = debt retired + loss", before.debt_assets - after.debt_assets, sale.debt_retired + sale.loss)
        require(
            "sale: rise of reserve = penalty - its part of the loss", after.reserve_assets - before.reserve_assets, sale.penalty - parts[0]
        )
        require("sale: fall of premium owed = its part of the loss", before.premium_owed - after.premium_owed, parts[3])
        require("sale: loss = its parts", sale.loss, sum(parts))
        self.sales.append(sold)
        self.paid += sale.payment
        self.penalty += sale.penalty
        self.retired += sale.debt_retired
        self.surplus += surplus
        self.loss += sale.loss
        self.collateral_sold += sale.collateral
        self.parts = (self.parts[0] + parts[0], self.parts[1] + parts[1], self.parts[2] + parts[2], self.parts[3] + parts[3])
        self.add_wait(waited, sale.debt_retired + sale.loss)

    def add_wait(self, waited: int, debt: int) -> None:
        """Counts debt in the class of the steps it waited."""
        self.waits[sum(least <= waited for least in WAIT_STEPS) - 1] += debt

    def end_step(self, after: Totals) -> None:
        """Looks at the reserve as a step leaves it."""
        self.reserve_least = min(self.reserve_least, after.reserve_assets)
        self._least_kept = min(self._least_kept, after.reserve_assets + self._returned - (self.loss - self.parts[0]))

    def reserve_needed(self, after: Totals, unrealised: int) -> int:
        """The reserve at the start that would just have paid every loss, the one still open included; what it gave back over its target a
        smaller one would have kept."""
        least = min(self._least_kept, after.reserve_assets + self._returned - (self.loss - self.parts[0]) - unrealised)
        return max(0, self.before.reserve_assets - least)

    def prove(self, after: Totals) -> None:
        """Every asset is accounted for; raises ConservationError that quotes both sides."""
        before, parts = self.before, self.parts
        require("paid = debt retired + penalty + surplus", self.paid, self.retired + self.penalty + self.surplus)
        require("loss = its parts", self.loss, sum(parts))
        require(
            "debt before + interest = debt after + debt retired + loss",
            before.debt_assets + self.interest,
            after.debt_assets + self.retired + self.loss,
        )
        require(
            "supply before + interest + surplus = supply after + to reserve + premium + lenders' part of the loss + withdrawn",
            before.supply_assets + self.interest + self.surplus,
            after.supply_assets + self.to_reserve + self.premium + parts[2] + self.withdrawn,
        )
        require(
            "reserve before + to reserve + penalty = reserve after + its part of the loss",
            before.reserve_assets + self.to_reserve + self.penalty,
            after.reserve_assets + parts[0],
        )
        require("premium = owed after + paid + its part of the loss", self.premium, after.premium_owed + self.premium_paid + parts[3])
        require(
            "cash before + paid + cover = cash after + withdrawn + premium paid",
            shares.cash(before) + self.paid + parts[1],
            shares.cash(after) + self.withdrawn + self.premium_paid,
        )


def prove_positions(held: Sequence[int], owed: Sequence[int], book_collateral: int, sold: int, after: Totals, tokens: int) -> None:
    """Collateral and debt shares of all positions are what the book brought less what was sold, and what the pool's tokens say."""
    require("debt shares = the positions' sum", after.debt_shares, sum(owed))
    require("collateral of the book = the positions' + sold", book_collateral, sum(held) + sold)
    require("collateral of the positions = tokens", sum(held), tokens)
