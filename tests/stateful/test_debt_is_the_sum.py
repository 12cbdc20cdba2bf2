"""Property 2: the debt that the pool counts is the debt that its borrowers have."""

from collections import Counter

import pytest

from ringfence.model.terms import VIRTUAL_SHARES
from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import SHIPPED, Build, Call, Law, Market, demand


class DebtIsTheSum(Law):
    """Debt shares sum exactly, debts up to the rounding of each."""

    def after(self, market: Market, call: Call, memory: None) -> None:
        totals = market.totals_now()
        positions = {who: position for who, position in market.positions().items() if position.debt_shares > 0}
        shares = sum(position.debt_shares for position in positions.values())
        demand(shares == totals.debt_shares, "debt shares sum", call=call, sum=shares, booked=totals.debt_shares)
        debts = sum(market.pool.call("debt_of", who) for who in positions)
        demand(debts <= totals.debt_assets + len(positions), "debts exceed by one unit a position", call=call, debts=debts, totals=totals)
        virtual = VIRTUAL_SHARES * (totals.debt_assets + 1) // (totals.debt_shares + VIRTUAL_SHARES)
        demand(totals.debt_assets - debts <= virtual, "debts fall short by the virtual shares' part", call=call, debts=debts, totals=totals)
        self.seen["judged"] += 1
        self.seen["judged with three debts"] += len(positions) >= 3
        self.seen["debts exceed"] += debts > totals.debt_assets
        self.seen["debts fall short"] += debts < totals.debt_assets


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(DebtIsTheSum(), build, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_debt_is_the_sum(effort: int) -> None:
    """After every transaction the positions' debt shares sum to `debt_shares` exactly: they are only ever added and taken together.
    With n positions in debt the sum of their debts, each rounded up, is at most `debt_assets + n`, and at least `debt_assets` less what
    the virtual shares stand for, floor(1e6 * (debt_assets + 1) / (debt_shares + 1e6)). Tolerance: those two, and no more. Unrounded, all
    shares and the 1e6 virtual ones are worth `debt_assets + 1` together; rounding up adds less than a unit a position to that, and the
    virtual shares' part is more than nothing, so their one unit and theirs cancel to at most n."""
    counts = check(effort=effort)
    least = {"judged": 5_000, "judged with three debts": 700, "debts exceed": 500, "debts fall short": 300}
    assert not too_few(counts, effort, LIVELY | least)
