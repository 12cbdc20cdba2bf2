"""What a single fall costs, by hand."""

import random
from dataclasses import replace

import pytest

from ringfence.inputs.scenario import Liquidators, Market, Scenario
from ringfence.lab.shocks import FALLS, shocks
from ringfence.lab.world import build_world, positions_of
from tests.agreement import stress_cases as cases

PRICE, INCENTIVE, LIQ_LTV = 2000.0, 0.05, 0.85


def rows(market: Market) -> tuple[tuple[cases.Book, ...], list[tuple]]:  # type: ignore[type-arg]
    """Two pools without interest, reserve or penalty, in this market."""
    rng = random.Random(3)
    terms = cases.terms(penalty=0, reserve_factor=0, reserve_target=0)
    loans = tuple(cases.book(rng, 50, PRICE) for _ in range(2))
    pools = [(book, cases.pool_file(terms, book, rate=cases.fixed(0), reserve=0.0)) for book in loans]
    world = build_world(pools, Scenario("calm", cases.gbm(), market=market, liquidators=Liquidators()), [PRICE, PRICE], 24)
    return loans, list(shocks(world, [positions_of(book, pool) for book, pool in pools]))


def test_a_market_that_takes_everything_leaves_what_collateral_cannot_pay() -> None:
    """Each unhealthy loan is sold at once: its collateral pays its debt, or collateral / (1 + incentive) of it."""
    loans, found = rows(Market())
    lost = 0
    for book, row in zip(loans, found, strict=True):
        assert [shock.fall for shock in row] == list(FALLS)
        for shock in row:
            price = PRICE * (1.0 - shock.fall)
            pairs = [(debt / cases.TOKEN, held / cases.TOKEN * price) for held, debt in zip(book.collateral, book.debt, strict=True)]
            unhealthy = [(debt, value) for debt, value in pairs if debt > value * LIQ_LTV]
            assert shock.price == pytest.approx(price)
            assert shock.liquidatable_debt == pytest.approx(sum(debt for debt, _ in unhealthy))
            assert shock.loss == shock.loss_without_depth
            assert shock.loss == pytest.approx(sum(max(0.0, debt - value / (1.0 + INCENTIVE)) for debt, value in unhealthy))
            lost += shock.loss > 0.0
    assert lost > len(FALLS)


def test_depth_that_lacks_costs_and_the_rest_does_not_change() -> None:
    """In a thin market the same falls cost at least as much, and some cost more."""
    _, free = rows(Market())
    _, thin = rows(replace(cases.THIN, cascade=0.0))
    for without, row in zip(free, thin, strict=True):
        assert [shock.loss_without_depth for shock in row] == [shock.loss for shock in without]
        # What waits for depth is valued without an incentive at the end, so that a wait can be cheaper than a sale.
        assert all(shock.loss > 0.0 for shock in row[12:])
    assert any(shock.loss != shock.loss_without_depth for row in thin for shock in row)
