"""A book that a pool would refuse is refused before anything runs, by its row."""

from dataclasses import fields, replace

import pytest

from ringfence.inputs.book import Book
from ringfence.inputs.bounds import BOUNDS, broken_bounds
from ringfence.inputs.errors import InputError
from ringfence.inputs.fit import check_book, check_terms, doubts
from ringfence.inputs.pool_file import MAX_BORROW_CAP, MAX_SUPPLY_CAP, FixedRateTerms, Fund, PoolFile, terms_with_stand_ins
from ringfence.inputs.prices import Prices
from ringfence.inputs.tables import Source
from ringfence.model import limits
from ringfence.model.terms import WAD, ZERO_ADDRESS, Terms

PLAIN = {"max_ltv": 80 * WAD // 100, "liq_ltv": 86 * WAD // 100, "incentive_base": WAD // 20, "incentive_max": WAD // 20}
CAPS = {"supply_cap": MAX_SUPPLY_CAP, "borrow_cap": MAX_BORROW_CAP}
FILE = Source("book.csv", "")


def make_pool(supply: int = 1000, **terms: int | str) -> PoolFile:
    """A pool whose terms keep their bounds, with what a test changes."""
    given = {field.name: ZERO_ADDRESS if field.type is str else 0 for field in fields(Terms)}
    return PoolFile(Terms(**(given | PLAIN | CAPS | terms)), FixedRateTerms(0), 18, 6, supply)  # type: ignore[arg-type]


def test_a_book_that_fits_is_taken() -> None:
    """Debt up to supply and cap, debt 0, debt of just min_debt."""
    check_terms(make_pool())
    check_book(Book(("a", "b", "c"), (1, 2, 3), (0, 400, 600)), make_pool(supply=1000, borrow_cap=1000, supply_cap=1000, min_debt=400))


@pytest.mark.parametrize(
    ("collateral", "debt", "terms", "expected"),
    [
        (
            (1, 0),
            (1, 5),
            {},
            "book.csv: row 3, column collateral: account 'b': collateral is 0 while there is debt; a loan needs collateral",
        ),
        ((1, 0), (1, 0), {}, "book.csv: row 3, column collateral: account 'b': collateral and debt are both 0; leave the account out"),
        (
            (1, 1),
            (0, 9),
            {"min_debt": 10},
            "book.csv: row 3, column debt: account 'b': debt of 0.000009 (9 base units) is under min_debt of 0.00001 (10 base units) in "
            "terms; leave the account out",
        ),
        (
            (1, 1),
            (500, 501),
            {},
            "terms: column [pool] supply: supply of 0.001 (1000 base units) is under the debt "
            "in book.csv of 0.001001 (1001 base units); raise it",
        ),
        (
            (1, 1),
            (5, 5),
            {"borrow_cap": 9},
            "terms: column [terms] borrow_cap: borrow_cap of 0.000009 (9 base units) is under the debt "
            "in book.csv of 0.00001 (10 base units)",
        ),
        (
            (1, 1),
            (5, 5),
            {"supply_cap": 999},
            "terms: column [pool] supply: supply of 0.001 (1000 base units) is over supply_cap of 0.000999 (999 base units); lower it",
        ),
    ],
)
def test_what_does_not_fit_is_refused(collateral: tuple[int, int], debt: tuple[int, int], terms: dict[str, int], expected: str) -> None:
    """Each by its row, or by the term that is in the way."""
    with pytest.raises(InputError) as caught:
        check_book(Book(("a", "b"), collateral, debt, range(2, 4), FILE), make_pool(**terms))
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("book", [Book((), (), ()), Book(("a",), (1, 2), (1,)), Book(("a", "a"), (1, 1), (1, 1))])
def test_a_book_made_in_memory_is_checked_too(book: Book) -> None:
    """Empty, ragged, an account twice."""
    with pytest.raises(InputError, match="differ in length"):
        check_book(book, make_pool())


BREAKS: dict[str, dict[str, int | str]] = {
    "terms: asset is collateral": {"asset": "0x1", "collateral": "0x1"},
    "terms: max_ltv is zero": {"max_ltv": 0},
    "terms: liq_ltv": {"liq_ltv": WAD},
    "terms: max_ltv": {"max_ltv": 86 * WAD // 100},
    "terms: target_ltv": {"target_ltv": 81 * WAD // 100},
    "terms: incentive_max": {"incentive_max": 10**36},
    "terms: incentive_base": {"incentive_base": WAD},
    "terms: incentive_rise": {"incentive_rise": WAD},
    "terms: incentive_slope": {"incentive_slope": 1000 * WAD + 1},
    "terms: penalty": {"penalty": WAD // 5 + 1},
    "terms: reserve_factor": {"reserve_factor": WAD + 1},
    "terms: reserve_target": {"reserve_target": WAD + 1},
    "terms: creator_fee": {"creator_fee": WAD // 4 + 1},
    "terms: supply_cap": {"supply_cap": 2**127},
    "terms: borrow_cap": {"borrow_cap": MAX_BORROW_CAP + 1},
    "terms: min_debt": {"min_debt": 2**128},
    "terms: sale_timeout": {"sale_timeout": 2**64},
    "terms: solvent_window": {"solvent_window": 5, "sale_timeout": 5},
    "terms: backstop": {"premium": 1},
    "terms: premium": {"premium": WAD + 1},
    "terms: lockup": {"lockup": 2**64},
    "terms: no incentive": {"incentive_base": 0},
    "terms: incentive over margin": {"incentive_max": WAD},
    "terms: target near liq_ltv": {"liq_ltv": 86 * WAD // 100, "max_ltv": 86 * WAD // 100 - 1, "target_ltv": 86 * WAD // 100 - 1},
    "terms: rise too slow": {"incentive_base": 0, "incentive_rise": 1, "sale_timeout": 5},
    "terms: shares of interest": {"reserve_factor": WAD, "creator_fee": 1},
    "terms: fee_recipient": {"creator_fee": 1},
}


@pytest.mark.parametrize("text", list(BREAKS))
def test_every_bound_that_a_contract_checks_is_said_in_a_sentence_with_its_values(text: str) -> None:
    """Terms that break it are refused with that sentence and the terms it is about."""
    terms = make_pool(**BREAKS[text]).terms
    terms = terms if text == "terms: asset is collateral" else terms_with_stand_ins(terms)
    assert text in limits.broken(terms)
    sentence = next(line for line in broken_bounds(terms) if line.startswith(BOUNDS[text].sentence))
    assert all(f"{name} = " in sentence for name in BOUNDS[text].names)


def test_no_bound_is_without_a_sentence_and_no_sentence_without_a_bound() -> None:
    """The texts of the contract's checks, all of them."""
    kept = {text for _, text in limits._bounds(terms_with_stand_ins(make_pool().terms))}
    assert set(BOUNDS) == kept == set(BREAKS)


def test_all_broken_bounds_are_told_at_once() -> None:
    """In the order of the contract's checks, with values as a terms file spells them."""
    with pytest.raises(InputError) as caught:
        check_terms(make_pool(max_ltv=WAD, penalty=WAD // 2))
    assert str(caught.value) == (
        "terms: column [terms]: max_ltv must be below liq_ltv (max_ltv = 1, liq_ltv = 0.86); penalty must be at most 0.2 (penalty = 0.5); "
        "change these terms"
    )


def test_a_premium_needs_a_backstop() -> None:
    """Any that is set, however it is spelled."""
    pool = make_pool(premium=WAD // 10)
    with pytest.raises(InputError, match="a premium needs a backstop"):
        check_terms(pool)
    check_terms(replace(pool, terms=replace(pool.terms, backstop="0x" + "12" * 20)))


def test_what_a_replay_leaves_out_of_a_backstop_is_noticed() -> None:
    """Nothing behind the address, unless the file says what; premium that nobody pays out."""
    book, prices = Book(("a",), (10**18,), (10**6,)), Prices((0,), (2 * 10**24,))
    plain, named = make_pool(), make_pool(backstop="0x" + "12" * 20)
    assert doubts(book, plain, prices, None) == ()
    assert [line.split(";")[0] for line in doubts(book, named, prices, None)] == [
        "terms: the backstop pays nothing here, for nothing is said of its funds"
    ]
    funded = replace(named, terms=replace(named.terms, premium=1), fund=Fund(1, 1, WAD))
    assert doubts(book, funded, prices, None) == ("terms: premium stays owed to the backstop, for nobody calls pay_premium in a replay",)
