"""Property 10: lenders pay last."""

from collections import Counter

import pytest

from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import SHIPPED, Build, Call, Law, Market, demand


class WaterfallOrder(Law):
    """A loss takes the whole reserve before it takes anything from lenders."""

    def before(self, market: Market, call: Call) -> int | None:
        if call.name not in ("liquidate", "liquidate_many"):
            return None
        return market.totals_now().reserve_assets

    def after(self, market: Market, call: Call, memory: int | None) -> None:
        if memory is None:
            demand(not call.logged("LossRealised"), "only a sale books a loss", call=call)
            return
        reserve = memory
        for name, *values in call.events:
            if name == "Liquidate":
                reserve += values[5]
                loss = values[9]
            elif name == "LossRealised":
                reserve -= self.judge(call, values, loss, reserve)
        demand(market.totals().reserve_assets == reserve, "the reserve pays what is logged", call=call, reserve=reserve)
        logged, booked = len(call.logged("LossRealised")), sum(sale[9] > 0 for sale in call.logged("Liquidate"))
        demand(logged == booked, "every loss is logged", call=call)

    def judge(self, call: Call, values: list[int], loss: int, reserve: int) -> int:
        _, whole, from_reserve, from_backstop, from_lenders, from_premium = values
        parts = from_reserve + from_backstop + from_lenders + from_premium
        demand(whole == loss == parts, "the parts sum to the loss", call=call, loss=loss)
        demand(from_backstop == from_premium == 0, "who is not there does not pay", call=call)
        demand(from_reserve == min(loss, reserve), "the reserve pays first, all it has", call=call, reserve=reserve)
        demand(from_lenders == 0 or from_reserve == reserve, "lenders pay only after the reserve", call=call, reserve=reserve)
        self.seen["reserve alone"] += from_lenders == 0
        self.seen["reserve, then lenders"] += from_lenders > 0 and from_reserve > 0
        self.seen["lenders alone"] += from_reserve == 0
        return from_reserve


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(WaterfallOrder(), build, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_waterfall_order(effort: int) -> None:
    """Sale by sale, in a batch too, `LossRealised` takes min(loss, reserve_assets at that sale) from the reserve and the rest from lenders;
    its parts sum to the loss of its `Liquidate`, every loss has its event, and the reserve ends as the events say. Tolerance: none, these
    are sums and minima of integers. There is no backstop and no premium yet: both parts are 0."""
    counts = check(effort=effort)
    least = {"reserve alone": 60, "reserve, then lenders": 60, "lenders alone": 150}
    assert not too_few(counts, effort, LIVELY | least)
