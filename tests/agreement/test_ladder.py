"""The ladder says of every position what the contract says: at any price, in any totals, a few units beside each threshold.

The contract's own module judges in batches (ladder_judge.vy), the shipped pool one by one. Decisions are counted by what makes them hard:
how many lay within the doubt band, and how many floats alone would have got wrong.
"""

import os
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from ringfence.chain.contract import Contract
from ringfence.chain.embedded import EmbeddedChain
from ringfence.decisions.order import sale_order
from ringfence.ladder import band as bands
from ringfence.ladder import ladder as ladders
from ringfence.ladder.band import band
from ringfence.ladder.ladder import Ladder
from ringfence.model.liquidation import Position
from ringfence.model.shares import Totals
from ringfence.model.terms import VIRTUAL_ASSETS, VIRTUAL_SHARES, WAD
from tests.agreement.ladders import Book, draw_book, draw_prices
from tests.agreement.planted import BORROWER, DEPLOYER, NOW, Surroundings
from tests.agreement.test_limits import PLAIN
from tests.compiled import compiled

JUDGE = Path(__file__).parent / "ladder_judge.vy"
SIZE = 256
THRESHOLDS = 4
# Of a million; about half of what is seen.
LEAST = {"unhealthy": 250_000, "healthy": 250_000, "in doubt": 80_000, "floats alone are wrong": 60_000}


@pytest.fixture(scope="module")
def judge() -> Contract:
    """The rule of contracts/liquidation.vy, on a chain."""
    return Contract.create(EmbeddedChain(timestamp=1), compiled(JUDGE), DEPLOYER)


@pytest.mark.slow
def test_a_million_decisions_are_the_contracts(judge: Contract) -> None:
    """Every position of every book at every price, and those that are unhealthy in the order of sale."""
    counts = decide(judge, 1_000_000, seed=1)
    assert not {kind: (counts[kind], least) for kind, least in LEAST.items() if counts[kind] < least}


@pytest.mark.nightly
def test_ten_million_decisions_are_the_contracts(judge: Contract) -> None:
    """The same ten times as long ($LADDER_DECISIONS)."""
    decisions = int(os.environ.get("LADDER_DECISIONS", "10_000_000"))
    counts = decide(judge, decisions, seed=2)
    print(dict(counts))  # noqa: T201  kept with the long runs
    assert not {kind: (counts[kind], least) for kind, least in LEAST.items() if counts[kind] * 10**6 < least * decisions}


@pytest.mark.parametrize(("name", "fault"), [("DOUBT_UNITS", 0), ("DOUBT_UNITS", 1.9), ("SLACK", 0.0), ("MAX_VALUE", 2**170)])
def test_a_fault_in_the_band_is_found(judge: Contract, monkeypatch: pytest.MonkeyPatch, name: str, fault: float) -> None:
    """No band, one a little too narrow for both roundings, one that forgets those of floats, one that forgets the cap of values."""
    monkeypatch.setattr(bands, name, fault)
    with pytest.raises(AssertionError):
        decide(judge, 1_000_000, seed=1)


def test_a_recheck_that_is_never_made_is_found(judge: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever believes floats within the band is wrong on one side or on the other."""
    for answer in (True, False):
        monkeypatch.setattr(ladders, "_is_healthy", lambda *_, answer=answer: answer)
        with pytest.raises(AssertionError):
            decide(judge, 20_000, seed=1)


def test_the_shipped_pool_says_the_same() -> None:
    """Four thousand positions in the storage of a deployed pool, asked one by one through `is_healthy`."""
    surroundings = Surroundings()
    counts: Counter[bool] = Counter()
    for number in range(40):
        rng = Random(f"ladder in a pool {number}")
        book = draw_book(rng, 10)
        numbers = {"liq_ltv": max(2, book.liq_ltv), "max_ltv": 1, "incentive_base": 0, "incentive_max": 0, "incentive_slope": 1}
        pool = surroundings.pool(PLAIN | numbers)
        ladder = Ladder(book.collateral, book.debt_shares, pool.terms.liq_ltv)
        state = rng.choice(book.states)
        for price in rng.choices(draw_prices(rng, book, state, THRESHOLDS), k=10):
            surroundings.set_prices(price, price)
            unhealthy = set(ladder.liquidatable(price, state).tolist())
            for place, held in enumerate(zip(book.collateral, book.debt_shares, strict=True)):
                pool.plant(state._replace(accrued_at=NOW), Position(*held))
                assert pool.ask("is_healthy", BORROWER) == ("ok", place not in unhealthy), (number, state, held, price)
                counts[place in unhealthy] += 1
    assert sum(counts.values()) == 4_000
    assert min(counts.values()) > 1_000


def decide(judge: Contract, decisions: int, seed: int) -> Counter[str]:
    """So many decisions, each compared with the contract's; what they were."""
    counts: Counter[str] = Counter()
    number = 0
    while counts["decisions"] < decisions:
        rng = Random(f"ladder {seed}/{number}")
        number += 1
        book = draw_book(rng, SIZE)
        ladder = Ladder(book.collateral, book.debt_shares, book.liq_ltv)
        ranking = sorted(range(SIZE), key=lambda place: sale_order(place, book.collateral[place], book.debt_shares[place]))
        for state in book.states:
            for price in draw_prices(rng, book, state, THRESHOLDS):
                expected = unhealthy_by_contract(judge, book, state, price)
                found = ladder.liquidatable(price, state).tolist()
                assert found == [place for place in ranking if place in expected], (seed, number, state, price)
                count(counts, book, ladder, state, price, expected)
    return counts


def unhealthy_by_contract(judge: Contract, book: Book, state: Totals, price: int) -> set[int]:
    """The places that the contract's rule calls unhealthy."""
    packed = [held << 128 | owed for held, owed in zip(book.collateral, book.debt_shares, strict=True)]
    answer = judge.call("unhealthy", book.liq_ltv, state.debt_assets, state.debt_shares, price, packed)
    bits = sum(word << (256 * number) for number, word in enumerate(answer))
    return {place for place in range(SIZE) if bits >> place & 1}


def count(counts: Counter[str], book: Book, ladder: Ladder, state: Totals, price: int, unhealthy: set[int]) -> None:
    """What kind of decisions one price has been."""
    counts["decisions"] += SIZE
    counts["unhealthy"] += len(unhealthy)
    counts["healthy"] += SIZE - len(unhealthy)
    counts["in doubt"] += len(ladder._rungs.doubtful(band(price, book.liq_ltv, state)))
    threshold = price * book.liq_ltv * (state.debt_shares + VIRTUAL_SHARES) / ((state.debt_assets + VIRTUAL_ASSETS) * WAD**3)
    with np.errstate(all="ignore"):
        by_floats = np.array(book.debt_shares, dtype=float) / np.array(book.collateral, dtype=float) > threshold
    counts["floats alone are wrong"] += len(unhealthy ^ set(np.flatnonzero(by_floats).tolist()))
