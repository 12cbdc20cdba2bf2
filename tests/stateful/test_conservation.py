"""Property 1: what the pool's books say is there, is there."""

from collections import Counter

import pytest

from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import SHIPPED, Build, Call, Law, Market, demand


class Conservation(Law):
    """Balances equal the books plus what was donated."""

    def after(self, market: Market, call: Call, memory: None) -> None:
        cash = market.totals().cash
        held = market.balance(market.asset, market.pool.address) - market.donated[market.asset.address]
        demand(cash >= 0, "more is lent out than there is", call=call, cash=cash)
        demand(held == cash, "the pool holds its cash", call=call, held=held, cash=cash)
        booked = sum(position.collateral for position in market.positions().values())
        held = market.balance(market.collateral, market.pool.address) - market.donated[market.collateral.address]
        demand(held == booked, "the pool holds its borrowers' collateral", call=call, held=held, booked=booked)
        self.seen["judged"] += 1
        self.seen["judged with a donation"] += market.donated[market.asset.address] > 0


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(Conservation(), build, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_conservation(effort: int) -> None:
    """After every transaction the pool's asset balance is its cash, supply + reserve - debt, plus what was sent to it past its books, and
    its collateral balance is the sum of all positions plus donations; cash is never negative. Tolerance: none. Every function moves as many
    tokens as it books, so both sides are sums of the same integers."""
    counts = check(effort=effort)
    assert not too_few(counts, effort, {**LIVELY, "judged": 5_000, "judged with a donation": 500})
