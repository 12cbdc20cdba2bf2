"""The liquidation rule is the same in contracts/liquidation.vy and model/liquidation.py: every sale, to the unit, refusals included.

One position in totals of any size, on terms of every family, with prices, clocks and payments a few units beside every threshold of the
rule; the shipped contract quotes it and sells it, `liquidation.sale` and `liquidation.after_sale` say what must come out.
"""

import os
from collections import Counter
from random import Random
from typing import NamedTuple

import pytest

from ringfence.model import liquidation, shares
from ringfence.model.errors import Revert
from ringfence.model.liquidation import Position, Sale
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD, Terms
from tests.agreement.planted import BORROWER, BUYER, NOW, PlantedPool, Surroundings
from tests.agreement.test_limits import PLAIN
from tests.agreement.worlds import DECIMALS, FAMILIES, draw_terms, draw_unit, spread

POOLS = 500
CASES_OF_A_POOL = 40
# Of 20,000 cases; about half of what is seen.
LEAST = {
    "healthy": 2_000,
    "pool: position is healthy": 2_000,
    "liquidation: nothing is paid": 150,
    "liquidation: nothing is sold": 500,
    "liquidation: no share is burnt": 150,
    "liquidation: dust would stay": 300,
    "sold": 6_000,
    "covered, whole": 800,
    "covered, part": 800,
    "covered, to target": 80,
    "covered, penalty cut": 300,
    "covered, whole penalty": 300,
    "not covered, whole": 3_000,
    "not covered, part": 400,
    "not covered, solvent": 500,
    "loss, by reserve": 1_500,
    "loss, by lenders": 1_000,
    "loss, by both": 1_000,
    "window": 1_000,
    "incentive at its cap": 3_000,
    "clock restarted": 70,
    "clock stopped": 2_000,
    "value saturated": 25,
}


class Case(NamedTuple):
    """One position before a sale; the price is both low and high."""

    totals: Totals
    position: Position
    since: int
    high: int
    max_payment: int


@pytest.fixture(scope="module")
def surroundings() -> Surroundings:
    """Tokens, oracle and chain that all pools of this file share."""
    return Surroundings()


@pytest.mark.slow
def test_a_sale_is_the_same_on_both_sides(surroundings: Surroundings) -> None:
    """Quote, sale, storage and events are what the model's rule says, for 20,000 positions around every threshold."""
    counts = _sell(surroundings, POOLS, seed=1)
    assert not {kind: (counts[kind], least) for kind, least in LEAST.items() if counts[kind] < least}


