"""`inputs/varied_terms.py` and `inputs/grids.py`: what a pool becomes with other values, and which values there are."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from ringfence.inputs.bounds import BOUNDS
from ringfence.inputs.check import check_pool
from ringfence.inputs.errors import InputError
from ringfence.inputs.fit import check_book, check_terms
from ringfence.inputs.grids import NAMED, read_grids
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.varied_terms import VARIED, Loans, default_grid, forbidden, grown, pool_with, size_of, value_of
from ringfence.model.terms import WAD
from tests.unit.lab.recommend_worlds import BOOK, POOL, TERMS, USDC, covered

DEBT = sum(BOOK.debt)


def test_nothing_varied_is_the_pool_itself() -> None:
    """And so are its own values."""
    assert pool_with(POOL, {}) == POOL
    assert grown(BOOK, size_of(POOL, DEBT, {})) is BOOK
    for name in VARIED:
        value = value_of(name, covered())
        if value is not None:
            assert pool_with(covered(), {name: value}) == covered(), name
    assert value_of("supply_cap", POOL) is None
    assert value_of("backstop_max_assets", POOL) is None


def test_the_other_ltvs_keep_their_proportion() -> None:
    """Down to four digits, or as many as the file has; never over it, and less than a unit of the last digit under."""
    draw = random.Random(1)
    for _ in range(500):
        digits = draw.randint(2, 18)
        unit = 10 ** (18 - digits)
        terms = replace(TERMS, max_ltv=draw.randint(1, WAD * 84 // 100 // unit) * unit, target_ltv=draw.choice((0, WAD // 2)))
        value = draw.randint(1, 199) * WAD // 200
        made = pool_with(replace(POOL, terms=terms), {"liq_ltv": value}).terms
        exact = Fraction(terms.max_ltv * value, terms.liq_ltv)
        assert made.liq_ltv == value
        last = 10 ** (18 - max(4, digits))
        assert made.max_ltv % last == 0
        assert 0 <= exact - made.max_ltv < 10**14
        assert made.target_ltv <= Fraction(WAD // 2 * value, terms.liq_ltv)
        assert (made.target_ltv == 0) == (terms.target_ltv == 0)
    same = replace(POOL, terms=replace(TERMS, max_ltv=WAD // 3))
    assert pool_with(same, {"liq_ltv": TERMS.liq_ltv}) == same
    assert pool_with(POOL, {"liq_ltv": 86 * WAD // 100}).terms.max_ltv == 8094 * WAD // 10000


def test_default_grids_hold_what_the_page_says() -> None:
    """Rising, distinct, from one end to the other; what is there is one of the values."""
    grids = {name: default_grid(name, covered(), DEBT) for name in VARIED}
    for grid in grids.values():
        assert list(grid) == sorted(set(grid))
    assert (grids["liq_ltv"][0], grids["liq_ltv"][1], grids["liq_ltv"][-1]) == (WAD // 2, WAD * 505 // 1000, WAD * 985 // 1000)
    assert grids["supply_cap"] == tuple(n * 8_000 * USDC for n in range(1, 201))
    assert DEBT == 124_944 * USDC
    assert grids["borrow_cap"][:3] == tuple(n * 6_200 * USDC for n in (1, 2, 3))
    assert grids["borrow_cap"][19:23] == (20 * 6_200 * USDC, DEBT, 125_280 * USDC, 126_150 * USDC)
    assert grids["borrow_cap"][-1] == 160_000 * USDC
    assert len(grids["borrow_cap"]) == 20 + 1 + 41
    assert (grids["reserve"][0], grids["reserve"][1], grids["reserve"][-1]) == (0, 160 * USDC, 40_160 * USDC)
    assert (grids["backstop_max_assets"][0], grids["backstop_max_assets"][1], grids["backstop_max_assets"][-1]) == (
        0,
        40 * USDC,
        2000 * USDC,
    )
    assert (grids["penalty"][-1], grids["premium"][-1]) == (WAD // 5, WAD // 2)
    assert grids["incentive_rise"][2] == -(-WAD // 1000 // 60)
    odd = default_grid("reserve", replace(POOL, supply=24_508_992 * USDC), DEBT)
    assert odd[:4] == (0, 500 * USDC, 24_000 * USDC, 48_000 * USDC)
    assert all(value_of(name, covered()) in grid for name, grid in grids.items() if not name.endswith("_cap"))
    far = replace(POOL, terms=replace(TERMS, liq_ltv=WAD * 99 // 100), reserve=50_000 * USDC)
    assert default_grid("liq_ltv", far, DEBT)[-1] == WAD * 985 // 1000
    assert default_grid("reserve", far, DEBT)[-2:] == (40_160 * USDC, 50_000 * USDC)
    odd = default_grid("supply_cap", replace(POOL, supply=24_508_992 * USDC), DEBT)
    assert odd[:2] == (1_200_000 * USDC, 2_400_000 * USDC)
    assert odd[19:22] == tuple(n * USDC for n in (24_000_000, 24_508_992, 25_200_000))
    full = default_grid("borrow_cap", replace(POOL, supply=DEBT), DEBT)
    assert full == (*(n * 6_200 * USDC for n in range(1, 21)), DEBT)
    for units in (1, 2, 19, 20, 21):
        tiny = [default_grid(name, replace(POOL, supply=units, reserve=0), units) for name in ("supply_cap", "borrow_cap")]
        assert all(grid[0] == 1 and units in grid for grid in tiny)


def test_the_safest_value_comes_first() -> None:
    """The lowest of what is wanted high or large, the largest of what is wanted small."""
    for name, term in VARIED.items():
        assert term.from_safest((1, 2, 3)) == ((1, 2, 3) if name in ("liq_ltv", "supply_cap", "borrow_cap") else (3, 2, 1))


def test_loans_that_shrink_keep_a_unit_of_collateral() -> None:
    """For an account without any is no loan that can be set up; debts go down to nothing, unless min_debt forbids it."""
    dust = replace(BOOK, collateral=(1, 30, *BOOK.collateral[2:]), debt=(1, 30, *BOOK.debt[2:]))
    made = grown(dust, (1, 20))
    assert made.collateral[:3] == (1, 1, BOOK.collateral[2] // 20)
    assert made.debt[:3] == (0, 1, BOOK.debt[2] // 20)
    check_book(made, POOL)
    small = replace(POOL, terms=replace(TERMS, min_debt=1))
    assert forbidden(small, Loans.of(dust)) is None
    assert forbidden(small, Loans.of(dust).times((1, 20))) == ("pool: debt under min_debt", "no debt may be under min_debt")


def test_loans_grow_down_to_units_and_their_sums_are_known_beforehand() -> None:
    """What bounds ask of a book that grew is what they ask of it before, grown."""
    for size in ((1, 1), (3, 2), (7, 3), (160_001, 160_000), (1, 20), (159_999, 160_000)):
        made = grown(BOOK, size)
        told = Loans.of(BOOK).times(size)
        assert made.debt == tuple(owed * size[0] // size[1] for owed in BOOK.debt)
        assert 0 <= told.debt - sum(made.debt) < len(BOOK)
        assert told.smallest == min(made.debt)
        assert told.largest == max(*made.debt, *made.collateral)


def test_a_borrow_cap_of_the_file_ends_what_is_borrowed() -> None:
    """However large the pool: up to it in proportion, then no further; a borrow cap that is varied itself is filled."""
    capped = replace(POOL, terms=replace(TERMS, borrow_cap=140_000 * USDC))
    assert size_of(capped, DEBT, {"supply_cap": 176_000 * USDC}) == (176_000 * USDC, 160_000 * USDC)
    assert size_of(capped, DEBT, {"supply_cap": 240_000 * USDC}) == (140_000 * USDC, DEBT)
    assert size_of(capped, DEBT, {"supply_cap": 240_000 * USDC, "borrow_cap": 150_000 * USDC}) == (150_000 * USDC, DEBT)
    assert size_of(capped, DEBT, {"supply_cap": 80_000 * USDC}) == (80_000 * USDC, 160_000 * USDC)
    assert size_of(capped, DEBT, {"borrow_cap": 100_000 * USDC}) == (100_000 * USDC, DEBT)
    assert size_of(capped, DEBT, {"reserve": 0}) == (160_000 * USDC, 160_000 * USDC)


CASES: dict[str, tuple[PoolFile, str]] = {
    "fine": (POOL, ""),
    "margin": (pool_with(POOL, {"liq_ltv": 96 * WAD // 100}), "terms: incentive over margin"),
    "one": (pool_with(POOL, {"liq_ltv": WAD}), "terms: liq_ltv"),
    "base": (replace(POOL, terms=replace(TERMS, incentive_base=WAD // 10)), "terms: incentive_base"),
    "supply": (replace(POOL, terms=replace(TERMS, supply_cap=159_999 * USDC)), "pool: supply cap reached"),
    "borrow": (replace(POOL, terms=replace(TERMS, borrow_cap=100 * USDC)), "pool: borrow cap reached"),
    "cash": (replace(POOL, supply=100_000 * USDC), "pool: not enough cash"),
    "dust": (replace(POOL, terms=replace(TERMS, min_debt=2_500 * USDC)), "pool: debt under min_debt"),
    "premium": (replace(POOL, terms=replace(TERMS, premium=1)), "terms: backstop"),
}


def checked(pool: PoolFile) -> None:
    """As every command does before it runs."""
    check_terms(pool)
    check_book(BOOK, pool)


@pytest.mark.parametrize("name", CASES)
def test_what_the_protocol_forbids_is_what_every_other_command_refuses(name: str) -> None:
    """The bound by its name, with its sentence; `check`, a replay and a stress run refuse the same pools."""
    pool, expected = CASES[name]
    found = forbidden(pool, Loans.of(BOOK))
    if not expected:
        assert found is None
        checked(pool)
        return
    assert found is not None
    assert found[0] == expected
    assert BOUNDS[expected].sentence == found[1] if expected in BOUNDS else found[1]
    with pytest.raises(InputError):
        checked(pool)
    assert check_pool(pool).holds == (not expected.startswith("terms") and name != "supply")


def test_amounts_over_128_bits_are_forbidden() -> None:
    """A book that would grow out of what one transfer may carry."""
    huge = Loans(DEBT, 1, 2**127)
    assert forbidden(POOL, huge) is None
    assert forbidden(POOL, huge.times((2, 1))) == ("pool: not enough cash", "the debt must be at most the supply")
    assert forbidden(replace(POOL, supply=4 * DEBT), huge.times((2, 1)))[0] == "pool: over 128 bits"  # type: ignore[index]


def test_grids_are_read_exactly() -> None:
    """A range with its end if a step meets it, a list in any order, a name."""
    read = read_grids({"liq_ltv": "0.8:0.9:0.04", "reserve": "5, 1,1.5"}, ("reserve", "liq_ltv"), POOL)
    assert read == {"liq_ltv": tuple(n * WAD // 100 for n in (80, 84, 88)), "reserve": (USDC, 3 * USDC // 2, 5 * USDC)}
    assert read_grids({"liq_ltv": "0.8:0.9:0.05"}, ("liq_ltv",), POOL)["liq_ltv"][-1] == 9 * WAD // 10
    assert read_grids({"supply_cap": "160000,8"}, ("supply_cap",), POOL) == {"supply_cap": (8 * USDC, 160_000 * USDC)}


def test_the_ltvs_that_morpho_has_enabled() -> None:
    """Those above 0, by name; of another term there is no such name."""
    read = read_grids({"liq_ltv": "morpho"}, ("liq_ltv",), POOL)["liq_ltv"]
    assert [value * 1000 // WAD for value in read] == [385, 625, 770, 860, 915, 945, 965, 980]
    assert list(NAMED) == ["liq_ltv"]
    with pytest.raises(InputError, match="reserve: 'morpho' is not a decimal number"):
        read_grids({"reserve": "morpho"}, ("reserve",), POOL)
