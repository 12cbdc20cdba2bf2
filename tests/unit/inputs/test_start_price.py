"""The price to start from: who is asked first, and what a book without prices suggests."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from ringfence.inputs.book import Book, read_book
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import FixedRateTerms, PoolFile
from ringfence.inputs.samples import FALLING, read_sample
from ringfence.inputs.scenario import PriceModel, Scenario
from ringfence.inputs.start_price import decimal, start_price

SAMPLE = read_sample(FALLING)
POOL = PoolFile(SAMPLE.pool.terms, FixedRateTerms(), collateral_decimals=18, asset_decimals=6, supply=0)
PLAIN = Scenario("plain", PriceModel("gbm"))
STARTED = replace(PLAIN, start="2300.5")


def book(folder: Path, prices: list[str]) -> Book:
    """Loans of 80 against 1 collateral each, with this column of prices."""
    path = folder / "book.csv"
    rows = [f"a{place},1,80,{price}" for place, price in enumerate(prices)]
    path.write_text("account,collateral,debt,price\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return read_book(path, 18, 6)


def test_the_option_comes_first_then_the_scenario_then_the_book(tmp_path: Path) -> None:
    """Each exactly as it is written, and none of them a default."""
    loans = book(tmp_path, ["1999.5", "1999.5"])
    assert start_price("2e3", STARTED, loans, POOL) == (Fraction(2000), "option")
    assert start_price(None, STARTED, loans, POOL) == (Fraction(4601, 2), "scenario")
    found = start_price(None, PLAIN, loans, POOL)
    assert found == (Fraction(3999, 2), "book")
    assert (found.is_default, found.notices) == (False, ())


@pytest.mark.parametrize("prices", [["1", "2"], ["", ""], ["x", "x"], ["0", "0"], ["-1", "-1"]])
def test_a_column_that_is_no_one_price_is_not_taken(tmp_path: Path, prices: list[str]) -> None:
    """Then the book's loans are asked: 80 owed for each, and max_ltv is 80 %."""
    found = start_price(None, PLAIN, book(tmp_path, prices), POOL)
    assert found == (Fraction(100), "inferred")
    assert found.is_default
    assert found.notices == (
        "start price 100 inferred: the lowest at which 99 % of the debt is within max_ltv; give --price for the real one",
    )


def test_an_inferred_price_has_99_per_cent_of_the_debt_within_max_ltv() -> None:
    """Not less, and hardly more: at 0.01 % below it is under 99 %; six digits, and the true price of the sample is not far."""
    found = start_price(None, PLAIN, replace(SAMPLE.book, source=None), SAMPLE.pool)

    def within(price: Fraction) -> Fraction:
        scale = Fraction(10) ** (SAMPLE.pool.asset_decimals - SAMPLE.pool.collateral_decimals)
        limit = Fraction(SAMPLE.pool.terms.max_ltv, 10**18)
        loans = zip(SAMPLE.book.collateral, SAMPLE.book.debt, strict=True)
        return Fraction(sum(debt for held, debt in loans if debt <= held * price * scale * limit), sum(SAMPLE.book.debt))

    assert within(found.price) >= Fraction(99, 100) > within(found.price * Fraction(9999, 10000))
    assert found.how == "inferred" and len(decimal(found.price).replace(".", "")) <= 6
    assert 0.9 * 2000 < found.price <= 2000


def test_one_bad_loan_of_little_debt_does_not_move_it() -> None:
    """A loan far under water, of less than 1 % of the debt, is not what the price is inferred from."""
    sound = Book(tuple(f"a{place}" for place in range(200)), (10**18,) * 200, (80 * 10**6,) * 200)
    one = replace(sound, collateral=(1, *sound.collateral[1:]))
    assert start_price(None, PLAIN, one, POOL).price == start_price(None, PLAIN, sound, POOL).price == 100


@pytest.mark.parametrize("factor", [1, 7, 10**5, Fraction(1, 10**5)])
def test_an_inferred_price_is_rounded_up_to_six_digits(factor: Fraction) -> None:
    """Never down, whatever its size."""
    held = int(3 * 10**18 / factor)
    price = start_price(None, PLAIN, Book(("a",), (held,), (80 * 10**6,)), POOL).price
    exact = Fraction(100 * 10**18, held)
    assert exact <= price < exact * Fraction(100_001, 100_000)


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "nan", "1e999999999", "1e-999999999"])
def test_a_bad_price_is_refused(tmp_path: Path, text: str) -> None:
    """By the option's name."""
    with pytest.raises(InputError, match="^--price: "):
        start_price(text, PLAIN, book(tmp_path, ["1"]), POOL)


@pytest.mark.parametrize(("collateral", "price", "problem"), [(42, "1e-1", "is 0 in base units"), (0, "1e40", "does not fit")])
def test_a_price_must_fit_the_tokens(collateral: int, price: str, problem: str) -> None:
    """A price in base units is a whole number above 0 that fits a word."""
    with pytest.raises(InputError, match=f"--price: the start price .* {problem}"):
        start_price(price, PLAIN, SAMPLE.book, replace(POOL, collateral_decimals=collateral))


@pytest.mark.parametrize(
    ("loans", "ltv", "problem"),
    [
        (Book(("a",), (1,), (0,)), 1, "with no loans there is no start price"),
        (Book(("a",), (1,), (1,)), 0, "with no max_ltv there is no start price"),
        (Book(("a", "b"), (1, 0), (1, 1)), 1, "too much of the debt has no collateral"),
    ],
)
def test_a_book_that_suggests_nothing_is_refused(loans: Book, ltv: int, problem: str) -> None:
    """With the option that helps."""
    pool = replace(POOL, terms=replace(POOL.terms, max_ltv=ltv * POOL.terms.max_ltv))
    with pytest.raises(InputError, match=f"{problem}.*; give --price"):
        start_price(None, PLAIN, loans, pool)
