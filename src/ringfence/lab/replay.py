"""Replay: one pool with a real book, sold row by row through a history of prices.

What a sale does is the pool's rule; in what order positions are sold is `decisions.order`'s. The pool is an `Engine`: the exact model, or
anything of its shape. Nothing here is approximate: the whole set of unhealthy positions is known at every row.
"""

import heapq
import platform
from collections.abc import Callable
from typing import Protocol

from ringfence.decisions.order import sale_order, waits
from ringfence.inputs.book import Book
from ringfence.inputs.errors import InputError, quoted
from ringfence.inputs.events import LossParts
from ringfence.inputs.fit import check_book, check_terms, doubts
from ringfence.inputs.pool_file import Fund, PoolFile, RateTerms, terms_with_stand_ins
from ringfence.inputs.prices import Prices
from ringfence.inputs.provenance import digests, shown_terms
from ringfence.inputs.results import PoolFigures, ReplayResult, our_version
from ringfence.lab.model_engine import ModelEngine
from ringfence.lab.suspects import Suspects
from ringfence.lab.tally import OpenPositions, Tally, require
from ringfence.model import liquidation, shares
from ringfence.model.errors import Revert
from ringfence.model.liquidation import Position, Sale
from ringfence.model.shares import Totals
from ringfence.model.terms import MAX_UINT256, WAD, Terms

PROGRESS_STEPS = 256


class Engine(Protocol):
    """A pool that is acted on: the model, or the contracts. Accounts are their places in the book; a failed `open` or `enter` raises
    Revert."""

    name: str

    def open(self, terms: Terms, rate: RateTerms, supply: int, reserve: int, now: int, fund: Fund | None = None) -> None:
        """Creates the pool at `now`; one lender deposits `supply`, the reserve gets `reserve` (asset base units, 0: none), one underwriter
        brings what `fund` says to a backstop that covers the pool; the price is 2^256 - 1."""
        ...

    def enter(self, place: int, collateral: int, debt: int) -> int:
        """The account supplies its collateral and borrows its debt (base units, 0: none); returns its debt shares."""
        ...

    def advance(self, now: int, price: int) -> int:
        """Accrues to `now` and sets low = high = price (times 1e36); returns the interest (asset base units)."""
        ...

    def totals(self) -> Totals:
        """What the pool counts now."""
        ...

    def sell(self, place: int, max_payment: int) -> tuple[Sale, LossParts] | None:
        """Liquidates the account for at most `max_payment` (asset base units); None if that is refused."""
        ...

    def offer(self, place: int, max_payment: int) -> int | None:
        """The incentive (WAD) that `sell` would give; None if it would be refused."""
        ...

    def set_clock(self, place: int, running: bool) -> None:
        """Flags an unhealthy account, or unflags a healthy one."""
        ...

    def position(self, place: int) -> tuple[int, int, int]:
        """The account's collateral and debt shares, and the second its clock runs from, 0 if it is stopped."""
        ...


