"""Whether a book fits a pool: what creation and the first borrows would refuse is told here, by row, before anything runs."""

from collections.abc import Iterator
from pathlib import Path

from ringfence.inputs.book import Book
from ringfence.inputs.bounds import broken_bounds, shown_decimal
from ringfence.inputs.errors import InputError, printable
from ringfence.inputs.pool_file import PoolFile, terms_with_stand_ins
from ringfence.inputs.prices import Prices
from ringfence.model.terms import PRICE_SCALE, ZERO_ADDRESS


def check_terms(pool: PoolFile) -> None:
    """Every bound of the terms holds; else InputError with all that are broken."""
    broken = broken_bounds(terms_with_stand_ins(pool.terms), pool.missing)
    if broken:
        raise InputError(pool.file, "; ".join(broken), column="[terms]", remedy=f"change {'these terms' if len(broken) > 1 else 'it'}")


def check_book(book: Book, pool: PoolFile) -> None:
    """Every account can be set up in this pool; else InputError with the row, or with the totals that do not fit.

    Expects terms that keep their bounds.
    """
    if not len(book.accounts) == len(book.collateral) == len(book.debt) == len(set(book.accounts)) > 0:
        raise InputError(
            book.file, "accounts, collateral and debt differ in length, an account appears twice, or there is none", remedy="mend the book"
        )
    for place, (collateral, debt) in enumerate(zip(book.collateral, book.debt, strict=True)):
        if collateral == 0:
            raise _without_collateral(book, place, debt)
        if 0 < debt < pool.terms.min_debt:
            reason = f"debt of {_amount(debt, pool)} is under min_debt of {_amount(pool.terms.min_debt, pool)} in {_named(pool.file)}"
            raise book.refuse(place, "debt", reason, "leave the account out or lower min_debt")
    _check_totals(pool, sum(book.debt), _named(book.file))


def doubts(book: Book, pool: PoolFile, prices: Prices, min_incentive: int | None) -> tuple[str, ...]:
    """A notice for each thing that fits and yet is hardly meant: a first price at which most loans are under water, buyers who wait for
    more (WAD) than is ever offered, and a backstop with nothing behind it; expects a book that fits."""
    first = prices.prices[0]
    loans = sum(debt > 0 for debt in book.debt)
    under = sum(held * first // PRICE_SCALE < debt for held, debt in zip(book.collateral, book.debt, strict=True))
    found = []
    if 2 * under > loans:
        file = printable(prices.source.path if prices.source else "prices", 200)
        found.append(f"{file}: {under:,} of {loans:,} loans are under water at the first price; is it the price of collateral in asset?")
    if min_incentive is not None and min_incentive > pool.terms.incentive_max:
        asked, most = shown_decimal(min_incentive, 18), shown_decimal(pool.terms.incentive_max, 18)
        found.append(f"--min-incentive: {asked} is over incentive_max ({most}), so nothing will ever be sold")
    return (*found, *_of_backstop(pool))


def _of_backstop(pool: PoolFile) -> Iterator[str]:
    """What a replay cannot know of a backstop that only its address names, and does not do."""
    file = printable(pool.file, 200)
    if pool.terms.backstop != ZERO_ADDRESS and pool.fund is None:
        yield f"{file}: the backstop pays nothing here, for nothing is said of its funds; a [backstop] with assets gives it some"
    if pool.terms.premium > 0:
        yield f"{file}: premium stays owed to the backstop, for nobody calls pay_premium in a replay"


def _check_totals(pool: PoolFile, debt: int, book: str) -> None:
    supply, cap, borrow_cap = (_amount(units, pool) for units in (pool.supply, pool.terms.supply_cap, pool.terms.borrow_cap))
    if pool.supply > pool.terms.supply_cap:
        raise InputError(pool.file, f"supply of {supply} is over supply_cap of {cap}", column="[pool] supply", remedy="lower it")
    owed = f"{book} of {_amount(debt, pool)}"
    if pool.supply < debt:
        raise InputError(pool.file, f"supply of {supply} is under the debt in {owed}", column="[pool] supply", remedy="raise it")
    if debt > pool.terms.borrow_cap:
        raise InputError(
            pool.file, f"borrow_cap of {borrow_cap} is under the debt in {owed}", column="[terms] borrow_cap", remedy="raise it"
        )


def _amount(units: int, pool: PoolFile) -> str:
    """Whole asset tokens, as a file gives them, and base units."""
    return f"{shown_decimal(units, pool.asset_decimals)} ({units} base units)"


def _named(file: str) -> str:
    return printable(Path(file).name, 60)


def _without_collateral(book: Book, place: int, debt: int) -> InputError:
    if debt == 0:
        return book.refuse(place, "collateral", "collateral and debt are both 0", "leave the account out")
    return book.refuse(place, "collateral", "collateral is 0 while there is debt", "a loan needs collateral; leave the account out")
