"""Ladders that are hard to judge: positions of every size a few units beside one threshold, in all kinds of totals, and prices to match."""

from random import Random
from typing import NamedTuple

from ringfence.model.liquidation import MAX_VALUE
from ringfence.model.shares import Totals, debt_up
from ringfence.model.terms import MAX_UINT256, PRICE_SCALE, VIRTUAL_ASSETS, VIRTUAL_SHARES, WAD
from tests.agreement.worlds import draw_liq_ltv, spread

MOST_COLLATERAL = 2**128 - 1
MOST_DEBT_SHARES = 2**127 - 1
BESIDE = (-2, -1, 0, 1, 2)


class Book(NamedTuple):
    """Collateral (base units) and debt shares of each position, a liquidation LTV (WAD), and the totals through which a pool may pass."""

    collateral: list[int]
    debt_shares: list[int]
    liq_ltv: int
    states: list[Totals]
    price: int


def totals(debt_assets: int, debt_shares: int) -> Totals:
    """Totals of which only the debt matters."""
    return Totals(0, 0, debt_assets, debt_shares, 0, 0, 0, 0)


def last_unhealthy_price(collateral: int, debt_shares: int, state: Totals, liq_ltv: int) -> int:
    """The highest price at which a position is unhealthy, 2^256 - 1 if it is so at every price, 0 if at none.

    D > floor(V liq_ltv / 1e18) says V liq_ltv < D 1e18, so V < w = ceil(D 1e18 / liq_ltv); floor(c price / 1e36) < w says
    c price < w 1e36.
    """
    if debt_shares == 0:
        return 0
    debt = debt_up(debt_shares, state.debt_assets, state.debt_shares)
    worth = -(-debt * WAD // liq_ltv)
    if collateral == 0 or worth > MAX_VALUE:
        return MAX_UINT256
    return min(MAX_UINT256, (worth * PRICE_SCALE - 1) // collateral)


def draw_book(rng: Random, size: int) -> Book:
    """A book whose positions stand beside one threshold at `price` in the first state, a fifth of them anywhere."""
    liq_ltv = draw_liq_ltv(rng)
    first = draw_totals(rng)
    price = rng.choice((spread(rng, 1, MAX_UINT256), spread(rng, 10**18, 10**54), spread(rng, 10**24, 10**48)))
    pairs = [draw_position(rng, price, first, liq_ltv) for _ in range(size)]
    # Some twice, so that ties are broken by their places.
    pairs = [rng.choice(pairs) if rng.random() < 0.05 else pair for pair in pairs]
    return Book([held for held, _ in pairs], [owed for _, owed in pairs], liq_ltv, draw_states(rng, first), price)


def draw_totals(rng: Random) -> Totals:
    """The debt of a pool: new, grown by interest, cheap or dear to the share, or at its bounds."""
    shares = rng.choice((spread(rng, 1, MOST_DEBT_SHARES), spread(rng, 10**12, 10**32), MOST_DEBT_SHARES))
    kind = rng.random()
    if kind < 0.7:
        index = rng.choice((WAD, WAD + spread(rng, 1, WAD), spread(rng, 10**12, 10**24)))
        return totals(min(2**128 - 1, shares * index // (VIRTUAL_SHARES * WAD)), shares)
    return totals(rng.choice((0, 1, 2**128 - 1, spread(rng, 1, 2**128 - 1))), shares)


def draw_states(rng: Random, first: Totals) -> list[Totals]:
    """The first totals, interest, and losses: each debt share is worth more, then less, and in the end next to nothing."""
    grown = first.debt_assets * rng.randint(100, 130) // 100 + rng.randint(0, 2)
    fallen = first.debt_assets * rng.randint(0, 99) // 100
    all_lost = rng.choice((0, 1, fallen // 10**9))
    return [first, *(totals(min(2**128 - 1, assets), first.debt_shares) for assets in (grown, fallen, all_lost))]


def draw_position(rng: Random, price: int, state: Totals, liq_ltv: int) -> tuple[int, int]:
    """A position a few units beside the threshold of a price, or anywhere, or an extreme one."""
    kind = rng.random()
    if kind < 0.04:
        return rng.choice(
            ((0, 1), (0, 0), (1, 0), (MOST_COLLATERAL, MOST_DEBT_SHARES), (0, MOST_DEBT_SHARES), (MOST_COLLATERAL, 1), (1, 1))
        )
    owed = spread(rng, 1, MOST_DEBT_SHARES) if kind < 0.5 else spread(rng, 10**6, 10**30)
    if kind < 0.2:
        return spread(rng, 1, MOST_COLLATERAL), owed
    # c = s A 1e54 / (S price liq_ltv), and a few units of collateral or of debt shares off it.
    numerator = (state.debt_assets + VIRTUAL_ASSETS) * WAD**3
    held = owed * numerator // ((state.debt_shares + VIRTUAL_SHARES) * price * liq_ltv) + rng.choice((0, 0, 1, -1, 2, 3))
    if kind > 0.75 and 0 < held <= MOST_COLLATERAL:
        # Near in debt rather than in collateral.
        owed = held * price * liq_ltv * (state.debt_shares + VIRTUAL_SHARES) // numerator
        owed += rng.choice((-2, -1, 0, 1, 2)) * rng.choice((1, 1 + (state.debt_shares + VIRTUAL_SHARES) // (state.debt_assets + 1)))
    return max(0, min(MOST_COLLATERAL, held)), max(0, min(MOST_DEBT_SHARES, owed))


def draw_prices(rng: Random, book: Book, state: Totals, thresholds: int) -> list[int]:
    """Prices a few units beside the thresholds of some positions, the book's own, and the least and the largest."""
    prices = {1, MAX_UINT256, *(book.price + step for step in BESIDE)}
    for _ in range(thresholds):
        place = rng.randrange(len(book.collateral))
        last = last_unhealthy_price(book.collateral[place], book.debt_shares[place], state, book.liq_ltv)
        prices |= {last + step for step in BESIDE}
    return sorted(price for price in prices if 0 < price <= MAX_UINT256)
