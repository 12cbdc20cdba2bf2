"""Suspects: no unhealthy position is ever missed, and few healthy ones are looked at."""

import random

from ringfence.lab.suspects import Suspects
from ringfence.model.liquidation import limit_down, value_down
from ringfence.model.shares import Totals, debt_up
from ringfence.model.terms import WAD


def make_totals(debt_assets: int, debt_shares: int) -> Totals:
    """Totals of which only the debt matters."""
    return Totals(0, 0, debt_assets, debt_shares, 0, 0, 0, 0)


def is_unhealthy(collateral: int, owed: int, totals: Totals, price: int, liq_ltv: int) -> bool:
    """The rule, position by position."""
    return debt_up(owed, totals.debt_assets, totals.debt_shares) > limit_down(value_down(collateral, price), liq_ltv)


def random_pool(rng: random.Random) -> tuple[list[tuple[int, int]], Totals, int]:
    """Positions at or near their limits at a price, down to single units, in pools whose shares are cheap, plain or dear."""
    liq_ltv = rng.choice([1, WAD // 2, 86 * WAD // 100, WAD - 1])
    unit = rng.choice([1, 10, 10**6, 10**18])
    index = rng.choice([1, 3, 10**6, 10**7, 10**9])
    price = rng.choice([1, 7, 10**18, 10**36, 3 * 10**39])
    positions = []
    for _ in range(rng.randint(1, 12)):
        owed = rng.randint(1, 30) * unit * index
        near = owed * 10**36 * WAD // (index * price * liq_ltv)
        positions.append((max(0, min(2**128 - 1, near + rng.randint(-3, 3))), owed))
    debt_shares = sum(owed for _, owed in positions)
    return positions, make_totals(rng.choice([debt_shares // index, 0, 1]), debt_shares), price


def test_every_unhealthy_position_is_a_suspect() -> None:
    """Against the rule itself, on positions within a few units of the limit; totals move between looks as sales and interest move them."""
    missed = unhealthy = spared = 0
    for seed in range(4000):
        rng = random.Random(seed)
        positions, totals, price = random_pool(rng)
        liq_ltv = rng.choice([1, 10**9, WAD // 2, 86 * WAD // 100, WAD - 1])
        suspects = Suspects(liq_ltv)
        for place, position in enumerate(positions):
            suspects.put(place, *position)
        for _ in range(3):
            threshold = suspects.threshold(price, totals)
            taken = set(suspects.take(threshold))
            for place, position in enumerate(positions):
                is_bad = is_unhealthy(*position, totals, price, liq_ltv)
                unhealthy += is_bad
                missed += is_bad and place not in taken
                spared += place not in taken
            for place in taken:
                suspects.put(place, *positions[place])
            totals = make_totals(max(0, totals.debt_assets * rng.choice([1, 2, 9]) // rng.choice([1, 10])), totals.debt_shares)
            price = max(1, price * rng.choice([1, 9, 11]) // 10)
    assert missed == 0
    assert unhealthy > 20_000
    assert spared > 10_000


def test_a_book_far_from_its_limits_is_not_looked_at() -> None:
    """Of ten thousand plain positions just those within a hair of the limit are suspects."""
    price, liq_ltv = 2000 * 10**36, 86 * WAD // 100
    suspects = Suspects(liq_ltv)
    debts = [(500 + place) * 10**17 for place in range(10_000)]
    totals = make_totals(sum(debts), sum(debts) * 10**6)
    for place, debt in enumerate(debts):
        suspects.put(place, 10**18, debt * 10**6)
    limit = 1720 * 10**18
    taken = set(suspects.take(suspects.threshold(price, totals)))
    assert taken == {place for place, debt in enumerate(debts) if debt > limit} | {
        place for place, debt in enumerate(debts) if debt == limit
    }


def test_positions_without_debt_are_never_suspects() -> None:
    """Whatever the price."""
    suspects = Suspects(WAD // 2)
    suspects.put(0, 5, 0)
    assert list(suspects.take(suspects.threshold(1, make_totals(0, 0)))) == []
    assert not suspects.is_suspect(0, 0, 0)


def test_a_debt_over_the_cap_of_values_is_a_suspect() -> None:
    """Values saturate at 2^160 - 1: with a liquidation LTV of next to nothing a debt can exceed what any collateral counts for."""
    price, liq_ltv, debt = 2**200, 1, 2 * 10**30
    totals = make_totals(debt, debt * 10**6)
    assert is_unhealthy(2**128 - 1, debt * 10**6, totals, price, liq_ltv)
    suspects = Suspects(liq_ltv)
    suspects.put(0, 2**128 - 1, debt * 10**6)
    assert list(suspects.take(suspects.threshold(price, totals))) == [0]
