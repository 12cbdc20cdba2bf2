"""The price at which a simulation begins: the one that is given, or else that of the scenario, of the book, or inferred from the book."""

from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from ringfence.inputs.book import Book
from ringfence.inputs.decimals import floor_scaled
from ringfence.inputs.errors import InputError, NotExact, printable, quoted
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.scenario import Scenario
from ringfence.inputs.tables import open_table
from ringfence.model.terms import WAD

OPTION = "--price"
COLUMN = "price"
PRICE_DIGITS = 36
"""Of the price of a pool whose tokens have as many digits; what lies beyond is cut."""
PRICE_LIMIT = 2**256
WITHIN = Fraction(99, 100)
"""The part of the debt that stands within max_ltv at an inferred price: a book of loans that were made by the terms, but for a few that
have grown since."""
DIGITS_KEPT = 6
"""Of an inferred price, rounded up, so that it can be written into a scenario as it is shown."""
GIVEN, OF_SCENARIO, OF_BOOK, INFERRED = "option", "scenario", "book", "inferred"
REMEDY = "give the price of a whole collateral token in whole asset tokens"


class StartPrice(NamedTuple):
    """A price (whole asset tokens per whole collateral token, exact), and where it comes from: `option`, `scenario`, `book`, `inferred`."""

    price: Fraction
    how: str

    @property
    def is_default(self) -> bool:
        """Whether nobody has given it, so that no verdict may rest on it."""
        return self.how == INFERRED

    @property
    def notices(self) -> tuple[str, ...]:
        """What is to be said of it."""
        if not self.is_default:
            return ()
        return (
            f"start price {decimal(self.price)} inferred: the lowest at which {WITHIN.numerator} % of the debt is within max_ltv; "
            f"give {OPTION} for the real one",
        )


def start_price(explicit: str | None, scenario: Scenario, book: Book, pool: PoolFile) -> StartPrice:
    """The first there is of: the option's text, the scenario's start, one price in the book's column `price`, the price that the book
    suggests.

    The last is the lowest at which 99 % of the debt stands within max_ltv, rounded up to six digits. Raises InputError for a price that is
    no decimal above 0 or does not fit the pool's tokens, and where the book suggests none.
    """
    if explicit is not None:
        return StartPrice(_fitting(_exact(explicit, OPTION), OPTION, pool), GIVEN)
    if scenario.start is not None:
        return StartPrice(_fitting(_exact(scenario.start, scenario.file), scenario.file, pool), OF_SCENARIO)
    told = _of_column(book)
    if told is not None:
        return StartPrice(_fitting(told, book.file, pool), OF_BOOK)
    return StartPrice(_fitting(_inferred(book, pool), book.file, pool), INFERRED)


def decimal(price: Fraction) -> str:
    """A price as a decimal, exact to the digits that are kept of any."""
    whole, rest = divmod(price.numerator * 10**PRICE_DIGITS // price.denominator, 10**PRICE_DIGITS)
    fraction = f"{rest:0{PRICE_DIGITS}d}".rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)


def _exact(text: str, file: str) -> Fraction:
    try:
        units, _ = floor_scaled(text, PRICE_DIGITS, PRICE_LIMIT)
    except NotExact as err:
        raise InputError(file, str(err), remedy=REMEDY) from err
    if units == 0:
        raise InputError(file, f"{quoted(text)} is not above 0", remedy=REMEDY)
    return Fraction(units, 10**PRICE_DIGITS)


def _fitting(price: Fraction, file: str, pool: PoolFile) -> Fraction:
    """The price, which is above 0 and fits a word in base units."""
    scaled = price * Fraction(10) ** (PRICE_DIGITS + pool.asset_decimals - pool.collateral_decimals)
    if not 1 <= scaled < PRICE_LIMIT:
        problem = "is 0 in base units" if scaled < 1 else "does not fit"
        raise InputError(file, f"the start price {printable(decimal(price))} {problem}", remedy=REMEDY)
    return price


def _of_column(book: Book) -> Fraction | None:
    """The one price in the book's column of that name; None where there is no such column, or it tells several prices or none."""
    if book.source is None:
        return None
    found: str | None = None
    with open_table(book.source.path) as table:
        if list(table.columns).count(COLUMN) != 1:
            return None
        for _, (account, text) in table.rows(("account", COLUMN)):
            if found is not None and text != found:
                return None
            found = text if account else None
    try:
        return _exact(found or "", book.file)
    except InputError:
        return None


def _inferred(book: Book, pool: PoolFile) -> Fraction:
    """The lowest price at which that part of the debt is within max_ltv, rounded up."""
    total = sum(book.debt)
    if total == 0 or pool.terms.max_ltv == 0:
        problem = "no loans" if total == 0 else "no max_ltv"
        raise InputError(book.file, f"with {problem} there is no start price to be inferred", column=COLUMN, remedy=f"give {OPTION}")
    loans = sorted(
        ((debt << 256) // collateral, debt, collateral)
        for collateral, debt in zip(book.collateral, book.debt, strict=True)
        if debt > 0 and collateral > 0
    )
    within = accumulate(debt for _, debt, _ in loans)
    for (_, debt, collateral), sum_within in zip(loans, within, strict=True):
        if sum_within >= WITHIN * total:
            units = Fraction(debt * WAD, collateral * pool.terms.max_ltv)
            return _rounded_up(units * Fraction(10) ** (pool.collateral_decimals - pool.asset_decimals))
    raise InputError(book.file, "too much of the debt has no collateral to infer a start price", column=COLUMN, remedy=f"give {OPTION}")


def _rounded_up(price: Fraction) -> Fraction:
    """The price with six digits."""
    size = len(str(price.numerator // price.denominator)) if price >= 1 else -(len(str(price.denominator // price.numerator)) - 1)
    step = Fraction(10) ** (size - DIGITS_KEPT)
    return -(-price // step) * step
