"""The exponential is the true one, rounded down by less than its bound, wherever it is asked."""

from decimal import Decimal, localcontext
from random import Random

from ringfence.model.exponential import LN_2, MAX_X, ONE, exp_down
from ringfence.model.terms import WAD

POINTS = 100_000
# Sixty digits: the bound is 27 of them.
PRECISION = 60


def short_by(x: int) -> Decimal:
    """What the answer is under the true value by, as part of it; negative if it is over."""
    true = (Decimal(x) / WAD).exp() * ONE
    return (true - exp_down(x)) / true


def drawn_points() -> list[int]:
    """Ends, whole multiples of ln 2 and what is beside them, and every size from 1 to the largest."""
    rng = Random("exponential")
    edges = [0, 1, 2, MAX_X - 1, MAX_X]
    for doublings in range(1, 47):
        step = doublings * LN_2 * WAD // ONE
        edges += [step - 1, step, step + 1, step + 2]
    sizes = [min(MAX_X, rng.getrandbits(rng.randint(1, MAX_X.bit_length()))) for _ in range(POINTS // 2)]
    return edges + sizes + [rng.randint(0, MAX_X) for _ in range(POINTS - len(sizes))]


def test_never_over_and_short_by_less_than_its_bound() -> None:
    """At 100,000 points and more, held against decimal arithmetic of sixty digits; the bound is 2^-89 of the value."""
    points = drawn_points()
    with localcontext(prec=PRECISION):
        errors = [short_by(x) for x in points]
        assert len(errors) > POINTS
        assert 0 <= min(errors)
        assert max(errors) < Decimal(2) ** -89
        # The bound is not idle: the largest error is nearer to it than a hundredth.
        assert max(errors) > Decimal(2) ** -97


def test_known_values() -> None:
    """e^0 is 1 exactly; e^1 is 2.71828182845904523536 to all those digits; e^ln 2 is 2 to eighteen."""
    assert exp_down(0) == ONE
    assert exp_down(WAD) * 10**20 // ONE == 271_828_182_845_904_523_536
    assert exp_down(693_147_180_559_945_309) * 10**17 // ONE == 2 * 10**17 - 1


def test_beyond_its_largest_argument_nothing_changes() -> None:
    """Whatever is asked, the answer is that of 32, and fits 143 bits."""
    largest = exp_down(MAX_X)
    assert largest < 2**143
    assert [exp_down(x) for x in (MAX_X + 1, 2**128, 2**256 - 1)] == [largest] * 3
    assert exp_down(MAX_X - WAD // 10**6) < largest


def test_it_never_falls_where_its_argument_rises() -> None:
    """Neighbours at doublings, where the series starts anew, and anywhere else."""
    for x in drawn_points()[:20_000]:
        assert exp_down(x) <= exp_down(x + 1)


def test_the_constant_is_ln_2_rounded_up() -> None:
    with localcontext(prec=PRECISION):
        exact = Decimal(2).ln() * ONE
        assert exact < LN_2 < exact + 1
