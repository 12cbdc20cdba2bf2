"""What is merged, and what never is: sums stay, a cohort is narrow in critical price, small in debt, and of one size where sizes matter."""

import math

import numpy as np
import pytest

from ringfence.lab.cohorts import ALONE, SIZE_CLASS, Positions, cohorts
from ringfence.lab.layout import Cohorts

WIDTH = 0.001


def a_book(count: int, spread: float = 0.1) -> Positions:
    """So many loans of about 1,000, of 0.3 to 0.8 debt a token; the second has no debt."""
    rng = np.random.default_rng(count)
    debt = 1000.0 * rng.lognormal(0.0, spread, count)
    debt[1] = 0.0
    return Positions(debt / rng.uniform(0.3, 0.8, count) + (debt == 0.0), debt)


def members(book: Positions, width: float, by_size: bool) -> list[list[int]]:
    """The classes, spelled out: floor of the logarithm of risk over the width, and of debt over the size class."""
    classes: dict[tuple[int, int], list[int]] = {}
    for place in np.flatnonzero(book.debt > 0.0).tolist():
        risk = math.floor(math.log(book.debt[place] / book.collateral[place]) / width)
        classes.setdefault((risk, math.floor(math.log(book.debt[place]) / SIZE_CLASS) if by_size else 0), []).append(place)
    return list(classes.values())


@pytest.mark.parametrize("by_size", [False, True])
def test_classes_are_merged_as_long_as_they_are_small(by_size: bool) -> None:
    """Each cohort is some of one class, sums and first place included; a class of more than a 4,096th of the debt is several cohorts."""
    book = a_book(6000)
    found = cohorts(book, WIDTH, by_size)
    assert found.number.sum() == 5999.0
    assert found.debt.sum() == pytest.approx(book.debt.sum(), rel=1e-12)
    assert found.collateral.sum() == pytest.approx(book.collateral[book.debt > 0.0].sum(), rel=1e-12)
    assert found.debt.max() <= ALONE * book.debt.sum() + book.debt.max()
    classes = {place: held for held in members(book, WIDTH, by_size) for place in held}
    by_class: dict[int, list[int]] = {}
    for row, place in enumerate(found.place.astype(int)):
        by_class.setdefault(min(classes[place]), []).append(row)
    for first, rows in by_class.items():
        assert found.number[rows].sum() == len(classes[first])
        assert found.debt[rows].sum() == pytest.approx(book.debt[classes[first]].sum(), rel=1e-12)
        assert found.collateral[rows].sum() == pytest.approx(book.collateral[classes[first]].sum(), rel=1e-12)
    assert (found.number > 1.0).sum() > 300
    assert found.ratio == pytest.approx(found.debt / found.collateral)
    assert (np.diff(found.ratio) <= 0.0).all()


def test_who_owes_much_stays_alone() -> None:
    """In a book of small loans that are merged, those of more than a 4,096th each are not, though classes are wide."""
    book = a_book(6000)
    large = np.arange(7, 6000, 300)
    book.debt[large] = ALONE * book.debt.sum() * 1.2
    found = cohorts(book, 0.1, False)
    assert (book.debt[large] > ALONE * book.debt.sum()).all()
    for place in large:
        (row,) = np.flatnonzero(found.place == place)
        assert (found.number[row], found.debt[row], found.collateral[row]) == (1.0, book.debt[place], book.collateral[place])
    assert found.number.max() > 1.0


@pytest.mark.parametrize(("count", "width"), [(4096, WIDTH), (6000, 0.0)])
def test_a_book_of_no_more_than_4096_loans_or_no_width_stays_single(count: int, width: float) -> None:
    """Sorted by risk, riskiest first, ties in book order; who owes nothing is left out."""
    book = a_book(count)
    book.debt[5], book.collateral[5] = book.debt[3000], book.collateral[3000]
    book.collateral[9] = 0.0
    found = cohorts(book, width, True)
    risk = [math.inf if held == 0.0 else owed / held for held, owed in zip(*book, strict=True)]
    expected = sorted((place for place in range(count) if book.debt[place] > 0.0), key=lambda place: (-risk[place], place))
    assert found.place.tolist() == expected
    assert found.ratio[0] == math.inf
    assert set(found.number) == {1.0}


def test_loans_without_collateral_are_a_class_of_their_own() -> None:
    """Their risk is infinite, and comes first."""
    book = a_book(6000)
    book.collateral[[10, 20, 30]] = 0.0
    book.debt[[10, 20, 30]] = 1.0
    found: Cohorts = cohorts(book, WIDTH, True)
    assert (found.ratio[0], found.number[0], found.debt[0], found.place[0]) == (math.inf, 3.0, 3.0, 10.0)
    assert np.isfinite(found.ratio[1:]).all()


def test_a_size_class_is_a_root_of_two() -> None:
    """Powers of it part the sizes, at 1,024, 1,448 and 2,048: where sizes matter no cohort has a mean that only a mixture can have."""
    debt = np.tile([1030.0, 1400.0, 1500.0, 2000.0], 1500)
    sized, mixed = (cohorts(Positions(debt * 2.0, debt), WIDTH, by_size) for by_size in (True, False))
    assert sized.number.max() == mixed.number.max() == 2.0
    means = [found.debt / found.number for found in (sized, mixed)]
    assert [((1400.0 < mean) & (mean < 1500.0)).any() for mean in means] == [False, True]
