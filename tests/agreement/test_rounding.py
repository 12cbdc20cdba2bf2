"""Products of 512 bits are the same in contracts/rounding.vy and model/rounding.py, seen through the views of the shipped pool.

A conversion of a pool is one multiplication and one division; with storage of any size planted, all three operands can be of any size.
"""

from collections import Counter
from random import Random

import pytest

from ringfence.model import liquidation, rounding, shares
from ringfence.model.liquidation import Position
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, VIRTUAL_ASSETS, VIRTUAL_SHARES, WAD
from tests.agreement.planted import BORROWER, NOW, PlantedPool, Surroundings, outcome_of
from tests.agreement.test_limits import NO_MARGIN, PLAIN
from tests.agreement.worlds import spread

# What a conversion adds to the two operands that are stored.
SHARES, ASSETS = VIRTUAL_SHARES, VIRTUAL_ASSETS
EMPTY = Totals(0, 0, 0, 0, 0, 0, NOW, 0)


@pytest.fixture(scope="module")
def pool() -> PlantedPool:
    """A pool whose liquidation LTV is all but 100 %, so that limits are values less one part in 1e18."""
    return Surroundings().pool(PLAIN | {"liq_ltv": WAD - 1, "max_ltv": WAD - 2, **NO_MARGIN})


def operand(rng: Random, low: int) -> int:
    """A factor or divisor of at least `low`: any size, powers of two, all ones, and their neighbours."""
    power = 2 ** rng.randint(0, 255)
    beside = (power, power - 1, power + 1, power * rng.randint(1, 1000), MAX_UINT256, MAX_UINT256 - rng.randint(0, 9))
    return max(
        low, min(MAX_UINT256, rng.choice((*beside, spread(rng, 1, MAX_UINT256), spread(rng, 1, MAX_UINT256), spread(rng, 1, MAX_UINT256))))
    )


def test_products_are_divided_alike(pool: PlantedPool) -> None:
    """Down and up, quotients of more than 256 bits refused, for 12,000 triples; a third beside an exact multiple."""
    rng = Random("products")
    counts: Counter[str] = Counter()
    for _ in range(3_000):
        # Stored assets have 192 bits, shares and amounts all 256.
        assets, held = min(operand(rng, ASSETS), 2**192), operand(rng, SHARES)
        pool.plant(EMPTY._replace(supply_assets=assets - ASSETS, supply_shares=held - SHARES))
        x = _amount(rng, assets, held)
        _compare(counts, pool, "convertToAssets", rounding.mul_div_down, x, assets, held)
        _compare(counts, pool, "previewMint", rounding.mul_div_up, x, assets, held)
        x = _amount(rng, held, assets)
        _compare(counts, pool, "convertToShares", rounding.mul_div_down, x, held, assets)
        _compare(counts, pool, "previewWithdraw", rounding.mul_div_up, x, held, assets)
    assert min(counts["ok"], counts["refused"], counts["wide"]) > 1_000, counts
    assert counts["exact"] > 200, counts


def _amount(rng: Random, factor: int, divisor: int) -> int:
    """Any size; or one whose quotient lies beside a whole number, or beside the largest that fits."""
    if rng.random() < 0.6:
        return operand(rng, 0)
    whole = rng.choice((MAX_UINT256, MAX_UINT256, spread(rng, 1, MAX_UINT256)))
    return max(0, min(MAX_UINT256, whole * divisor // factor + rng.choice((-1, 0, 1))))


def _compare(counts: Counter[str], pool: PlantedPool, view: str, rule: object, x: int, factor: int, divisor: int) -> None:
    assert callable(rule)
    expected = outcome_of(rule, x, factor, divisor)
    assert pool.ask(view, x) == expected, (view, x, factor, divisor)
    counts[expected[0]] += 1
    counts["wide"] += expected[0] == "ok" and x * factor > MAX_UINT256
    counts["exact"] += expected[0] == "ok" and x * factor % divisor == 0


def test_a_value_is_capped_and_never_refused(pool: PlantedPool) -> None:
    """The worth of any collateral at any price, saturated where it exceeds 160 bits, seen through the health of a debt of 1."""
    rng = Random("values")
    counts: Counter[str] = Counter()
    totals = EMPTY._replace(supply_assets=1, debt_assets=1, debt_shares=1)
    for _ in range(3_000):
        high, collateral = operand(rng, 1), min(operand(rng, 0), 2**128 - 1)
        if rng.random() < 0.4 and collateral > 0:
            edge = rng.choice((liquidation.MAX_VALUE, spread(rng, 1, 2**160)))
            high = max(1, min(MAX_UINT256, edge * 10**36 // collateral + rng.choice((-1, 0, 1))))
        pool.surroundings.set_prices(high, high)
        pool.plant(totals, Position(collateral, 1))
        value = liquidation.value_down(collateral, high)
        expected = liquidation.limit_down(value, WAD - 1) * WAD
        assert pool.ask("health", BORROWER) == ("ok", expected), (collateral, high)
        counts["saturated" if value == liquidation.MAX_VALUE else "nothing" if value == 0 else "plain"] += 1
    assert min(counts[kind] for kind in ("plain", "saturated", "nothing")) > 80, counts


def test_a_debt_is_rounded_up_alike(pool: PlantedPool) -> None:
    """A position's debt for any share of any totals within their bounds."""
    rng = Random("debts")
    inexact = 0
    for _ in range(3_000):
        debt_assets, debt_shares = min(operand(rng, 0), 2**128 - 1), min(operand(rng, 1), 2**127 - 1)
        held = rng.choice((debt_shares, min(debt_shares, operand(rng, 1)), 1))
        pool.plant(EMPTY._replace(supply_assets=debt_assets, debt_assets=debt_assets, debt_shares=debt_shares), Position(0, held))
        assert pool.ask("debt_of", BORROWER) == ("ok", shares.debt_up(held, debt_assets, debt_shares)), (held, debt_assets, debt_shares)
        inexact += held * (debt_assets + 1) % (debt_shares + SHARES) > 0
    assert inexact > 1_000
