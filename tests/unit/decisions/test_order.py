"""The order of sale: worst first, exactly, ties in book order."""

import random
from functools import cmp_to_key

from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.decisions.order import badness, sale_order, waits

WORD = 2**128 - 1
amounts = st.one_of(st.integers(1, 50), st.integers(1, WORD), st.integers(WORD - 50, WORD))
shares = st.one_of(st.integers(0, 50), st.integers(0, WORD), st.integers(WORD - 50, WORD))


def crosswise(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Positive if the first (collateral, debt shares) is worse, by cross multiplication; no collateral is worst of all."""
    if not one[0] or not other[0]:
        return bool(one[1] and not one[0]) - bool(other[1] and not other[0])
    left, right = one[1] * other[0], other[1] * one[0]
    return (left > right) - (left < right)


@given(amounts, shares, amounts, shares)
@settings(deadline=None, max_examples=1000)
def test_badness_orders_as_cross_multiplication_does(collateral: int, owed: int, other_collateral: int, other_owed: int) -> None:
    """For every pair that 128 bits can hold."""
    one, other = badness(collateral, owed), badness(other_collateral, other_owed)
    assert (one > other) - (one < other) == crosswise((collateral, owed), (other_collateral, other_owed))


def test_badness_tells_the_closest_fractions_apart() -> None:
    """Neighbours with the largest denominators differ by less than 2^-255 and still are in order, equal fractions are equal."""
    assert badness(WORD, WORD - 1) > badness(WORD - 1, WORD - 2)
    assert badness(WORD, WORD) > badness(WORD, WORD - 1)
    assert badness(3, 7) == badness(3 * 10**30, 7 * 10**30)


def test_debt_without_collateral_is_worst_and_no_debt_is_best() -> None:
    """One share without collateral comes before all the shares there can be on one unit."""
    assert badness(0, 1) > badness(1, WORD) > badness(WORD, 1) > badness(5, 0) == badness(0, 0) == 0


def test_positions_are_sold_worst_first_and_ties_in_book_order() -> None:
    """A shuffled book of many ties sorts as an insertion by cross multiplication would."""
    rng = random.Random(7)
    book = [(rng.randint(0, 6), rng.randint(1, 9)) for _ in range(200)]
    places = list(range(200))
    rng.shuffle(places)
    expected = sorted(range(200), key=cmp_to_key(lambda one, other: -crosswise(book[one], book[other]) or one - other))
    assert sorted(places, key=lambda place: sale_order(place, *book[place])) == expected


def test_a_buyer_waits_for_the_least_incentive_he_asks() -> None:
    """What reaches it is taken; who asks for nothing never waits."""
    assert waits(29, 30)
    assert not waits(30, 30)
    assert not waits(0, None)
