"""Property 5: with a window, a position that can pay is sold at its own expense first, and at lenders' only as time passes."""

from collections import Counter
from typing import NamedTuple

import pytest

from ringfence.model.terms import WAD
from tests.stateful.choice import Choice
from tests.stateful.machine import EFFORTS, too_few, watch
from tests.stateful.market import SHIPPED, Build, Call, Law, Market, Position, ceil_div, demand
from tests.stateful.setting import Setting, draw_setting


class Backing(NamedTuple):
    """What an unhealthy position can pay, since when it could have been sold, and the two discounts, WAD: offered, and backed by it."""

    elapsed: int
    value: int
    debt: int
    offered: int
    payable: int


class AFirstSaleNeverHurts(Law):
    """No loss from the solvent at the first second; within the window no more than the phased part of the incentive."""

    def before(self, market: Market, call: Call) -> Backing | None:
        position = market.position(call.arguments[0]) if call.name == "liquidate" else None
        return backing(market, position) if position is not None and position.debt_shares > 0 else None

    def after(self, market: Market, call: Call, memory: Backing | None) -> None:
        window = market.terms.solvent_window
        if memory is None or memory.value < memory.debt or memory.elapsed >= window:
            return
        ((_, _, _, payment, _, _, _, _, _, loss, _),) = call.logged("Liquidate")
        unbacked = max(0, memory.offered - memory.payable)
        if memory.elapsed == 0:
            demand(loss == 0, "a first sale of the solvent books no loss", call=call, before=memory)
            self.seen["first sale"] += 1
            self.seen["first sale at less than the offer"] += unbacked > 0
        else:
            most = ceil_div(payment * (unbacked * memory.elapsed // window), WAD + memory.payable)
            demand(loss <= most, "a loss is the phased part of the incentive", call=call, before=memory, most=most)
            self.seen["sale in the window"] += 1
            self.seen["sale in the window with a loss"] += loss > 0


def backing(market: Market, position: Position) -> Backing:
    """Worked out here from the formulas of the protocol, at the high price and as if accrued now."""
    terms, debt = market.terms, market.totals_now().debt_of(position.debt_shares)
    value, elapsed = market.value(position.collateral, market.high), market.elapsed(position)
    missing = max(0, WAD - market.limit(position.collateral, market.high) * WAD // debt)
    offered = terms.incentive_base + terms.incentive_rise * elapsed + terms.incentive_slope * missing // WAD
    return Backing(elapsed, value, debt, min(terms.incentive_max, offered), max(0, value * WAD // debt - WAD))


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    def draw(choice: Choice) -> Setting:
        return draw_setting(choice, window=True)

    return watch(AFirstSaleNeverHurts(), build, effort, draw=draw)


@pytest.mark.parametrize("effort", EFFORTS)
def test_a_first_sale_never_hurts(effort: int) -> None:
    """With a solvent_window, a single sale of a solvent position (V >= D) whose clock stands at t = 0 books no loss. Tolerance: none,
    because the incentive is then at most s = floor(V * 1e18 / D) - 1e18, and V * 1e18 >= D * (1e18 + s) is the covered branch, which has no
    loss. At 0 < t < solvent_window the loss is at most ceil(payment * (i - s) / (1e18 + s)), i - s being the part of the offer above s that
    t / solvent_window has phased in, worked out here and not taken from the event; that is less than the (i - s) * payment of the law.
    The debt retired is less than payment * (1 + i) / (1 + s) + 1: the payment is rounded up, and so is what is retired, by less than one
    unit. That unit is the ceil, and the whole tolerance."""
    counts = check(effort=effort)
    least = {"first sale": 200, "first sale at less than the offer": 60, "sale in the window": 30, "sale in the window with a loss": 8}
    assert not too_few(counts, effort, least)
