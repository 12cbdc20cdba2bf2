"""`lab/search.py`: each search finds the edge of every row there can be, and asks no more often than it says."""

import math
import random
from collections.abc import Callable
from functools import partial

import pytest

from ringfence.lab.search import LOOKED_AT, PROBES, beyond, bisected, from_place, probed, scanned

LONGEST = 70


class Asked:
    """A row of places, and which of them were asked."""

    def __init__(self, row: list[bool]) -> None:
        self.row, self.asked = row, list[int]()

    def __call__(self, place: int) -> bool:
        assert 0 <= place < len(self.row)
        self.asked.append(place)
        return self.row[place]


def ordered(count: int, edge: int) -> Asked:
    """Places that hold up to the edge, none if it is -1."""
    return Asked([place <= edge for place in range(count)])


def all_rows() -> list[tuple[int, int]]:
    """Every length up to the longest with every edge."""
    return [(count, edge) for count in range(1, LONGEST) for edge in range(-1, count)]


def test_bisection_finds_every_edge_and_asks_few_places() -> None:
    """The two ends and as many as halving takes; no place twice."""
    for count, edge in all_rows():
        row = ordered(count, edge)
        assert bisected(row, count) == (None if edge < 0 else edge)
        assert len(row.asked) <= 2 + math.ceil(math.log2(max(1, count - 1)))
        assert len(set(row.asked)) == len(row.asked)


def test_galloping_finds_every_edge_and_asks_no_further_than_twice_as_far() -> None:
    """Its asks grow with the logarithm of how far the edge is, not of how long the row is."""
    for count, edge in all_rows():
        row = ordered(count, edge)
        assert from_place(row, count, 0) == (None if edge < 0 else edge)
        assert len(row.asked) <= 3 + 2 * math.ceil(math.log2(edge + 2))
        assert max(row.asked) <= 2 * max(edge, 0) + 1
        assert len(set(row.asked)) == len(row.asked)


def test_galloping_in_disorder_ends_at_an_edge() -> None:
    """Whatever the row: what it finds holds, and what follows does not; only a first place that fails gives nothing."""
    found = 0
    draw = random.Random(5)
    for _ in range(2000):
        row = [draw.random() < 0.8 for _ in range(draw.randint(1, 40))]
        place = from_place(Asked(row), len(row), 0)
        assert (place is None) == (not row[0])
        if place is not None:
            found += 1
            assert row[place]
            assert place == len(row) - 1 or not row[place + 1]
    assert found > 1000


def test_probes_find_the_edge_beyond_first_places_that_fail() -> None:
    """Where all holds from the first on they ask as bisection does; where a stretch of two sixteenths holds after places that do not, they
    find its end."""
    for count, edge in all_rows():
        row = ordered(count, edge)
        assert probed(row, count) == (None if edge < 0 else edge)
        assert len(row.asked) <= 2 + math.ceil(math.log2(max(1, count - 1))) + (PROBES if edge < 0 else 0)
    found = 0
    for count in (17, 33, 98, 400):
        wide = 2 * -(-count // PROBES)
        for first in range(1, count - wide):
            for last in (first + wide, count - 1):
                row = Asked([first <= place <= last for place in range(count)])
                assert probed(row, count) == last
                assert len(row.asked) <= 2 + PROBES + 2 * math.ceil(math.log2(count))
                found += 1
    assert found > 500


def test_a_scan_finds_the_last_place_in_any_disorder() -> None:
    """From the end on, each place once, and none before the one it finds."""
    draw = random.Random(6)
    outcomes = set()
    for _ in range(1000):
        row = Asked([draw.random() < 0.2 for _ in range(draw.randint(1, 20))])
        place = scanned(row, len(row.row))
        expected = max((place for place, holds in enumerate(row.row) if holds), default=None)
        assert place == expected
        assert row.asked == list(reversed(range(0 if place is None else place, len(row.row))))
        outcomes.add(place is None)
    assert outcomes == {True, False}


def test_a_search_from_any_place_finds_every_edge() -> None:
    """Near to its start it asks few places, however long the row is."""
    for count, edge in all_rows():
        for start in range(count):
            row = ordered(count, edge)
            assert from_place(row, count, start) == (None if edge < 0 else edge)
            assert len(row.asked) <= 4 + 2 * math.ceil(math.log2(abs(edge - start) + 2))


@pytest.mark.parametrize("search", [bisected, *(partial(from_place, start=start) for start in (0, 10**6, 10**9 - 1))])
def test_a_row_of_a_billion_takes_some_dozen_asks(search: Callable[[Callable[[int], bool], int], int | None]) -> None:
    """The row is never looked at as a whole."""
    asked = []

    def holds(place: int) -> bool:
        asked.append(place)
        return place <= 123_456_789

    assert search(holds, 10**9) == 123_456_789
    assert len(asked) < 70


def test_beyond_finds_what_lies_further() -> None:
    """Whatever the order: the last of all places that hold, if there are no more than it looks at; of more, one that holds and is no less
    far; a place that is not likely is not asked unless it lies outward from one that holds."""
    dice, further, longer = random.Random(7), 0, 0
    for _ in range(2000):
        row = [dice.random() < dice.choice((0.05, 0.5, 0.9)) for _ in range(dice.randint(1, 2 * LOOKED_AT))]
        place = dice.choice([None, *(number for number, holds in enumerate(row) if holds)])
        asked = Asked(row)
        found = beyond(asked, row.__getitem__, len(row), place)
        last = max((number for number, holds in enumerate(row) if holds), default=None)
        if len(row) <= LOOKED_AT:
            assert found == last
        assert found is None or (row[found] and found >= (place or 0))
        further += found != place
        longer += len(row) > LOOKED_AT
        unlikely = Asked(row)
        assert beyond(unlikely, lambda _: False, len(row), place) == place
        assert unlikely.asked == []
    assert further > 1000 < longer + 200
