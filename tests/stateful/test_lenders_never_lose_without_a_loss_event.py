"""Property 3: what lenders own per share falls by a booked loss, and by nothing else."""

from collections import Counter
from fractions import Fraction

import pytest

from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import SHIPPED, Build, Call, Law, Market, demand


class LendersNeverLoseWithoutALossEvent(Law):
    """The share price falls only in a transaction that logs a loss on lenders, and by no more than that loss."""

    def before(self, market: Market, call: Call) -> Fraction:
        return market.totals().lender_share

    def after(self, market: Market, call: Call, memory: Fraction) -> None:
        totals = market.totals()
        from_lenders = sum(loss[4] for loss in call.logged("LossRealised"))
        kept = totals._replace(supply_assets=totals.supply_assets + from_lenders).lender_share
        demand(kept >= memory, "lenders lose what is logged, and no more", call=call, before=memory, after=totals, logged=from_lenders)
        self.seen["price rose"] += totals.lender_share > memory
        self.seen["price fell"] += totals.lender_share < memory
        self.seen["price stayed"] += totals.lender_share == memory
        self.seen["fee"] += any(accrual[3] > 0 for accrual in call.logged("Accrue"))


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(LendersNeverLoseWithoutALossEvent(), build, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_lenders_never_lose_without_a_loss_event(effort: int) -> None:
    """The share price (supply_assets + 1) / (totalSupply + 1e6), compared as a fraction before and after every transaction, falls only
    where `LossRealised` names a part from lenders; with that part put back it does not fall at all. Tolerance: none. Deposits mint
    rounded down and withdrawals burn rounded up, a fee is minted at the price after the fee, and what interest pays to reserve and creator
    together is at most the interest."""
    counts = check(effort=effort)
    assert not too_few(counts, effort, LIVELY | {"price rose": 500, "price fell": 200, "price stayed": 1_000, "fee": 200})
