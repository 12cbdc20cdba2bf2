"""A book through prices that have been, exactly: each history is moved so that its first price is the start price, and replayed.

Buyers take everything at the pool's price at once, as in every replay: what is lost here is the doing of gaps between two rows, and no
market's depth. Prices are integers from end to end.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from ringfence.inputs.book import Book
from ringfence.inputs.errors import InputError
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.prices import PRICE_LIMIT, Prices
from ringfence.inputs.results import PoolFigures, ReplayResult
from ringfence.inputs.stress_result import HistoryRun
from ringfence.lab.replay import replay
from ringfence.lab.stress_plan import Progress, part_of

PRICE_DIGITS = 36
BP = 10_000


def histories_of(
    book: Book, pool: PoolFile, start: Fraction, histories: Sequence[Prices], notify: Callable[[str], None], progress: Progress | None
) -> tuple[HistoryRun, ...]:
    """Replays the book through each history from the start price on (whole asset tokens a whole collateral token); `notify` is called with
    what fits and is hardly meant, `progress` with the rows done and their number. Raises InputError for a history that does not fit."""
    moved = [from_start(history, pool, start) for history in histories]
    rows = sum(map(len, moved))
    found, before = [], 0
    for history in moved:
        result = replay(book, pool, history, progress=part_of(progress, before, len(history), rows))
        for notice in result.notices:
            notify(notice)
        found.append(_shown(history, result))
        before += len(history)
    return tuple(found)


def from_start(history: Prices, pool: PoolFile, start: Fraction) -> Prices:
    """The history times (start price / its first price), each price rounded down to a base unit."""
    first = history.prices[0]
    begin = int(start * Fraction(10) ** (PRICE_DIGITS + pool.asset_decimals - pool.collateral_decimals))
    prices = tuple(price * begin // first for price in history.prices)
    if not 0 < min(prices) <= max(prices) < PRICE_LIMIT:
        file = history.source.path if history.source else "history"
        raise InputError(file, "does not fit a price in base units when it begins at the start price", remedy="take a shorter one")
    return Prices(history.timestamps, prices, history.column, history.source)


def _shown(history: Prices, result: ReplayResult) -> HistoryRun:
    first, source = history.prices[0], history.source
    return HistoryRun(
        file=Path(source.path).name if source else "",
        sha256=source.sha256 if source else "",
        column=history.column,
        began=history.timestamps[0],
        ended=history.timestamps[-1],
        rows=len(history),
        worst_fall=float(1 - Fraction(min(history.prices), first)),
        final_move=float(Fraction(history.prices[-1], first) - 1),
        lender_loss=lender_loss_of(result.pool),
        pool=result.pool,
    )


def lender_loss_of(pool: PoolFigures) -> float:
    """What lenders lose (bp of supply), booked and open: of what is open the reserve pays first, as `columns_of` counts it."""
    lost = pool.loss_from_lenders + max(0, pool.unrealised_loss - pool.reserve_after)
    return float(Fraction(lost * BP, pool.supply_before)) if pool.supply_before else 0.0