def replay(
    book: Book,
    pool: PoolFile,
    prices: Prices,
    *,
    engine: Engine | None = None,
    max_paid_per_row: int | None = None,
    min_incentive: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayResult:
    """Sells a book through a history of prices, worst positions first, and returns what became of the pool.

    `engine` is the exact model unless another is given; `max_paid_per_row` is asset base units a row (None: no limit); with
    `min_incentive` (WAD) buyers flag the unhealthy and wait for it; `progress` is called with the rows done and their number. Raises
    InputError for terms that break a bound and for a book or prices that do not fit the pool, ConservationError if amounts do not
    balance.
    """
    check_terms(pool)
    check_book(book, pool)
    if not len(prices.timestamps) == len(prices.prices) > 0:
        raise InputError(prices.source.path if prices.source else "prices", "needs as many times as prices, one at least")
    step = max(1, len(prices) // PROGRESS_STEPS)
    run = _Run(book, pool, engine or ModelEngine(), max_paid_per_row, min_incentive)
    run.set_up(prices.timestamps[0])
    for done, (now, price) in enumerate(zip(prices.timestamps, prices.prices, strict=True)):
        run.row(now, price)
        if done == 0:
            run.tally.end_first_row()
        if progress is not None and done % step == 0:
            progress(done, len(prices))
    if progress is not None:
        progress(len(prices), len(prices))
    return ReplayResult(
        pool=run.figures(prices.prices[-1]),
        sales=tuple(run.tally.rows),
        inputs=digests((book.source, pool.source, prices.source)),
        versions={"ringfence": our_version(), "python": platform.python_version()},
        options=_options(run.engine.name, prices, max_paid_per_row, min_incentive),
        terms=shown_terms(pool),
        notices=doubts(book, pool, prices, min_incentive),
    )


class _Run:
    """One replay under way: the pool behind its engine, and what is known of its positions without asking."""

    def __init__(self, book: Book, pool: PoolFile, engine: Engine, max_paid_per_row: int | None, min_incentive: int | None) -> None:
        self._book, self._pool, self.engine = book, pool, engine
        self._terms = terms_with_stand_ins(pool.terms)
        self._max_paid, self._min_incentive = max_paid_per_row, min_incentive
        self._collateral = list(book.collateral)
        self._debt_shares: list[int] = []
        self._suspects = Suspects(self._terms.liq_ltv)
        # Positions that a row must judge, as a heap in the order of sale; all others wait in `_suspects`.
        self._queue: list[tuple[int, int]] = []
        # Positions whose clock may run, with the second it was started at (0: ask the pool); kept only if buyers wait.
        self._since: dict[int, int] = {}

    def set_up(self, now: int) -> None:
        """The pool as the replay finds it: a lender, a reserve, and every account with exactly the debt of the book."""
        try:
            self.engine.open(self._terms, self._pool.rate, self._pool.supply, self._pool.reserve, now, self._pool.fund)
        except Revert as err:
            raise InputError(
                self._pool.file, f"the pool cannot be opened: {quoted(str(err))}", remedy="change supply, reserve or terms"
            ) from err
        for place, (collateral, debt) in enumerate(zip(self._book.collateral, self._book.debt, strict=True)):
            try:
                self._debt_shares.append(self.engine.enter(place, collateral, debt))
            except Revert as err:
                raise self._book.refuse(
                    place, "debt", f"the pool refuses the loan: {quoted(str(err))}", "change the row or the terms"
                ) from err
        self._totals = self.engine.totals()
        self._prove_set_up()
        for place in range(len(self._book)):
            self._suspects.put(place, self._collateral[place], self._debt_shares[place])
        self.tally = Tally(self._totals)

    def row(self, now: int, price: int) -> None:
        """Accrues, moves the price, and sells what is to be sold."""
        self.tally.add_interest(self.engine.advance(now, price))
        self._totals = self.engine.totals()
        self._now, self._price = now, price
        self._threshold = self._suspects.threshold(price, self._totals)
        for place in self._suspects.take(self._threshold):
            self._enqueue(place)
        if self._min_incentive is not None:
            self._set_clocks()
        if self._queue:
            self._sell()

    def figures(self, price: int) -> PoolFigures:
        """What became of the pool, proven to balance."""
        totals = self.engine.totals()
        require("debt shares = the positions' sum", totals.debt_shares, sum(self._debt_shares))
        for place, (collateral, debt_shares) in enumerate(zip(self._collateral, self._debt_shares, strict=True)):
            held, owed, _ = self.engine.position(place)
            require(f"collateral of account {self._book.accounts[place]} = the book's - what was sold", held, collateral)
            require(f"debt shares of account {self._book.accounts[place]} = those borrowed - those burnt", owed, debt_shares)
        return self.tally.figures(totals, OpenPositions(self._collateral, self._debt_shares, totals, price, self._terms.liq_ltv))

    def _prove_set_up(self) -> None:
        # The first borrow of d mints d * 1e6 shares, for nothing is owed yet; then debt_shares = 1e6 * debt_assets, so every further one
        # does, and every position owes ceil(d * 1e6 * (debt_assets + 1) / (1e6 * (debt_assets + 1))) = d.
        for place, debt in enumerate(self._book.debt):
            owed = shares.debt_up(self._debt_shares[place], self._totals.debt_assets, self._totals.debt_shares)
            require(f"debt of account {self._book.accounts[place]} = the book's", owed, debt)

    def _sell(self) -> None:
        """Sells the worst unhealthy position, again and again, until none is left, none can be sold, or the row's money is spent."""
        left = self._max_paid
        judged: list[int] = []
        while self._queue and not self._is_spent(left):
            place = heapq.heappop(self._queue)[1]
            payment = None if self._is_healthy(place) else self._sell_one(place, MAX_UINT256 if left is None else left)
            if payment is None:
                # Healthy, waiting or refused, and so it stays for the rest of the row: no sale makes another's debt grow. It burns shares
                # rounded down or retires debt rounded up, so that a share is worth no more than before; only where it takes debt_assets
                # to 0 can a share gain, and then every debt left is one unit, the least there is.
                judged.append(place)
            elif left is not None:
                left -= payment
        for place in judged:
            self._put(place)

    def _sell_one(self, place: int, max_payment: int) -> int | None:
        """The payment of a sale that was made; None if the buyer waits or the pool refuses."""
        if self._min_incentive is not None:
            offer = self._offer(place, max_payment)
            if offer is None or waits(offer, self._min_incentive):
                return None
        sold = self.engine.sell(place, max_payment)
        if sold is None:
            return None
        sale, parts = sold
        before, self._totals = self._totals, self.engine.totals()
        self.tally.add_sale(self._now, self._price, self._book.accounts[place], sale, parts, before, self._totals)
        self._collateral[place] -= sale.collateral
        self._debt_shares[place] -= sale.debt_shares
        if self._debt_shares[place] > 0:
            self._enqueue(place)
            if self._min_incentive is not None:
                self._since[place] = 0
        return sale.payment

    def _set_clocks(self) -> None:
        """Unflags the flagged who are healthy, flags the unhealthy."""
        for place in [place for place in self._since if self._is_healthy(place)]:
            del self._since[place]
            if self._debt_shares[place] > 0:
                self.engine.set_clock(place, running=False)
        queue, self._queue = self._queue, []
        for key in queue:
            place = key[1]
            if self._is_healthy(place):
                self._put(place)
                continue
            since = self._since.get(place, 0)
            if since == 0 or self._now - since > self._terms.sale_timeout:
                self.engine.set_clock(place, running=True)
                self._since[place] = self.engine.position(place)[2]
            self._queue.append(key)
        heapq.heapify(self._queue)

    def _offer(self, place: int, max_payment: int) -> int | None:
        """The incentive quoted, or one that it cannot exceed where that is too little already; None if the sale would be refused."""
        elapsed = liquidation.elapsed(self._since.get(place, 0), self._terms.sale_timeout, self._now)
        most = liquidation.incentive(self._terms, 0, elapsed)
        return most if waits(most, self._min_incentive) else self.engine.offer(place, max_payment)

    def _is_spent(self, left: int | None) -> bool:
        """Whether no sale is left to the row: no money, or less than one unit of collateral costs at the largest incentive.

        Then a sale of any position with collateral is refused. Positions without, which are sold for nothing, come first in the queue.
        """
        if left is None or left == 0:
            return left == 0
        if left * (WAD + self._terms.incentive_max) * WAD >= self._price:
            return False
        return self._collateral[self._queue[0][1]] > 0

    def _is_healthy(self, place: int) -> bool:
        return liquidation.is_healthy(
            self._terms.liq_ltv, self._totals, Position(self._collateral[place], self._debt_shares[place]), self._price
        )

    def _enqueue(self, place: int) -> None:
        heapq.heappush(self._queue, sale_order(place, self._collateral[place], self._debt_shares[place]))

    def _put(self, place: int) -> None:
        """Back to where the next row looks for it."""
        collateral, debt_shares = self._collateral[place], self._debt_shares[place]
        if self._suspects.is_suspect(collateral, debt_shares, self._threshold):
            self._enqueue(place)
        else:
            self._suspects.put(place, collateral, debt_shares)


def _options(engine: str, prices: Prices, max_paid_per_row: int | None, min_incentive: int | None) -> dict[str, str]:
    """How the run was asked for: engine, price column, and the buyers' limits in base units and WAD where they have any."""
    given = {"engine": engine, "column": prices.column, "max_paid_per_row": max_paid_per_row, "min_incentive": min_incentive}
    return {name: str(value) for name, value in given.items() if value is not None}
