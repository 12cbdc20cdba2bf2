"""The adaptive rate in figures: the curve, how fast it moves, its bounds, and what belongs to whom."""

from decimal import Decimal, localcontext
from random import Random

import pytest

from ringfence.model.adaptive_rate import FINER, MAX_RATE_AT_TARGET, MIN_RATE_AT_TARGET, AdaptiveRate
from ringfence.model.errors import Revert
from ringfence.model.interest import MAX_RATE
from ringfence.model.terms import MAX_UINT256, YEAR_SECONDS

POOL, OTHER = "0x" + "a1" * 20, "0x" + "b2" * 20
FOUR_PERCENT = 4 * 10**16 // YEAR_SECONDS
SUPPLY = 10**12
DAY = 86_400


def begun(at_target: int = FOUR_PERCENT) -> AdaptiveRate:
    """A model that POOL has asked once."""
    model = AdaptiveRate(at_target)
    model.update(POOL, 0, SUPPLY, 1)
    return model


@pytest.mark.parametrize(
    ("used", "times"),
    [(0, "0.25"), (45, "0.625"), (90, "1"), (91, "1.3"), (95, "2.5"), (100, "4")],
)
def test_the_curve(used: int, times: str) -> None:
    """A quarter of the rate at target where nothing is lent, four times where all is, straight on both sides of 90 %.

    Half way to the target the error is 1/2: 1 - 3/4 * 1/2 = 0.625. At 95 % it is 1/2 above: 1 + 3 * 1/2 = 2.5; at 91 % 1/10: 1.3.
    """
    model = AdaptiveRate(FOUR_PERCENT)
    assert model.rate(POOL, SUPPLY * used // 100, SUPPLY, 0) == int(FOUR_PERCENT * Decimal(times))


def test_the_first_answer_is_the_initial_rate_however_much_time_has_passed() -> None:
    """Nobody was asked before; what is remembered is the initial rate."""
    model = AdaptiveRate(FOUR_PERCENT)
    assert model.rate(POOL, SUPPLY, SUPPLY, 10**9) == 4 * FOUR_PERCENT
    assert model.rate_at_target(POOL) == FOUR_PERCENT
    assert model.update(POOL, SUPPLY, SUPPLY, 10**9) == 4 * FOUR_PERCENT
    assert model.remembered == {POOL: FOUR_PERCENT * FINER}


def test_five_days_at_full_use_double_the_rate_at_target() -> None:
    """e^(50 * 5 / 365) = e^0.684932 = 1.983636; the middle is the root of that, 1.408416.

    On average (1 + 2 * 1.408416 + 1.983636) / 4 = 1.450117 times, and four times that at full use.
    """
    model = begun()
    rate = model.update(POOL, SUPPLY, SUPPLY, 5 * DAY)
    assert model.rate_at_target(POOL) / FOUR_PERCENT == pytest.approx(1.983636, abs=1e-6)
    assert rate / FOUR_PERCENT == pytest.approx(4 * 1.450117, abs=4e-6)


def test_five_days_unused_halve_it() -> None:
    """The same the other way: 1 / 1.983636 = 0.504125, its root 0.710018; on average (1 + 1.420036 + 0.504125) / 4 = 0.731040, and a
    quarter of it.
    """
    model = begun()
    rate = model.update(POOL, 0, SUPPLY, 5 * DAY)
    assert model.rate_at_target(POOL) / FOUR_PERCENT == pytest.approx(0.504125, abs=1e-6)
    assert rate / FOUR_PERCENT == pytest.approx(0.731040 / 4, abs=1e-6)


def test_at_target_nothing_moves() -> None:
    """However long."""
    model = begun()
    assert model.update(POOL, 9 * SUPPLY // 10, SUPPLY, 10**12) == FOUR_PERCENT
    assert model.remembered == {POOL: FOUR_PERCENT * FINER}


def test_it_stays_between_its_bounds() -> None:
    """0.1 % and 200 % a year; 200 % times four is the 800 % that a pool counts at most."""
    model = begun()
    assert model.update(POOL, SUPPLY, SUPPLY, 2**200) <= MAX_RATE
    assert model.rate_at_target(POOL) == MAX_RATE_AT_TARGET == 63_419_583_967
    assert model.update(POOL, SUPPLY, SUPPLY, 1) == 4 * MAX_RATE_AT_TARGET == MAX_RATE - 2
    model.update(POOL, 0, SUPPLY, 2**200)
    assert model.rate_at_target(POOL) == MIN_RATE_AT_TARGET == 31_709_791
    assert model.update(POOL, 0, SUPPLY, 1) == MIN_RATE_AT_TARGET // 4


@pytest.mark.parametrize(
    ("at_target", "text"),
    [
        (MIN_RATE_AT_TARGET, ""),
        (MIN_RATE_AT_TARGET - 1, "rate: at target under 0.1 % a year"),
        (0, "rate: at target under 0.1 % a year"),
        (MAX_RATE_AT_TARGET, ""),
        (MAX_RATE_AT_TARGET + 1, "rate: at target over 200 % a year"),
    ],
)
def test_it_starts_between_its_bounds(at_target: int, text: str) -> None:
    """Accepted at the bound, refused beyond."""
    if not text:
        assert AdaptiveRate(at_target).initial_rate_at_target == at_target
        return
    with pytest.raises(Revert) as refusal:
        AdaptiveRate(at_target)
    assert str(refusal.value) == text


def test_what_one_pool_does_moves_no_other_pools_rate() -> None:
    """State is the caller's; a view changes none."""
    model = begun()
    model.update(OTHER, SUPPLY, SUPPLY, 1)
    before = dict(model.remembered)
    model.rate(OTHER, SUPPLY, SUPPLY, 100 * DAY)
    assert model.remembered == before
    model.update(OTHER, SUPPLY, SUPPLY, 100 * DAY)
    assert model.remembered[POOL] == before[POOL]
    assert model.remembered[OTHER] > before[OTHER]


def test_asking_in_pieces_leads_to_the_same_rate_at_target() -> None:
    """A pool that is touched every block at the same utilisation ends where one that is touched once ends, to a part in 1e9.

    The lowest rates are the hardest: there a move of one block is under a unit of WAD per second.
    """
    rng = Random("pieces")
    moved = 0
    for _ in range(20):
        start = rng.choice((MIN_RATE_AT_TARGET, MIN_RATE_AT_TARGET * 2, FOUR_PERCENT))
        used = rng.choice((0, SUPPLY // 2, SUPPLY * 899_999 // 10**6, SUPPLY * 900_001 // 10**6, SUPPLY * 95 // 100, SUPPLY))
        once, often = begun(start), begun(start)
        once.update(POOL, used, SUPPLY, 12 * 2_000)
        for _ in range(2_000):
            often.update(POOL, used, SUPPLY, 12)
        assert often.remembered[POOL] / once.remembered[POOL] == pytest.approx(1, abs=1e-9)
        moved += once.remembered[POOL] != start * FINER
    assert moved > 10


def test_it_is_the_published_formula() -> None:
    """Held against the formula in sixty digits, for any start, use and time that leave it between its bounds: to two units of a second."""
    rng = Random("formula")
    inside = 0
    for _ in range(3_000):
        start = rng.randint(MIN_RATE_AT_TARGET, MAX_RATE_AT_TARGET)
        used, elapsed = rng.randint(0, SUPPLY), rng.choice((1, 12, 3_600, DAY, rng.randint(1, 30 * DAY)))
        model = begun(start)
        rate = model.update(POOL, used, SUPPLY, elapsed)
        with localcontext(prec=60):
            share = Decimal(used) / SUPPLY
            target, one = Decimal("0.9"), Decimal(1)
            error = (share - target) / (one - target if share > target else target)
            moved = (50 * error * elapsed / YEAR_SECONDS).exp()
            middle = (25 * error * elapsed / YEAR_SECONDS).exp()
            if not MIN_RATE_AT_TARGET < start * moved < MAX_RATE_AT_TARGET:
                continue
            times = 1 + 3 * error if share > target else 1 + Decimal("0.75") * error
            expected = start * (1 + moved + 2 * middle) / 4 * times
            assert abs(model.remembered[POOL] - start * moved * FINER) < start * moved * FINER / 10**15
            assert -Decimal("0.001") < expected - rate < 2
        inside += 1
    assert inside > 1_000


def test_no_input_is_refused() -> None:
    """Any words at all, from any state."""
    rng = Random("any")
    model = begun()
    for _ in range(3_000):
        debt, supply, elapsed = (rng.choice((0, 1, MAX_UINT256, rng.getrandbits(rng.randint(1, 256)))) for _ in range(3))
        assert 0 < model.update(POOL, debt, supply, elapsed) <= MAX_RATE
        assert MIN_RATE_AT_TARGET * FINER <= model.remembered[POOL] <= MAX_RATE_AT_TARGET * FINER
