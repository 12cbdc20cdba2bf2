"""The ladder beside a look at every position: who is unhealthy, in what order, and the curves over prices."""

from random import Random

import numpy as np
import pytest

from ringfence.decisions.order import sale_order
from ringfence.inputs.book import Book
from ringfence.ladder.ladder import BUFFER, Ladder
from ringfence.model.liquidation import Position, is_healthy, value_down
from ringfence.model.shares import Totals, debt_up
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, WAD
from tests.agreement import ladders

LTV = 86 * WAD // 100
ETH, USD = 10**18, 10**6
DOLLAR = 10**24
"""A price of one whole asset (6 decimals) for one whole collateral (18)."""


def plain(count: int, seed: int = 1) -> tuple[Ladder, Totals, list[tuple[int, int]]]:
    """Loans of 100 to a million at 30 to 85 % of 2,000 a piece, with interest on them."""
    rng = Random(seed)
    debts = [int(10 ** rng.uniform(2, 6)) * USD + rng.randrange(USD) for _ in range(count)]
    held = [debt * ETH * 100 // (rng.randint(30, 85) * 2_000 * USD) for debt in debts]
    owed = [debt * 10**6 for debt in debts]
    return Ladder(held, owed, LTV), ladders.totals(sum(debts) * 11 // 10, sum(owed)), list(zip(held, owed, strict=True))


def unhealthy_one_by_one(positions: list[tuple[int, int]], price: int, totals: Totals, ltv: int) -> list[int]:
    """A look at every position, in the order of sale."""
    found = [place for place, held in enumerate(positions) if not is_healthy(ltv, totals, Position(*held), price)]
    return sorted(found, key=lambda place: sale_order(place, *positions[place]))


def test_a_few_positions_by_hand() -> None:
    """At 2,000 and 86 %, a whole collateral bears 1,720: one owes that, one a unit more, one nothing, one has nothing."""
    debts = [1_720 * USD, 1_720 * USD + 1, 0, 5, 2_000 * USD]
    book = Book(("a", "b", "c", "d", "e"), (ETH, ETH, ETH, 0, ETH), tuple(debts))
    ladder, totals = Ladder.of_book(book, LTV)
    assert [debt_up(ladder.position(place)[1], totals.debt_assets, totals.debt_shares) for place in range(5)] == debts
    assert ladder.liquidatable(2_000 * DOLLAR, totals).tolist() == [3, 4, 1]
    assert ladder.liquidatable(1_999 * DOLLAR, totals).tolist() == [3, 4, 1, 0]
    assert ladder.insolvent(2_000 * DOLLAR, totals).tolist() == [3]
    assert ladder.insolvent(2_000 * DOLLAR - 1, totals).tolist() == [3, 4]
    assert len(ladder) == 5


def test_equal_positions_stand_in_book_order() -> None:
    """Also where floats see ties that are none: ratios that differ in the 30th digit are put in their order, all others stay."""
    held, owed = [10**30] * 6 + [0, 0], [10**29, 10**29 + 1, 10**29, 10**29 - 1, 10**29 + 1, 10**29, 7, 8]
    ladder = Ladder(held, owed, LTV)
    assert ladder.liquidatable(1, ladders.totals(10**30, 10**30)).tolist() == [6, 7, 1, 4, 0, 2, 5, 3]


def test_whole_books_are_judged_as_one_by_one() -> None:
    """Plain loans from nobody unhealthy to all, at both LTVs, through interest and losses."""
    ladder, totals, positions = plain(3_000)
    counts = set()
    for dollars in (2_400, 2_000, 1_500, 1_000, 400):
        for state in (totals, totals._replace(debt_assets=totals.debt_assets // 2), totals._replace(debt_assets=0)):
            price = dollars * DOLLAR
            found = ladder.liquidatable(price, state).tolist()
            assert found == unhealthy_one_by_one(positions, price, state, LTV)
            assert ladder.insolvent(price, state).tolist() == unhealthy_one_by_one(positions, price, state, WAD)
            counts.add(len(found))
    assert {0, 3_000} <= counts
    assert len(counts) > 5


def test_what_no_pool_holds_is_refused() -> None:
    """Amounts, prices, LTVs, places, and books whose columns differ in length."""
    ladder, totals, _ = plain(3)
    for price in (0, -1, MAX_UINT256 + 1):
        with pytest.raises(ValueError, match="a price of"):
            ladder.liquidatable(price, totals)
    for ltv in (0, WAD):
        with pytest.raises(ValueError, match="a liquidation LTV of"):
            Ladder([1], [1], ltv)
    with pytest.raises(ValueError, match="2 collaterals and 1 debts"):
        Ladder([1, 2], [1], LTV)
    for held, owed in ((-1, 0), (2**128, 0), (0, -1), (0, 2**127)):
        with pytest.raises(ValueError, match="amounts from"):
            Ladder([held], [owed], LTV)
        with pytest.raises(ValueError, match="more than a pool holds"):
            ladder.change(0, held, owed)
        with pytest.raises(ValueError, match="more than a pool holds"):
            ladder.open(held, owed)
    for place in (-1, 3):
        with pytest.raises(IndexError, match=f"place {place}: there are 3"):
            ladder.change(place, 1, 1)
        with pytest.raises(IndexError):
            ladder.position(place)
    with pytest.raises(ValueError, match="each must be below the one before"):
        ladder.wall([DOLLAR, DOLLAR], totals)


def test_an_empty_ladder_has_nobody_on_it() -> None:
    """And curves of nothing; the first position opens it."""
    ladder = Ladder([], [], LTV)
    totals = ladders.totals(0, 0)
    assert ladder.liquidatable(1, totals).tolist() == []
    assert ladder.at_risk([2, 1], totals).debt.tolist() == ladder.loss([2, 1], totals).tolist() == [0.0, 0.0]
    assert ladder.at_risk([], totals).positions.tolist() == []
    assert ladder.concentration().to_dict() == {"positions": 0, "largest": "0", "top_10": "0", "herfindahl": "0"}
    assert ladder.open(0, 1) == 0
    assert ladder.liquidatable(1, totals).tolist() == [0]


def test_what_was_answered_is_not_changed_by_what_comes() -> None:
    """An answer is the state at its time, and nobody can write into the ladder through it."""
    ladder, totals, _ = plain(200)
    answer = ladder.liquidatable(DOLLAR, totals)
    before = answer.tolist()
    with pytest.raises(ValueError, match="read-only"):
        answer[0] = 7
    for place in range(150):
        ladder.close(place)
    assert answer.tolist() == before
    assert len(ladder.liquidatable(DOLLAR, totals)) == 50


def test_a_change_is_seen_before_and_after_the_ladder_is_sorted_anew() -> None:
    """Through many times the buffer's room, the same as a fresh ladder after every change."""
    ladder, totals, positions = plain(300)
    rng = Random(5)
    rebuilt = 0
    for number in range(20 * BUFFER):
        place = rng.randrange(len(positions))
        positions[place] = (positions[rng.randrange(len(positions))][0], positions[rng.randrange(len(positions))][1])
        ladder.change(place, *positions[place])
        rebuilt += not ladder._changed
        if number % 10 == 0:
            assert ladder.liquidatable(1_800 * DOLLAR, totals).tolist() == unhealthy_one_by_one(positions, 1_800 * DOLLAR, totals, LTV)
    assert rebuilt > 10


def test_curves_are_what_positions_add_up_to() -> None:
    """Exactly the positions of `liquidatable`; sums within the bounds that are promised, before and after changes."""
    ladder, totals, positions = plain(2_000)
    prices = [2_500 * DOLLAR * left // 200 for left in range(200, 0, -1)]
    assert ladder.loss(prices, totals)[0] == 0.0
    for _ in range(2):
        risk, losses, wall = ladder.at_risk(prices, totals), ladder.loss(prices, totals), ladder.wall(prices, totals)
        assert risk.prices == tuple(prices)
        for number, price in enumerate(prices):
            found = ladder.liquidatable(price, totals).tolist()
            owed = [debt_up(positions[place][1], totals.debt_assets, totals.debt_shares) for place in range(len(positions))]
            debt = sum(owed[place] for place in found)
            lost = sum(max(0, each - value_down(held, price)) for each, (held, _) in zip(owed, positions, strict=True))
            assert risk.positions[number] == len(found)
            assert risk.collateral[number] == pytest.approx(sum(positions[place][0] for place in found), rel=2**-48)
            assert debt - len(found) - debt * 2**-48 <= risk.debt[number] <= debt * (1 + 2**-48)
            assert losses[number] == pytest.approx(lost, abs=2 * len(positions) + sum(owed) * 2**-47)
        assert len(wall) == 199
        assert wall.sum() == pytest.approx(risk.debt[-1] - risk.debt[0])
        assert losses[0] < losses[100] < losses[-1]
        for place in range(40):
            positions[place] = (positions[place][0] // 2, positions[place][1])
            ladder.change(place, *positions[place])


def test_curves_judge_in_integers_too() -> None:
    """On books beside their thresholds the number at risk is that of `liquidatable`, doubt included."""
    doubted = 0
    for seed in range(60):
        rng = Random(seed)
        book = ladders.draw_book(rng, 60)
        ladder = Ladder(book.collateral, book.debt_shares, book.liq_ltv)
        for state in book.states:
            prices = ladders.draw_prices(rng, book, state, 5)
            expected = [len(ladder.liquidatable(price, state)) for price in prices]
            assert ladder.at_risk(prices, state).positions.tolist() == expected
            doubted += len(prices) - len(set(expected))
    assert doubted > 100


def test_concentration_by_hand() -> None:
    """Twelve loans, one of which is half of the debt."""
    ladder = Ladder([1] * 13, [11] + [1] * 11 + [0], LTV)
    found = ladder.concentration()
    assert (found.positions, found.largest, found.top_10) == (12, WAD // 2, 20 * WAD // 22)
    assert found.herfindahl == (121 + 11) * WAD // 484
    ladder.close(0)
    assert ladder.concentration().herfindahl == WAD // 11


def test_a_curve_is_a_table() -> None:
    """One row a price, prices whole."""
    pytest.importorskip("polars", reason="frames need the lab extra")
    ladder, totals, _ = plain(50)
    frame = ladder.at_risk([PRICE_SCALE, 1], totals).to_polars()
    assert frame.columns == ["price", "positions", "collateral", "debt"]
    assert frame["price"].to_list() == [str(PRICE_SCALE), "1"]
    assert frame["positions"].to_list()[1] == 50


def test_places_are_integers_of_numpy() -> None:
    """So that they index arrays of the book."""
    ladder, totals, _ = plain(10)
    assert ladder.liquidatable(1, totals).dtype == np.int64
    assert ladder.liquidatable(MAX_UINT256, totals).dtype == np.int64
