"""A survey is what a look at every position at every price adds up to, in the pool that a replay would set up."""

import dataclasses
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from ringfence.inputs.book import Book, read_book
from ringfence.inputs.curve_result import CURVE_COLUMNS, CurveResult, write_curve
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import PoolFile, read_pool_file, terms_with_stand_ins
from ringfence.inputs.results import is_result_folder
from ringfence.lab.model_engine import ModelEngine
from ringfence.ladder.survey import survey
from ringfence.model.liquidation import Position, is_healthy, value_down
from ringfence.model.shares import debt_up
from ringfence.model.terms import WAD

SAMPLES = Path(__file__).resolve().parents[3] / "src" / "ringfence" / "inputs" / "samples"
DOLLAR = 10**24


def sample(name: str) -> tuple[Book, PoolFile]:
    """A sample's book and terms."""
    pool = read_pool_file(SAMPLES / name / "terms.toml")
    return read_book(SAMPLES / name / "book.csv", pool.collateral_decimals, pool.asset_decimals), pool


def set_up(book: Book, pool: PoolFile) -> ModelEngine:
    """The pool as a replay sets it up, in the exact model."""
    engine = ModelEngine()
    engine.open(terms_with_stand_ins(pool.terms), pool.rate, pool.supply, pool.reserve, 0)
    for place, (collateral, debt) in enumerate(zip(book.collateral, book.debt, strict=True)):
        engine.enter(place, collateral, debt)
    return engine


def check(result: CurveResult, book: Book, pool: PoolFile) -> None:
    """Each row against the rule, position by position."""
    engine = set_up(book, pool)
    totals = engine.totals()
    positions = [Position(*engine.position(place)[:2]) for place in range(len(book))]
    debts = [debt_up(position.debt_shares, totals.debt_assets, totals.debt_shares) for position in positions]
    assert debts == list(book.debt)
    for row in result.rows:
        unhealthy = [place for place, held in enumerate(positions) if not is_healthy(pool.terms.liq_ltv, totals, held, row.price)]
        excess = [debt - value_down(held.collateral, row.price) for debt, held in zip(debts, positions, strict=True)]
        assert row.positions == len(unhealthy)
        assert row.collateral == sum(positions[place].collateral for place in unhealthy)
        assert row.debt == sum(debts[place] for place in unhealthy)
        assert row.insolvent == sum(each > 0 for each in excess)
        assert row.loss == sum(max(0, each) for each in excess)
    assert result.rows[0].wall == result.rows[0].debt
    assert all(row.wall == row.debt - above.debt for above, row in pairwise(result.rows))


@pytest.mark.parametrize("name", ["eth_usdc", "btc_usdc", "gold_usdc"])
def test_every_row_is_a_look_at_every_position(name: str) -> None:
    """From nobody at risk to everybody, in the three samples."""
    book, pool = sample(name)
    price = 5 * max(debt * 10**36 // held for held, debt in zip(book.collateral, book.debt, strict=True))
    seen: list[int] = []
    result = survey(book, pool, price, shock_step=WAD // 33, progress=lambda done, of: seen.append(done) if of == 34 else None)
    check(result, book, pool)
    assert [row.shock for row in result.rows] == [WAD // 33 * number for number in range(34)]
    assert seen == list(range(1, 35))
    assert result.rows[0].positions == 0 < result.rows[-1].loss
    assert result.rows[-1].positions == len([debt for debt in book.debt if debt])
    assert len({row.positions for row in result.rows}) > 5


def test_positions_a_unit_beside_the_threshold_are_told_apart() -> None:
    """Two hundred loans that owe what their collateral just bears at the first price, or a unit more."""
    _, pool = sample("eth_usdc")
    rng = Random(3)
    bears = [rng.randrange(100, 10**9) for _ in range(200)]
    held = tuple(-(-units * 10**36 * WAD // (pool.terms.liq_ltv * 2_000 * DOLLAR)) for units in bears)
    most = [value_down(each, 2_000 * DOLLAR) * pool.terms.liq_ltv // WAD for each in held]
    book = Book(tuple(f"account {place}" for place in range(200)), held, tuple(units + place % 2 for place, units in enumerate(most)))
    terms = dataclasses.replace(pool.terms, min_debt=0)
    pool = dataclasses.replace(pool, terms=terms, supply=2 * sum(book.debt))
    result = survey(book, pool, 2_000 * DOLLAR, shock_step=WAD // 2)
    check(result, book, pool)
    assert result.rows[0].positions == 100


def test_prices_end_where_nothing_is_left_of_them() -> None:
    """A first price of one unit has no fall, and a step of 1 is no fall either."""
    book, pool = sample("eth_usdc")
    assert [row.shock for row in survey(book, pool, 1).rows] == [0]
    assert [row.shock for row in survey(book, pool, 2_000 * DOLLAR, shock_step=WAD).rows] == [0]
    assert len(survey(book, pool, 2_000 * DOLLAR, shock_step=WAD // 1000).rows) == 1000


@pytest.mark.parametrize("step", [0, WAD // 1000 - 1, WAD + 1])
def test_a_step_that_leads_nowhere_is_refused(step: int) -> None:
    book, pool = sample("eth_usdc")
    with pytest.raises(InputError, match="--shock-step: is not from 0.001 to 1; give a decimal"):
        survey(book, pool, DOLLAR, shock_step=step)


def test_a_price_upside_down_is_noticed() -> None:
    """When most loans are under water at the first price."""
    book, pool = sample("eth_usdc")
    (notice,) = survey(book, pool, 1).notices
    assert notice == "--price: 100 of 100 loans are under water at it; is it the price of collateral in asset?"
    assert survey(book, pool, 2_000 * DOLLAR).notices == ()


def test_the_files_say_what_the_result_says(tmp_path: Path) -> None:
    """Amounts whole in both, and the folder is known as a result's."""
    book, pool = sample("eth_usdc")
    result = survey(book, pool, 2_000 * DOLLAR)
    write_curve(result, tmp_path)
    assert is_result_folder(tmp_path)
    lines = (tmp_path / "curve.csv").read_text().splitlines()
    assert lines[0] == ",".join(CURVE_COLUMNS)
    assert [line.split(",") for line in lines[1:]] == [[str(value) for value in row.values()] for row in result.to_dict()["curve"]]
    assert (tmp_path / "result.json").read_text() == result.to_json()
    pytest.importorskip("polars", reason="frames need the lab extra")
    frame = result.to_polars()
    assert frame.columns == list(CURVE_COLUMNS)
    assert frame["loss"].to_list() == [str(row.loss) for row in result.rows]
    assert frame["positions"].sum() == sum(row.positions for row in result.rows)
