"""Histories within a stress run: what `ringfence replay` makes of the same prices, moved to the start price."""

import gzip
import random
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="stress needs the lab extra")

from ringfence.inputs.errors import InputError
from ringfence.inputs.prices import Prices, read_prices
from ringfence.lab.histories import from_start, histories_of, lender_loss_of
from ringfence.lab.replay import replay
from ringfence.lab.stress import stress
from tests.unit.lab.test_stress import BOOK, DAY, POOL, USDC, WILD, pool_of

ROOT = Path(__file__).resolve().parents[3]
DECIMALS = POOL.collateral_decimals, POOL.asset_decimals
FIRST = 1_583_798_400
"""The 10th of March 2020."""


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    """Two days of hours that fall by two thirds, as an exchange gives them."""
    rng, price, lines = random.Random(2), 197.31, ["timestamp,open,high,low,close"]
    for hour in range(48):
        price *= 1 - (0.3 if hour in (12, 30) else rng.uniform(-0.01, 0.012))
        lines.append(f"{FIRST + 3600 * hour},{price:.2f},{price * 1.01:.2f},{price * 0.97:.2f},{price:.2f}")
    path = tmp_path / "candles.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.mark.parametrize("column", ["close", "low"])
def test_it_is_the_replay_of_the_moved_file(candles: Path, tmp_path: Path, column: str) -> None:
    """`scripts/make_prices.py` moves the file in decimals; every figure of its replay is here, to the unit, and lenders lose."""
    moved = tmp_path / "moved.csv"
    price = "2368.790966212669583495"
    pool = pool_of(reserve=100 * USDC)
    first = read_prices(candles, *DECIMALS, column).prices[0]
    close = read_prices(candles, *DECIMALS, "close").prices[0]
    wanted = Fraction(price) * close / first
    assert column == "low" or wanted == Fraction(price)
    command = ["--from", "2020-03-10", "--to", "2020-03-11", "--first-close", price, "--out", str(moved)]
    subprocess.run([sys.executable, str(ROOT / "scripts" / "make_prices.py"), str(candles), *command], check=True, capture_output=True)
    expected = replay(BOOK, pool, read_prices(moved, *DECIMALS, column)).pool
    start = Fraction(price) * first / close
    (found,) = histories_of(BOOK, pool, start, [read_prices(candles, *DECIMALS, column)], pytest.fail, None)
    assert found.pool == expected
    assert expected.loss_from_lenders > 0
    assert (found.file, found.column, found.rows, found.began, found.ended) == ("candles.csv.gz", column, 48, FIRST, FIRST + 47 * 3600)
    lost = expected.loss_from_lenders + max(0, expected.unrealised_loss - expected.reserve_after)
    assert found.lender_loss == pytest.approx(lost / (20_000 * USDC) * 10_000)


def test_it_begins_at_the_start_price_exactly_and_keeps_every_proportion() -> None:
    """In integers: 3, 2, 7 from 100 on are 100, 66.66..., 233.33... cut."""
    scale = 10 ** (36 + DECIMALS[1] - DECIMALS[0])
    moved = from_start(Prices((1, 2, 3), (3, 2, 7)), POOL, Fraction(100))
    assert moved.prices == (100 * scale, 200 * scale // 3, 700 * scale // 3)
    assert moved.timestamps == (1, 2, 3)


def test_falls_are_parts_of_the_first_price(tmp_path: Path) -> None:
    """Down by a half, and up to a tenth under where it began; told in the result with the file's digest, and nothing else changes."""
    path = tmp_path / "fall.csv"
    path.write_text("timestamp,price\n100,10\n200,5\n300,9\n")
    given = {"start_prices": [2000.0], "paths": 20, "horizon": DAY}
    found = stress([(BOOK, pool_of())], WILD, histories=[read_prices(path, *DECIMALS)], **given)  # type: ignore[arg-type]
    (shown,) = found.to_dict()["replays"]
    assert (shown["worst_fall"], shown["final_move"]) == (0.5, -0.1)
    assert found.inputs["fall.csv"] == shown["sha256"]
    assert (shown["sales"], shown["solvent"]) == (shown["pool"]["sales"], shown["pool"]["solvent"])
    assert shown["sales"] > 0
    plain = stress([(BOOK, pool_of())], WILD, **given).to_dict()  # type: ignore[arg-type]
    rest = {name: part for name, part in found.to_dict().items() if name != "replays"}
    assert rest | {"inputs": plain["inputs"]} == plain


def test_what_is_open_is_lost_to_lenders_beyond_the_reserve() -> None:
    """Of 10,000: 30 booked and 50 open are 80 bp, 60 where the reserve still has 20, and 30 where it has more than is open."""
    scale = 10 ** (36 + DECIMALS[1] - DECIMALS[0])
    (found,) = histories_of(BOOK, pool_of(), Fraction(2000), [Prices((0,), (2000 * scale,))], pytest.fail, None)
    for reserve, expected in ((0, 80), (20, 60), (70, 30)):
        figures = replace(found.pool, supply_before=10_000, loss_from_lenders=30, unrealised_loss=50, reserve_after=reserve)
        assert lender_loss_of(figures) == expected
    assert lender_loss_of(replace(found.pool, supply_before=0)) == 0.0


def test_what_fits_and_is_hardly_meant_is_told() -> None:
    """A start price at which the loans are under water: said once a history."""
    told: list[str] = []
    histories_of(BOOK, pool_of(), Fraction(100), [Prices((0,), (1,)), Prices((0,), (1,))], told.append, None)
    assert len(told) == 2
    assert all("under water at the first price" in line for line in told)


def test_rows_are_told_over_all_histories() -> None:
    told: list[tuple[int, int]] = []
    rows = Prices(tuple(range(3)), (1, 1, 1))
    histories_of(BOOK, pool_of(), Fraction(2000), [rows, rows], pytest.fail, lambda *both: told.append(both))
    assert told[-1] == (6, 6)
    assert (3, 6) in told


def test_a_history_that_does_not_fit_is_refused() -> None:
    """Prices that fall to nothing, or rise over a word; and several pools."""
    for prices in ((10**40, 1), (1, 10**76)):
        with pytest.raises(InputError, match="does not fit a price in base units"):
            from_start(Prices((0, 1), prices), POOL, Fraction(1, 10**3))
    with pytest.raises(InputError, match="history: is for one pool, and there are 2"):
        stress([(BOOK, pool_of())] * 2, WILD, start_prices=[1.0, 1.0], paths=5, horizon=DAY, histories=[Prices((0,), (1,))])
