"""The wall of a book below its start price: how much debt becomes liquidatable from one percent of fall to the next, and what would be lost
at each price if everything were sold there at once. No path and no market is in it; who is liquidatable is exact."""

from fractions import Fraction

from ringfence.inputs.book import Book
from ringfence.inputs.pool_file import PoolFile
from ringfence.inputs.stress_result import WallRow
from ringfence.ladder.ladder import Ladder

PERCENTS = range(96)
"""Falls of the start price."""
PRICE_DIGITS = 36


def wall(book: Book, pool: PoolFile, start: Fraction) -> tuple[WallRow, ...]:
    """A row for each whole percent of fall from 0 to 95 below the start price (whole asset tokens a whole collateral token), as long as
    there is a price in base units. The pool is new, so that every account owes what the book says."""
    unit = 10**pool.asset_decimals
    scaled = start * Fraction(10) ** (PRICE_DIGITS + pool.asset_decimals - pool.collateral_decimals)
    found = [(percent, price) for percent in PERCENTS if (price := scaled * (100 - percent) // 100) > 0]
    ladder, totals = Ladder.of_book(book, pool.terms.liq_ltv)
    prices = [price for _, price in found]
    at_risk, lost = (ladder.at_risk(prices, totals).debt / unit).tolist(), (ladder.loss(prices, totals) / unit).tolist()
    return tuple(
        WallRow(
            fall=percent / 100,
            price=float(start * (100 - percent) / 100),
            liquidatable_debt=at_risk[place],
            added_debt=at_risk[place] - (at_risk[place - 1] if place else 0.0),
            insolvent_loss=lost[place],
        )
        for place, (percent, _) in enumerate(found)
    )
