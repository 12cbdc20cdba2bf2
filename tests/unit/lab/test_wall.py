"""The wall of a stress run: by hand, and against the exact curve."""

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import PoolFile, read_pool_file
from ringfence.lab.wall import wall
from ringfence.ladder.survey import survey
from ringfence.model.terms import WAD

STARTER = read_pool_file(Path(__file__).resolve().parents[3] / "src" / "ringfence" / "inputs" / "starter" / "terms.toml")
ETH, USDC = 10**STARTER.collateral_decimals, 10**STARTER.asset_decimals


def pool_at(liq_ltv: str, supply: int = 10**6) -> PoolFile:
    """The starter's pool with this liquidation LTV."""
    ltv = int(Fraction(liq_ltv) * WAD)
    return replace(
        STARTER, supply=supply * USDC, reserve=0, terms=replace(STARTER.terms, liq_ltv=ltv, max_ltv=ltv // 2, target_ltv=0, min_debt=0)
    )


def test_one_loan_stands_where_arithmetic_says() -> None:
    """1,600 on one ether at 0.8 is healthy down to 2,000 itself, and worth its debt down to 1,600: from 2,500 that is 20 % and 36 %."""
    found = {round(100 * row.fall): row for row in wall(Book(("a",), (ETH,), (1600 * USDC,)), pool_at("0.8"), Fraction(2500))}
    assert list(found) == list(range(96))
    assert [row.liquidatable_debt for row in found.values()] == [0.0] * 21 + [1600.0] * 75
    assert [percent for percent, row in found.items() if row.added_debt] == [21]
    assert found[20].price == 2000.0
    assert next(percent for percent, row in found.items() if row.insolvent_loss > 0.0) == 37
    assert found[40].insolvent_loss == pytest.approx(1600 - 1500)
    assert found[95].insolvent_loss == pytest.approx(1600 - 125)


def test_it_is_the_exact_curve_at_every_percent() -> None:
    """Row by row the integers of `ringfence curve` with a step of a percent, of random books; the first row has all that is late."""
    rng, late = random.Random(11), 0
    pool = pool_at("0.86")
    for _ in range(20):
        loans = [(rng.randrange(1, 50) * ETH, Fraction(rng.randrange(100, 1000), 1000)) for _ in range(60)]
        debts = tuple(int(held * 2000 * ltv) * USDC // ETH for held, ltv in loans)
        book = Book(tuple(map(str, range(60))), tuple(held for held, _ in loans), debts)
        pool = replace(pool, supply=sum(debts))
        exact = survey(book, pool, 2000 * 10**36 * USDC // ETH, shock_step=WAD // 100).rows
        for row, true in zip(wall(book, pool, Fraction(2000)), exact, strict=False):
            assert round(row.fall * 100) * WAD // 100 == true.shock
            assert row.liquidatable_debt == pytest.approx(true.debt / USDC, rel=1e-13)
            assert row.added_debt == pytest.approx(true.wall / USDC, abs=1e-6)
            assert row.insolvent_loss == pytest.approx(true.loss / USDC, abs=2e-4)
            late += row.fall == 0.0 and row.added_debt > 0.0
    assert late == 20


def test_it_ends_where_there_is_no_price() -> None:
    """A price of ten base units falls to one at 90 %, and further there is none."""
    pool = replace(pool_at("0.8"), collateral_decimals=36, asset_decimals=0, supply=10**6)
    found = wall(Book(("a",), (10**36,), (1,)), pool, Fraction(10))
    assert [round(100 * row.fall) for row in found][-1] == 90
    assert found[-1].price == 1.0