@pytest.mark.nightly
def test_a_sale_is_the_same_on_both_sides_for_long(surroundings: Surroundings) -> None:
    """The same for 400,000 positions ($AGREEMENT_POOLS times 40)."""
    pools = int(os.environ.get("AGREEMENT_POOLS", "10_000"))
    counts = _sell(surroundings, pools, seed=2)
    assert not {kind: (counts[kind], least) for kind, least in LEAST.items() if counts[kind] < least * pools // POOLS}


def test_a_payment_beyond_160_bits_is_refused(surroundings: Surroundings) -> None:
    """The value counted ends at 2^160 - 1, the price does not: at the largest price all of the largest collateral would cost 2^205, and the
    pool's 192 bits would not hold it. A part for 2^160 - 1 is sold, and all of 2^82 units for 2^159.4; all of 2^83 units is not."""
    terms = {"max_ltv": 1, "liq_ltv": 2, "incentive_base": 5 * 10**35 - 2 * WAD, "incentive_max": 5 * 10**35 - 2 * WAD}
    pool = surroundings.pool(PLAIN | terms)
    totals = Totals(2**127, 2**127 * 10**6, 2**127, 2**126, 0, 0, NOW, 0)
    counts: Counter[str] = Counter()
    for collateral in (2**128 - 1, 2**82, 2**83):
        for max_payment in (MAX_UINT256, 2**161, liquidation.MAX_VALUE, liquidation.MAX_VALUE // 3):
            check(pool, Case(totals, Position(collateral, 2**126), 0, MAX_UINT256, max_payment), counts)
    # For the largest and for 2^83, with money for all or for twice the bound; what is left of the bound buys a part.
    assert counts["liquidation: too much is paid"] == 4
    assert counts["sold"] == 8


def _sell(surroundings: Surroundings, pools: int, seed: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for number in range(pools):
        rng = Random(f"sale {seed}/{number}")
        unit = draw_unit(rng, rng.choice(DECIMALS))
        pool = surroundings.pool(draw_terms(rng, FAMILIES[number % len(FAMILIES)], unit))
        for _ in range(CASES_OF_A_POOL):
            check(pool, draw_case(rng, pool.terms, unit), counts)
    return counts


def check(pool: PlantedPool, case: Case, counts: Counter[str]) -> None:
    """One case on both sides."""
    terms, totals, position = pool.terms, case.totals, case.position
    pool.surroundings.set_prices(case.high, case.high)
    pool.plant(totals, position, case.since)
    seconds = liquidation.elapsed(case.since, terms.sale_timeout, NOW)
    try:
        sale = liquidation.sale(terms, totals, position, case.high, seconds, case.max_payment)
        after, from_reserve = liquidation.after_sale(totals, sale)
        after, _, _ = liquidation.bear(after, sale.loss - from_reserve)
    except Revert as refusal:
        sale, after, from_reserve = Sale(0, 0, 0, 0, 0, 0, 0, str(refusal)), totals, 0
    quote = pool.ask("quote_liquidation", BORROWER, case.max_payment)
    sold = pool.buy(case.max_payment)
    if sale.refusal:
        is_healthy = sale.refusal == "pool: position is healthy"
        assert quote == (("ok", (0,) * 6) if is_healthy else ("refused", sale.refusal)), case
        assert sold == ("refused", sale.refusal), case
        assert pool.difference() == "", case
        counts[sale.refusal] += 1
        counts["healthy"] += is_healthy
        return
    assert quote == ("ok", (sale.payment, sale.collateral, sale.debt_retired, sale.penalty, sale.incentive, sale.loss)), case
    assert sold == ("ok", (sale.payment, sale.collateral)), case
    rest = Position(position.collateral - sale.collateral, position.debt_shares - sale.debt_shares)
    since = _clock_after(terms, after, rest, case)
    pool.expect(after, rest, since)
    assert pool.difference() == "", case
    assert pool.contract.events == _events(case, sale, from_reserve, since), case
    _count(counts, terms, case, sale, from_reserve, since)


def _clock_after(terms: Terms, after: Totals, rest: Position, case: Case) -> int:
    # It stops by any act that ends healthy or without debt; a sale that leaves the position unhealthy starts one that stood or was too old.
    if rest.debt_shares == 0 or liquidation.is_healthy(terms.liq_ltv, after, rest, case.high):
        return 0
    return NOW if case.since == 0 or NOW - case.since > terms.sale_timeout else case.since


def _events(case: Case, sale: Sale, from_reserve: int, since: int) -> list[tuple[object, ...]]:
    figures = (sale.payment, sale.debt_retired, sale.penalty, sale.debt_shares, sale.collateral, sale.incentive, sale.loss, case.high)
    events: list[tuple[object, ...]] = [("Liquidate", BUYER, BORROWER, BUYER, *figures)]
    if sale.loss:
        events.append(("LossRealised", BORROWER, sale.loss, from_reserve, 0, sale.loss - from_reserve, 0))
    if since != case.since:
        events.append(("Flag", BORROWER, since))
    return events


def _count(counts: Counter[str], terms: Terms, case: Case, sale: Sale, from_reserve: int, since: int) -> None:
    debt = shares.debt_up(case.position.debt_shares, case.totals.debt_assets, case.totals.debt_shares)
    value = liquidation.value_down(case.position.collateral, case.high)
    is_covered = value * WAD >= debt * (WAD + sale.incentive)
    is_whole = sale.debt_shares == case.position.debt_shares
    counts["sold"] += 1
    counts[f"{'covered' if is_covered else 'not covered'}, {'whole' if is_whole else 'part'}"] += 1
    counts["covered, to target"] += is_covered and not is_whole and sale.payment < case.max_payment
    if is_covered and terms.penalty > 0 and is_whole:
        counts["covered, whole penalty" if sale.penalty == debt * terms.penalty // WAD else "covered, penalty cut"] += 1
    counts["not covered, solvent"] += not is_covered and value >= debt
    if sale.loss:
        counts["loss, by reserve" if from_reserve == sale.loss else "loss, by both" if from_reserve else "loss, by lenders"] += 1
    seconds = liquidation.elapsed(case.since, terms.sale_timeout, NOW)
    offered = liquidation.incentive(terms, liquidation.limit_down(value, terms.liq_ltv) * WAD // debt, seconds)
    counts["window"] += sale.incentive < offered
    counts["incentive at its cap"] += sale.incentive == terms.incentive_max
    counts["clock restarted"] += since == NOW and case.since not in (0, NOW)
    counts["clock stopped"] += since == 0 and case.since > 0
    counts["value saturated"] += value == liquidation.MAX_VALUE


# Drawing a case


def draw_case(rng: Random, terms: Terms, unit: int) -> Case:
    """A position beside some threshold of the rule."""
    totals = _draw_totals(rng, unit)
    held = rng.choice((totals.debt_shares, totals.debt_shares, spread(rng, 1, totals.debt_shares), min(totals.debt_shares, 1)))
    debt = shares.debt_up(held, totals.debt_assets, totals.debt_shares)
    since = _draw_since(rng, terms)
    offered = liquidation.incentive(terms, rng.randint(0, WAD), liquidation.elapsed(since, terms.sale_timeout, NOW))
    high = rng.choice((spread(rng, 1, MAX_UINT256), spread(rng, 10**18, 10**54), spread(rng, 10**18, 10**54), 1, MAX_UINT256))
    value = _draw_value(rng, terms, debt, offered)
    collateral = max(0, min(2**128 - 1, value * PRICE_SCALE // high + rng.choice((0, 0, 1, -1))))
    if rng.random() < 0.02:
        collateral = 0
    elif collateral > 0 and rng.random() < 0.9:
        # The price that gives this collateral the chosen worth, so that it lands beside the threshold and not only near it.
        high = max(1, min(MAX_UINT256, -(-max(1, value) * PRICE_SCALE // collateral)))
    position = Position(collateral, held)
    totals = totals._replace(reserve_assets=_draw_reserve(rng, terms, totals, position, high, since))
    return Case(totals, position, since, high, _draw_payment(rng, terms, totals, position, high, since))


def _draw_totals(rng: Random, unit: int) -> Totals:
    debt_assets = rng.choice((unit, unit, spread(rng, 1, 2**128 - 1), spread(rng, 1, 10**9), 2**128 - 1))
    usual = min(2**127 - 1, debt_assets * 10**6)
    debt_shares = rng.choice(
        (usual, usual, spread(rng, max(1, usual // 10**9), usual), spread(rng, 1, 2**127 - 1), spread(rng, 1, 1 + usual // 10**6))
    )
    supply_assets = debt_assets * rng.randint(1, 3) + rng.randint(0, debt_assets)
    return Totals(supply_assets, rng.choice((supply_assets * 10**6, spread(rng, 1, 2**190))), debt_assets, debt_shares, 0, 0, NOW, 0)


def _draw_since(rng: Random, terms: Terms) -> int:
    if rng.random() < 0.4:
        return 0
    window, timeout = terms.solvent_window, terms.sale_timeout
    ages = (0, 1, window, window // 2, rng.randint(0, window), timeout, timeout, timeout // 3, 2 * timeout + 5)
    return max(1, NOW - max(0, rng.choice(ages) + rng.choice((-1, 0, 0, 1))))


def _draw_value(rng: Random, terms: Terms, debt: int, offered: int) -> int:
    edge = -(-debt * WAD // terms.liq_ltv)
    covered = -(-debt * (WAD + offered) // WAD)
    between = rng.randint(min(covered, edge), max(covered, edge))
    beside = (edge, edge - edge // 50, covered, covered * (WAD + terms.penalty) // WAD, between, between, debt)
    thresholds = (*beside, *beside, rng.randint(0, debt), rng.randint(0, 2 * edge), 0)
    return max(0, rng.choice(thresholds) + rng.choice((-2, -1, 0, 0, 1, 2)))


def _draw_reserve(rng: Random, terms: Terms, totals: Totals, position: Position, high: int, since: int) -> int:
    try:
        seconds = liquidation.elapsed(since, terms.sale_timeout, NOW)
        loss = liquidation.sale(terms, totals, position, high, seconds, MAX_UINT256).loss
    except Revert:
        loss = 0
    return max(0, rng.choice((0, loss // 2, loss, loss + rng.choice((-1, 1)), rng.randint(0, 2 * loss + 1))))


def _draw_payment(rng: Random, terms: Terms, totals: Totals, position: Position, high: int, since: int) -> int:
    try:
        seconds = liquidation.elapsed(since, terms.sale_timeout, NOW)
        full = liquidation.sale(terms, totals, position, high, seconds, MAX_UINT256).payment
    except Revert:
        full = 0
    debt = shares.debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares)
    near = rng.choice((full, full, debt, max(0, full - terms.min_debt), max(0, debt - terms.min_debt))) + rng.choice((-2, -1, 0, 1, 2))
    return max(
        0,
        min(
            MAX_UINT256,
            rng.choice(
                (MAX_UINT256, MAX_UINT256, near, near, rng.randint(0, full), rng.randint(0, full), rng.choice((0, 1, 2, full // 1000)))
            ),
        ),
    )
