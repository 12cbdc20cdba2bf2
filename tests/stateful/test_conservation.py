"""Property 1: what the pool's books say is there, is there."""

from collections import Counter

import pytest

from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import SHIPPED, Build, Call, Law, Market, demand


class Conservation(Law):
    """Balances equal the books plus what was donated; what leaves the pool for its backstop, or comes from there, is what is logged."""

    def before(self, market: Market, call: Call) -> int:
        return market.in_fund

    def after(self, market: Market, call: Call, memory: int) -> None:
        cash = market.totals().cash
        held = market.balance(market.asset, market.pool.address) - market.donated[market.asset.address]
        demand(cash >= 0, "more is lent out than there is", call=call, cash=cash)
        demand(held == cash, "the pool holds its cash", call=call, held=held, cash=cash)
        booked = sum(position.collateral for position in market.positions().values())
        held = market.balance(market.collateral, market.pool.address) - market.donated[market.collateral.address]
        demand(held == booked, "the pool holds its borrowers' collateral", call=call, held=held, booked=booked)
        paid = sum(premium for (premium,) in call.logged("PayPremium"))
        drawn = sum(loss[3] for loss in call.logged("LossRealised"))
        demand(market.in_fund == memory + paid - drawn, "the backstop gives and gets what is logged", call=call, was=memory)
        self.seen["judged"] += 1
        self.seen["judged with premium owed"] += market.totals().premium_owed > 0
        self.seen["premium paid"] += paid > 0
        self.seen["drawn on the backstop"] += drawn > 0
        self.seen["judged with a donation"] += market.donated[market.asset.address] > 0


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(Conservation(), build, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_conservation(effort: int) -> None:
    """After every transaction the pool's asset balance is its cash, supply + reserve + premium owed - debt, plus what was sent to it past
    its books, and its collateral balance is the sum of all positions plus donations; cash is never negative; the backstop holds what it
    held, more by the premium paid and less by what the losses say that it paid. Tolerance: none. Every function moves as many tokens as it
    books, so both sides are sums of the same integers."""
    counts = check(effort=effort)
    least = {"judged": 5_000, "judged with a donation": 500, "judged with premium owed": 500}
    assert not too_few(counts, effort, LIVELY | least | {"premium paid": 15, "drawn on the backstop": 60})
