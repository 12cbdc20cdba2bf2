"""Property 10: lenders pay last."""

from collections import Counter
from typing import NamedTuple

import pytest

from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import SHIPPED, Build, Call, Law, Market, demand


class Layers(NamedTuple):
    """What stands before a sale to bear its loss, in the order in which it does, asset base units."""

    reserve: int
    cover: int
    lenders: int
    premium: int


class WaterfallOrder(Law):
    """A loss takes the whole reserve, then all that the backstop covers, then all that lenders own, and only then the premium owed."""

    def before(self, market: Market, call: Call) -> Layers | None:
        if call.name not in ("liquidate", "liquidate_many"):
            return None
        totals = market.totals_now()
        return Layers(totals.reserve_assets, market.cover_left, totals.supply_assets, totals.premium_owed)

    def after(self, market: Market, call: Call, memory: Layers | None) -> None:
        if memory is None:
            demand(not call.logged("LossRealised"), "only a sale books a loss", call=call)
            return
        layers = memory
        for name, *values in call.events:
            if name == "Liquidate":
                _, _, _, payment, retired, penalty, *_, loss, _ = values
                layers = layers._replace(reserve=layers.reserve + penalty, lenders=layers.lenders + payment - retired - penalty)
            elif name == "LossRealised":
                layers = self.judge(call, values, loss, layers)
        totals = market.totals()
        left = Layers(totals.reserve_assets, market.cover_left, totals.supply_assets, totals.premium_owed)
        demand(left == layers, "every layer pays what is logged", call=call, expected=layers, left=left)
        logged, booked = len(call.logged("LossRealised")), sum(sale[9] > 0 for sale in call.logged("Liquidate"))
        demand(logged == booked, "every loss is logged", call=call)

    def judge(self, call: Call, values: list[int], loss: int, layers: Layers) -> Layers:
        _, whole, *parts = values
        demand(whole == loss == sum(parts), "the parts sum to the loss", call=call, loss=loss)
        rest = loss
        for layer, has, pays in zip(Layers._fields, layers, parts, strict=True):
            demand(pays == min(rest, has), f"of what is left of the loss {layer} bears all it can", call=call, layers=layers)
            rest -= pays
        _, cover, lenders, premium = paid = Layers(*parts)
        self.seen["reserve alone"] += paid.reserve > 0 and cover == lenders == 0
        self.seen["reserve, then lenders"] += paid.reserve > 0 and cover == 0 and lenders > 0
        self.seen["lenders alone"] += paid.reserve == cover == 0 and lenders > 0
        self.seen["cover, then nobody"] += cover > 0 and lenders == 0
        self.seen["cover, then lenders"] += cover > 0 and lenders > 0
        self.seen["reserve, then cover"] += paid.reserve > 0 and cover > 0
        self.seen["lenders, then premium"] += premium > 0
        return Layers(*(has - pays for has, pays in zip(layers, parts, strict=True)))


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(WaterfallOrder(), build, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_waterfall_order(effort: int) -> None:
    """Sale by sale, in a batch too, each layer pays min(what is left of the loss, what it has at that sale): the reserve, then the backstop
    up to its `cover_left`, then lenders up to `supply_assets`, then the premium owed. The parts sum to the loss of its `Liquidate`, every
    loss has its event, and each layer ends as the events say. Tolerance: none, these are sums and minima of integers."""
    counts = check(effort=effort)
    least = {
        "reserve alone": 60,
        "reserve, then lenders": 60,
        "lenders alone": 100,
        "cover, then nobody": 30,
        "cover, then lenders": 20,
        "reserve, then cover": 20,
        "lenders, then premium": 4,
    }
    assert not too_few(counts, effort, LIVELY | least)
