"""However a ladder came about, by opening, changing and closing, it answers as one that is built anew."""

from collections import Counter
from random import Random

from hypothesis import given, settings

from ringfence.decisions.order import sale_order
from ringfence.ladder.ladder import Ladder
from ringfence.model.liquidation import Position, is_healthy
from tests.agreement.ladders import draw_book, draw_position, draw_prices
from tests.strategies import randoms

STEPS = 300
SEEN: Counter[str] = Counter()


@given(randoms())
@settings(max_examples=60)
def changes_are_seen(rng: Random) -> None:
    book = draw_book(rng, rng.choice((0, 3, 40)) or 1)
    positions = list(zip(book.collateral, book.debt_shares, strict=True))
    ladder = Ladder(book.collateral, book.debt_shares, book.liq_ltv)
    for _ in range(STEPS):
        step(rng, ladder, positions, draw_position(rng, book.price, book.states[0], book.liq_ltv))
        if rng.random() < 0.85:
            continue
        state = rng.choice(book.states)
        price = rng.choice(draw_prices(rng, book, state, 2))
        found = ladder.liquidatable(price, state).tolist()
        fresh = Ladder([held for held, _ in positions], [owed for _, owed in positions], book.liq_ltv)
        judged = [place for place, held in enumerate(positions) if not is_healthy(book.liq_ltv, state, Position(*held), price)]
        assert found == fresh.liquidatable(price, state).tolist() == sorted(judged, key=lambda place: sale_order(place, *positions[place]))
        SEEN["asked with changes waiting"] += bool(ladder._changed)
        SEEN["unhealthy"] += len(found)
        SEEN["healthy"] += len(positions) - len(found)
        if rng.random() < 0.05:
            curve, anew = ladder.at_risk([price], state), fresh.at_risk([price], state)
            assert (curve.positions, curve.collateral, curve.debt) == (anew.positions, anew.collateral, anew.debt)
            assert ladder.concentration() == fresh.concentration()
            SEEN["curves"] += 1
    assert [ladder.position(place) for place in range(len(ladder))] == positions


def step(rng: Random, ladder: Ladder, positions: list[tuple[int, int]], drawn: tuple[int, int]) -> None:
    """One change on both sides."""
    before = len(ladder._changed)
    match rng.randrange(4):
        case 0:
            assert ladder.open(*drawn) == len(positions)
            positions.append(drawn)
            SEEN["open"] += 1
        case 1:
            place = rng.randrange(len(positions))
            ladder.close(place)
            positions[place] = (0, 0)
            SEEN["close"] += 1
        case _:
            place = rng.randrange(len(positions))
            ladder.change(place, *drawn)
            positions[place] = drawn
            SEEN["change"] += 1
    SEEN["sorted anew"] += len(ladder._changed) < before


def test_a_ladder_that_changed_is_as_one_that_is_new() -> None:
    """And each thing happened often."""
    SEEN.clear()
    changes_are_seen()
    assert min(SEEN[name] for name in ("open", "close", "change")) > 1_000
    assert min(SEEN["unhealthy"], SEEN["healthy"]) > 10_000
    assert SEEN["asked with changes waiting"] > 1_000
    assert min(SEEN["sorted anew"], SEEN["curves"]) > 10
