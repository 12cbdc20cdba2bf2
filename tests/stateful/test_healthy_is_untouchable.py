"""Property 4: who is healthy keeps what he has, whatever others do."""

from collections import Counter
from typing import NamedTuple

import pytest

from tests.stateful.machine import EFFORTS, LIVELY, too_few, watch
from tests.stateful.market import BORROWERS, SHIPPED, Build, Call, Law, Market, Position, demand


class Standing(NamedTuple):
    """A borrower at one moment."""

    position: Position
    debt: int
    is_healthy: bool


# Calls that a borrower or his operator makes, with the place of `on_behalf` in them: the only acts that may worsen his own position.
OWN_ACTS = {"borrow": 2, "withdraw_collateral": 2}


class HealthyIsUntouchable(Law):
    """No sale touches the healthy; nobody else's act makes a debt grow within the second."""

    def before(self, market: Market, call: Call) -> dict[str, Standing]:
        return standings(market)

    def after(self, market: Market, call: Call, memory: dict[str, Standing]) -> None:
        named = call.arguments[0] if call.name == "liquidate" else None
        demand(named is None or not memory[named].is_healthy, "the healthy are not sold", call=call, before=memory.get(named or ""))
        owner = call.arguments[OWN_ACTS[call.name]] if call.name in OWN_ACTS else None
        for who, now in standings(market).items():
            then = memory[who]
            if who == owner:
                continue
            demand(now.debt <= then.debt, "another's act adds nothing to a debt", call=call, who=who, before=then, after=now)
            if then.is_healthy:
                kept = now.position.collateral >= then.position.collateral
                demand(kept, "the healthy keep their collateral", call=call, who=who, before=then, after=now)
                demand(now.is_healthy, "another's act makes nobody unhealthy", call=call, who=who, before=then, after=now)
                self.seen["healthy in debt"] += then.debt > 0
                self.seen["healthy by nothing"] += then.debt > 0 and then.debt == market.limit(then.position.collateral, market.high)


def standings(market: Market) -> dict[str, Standing]:
    """All borrowers as of now, judged by the formulas here at the last high price, whether or not the oracle fails."""
    totals = market.totals_now()
    held = {who: market.position(who) for who in BORROWERS}
    return {who: Standing(it, totals.debt_of(it.debt_shares), market.is_healthy(it, totals)) for who, it in held.items()}


def check(build: Build = SHIPPED, effort: int = 1) -> Counter[str]:
    return watch(HealthyIsUntouchable(), build, effort)


@pytest.mark.parametrize("effort", EFFORTS)
def test_healthy_is_untouchable(effort: int) -> None:
    """A position with D <= floor(V * liq_ltv / 1e18), D as if accrued now and V at the high price, loses no collateral in a transaction
    that is not its owner's, is healthy after it, and `liquidate` of it is refused. Nobody's debt, healthy or not, grows by another's act
    within the second. Tolerance: none. Borrowing mints shares rounded up and repaying burns them rounded down, so the debt per share never
    rises; it does only when the last unit of debt_assets is repaid while shares remain, and those owe one unit before and after."""
    counts = check(effort=effort)
    healthy = counts["liquidate refused: pool: position is healthy"]
    assert healthy >= 200 * effort
    assert not too_few(counts, effort, LIVELY | {"healthy in debt": 5_000, "healthy by nothing": 500})
