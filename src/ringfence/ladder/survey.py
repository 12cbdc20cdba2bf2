"""A book held against falling prices, exact: who would be sold at each, and what would be lost if all were sold there."""

import platform
from collections.abc import Callable

import numpy as np

from ringfence.inputs.book import Book
from ringfence.inputs.curve_result import CurvePool, CurveResult, CurveRow
from ringfence.inputs.errors import InputError
from ringfence.inputs.fit import check_book, check_terms
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.provenance import digests, shown_terms
from ringfence.inputs.results import our_version
from ringfence.ladder.ladder import Ladder
from ringfence.model.liquidation import value_down
from ringfence.model.rounding import div_down
from ringfence.model.shares import Totals
from ringfence.model.terms import WAD

MIN_STEP = WAD // 1000
DEFAULT_STEP = WAD // 20


def survey(
    book: Book,
    pool: PoolFile,
    price: int,
    *,
    shock_step: int = DEFAULT_STEP,
    progress: Callable[[int, int], None] | None = None,
) -> CurveResult:
    """Holds a book against a price (times 1e36) and against falls of one, two, three ... steps (WAD) below it, until nothing is left.

    The pool is new: every account owes what the book says, and no interest has run. `progress` is called with the rows done and their
    number. Raises InputError for terms that break a bound, a book that does not fit the pool, and a step that is not from 0.001 to 1.
    """
    check_terms(pool)
    check_book(book, pool)
    if not MIN_STEP <= shock_step <= WAD:
        raise InputError("--shock-step", "is not from 0.001 to 1", remedy="give a decimal, 0.05 for 5 %")
    ladder, totals = Ladder.of_book(book, pool.terms.liq_ltv)
    shocks = [shock for shock in range(0, WAD, shock_step) if div_down(price * (WAD - shock), WAD) > 0]
    rows: list[CurveRow] = []
    for shock in shocks:
        row = _row(book, ladder, totals, shock, div_down(price * (WAD - shock), WAD), rows[-1].debt if rows else 0)
        rows.append(row)
        if progress is not None:
            progress(len(rows), len(shocks))
    return CurveResult(
        rows=tuple(rows),
        pool=CurvePool(len(book), sum(book.collateral), sum(book.debt), pool.supply, pool.reserve),
        concentration=ladder.concentration(),
        inputs=digests((book.source, pool.source)),
        versions={"ringfence": our_version(), "python": platform.python_version(), "numpy": np.__version__},
        options={"price": str(price), "shock_step": str(shock_step)},
        terms=shown_terms(pool),
        notices=_doubts(book, rows[0]),
    )


def _row(book: Book, ladder: Ladder, totals: Totals, shock: int, price: int, debt_above: int) -> CurveRow:
    """One price. In a new pool each position owes what the book says, so its debt is the book's."""
    places = ladder.liquidatable(price, totals).tolist()
    insolvent = ladder.insolvent(price, totals).tolist()
    debt = sum(map(book.debt.__getitem__, places))
    return CurveRow(
        shock=shock,
        price=price,
        positions=len(places),
        collateral=sum(map(book.collateral.__getitem__, places)),
        debt=debt,
        wall=debt - debt_above,
        insolvent=len(insolvent),
        loss=sum(book.debt[place] - value_down(book.collateral[place], price) for place in insolvent),
    )


def _doubts(book: Book, first: CurveRow) -> tuple[str, ...]:
    loans = sum(debt > 0 for debt in book.debt)
    if 2 * first.insolvent <= loans:
        return ()
    return (f"--price: {first.insolvent:,} of {loans:,} loans are under water at it; is it the price of collateral in asset?",)
